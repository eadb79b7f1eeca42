/* SPDX-License-Identifier: MIT */
/*
 * test_ledger.c -- entries, commits, proofs and reads, over restarts and with a disk that fails.
 */
#include "ledger_bench.h"

/* ---- tests ---- */

static enum al_err count_entry(void *arg, uint64_t index, struct al_slice entry)
{
	uint64_t *count = arg;
	char text[64];

	assert_int_equal(index, *count);
	assert_true(al_slice_eq(entry, entry_text(index, text)));
	(*count)++;
	return AL_OK;
}

/* Each of them alone, and none behind the last. */
static void one_by_one(const struct fixture *f, uint64_t size)
{
	struct al_buf bytes;
	char text[64];

	al_buf_init(&bytes, AL_ENTRY_MAX);
	for (uint64_t i = 0; i < size; i++) {
		al_buf_reset(&bytes);
		assert_int_equal(ledger_entry(f->ledger, i, &bytes), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&bytes), entry_text(i, text)));
	}
	assert_int_equal(ledger_entry(f->ledger, size, &bytes), AL_ENOTFOUND);
	al_buf_release(&bytes);
	al_buf_init(&bytes, 4);
	assert_int_equal(ledger_entry(f->ledger, 0, &bytes), AL_ELIMIT);
	al_buf_release(&bytes);
}

static void append_commit_reopen(void **state)
{
	struct fixture *f = *state;
	struct al_buf note, again;
	struct al_checkpoint head;
	uint64_t count = 0;

	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&again, AL_NOTE_MAX);
	start(f, true);
	assert_int_equal(ledger_head(f->ledger, &note).size, 0);
	assert_int_equal(note.len, 0);
	for (uint64_t i = 0; i < 20; i++) {
		append(f, i, i + 1);
		run(f);
	}
	append(f, 20, 50);
	run(f);
	assert_int_equal(f->ok, 50);
	assert_int_equal(f->committed, 50);
	head = ledger_head(f->ledger, &note);
	assert_int_equal(head.size, 50);
	stop(f);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, &again).size, 50);
	assert_true(al_slice_eq(al_buf_view(&note), al_buf_view(&again)));
	assert_int_equal(ledger_load(f->ledger, count_entry, &count), AL_OK);
	assert_int_equal(count, 50);
	one_by_one(f, 50);
	append(f, 50, 51);
	run(f);
	assert_int_equal(f->ok, 51);
	al_buf_release(&note);
	al_buf_release(&again);
}

static void one_sync_for_many(void **state)
{
	struct fixture *f = *state;
	unsigned before;

	start(f, true);
	before = atomic_load(&wal_syncs);
	append(f, 0, 1);
	run(f);
	assert_true(atomic_load(&wal_syncs) > before);
	/* Queued faster than they are written: they share commits, none over the bound. */
	append(f, 1, 5000);
	run(f);
	assert_int_equal(f->ok, 5000);
	assert_true(f->largest <= 1000);
	assert_true(f->commits < 2500);
}

static void compare_and_set(void **state)
{
	struct fixture *f = *state;
	char large[65536] = { 'x' };

	start(f, true);
	append(f, 0, 3);
	assert_int_equal(ledger_append(f->ledger, 2, AL_S("again"), on_done, f), AL_ESTALE);
	assert_int_equal(ledger_append(f->ledger, 4, AL_S("gap"), on_done, f), AL_ESTALE);
	assert_int_equal(ledger_append(f->ledger, 3, AL_S(""), on_done, f), AL_EINVAL);
	assert_int_equal(ledger_append(f->ledger, 3, al_slice_of(large, sizeof(large)), on_done, f), AL_ELIMIT);
	append(f, 3, 4);
	run(f);
	assert_int_equal(f->ok, 4);
}

static void proofs(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	append(f, 0, 37);
	run(f);
	for (uint64_t i = 0; i < 37; i++) {
		assert_int_equal(ledger_prove(f->ledger, i, on_done, f), AL_OK);
		f->waiting++;
	}
	run(f);
	assert_int_equal(f->ok, 74);
	assert_int_equal(ledger_prove(f->ledger, 37, on_done, f), AL_OK);
	f->waiting++;
	run(f);
	assert_int_equal(f->other, 1);
}

struct reading {
	struct fixture *f;
	enum al_err err;
	uint64_t first;
	size_t count;
	bool noted;
};

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct reading *r = arg;
	struct al_checkpoint cp;
	char text[64];

	r->err = err;
	if (err == AL_OK) {
		r->first = batch->first;
		r->count = batch->count;
		r->noted = batch->note.len > 0;
		for (size_t i = 0; i < batch->count; i++)
			assert_true(al_slice_eq(batch->entries[i], entry_text(batch->first + i, text)));
		if (r->noted) {
			assert_int_equal(al_checkpoint_open(batch->note, &r->f->key.pub, &cp), AL_OK);
			assert_int_equal(cp.size, batch->first + batch->count);
			assert_true(al_hash_eq(&cp.root, &batch->checkpoint.root));
		}
	}
	if (--r->f->waiting == 0)
		al_loop_stop(r->f->loop);
}

static struct reading read_from(struct fixture *f, uint64_t from, size_t max_bytes)
{
	struct reading r = { .f = f };

	assert_int_equal(ledger_read(f->ledger, from, max_bytes, on_read, &r), AL_OK);
	f->waiting++;
	run(f);
	return r;
}

/* Where the contract wants a read to end. */
static uint64_t expected_end(const struct fixture *f, uint64_t from, size_t max_bytes)
{
	uint64_t fits = from, end;
	size_t bytes = 0;
	char text[64];

	while (fits < f->committed && (fits == from || bytes + 2 + entry_text(fits, text).len <= max_bytes))
		bytes += 2 + entry_text(fits++, text).len;
	for (end = from + 1024; end <= fits; end++)
		if (f->boundary[end])
			return end;
	for (end = fits; end > from; end--)
		if (f->boundary[end])
			return end;
	return fits;
}

static void reads(void **state)
{
	static const size_t sizes[] = { 1, 100, 4000, 20000, 1u << 20, SIZE_MAX };
	struct fixture *f = *state;
	struct reading r;
	uint64_t at;

	start(f, true);
	assert_int_equal(read_from(f, 0, 1000).count, 0);
	for (uint64_t i = 0; i < 3000; i += 100) {
		append(f, i, i + 100);
		run(f);
	}
	for (size_t i = 0; i < AL_COUNT(sizes); i++)
		for (at = 0; at < 3000; at += sizes[i] < 1000 ? 61 : r.count) {
			r = read_from(f, at, sizes[i]);
			assert_int_equal(r.err, AL_OK);
			assert_int_equal(r.first, at);
			assert_int_equal(r.first + r.count, expected_end(f, at, sizes[i]));
			assert_int_equal(r.noted, f->boundary[r.first + r.count]);
		}
	r = read_from(f, 3000, 1u << 20);
	assert_int_equal(r.err, AL_OK);
	assert_int_equal(r.count, 0);
	assert_int_equal(read_from(f, 3001, 1u << 20).err, AL_EINVAL);
}

static void failed_commit_then_resume(struct fixture *f, atomic_bool *fault)
{
	uint64_t count = 0;

	start(f, true);
	append(f, 0, 10);
	run(f);
	atomic_store(fault, true);
	append(f, 10, 1500);
	run(f);
	assert_true(f->eio > 0);
	assert_int_equal(f->eio + f->stale, 1490);
	assert_int_equal(f->ok, 10);
	/* Until it is told that somebody took note. */
	atomic_store(fault, false);
	append(f, 10, 11);
	run(f);
	assert_int_equal(f->ok, 10);
	ledger_resume(f->ledger);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 10);
	assert_int_equal(ledger_load(f->ledger, count_entry, &count), AL_OK);
	assert_int_equal(count, 10);
	append(f, 10, 40);
	run(f);
	assert_int_equal(f->ok, 40);
	assert_int_equal(f->other, 0);
	stop(f);
	start(f, false);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 40);
}

static void full_disk(void **state)
{
	failed_commit_then_resume(*state, &fail_write);
}

static void failing_sync(void **state)
{
	failed_commit_then_resume(*state, &fail_sync);
}

static void close_finishes_the_queue(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	append(f, 0, 300);
	stop(f);
	assert_int_equal(f->ok, 300);
	assert_int_equal(f->waiting, 0);
	start(f, false);
	assert_int_equal(f->committed, 300);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(append_commit_reopen),
		TEST(one_sync_for_many),
		TEST(compare_and_set),
		TEST(proofs),
		TEST(reads),
		TEST(full_disk),
		TEST(failing_sync),
		TEST(close_finishes_the_queue),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, shim_setup, NULL);
}
