/* SPDX-License-Identifier: MIT */
/*
 * test_book.c -- state, free space and texts move together: by a decision, by
 * an entry, and not at all when an entry does not apply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "allot.h"
#include "audit_story.h"

static struct al_slice story_entry(const struct story *s, size_t at)
{
	return al_buf_view(&s->log.leaf[at]);
}

static uint32_t next_asn(struct book *book)
{
	uint32_t asn;

	assert_int_equal(allot_asn(book_state(book), book_space(book), &asn), AL_OK);
	return asn;
}

static void identity(struct al_slice bytes, uint8_t hash[static AL_HASH_LEN])
{
	struct al_entry entry;

	assert_int_equal(al_entry_decode(bytes, &entry), AL_OK);
	al_request_identity(entry.body, hash);
}

static void test_entries_move_all_three(void **state)
{
	struct story *s = *state;
	uint8_t hash[AL_HASH_LEN];
	struct book *book;
	uint64_t index;

	assert_int_equal(book_new(&book), AL_OK);
	assert_int_equal(book_load(book, story_entry(s, 0)), AL_OK);
	assert_int_equal(next_asn(book), 4252660110u);
	identity(story_entry(s, 1), hash);
	assert_false(book_find_text(book, hash, &index));
	assert_int_equal(book_load(book, story_entry(s, 1)), AL_OK);
	assert_int_equal(next_asn(book), 4252660111u);
	assert_true(book_find_text(book, hash, &index));
	assert_int_equal(index, 1);
	book_free(book);
}

static void test_what_does_not_apply_changes_nothing(void **state)
{
	struct story *s = *state;
	uint8_t hash[AL_HASH_LEN];
	struct book *book;
	uint64_t index;

	assert_int_equal(book_new(&book), AL_OK);
	assert_int_equal(book_load(book, story_entry(s, 0)), AL_OK);
	assert_int_not_equal(book_load(book, story_entry(s, 2)), AL_OK);
	assert_int_not_equal(book_load(book, AL_S("no entry")), AL_OK);
	assert_int_equal(al_state_size(book_state(book)), 1);
	assert_int_equal(next_asn(book), 4252660110u);
	identity(story_entry(s, 2), hash);
	assert_false(book_find_text(book, hash, &index));
	book_free(book);
}

/* A registry may have cheated: the place that counts is the first. */
static void test_a_text_twice_keeps_its_first_place(void **state)
{
	struct story *s = *state;
	uint8_t hash[AL_HASH_LEN];
	struct al_entry entry;
	struct al_buf again;
	struct book *book;
	uint64_t index;

	al_buf_init(&again, AL_ENTRY_MAX);
	assert_int_equal(book_new(&book), AL_OK);
	for (size_t i = 0; i < s->log.count; i++)
		assert_int_equal(book_load(book, story_entry(s, i)), AL_OK);
	assert_int_equal(al_entry_decode(story_entry(s, 5), &entry), AL_OK);
	entry.index = al_state_size(book_state(book));
	entry.time = al_state_time(book_state(book));
	assert_int_equal(al_entry_encode(&entry, &again), AL_OK);
	assert_int_equal(book_load(book, al_buf_view(&again)), AL_OK);
	identity(al_buf_view(&again), hash);
	assert_true(book_find_text(book, hash, &index));
	assert_int_equal(index, 5);
	book_free(book);
	al_buf_release(&again);
}

static enum al_err refuse_domains(void *arg, const struct al_object *old, const struct al_object *now)
{
	(void)old;
	(*(size_t *)arg)++;
	return now->cls == AL_DOMAIN ? AL_ELIMIT : AL_OK;
}

static void test_the_hook_sees_each_object_and_its_error_is_told(void **state)
{
	struct story *s = *state;
	size_t seen = 0;
	struct book *book;

	assert_int_equal(book_new(&book), AL_OK);
	book_observe(book, refuse_domains, &seen);
	assert_int_equal(book_load(book, story_entry(s, 0)), AL_OK);
	assert_int_equal(seen, 8);
	assert_int_equal(book_load(book, story_entry(s, 1)), AL_ELIMIT);
	assert_int_equal(seen, 13);
	book_free(book);
}

/* What was asked at a time has brought the space there, whatever became of it; a clock that is set back does not bring it back. */
static void test_log_time_stays(void **state)
{
	static const uint64_t asked[] = { START + 5000, START + 4000, START + 5001 };
	static const uint64_t given[] = { START + 5000, START + 5000, START + 5001 };
	struct story *s = *state;
	struct al_buf raw;

	al_buf_init(&raw, AL_REQUEST_MAX);
	story_request(s, "later", "prev: none",
		      "domain: later.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", NS, &raw);
	for (size_t i = 0; i < AL_COUNT(asked); i++) {
		struct decision *d = decision_new();

		assert_non_null(d);
		assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
		assert_int_equal(book_decide(s->book, d, asked[i]), AL_OK);
		assert_true(d->accepted);
		assert_int_equal(d->time, given[i]);
		decision_free(d);
	}
	decision_free(NULL);
	book_free(NULL);
	al_buf_release(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_move_all_three),
		cmocka_unit_test(test_what_does_not_apply_changes_nothing),
		cmocka_unit_test(test_a_text_twice_keeps_its_first_place),
		cmocka_unit_test(test_the_hook_sees_each_object_and_its_error_is_told),
		cmocka_unit_test(test_log_time_stays),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
