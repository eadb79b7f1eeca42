/* SPDX-License-Identifier: MIT */
/*
 * holdings.c -- each change of an object is a few steps on counters. A block
 * that comes or goes moves what lies directly below it to another pool.
 */
#include "holdings.h"

#include <stdlib.h>
#include <string.h>

#include "name_list.h"

struct asn_held {
	const struct al_object *object; /* its newest version */
	size_t pool_len;
	char pool[]; /* the as-block that it is counted in */
};

struct holdings {
	struct tallies tallies;
	struct al_trie asns; /* living aut-nums as keys of 32 bits -> struct asn_held */
};

enum al_err holdings_new(struct holdings **out)
{
	struct holdings *holdings = calloc(1, sizeof(*holdings));

	if (holdings == NULL)
		return AL_ENOMEM;
	tallies_init(&holdings->tallies);
	al_trie_init(&holdings->asns);
	*out = holdings;
	return AL_OK;
}

static bool asn_free(const struct al_prefix *key, void *value, void *arg)
{
	(void)key;
	(void)arg;
	free(value);
	return true;
}

void holdings_free(struct holdings *holdings)
{
	static const struct al_prefix all = { .bits = 32 };

	if (holdings == NULL)
		return;
	tallies_release(&holdings->tallies);
	al_trie_within(&holdings->asns, &all, asn_free, NULL);
	al_trie_release(&holdings->asns);
	free(holdings);
}

const struct tallies *holdings_tallies(const struct holdings *holdings)
{
	return &holdings->tallies;
}

/* ---- accounts ---- */

enum al_err holdings_credit(struct tallies *tallies, const struct holdings_view *view, struct al_slice mntner,
			    const struct tally_change *changes, size_t count)
{
	const struct al_object *at = view->mntner(view->arg, mntner);
	struct al_slice rest = at != NULL ? al_object_text(at) : (struct al_slice){ NULL, 0 }, who;
	enum al_err err = tallies_account(tallies, TALLY_MNTNER, mntner, changes, count);

	while (err == AL_OK && al_attr_find(&rest, "auth", &who))
		err = tallies_account(tallies, TALLY_KEY, who, changes, count);
	who = mntner;
	for (unsigned i = 0; err == AL_OK && who.len > 0 && i < VOUCHERS_MAX; i++) {
		err = tallies_account(tallies, TALLY_TREE, who, changes, count);
		if (i > 0)
			at = view->mntner(view->arg, who);
		who = at != NULL ? al_object_attr(at, "vouched-by") : (struct al_slice){ NULL, 0 };
	}
	return err;
}

static bool is_number(const struct al_object *object)
{
	return object->cls == AL_AUT_NUM || object->cls == AL_INETNUM || object->cls == AL_INET6NUM;
}

/* The same for each maintainer in mnt-by. */
static enum al_err credit_all(struct tallies *tallies, const struct holdings_view *view, const struct al_object *object,
			      const struct tally_change *changes, size_t count)
{
	struct name_list mntners = name_list_of(object, "mnt-by");
	enum al_err err = AL_OK;
	struct al_slice name;

	while (err == AL_OK && name_list_next(&mntners, &name))
		err = holdings_credit(tallies, view, name, changes, count);
	return err;
}

static enum al_err credit_one(struct tallies *tallies, const struct holdings_view *view, const struct al_object *object,
			      enum tally_kind kind, struct al_slice pool, int64_t change)
{
	const struct tally_change one = { kind, pool, change };

	return credit_all(tallies, view, object, &one, 1);
}

enum al_err holdings_object(struct tallies *tallies, const struct holdings_view *view, const struct al_object *object,
			    struct al_slice pool, int sign)
{
	struct tally_change changes[4] = {
		{ .kind = TALLY_OBJECTS, .change = sign },
		{ .kind = TALLY_BYTES, .change = sign * (int64_t)object->text_len },
	};
	size_t count = 2;

	if (object->cls == AL_DOMAIN)
		changes[count++] = (struct tally_change){ .kind = TALLY_DOMAINS, .change = sign };
	if (object->cls == AL_AS_SET || object->cls == AL_ROUTE_SET)
		changes[count++] = (struct tally_change){ .kind = TALLY_SETS, .change = sign };
	if (is_number(object))
		changes[count++] = (struct tally_change){ .kind = TALLY_HELD, .change = sign };
	if (is_number(object) && pool.len > 0)
		changes[count++] = (struct tally_change){ TALLY_HELD, pool, sign };
	return credit_all(tallies, view, object, changes, count);
}

/* Has a maintainer in mnt-by a voucher, or is it one of the pool's own? */
static bool known(const struct holdings_view *view, const struct al_object *object, const struct al_object *pool)
{
	struct name_list mntners = name_list_of(object, "mnt-by");
	struct al_slice name;

	while (name_list_next(&mntners, &name)) {
		const struct al_object *mntner = view->mntner(view->arg, name);

		if (al_object_has(pool, "mnt-by", name) ||
		    (mntner != NULL && al_object_attr(mntner, "vouched-by").len > 0))
			return true;
	}
	return false;
}

bool holdings_given(const struct holdings_view *view, const struct al_object *object, const struct al_object *pool,
		    char period[static TALLY_POOL_MAX], struct tally *out)
{
	struct al_slice of;

	if (object->cls == AL_MNTNER && al_object_attr(object, "vouched-by").len == 0)
		of = AL_S("mntner");
	else if (is_number(object) && pool != NULL && al_object_attr(pool, "assign-rate").len > 0 &&
		 !known(view, object, pool))
		of = al_object_key(pool);
	else
		return false;
	*out = (struct tally){ .whose = TALLY_POOL, .kind = TALLY_GIVEN };
	out->pool = tally_period(of, object->time, 1, period);
	return true;
}

enum al_err holdings_move(struct tallies *tallies, const struct holdings_view *view, const struct al_object *object,
			  struct al_slice from, struct al_slice to)
{
	enum al_err err = AL_OK;

	if (from.len > 0)
		err = credit_one(tallies, view, object, TALLY_HELD, from, -1);
	if (err == AL_OK && to.len > 0)
		err = credit_one(tallies, view, object, TALLY_HELD, to, 1);
	return err;
}

/* ---- a maintainer's keys, and who vouched for it ---- */

struct rekey {
	struct tallies *tallies;
	const struct al_object *mntner;
	int sign;
};

static enum al_err rekey_row(const struct tally *tally, int64_t count, void *arg)
{
	const struct rekey *rekey = arg;
	struct tally own = *tally;
	struct al_slice rest = al_object_text(rekey->mntner);
	enum al_err err = AL_OK;

	own.whose = TALLY_KEY;
	while (err == AL_OK && al_attr_find(&rest, "auth", &own.who))
		err = tallies_add(rekey->tallies, &own, count * rekey->sign);
	return err;
}

enum al_err holdings_rekey(struct tallies *tallies, const struct tallies *of, const struct al_object *old,
			   const struct al_object *now)
{
	struct rekey away = { tallies, old, -1 }, here = { tallies, now, 1 };
	struct al_slice name = al_object_key(now);
	enum al_err err = AL_OK;

	if (old != NULL)
		err = tallies_each(of, TALLY_MNTNER, name, rekey_row, &away);
	return err == AL_OK ? tallies_each(of, TALLY_MNTNER, name, rekey_row, &here) : err;
}

struct graft {
	struct tallies *tallies;
	const struct al_state *state;
	struct al_slice voucher;
};

/* What a newcomer brings in the same request, before its maintainer, goes to the trees above it. */
static enum al_err graft_row(const struct tally *tally, int64_t count, void *arg)
{
	const struct graft *graft = arg;
	struct tally own = *tally;
	enum al_err err = AL_OK;

	own.who = graft->voucher;
	for (unsigned i = 1; err == AL_OK && own.who.len > 0 && i < VOUCHERS_MAX; i++) {
		const struct al_object *at = al_state_version(graft->state, AL_MNTNER, own.who);

		err = tallies_add(graft->tallies, &own, count);
		own.who = at != NULL ? al_object_attr(at, "vouched-by") : (struct al_slice){ NULL, 0 };
	}
	return err;
}

static enum al_err mntner_change(struct holdings *h, const struct al_state *state, const struct al_object *old,
				 const struct al_object *now)
{
	struct graft graft = { &h->tallies, state, al_object_attr(now, "vouched-by") };
	enum al_err err = holdings_rekey(&h->tallies, &h->tallies, old, now);

	if (err == AL_OK && old == NULL && graft.voucher.len > 0)
		err = tallies_each(&h->tallies, TALLY_TREE, al_object_key(now), graft_row, &graft);
	return err;
}

/* ---- pools ---- */

static const struct al_object *state_mntner(const void *arg, struct al_slice name)
{
	return al_state_version(arg, AL_MNTNER, name);
}

static struct al_slice key_or_none(const struct al_object *object)
{
	return object != NULL ? al_object_key(object) : (struct al_slice){ NULL, 0 };
}

/* The block around a number or block, or NULL. */
static const struct al_object *pool_of(const struct al_state *state, const struct al_object *object)
{
	struct al_prefix prefix;
	uint32_t asn;

	if (object->cls == AL_AUT_NUM)
		return al_object_asn(object, &asn) == AL_OK ? al_state_as_block(state, asn) : NULL;
	if ((object->cls != AL_INETNUM && object->cls != AL_INET6NUM) || al_object_prefix(object, &prefix) != AL_OK)
		return NULL;
	return al_state_covering_inet(state, &prefix, true);
}

/* New ones are counted by the day for a pool, and by the month for who vouches. */
static enum al_err count_given(struct holdings *h, const struct al_state *state, const struct al_object *old,
			       const struct al_object *now)
{
	const struct holdings_view view = { state_mntner, state };
	struct al_slice voucher = now->cls == AL_MNTNER ? al_object_attr(now, "vouched-by") : AL_S("");
	char period[TALLY_POOL_MAX];
	struct tally tally;

	if (now->deleted || (old != NULL && (!old->deleted || now->cls == AL_MNTNER)))
		return AL_OK;
	if (voucher.len > 0) {
		const struct tally_change one = { TALLY_VOUCHED, tally_period(AL_S(""), now->time, 30, period), 1 };

		return holdings_credit(&h->tallies, &view, voucher, &one, 1);
	}
	return holdings_given(&view, now, pool_of(state, now), period, &tally) ? tallies_add(&h->tallies, &tally, 1)
									       : AL_OK;
}

struct moving {
	struct holdings *holdings;
	struct holdings_view view;
	struct al_slice from, to;
	struct al_asn_range range;
	enum al_err err;
};

static bool child_visit(const struct al_prefix *at, const struct al_object *child, void *arg)
{
	struct moving *m = arg;

	(void)at;
	m->err = holdings_move(&m->holdings->tallies, &m->view, child, m->from, m->to);
	return m->err == AL_OK;
}

/* A block came between, or went. */
static enum al_err inet_blocks(struct holdings *h, const struct al_state *state, const struct al_object *now)
{
	struct al_slice above = key_or_none(pool_of(state, now)), own = al_object_key(now);
	struct moving m = { .holdings = h, .view = { state_mntner, state } };
	struct al_prefix prefix;

	m.from = now->deleted ? own : above;
	m.to = now->deleted ? above : own;
	if (al_object_prefix(now, &prefix) == AL_OK)
		al_state_children(state, (enum al_class)now->cls, &prefix, child_visit, &m);
	return m.err;
}

static struct al_prefix asn_key(uint32_t asn)
{
	return (struct al_prefix){
		.addr = { (uint8_t)(asn >> 24), (uint8_t)(asn >> 16), (uint8_t)(asn >> 8), (uint8_t)asn },
		.len = 32,
		.bits = 32,
	};
}

static struct asn_held *asn_held_new(const struct al_object *object, struct al_slice pool)
{
	struct asn_held *held = malloc(sizeof(*held) + pool.len);

	if (held == NULL)
		return NULL;
	held->object = object;
	held->pool_len = pool.len;
	if (pool.len > 0)
		memcpy(held->pool, pool.ptr, pool.len);
	return held;
}

/* Counted in the block that is the smallest around it now. */
static bool asn_visit(const struct al_prefix *key, void *value, void *arg)
{
	struct asn_held *held = value, *moved;
	struct moving *m = arg;
	uint32_t asn;

	if (al_object_asn(held->object, &asn) != AL_OK || asn < m->range.first || asn > m->range.last)
		return true;
	m->from = (struct al_slice){ held->pool, held->pool_len };
	m->to = key_or_none(al_state_as_block(m->view.arg, asn));
	if (al_slice_eq(m->from, m->to))
		return true;
	m->err = holdings_move(&m->holdings->tallies, &m->view, held->object, m->from, m->to);
	moved = m->err == AL_OK ? asn_held_new(held->object, m->to) : NULL;
	if (moved == NULL) {
		m->err = AL_ENOMEM;
		return false;
	}
	*al_trie_slot(&m->holdings->asns, key) = moved; /* the slot is there */
	free(held);
	return true;
}

static enum al_err as_blocks(struct holdings *h, const struct al_state *state, const struct al_object *now)
{
	struct moving m = { .holdings = h, .view = { state_mntner, state } };
	struct al_prefix around;
	unsigned len = 32; /* that both ends have in common */

	if (al_asn_range_parse(al_object_key(now), &m.range) != AL_OK)
		return AL_OK;
	while (len > 0 && (m.range.first ^ m.range.last) >> (32 - len) != 0)
		len--;
	around = asn_key(m.range.first);
	al_prefix_truncate(&around, len);
	al_trie_within(&h->asns, &around, asn_visit, &m);
	return m.err;
}

/* Its pool, noted with the number. */
static enum al_err asn_note(struct holdings *h, const struct al_object *now, struct al_slice pool)
{
	struct asn_held *held;
	struct al_prefix key;
	void **slot;
	uint32_t asn;

	if (al_object_asn(now, &asn) != AL_OK)
		return AL_OK;
	key = asn_key(asn);
	if (now->deleted) {
		free(al_trie_remove(&h->asns, &key));
		return AL_OK;
	}
	held = asn_held_new(now, pool);
	slot = held != NULL ? al_trie_slot(&h->asns, &key) : NULL;
	if (slot == NULL) {
		free(held);
		return AL_ENOMEM;
	}
	free(*slot);
	*slot = held;
	return AL_OK;
}

/* ---- changes ---- */

enum al_err holdings_change(struct holdings *h, const struct al_state *state, const struct al_object *old,
			    const struct al_object *now)
{
	const struct holdings_view view = { state_mntner, state };
	struct al_slice pool = key_or_none(pool_of(state, now));
	bool was = old != NULL && !old->deleted;
	enum al_err err = AL_OK;

	if (now->cls == AL_MNTNER)
		err = mntner_change(h, state, old, now);
	else if (now->cls == AL_AUT_NUM)
		err = asn_note(h, now, pool);
	if (err == AL_OK && was)
		err = holdings_object(&h->tallies, &view, old, pool, -1);
	if (err == AL_OK && !now->deleted)
		err = holdings_object(&h->tallies, &view, now, pool, 1);
	if (err == AL_OK)
		err = count_given(h, state, old, now);
	if (err != AL_OK || was == !now->deleted)
		return err;
	if (now->cls == AL_INETNUM || now->cls == AL_INET6NUM)
		return inet_blocks(h, state, now);
	return now->cls == AL_AS_BLOCK ? as_blocks(h, state, now) : AL_OK;
}

enum al_err holdings_returned(struct tallies *tallies, const struct holdings_view *view, const struct al_object *last,
			      int change)
{
	return credit_one(tallies, view, last, TALLY_RESTING, al_slice_str(al_class_name((enum al_class)last->cls)),
			  change);
}

enum al_err holdings_rest(struct holdings *h, const struct al_state *state, const struct al_object *last, int change)
{
	const struct holdings_view view = { state_mntner, state };

	return holdings_returned(&h->tallies, &view, last, change);
}
