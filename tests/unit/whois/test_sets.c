/* SPDX-License-Identifier: MIT */
/*
 * test_sets.c -- prefix ranges and set expansion: members, members by
 * reference, loops, families, and bounds.
 */
#include "fixture.h"
#include "expand.h"
#include "sets.h"

/* ---- ranges ---- */

static void test_ranges(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.0.0.0/8^+", "10.0.0.0/8^+" },
		{ "10.0.0.0/8^-", "10.0.0.0/8^-" },
		{ "10.0.0.0/8^16", "10.0.0.0/8^16-16" },
		{ "10.0.0.0/8^16-16", "10.0.0.0/8^16-16" },
		{ "10.0.0.0/8^16-24", "10.0.0.0/8^16-24" },
		{ "10.0.0.0/8^8", "10.0.0.0/8" },
		{ "10.0.0.0/8^4-8", "10.0.0.0/8" },
		{ "10.0.0.0/8^0-32", "10.0.0.0/8^+" },
		{ "10.0.0.0/8^9-32", "10.0.0.0/8^-" },
		{ "10.0.0.0/8^24-128", "10.0.0.0/8^24-32" },
		{ "10.0.0.1/32^+", "10.0.0.1/32" },
		{ "fd00::/8^48", "fd00::/8^48-48" },
		{ "::/0^-", "::/0^-" },
		{ "10.0.0.0/8^4-7", NULL },
		{ "10.0.0.1/32^-", NULL },
		{ "10.0.0.0/8^", NULL },
		{ "10.0.0.0/8^x", NULL },
		{ "10.0.0.0/8^129", NULL },
		{ "10.0.0.0/8^24-16", NULL },
		{ "10.0.0.0/8^16-", NULL },
		{ "10.0.0.0/8^+^+", NULL },
		{ "10.0.0.1/8", NULL },
		{ "AS1^+", NULL },
		{ "", NULL },
	};
	struct whois_range range;
	struct al_buf text;
	size_t i;

	(void)state;
	al_buf_init(&text, 256);
	for (i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err = whois_range_parse(al_slice_str(rows[i].text), &range);

		al_buf_reset(&text);
		if (err == AL_OK)
			whois_range_format(&range, &text);
		if ((err == AL_OK) != (rows[i].want != NULL) ||
		    (err == AL_OK && !al_slice_is(al_buf_view(&text), rows[i].want))) {
			print_error("%s: %s %.*s\n", rows[i].text, al_err_name(err), AL_FMT(al_buf_view(&text)));
			fail();
		}
	}
	al_buf_release(&text);
}

/* ---- sets ---- */

enum how { DIRECT, DEEP, PREFIXES };

static void members_text(const struct whois_members *m, struct al_buf *out)
{
	char asn[AL_ASN_STRLEN];
	size_t i;

	for (i = 0; i < m->name_count; i++)
		al_buf_printf(out, "%.*s ", AL_FMT(m->names[i]));
	for (i = 0; i < m->asn_count; i++) {
		al_asn_format(m->asns[i], asn);
		al_buf_printf(out, "%s ", asn);
	}
	for (i = 0; i < m->range_count; i++) {
		whois_range_format(&m->ranges[i], out);
		al_buf_str(out, " ");
	}
}

/* To the end, in turns of `work`; *turns says how many. */
static enum al_err run(const struct fixture *f, const struct whois_expand *ask, size_t work,
		       struct whois_expansion **out, unsigned *turns)
{
	enum al_err err;

	assert_int_equal(whois_expansion_new(&f->view, ask, out), AL_OK);
	for (*turns = 1; (err = whois_expansion_run(*out, work)) == AL_EAGAIN; ++*turns)
		assert_true(*turns < 1000000);
	return err;
}

static void check_text(const char *name, const struct whois_members *members, const char *want)
{
	struct al_buf text;

	al_buf_init(&text, 65536);
	members_text(members, &text);
	if (!al_slice_is(al_slice_trim(al_buf_view(&text)), want)) {
		print_error("%s\n got: %.*s\nwant: %s\n", name, AL_FMT(al_buf_view(&text)), want);
		fail();
	}
	al_buf_release(&text);
}

static void check_set(const struct fixture *f, const char *name, enum how how, unsigned families, const char *want)
{
	static const size_t works[] = { 1, 3, SIZE_MAX };
	const struct al_object *set = whois_set_get(&f->view, al_slice_str(name));
	struct whois_expand ask = { .families = WHOIS_V4 | WHOIS_V6 };
	struct whois_expansion *expansion;
	struct whois_members members;
	unsigned turns;

	assert_non_null(set);
	whois_members_init(&members);
	if (how == DIRECT) {
		assert_int_equal(whois_set_direct(&f->view, set, &members), AL_OK);
		check_text(name, &members, want);
	}
	whois_members_release(&members);
	ask.set = al_object_key(set);
	ask.routes = how == PREFIXES || set->cls == AL_ROUTE_SET;
	if (how == PREFIXES)
		ask.families = families;
	/* The same, however it is cut into turns. */
	for (size_t i = 0; how != DIRECT && i < AL_COUNT(works); i++) {
		assert_int_equal(run(f, &ask, works[i], &expansion, &turns), AL_OK);
		assert_true(turns == 1 || works[i] != SIZE_MAX);
		check_text(name, whois_expansion_members(expansion), want);
		whois_expansion_free(expansion);
	}
}

static void test_sets(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	check_set(&f, "as-fisher", DIRECT, 0, "AS-INNER AS64500");
	check_set(&f, "as-inner", DIRECT, 0, "AS-FISHER AS-GONE AS64501");
	/* AS-FISHER and AS-INNER name each other; AS-GONE does not exist. */
	check_set(&f, "as-fisher", DEEP, 0, "AS64500 AS64501");
	check_set(&f, "as-inner", DEEP, 0, "AS64500 AS64501");
	/* AS64501 claims to be in AS-OPEN, whose mbrs-by-ref does not have its maintainer. */
	check_set(&f, "as-open", DIRECT, 0, "AS64500");
	check_set(&f, "as-open", DEEP, 0, "AS64500");
	check_set(&f, "as-empty", DEEP, 0, "");
	check_set(&f, "as64500:as-customers", DEEP, 0, "AS64502");
	/* mbrs-by-ref: ANY */
	check_set(&f, "rs-ref", DIRECT, 0, "10.1.2.0/24 10.2.0.0/16");
	check_set(&f, "rs-ref", DEEP, 0, "10.1.2.0/24 10.2.0.0/16");
	check_set(&f, "rs-mix", DIRECT, 0, "10.9.0.0/16^+ AS-INNER AS64500 RS-REF fd00:9::/32^48");
	check_set(&f, "rs-mix", DEEP, 0,
		  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16 10.9.0.0/16^+ fd00:1:1::/48 "
		  "fd00:1:2::/48 fd00:9::/32^48-48");
	check_set(&f, "as-fisher", PREFIXES, WHOIS_V4, "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16");
	check_set(&f, "as-fisher", PREFIXES, WHOIS_V6, "fd00:1:1::/48 fd00:1:2::/48");
	check_set(&f, "as-fisher", PREFIXES, WHOIS_V4 | WHOIS_V6,
		  "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16 fd00:1:1::/48 fd00:1:2::/48");
	assert_null(whois_set_get(&f.view, AL_S("AS-GONE")));
	assert_null(whois_set_get(&f.view, AL_S("AS64500")));
	assert_null(whois_set_get(&f.view, AL_S("")));
	fixture_release(&f);
}

/* Range operators behind sets and AS numbers, one within the other, and a set that names itself with one. */
static void test_operators(void **state)
{
#define SET(NAME, LINE) "route-set: " NAME "\n" LINE "\nmnt-by: A-MNT\nsource: ALAMO\n"
	static const char *const sets[] = {
		SET("RS-MORE", "members: RS-REF^+"),
		SET("RS-NEST", "members: RS-MORE^24-28"),
		SET("RS-CUT", "members: RS-MORE^16"),
		SET("RS-WIDE", "members: RS-CUT^17-20"),
		SET("RS-SELF", "members: RS-SELF^-, 10.0.0.0/30"),
		SET("RS-AS", "mp-members: AS64501^-, AS-FISHER^+, RS-REF"),
		NULL,
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	fixture_puts(&f, sets);
	check_set(&f, "rs-more", DIRECT, 0, "RS-REF^+");
	check_set(&f, "rs-more", DEEP, 0, "10.1.2.0/24^+ 10.2.0.0/16^+");
	check_set(&f, "rs-nest", DEEP, 0, "10.1.2.0/24^24-28 10.2.0.0/16^24-28");
	check_set(&f, "rs-cut", DEEP, 0, "10.2.0.0/16");
	check_set(&f, "rs-wide", DEEP, 0, "10.2.0.0/16^17-20");
	check_set(&f, "rs-self", DEEP, 0, "10.0.0.0/30 10.0.0.0/30^- 10.0.0.0/30^32-32");
	check_set(&f, "rs-as", DEEP, 0,
		  "10.1.0.0/16^+ 10.1.0.0/16^- 10.1.2.0/24 10.1.2.0/24^+ 10.2.0.0/16 10.2.0.0/16^+ 10.2.0.0/16^- "
		  "fd00:1:1::/48^+ fd00:1:2::/48^+ fd00:1:2::/48^-");
	fixture_release(&f);
}

/* A ring with chords: every set is reached many times and visited once. */
static void test_long_loop(void **state)
{
	struct fixture f;
	char text[256];
	unsigned i;

	(void)state;
	fixture_init(&f);
	for (i = 0; i < 500; i++) {
		(void)snprintf(text, sizeof(text),
			       "as-set: AS-RING%u\nmembers: AS-RING%u, AS-RING%u, AS%u\nmnt-by: A-MNT\nsource: TEST\n",
			       i, (i + 1) % 500, i * 7 % 500, 64512 + i % 3);
		fixture_put(&f, text);
	}
	check_set(&f, "as-ring499", DEEP, 0, "AS64512 AS64513 AS64514");
	fixture_release(&f);
}

/* Sets with a name many times over, which nobody has, or which is passed over and thus no part of the answer's reasons. */
static void test_work_bound(void **state)
{
	struct whois_expand ask = { .set = AL_S("AS-WIDE0"), .families = WHOIS_V4 | WHOIS_V6 };
	struct whois_expansion *expansion;
	struct fixture f;
	struct al_buf text;
	unsigned i, k, turns;

	(void)state;
	fixture_init(&f);
	al_buf_init(&text, 65536);
	for (k = 0; k < 900; k++) {
		al_buf_reset(&text);
		al_buf_printf(&text, "as-set: AS-WIDE%u\nmnt-by: A-MNT\nsource: TEST\nmembers: AS-WIDE%u", k, k + 1);
		for (i = 0; i < 1200; i++)
			al_buf_str(&text, ", AS-X");
		al_buf_u8(&text, '\n');
		al_buf_u8(&text, 0);
		fixture_put(&f, (const char *)text.ptr);
	}
	al_buf_release(&text);
	for (i = 0; i < 2; i++) {
		ask.excluded = i == 0 ? AL_S("") : AL_S("AS-X");
		assert_int_equal(run(&f, &ask, 1000, &expansion, &turns), AL_ELIMIT);
		assert_in_range(turns, WHOIS_SET_WORK_MAX / 1000, WHOIS_SET_WORK_MAX / 1000 + 20);
		whois_expansion_free(expansion);
	}
	fixture_release(&f);
}

/* A change between two turns: the answer is of the state at its end, whatever was seen before. */
static void test_change_between(void **state)
{
	struct whois_expand ask = { .set = AL_S("AS-FISHER"), .families = WHOIS_V4, .routes = true };
	struct whois_expansion *expansion;
	struct fixture f;
	unsigned i;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	assert_int_equal(whois_expansion_new(&f.view, &ask, &expansion), AL_OK);
	for (i = 0; i < 5; i++)
		assert_int_equal(whois_expansion_run(expansion, 1), AL_EAGAIN);
	fixture_put(&f, "as-set: AS-FISHER\nmembers: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\n");
	while (whois_expansion_run(expansion, 1) == AL_EAGAIN)
		;
	check_text("AS-FISHER", whois_expansion_members(expansion), "10.1.0.0/16 10.2.0.0/16");
	assert_true(whois_expansion_current(expansion));
	fixture_put(&f, "as-set: AS-FISHER\nmnt-by: FISHER-MNT\nsource: TEST\n");
	assert_false(whois_expansion_current(expansion));
	whois_expansion_free(expansion);
	/* What was found and is not there any more is forgotten. */
	ask.routes = false;
	fixture_put(&f, "as-set: AS-FISHER\nmembers: AS64500, AS64501, AS64502\nmnt-by: FISHER-MNT\nsource: TEST\n");
	assert_int_equal(whois_expansion_new(&f.view, &ask, &expansion), AL_OK);
	while (whois_expansion_members(expansion)->asn_count == 0)
		assert_int_equal(whois_expansion_run(expansion, 1), AL_EAGAIN);
	fixture_put(&f, "as-set: AS-FISHER\nmembers: AS64502\nmnt-by: FISHER-MNT\nsource: TEST\n");
	while (whois_expansion_run(expansion, 1) == AL_EAGAIN)
		;
	check_text("AS-FISHER", whois_expansion_members(expansion), "AS64502");
	whois_expansion_free(expansion);
	ask.routes = true;
	/* A log that never rests does not keep it from ending: the third time it starts over, it goes on to its end. */
	ask.set = AL_S("AS-INNER");
	assert_int_equal(whois_expansion_new(&f.view, &ask, &expansion), AL_OK);
	for (i = 0; whois_expansion_run(expansion, 1) == AL_EAGAIN; i++) {
		assert_true(i < 3);
		fixture_put(&f, "as-set: AS-OTHER\nmnt-by: FISHER-MNT\nsource: TEST\n");
	}
	assert_int_equal(i, 3);
	whois_expansion_free(expansion);
	fixture_release(&f);
}

static void test_origin(void **state)
{
	struct whois_expand ask = { .asn = 64501, .families = WHOIS_V4, .routes = true };
	struct whois_expansion *expansion;
	struct fixture f;
	unsigned turns;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	assert_int_equal(run(&f, &ask, 1, &expansion, &turns), AL_OK);
	assert_int_equal(whois_expansion_members(expansion)->range_count, 2);
	whois_expansion_free(expansion);
	ask.asn = 1;
	assert_int_equal(run(&f, &ask, 1, &expansion, &turns), AL_OK);
	assert_int_equal(whois_expansion_members(expansion)->range_count, 0);
	whois_expansion_free(expansion);
	fixture_release(&f);
}

/* Who claims to be in a set, and an AS's routes, are work as members are: a turn looks at so many and no more. */
static void test_turns_of_objects(void **state)
{
	struct whois_expand ask = { .asn = 64502, .families = WHOIS_V4 | WHOIS_V6, .routes = true };
	struct whois_expansion *expansion;
	struct fixture f;
	char text[160];
	unsigned i, turns;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	for (i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text),
			       "route: 10.8.%u.0/24\norigin: AS64502\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&f, text);
		(void)snprintf(text, sizeof(text),
			       "aut-num: AS%u\nas-name: NEW\nmnt-by: FISHER-MNT\nmember-of: AS-OPEN\nsource: TEST\n",
			       65000 + i);
		fixture_put(&f, text);
	}
	assert_int_equal(run(&f, &ask, 10, &expansion, &turns), AL_OK);
	assert_int_equal(whois_expansion_members(expansion)->range_count, 100);
	assert_in_range(turns, 11, 13);
	whois_expansion_free(expansion);
	ask = (struct whois_expand){ .set = AL_S("AS-OPEN"), .families = WHOIS_V4 | WHOIS_V6 };
	assert_int_equal(run(&f, &ask, 10, &expansion, &turns), AL_OK);
	assert_int_equal(whois_expansion_members(expansion)->asn_count, 101);
	assert_in_range(turns, 11, 13);
	whois_expansion_free(expansion);
	fixture_release(&f);
}

/* An array doubles from 32 on, and stops where its bound is reached. */
static void test_arrays_are_bounded(void **state)
{
	void *items = NULL;
	size_t cap = 0;

	(void)state;
	assert_int_equal(whois_array_reserve(&items, &cap, 0, 8, 64), AL_OK);
	assert_int_equal(cap, 32);
	assert_int_equal(whois_array_reserve(&items, &cap, 31, 8, 32), AL_OK);
	assert_int_equal(cap, 32);
	assert_int_equal(whois_array_reserve(&items, &cap, 32, 8, 32), AL_ELIMIT);
	assert_int_equal(cap, 32);
	assert_int_equal(whois_array_reserve(&items, &cap, 32, 8, 33), AL_OK);
	assert_int_equal(cap, 64);
	memset(items, 1, cap * 8);
	assert_int_equal(whois_array_reserve(&items, &cap, 64, 8, 64), AL_ELIMIT);
	free(items);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrays_are_bounded),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_long_loop),
		cmocka_unit_test(test_work_bound),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_change_between),
		cmocka_unit_test(test_turns_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
