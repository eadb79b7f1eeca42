/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_notify.c -- the state machine: when a router hears of changes, and what version 0 hears.
 */
#include "rtr_inputs.h"

static void notify_is_paced(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;

	(void)state;
	rtr_session_init(&s);
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING); /* nobody has asked */
	(void)ask(&s, reset_query(1), &world);
	world.serial = 101;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING); /* an answer is on its way */
	assert_int_equal(rtr_session_notify_in(&s, &world), UINT64_MAX);
	sent(&s, &world);
	world.busy = true;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
	world.busy = false;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY);  /* the first change at once */
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING); /* once */
	world.serial = 102;
	world.now_ms += 20000;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
	assert_int_equal(rtr_session_notify_in(&s, &world), 40000);
	world.now_ms += 40000;
	assert_int_equal(rtr_session_notify_in(&s, &world), 0);
	assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY);
	world.now_ms += 600000;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING); /* nothing is new */
	world.serial = 103;
	assert_int_equal(ask(&s, serial_query(1, SESSION, 103), &world).answer, RTR_EMPTY);
	sent(&s, &world);
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING); /* it knows already */
}

/* bird begins its wait for the Reset Query anew at each Notify: a change every second would starve it. */
static void no_notify_before_the_reset_query(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	int i;

	(void)state;
	world.notify_ms = 0;
	world.now_ms = (uint64_t)100 * RTR_RESET_MS; /* by a clock that has run for days */
	rtr_session_init(&s);
	assert_int_equal(ask(&s, serial_query(1, SESSION, 1), &world).answer, RTR_RESET);
	for (i = 0; i < 100; i++) {
		world.serial++;
		world.now_ms += 1000;
		assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
		assert_int_equal(rtr_session_notify_in(&s, &world), RTR_RESET_MS - 1000u * (unsigned)(i + 1));
	}
	/* Asked again as before, by its own clock: the same again. */
	assert_int_equal(ask(&s, serial_query(1, SESSION, 1), &world).answer, RTR_RESET);
	world.serial++;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
	/* With the whole set it hears of changes as everybody does. */
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_FULL);
	sent(&s, &world);
	world.serial++;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY);
	/* Who has not asked in the longest time that there is has forgotten. */
	assert_int_equal(ask(&s, serial_query(1, SESSION, 1), &world).answer, RTR_RESET);
	world.serial++;
	world.now_ms += RTR_RESET_MS;
	assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY);
	/* The pace counts then as it always does. */
	world.notify_ms = (uint64_t)2 * RTR_RESET_MS;
	assert_int_equal(ask(&s, serial_query(1, SESSION, 1), &world).answer, RTR_RESET);
	world.serial++;
	world.now_ms += RTR_RESET_MS;
	assert_int_equal(rtr_session_notify_in(&s, &world), RTR_RESET_MS);
}

static void version_0_gets_fresh_sessions(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;

	(void)state;
	rtr_session_init(&s);
	/* Whatever it brings from another connection is unknown here. */
	assert_int_equal(ask(&s, serial_query(0, 0, SERIAL), &world).answer, RTR_RESET);
	reply = ask(&s, reset_query(0), &world);
	assert_int_equal(reply.answer, RTR_FULL);
	assert_int_equal(reply.session, 0x1111);
	sent(&s, &world);
	assert_int_equal(ask(&s, serial_query(0, 0x1111, 95), &world).answer, RTR_DELTA);
	sent(&s, &world);
	assert_int_equal(ask(&s, serial_query(0, SESSION, 95), &world).answer, RTR_RESET);
	reply = ask(&s, reset_query(0), &world);
	assert_int_not_equal(reply.session, 0x1111);
	sent(&s, &world);
	assert_int_equal(ask(&s, serial_query(0, 0x1111, 95), &world).answer, RTR_RESET);
	assert_int_equal(ask(&s, serial_query(0, reply.session, SERIAL), &world).answer, RTR_EMPTY);
}

/* Told that there is data before it was given any: under a number all the same, which it keeps once it was given one. */
static void version_0_is_told_under_a_number(void **state)
{
	struct rtr_world world = world_of(false);
	struct rtr_session s;
	struct rtr_reply reply;

	(void)state;
	rtr_session_init(&s);
	assert_int_equal(ask(&s, reset_query(0), &world).code, RTR_NO_DATA);
	world = world_of(true);
	reply = tick(&s, &world);
	assert_int_equal(reply.answer, RTR_NOTIFY);
	assert_int_equal(reply.version, 0);
	assert_int_equal(reply.session, 0x1111);
	/* Nothing was granted with it. */
	assert_int_equal(ask(&s, serial_query(0, 0x1111, SERIAL), &world).answer, RTR_RESET);
	world.fresh = 0x2222;
	assert_int_equal(ask(&s, reset_query(0), &world).session, 0x2222);
	sent(&s, &world);
	world.fresh = 0x3333;
	world.serial++;
	world.now_ms += world.notify_ms;
	reply = tick(&s, &world);
	assert_int_equal(reply.answer, RTR_NOTIFY);
	assert_int_equal(reply.session, 0x2222);
}

/* gobgp takes withdrawals before announcements: what comes is there before it hears of what goes. */
static void version_0_gets_changes_in_two_halves(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		rtr_session_init(&s);
		(void)ask(&s, reset_query(0), &world);
		sent(&s, &world);
		world.serial++;
		assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY);
		assert_int_equal(ask(&s, serial_query(0, 0x1111, 95), &world).answer, RTR_DELTA);
		assert_int_equal(rtr_session_halve(&s, 95, world.serial), 95);
		sent(&s, &world);
		/* At once, however long ago the last one was; for the serial that it is halfway to or a newer one. */
		reply = tick(&s, &world);
		assert_int_equal(reply.answer, RTR_NOTIFY);
		assert_int_equal(reply.serial, world.serial);
		if (i == 1) { /* it wants something else: what it has is known to nobody */
			assert_int_equal(ask(&s, serial_query(0, 0x1111, 96), &world).answer, RTR_RESET);
			assert_int_equal(ask(&s, serial_query(0, 0x1111, 95), &world).answer, RTR_DELTA);
			continue;
		}
		if (i == 2) {
			assert_int_equal(ask(&s, reset_query(0), &world).answer, RTR_FULL);
			assert_false(s.halfway);
			continue;
		}
		world.serial++;
		reply = ask(&s, serial_query(0, 0x1111, 95), &world);
		assert_int_equal(reply.answer, RTR_REST);
		assert_int_equal(reply.serial, world.serial - 1);
		sent(&s, &world);
		world.now_ms += 60000;
		assert_int_equal(tick(&s, &world).answer, RTR_NOTIFY); /* of what came meanwhile */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify_is_paced),
		cmocka_unit_test(no_notify_before_the_reset_query),
		cmocka_unit_test(version_0_gets_fresh_sessions),
		cmocka_unit_test(version_0_is_told_under_a_number),
		cmocka_unit_test(version_0_gets_changes_in_two_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
