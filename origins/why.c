/* SPDX-License-Identifier: MIT */
/* why.c -- a verdict in words; what would mend it follows the rules of routes (POLICY-ROUTE-HOLDER, -ORIGIN, -LENGTH). */
#include "why.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 65536u /* bytes of what one part writes */

enum al_err why_parse(struct al_slice text, struct why *why)
{
	struct al_slice word[2], rest = text, more;
	bool changed;

	if (!al_slice_word(&rest, "", &word[0]) || !al_slice_word(&rest, "", &word[1]) ||
	    al_slice_word(&rest, "", &more))
		return AL_EINVAL;
	for (int i = 0; i < 2; i++)
		if (al_prefix_parse_loose(word[i], &why->prefix, &changed) == AL_OK &&
		    (al_asn_parse(word[1 - i], &why->asn) == AL_OK ||
		     al_asn_parse_plain(word[1 - i], &why->asn) == AL_OK))
			return AL_OK;
	return AL_EINVAL;
}

void why_look(struct why *why, const struct al_state *state)
{
	why->state = state;
	(void)validity_look(state, &why->prefix, why->asn, &why->look);
}

static void put_prefix(const struct al_prefix *prefix, struct al_buf *out)
{
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(prefix, text);
	al_buf_str(out, text);
}

static void put_object(const struct al_object *object, struct al_buf *out)
{
	al_buf_printf(out, "[%s] %.*s", al_class_name((enum al_class)object->cls), AL_FMT(al_object_key(object)));
}

/* The one with the longest prefix, or NULL. */
static const struct validity_record *find_part(const struct why *why, enum validity_part part)
{
	for (unsigned i = why->look.count; i-- > 0;)
		if (why->look.records[i].part == part)
			return &why->look.records[i];
	return NULL;
}

void why_put_reason(const struct why *why, struct al_buf *out)
{
	const struct validity_record *record = find_part(why, VALIDITY_MATCH);

	switch (why->look.verdict) {
	case VALIDITY_NONE:
		al_buf_printf(out, "more than %u routes cover the prefix: ask for a longer one", VALIDITY_ROUTES_MAX);
		break;
	case VALIDITY_VALID:
		put_object(record->route, out);
		al_buf_printf(out, " lets AS%" PRIu32 " originate it", why->asn);
		break;
	case VALIDITY_UNKNOWN:
		al_buf_str(out, "no record covers the prefix, so nobody has said whose it is");
		break;
	case VALIDITY_INVALID:
		if (why->asn == 0)
			al_buf_str(out, "AS0 originates nothing");
		else if (find_part(why, VALIDITY_HOLD) != NULL)
			al_buf_str(out, "a hold covers the prefix, and no record lets the AS originate it");
		else if (find_part(why, VALIDITY_TOO_LONG) != NULL)
			al_buf_str(out, "the AS may originate a shorter prefix around it, and not one as long as this");
		else
			al_buf_str(out, "the records that cover the prefix are of other ASs");
		break;
	}
}

void why_put_says(const struct why *why, const struct validity_record *record, struct al_buf *out)
{
	switch (record->part) {
	case VALIDITY_MATCH:
		al_buf_printf(out, "AS%" PRIu32 " may originate it", why->asn);
		break;
	case VALIDITY_TOO_LONG:
		al_buf_printf(out, "AS%" PRIu32 " may originate prefixes up to /%u, and this is a /%u", why->asn,
			      record->vrp.max, why->prefix.len);
		break;
	case VALIDITY_OTHER_AS:
		al_buf_printf(out, "AS%" PRIu32 " may originate %s, which is another AS", record->vrp.asn,
			      why->prefix.len <= record->vrp.max ? "it" : "a shorter one");
		break;
	case VALIDITY_HOLD:
		al_buf_printf(out, "a hold: nobody may originate it, and records of prefixes up to /%u do not count",
			      record->vrp.max);
		break;
	case VALIDITY_HELD:
		al_buf_str(out, "nothing, as long as ");
		put_object(why->look.records[record->hold].route, out);
		al_buf_str(out, " holds it back");
		break;
	}
}

/* ---- what would mend it ---- */

/* "FISHER-MNT or MILLER-MNT": every maintainer that these attributes name. */
static void put_maintainers(const struct al_object *object, const char *const *attrs, struct al_buf *out)
{
	struct al_slice rest, value, name;
	unsigned count = 0;

	for (; *attrs != NULL; attrs++) {
		rest = al_object_text(object);
		while (al_attr_find(&rest, *attrs, &value))
			while (al_slice_word(&value, ",", &name))
				al_buf_printf(out, "%s%.*s", count++ > 0 ? " or " : "", AL_FMT(name));
	}
}

static const char *const mnt_by[] = { "mnt-by", NULL };

static void put_holder(const struct al_object *holder, struct al_buf *out)
{
	static const char *const speaks[] = { "mnt-routes", "mnt-lower", "mnt-by", NULL };

	if (holder == NULL) {
		al_buf_str(out, "the holder of that block");
		return;
	}
	put_maintainers(holder, speaks, out);
	al_buf_str(out, " for ");
	put_object(holder, out);
}

/* Holds that keep a record of exactly this prefix from counting. */
static void put_lift(const struct why *why, const struct vrp *wanted, struct al_buf *out)
{
	for (unsigned i = 0; i < why->look.count; i++) {
		const struct validity_record *hold = &why->look.records[i];

		if (!vrp_hides(&hold->vrp, wanted))
			continue;
		al_buf_str(out, "delete ");
		put_object(hold->route, out);
		al_buf_str(out, ", signed by ");
		put_maintainers(hold->route, mnt_by, out);
		al_buf_str(out, "\n");
	}
}

static void put_register(const struct why *why, const struct al_object *holder, struct al_buf *out)
{
	char key[32];
	const struct al_object *as;

	(void)snprintf(key, sizeof(key), "AS%" PRIu32, why->asn);
	as = al_state_get(why->state, AL_AUT_NUM, al_slice_str(key));
	al_buf_printf(out, "register [%s] ", why->prefix.bits == 32 ? "route" : "route6");
	put_prefix(&why->prefix, out);
	al_buf_printf(out, " with origin %s, signed by ", key);
	put_holder(holder, out);
	if (as != NULL) {
		al_buf_str(out, " and by ");
		put_maintainers(as, mnt_by, out);
		al_buf_str(out, " for ");
		put_object(as, out);
	}
	al_buf_str(out, "\n");
}

static void put_lengthen(const struct why *why, const struct validity_record *record, struct al_buf *out)
{
	struct al_prefix prefix = vrp_prefix(&record->vrp);

	al_buf_str(out, "or change ");
	put_object(record->route, out);
	al_buf_printf(out, " to max-length %u, signed by ", why->prefix.len);
	put_maintainers(record->route, mnt_by, out);
	al_buf_str(out, " and by ");
	put_holder(al_state_covering_inet(why->state, &prefix, false), out);
	al_buf_str(out, "\n");
}

void why_put_mend(const struct why *why, struct al_buf *out)
{
	const struct al_object *holder = al_state_covering_inet(why->state, &why->prefix, false);
	const struct validity_record *shorter = find_part(why, VALIDITY_TOO_LONG);
	struct vrp wanted = { .asn = why->asn, .bits = why->prefix.bits, .len = why->prefix.len };
	bool there = false;

	if (why->look.verdict == VALIDITY_NONE || why->look.verdict == VALIDITY_VALID || why->asn == 0)
		return;
	memcpy(wanted.addr, why->prefix.addr, sizeof(wanted.addr));
	for (unsigned i = 0; i < why->look.count; i++)
		there = there || vrp_key_cmp(&why->look.records[i].vrp, &wanted) == 0;
	put_lift(why, &wanted, out);
	if (holder == NULL)
		al_buf_str(out, "get an address block first: the prefix lies in none of this registry\n");
	if (!there)
		put_register(why, holder, out);
	if (shorter != NULL)
		put_lengthen(why, shorter, out);
}

/* ---- all of it ---- */

static void put_name(const char *name, struct al_buf *out)
{
	al_buf_printf(out, "%-*s", AL_VALUE_COLUMN, name);
}

/* Each line of what a part wrote, or each word of it, as an attribute of its own. */
static void put_each(const char *name, struct al_slice text, bool words, struct al_buf *out)
{
	struct al_slice item;

	while (words ? al_slice_word(&text, "", &item) : al_slice_line(&text, &item))
		al_buf_printf(out, "%-*s%.*s\n", AL_VALUE_COLUMN, name, AL_FMT(item));
}

static void put_signers(const struct why *why, uint64_t entry, struct al_buf *out)
{
	struct al_buf keys;

	if (why->signers == NULL)
		return;
	al_buf_init(&keys, TEXT_MAX);
	why->signers(why->arg, entry, &keys);
	put_each("signed:", al_buf_view(&keys), true, out);
	al_buf_release(&keys);
}

static void put_record(const struct why *why, const struct validity_record *record, struct al_buf *out)
{
	char time[AL_TIME_STRLEN];

	al_time_format(record->route->time, time);
	al_buf_str(out, "\n");
	put_name("record:", out);
	put_object(record->route, out);
	al_buf_str(out, "\n");
	put_name("max-length:", out);
	al_buf_printf(out, "%u\n", record->vrp.max);
	put_name("mnt-by:", out);
	al_buf_printf(out, "%.*s\n", AL_FMT(al_object_attr(record->route, "mnt-by")));
	put_name("says:", out);
	why_put_says(why, record, out);
	al_buf_str(out, "\n");
	put_name("entry:", out);
	al_buf_printf(out, "%" PRIu64 " %s\n", record->route->index, time);
	put_signers(why, record->route->index, out);
}

void why_put(const struct why *why, struct al_buf *out)
{
	const char *verdict = validity_name(why->look.verdict);
	struct al_buf mend;

	put_name("prefix:", out);
	put_prefix(&why->prefix, out);
	al_buf_str(out, "\n");
	put_name("origin:", out);
	al_buf_printf(out, "AS%" PRIu32 "\n", why->asn);
	put_name("rpki-ov-state:", out);
	al_buf_printf(out, "%s\n", verdict[0] != '\0' ? verdict : "unclear");
	put_name("why:", out);
	why_put_reason(why, out);
	al_buf_str(out, "\n");
	for (unsigned i = 0; i < why->look.count && why->look.verdict != VALIDITY_NONE; i++)
		put_record(why, &why->look.records[i], out);
	al_buf_init(&mend, TEXT_MAX);
	why_put_mend(why, &mend);
	if (mend.len > 0)
		al_buf_str(out, "\n");
	put_each("mend:", al_buf_view(&mend), false, out);
	al_buf_release(&mend);
}
