/* SPDX-License-Identifier: MIT */
/*
 * test_queue.c -- what the ledger does with what is kept beside the log when it is old, too long or too much,
 * and in which turn.
 */
#include "queue_bench.h"

/* ---- old ---- */

/* What nobody has decided about goes with the next look, and who asks is told why. */
static void it_waits_for_so_long(void **state)
{
	struct fixture *f = *state;
	uint64_t now = al_now_s();

	f->age_s = 30 * DAY;
	reopen(f, NULL);
	said_begin(&f->said);
	assert_int_equal(add(f, 1, now - 30 * DAY - 100), AL_OK);
	assert_int_equal(add(f, 2, now - 30 * DAY + 1000), AL_OK);
	assert_int_equal(add(f, 3, now), AL_OK);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 3);
	assert_int_equal(status(f, 3), AL_OK);
	assert_true(f->status.waiting && f->status.id == 3 && f->status.time == now);
	assert_int_equal(list(f), AL_OK); /* it was looked a moment ago, and is not looked each time */
	assert_int_equal(f->total, 3);
	does_not_say(said_end(&f->said), "queue-expired");
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), now - 30 * DAY - 100);
	said_begin(&f->said);
	clock_date_ahead_s = 60;
	assert_int_equal(list(f), AL_OK);
	says(said_end(&f->said), "event=queue-expired requests=1\n");
	assert_int_equal(f->total, 2);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 2);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), now - 30 * DAY + 1000);
	assert_int_equal(status(f, 1), AL_OK);
	assert_false(f->status.waiting);
	assert_string_equal(f->status.reason, "nobody has decided in time");
	assert_true(f->status.time >= now + 60 && f->status.time < now + 60 + DAY);
	said_begin(&f->said);
	clock_date_ahead_s = 2000;
	assert_int_equal(status(f, 2), AL_OK);
	assert_false(f->status.waiting);
	assert_int_equal(status(f, 3), AL_OK);
	assert_true(f->status.waiting);
	says(said_end(&f->said), "event=queue-expired requests=1\n");
}

static void for_ever(void **state)
{
	struct fixture *f = *state;

	f->age_s = 0;
	reopen(f, NULL);
	assert_int_equal(add(f, 1, 1), AL_OK);
	clock_date_ahead_s = 61;
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
}

/* By a clock that has jumped nothing is old. */
static void not_by_a_wrong_clock(void **state)
{
	struct fixture *f = *state;
	uint64_t now = al_now_s();

	f->age_s = 30 * DAY;
	reopen(f, NULL);
	clock_guard_bound(3600);
	assert_int_equal(add(f, 1, now), AL_OK);
	clock_date_ahead_s = 40 * DAY;
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
	clock_guard_bound(0);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 0);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 0);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), 0);
}

/* ---- too long ---- */

static void too_long(void **state)
{
	struct fixture *f = *state;
	char much[LEDGER_WHO_MAX + 1];

	memset(much, 'o', sizeof(much));
	much[LEDGER_WHO_MAX] = '\0';
	reopen(f, NULL);
	assert_int_equal(
		answer_of(f, ledger_side_get(f->rig.ledger, al_slice_of(much, LEDGER_OBJECT_MAX - 1), on_side, f)),
		AL_ENOTFOUND);
	assert_int_equal(ledger_side_get(f->rig.ledger, al_slice_of(much, LEDGER_OBJECT_MAX), on_side, f), AL_EINVAL);
	assert_int_equal(
		ledger_queue_drop_all(f->rig.ledger, al_slice_of(much, LEDGER_WHO_MAX), AL_S("no"), NULL, on_side, f),
		AL_EINVAL);
	assert_int_equal(answer_of(f, ledger_queue_drop_all(f->rig.ledger, al_slice_of(much, LEDGER_WHO_MAX - 1),
							    AL_S("no"), NULL, on_side, f)),
			 AL_ENOTFOUND);
	assert_int_equal(ledger_queue_drop_all(f->rig.ledger, AL_S(""), AL_S("no"), NULL, on_side, f), AL_EINVAL);
	assert_int_not_equal(add_queue(f, &(struct ask){ .who = much }), AL_OK);
	assert_int_equal(add_queue(f, &(struct ask){ .len = TEXT_MOST + 1 }), AL_ELIMIT);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 0);
	much[LEDGER_WHO_MAX - 1] = '\0';
	assert_int_equal(answer_of(f, add_queue(f, &(struct ask){ .len = TEXT_MOST, .who = much })), AL_OK);
}

/* Labels and reasons are for people: what is too long is cut. */
static void cut(void **state)
{
	struct fixture *f = *state;
	char much[LEDGER_REASON_MAX + 1];

	memset(much, 'l', sizeof(much));
	much[LEDGER_REASON_MAX] = '\0';
	reopen(f, NULL);
	assert_int_equal(answer_of(f, add_queue(f, &(struct ask){ .number = 1, .label = much })), AL_OK);
	assert_int_equal(f->id, 1);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(strlen(f->label), LEDGER_LABEL_MAX - 1);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->rig.ledger, 1, al_slice_str(much), NULL, on_side, f)),
			 AL_OK);
	assert_int_equal(f->dropped, 1);
	assert_int_equal(status(f, 1), AL_OK);
	assert_int_equal(strlen(f->status.reason), LEDGER_REASON_MAX - 1);
}

/* ---- too much ---- */

/* While a commit takes long: so many calls wait, and not one more. All that were taken are answered. */
static void so_many_wait(void **state)
{
	struct fixture *f = *state;
	unsigned signs = f->rig.signs;
	size_t taken;

	f->rig.holding = true;
	assert_int_equal(ledger_append(f->rig.ledger, 1, AL_S("entry"), NULL, NULL), AL_OK);
	while (f->rig.signs == signs)
		(void)usleep(1000); /* until the writer has all that it takes */
	for (taken = 0; taken < 1000 && ledger_queue_list(f->rig.ledger, on_side, f) == AL_OK; taken++)
		;
	assert_int_equal(taken, 256);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_side, f), AL_EAGAIN);
	f->rig.holding = false;
	while (f->answers < taken)
		al_loop_run(f->rig.loop);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->answers, taken + 1);
}

/* ---- beside entries ---- */

/* Who looks waits for the entries before him, and not for those behind. */
static void in_its_turn(void **state)
{
	struct fixture *f = *state;
	struct order order;

	hold(f, &order);
	for (uint64_t i = 2; i < 2 + 1000 + 500; i++) {
		assert_int_equal(ledger_append(f->rig.ledger, i, AL_S("entry"), on_entry, &order), AL_OK);
		if (i == 2 + 1000 - 1) /* as many as one commit has */
			assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	}
	f->rig.holding = false;
	while (order.entries < 1 + 1000 + 500)
		al_loop_run(f->rig.loop);
	assert_int_equal(f->answers, 1);
	assert_int_equal(order.at, 1 + 1000);
}

/* Behind entries that were not stored there is nothing to wait for. */
static void behind_what_failed(void **state)
{
	struct fixture *f = *state;
	struct order order;

	hold(f, &order);
	f->rig.failing = true;
	assert_int_equal(ledger_append(f->rig.ledger, 2, AL_S("entry"), on_entry, &order), AL_OK);
	said_begin(&f->said);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	f->rig.holding = false;
	while (f->answers == 0)
		al_loop_run(f->rig.loop);
	says(said_end(&f->said), "event=ledger-commit first=1 ");
	assert_int_equal(f->err, AL_OK);
	assert_int_equal(order.at, 2);
	assert_int_equal(order.err, AL_ESTALE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_waits_for_so_long), TEST(for_ever),    TEST(not_by_a_wrong_clock), TEST(too_long), TEST(cut),
		TEST(so_many_wait),         TEST(in_its_turn), TEST(behind_what_failed),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
