/* SPDX-License-Identifier: MIT */
/*
 * test_frames.c -- frames of the stream at their bounds, and the newest
 * commits as a stream keeps them: pieces without a gap, in bounded memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "alamo/follow/follow.h"
#include "alamo/rpsl/entry.h"
#include "stream_tail.h"

#define FRAME_HEAD 13 /* length, kind, index of the first entry */
#define BATCH_MAX 200

static char bytes[AL_ENTRY_MAX];
static struct al_slice entries[BATCH_MAX];

/* Entries of `len` bytes; each begins with its index, so that none is like another. */
static struct al_stream_batch batch_of(uint64_t first, size_t count, size_t len)
{
	static uint8_t heads[BATCH_MAX][AL_ENTRY_MAX];

	assert_true(count <= BATCH_MAX && len >= 8);
	for (size_t i = 0; i < count; i++) {
		memcpy(heads[i], bytes, len);
		al_set_u64(heads[i], first + i);
		entries[i] = al_slice_of(heads[i], len);
	}
	return (struct al_stream_batch){ first, count, entries, AL_S("note\n") };
}

/* ---- frames ---- */

static void entries_fill_a_frame(void **state)
{
	struct al_stream_batch batch = batch_of(7, BATCH_MAX, AL_ENTRY_MAX);
	struct al_slice rest, one;
	struct al_frame frame;
	struct al_buf out;
	size_t n;

	(void)state;
	al_buf_init(&out, 2 * AL_FRAME_MAX);
	n = al_frame_put_entries(&out, 7, entries, batch.count);
	assert_int_equal(n, (AL_FRAME_MAX - 9) / (2 + AL_ENTRY_MAX));
	rest = al_buf_view(&out);
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(rest.len, 0);
	assert_int_equal(frame.kind, AL_FRAME_ENTRIES);
	assert_int_equal(frame.body.len, 8 + n * (2 + AL_ENTRY_MAX));
	/* The frame is full to its last byte when the entries are so, and the next one finds no room. */
	for (int extra = 0; extra < 2; extra++) {
		size_t left = AL_FRAME_MAX - 9 - n * (2 + AL_ENTRY_MAX);

		one = entries[n];
		entries[n] = al_slice_head(one, left - 2 + (size_t)extra);
		al_buf_reset(&out);
		assert_int_equal(al_frame_put_entries(&out, 7, entries, n + 1), extra == 0 ? n + 1 : n);
		entries[n] = one;
		rest = al_buf_view(&out);
		assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
		assert_int_equal(frame.body.len == AL_FRAME_MAX - 1, extra == 0);
	}
	al_buf_release(&out);
}

static void frames_are_cut_off(void **state)
{
	struct al_slice rest, whole;
	struct al_frame frame;
	struct al_buf out;
	uint8_t head[4];

	(void)state;
	al_buf_init(&out, 2 * AL_FRAME_MAX);
	al_frame_put(&out, AL_FRAME_HEAD, AL_S("abc"));
	al_frame_put(&out, AL_FRAME_PING, AL_S(""));
	whole = al_buf_view(&out);
	assert_int_equal(whole.len, 4 + 1 + 3 + 4 + 1);
	for (size_t len = 0; len < 8; len++) {
		rest = al_slice_head(whole, len);
		assert_int_equal(al_frame_next(&rest, &frame), AL_EAGAIN);
		assert_int_equal(rest.len, len);
	}
	rest = whole;
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_HEAD);
	assert_true(al_slice_is(frame.body, "abc"));
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_PING);
	assert_int_equal(frame.body.len, 0);
	assert_int_equal(rest.len, 0);
	for (uint32_t len = 0; len < 3; len++) {
		static const enum al_err errs[] = { AL_EINVAL, AL_EAGAIN, AL_ELIMIT };

		al_set_u32(head, len == 0 ? 0 : AL_FRAME_MAX + len - 1);
		rest = al_slice_of(head, sizeof(head));
		assert_int_equal(al_frame_next(&rest, &frame), errs[len]);
	}
	al_buf_release(&out);
}

/* ---- the newest commits ---- */

/* The entries of a piece, counted and in their order; whether it ends with the commit's note. */
static size_t piece_read(const struct piece *piece, bool *noted)
{
	struct al_slice rest = al_slice_of(piece->bytes, piece->len);
	struct al_frame frame;
	uint64_t at = piece->first;

	*noted = false;
	while (al_frame_next(&rest, &frame) == AL_OK) {
		struct al_reader r = al_reader_of(frame.body.ptr, frame.body.len);

		assert_false(*noted);
		*noted = frame.kind == AL_FRAME_HEAD;
		if (*noted) {
			assert_true(al_slice_is(frame.body, "note\n"));
			continue;
		}
		assert_int_equal(frame.kind, AL_FRAME_ENTRIES);
		assert_int_equal(al_read_u64(&r), at);
		for (; r.left > 0; at++) {
			struct al_slice entry = al_read_bytes(&r, al_read_u16(&r));

			assert_true(entry.len >= 8);
			assert_int_equal(al_get_u64((const uint8_t *)entry.ptr), at);
		}
		assert_int_equal(r.err, AL_OK);
	}
	assert_int_equal(rest.len, 0);
	assert_int_equal(at, piece->end);
	return (size_t)(at - piece->first);
}

/* Follows from `first` to `end`, where a commit ends. */
static size_t tail_walk(const struct tail *tail, uint64_t first, uint64_t end)
{
	size_t pieces = 0;
	bool noted = true;

	for (; first < end; pieces++) {
		const struct piece *piece = tail_find(tail, first);

		assert_non_null(piece);
		assert_int_equal(piece->first, first);
		first += piece_read(piece, &noted);
	}
	assert_int_equal(first, end);
	assert_true(noted);
	assert_null(tail_find(tail, end));
	return pieces;
}

static void commits_are_pieces(void **state)
{
	struct tail tail = { .bytes = 0 };
	struct al_stream_batch batch = batch_of(5, 3, 100);
	size_t large;
	bool noted;

	(void)state;
	assert_null(tail_find(&tail, 5));
	tail_add(&tail, &batch);
	assert_int_equal(tail.bytes, FRAME_HEAD + 3 * 102 + 5 + 5);
	assert_int_equal(tail_walk(&tail, 5, 8), 1);
	assert_null(tail_find(&tail, 4));
	assert_null(tail_find(&tail, 6)); /* inside of one: from the store */
	/* One that is larger than a frame is as many pieces as it needs, and its note stands behind the last entry. */
	batch = batch_of(8, 40, AL_ENTRY_MAX);
	tail_add(&tail, &batch);
	large = tail_walk(&tail, 8, 48);
	assert_int_equal(large, 3);
	(void)piece_read(tail_find(&tail, 8), &noted);
	assert_false(noted);
	assert_int_equal(tail_walk(&tail, 5, 48), 4);
	tail_clear(&tail);
	assert_null(tail.pieces);
	assert_int_equal(tail.bytes, 0);
}

/* Memory has a bound: the oldest go first, and what is being sent stays until it is. */
static void the_oldest_go(void **state)
{
	struct tail tail = { .bytes = 0 };
	struct al_stream_batch batch = batch_of(0, 15, AL_ENTRY_MAX);
	struct piece *sent;
	bool noted;

	(void)state;
	tail_add(&tail, &batch);
	sent = tail_find(&tail, 0);
	sent->refs++;
	for (uint64_t first = 15; first < 15 * 8; first += 15) {
		batch = batch_of(first, 15, AL_ENTRY_MAX);
		tail_add(&tail, &batch);
		assert_true(tail.bytes <= 4u << 20);
		assert_int_equal(tail_find(&tail, 0) != NULL, first < 15 * 4);
		assert_non_null(tail_find(&tail, first));
	}
	assert_int_equal(tail_walk(&tail, 15 * 4, 15 * 8), 4);
	assert_int_equal(piece_read(sent, &noted), 15);
	assert_int_equal(sent->refs, 1);
	piece_unref(sent);
	tail_clear(&tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_fill_a_frame),
		cmocka_unit_test(frames_are_cut_off),
		cmocka_unit_test(commits_are_pieces),
		cmocka_unit_test(the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
