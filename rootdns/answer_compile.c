/* SPDX-License-Identifier: MIT */
/*
 * answer_compile.c -- nodes: see node.h for the layout. Builder's thread.
 */
#include "answer_compile.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/wire.h"

#define SUFFIXES_MAX 512
#define FIXES_MAX 2048
#define POINTER_MAX 0x3fffu

/* ---- a referral's bytes, with name compression (RFC 1035 section 4.1.4) ---- */

struct suffix {
	const uint8_t *name;
	size_t len;
	size_t at; /* in the message */
};

struct pack {
	size_t base; /* where the bytes start in the message */
	size_t len;
	size_t part_start;
	size_t suffix_count, fix_count;
	bool full;
	bool known_place; /* nothing can come between the question and what is written now */
	struct suffix suffixes[SUFFIXES_MAX];
	uint16_t fixes[FIXES_MAX]; /* positions inside their part */
	uint8_t bytes[REFERRAL_BYTES_MAX];
};

static void pack_bytes(struct pack *pack, const void *bytes, size_t len)
{
	if (pack->full || len > sizeof(pack->bytes) - pack->len) {
		pack->full = true;
		return;
	}
	memcpy(pack->bytes + pack->len, bytes, len);
	pack->len += len;
}

static void pack_pointer(struct pack *pack, size_t target)
{
	uint8_t wire[2];

	if (pack->fix_count == FIXES_MAX) {
		pack->full = true;
		return;
	}
	pack->fixes[pack->fix_count++] = (uint16_t)(pack->len - pack->part_start);
	al_set_u16(wire, (uint16_t)(0xc000u | target));
	pack_bytes(pack, wire, sizeof(wire));
}

static void suffix_add(struct pack *pack, const uint8_t *name, size_t len, size_t at)
{
	if (pack->known_place && pack->suffix_count < SUFFIXES_MAX && at < POINTER_MAX - DNAME_MAX)
		pack->suffixes[pack->suffix_count++] = (struct suffix){ name, len, at };
}

static const struct suffix *suffix_find(const struct pack *pack, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < pack->suffix_count; i++)
		if (pack->suffixes[i].len == len && memcmp(pack->suffixes[i].name, name, len) == 0)
			return &pack->suffixes[i];
	return NULL;
}

/* `name` must live as long as the pack. */
static void pack_name(struct pack *pack, const uint8_t *name, size_t len)
{
	while (name[0] != 0) {
		const struct suffix *known = suffix_find(pack, name, len);
		size_t label = name[0] + 1u;

		if (known != NULL) {
			pack_pointer(pack, known->at);
			return;
		}
		suffix_add(pack, name, len, pack->base + pack->len);
		pack_bytes(pack, name, label);
		name += label;
		len -= label;
	}
	pack_bytes(pack, name, 1);
}

static void pack_init(struct pack *pack, const struct dname *question)
{
	pack->base = 12u + question->len + 4u;
	pack->len = pack->part_start = pack->suffix_count = pack->fix_count = 0;
	pack->full = false;
	pack->known_place = true;
	for (size_t at = 0; question->b[at] != 0; at += question->b[at] + 1u)
		suffix_add(pack, question->b + at, question->len - at, 12 + at);
}

/* type, class, TTL and RDLENGTH */
static void pack_fixed(struct pack *pack, uint16_t type, uint32_t ttl, size_t len)
{
	uint8_t fixed[10];

	al_set_u16(fixed, type);
	al_set_u16(fixed + 2, RR_CLASS_IN);
	al_set_u32(fixed + 4, ttl);
	al_set_u16(fixed + 8, (uint16_t)len);
	pack_bytes(pack, fixed, sizeof(fixed));
}

static uint16_t pack_servers(struct pack *pack, const struct dname *cut, const struct shown_set *ns)
{
	const uint8_t *run = ns->run;
	size_t left = ns->len, start;
	uint16_t count = 0;
	struct rr_view rr;

	while (rr_next(&run, &left, &rr)) {
		pack_name(pack, cut->b, cut->len);
		pack_fixed(pack, RR_NS, rr.ttl, 0);
		start = pack->len;
		pack_name(pack, rr.rdata, rr.len);
		if (!pack->full)
			al_set_u16(pack->bytes + start - 2, (uint16_t)(pack->len - start));
		count++;
	}
	return count;
}

/* An address record, or nothing when there is no room: the records before stay whole. */
static bool pack_address(struct pack *pack, const struct dname *owner, uint16_t type, uint32_t ttl,
			 const uint8_t *rdata, size_t len)
{
	size_t len_before = pack->len, fixes = pack->fix_count;

	pack_name(pack, owner->b, owner->len);
	pack_fixed(pack, type, ttl, len);
	pack_bytes(pack, rdata, len);
	if (!pack->full)
		return true;
	pack->full = false;
	pack->len = len_before;
	pack->fix_count = fixes;
	return false;
}

/* `rest`: gets what there was no room for; NULL: nothing does. */
static uint16_t pack_glue_of(struct pack *pack, const struct zone_view *view, const struct zname *server,
			     struct al_buf *rest)
{
	const struct claim *at = server->claims, *claim;
	struct dname whole;
	uint16_t count = 0;

	zname_whole(server, &whole);
	while ((claim = zone_tree_glue(view, server, &at)) != NULL) {
		if (pack_address(pack, &whole, claim->type, claim->ttl, claim_data(claim).ptr, claim->data_len))
			count++;
		else if (rest != NULL)
			claim_record(claim, &whole, rest);
	}
	return count;
}

static enum al_err pack_data_of(struct pack *pack, const struct zname *server, uint16_t *count)
{
	static const uint16_t types[] = { RR_A, RR_AAAA };
	struct dname whole;

	zname_whole(server, &whole);
	for (size_t i = 0; i < AL_COUNT(types); i++) {
		struct rrset *set;
		enum al_err err = zone_resolve_type(server, types[i], &set);
		const uint8_t *run = set != NULL ? set->run : NULL;
		size_t left = set != NULL ? set->len : 0;
		struct rr_view rr;

		if (err != AL_OK)
			return err;
		while (rr_next(&run, &left, &rr))
			*count = (uint16_t)(*count + pack_address(pack, &whole, rr.type, rr.ttl, rr.rdata, rr.len));
		rrset_free(set);
	}
	return AL_OK;
}

/* Addresses of the cut's servers: those at or below it, when there is a `rest`, or the others of the zone. */
static enum al_err pack_addresses(struct pack *pack, const struct zname *cut, const struct zone_view *cut_view,
				  struct al_buf *rest, uint16_t *count)
{
	enum al_err err = AL_OK;
	struct claim *claim;
	struct zone_view view;

	DL_FOREACH2(cut->claims, claim, at_next)
	{
		const struct zname *server = claim->inside ? claim_ref(claim)->target : NULL;

		if (server == NULL || !zone_view_holds(cut_view, claim))
			continue;
		zone_tree_view(server, &view);
		if ((view.cut == cut) != (rest != NULL))
			continue;
		if (view.kind == VIEW_DATA)
			err = pack_data_of(pack, server, count);
		else
			*count = (uint16_t)(*count + pack_glue_of(pack, &view, server, rest));
		if (err != AL_OK)
			break;
	}
	return err;
}

/* ---- the glue that only a zone transfer shows: other zones' servers have their names here ---- */

static bool is_server_of(const struct zname *cut, const struct zone_view *cut_view, const struct zname *name)
{
	struct claim *claim;

	DL_FOREACH2(cut->claims, claim, at_next)
	if (claim->inside && claim_ref(claim)->target == name && zone_view_holds(cut_view, claim))
		return true;
	return false;
}

static void below_put(struct al_buf *out, const struct zname *cut, const struct zone_view *cut_view,
		      const struct zname *name)
{
	const struct claim *at = name->claims, *claim;
	struct zone_view view;
	struct dname whole;

	if (name->refs == NULL || is_server_of(cut, cut_view, name))
		return;
	zone_tree_view(name, &view);
	zname_whole(name, &whole);
	while ((claim = zone_tree_glue(&view, name, &at)) != NULL)
		claim_record(claim, &whole, out);
}

static void below_collect(struct al_buf *out, const struct zname *cut)
{
	const struct zname *name = cut;
	struct zone_view view;

	zone_tree_view(cut, &view);
	for (;;) {
		below_put(out, cut, &view, name);
		if (name->child != NULL) {
			name = name->child;
			continue;
		}
		while (name != cut && name->next == NULL)
			name = name->parent;
		if (name == cut)
			return;
		name = name->next;
	}
}

/* ---- the node ---- */

struct plan_part {
	size_t at, len, fix_at, fix_count;
	uint16_t count;
};

struct compile {
	const struct shown *shown;
	uint8_t key[DNAME_KEY_MAX];
	size_t key_len;
	struct plan_part parts[PART_COUNT];
	struct pack *pack; /* delegations only */
	struct al_buf below;
};

static void part_begin(struct compile *compile, size_t part)
{
	struct pack *pack = compile->pack;

	pack->part_start = pack->len;
	compile->parts[part].at = pack->len;
	compile->parts[part].fix_at = pack->fix_count;
}

static void part_end(struct compile *compile, size_t part, uint16_t count)
{
	struct plan_part *done = &compile->parts[part];

	done->count = count;
	done->len = compile->pack->len - done->at;
	done->fix_count = compile->pack->fix_count - done->fix_at;
}

static enum al_err compile_addresses(struct compile *compile, const struct zname *cut)
{
	struct zone_view view;
	enum al_err err = AL_OK;

	zone_tree_view(cut, &view);
	/* DS or NSEC may come between: from here on pointers lead back to the servers and the question only. */
	compile->pack->known_place = false;
	for (size_t part = PART_GLUE; part <= PART_EXTRA && err == AL_OK; part++) {
		uint16_t count = 0;

		part_begin(compile, part);
		err = pack_addresses(compile->pack, cut, &view, part == PART_GLUE ? &compile->below : NULL, &count);
		part_end(compile, part, count);
	}
	return err;
}

static enum al_err compile_referral(struct compile *compile)
{
	const struct shown *shown = compile->shown;
	enum al_err err;

	compile->pack = malloc(sizeof(*compile->pack));
	if (compile->pack == NULL)
		return AL_ENOMEM;
	pack_init(compile->pack, &shown->whole);
	part_begin(compile, PART_SERVERS);
	part_end(compile, PART_SERVERS, pack_servers(compile->pack, &shown->whole, shown_find(shown, RR_NS)));
	if (compile->pack->full)
		return AL_ELIMIT;
	err = compile_addresses(compile, shown->name);
	below_collect(&compile->below, shown->name);
	return err == AL_OK ? compile->below.err : err;
}

static size_t even(size_t n)
{
	return (n + 1) & ~(size_t)1;
}

/* The first set that stands on its own: the NS set of a delegation is its referral's. */
static size_t first_set(const struct shown *shown)
{
	return shown->cut ? 1 : 0;
}

static size_t node_size(const struct compile *compile)
{
	const struct shown *shown = compile->shown;
	size_t first = first_set(shown);
	size_t size = sizeof(struct node) + (shown->count - first) * sizeof(struct node_set) + shown->whole.len;

	size = even(size);
	if (compile->pack != NULL)
		size += compile->pack->fix_count * sizeof(uint16_t) + compile->pack->len;
	for (size_t i = first; i < shown->count; i++)
		size += shown->sets[i].len + shown->sets[i].sig_len;
	return size + compile->key_len + compile->below.len;
}

static size_t node_put(struct node *node, size_t at, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy((uint8_t *)node + at, bytes, len);
	return at + len;
}

static size_t node_put_parts(struct node *node, size_t at, const struct compile *compile)
{
	const struct pack *pack = compile->pack;
	size_t fix_at = at, bytes_at = at + pack->fix_count * sizeof(uint16_t);

	at = node_put(node, fix_at, pack->fixes, pack->fix_count * sizeof(uint16_t));
	for (size_t i = 0; i < PART_COUNT; i++) {
		const struct plan_part *part = &compile->parts[i];

		node->part[i] = (struct node_part){
			.count = part->count,
			.len = (uint16_t)part->len,
			.at = (uint16_t)(bytes_at + part->at),
			.fix_at = (uint16_t)(fix_at + part->fix_at * sizeof(uint16_t)),
			.fix_count = (uint16_t)part->fix_count,
		};
	}
	return node_put(node, at, pack->bytes, pack->len);
}

static struct node *node_make(const struct compile *compile)
{
	const struct shown *shown = compile->shown;
	size_t size = node_size(compile), first = first_set(shown), at;
	struct node *node = calloc(1, size);

	if (node == NULL)
		return NULL;
	node->size = (uint32_t)size;
	node->name_len = shown->whole.len;
	node->labels = (uint8_t)dname_labels(shown->whole.b);
	node->cut = shown->cut;
	node->set_count = (uint8_t)(shown->count - first);
	at = sizeof(*node) + node->set_count * sizeof(struct node_set);
	at = even(node_put(node, at, shown->whole.b, shown->whole.len));
	if (compile->pack != NULL)
		at = node_put_parts(node, at, compile);
	/* From the end: NSEC and DS, which referrals carry, lie next to the parts. */
	for (size_t i = node->set_count; i-- > 0;) {
		const struct shown_set *set = &shown->sets[first + i];

		node->sets[i] = (struct node_set){ set->type, set->count, (uint32_t)at, set->len, set->sig_len };
		at = node_put(node, at, set->run, set->len);
		at = node_put(node, at, set->sig, set->sig_len);
	}
	node->key_at = (uint32_t)at;
	node->key_len = (uint16_t)compile->key_len;
	at = node_put(node, at, compile->key, compile->key_len);
	node->below_at = (uint32_t)at;
	node->below_len = (uint32_t)compile->below.len;
	(void)node_put(node, at, compile->below.ptr, compile->below.len);
	return node;
}

enum al_err answer_compile(const struct shown *shown, struct node **out)
{
	struct compile compile = { .shown = shown };
	enum al_err err = AL_OK;
	struct node *node;

	al_buf_init(&compile.below, UINT32_MAX);
	compile.key_len = dname_key(shown->whole.b, dname_labels(shown->whole.b) - shown->name->labels, compile.key);
	if (shown->cut)
		err = compile_referral(&compile);
	if (err == AL_OK) {
		node = node_make(&compile);
		err = node != NULL ? AL_OK : AL_ENOMEM;
		if (node != NULL)
			*out = node;
	}
	free(compile.pack);
	al_buf_release(&compile.below);
	return err;
}
