/* SPDX-License-Identifier: MIT */
/*
 * test_validity.c -- the verdict is RFC 6811 over the set that routers get, and what is said to mend it does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routes.h"

#include "why.h"

#define ROUNDS 400
#define ROUTES 12

static const char *const prefixes[] = { "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24",  "10.1.2.0/25",
					"fd00::/16",  "fd00:1::/32", "fd00:1:1::/48" };
static const uint32_t asns[] = { 0, 64500, 64501 };

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static struct al_prefix prefix_of(const char *text)
{
	struct al_prefix prefix;

	assert_int_equal(al_prefix_parse(al_slice_str(text), &prefix), AL_OK);
	return prefix;
}

static void put_route(struct al_state *state, struct entry *entry, const struct al_prefix *prefix, uint32_t asn,
		      int max, bool gone)
{
	entry_add_route(entry, prefix, asn, max, gone, (uint32_t)entry->index);
	entry_put(entry, state);
}

static void put_text(struct al_state *state, struct entry *entry, const char *text)
{
	entry_add(entry, al_slice_str(text));
	entry_put(entry, state);
}

/* RFC 6811 section 2, as it stands there, over the records themselves. */
static enum validity by_definition(const struct vrp_set *set, const struct al_prefix *prefix, uint32_t asn)
{
	const struct vrp *record;
	struct vrp_walk walk;
	bool covered = false;

	vrp_walk_start(&walk, set);
	for (size_t i = 0; i < set->vrps && (record = vrp_walk_next(&walk)) != NULL; i++) {
		struct al_prefix vrp = vrp_prefix(record);

		if (!al_prefix_covers(&vrp, prefix))
			continue;
		covered = true;
		if (prefix->len <= record->max && asn == record->asn && asn != 0)
			return VALIDITY_VALID;
	}
	return covered ? VALIDITY_INVALID : VALIDITY_UNKNOWN;
}

static void fill(struct al_state *state, struct entry *entry)
{
	put_text(state, entry,
		 "inetnum: 10.0.0.0/8\nnetname: TEN\nmnt-by: TEN-MNT\nmnt-lower: LOW-MNT\nsource: TEST\n");
	put_text(state, entry, "inet6num: fd00::/16\nnetname: SIX\nmnt-by: SIX-MNT\nsource: TEST\n");
	put_text(state, entry, "aut-num: AS64500\nas-name: ONE\nmnt-by: ONE-MNT\nsource: TEST\n");
	for (unsigned i = 0; i < ROUTES; i++) {
		struct al_prefix prefix = prefix_of(prefixes[draw(AL_COUNT(prefixes))]);
		int max = draw(2) == 0 ? -1 : (int)(prefix.len + draw(10));

		put_route(state, entry, &prefix, asns[draw(AL_COUNT(asns))], max, draw(4) == 0);
	}
}

/* "delete [route] KEY, signed by MNT", "or change [route] KEY to ...": the key's object goes, or gets another max-length. */
static void follow_key(struct al_state *state, struct entry *entry, struct al_slice line, int max, bool gone)
{
	struct al_slice key = line, head;
	const struct al_object *route;
	enum al_class cls;
	struct vrp vrp;
	struct al_prefix prefix;

	assert_true(al_slice_cut(&key, ']', &head));
	cls = al_slice_ends(head, "[route6") ? AL_ROUTE6 : AL_ROUTE;
	assert_true(al_slice_word(&key, ",", &head));
	route = al_state_get(state, cls, head);
	assert_non_null(route);
	assert_true(vrp_of_object(route, &vrp));
	prefix = vrp_prefix(&vrp);
	put_route(state, entry, &prefix, vrp.asn, max, gone);
}

/* Does exactly what it is told; `change` follows the other way alone. True: there was something to follow. */
static bool follow(struct al_state *state, struct entry *entry, const struct why *why, struct al_slice mend,
		   bool change)
{
	struct al_slice line;
	bool some = false;

	while (al_slice_line(&mend, &line)) {
		bool other = al_slice_starts(line, "or change ");

		if (other != change)
			continue;
		some = true;
		if (al_slice_starts(line, "delete "))
			follow_key(state, entry, line, -1, true);
		else if (al_slice_starts(line, "register "))
			put_route(state, entry, &why->prefix, why->asn, -1, false);
		else if (other)
			follow_key(state, entry, line, why->prefix.len, false);
		else if (!al_slice_starts(line, "get an address block first"))
			fail_msg("no way is known to \"%.*s\"", AL_FMT(line));
	}
	return some;
}

struct tally {
	unsigned verdicts[4], mended, changed;
};

static void check_mend(uint32_t start, struct why *why, const char *prefix, bool change, struct tally *tally)
{
	struct al_state *state;
	struct entry entry = { .count = 0 };
	struct al_buf mend;

	seed = start;
	al_buf_init(&mend, 65536);
	assert_int_equal(al_state_new(&state), AL_OK);
	fill(state, &entry);
	why->prefix = prefix_of(prefix);
	why_look(why, state);
	why_put_mend(why, &mend);
	if (why->look.verdict == VALIDITY_VALID || why->asn == 0) {
		assert_int_equal(mend.len, 0);
	} else if (follow(state, &entry, why, al_buf_view(&mend), change)) {
		assert_int_equal(validity_of(state, &why->prefix, why->asn), VALIDITY_VALID);
		*(change ? &tally->changed : &tally->mended) += 1;
	} else {
		assert_true(change);
	}
	al_buf_release(&mend);
	al_state_free(state);
}

static void check_all(const struct al_state *state, const struct vrp_set *set, uint32_t start, struct tally *tally)
{
	struct why *why = calloc(1, sizeof(*why));

	assert_non_null(why);
	for (size_t p = 0; p < AL_COUNT(prefixes); p++)
		for (size_t a = 0; a < AL_COUNT(asns); a++) {
			struct al_prefix prefix = prefix_of(prefixes[p]);
			enum validity want = by_definition(set, &prefix, asns[a]);

			if (validity_of(state, &prefix, asns[a]) != want)
				fail_msg("seed %u: %s AS%u is %s", start, prefixes[p], asns[a],
					 validity_name(validity_of(state, &prefix, asns[a])));
			tally->verdicts[want]++;
			why->asn = asns[a];
			check_mend(start, why, prefixes[p], false, tally);
			check_mend(start, why, prefixes[p], true, tally);
		}
	free(why);
}

struct listed {
	const struct al_state *state;
	const struct vrp_set *set;
};

/* A route is valid by itself if and only if it gives a record (its origin's own prefix is one that the AS may originate). */
static bool check_route(const struct al_object *route, void *arg)
{
	const struct listed *listed = arg;
	struct vrp vrp;
	struct al_prefix prefix;

	assert_true(vrp_of_object(route, &vrp));
	prefix = vrp_prefix(&vrp);
	assert_int_equal(validity_of_route(listed->state, route),
			 vrp.asn == 0 ? VALIDITY_NONE : by_definition(listed->set, &prefix, vrp.asn));
	return true;
}

static void verdicts(void **unused)
{
	struct tally tally = { 0 };

	(void)unused;
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct al_state *state;
		struct entry entry = { .count = 0 };
		struct vrp_set *set;
		struct listed listed;

		seed = round;
		assert_int_equal(al_state_new(&state), AL_OK);
		fill(state, &entry);
		assert_int_equal(vrp_build(state, al_state_size(state), &set), AL_OK);
		listed = (struct listed){ state, set };
		al_state_each(state, AL_ROUTE, check_route, &listed);
		al_state_each(state, AL_ROUTE6, check_route, &listed);
		if (round < ROUNDS / 10)
			check_all(state, set, round, &tally);
		vrp_set_unref(set);
		al_state_free(state);
	}
	for (int i = VALIDITY_VALID; i <= VALIDITY_UNKNOWN; i++)
		assert_true(tally.verdicts[i] > 20);
	assert_true(tally.mended > 100 && tally.changed > 10);
}

/* So many routes around one prefix that nobody looks at all of them: no verdict, and no guess. */
static void too_many(void **unused)
{
	struct al_prefix prefix = prefix_of("10.0.0.0/8");
	struct entry entry = { .count = 0 };
	struct al_state *state;

	(void)unused;
	assert_int_equal(al_state_new(&state), AL_OK);
	for (uint32_t i = 0; i < VALIDITY_ROUTES_MAX; i++)
		put_route(state, &entry, &prefix, 64600 + i, -1, false);
	assert_int_equal(validity_of(state, &prefix, 64600), VALIDITY_VALID);
	assert_int_equal(validity_of(state, &prefix, 64500), VALIDITY_INVALID);
	put_route(state, &entry, &prefix, 64599, -1, false);
	assert_int_equal(validity_of(state, &prefix, 64600), VALIDITY_NONE);
	al_state_free(state);
}

static void as_typed(void **unused)
{
	static const char *const good[] = { "10.1.0.0/16 AS64500", "AS64500 10.1.0.0/16", "10.1.2.3/16 as64500",
					    "  10.1.0.0/16\t64500 " };
	static const char *const bad[] = { "",
					   "10.1.0.0/16",
					   "AS64500",
					   "10.1.0.0/16 AS64500 AS64501",
					   "10.1.0.0/33 AS64500",
					   "10.1.0.0/16 AS4294967296",
					   "AS1 AS2" };
	struct why why;

	(void)unused;
	for (size_t i = 0; i < AL_COUNT(good); i++) {
		struct al_prefix want = prefix_of("10.1.0.0/16");

		assert_int_equal(why_parse(al_slice_str(good[i]), &why), AL_OK);
		assert_true(al_prefix_eq(&why.prefix, &want));
		assert_int_equal(why.asn, 64500);
	}
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(why_parse(al_slice_str(bad[i]), &why), AL_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(too_many),
		cmocka_unit_test(as_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
