/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_server.c -- routers over loopback: answers, Notify, errors, and that an answer is a snapshot.
 */
#include "router.h"

static void answers_and_notify(void **state)
{
	struct bench bench;
	int fd;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	fd = client_connect(bench.port);
	ask_reset(fd, 1);
	assert_pdu(fd, V1_RESPONSE);
	assert_pdu(fd, V1_TEN);
	assert_pdu(fd, V1_END("0a"));
	ask_serial(fd, 1, SESSION, 10);
	assert_pdu(fd, V1_RESPONSE);
	assert_pdu(fd, V1_END("0a"));
	publish_twelve(&bench);
	assert_pdu(fd, V1_NOTIFY("0c"));
	ask_serial(fd, 1, SESSION, 10);
	assert_pdu(fd, V1_RESPONSE);
	assert_pdu(fd, "0106000000000020"
		       "01101000"
		       "fd000000000000000000000000000000"
		       "00000002");
	assert_pdu(fd, "0104000000000014"
		       "00080800"
		       "0a000000"
		       "00000001");
	assert_pdu(fd, V1_END("0c"));
	ask_serial(fd, 1, SESSION, 9);
	assert_pdu(fd, V1_CACHE_RESET);
	ask_serial(fd, 1, SESSION + 1, 12);
	assert_pdu(fd, V1_CACHE_RESET);
	close(fd);
	bench_close(&bench);
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"full\"}"), 1);
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"empty\"}"), 1);
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"delta\"}"), 1);
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"cache-reset\"}"), 2);
	assert_int_equal(metric("alamo_rpki_rtr_notifies_total"), 1);
}

/* A PDU of version 0 with the session that the cache chose, as hex with "SSSS" for it. */
static const char *next_pdu0(int fd, char out[static 600], uint16_t *session)
{
	char field[5];

	(void)next_pdu(fd, out);
	(void)memcpy(field, out + 4, 4);
	field[4] = '\0';
	if (strncmp(out, "0003", 4) == 0)
		*session = (uint16_t)strtoul(field, NULL, 16);
	if (strncmp(out, "0004", 4) != 0 && strncmp(out, "0006", 4) != 0)
		(void)memcpy(out + 4, "SSSS", 4);
	return out;
}

#define assert_pdu0(want) assert_string_equal(next_pdu0(fd, pdu_text, &session), want)
#define V0_NEW                             \
	"0006000000000020"                 \
	"01101000"                         \
	"fd000000000000000000000000000000" \
	"00000002"
#define V0_OLD(flag)                     \
	"0004000000000014" flag "080800" \
	"0a000000"                       \
	"00000001"

static void version_0_in_two_halves(void **state)
{
	struct bench bench;
	char pdu_text[600];
	uint16_t session = 0;
	uint64_t deltas;
	int fd;

	(void)state;
	bench_open(&bench, 60000, 0);
	deltas = metric("alamo_rpki_rtr_answers_total{kind=\"delta\"}");
	publish_ten(&bench);
	fd = client_connect(bench.port);
	ask_reset(fd, 0);
	assert_pdu0("0003SSSS00000008");
	assert_pdu0(V0_OLD("01"));
	assert_pdu0("0007SSSS0000000c0000000a");
	publish_twelve(&bench);
	assert_pdu0("0000SSSS0000000c0000000c");
	ask_serial(fd, 0, session, 10);
	assert_pdu0("0003SSSS00000008");
	assert_pdu0(V0_NEW);
	assert_pdu0("0007SSSS0000000c0000000a");
	/* The pace of Notifies does not hold the other half up. */
	assert_pdu0("0000SSSS0000000c0000000c");
	ask_serial(fd, 0, session, 10);
	assert_pdu0("0003SSSS00000008");
	assert_pdu0(V0_OLD("00"));
	assert_pdu0("0007SSSS0000000c0000000c");
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"delta\"}"), deltas + 2); /* the halves */
	close(fd);
	/* Who asks for everything now gets the new set, in version 0 as well. */
	fd = client_connect(bench.port);
	ask_reset(fd, 0);
	assert_pdu0("0003SSSS00000008");
	assert_pdu0(V0_NEW);
	assert_pdu0("0007SSSS0000000c0000000c");
	close(fd);
	bench_close(&bench);
}

static void no_data_then_notify(void **state)
{
	struct bench bench;
	char text[600];
	int fd;

	(void)state;
	bench_open(&bench, 60000, 0);
	fd = client_connect(bench.port);
	ask_reset(fd, 1);
	assert_memory_equal(next_pdu(fd, text), "010a0002", 8);
	assert_memory_equal(text + 16, "00000000", 8);
	publish_ten(&bench);
	assert_pdu(fd, V1_NOTIFY("0a"));
	ask_reset(fd, 1);
	assert_pdu(fd, V1_RESPONSE);
	close(fd);
	bench_close(&bench);
}

static void errors_end_the_connection(void **state)
{
	static const struct {
		uint8_t bytes[16];
		size_t len;
		const char *answer;
	} cases[] = {
		{ { 3, 2, 0, 0, 0, 0, 0, 8 }, 8, "020a0004" },
		{ { 9, 77, 0, 0, 0xff, 0xff, 0xff, 0xff }, 8, "020a0004" },
		{ { 1, 1, 0, 0, 0x80, 0, 0, 0 }, 8, "010a0000" },
		{ { 0, 77, 0, 0, 0, 0, 0, 8 }, 8, "000a0005" },
		{ { 1, 4, 0, 0, 0, 0, 0, 20 }, 8, "010a0003" },
		{ { 1, 10, 0, 3, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0 }, 16, "eof" },
		{ { 1, 10, 0, 3, 0xff, 0xff, 0xff, 0xff }, 8, "eof" },
	};
	struct bench bench;
	uint64_t errors, reports;
	char text[600];
	size_t i;

	(void)state;
	bench_open(&bench, 0, 0);
	errors = metric("alamo_rpki_rtr_answers_total{kind=\"error\"}");
	reports = metric("alamo_rpki_rtr_error_reports_total");
	publish_ten(&bench);
	for (i = 0; i < AL_COUNT(cases); i++) {
		int fd = client_connect(bench.port);

		client_send(fd, cases[i].bytes, cases[i].len);
		next_pdu(fd, text);
		assert_memory_equal(text, cases[i].answer, strlen(cases[i].answer));
		if (strcmp(text, "eof") != 0)
			assert_pdu(fd, "eof");
		close(fd);
	}
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"error\"}"), errors + 5);
	assert_int_equal(metric("alamo_rpki_rtr_error_reports_total"), reports + 2);
	assert_int_equal(metric("alamo_rpki_rtr_stalled_total"), 0);
	bench_close(&bench);
}

static void pipelined_queries_are_answered_in_order(void **state)
{
	struct bench bench;
	int fd, i;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	fd = client_connect(bench.port);
	for (i = 0; i < 50; i++) {
		ask_reset(fd, 1);
		ask_serial(fd, 1, SESSION, 10);
		ask_serial(fd, 1, SESSION, 3);
	}
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (i = 0; i < 50; i++) {
		assert_pdu(fd, V1_RESPONSE);
		assert_pdu(fd, V1_TEN);
		assert_pdu(fd, V1_END("0a"));
		assert_pdu(fd, V1_RESPONSE);
		assert_pdu(fd, V1_END("0a"));
		assert_pdu(fd, V1_CACHE_RESET);
	}
	assert_pdu(fd, "eof");
	close(fd);
	bench_close(&bench);
}

/* Queries without reading: what is not read is not answered, and costs us nothing. */
static void who_does_not_read_is_not_served_on(void **state)
{
	struct bench bench;
	uint8_t q[12 * 4096] = { 0 };
	ssize_t got = 1;
	size_t i;
	int fd, round;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	for (i = 0; i < sizeof(q); i += 12) {
		q[i] = 1;
		q[i + 1] = 1;
		q[i + 7] = 12;
	}
	fd = client_connect(bench.port);
	/* The server reads on as long as its answers leave; with ours full it must stop, whatever we send. */
	for (round = 0; round < 4000 && got > 0; round++) {
		struct timeval wait = { .tv_usec = 300000 };

		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)), 0);
		got = send(fd, q, sizeof(q), MSG_NOSIGNAL);
	}
	assert_true(got < 0);
	assert_true(errno == EAGAIN || errno == EWOULDBLOCK);
	for (i = 0; i < 1000; i++) {
		uint8_t pdu[8];

		read_exact(fd, pdu, sizeof(pdu));
		assert_int_equal(pdu[1], 8);
	}
	close(fd);
	bench_close(&bench);
}

static void a_suspect_is_reset_once(void **state)
{
	static const uint8_t report[] = { 1, 10, 0, 7, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0 };
	struct bench bench;
	int fd;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	publish_twelve(&bench);
	fd = client_connect(bench.port);
	client_send(fd, report, sizeof(report));
	assert_pdu(fd, "eof");
	close(fd);
	fd = client_connect(bench.port);
	ask_serial(fd, 1, SESSION, 10);
	assert_pdu(fd, V1_CACHE_RESET);
	ask_serial(fd, 1, SESSION, 12);
	assert_pdu(fd, V1_RESPONSE);
	assert_pdu(fd, V1_END("0c"));
	close(fd);
	bench_close(&bench);
}

static void an_answer_is_a_snapshot(void **state)
{
	struct bench bench;
	uint8_t pdu[RTR_PREFIX4_LEN];
	uint32_t i;
	int slow, quick;

	(void)state;
	bench_open(&bench, 0, 0);
	publish(&bench, big_set(1, 20), NULL);
	slow = client_connect(bench.port);
	ask_reset(slow, 1);
	assert_pdu(slow, V1_RESPONSE);
	/* It does not read on; the others get the news. */
	quick = client_connect(bench.port);
	ask_serial(quick, 1, SESSION, 20);
	assert_pdu(quick, V1_RESPONSE);
	assert_pdu(quick, V1_END("14"));
	publish(&bench, big_set(2, 21), NULL);
	assert_pdu(quick, V1_NOTIFY("15"));
	for (i = 0; i < BIG; i++) {
		read_exact(slow, pdu, sizeof(pdu));
		assert_int_equal(al_get_u32(pdu + 12), i);
		assert_int_equal(al_get_u32(pdu + 16), 1);
	}
	assert_pdu(slow, V1_END("14"));
	assert_pdu(slow, V1_NOTIFY("15"));
	close(slow);
	close(quick);
	bench_close(&bench);
}

static void cut_off_inside_an_answer(void **state)
{
	struct bench bench;
	char text[600];
	int fd, tries;

	(void)state;
	bench_open(&bench, 0, 0);
	publish(&bench, big_set(1, 20), NULL);
	fd = client_connect(bench.port);
	ask_reset(fd, 1);
	assert_pdu(fd, V1_RESPONSE);
	close(fd);
	/* The server sees the end of it when its next write fails, which may be after our next query. */
	for (tries = 0; tries < 1000; tries++) {
		fd = client_connect(bench.port);
		ask_serial(fd, 1, SESSION, 20);
		next_pdu(fd, text);
		close(fd);
		if (strcmp(text, V1_CACHE_RESET) == 0)
			break;
	}
	assert_string_equal(text, V1_CACHE_RESET);
	bench_close(&bench);
}

/* Whichever of several routers goes, the others are told of the next set. */
static void routers_come_and_go(void **state)
{
	struct bench bench;
	int fds[4];

	(void)state;
	for (size_t gone = 0; gone < AL_COUNT(fds); gone++) {
		bench_open(&bench, 0, 0);
		publish_ten(&bench);
		for (size_t i = 0; i < AL_COUNT(fds); i++) {
			fds[i] = client_connect(bench.port);
			ask_serial(fds[i], 1, SESSION, 10);
			assert_pdu(fds[i], V1_RESPONSE);
			assert_pdu(fds[i], V1_END("0a"));
		}
		/* Closed by us behind an Error Report, so that the server has seen it when we have. */
		client_send(fds[gone], (const uint8_t[]){ 1, 10, 0, 3, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0 }, 16);
		assert_pdu(fds[gone], "eof");
		close(fds[gone]);
		fds[gone] = client_connect(bench.port);
		ask_serial(fds[gone], 1, SESSION, 10);
		assert_pdu(fds[gone], V1_RESPONSE);
		assert_pdu(fds[gone], V1_END("0a"));
		publish_twelve(&bench);
		for (size_t i = 0; i < AL_COUNT(fds); i++) {
			assert_pdu(fds[i], V1_NOTIFY("0c"));
			close(fds[i]);
		}
		bench_close(&bench);
	}
}

static void version_0(void **state)
{
	struct bench bench;
	char first[600], second[600];
	int fd;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	fd = client_connect(bench.port);
	ask_reset(fd, 0);
	assert_memory_equal(next_pdu(fd, first), "0003", 4);
	assert_pdu(fd, "000400000000001401080800"
		       "0a000000"
		       "00000001");
	next_pdu(fd, second);
	assert_memory_equal(second, "0007", 4);
	assert_memory_equal(second + 4, first + 4, 4);
	assert_string_equal(second + 8, "0000000c"
					"0000000a");
	ask_reset(fd, 0);
	assert_memory_equal(next_pdu(fd, second), "0003", 4);
	assert_memory_not_equal(second + 4, first + 4, 4);
	close(fd);
	bench_close(&bench);
}

static void bad_timers_are_refused(void **state)
{
	struct rtr_server_conf conf = { .max_conns = 1, .timers = { 300, 30, 100 } };
	struct rtr_server *server = NULL;
	struct al_loop *loop;

	(void)state;
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(rtr_server_new(loop, &conf, &server), AL_EINVAL);
	assert_null(server);
	al_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_notify),
		cmocka_unit_test(version_0_in_two_halves),
		cmocka_unit_test(no_data_then_notify),
		cmocka_unit_test(errors_end_the_connection),
		cmocka_unit_test(pipelined_queries_are_answered_in_order),
		cmocka_unit_test(who_does_not_read_is_not_served_on),
		cmocka_unit_test(a_suspect_is_reset_once),
		cmocka_unit_test(an_answer_is_a_snapshot),
		cmocka_unit_test(cut_off_inside_an_answer),
		cmocka_unit_test(version_0),
		cmocka_unit_test(routers_come_and_go),
		cmocka_unit_test(bad_timers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
