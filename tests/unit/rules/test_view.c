/* SPDX-License-Identifier: MIT */
/*
 * test_view.c -- a request's own objects over the state, and what it costs to
 * look: steps, which grow with the request and not with its square.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "audit_story.h"
#include "view.h"

/* Steps of deciding this request of Alice's, which is taken or not. */
static uint64_t work_of_request(struct story *s, struct al_buf *header, struct al_buf *objects, bool taken)
{
	struct decision *d = decision_new();
	struct al_buf raw;
	uint64_t work;

	al_buf_init(&raw, AL_REQUEST_MAX);
	al_buf_u8(objects, '\0');
	al_buf_u8(header, '\0');
	assert_int_equal(objects->err, AL_OK);
	story_request(s, "work", (const char *)header->ptr, (const char *)objects->ptr, "1", NS, &raw);
	assert_non_null(d);
	assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
	assert_int_equal(book_decide(s->book, d, START + 1000 * STEP), AL_OK);
	assert_true(d->decoded && d->key_count == 1);
	assert_int_equal(d->accepted, taken);
	work = d->work;
	decision_free(d);
	al_buf_release(&raw);
	return work;
}

/* Of a request that creates or deletes so many sets, all maintained by Alice. */
static uint64_t work_of(struct story *s, unsigned count, bool deletes)
{
	struct al_buf objects, header;
	uint64_t work;

	al_buf_init(&objects, AL_REQUEST_MAX);
	al_buf_init(&header, AL_REQUEST_MAX);
	al_buf_str(&header, "prev:");
	for (unsigned i = 0; i < count; i++) {
		al_buf_printf(&objects, "%sas-set: AS-X%u\nmnt-by: ALICE-MNT\nsource: TEST\n%s", i > 0 ? "\n" : "", i,
			      deletes ? "delete: x\n" : "");
		al_buf_str(&header, " none");
	}
	work = work_of_request(s, &header, &objects, !deletes);
	al_buf_release(&objects);
	al_buf_release(&header);
	return work;
}

/* Of domains below one with so many records, among which a DNAME may be. */
static uint64_t work_below(struct story *s, unsigned records, unsigned domains)
{
	struct al_buf objects, header;
	uint64_t work;

	al_buf_init(&objects, AL_REQUEST_MAX);
	al_buf_init(&header, AL_REQUEST_MAX);
	al_buf_str(&header, "prev: none");
	al_buf_str(&objects, "domain: large.test\n");
	for (unsigned i = 0; i < records; i++)
		al_buf_printf(&objects, "record: a%u AAAA fca1:100::%x\n", i, i);
	al_buf_str(&objects, "mnt-by: ALICE-MNT\nsource: TEST\n");
	for (unsigned i = 0; i < domains; i++) {
		al_buf_printf(&objects,
			      "\ndomain: x%u.large.test\nrecord: @ AAAA fca1:100::1\nmnt-by: ALICE-MNT\nsource: "
			      "TEST\n",
			      i);
		al_buf_str(&header, " none");
	}
	work = work_of_request(s, &header, &objects, true);
	al_buf_release(&objects);
	al_buf_release(&header);
	return work;
}

static void test_a_large_text_above_is_work(void **state)
{
	uint64_t small = work_below(*state, 1, 100) - work_below(*state, 1, 0);
	uint64_t large = work_below(*state, 1000, 100) - work_below(*state, 1000, 0);

	/* More than 20,000 bytes, for each of the domains. */
	assert_true(large >= small + 100 * 20000 / 32);
}

static void test_work_grows_with_the_request(void **state)
{
	uint64_t some = work_of(*state, 50, false), many = work_of(*state, 500, false);

	assert_true(some >= 50);
	assert_true(many < 12 * some);
	some = work_of(*state, 50, true);
	many = work_of(*state, 500, true);
	assert_true(some >= 50);
	assert_true(many < 12 * some);
}

/* What goes is asked for by name, and each reference that it takes away is a step, whichever they are. */
static void test_what_a_delete_costs(void **state)
{
	static const struct {
		const char *prev, *object;
		uint64_t steps;
	} rows[] = {
		{ "prev: 4", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n",
		  1 + 1 },
		{ "prev: 1",
		  "route6: fca1:100::/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", 1 + 2 },
	};
	const struct story *s = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct decision *d = decision_new();
		struct al_buf raw;

		al_buf_init(&raw, AL_REQUEST_MAX);
		story_request(s, "delete", rows[i].prev, rows[i].object, "1", NS, &raw);
		assert_non_null(d);
		assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
		assert_int_equal(book_decide(s->book, d, START + 1000 * STEP), AL_OK);
		assert_true(d->accepted);
		assert_int_equal(d->work, rows[i].steps);
		decision_free(d);
		al_buf_release(&raw);
	}
}

/* A mesh key's proof is tried for each maintainer, at the price of a signature each, whatever becomes of it. */
static void test_what_a_proof_costs(void **state)
{
	static const char *const mntners[] = { "ALICE-MNT", "ALICE-MNT, BOB-MNT, CAROL-MNT" };
	const struct story *s = *state;

	for (size_t i = 0; i < AL_COUNT(mntners); i++) {
		struct decision *d = decision_new();
		char text[600];
		struct al_buf raw;

		al_buf_init(&raw, AL_REQUEST_MAX);
		(void)snprintf(text, sizeof(text),
			       "mesh-node: MESH-ALICE\nmesh-key: 5i4fCpkOIpA2Yz5x8CJhQLZNCKu6oHn+ssPJwQRoC2k=\n"
			       "address: fca1:8082:94df:8e1c:9b4b:5044:f93c:863\nkey-proof: "
			       "lPEdzfCtg8RXIISRy+larcEXuyKBNLkXHJJr"
			       "ryFL04R3U49kQW57h+XlXNbRfkUBhvXy0v+QfXXAQYlLr2MyBg==\nmnt-by: %s\nsource: TEST\n",
			       mntners[i]);
		story_request(s, "proof", "prev: none", text, "124", NS, &raw);
		assert_non_null(d);
		assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
		assert_int_equal(book_decide(s->book, d, START + 1000 * STEP), AL_OK);
		assert_int_equal(d->report.errors, 1); /* it is of another registry */
		assert_in_range(d->work, i == 0 ? 2000 : 6000, i == 0 ? 2100 : 6100);
		decision_free(d);
		al_buf_release(&raw);
	}
}

static struct al_object *object_make(const char *text)
{
	struct al_build build = { .raw = al_slice_str(text), .source = AL_S("TEST") };
	struct al_object *out;
	bool deletes;

	assert_int_equal(al_object_build(&build, NULL, &out, &deletes), AL_OK);
	return out;
}

static void test_own_objects_and_references(void **state)
{
	static const char *const texts[] = {
		"route6: fca1:100::/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n",
		"aut-num: AS4252660110\nas-name: OTHER\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"aut-num: AS4252660110\nas-name: LATER\nmnt-by: ALICE-MNT\nmnt-by: BOB-MNT\nsource: TEST\n",
	};
	struct al_object *objects[AL_COUNT(texts) + 1] = { NULL };
	const struct story *s = *state;
	struct view view;
	uint64_t work = 0;
	size_t before = al_state_references(book_state(s->book), AL_AUT_NUM, AL_S("AS4252660110"));
	size_t bob = al_state_references(book_state(s->book), AL_MNTNER, AL_S("BOB-MNT"));

	for (size_t i = 0; i < AL_COUNT(texts); i++)
		objects[i + 1] = object_make(texts[i]); /* the first one did not build */
	assert_int_equal(view_init(&view, book_state(s->book), objects, AL_COUNT(objects)), AL_OK);
	assert_ptr_equal(view_own(&view, AL_AUT_NUM, AL_S("AS4252660110")), objects[3]);
	assert_ptr_equal(view_get(&view, AL_AUT_NUM, AL_S("AS4252660110")), objects[3]);
	assert_null(view_own(&view, AL_AUT_NUM, AL_S("AS4252660111")));
	assert_non_null(view_get(&view, AL_AUT_NUM, AL_S("AS4252660111")));
	assert_null(view_own(&view, AL_PERSON, AL_S("AS4252660110")));
	assert_int_equal(view_references(&view, AL_AUT_NUM, AL_S("AS4252660110")), before - 1);
	assert_int_equal(view_references(&view, AL_MNTNER, AL_S("BOB-MNT")), bob + 1);
	/* What that costs: a step for each reference that the request takes away or brings. */
	view.work = &work;
	(void)view_references(&view, AL_MNTNER, AL_S("CAROL-MNT"));
	assert_int_equal(work, 0);
	(void)view_references(&view, AL_MNTNER, AL_S("BOB-MNT"));
	assert_int_equal(work, 1);
	(void)view_references(&view, AL_MNTNER, AL_S("ALICE-MNT"));
	assert_int_equal(work, 1 + 5);
	view_release(&view);
	for (size_t i = 1; i < AL_COUNT(objects); i++)
		al_object_unref(objects[i]);
}

/* The smallest block around, of the state and of the request, which may bring one or take one away. */
static void test_blocks_around_a_number(void **state)
{
	static const char *const texts[] = {
		"as-block: AS4252660100-AS4252660199\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\ndelete: x\n",
		"as-block: AS4252660110-AS4252660119\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n",
		"as-block: AS4252660100-AS4252660109\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n",
		"as-block: AS4252660300-AS4252660399\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\ndelete: x\n",
		"domain: x.test\nmnt-by: HOST-MNT\nsource: TEST\n",
		"as-block: AS4252660115-AS4252660124\npolicy: open\nmnt-by: HOST-MNT\nsource: TEST\n",
	};
	static const struct {
		size_t count; /* of the request's objects */
		struct al_asn_range range;
		const char *block; /* NULL: none */
	} rows[] = {
		{ 0, { 4252660115, 4252660115 }, "AS4252660100-AS4252660199" },
		{ 1, { 4252660115, 4252660115 }, "AS4252660000-AS4252669999" },
		{ 2, { 4252660115, 4252660115 }, "AS4252660110-AS4252660119" },
		{ 2, { 4252660110, 4252660119 }, "AS4252660000-AS4252669999" },
		{ 2, { 4252660110, 4252660118 }, "AS4252660110-AS4252660119" },
		{ 2, { 4252660110, 4252660120 }, "AS4252660000-AS4252669999" },
		{ 2, { 4252660109, 4252660119 }, "AS4252660000-AS4252669999" },
		{ 2, { 4252660120, 4252660120 }, "AS4252660000-AS4252669999" },
		{ 3, { 4252660105, 4252660105 }, "AS4252660100-AS4252660109" },
		{ 5, { 4252660350, 4252660350 }, "AS4252660000-AS4252669999" },
		{ 5, { 4252660000, 4252669999 }, NULL },
		{ 5, { 64512, 64512 }, NULL },
		{ 6, { 4252660116, 4252660118 }, "AS4252660110-AS4252660119" }, /* of two of one size the first */
		{ 6, { 4252660120, 4252660121 }, "AS4252660115-AS4252660124" },
	};
	const struct story *s = *state;
	struct al_object *objects[AL_COUNT(texts)];

	for (size_t i = 0; i < AL_COUNT(texts); i++)
		objects[i] = object_make(texts[i]);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct al_object *block;
		struct view view;

		assert_int_equal(view_init(&view, book_state(s->book), objects, rows[i].count), AL_OK);
		block = view_as_block(&view, &rows[i].range);
		assert_int_equal(block != NULL, rows[i].block != NULL);
		if (block != NULL && !al_slice_is(al_object_key(block), rows[i].block))
			fail_msg("row %zu: %.*s", i, AL_FMT(al_object_key(block)));
		view_release(&view);
	}
	for (size_t i = 0; i < AL_COUNT(texts); i++)
		al_object_unref(objects[i]);
}

/* So with address space: what the request brings lies around too, what it takes away does not. */
static void test_blocks_around_an_address(void **state)
{
	static const char *const texts[] = {
		"inet6num: fca1:100::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n",
		"inet6num: fca1:100:0:10::/60\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"inet6num: fca1:100::/24\nnetname: X-NET\nmnt-by: HOST-MNT\nsource: TEST\ndelete: x\n",
	};
	static const struct {
		size_t count;
		const char *prefix;
		bool strict;
		const char *around;
	} rows[] = {
		{ 0, "fca1:100:0:10::/64", false, "fca1:100::/48" },
		{ 0, "fca1:100::/48", false, "fca1:100::/48" },
		{ 0, "fca1:100::/48", true, "fca1:100::/24" },
		{ 1, "fca1:100:0:10::/64", false, "fca1:100::/24" },
		{ 1, "fca1:100::/48", false, "fca1:100::/24" },
		{ 2, "fca1:100:0:10::/64", false, "fca1:100:0:10::/60" },
		{ 2, "fca1:100:0:10::/60", true, "fca1:100::/24" },
		{ 2, "fca1:100:0:20::/64", false, "fca1:100::/24" },
		{ 3, "fca1:100:0:20::/64", false, "fca1::/16" },
		{ 3, "fca1:100:1::/64", false, "fca1:100:1::/48" },
		{ 3, "fd00::/48", false, NULL },
	};
	const struct story *s = *state;
	struct al_object *objects[AL_COUNT(texts)];

	for (size_t i = 0; i < AL_COUNT(texts); i++)
		objects[i] = object_make(texts[i]);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct al_object *around;
		struct al_prefix prefix;
		struct view view;

		assert_int_equal(view_init(&view, book_state(s->book), objects, rows[i].count), AL_OK);
		assert_int_equal(al_prefix_parse(al_slice_str(rows[i].prefix), &prefix), AL_OK);
		around = view_covering_inet(&view, &prefix, rows[i].strict);
		assert_int_equal(around != NULL, rows[i].around != NULL);
		if (around != NULL && !al_slice_is(al_object_key(around), rows[i].around))
			fail_msg("row %zu: %.*s", i, AL_FMT(al_object_key(around)));
		view_release(&view);
	}
	for (size_t i = 0; i < AL_COUNT(texts); i++)
		al_object_unref(objects[i]);
}

/* A look is a step, and so is each of the request's own objects that it is compared with. */
static void test_what_a_look_costs(void **state)
{
	const struct story *s = *state;
	const struct al_asn_range range = { 64512, 64513 };
	struct al_object *own = object_make("domain: x.test\nmnt-by: HOST-MNT\nsource: TEST\n");
	struct al_prefix prefix;
	struct view view;
	uint64_t work = 0;

	assert_int_equal(view_init(&view, book_state(s->book), &own, 1), AL_OK);
	view.work = &work;
	assert_int_equal(al_prefix_parse(AL_S("fd00::/48"), &prefix), AL_OK);
	assert_null(view_covering_inet(&view, &prefix, false));
	assert_int_equal(work, 1);
	assert_int_equal(al_prefix_parse(AL_S("fca1:100::/48"), &prefix), AL_OK);
	assert_non_null(view_covering_inet(&view, &prefix, false));
	assert_int_equal(work, 3);
	assert_ptr_equal(view_own(&view, AL_DOMAIN, AL_S("x.test")), own);
	assert_int_equal(work, 4);
	assert_null(view_as_block(&view, &range)); /* which passes the state's three blocks */
	assert_int_equal(work, 8);
	view_release(&view);
	al_object_unref(own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_work_grows_with_the_request), cmocka_unit_test(test_own_objects_and_references),
		cmocka_unit_test(test_blocks_around_a_number),      cmocka_unit_test(test_blocks_around_an_address),
		cmocka_unit_test(test_what_a_look_costs),           cmocka_unit_test(test_what_a_delete_costs),
		cmocka_unit_test(test_what_a_proof_costs),          cmocka_unit_test(test_a_large_text_above_is_work),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
