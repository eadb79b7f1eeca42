/* SPDX-License-Identifier: MIT */
/*
 * allot.c -- AUTO-n: the registry picks. Deterministic from state and request.
 *
 * A placeholder is defined where it stands as the key of an aut-num, inetnum
 * or inet6num. AS numbers: the lowest free one of the open as-blocks. Prefixes:
 * the lowest free block of the length, pools (policy: open) in address order,
 * spaced by the pool's assign-step.
 * What one request takes is held until all of its placeholders are filled.
 */
#include <stdio.h>
#include <string.h>

#include "allot.h"
#include "decision.h"
#include "policy.h"

struct allot {
	struct decision *d;
	const struct al_state *state;
	struct space *space;
	struct al_prefix held[AL_AUTOS_MAX];
	size_t held_count;
	uint32_t held_asn[AL_AUTOS_MAX];
	size_t held_asn_count;
};

/* ---- AS numbers ---- */

struct block_pick {
	const struct al_state *state;
	struct space *space;
	bool found;
	uint32_t best;
};

/* Lowest free number of one open block that no smaller block takes out of it. */
static bool block_visit(const struct al_object *block, void *arg)
{
	struct block_pick *pick = arg;
	struct al_asn_range range, inner;
	uint32_t asn;

	if (!space_feeds(pick->space, block) || al_asn_range_parse(al_object_key(block), &range) != AL_OK)
		return true;
	while (space_find_asn(pick->space, range.first, range.last, &asn) == AL_OK) {
		const struct al_object *smallest = al_state_as_block(pick->state, asn);

		if (smallest == block) {
			if (!pick->found || asn < pick->best) {
				pick->found = true;
				pick->best = asn;
			}
			return true;
		}
		if (smallest == NULL || al_asn_range_parse(al_object_key(smallest), &inner) != AL_OK ||
		    inner.last >= range.last)
			return true;
		range.first = inner.last + 1;
	}
	return true;
}

enum al_err allot_asn(const struct al_state *state, struct space *space, uint32_t *out)
{
	struct block_pick pick = { .state = state, .space = space };

	al_state_as_blocks(state, block_visit, &pick);
	if (!pick.found)
		return AL_ENOTFOUND;
	*out = pick.best;
	return AL_OK;
}

/* ---- prefixes ---- */

static unsigned attr_len(const struct al_object *object, const char *name, unsigned otherwise)
{
	uint64_t len;

	return al_slice_u64(al_object_attr(object, name), 128, &len) == AL_OK ? (unsigned)len : otherwise;
}

/* May `len` be created below this pool? */
static bool pool_takes(const struct al_state *state, const struct al_prefix *pool, unsigned len)
{
	const struct al_object *object = al_state_covering_inet(state, pool, false);
	unsigned assign = attr_len(object, "assign-len", len);

	return len >= attr_len(object, "assign-min", assign) && len <= attr_len(object, "assign-max", assign);
}

/* At the start of a free prefix of assign-step, so that the holder can grow; in the gaps when there is none left. */
static enum al_err pool_find(const struct al_state *state, const struct space *space, const struct al_prefix *pool,
			     unsigned len, struct al_prefix *out)
{
	unsigned step = attr_len(al_state_covering_inet(state, pool, false), "assign-step", len);

	if (step > pool->len && step < len && space_find(space, pool, step, out) == AL_OK) {
		out->len = (uint8_t)len;
		return AL_OK;
	}
	return space_find(space, pool, len, out);
}

enum al_err allot_prefix(const struct al_state *state, const struct space *space, unsigned bits, unsigned len,
			 struct al_prefix *out)
{
	size_t count;
	const struct al_prefix *pools = space_pools(space, &count);

	for (size_t i = 0; i < count; i++)
		if (pools[i].bits == bits && pools[i].len < len && pool_takes(state, &pools[i], len) &&
		    pool_find(state, space, &pools[i], len, out) == AL_OK)
			return AL_OK;
	return AL_ENOTFOUND;
}

/* ---- placeholders ---- */

/* Key value of an object's first line when it is a placeholder. */
static bool placeholder(struct al_slice raw, struct al_slice *token)
{
	struct al_slice line, head, value;

	if (!al_slice_line(&raw, &line) || !al_slice_cut(&line, ':', &head))
		return false;
	(void)al_slice_cut(&line, '#', &value);
	*token = al_slice_trim(value);
	return al_slice_casestarts(*token, "AUTO-") && token->len < DECISION_AUTO_LEN;
}

static void refuse(struct allot *a, unsigned number, const char *clause, const char *text)
{
	al_report_add(&a->d->report, AL_ERROR, number, 0, clause, "%s", text);
}

/* "AUTO-2" or "AUTO-2/48"; digits after the dash. *len is 0 without a length. */
static bool token_parse(struct al_slice token, unsigned bits, unsigned *len)
{
	struct al_slice rest = al_slice_from(token, 5), number;
	uint64_t value;
	bool has_len = al_slice_cut(&rest, '/', &number);

	if (al_slice_u64(number, 999999, &value) != AL_OK)
		return false;
	*len = 0;
	if (has_len && (al_slice_u64(rest, bits, &value) != AL_OK || value == 0))
		return false;
	if (has_len)
		*len = (unsigned)value;
	return true;
}

static struct al_slice token_name(struct al_slice token)
{
	struct al_slice name;

	(void)al_slice_cut(&token, '/', &name);
	return name;
}

/* Is this placeholder's number defined already? */
static bool defined(const struct allot *a, struct al_slice token)
{
	for (size_t i = 0; i < a->d->auto_count; i++)
		if (al_slice_caseeq(token_name(al_slice_str(a->d->autos[i].token)), token_name(token)))
			return true;
	return false;
}

static void define(struct allot *a, struct al_slice token, const char *value)
{
	struct decision_auto *item = &a->d->autos[a->d->auto_count];

	(void)snprintf(item->token, sizeof(item->token), "AUTO%.*s", AL_FMT(al_slice_from(token, 4)));
	(void)snprintf(item->value, sizeof(item->value), "%s", value);
	a->d->auto_views[a->d->auto_count] = (struct al_auto){ al_slice_str(item->token), al_slice_str(item->value) };
	a->d->auto_count++;
}

/* ---- what rests of one's own ---- */

struct own {
	struct allot *allot;
	enum al_class cls;
	unsigned len; /* of a prefix */
	const struct al_object *best;
};

static bool stops(const struct al_prefix *at, const struct al_object *child, void *arg)
{
	bool *found = arg;

	(void)at;
	(void)child;
	*found = true;
	return false;
}

static bool given_already(const struct allot *a, struct al_slice key)
{
	for (size_t i = 0; i < a->d->auto_count; i++)
		if (al_slice_is(key, a->d->autos[i].value))
			return true;
	return false;
}

/* Would AUTO hand it out, if it were free? */
static bool own_fits(const struct own *own, const struct al_object *last)
{
	const struct allot *a = own->allot;
	const struct al_object *pool;
	struct al_prefix prefix, around;
	bool inside = false;
	uint32_t asn;

	if ((enum al_class)last->cls != own->cls || given_already(a, al_object_key(last)))
		return false;
	if (own->cls == AL_AUT_NUM) {
		pool = al_object_asn(last, &asn) == AL_OK ? al_state_as_block(a->state, asn) : NULL;
		return pool != NULL && space_feeds(a->space, pool);
	}
	if (al_object_prefix(last, &prefix) != AL_OK || prefix.len != own->len)
		return false;
	pool = al_state_covering_inet(a->state, &prefix, false);
	if (pool == NULL || !space_feeds(a->space, pool) || al_object_prefix(pool, &around) != AL_OK ||
	    !pool_takes(a->state, &around, own->len))
		return false;
	al_state_children(a->state, own->cls, &prefix, stops, &inside);
	return !inside;
}

/* The first maintainer that an object names. AL_ENOTFOUND, AL_ENOMEM. */
static enum al_err raw_mntner(struct al_slice raw, struct al_buf *out)
{
	struct al_raw_attr attr;
	struct al_slice rest, name;
	struct al_buf value;
	unsigned line = 0;
	enum al_err err;
	const char *why;
	bool found = false;

	al_buf_init(&value, 65536);
	while (!found && al_raw_next(&raw, &line, &attr, &err))
		found = err == AL_OK && al_slice_caseis(attr.name, "mnt-by");
	if (found)
		al_raw_value(&attr, &value);
	rest = al_buf_view(&value);
	(void)al_slice_cut(&rest, ',', &name);
	found = found && al_syntax_canon(AL_SYN_MNTNER, name, out, &why) == AL_OK;
	err = value.err == AL_ENOMEM || out->err == AL_ENOMEM ? AL_ENOMEM : found ? AL_OK : AL_ENOTFOUND;
	al_buf_release(&value);
	return err;
}

/* What he returned last of all that fits; AL_ENOTFOUND: nothing, or he has not signed. */
static enum al_err own_pick(const struct own *own, struct al_slice mntner, char out[AL_PREFIX_STRLEN])
{
	struct allot *a = own->allot;
	const struct policy policy = { .state = a->state, .view = { .state = a->state }, .d = a->d };
	size_t place = 0;
	const struct al_object *last = space_own(a->space, mntner, &place, &a->d->work);

	if (last == NULL || !auth_mntner(&policy, mntner))
		return AL_ENOTFOUND;
	while (last != NULL && !own_fits(own, last))
		last = space_own(a->space, mntner, &place, &a->d->work);
	return last != NULL ? al_slice_copy(al_object_key(last), out, AL_PREFIX_STRLEN) : AL_ENOTFOUND;
}

/*
 * Whoever returned something and asks for the next one gets his own again, which nobody else may have now: the one
 * that he returned last. AL_ENOTFOUND: he has none, or has not signed. AL_ENOMEM.
 */
static enum al_err own_find(struct allot *a, unsigned number, enum al_class cls, unsigned len,
			    char out[AL_PREFIX_STRLEN])
{
	const struct own own = { .allot = a, .cls = cls, .len = len };
	struct al_buf name;
	enum al_err err;

	al_buf_init(&name, 256);
	err = raw_mntner(a->d->request.objects[number], &name);
	if (err == AL_OK)
		err = own_pick(&own, al_buf_view(&name), out);
	al_buf_release(&name);
	return err;
}

static enum al_err fill_asn(struct allot *a, unsigned number, struct al_slice token)
{
	char text[AL_ASN_STRLEN], own[AL_PREFIX_STRLEN];
	enum al_err err = own_find(a, number, AL_AUT_NUM, 0, own);
	uint32_t asn;

	if (err == AL_OK)
		define(a, token, own); /* nobody else is offered what rests: it needs not be held */
	if (err != AL_ENOTFOUND)
		return err;
	if (allot_asn(a->state, a->space, &asn) != AL_OK) {
		refuse(a, number, "POLICY-ASN-FREE", "No open as-block has a free AS number");
		return AL_OK;
	}
	if (space_take_asn(a->space, asn) != AL_OK)
		return AL_ENOMEM;
	a->held_asn[a->held_asn_count++] = asn;
	al_asn_format(asn, text);
	define(a, token, text);
	return AL_OK;
}

static enum al_err fill_prefix(struct allot *a, unsigned number, struct al_slice token, unsigned bits, unsigned len)
{
	char text[AL_PREFIX_STRLEN];
	struct al_prefix block;
	enum al_err err;

	if (len == 0) {
		refuse(a, number, "SCHEMA-AUTO", "A prefix placeholder needs a length: AUTO-1/48");
		return AL_OK;
	}
	err = own_find(a, number, bits == 32 ? AL_INETNUM : AL_INET6NUM, len, text);
	if (err == AL_OK)
		define(a, token, text);
	if (err != AL_ENOTFOUND)
		return err;
	if (allot_prefix(a->state, a->space, bits, len, &block) != AL_OK) {
		refuse(a, number, "POLICY-INET-FREE", "No open block has room for a prefix of this length");
		return AL_OK;
	}
	if (space_take(a->space, &block) != AL_OK)
		return AL_ENOMEM;
	a->held[a->held_count++] = block;
	al_prefix_format(&block, text);
	define(a, token, text);
	return AL_OK;
}

static enum al_err fill_object(struct allot *a, unsigned number, struct al_slice raw)
{
	struct al_slice token;
	enum al_class cls;
	unsigned bits, len;

	if (al_object_class(raw, &cls) != AL_OK || !placeholder(raw, &token) ||
	    (cls != AL_AUT_NUM && cls != AL_INETNUM && cls != AL_INET6NUM))
		return AL_OK;
	bits = cls == AL_INETNUM ? 32 : 128;
	if (!token_parse(token, bits, &len) || defined(a, token) || a->d->auto_count == AL_AUTOS_MAX) {
		refuse(a, number, "SCHEMA-AUTO",
		       "A placeholder is written AUTO-1 or AUTO-1/48, each number once, 64 at most");
		return AL_OK;
	}
	return cls == AL_AUT_NUM ? fill_asn(a, number, token) : fill_prefix(a, number, token, bits, len);
}

enum al_err allot_placeholders(struct decision *d, const struct al_state *state, struct space *space)
{
	struct allot a = { .d = d, .state = state, .space = space };
	enum al_err err = AL_OK;

	for (size_t i = 0; err == AL_OK && i < d->request.object_count; i++)
		err = fill_object(&a, (unsigned)i, d->request.objects[i]);
	while (a.held_count > 0)
		space_release(space, &a.held[--a.held_count]);
	while (a.held_asn_count > 0)
		space_release_asn(space, a.held_asn[--a.held_asn_count]);
	return err;
}
