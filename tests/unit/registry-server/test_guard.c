/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c -- what the guard lets be signed while it runs, and at the start.
 */
#include "guard_bench.h"

/* ---- while it runs ---- */

static void goes_on(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 7, 7);
	for (uint64_t size = 8; size <= 40; size++) {
		assert_int_equal(advance(f, f->ours, size - 1, size), AL_OK);
		assert_state(f, size - 1, size);
		if (size % 2 == 0)
			guard_keep(&f->guard); /* or the next one says it */
	}
}

static void smaller_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->ours, 10, 15), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 20, 19), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 0, 0), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 19, 30), AL_ESTALE);
	assert_state(f, 20, 20);
}

static void equal_size_needs_the_same_root(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->theirs, 20, 20), AL_EFORK);
	assert_int_equal(advance(f, f->ours, 20, 20), AL_OK);
	/* The same when the last one is not yet known to be durable, and the ledger says that it is. */
	assert_int_equal(advance(f, f->ours, 20, 25), AL_OK);
	assert_int_equal(advance(f, f->theirs, 25, 25), AL_EFORK);
	assert_state(f, 20, 25);
}

static void another_history_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->theirs, 20, 30), AL_EFORK);
	assert_state(f, 20, 20);
}

static void proof_must_hold(void **state)
{
	struct fixture *f = *state;
	struct al_hash proof[AL_PROOF_MAX];
	struct guard_step s = { .base = 20, .next = at(f->ours, 30), .proof = proof };

	signed_up_to(f, 20, 20);
	s.proof_count = al_tree_consistency(f->ours, 20, 30, proof);
	s.proof_count--;
	assert_int_equal(guard_advance(&f->guard, &s), AL_EFORK);
	s.proof_count++;
	proof[0].b[3] ^= 1;
	assert_int_equal(guard_advance(&f->guard, &s), AL_EFORK);
	proof[0].b[3] ^= 1;
	assert_int_equal(guard_advance(&f->guard, &s), AL_OK);
}

static void gap_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->ours, 21, 30), AL_EINVAL);
	assert_int_equal(advance(f, f->ours, 20, 30), AL_OK);
	assert_int_equal(advance(f, f->ours, 25, 35), AL_EINVAL);
	assert_state(f, 20, 30);
}

/* The commit failed: what was signed is replaced, as long as nobody said that it is durable. */
static void failed_commit(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 10, 10);
	assert_int_equal(advance(f, f->theirs, 10, 30), AL_OK);
	assert_int_equal(advance(f, f->ours, 10, 15), AL_OK);
	assert_state(f, 10, 15);
	guard_keep(&f->guard);
	assert_int_equal(advance(f, f->ours, 10, 20), AL_ESTALE);
	assert_int_equal(advance(f, f->theirs, 15, 20), AL_EFORK);
}

/* ---- at the start ---- */

static void restart_after_each_moment(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 25);
	/* signed, not committed | committed | committed, and the guard's newest slot torn */
	for (uint64_t found = 20; found <= 30; found += 5) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 25);
		assert_int_equal(begin(f, f->ours, found), AL_OK);
		assert_state(f, found, found);
		assert_int_equal(advance(f, f->ours, found, found + 1), AL_OK);
	}
}

static void restored_backup_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	for (uint64_t found = 0; found < 20; found++) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_int_equal(begin(f, f->ours, found), AL_ESTALE);
		assert_state(f, 20, 20);
	}
	assert_int_equal(begin(f, f->theirs, 20), AL_EFORK);
	assert_int_equal(begin(f, f->theirs, 30), AL_EFORK);
	/* Proved from another size than what is remembered, it proves nothing. */
	assert_int_equal(step(f, guard_begin, f->ours, 19, 20), AL_EINVAL);
	assert_int_equal(step(f, guard_begin, f->ours, 19, 30), AL_EINVAL);
	assert_int_equal(step(f, guard_begin, f->ours, 21, 30), AL_EINVAL);
	assert_int_equal(begin(f, f->ours, 20), AL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(smaller_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_size_needs_the_same_root, setup, teardown),
		cmocka_unit_test_setup_teardown(another_history_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(proof_must_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(gap_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(restart_after_each_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(restored_backup_is_refused, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
