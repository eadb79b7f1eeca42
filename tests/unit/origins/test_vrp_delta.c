/* SPDX-License-Identifier: MIT */
/*
 * test_vrp_delta.c -- net differences over random histories: every kept serial leads to exactly the newest set.
 */
#include "vrps.h"

#define STEPS 40

struct past {
	struct vrp_set *sets[STEPS];
	size_t count;
};

static void past_release(struct past *past)
{
	size_t i;

	for (i = 0; i < past->count; i++)
		vrp_set_unref(past->sets[i]);
}

/* One more set, made of the last by a few changes, and its delta. */
static void past_step(struct past *past, struct vrp_history *history, uint64_t *seed, size_t records_max)
{
	size_t n = past->count;

	past->sets[n] = set_random(seed, 1 + dice(seed, 25), 100 + 3 * n);
	past->count++;
	if (n != 0)
		vrp_history_push(history, delta_between(past->sets[n - 1], past->sets[n]), records_max);
}

static void assert_no_doubles(const struct vrp_delta *delta)
{
	size_t i, j, count = delta->announced + delta->withdrawn;

	for (i = 0; i < count; i++)
		for (j = i + 1; j < count; j++)
			assert_int_not_equal(vrp_cmp(&delta->items[i], &delta->items[j]), 0);
	for (i = 1; i < count; i++)
		if (i != delta->announced)
			assert_true(vrp_cmp(&delta->items[i - 1], &delta->items[i]) < 0);
}

/* How many of the sets are led on from. */
static size_t assert_all_lead(const struct past *past, const struct vrp_history *history)
{
	const struct vrp_set *newest = past->sets[past->count - 1];
	struct vrp_delta *net;
	size_t i, kept = 0;

	for (i = 0; i + 1 < past->count; i++) {
		enum al_err err = vrp_history_net(history, past->sets[i]->serial, &net);

		assert_int_equal(err == AL_OK, vrp_history_has(history, past->sets[i]->serial));
		if (err != AL_OK) {
			assert_int_equal(err, AL_ENOTFOUND);
			assert_int_equal(kept, 0);
			continue;
		}
		kept++;
		assert_leads(past->sets[i], net, newest);
		assert_no_doubles(net);
		free(net);
	}
	return kept;
}

static void every_kept_serial_leads_to_the_newest(void **state)
{
	uint64_t seed = 99;
	int round;

	(void)state;
	for (round = 0; round < 10; round++) {
		struct past past = { .count = 0 };
		struct vrp_history *history;
		int i;

		assert_int_equal(vrp_history_new(16, &history), AL_OK);
		for (i = 0; i < STEPS; i++) {
			past_step(&past, history, &seed, SIZE_MAX);
			assert_int_equal(assert_all_lead(&past, history), i < 16 ? i : 16);
			assert_int_equal(vrp_history_count(history), i < 16 ? i : 16);
		}
		vrp_history_free(history);
		past_release(&past);
	}
}

static void there_and_back_is_absent(void **state)
{
	struct vrp a = vrp_of("10.0.0.0/8", 8, 1), b = vrp_of("10.0.0.0/8", 9, 1);
	struct vrp_set *sets[3];
	struct vrp_history *history;
	struct vrp_delta *net;

	(void)state;
	assert_int_equal(vrp_set_new(&a, 1, 1, &sets[0]), AL_OK);
	assert_int_equal(vrp_set_new(&b, 1, 2, &sets[1]), AL_OK);
	assert_int_equal(vrp_set_new(&a, 1, 3, &sets[2]), AL_OK);
	assert_int_equal(vrp_history_new(8, &history), AL_OK);
	vrp_history_push(history, delta_between(sets[0], sets[1]), SIZE_MAX);
	vrp_history_push(history, delta_between(sets[1], sets[2]), SIZE_MAX);
	assert_int_equal(vrp_history_net(history, 1, &net), AL_OK);
	assert_int_equal(net->announced + net->withdrawn, 0);
	assert_int_equal(net->from, 1);
	assert_int_equal(net->to, 3);
	free(net);
	assert_int_equal(vrp_history_net(history, 3, &net), AL_ENOTFOUND);
	assert_int_equal(vrp_history_net(history, 0, &net), AL_ENOTFOUND);
	vrp_history_free(history);
	vrp_set_unref(sets[0]);
	vrp_set_unref(sets[1]);
	vrp_set_unref(sets[2]);
}

static void memory_is_bounded_by_records(void **state)
{
	uint64_t seed = 5;
	struct past past = { .count = 0 };
	struct vrp_history *history;
	size_t i, kept = 0;

	(void)state;
	assert_int_equal(vrp_history_new(STEPS, &history), AL_OK);
	for (i = 0; i < STEPS; i++) {
		past_step(&past, history, &seed, 60);
		kept = assert_all_lead(&past, history);
	}
	assert_in_range(kept, 1, 10);
	vrp_history_push(history, delta_between(past.sets[STEPS - 2], past.sets[STEPS - 1]), 0);
	assert_int_equal(vrp_history_count(history), 0);
	vrp_history_free(history);
	past_release(&past);
}

static void a_gap_forgets_what_is_before_it(void **state)
{
	uint64_t seed = 6;
	struct past past = { .count = 0 };
	struct vrp_history *history;
	int i;

	(void)state;
	assert_int_equal(vrp_history_new(8, &history), AL_OK);
	for (i = 0; i < 5; i++)
		past_step(&past, history, &seed, SIZE_MAX);
	vrp_history_push(history, delta_between(past.sets[1], past.sets[4]), SIZE_MAX);
	assert_int_equal(vrp_history_count(history), 1);
	assert_true(vrp_history_has(history, past.sets[1]->serial));
	assert_false(vrp_history_has(history, past.sets[0]->serial));
	vrp_history_free(history);
	past_release(&past);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kept_serial_leads_to_the_newest),
		cmocka_unit_test(there_and_back_is_absent),
		cmocka_unit_test(memory_is_bounded_by_records),
		cmocka_unit_test(a_gap_forgets_what_is_before_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
