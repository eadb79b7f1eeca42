/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_session.c -- the state machine: its whole table, negotiation, resets, and who is a suspect.
 */
#include "rtr_inputs.h"

/* Every input in every state, with and without data, as suspect or not: only moves that the table allows. */
static void whole_table(void **state)
{
	const struct rtr_pdu pdus[] = {
		reset_query(0),
		reset_query(1),
		reset_query(2),
		serial_query(0, 0x1111, 95),
		serial_query(1, SESSION, 95),
		serial_query(1, SESSION, SERIAL),
		serial_query(1, 1, 1),
		{ .version = 1, .type = RTR_ERROR_REPORT, .field = 6, .fault = RTR_SOUND },
		{ .version = 9, .type = RTR_ERROR_REPORT, .field = 99, .fault = RTR_SOUND },
		{ .version = 1, .type = 77, .fault = RTR_UNSUPPORTED_TYPE },
		{ .version = 1, .type = RTR_CACHE_RESET, .fault = RTR_INVALID_REQUEST },
		{ .version = 0, .type = RTR_SERIAL_QUERY, .fault = RTR_CORRUPT_DATA },
	};
	unsigned seen[RTR_STATE_COUNT] = { 0 };
	size_t from, input, i, variant;

	(void)state;
	for (from = 0; from < RTR_STATE_COUNT; from++)
		for (input = 0; input < RTR_INPUT_COUNT; input++)
			for (i = 0; i < AL_COUNT(pdus); i++)
				for (variant = 0; variant < 8; variant++) {
					struct rtr_session s = { .state = (enum rtr_state)from,
								 .version = variant & 1 };
					struct rtr_world world = world_of((variant & 2) != 0);
					struct rtr_reply reply;

					world.suspect = (variant & 4) != 0;
					reply = rtr_session_step(&s, (enum rtr_input)input, &pdus[i], &world);
					assert_true(rtr_state_allows((enum rtr_state)from, s.state));
					seen[from] |= 1u << s.state;
					if (from == RTR_ENDED)
						assert_int_equal(reply.answer, RTR_NOTHING);
					/* Nothing but a query makes a new connection speak. */
					if (from == RTR_NEW && input != RTR_IN_PDU)
						assert_int_equal(reply.answer, RTR_NOTHING);
					/* One answer at a time, and an Error Report is never answered. */
					if (from == RTR_SENDING)
						assert_true(reply.answer == RTR_LATER || reply.answer == RTR_NOTHING);
					if (input == RTR_IN_PDU && pdus[i].type == RTR_ERROR_REPORT &&
					    from != RTR_ENDED) {
						assert_int_equal(reply.answer, RTR_NOTHING);
						assert_true(reply.finish);
					}
					if (!world.has_data)
						assert_true(reply.answer <= RTR_LATER || reply.answer == RTR_ERROR);
				}
	/* Every move of the table was made by something. */
	for (from = 0; from < RTR_STATE_COUNT; from++)
		for (i = 0; i < RTR_STATE_COUNT; i++)
			if (rtr_state_allows((enum rtr_state)from, (enum rtr_state)i) && from != i)
				assert_true((seen[from] >> i & 1) != 0);
}

static void states_have_names(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < RTR_STATE_COUNT; i++)
		assert_non_null(rtr_state_name((enum rtr_state)i));
}

static void newer_version_gets_ours(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;

	(void)state;
	rtr_session_init(&s);
	reply = ask(&s, reset_query(2), &world);
	assert_int_equal(reply.answer, RTR_ERROR);
	assert_int_equal(reply.code, RTR_UNSUPPORTED_VERSION);
	assert_int_equal(reply.version, 1);
	assert_string_equal(reply.text, "versions 0 and 1 are spoken");
	assert_true(reply.finish);
}

/* Version 2 where it is offered: with a session of its own, and what is higher is refused in version 2. */
static void version_two(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;

	(void)state;
	world.highest = 2;
	rtr_session_init(&s);
	reply = ask(&s, reset_query(3), &world);
	assert_int_equal(reply.code, RTR_UNSUPPORTED_VERSION);
	assert_int_equal(reply.version, 2);
	assert_string_equal(reply.text, "versions 0, 1 and 2 are spoken");
	rtr_session_init(&s);
	reply = ask(&s, serial_query(2, SESSION2, 95), &world);
	assert_int_equal(reply.answer, RTR_DELTA);
	assert_int_equal(reply.version, 2);
	assert_int_equal(reply.session, SESSION2);
	rtr_session_init(&s);
	assert_int_equal(ask(&s, serial_query(2, SESSION, 95), &world).answer, RTR_RESET);
	rtr_session_init(&s);
	reply = ask(&s, reset_query(1), &world);
	assert_int_equal(reply.version, 1);
	assert_int_equal(reply.session, SESSION);
}

static void version_is_fixed_by_the_first_query(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;
	uint8_t first;

	(void)state;
	for (first = 0; first < 2; first++) {
		rtr_session_init(&s);
		assert_int_equal(ask(&s, reset_query(first), &world).answer, RTR_FULL);
		sent(&s, &world);
		reply = ask(&s, reset_query((uint8_t)(1 - first)), &world);
		assert_int_equal(reply.answer, RTR_ERROR);
		assert_int_equal(reply.code, RTR_UNEXPECTED_VERSION);
		assert_int_equal(reply.version, first);
		assert_true(reply.finish);
	}
}

static void serial_queries(void **state)
{
	static const struct {
		uint16_t session;
		uint32_t serial;
		enum rtr_answer answer;
	} cases[] = {
		{ SESSION, SERIAL, RTR_EMPTY },     { SESSION, 90, RTR_DELTA },     { SESSION, 99, RTR_DELTA },
		{ SESSION, 89, RTR_RESET },         { SESSION, 101, RTR_RESET },    { SESSION, 0, RTR_RESET },
		{ SESSION + 1, SERIAL, RTR_RESET }, { SESSION + 1, 95, RTR_RESET },
	};
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	struct rtr_reply reply;
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(cases); i++) {
		rtr_session_init(&s);
		reply = ask(&s, serial_query(1, cases[i].session, cases[i].serial), &world);
		assert_int_equal(reply.answer, cases[i].answer);
		assert_false(reply.finish);
		assert_int_equal(reply.from, reply.answer == RTR_DELTA ? cases[i].serial : 0);
		if (reply.answer == RTR_RESET) {
			assert_int_equal(s.state, RTR_READY);
			continue;
		}
		assert_int_equal(reply.session, SESSION);
		assert_int_equal(s.state, RTR_SENDING);
	}
	rtr_session_init(&s);
	assert_int_equal(ask(&s, reset_query(1), &world).from, 0);
}

static void a_query_inside_an_answer_waits(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;

	(void)state;
	rtr_session_init(&s);
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_FULL);
	assert_int_equal(ask(&s, serial_query(1, SESSION, SERIAL), &world).answer, RTR_LATER);
	sent(&s, &world);
	assert_int_equal(ask(&s, serial_query(1, SESSION, SERIAL), &world).answer, RTR_EMPTY);
	sent(&s, &world);
	/* The same behind a short answer; but an Error Report is heard at once. */
	assert_int_equal(ask(&s, serial_query(1, SESSION, 1), &world).answer, RTR_RESET);
	world.busy = true;
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_LATER);
	assert_int_equal(ask(&s, reset_query(9), &world).answer, RTR_LATER);
	assert_true(
		ask(&s, (struct rtr_pdu){ .version = 1, .type = RTR_ERROR_REPORT, .fault = RTR_SOUND }, &world).finish);
}

static void no_data_keeps_the_connection(void **state)
{
	struct rtr_world world = world_of(false);
	struct rtr_session s;
	struct rtr_reply reply;
	int i;

	(void)state;
	rtr_session_init(&s);
	for (i = 0; i < 2; i++) {
		reply = i == 0 ? ask(&s, reset_query(1), &world) : ask(&s, serial_query(1, SESSION, 95), &world);
		assert_int_equal(reply.answer, RTR_ERROR);
		assert_int_equal(reply.code, RTR_NO_DATA);
		assert_false(reply.finish);
		assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
		assert_string_equal(rtr_state_name(s.state), "waiting");
	}
	world = world_of(true);
	reply = tick(&s, &world);
	assert_int_equal(reply.answer, RTR_NOTIFY);
	assert_int_equal(reply.session, SESSION);
	assert_string_equal(rtr_state_name(s.state), "ready");
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_FULL);
}

/* Before there is data a query is held: a router that is refused sleeps for ten minutes. */
static void a_query_is_held(void **state)
{
	struct rtr_world world = world_of(false);
	struct rtr_session s;
	struct rtr_reply reply;

	(void)state;
	world.hold_ms = 45000;
	rtr_session_init(&s);
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_LATER);
	assert_true(s.held);
	world.now_ms += 44999;
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_LATER);
	world = world_of(true);
	/* The query is answered, not the router told that it may ask. */
	assert_int_equal(tick(&s, &world).answer, RTR_NOTHING);
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_FULL);
	assert_false(s.held);

	/* It takes too long: refused, and the next one is held again. */
	world = world_of(false);
	world.hold_ms = 45000;
	rtr_session_init(&s);
	assert_int_equal(ask(&s, serial_query(1, SESSION, 95), &world).answer, RTR_LATER);
	world.now_ms += 45000;
	reply = ask(&s, serial_query(1, SESSION, 95), &world);
	assert_int_equal(reply.answer, RTR_ERROR);
	assert_int_equal(reply.code, RTR_NO_DATA);
	assert_false(reply.finish);
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_LATER);

	/* So it is with one who was up to date when the data grew too old: what came since is his answer. */
	world = world_of(true);
	rtr_session_init(&s);
	assert_int_equal(ask(&s, serial_query(1, SESSION, SERIAL), &world).answer, RTR_EMPTY);
	sent(&s, &world);
	world.has_data = false;
	world.hold_ms = 45000;
	assert_int_equal(ask(&s, serial_query(1, SESSION, SERIAL), &world).answer, RTR_LATER);
	world.has_data = true;
	world.serial++;
	assert_int_equal(rtr_session_notify_in(&s, &world), UINT64_MAX);
}

static void a_suspect_is_reset(void **state)
{
	struct rtr_world world = world_of(true);
	struct rtr_session s;

	(void)state;
	world.suspect = true;
	rtr_session_init(&s);
	assert_int_equal(ask(&s, serial_query(1, SESSION, 95), &world).answer, RTR_RESET);
	assert_int_equal(ask(&s, serial_query(1, SESSION, SERIAL), &world).answer, RTR_RESET);
	assert_int_equal(ask(&s, reset_query(1), &world).answer, RTR_FULL);
}

static void who_is_a_suspect(void **state)
{
	static const uint16_t codes[] = { 0, 1, 3, 6, 7, 8, 600 };
	struct rtr_world world = world_of(true);
	struct rtr_session s;
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(codes); i++) {
		struct rtr_pdu pdu = { .version = 1, .type = RTR_ERROR_REPORT, .field = codes[i], .fault = RTR_SOUND };
		struct rtr_reply reply;

		rtr_session_init(&s);
		reply = ask(&s, pdu, &world);
		assert_int_equal(reply.suspect, codes[i] == 6 || codes[i] == 7);
	}
	rtr_session_init(&s);
	assert_false(rtr_session_cut(&s));
	(void)ask(&s, reset_query(1), &world);
	assert_true(rtr_session_cut(&s));
	/* Half closed: still inside the answer. */
	assert_true(rtr_session_step(&s, RTR_IN_EOF, NULL, &world).finish);
	assert_true(rtr_session_cut(&s));
	sent(&s, &world);
	assert_false(rtr_session_cut(&s));
}

static void session_id_is_the_logs(void **state)
{
	struct al_vkey key = { .name = "log.example" }, other = { .name = "log.exampl" };
	uint16_t id = rtr_session_id(&key, 1, 1);

	(void)state;
	memset(key.pk, 7, sizeof(key.pk));
	other.pk[0] = 'e';
	/* The value is part of what other caches and restarts rely on. */
	assert_int_equal(rtr_session_id(&key, 1, 1), 0xfcc4);
	assert_int_not_equal(rtr_session_id(&key, 1, 1), id);
	assert_int_not_equal(rtr_session_id(&key, 2, 1), rtr_session_id(&key, 1, 1));
	assert_int_not_equal(rtr_session_id(&key, 1, 0), rtr_session_id(&key, 1, 1));
	assert_int_not_equal(rtr_session_id(&other, 1, 1), id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_table),
		cmocka_unit_test(states_have_names),
		cmocka_unit_test(newer_version_gets_ours),
		cmocka_unit_test(version_two),
		cmocka_unit_test(version_is_fixed_by_the_first_query),
		cmocka_unit_test(serial_queries),
		cmocka_unit_test(a_query_inside_an_answer_waits),
		cmocka_unit_test(no_data_keeps_the_connection),
		cmocka_unit_test(a_query_is_held),
		cmocka_unit_test(a_suspect_is_reset),
		cmocka_unit_test(who_is_a_suspect),
		cmocka_unit_test(session_id_is_the_logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
