/* SPDX-License-Identifier: MIT */
/*
 * key_roll.c -- see key_roll.h. The waits are sums of what a validator may
 * still have: the TTL of what changes, and how long secondaries take.
 */
#include "key_roll.h"

#include "zone_build.h"

#define SPREAD_S 3600u     /* until every secondary shows a change (RFC 7583: Dprp) */
#define TTL_MOST_S 604800u /* of a member's record */
#define ADD_HOLD_S \
	2764800u /* RFC 5011 section 2.4.1: 30 days, and two for resolvers that ask seldom. People take as long */
#define GONE_HOLD_S 2592000u /* RFC 5011 section 2.4.2: 30 days */

static const struct key_rule rules[KIND_COUNT][STATE_COUNT] = {
	[KIND_ZSK] = {
		[STATE_PUBLISHED] = { .in_set = true, .wait_s = TTL_DELEGATION + SPREAD_S },
		[STATE_ACTIVE] = { .in_set = true, .signs_zone = true },
		[STATE_RETIRED] = { .in_set = true, .wait_s = TTL_MOST_S + SPREAD_S },
	},
	[KIND_KSK] = {
		[STATE_PUBLISHED] = { .in_parent = true, .wait_s = ADD_HOLD_S },
		[STATE_ACTIVE] = { .in_set = true, .signs_set = true, .in_parent = true },
		[STATE_RETIRED] = { .in_parent = true, .wait_s = TTL_DELEGATION + SPREAD_S },
	},
	[KIND_ROOT_KSK] = {
		[STATE_PUBLISHED] = { .in_set = true, .in_parent = true, .wait_s = ADD_HOLD_S },
		[STATE_ACTIVE] = { .in_set = true, .signs_set = true, .in_parent = true },
		[STATE_RETIRED] = { .in_set = true, .signs_set = true, .revoked = true, .wait_s = GONE_HOLD_S },
	},
};

const struct key_rule *key_rule(const struct key_time *key)
{
	return &rules[key->kind][key->state];
}

const char *key_state_name(enum key_state state)
{
	static const char *const names[STATE_COUNT] = { "published", "active", "retired", "gone" };

	return names[state];
}

static void enter(struct key_time *key, enum key_state state, uint64_t now)
{
	key->state = state;
	key->since = now;
}

static bool waited(const struct key_time *key, uint64_t now)
{
	return now >= key->since + key_rule(key)->wait_s;
}

/* The first key of a kind in a state, by time. */
static struct key_time *first_of(struct key_time *const *keys, size_t count, enum key_kind kind, enum key_state state)
{
	struct key_time *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (keys[i]->kind == kind && keys[i]->state == state &&
		    (found == NULL || keys[i]->since < found->since))
			found = keys[i];
	return found;
}

static bool roll_kind(struct key_time *const *keys, size_t count, enum key_kind kind, uint64_t now)
{
	struct key_time *next = first_of(keys, count, kind, STATE_PUBLISHED);
	struct key_time *active = first_of(keys, count, kind, STATE_ACTIVE);
	struct key_time *old = first_of(keys, count, kind, STATE_RETIRED);
	bool changed = false;

	if (old != NULL && waited(old, now)) {
		enter(old, STATE_GONE, now);
		old = NULL;
		changed = true;
	}
	if (next == NULL || old != NULL || (active != NULL && !waited(next, now)))
		return changed;
	if (active != NULL)
		enter(active, STATE_RETIRED, now);
	enter(next, STATE_ACTIVE, now);
	return true;
}

bool key_roll(struct key_time *const *keys, size_t count, uint64_t now)
{
	bool changed = false;

	/* A clock that went back: the wait begins anew, for nobody knows how much of it was true. */
	for (size_t i = 0; i < count; i++)
		if (keys[i]->since > now)
			keys[i]->since = now;
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		changed = roll_kind(keys, count, (enum key_kind)kind, now) || changed;
	return changed;
}

/* The first end of a wait after `now`; UINT64_MAX: nobody waits. */
static uint64_t wait_ends(struct key_time *const *keys, size_t count, uint64_t now)
{
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < count; i++) {
		uint64_t end = keys[i]->since + key_rule(keys[i])->wait_s;

		if ((keys[i]->state == STATE_PUBLISHED || keys[i]->state == STATE_RETIRED) && end > now && end < least)
			least = end;
	}
	return least;
}

/* Every step is at the end of somebody's wait, and nothing is older than the newest state. */
void key_ahead(struct key_time *const *keys, size_t count, struct key_step *out)
{
	uint64_t now = 0;

	for (size_t i = 0; i < count; i++) {
		out[i] = (struct key_step){ keys[i]->state, 0 };
		now = keys[i]->since > now ? keys[i]->since : now;
	}
	for (; now != UINT64_MAX; now = wait_ends(keys, count, now)) {
		(void)key_roll(keys, count, now);
		for (size_t i = 0; i < count; i++)
			if (out[i].at == 0 && keys[i]->state != out[i].state)
				out[i] = (struct key_step){ keys[i]->state, now };
	}
	for (size_t i = 0; i < count; i++)
		if (out[i].at == 0)
			out[i].state = STATE_COUNT;
}
