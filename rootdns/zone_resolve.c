/* SPDX-License-Identifier: MIT */
/*
 * zone_resolve.c -- claims to signed RRsets: see zone_resolve.h. Builder's
 * thread. What cannot be served is dropped by RRset and said in the log, once a change: of delegations
 * when their sets are made, of other names when they are looked at.
 */
#include "zone_resolve.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/log.h"
#include "zone_build.h"

#define ANY_TYPE 0

struct item {
	uint16_t type;
	uint32_t ttl;
	struct rdata data;
};

/* One name being resolved. */
struct resolve {
	const struct zname *name;
	struct zone_view view;
	bool tell;
	struct item *items; /* by type; owned */
	size_t count;
	struct dname *names; /* that RDATA is made in; owned */
};

static int item_cmp(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return (a->type > b->type) - (a->type < b->type);
}

static void dropped(const struct resolve *r, uint16_t type, const char *why)
{
	char text[DNAME_TEXT_MAX];
	struct dname whole;

	if (!r->tell)
		return;
	zname_whole(r->name, &whole);
	al_log(AL_LOG_WARN, "rrset-dropped", "name=%s type=%u why=\"%s\"", dname_text(whole.b, text), type, why);
}

static bool wanted(const struct resolve *r, const struct claim *claim, uint16_t type)
{
	return zone_view_holds(&r->view, claim) && (type == ANY_TYPE || claim->type == type);
}

/* The claims that stand at the name, by type. */
static enum al_err items_of(struct resolve *r, uint16_t type)
{
	const struct claim *claim;
	size_t most = 0, inside = 0;

	DL_FOREACH2(r->name->claims, claim, at_next)
	if (wanted(r, claim, type)) {
		most++;
		inside += claim->inside;
	}
	r->items = malloc((most + 1) * sizeof(*r->items));
	r->names = malloc((inside + 1) * sizeof(*r->names));
	if (r->items == NULL || r->names == NULL)
		return AL_ENOMEM;
	inside = 0;
	DL_FOREACH2(r->name->claims, claim, at_next)
	if (wanted(r, claim, type)) {
		r->items[r->count++] = (struct item){ claim->type, claim->ttl,
						      zone_tree_data(claim, &r->names[inside]) };
		inside += claim->inside;
	}
	qsort(r->items, r->count, sizeof(*r->items), item_cmp);
	return AL_OK;
}

static void items_free(struct resolve *r)
{
	free(r->items);
	free(r->names);
}

/* One RRset of items[from .. to - 1], which are of one type; a set that cannot be is left out. */
static enum al_err set_of(const struct resolve *r, size_t from, size_t to, struct rrset **out)
{
	struct rdata *data = malloc((to - from) * sizeof(*data));
	uint32_t ttl = r->items[from].ttl;
	enum al_err err;

	if (data == NULL)
		return AL_ENOMEM;
	for (size_t i = from; i < to; i++) {
		data[i - from] = r->items[i].data;
		if (r->items[i].ttl < ttl)
			ttl = r->items[i].ttl;
	}
	err = rrset_new(r->items[from].type, ttl, data, to - from, out);
	free(data);
	if (err != AL_ELIMIT)
		return err;
	dropped(r, r->items[from].type, "too large");
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

/* Why the set cannot stand at the name; NULL: it can. RFC 1034 section 3.6.2, RFC 6672 section 2.4. */
static const char *badly_led(const struct resolve *r, const struct rrset *first, const struct rrset *set)
{
	if (set->type != RR_CNAME && set->type != RR_DNAME)
		return NULL;
	if (set->count > 1)
		return "several targets";
	if (set->type == RR_CNAME)
		return first != set || set->next != NULL ? "beside other data" : NULL;
	return zone_tree_below(r->name) ? "names lie below it" : NULL;
}

/* An alias stands alone, and a DNAME has nothing below it; of both there is one. */
static void drop_bad_alias(const struct resolve *r, struct rrset **first)
{
	struct rrset **at = first;

	while (*at != NULL) {
		struct rrset *set = *at;
		const char *why = badly_led(r, *first, set);

		if (why == NULL) {
			at = &set->next;
			continue;
		}
		dropped(r, set->type, why);
		*at = set->next;
		rrset_free(set);
	}
}

static enum al_err sets_of(struct resolve *r, struct rrset **list)
{
	size_t types = 0;
	enum al_err err = items_of(r, ANY_TYPE);

	for (size_t i = 0, end; err == AL_OK && i < r->count; i = end) {
		struct rrset *set = NULL;

		for (end = i; end < r->count && r->items[end].type == r->items[i].type; end++)
			;
		if (rrset_find(*list, r->items[i].type) != NULL || ++types > SETS_MAX - 8) {
			dropped(r, r->items[i].type, "not possible here");
			continue;
		}
		err = set_of(r, i, end, &set);
		if (err == AL_OK && set != NULL)
			list_insert(list, set);
	}
	items_free(r);
	drop_bad_alias(r, list);
	return err;
}

enum al_err zone_resolve(const struct zname *name, struct rrset *own, struct rrset **out, bool *cut)
{
	struct resolve r = { .name = name };
	struct rrset *list = NULL;
	enum al_err err = AL_OK;

	while (own != NULL) {
		struct rrset *next = own->next;

		list_insert(&list, own);
		own = next;
	}
	zone_tree_view(name, &r.view);
	r.tell = *cut = r.view.kind == VIEW_CUT;
	if (r.view.kind == VIEW_DATA || r.view.kind == VIEW_CUT)
		err = sets_of(&r, &list);
	if (err == AL_OK)
		*out = list;
	else
		rrset_list_free(list);
	return err;
}

enum al_err zone_resolve_look(const struct zname *name, bool *shows, bool *cut)
{
	struct resolve r = { .name = name, .tell = true };
	struct rrset *list = NULL;
	enum al_err err;

	zone_tree_view(name, &r.view);
	*cut = r.view.kind == VIEW_CUT;
	*shows = *cut || name->parent == NULL; /* NS, SOA: they are never too large */
	if (r.view.kind != VIEW_DATA)
		return AL_OK;
	err = sets_of(&r, &list);
	*shows = *shows || list != NULL;
	rrset_list_free(list);
	return err;
}

enum al_err zone_resolve_type(const struct zname *name, uint16_t type, struct rrset **out)
{
	struct resolve r = { .name = name };
	enum al_err err;

	*out = NULL;
	zone_tree_view(name, &r.view);
	if (r.view.kind != VIEW_DATA)
		return AL_OK;
	err = items_of(&r, type);
	if (err == AL_OK && r.count > 0)
		err = set_of(&r, 0, r.count, out);
	items_free(&r);
	return err;
}

/* ---- what is to be shown ---- */

void shown_init(struct shown *shown, const struct zname *name)
{
	shown->name = name;
	shown->cut = false;
	shown->count = 0;
	zname_whole(name, &shown->whole);
}

static void add(struct shown *shown, const struct shown_set *set)
{
	/* The last place is that of NSEC. */
	if (shown->count < (set->type == RR_NSEC ? SETS_MAX : SETS_MAX - 1))
		shown->sets[shown->count++] = *set;
}

void shown_add(struct shown *shown, const struct rrset *set)
{
	add(shown, &(struct shown_set){ set->type, set->count, set->len, set->sig_len, set->run, set->sig });
}

void shown_keep(struct shown *shown, bool nsec)
{
	const struct node *node = shown->name->node;

	for (size_t i = 0; i < node->set_count; i++) {
		const struct node_set *set = &node->sets[i];
		const uint8_t *run = node_bytes(node, set->at);

		if ((set->type == RR_NSEC) == nsec)
			add(shown,
			    &(struct shown_set){ set->type, set->count, set->len, set->sig_len, run, run + set->len });
	}
}

const struct shown_set *shown_find(const struct shown *shown, uint16_t type)
{
	for (size_t i = 0; i < shown->count; i++)
		if (shown->sets[i].type == type)
			return &shown->sets[i];
	return NULL;
}

/* ---- signatures ---- */

/* In a delegation only DS is ours to sign. A digest is filled in and signed at the end. */
static bool is_signed(const struct shown *shown, uint16_t type)
{
	return (!shown->cut || type == RR_DS) && type != RR_ZONEMD;
}

enum al_err zone_resolve_sign(const struct shown *shown, struct rrset *sets, const struct zone_signer *signer,
			      size_t *signatures)
{
	enum al_err err = AL_OK;

	for (struct rrset *set = sets; set != NULL && err == AL_OK; set = set->next) {
		if (!is_signed(shown, set->type) || zone_sign_take(signer, shown->name->node, set) ||
		    zone_sign_reuse(signer, &shown->whole, set))
			continue;
		err = zone_sign(signer, &shown->whole, set);
		(*signatures)++;
	}
	return err;
}

enum al_err zone_resolve_digest(const struct shown *shown, struct rrset *sets, const struct zone_signer *signer,
				size_t *signatures)
{
	struct rrset *set = sets;

	while (set != NULL && set->type != RR_ZONEMD)
		set = set->next;
	if (set == NULL || zone_sign_reuse(signer, &shown->whole, set))
		return AL_OK;
	(*signatures)++;
	return zone_sign(signer, &shown->whole, set);
}

/* ---- NSEC ---- */

static size_t types_of(const struct shown *shown, uint16_t out[static SETS_MAX])
{
	size_t count = 0, i = 0;

	for (size_t k = 0; k < shown->count && count < SETS_MAX - 2; k++)
		out[count++] = shown->sets[k].type;
	/* RRSIG and NSEC, which every name of the chain has, into their places. */
	while (i < count && out[i] < RR_RRSIG)
		i++;
	memmove(out + i + 2, out + i, (count - i) * sizeof(*out));
	out[i] = RR_RRSIG;
	out[i + 1] = RR_NSEC;
	return count + 2;
}

static bool is_kept(const struct zone_signer *signer, const struct node *node, const struct rrset *nsec)
{
	const struct node_set *before = node != NULL ? node_find(node, RR_NSEC) : NULL;

	return before != NULL && before->len == nsec->len &&
	       memcmp(node_bytes(node, before->at), nsec->run, nsec->len) == 0 && !zone_sign_due(signer, node, before);
}

enum al_err zone_resolve_nsec(const struct shown *shown, const struct zname *next, const struct zone_signer *signer,
			      size_t *signatures, struct rrset **out)
{
	uint8_t bytes[NSEC_RDATA_MAX];
	uint16_t types[SETS_MAX];
	struct rdata data = { bytes, 0 };
	struct dname whole;
	enum al_err err;

	zname_whole(next, &whole);
	data.len = (uint16_t)rrset_nsec_rdata(&whole, types, types_of(shown, types), bytes);
	err = rrset_new(RR_NSEC, TTL_NEGATIVE, &data, 1, out);
	if (err != AL_OK)
		return err;
	if (is_kept(signer, shown->name->node, *out)) {
		rrset_free(*out);
		*out = NULL;
		return AL_OK;
	}
	if (zone_sign_reuse(signer, &shown->whole, *out))
		return AL_OK;
	(*signatures)++;
	return zone_sign(signer, &shown->whole, *out);
}
