/* SPDX-License-Identifier: MIT */
/*
 * origin_zone.c -- see origin_zone.h. On the follower's thread.
 */
#include "origin_zone.h"

#include <inttypes.h>
#include <string.h>

#include "alamo/base/text.h"
#include "origin_nodes.h"
#include "zone_build.h"

#define COVERS_MAX 129           /* prefixes of one address */
#define STRING_MAX 255           /* bytes of a character-string (RFC 1035 section 3.3) */
#define REGISTRY_MAX 64          /* bytes of its name that are shown, with the NUL */
#define KIND_NODE AL_CLASS_COUNT /* no object has this class */

/* ---- records ---- */

static void registry_put(const struct origin_zone *in, char out[static REGISTRY_MAX])
{
	size_t len = in->registry.len < REGISTRY_MAX - 1 ? in->registry.len : REGISTRY_MAX - 1;

	for (size_t i = 0; i < len; i++) {
		char ch = in->registry.ptr[i];

		out[i] = (char)(ch >= 'A' && ch <= 'Z' ? ch - 'A' + 'a' : ch);
	}
	out[len] = '\0';
}

/* One character-string; what is longer ends with the last character that has room. */
static void add_text(const struct origin_zone *in, struct claims *out, const struct dname *owner, struct al_slice text)
{
	const struct claim_form form = {
		.zone = (uint8_t)in->zone, .type = RR_TXT, .ttl = TTL_HOSTED, .kind = CLAIM_DATA, .rank = 1
	};
	char rdata[1 + STRING_MAX + 1];
	size_t len;

	al_text_clean(text, rdata + 1, STRING_MAX + 1);
	len = strlen(rdata + 1);
	rdata[0] = (char)len;
	claims_add(out, &form, owner, (const uint8_t *)rdata, len + 1);
}

/* ---- prefixes ---- */

struct covers {
	struct origin_prefix all[COVERS_MAX];
	size_t count;
};

static bool cover_visit(const struct origin_prefix *prefix, void *arg)
{
	struct covers *covers = arg;

	if (!prefix->hidden)
		covers->all[covers->count++] = *prefix;
	return true;
}

/* Where the records of a node stand: at it, and for all below it that are no names. */
struct owners {
	struct dname all[2];
	size_t count;
};

static enum al_err owners_make(const struct origin_zone *in, const struct al_prefix *node, struct owners *out)
{
	struct al_slice label = node->bits == 32 ? AL_S("origin") : AL_S("origin6");
	struct dname top;
	enum al_err err = dname_child(label, &in->plan->zones[in->zone].apex, &top);

	out->count = node->len < node->bits ? 2 : 1;
	for (size_t i = 0; i < out->count && err == AL_OK; i++)
		err = reverse_below(node, 0, i == 1, &top, &out->all[i]);
	return err;
}

static void add_record(const struct origin_zone *in, const struct origin_prefix *prefix, size_t first,
		       const struct owners *owners, struct claims *out)
{
	char text[AL_PREFIX_STRLEN], registry[REGISTRY_MAX];
	size_t end = prefix->count - first < ORIGIN_ASNS_MAX ? prefix->count : first + ORIGIN_ASNS_MAX;
	struct origin_block block;
	struct al_buf line;

	al_buf_init(&line, 2 * STRING_MAX);
	for (size_t i = first; i < end; i++)
		al_buf_printf(&line, "%s%" PRIu32, i > first ? " " : "", prefix->asns[i]);
	al_prefix_format(&prefix->prefix, text);
	registry_put(in, registry);
	origin_fold_block(in->fold, &prefix->prefix, &block);
	al_buf_printf(&line, " | %s | %s | %s | %s", text, block.country, registry, block.date);
	if (line.err != AL_OK)
		out->bytes.err = line.err;
	for (size_t i = 0; i < owners->count && line.err == AL_OK; i++)
		add_text(in, out, &owners->all[i], al_buf_view(&line));
	al_buf_release(&line);
}

/* The most specific prefix first: it is told of in any case. */
static void add_covers(const struct origin_zone *in, const struct covers *covers, const struct owners *owners,
		       struct claims *out)
{
	size_t records = 0;

	for (size_t i = covers->count; i-- > 0;)
		for (size_t at = 0; at < covers->all[i].count && records < ORIGIN_RECORDS_MAX;
		     at += ORIGIN_ASNS_MAX, records++)
			add_record(in, &covers->all[i], at, owners, out);
}

enum al_err origin_zone_node(const struct origin_zone *in, const struct al_prefix *node, struct source **out)
{
	struct covers covers = { .count = 0 };
	struct owners owners;
	struct claims claims;
	enum al_err err;

	claims_init(&claims);
	origin_fold_covering(in->fold, node, cover_visit, &covers);
	if (covers.count > 0 && !origin_node_needed(in->fold, node))
		covers.count = 0;
	err = owners_make(in, node, &owners);
	if (err == AL_OK)
		add_covers(in, &covers, &owners, &claims);
	if (err == AL_OK)
		err = source_of_claims(&claims, KIND_NODE, al_slice_of((const char *)node, sizeof(*node)),
				       covers.count == 0, out);
	if (err == AL_OK)
		(*out)->index = in->index;
	claims_release(&claims);
	return err;
}

/* ---- AS numbers ---- */

static void add_asn(const struct origin_zone *in, const struct al_object *aut_num, uint32_t asn, struct claims *out)
{
	struct al_slice descr = al_object_attr(aut_num, "descr");
	char label[AL_ASN_STRLEN], registry[REGISTRY_MAX], date[11];
	struct dname owner;
	struct al_buf line;

	(void)snprintf(label, sizeof(label), "as%" PRIu32, asn);
	if (dname_child(al_slice_str(label), &in->plan->zones[in->zone].apex, &owner) != AL_OK)
		return;
	al_buf_init(&line, AL_OBJECT_MAX + STRING_MAX);
	registry_put(in, registry);
	origin_fold_asn_date(in->fold, asn, date);
	al_buf_printf(&line, "%" PRIu32 " |  | %s | %s | ", asn, registry, date);
	al_buf_slice(&line, al_object_attr(aut_num, "as-name"));
	al_buf_str(&line, descr.len > 0 ? " " : "");
	al_buf_slice(&line, descr);
	if (line.err != AL_OK)
		out->bytes.err = line.err;
	else
		add_text(in, out, &owner, al_buf_view(&line));
	al_buf_release(&line);
}

enum al_err origin_zone_asn(const struct origin_zone *in, const struct al_object *aut_num, struct source **out)
{
	struct claims claims;
	uint32_t asn;
	enum al_err err;

	claims_init(&claims);
	if (!aut_num->deleted && al_object_asn(aut_num, &asn) == AL_OK)
		add_asn(in, aut_num, asn, &claims);
	err = source_of_claims(&claims, AL_AUT_NUM, al_object_key(aut_num), aut_num->deleted, out);
	if (err == AL_OK)
		(*out)->index = in->index;
	claims_release(&claims);
	return err;
}
