/* SPDX-License-Identifier: MIT */
/*
 * zone_resolve.c -- claims to signed RRsets: see zone_resolve.h. Builder's
 * thread. What cannot be served is dropped by RRset and said in the log.
 */
#include "zone_resolve.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/log.h"

#define TYPES_MAX 64

struct item {
	uint16_t type;
	uint32_t ttl;
	struct rdata data;
};

static int item_cmp(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return (a->type > b->type) - (a->type < b->type);
}

static void dropped(const struct zname *name, uint16_t type, const char *why)
{
	char text[DNAME_TEXT_MAX];

	al_log(AL_LOG_WARN, "rrset-dropped", "name=%s type=%u why=\"%s\"", dname_text(name->name.b, text), type, why);
}

/* The claims that stand at `name`, by type. */
static enum al_err items_of(const struct zname *name, const struct zone_view *view, struct item **out, size_t *count)
{
	const struct claim *claim;
	struct item *items;
	size_t most = 0, at = 0;

	DL_FOREACH2(name->claims, claim, at_next)
	most++;
	items = malloc((most + 1) * sizeof(*items));
	if (items == NULL)
		return AL_ENOMEM;
	DL_FOREACH2(name->claims, claim, at_next)
	if (zone_view_holds(view, claim))
		items[at++] = (struct item){ claim->type, claim->ttl, { claim_rdata(claim), claim->rdata_len } };
	qsort(items, at, sizeof(*items), item_cmp);
	*out = items;
	*count = at;
	return AL_OK;
}

/* One RRset of `count` items of one type; a set that cannot be is left out. */
static enum al_err set_of(const struct zname *name, const struct item *items, size_t count, struct rrset **out)
{
	struct rdata *data = malloc(count * sizeof(*data));
	uint32_t ttl = items[0].ttl;
	enum al_err err;

	if (data == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < count; i++) {
		data[i] = items[i].data;
		if (items[i].ttl < ttl)
			ttl = items[i].ttl;
	}
	err = rrset_new(items[0].type, ttl, data, count, out);
	free(data);
	if (err != AL_ELIMIT)
		return err;
	dropped(name, items[0].type, "too large");
	*out = NULL;
	return AL_OK;
}

static void list_insert(struct rrset **first, struct rrset *set)
{
	while (*first != NULL && (*first)->type < set->type)
		first = &(*first)->next;
	set->next = *first;
	*first = set;
}

/* RFC 1034 section 3.6.2: an alias stands alone, and there is one. */
static void drop_bad_alias(const struct zname *name, struct rrset **first)
{
	for (struct rrset **at = first; *at != NULL; at = &(*at)->next) {
		struct rrset *set = *at;

		if (set->type != RR_CNAME || (set->count == 1 && *first == set && set->next == NULL))
			continue;
		dropped(name, RR_CNAME, set->count > 1 ? "several targets" : "beside other data");
		*at = set->next;
		rrset_free(set);
		return;
	}
}

static enum al_err sets_of(const struct zname *name, const struct zone_view *view, struct rrset **list)
{
	struct item *items = NULL;
	size_t count = 0, types = 0;
	enum al_err err = items_of(name, view, &items, &count);

	for (size_t i = 0, end; err == AL_OK && i < count; i = end) {
		struct rrset *set = NULL;

		for (end = i; end < count && items[end].type == items[i].type; end++)
			;
		if (rrset_find(*list, items[i].type) != NULL || ++types > TYPES_MAX - 8) {
			dropped(name, items[i].type, "not possible here");
			continue;
		}
		err = set_of(name, &items[i], end - i, &set);
		if (err == AL_OK && set != NULL)
			list_insert(list, set);
	}
	free(items);
	drop_bad_alias(name, list);
	return err;
}

/* In a delegation only DS is ours to sign. */
static bool is_signed(bool cut, uint16_t type)
{
	return !cut || type == RR_DS;
}

static enum al_err sign_all(struct zname *name, struct rrset *before, const struct zone_signer *signer,
			    size_t *signatures)
{
	enum al_err err = AL_OK;

	for (struct rrset *set = name->sets; set != NULL && err == AL_OK; set = set->next) {
		struct rrset *old = before;

		if (!is_signed(name->cut, set->type) || set->type == RR_ZONEMD)
			continue; /* a digest is filled in and signed at the end */
		while (old != NULL && !rrset_same(old, set))
			old = old->next;
		if (old != NULL && old->sig_len > 0 && !zone_sign_due(signer, old)) {
			rrset_take_sig(set, old);
			continue;
		}
		if (zone_sign_reuse(signer, &name->name, set))
			continue;
		err = zone_sign(signer, &name->name, set);
		(*signatures)++;
	}
	return err;
}

enum al_err zone_resolve(struct zname *name, struct rrset *own, const struct zone_signer *signer, size_t *signatures)
{
	struct rrset *before = name->sets, *list = NULL;
	struct zone_view view;
	enum al_err err = AL_OK;

	while (own != NULL) {
		struct rrset *next = own->next;

		list_insert(&list, own);
		own = next;
	}
	zone_tree_view(name, &view);
	if (view.kind == VIEW_DATA || view.kind == VIEW_CUT)
		err = sets_of(name, &view, &list);
	name->sets = list;
	name->cut = view.kind == VIEW_CUT;
	if (err == AL_OK)
		err = sign_all(name, before, signer, signatures);
	rrset_list_free(before);
	return err;
}

enum al_err zone_resolve_digest(struct zname *apex, const struct zone_signer *signer, size_t *signatures)
{
	for (struct rrset *set = apex->sets; set != NULL; set = set->next) {
		if (set->type != RR_ZONEMD)
			continue;
		if (zone_sign_reuse(signer, &apex->name, set))
			return AL_OK;
		(*signatures)++;
		return zone_sign(signer, &apex->name, set);
	}
	return AL_OK;
}

/* ---- NSEC ---- */

static size_t types_of(const struct zname *name, uint16_t out[static TYPES_MAX])
{
	size_t count = 0, i = 0;

	for (const struct rrset *set = name->sets; set != NULL && count < TYPES_MAX - 2; set = set->next)
		out[count++] = set->type;
	/* RRSIG and NSEC, which every name of the chain has, into their places. */
	while (i < count && out[i] < RR_RRSIG)
		i++;
	memmove(out + i + 2, out + i, (count - i) * sizeof(*out));
	out[i] = RR_RRSIG;
	out[i + 1] = RR_NSEC;
	return count + 2;
}

enum al_err zone_resolve_nsec(struct zname *name, const struct dname *next, const struct zone_signer *signer,
			      size_t *signatures, bool *changed)
{
	uint8_t bytes[NSEC_RDATA_MAX];
	uint16_t types[TYPES_MAX];
	struct rdata data = { bytes, 0 };
	struct rrset *nsec;
	enum al_err err;

	data.len = (uint16_t)rrset_nsec_rdata(next, types, types_of(name, types), bytes);
	err = rrset_new(RR_NSEC, TTL_NEGATIVE, &data, 1, &nsec);
	if (err != AL_OK)
		return err;
	*changed = name->nsec == NULL || !rrset_same(name->nsec, nsec) || zone_sign_due(signer, name->nsec);
	if (!*changed) {
		rrset_free(nsec);
		return AL_OK;
	}
	if (!zone_sign_reuse(signer, &name->name, nsec)) {
		err = zone_sign(signer, &name->name, nsec);
		(*signatures)++;
	}
	rrset_free(name->nsec);
	name->nsec = nsec;
	return err;
}
