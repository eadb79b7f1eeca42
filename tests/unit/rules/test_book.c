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

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789" /* 70 bytes */

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

/* So of a decision that is put; and its text, which did not become an entry, is none. */
static void test_the_hooks_error_of_what_is_put(void **state)
{
	struct story *s = *state;
	struct decision *d = decision_new();
	uint64_t index;
	struct al_buf raw;
	size_t seen = 0;

	al_buf_init(&raw, AL_REQUEST_MAX);
	story_request(s, "hook", "prev: none",
		      "as-set: AS-HOOK\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		      "domain: hook.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		      "as-set: AS-LAST\nmnt-by: ALICE-MNT\nsource: TEST\n",
		      "1", NS, &raw);
	assert_non_null(d);
	assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
	assert_int_equal(book_decide(s->book, d, START + 900), AL_OK);
	assert_true(d->accepted);
	book_observe(s->book, refuse_domains, &seen);
	assert_int_equal(book_put(s->book, d), AL_ELIMIT);
	assert_int_equal(seen, 3);
	assert_false(book_find_text(s->book, d->request.hash, &index));
	decision_free(d);
	al_buf_release(&raw);
}

/* What is no request has no text, whatever stands in it. */
static void test_only_requests_have_texts(void **state)
{
	struct story *s = *state;
	struct al_entry entry = leaf_get(&s->log, 1);
	uint8_t hash[AL_HASH_LEN];
	struct al_buf other;
	struct book *book;
	uint64_t index;

	al_buf_init(&other, AL_ENTRY_MAX);
	al_request_identity(entry.body, hash);
	entry = (struct al_entry){ .index = 1, .time = START + 5, .kind = AL_S("keys"), .body = entry.body };
	assert_int_equal(al_entry_encode(&entry, &other), AL_OK);
	assert_int_equal(book_new(&book), AL_OK);
	assert_int_equal(book_load(book, story_entry(s, 0)), AL_OK);
	assert_int_equal(book_load(book, al_buf_view(&other)), AL_OK);
	assert_int_equal(al_state_size(book_state(book)), 2);
	assert_false(book_find_text(book, hash, &index));
	book_free(book);
	al_buf_release(&other);
}

/* The last second counts. */
static void test_good_until(void **state)
{
	struct story *s = *state;
	struct al_buf raw;

	al_buf_init(&raw, AL_REQUEST_MAX);
	story_request(s, "until", "prev: none\nnot-after: 2023-11-14T22:20:00Z", /* START + 400 */
		      "domain: until.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", NS, &raw);
	for (unsigned late = 0; late < 2; late++) {
		struct decision *d = decision_new();

		assert_non_null(d);
		assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
		assert_int_equal(book_decide(s->book, d, START + 400 + late), AL_OK);
		assert_int_equal(d->accepted, late == 0);
		decision_free(d);
	}
	al_buf_release(&raw);
}

/* A few bytes that make a text of more than twice their length cost what all of it would: three steps a byte more. */
static void test_an_edit_costs_what_it_makes(void **state)
{
	struct story *s = *state;
	uint64_t least = 0;
	bool twice = false;

	for (size_t len = 1; len < 250; len++) {
		struct decision *d = decision_new();
		size_t sent, made;
		char text[400];
		struct al_buf raw;

		al_buf_init(&raw, AL_REQUEST_MAX);
		(void)snprintf(text, sizeof(text),
			       "as-set: AS-LONG\nextend: remarks\nremarks: %0*d\nmnt-by: BOB-MNT\n"
			       "source: TEST\n",
			       (int)len, 0);
		story_request(s, "edit", "prev: 13", text, "2", NS, &raw);
		assert_non_null(d);
		assert_int_equal(decision_read(d, al_buf_view(&raw), NS), AL_OK);
		assert_int_equal(book_decide(s->book, d, START + 300), AL_OK);
		assert_true(d->accepted);
		sent = d->request.objects[0].len;
		made = d->objects[0]->text_len;
		twice = twice || made == 2 * sent;
		if (len == 1)
			least = d->work - (made - sent) * 3;
		assert_int_equal(d->work, made > 2 * sent ? least + (made - sent) * 3 : least);
		decision_free(d);
		al_buf_release(&raw);
	}
	assert_true(twice);
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

static int setup(void **state)
{
	int result = story_setup(state);

	tell(*state, "prev: none", "as-set: AS-LONG\nremarks: " LONG LONG LONG "\nmnt-by: BOB-MNT\nsource: TEST\n",
	     "2");
	return result;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_move_all_three),
		cmocka_unit_test(test_what_does_not_apply_changes_nothing),
		cmocka_unit_test(test_a_text_twice_keeps_its_first_place),
		cmocka_unit_test(test_the_hook_sees_each_object_and_its_error_is_told),
		cmocka_unit_test(test_only_requests_have_texts),
		cmocka_unit_test(test_good_until),
		cmocka_unit_test(test_an_edit_costs_what_it_makes),
		cmocka_unit_test(test_log_time_stays),
		cmocka_unit_test(test_the_hooks_error_of_what_is_put), /* spoils the book */
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, story_teardown);
}
