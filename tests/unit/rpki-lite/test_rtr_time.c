/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_time.c -- routers by a clock that stands still until the test turns it: when they are told, how long they
 * are waited for, and who goes when too much is kept for them.
 */
#include "router.h"

#include "../clock.h"
#include "rtr_client.h"

#define S UINT64_C(1000)

/* ---- on the loop's thread ---- */

struct call {
	struct bench *bench;
	size_t bytes;
	bool held;
	sem_t done;
};

static void nothing(void *arg)
{
	struct call *call = arg;

	sem_post(&call->done);
}

/* So much more is held by those who read slowly. */
static void weigh(void *arg)
{
	struct call *call = arg;

	call->bench->server->images.retired_bytes += call->bytes;
	sem_post(&call->done);
}

/* What waits for all of them, and whether a query is held. */
static void look(void *arg)
{
	struct call *call = arg;

	for (struct rtr_client *client = call->bench->server->clients; client != NULL; client = client->next) {
		call->bytes += al_conn_pending(client->conn);
		call->held = call->held || client->session.held;
	}
	sem_post(&call->done);
}

static struct call on_loop(struct bench *bench, void (*fn)(void *arg), size_t bytes)
{
	struct call call = { .bench = bench, .bytes = bytes };

	sem_init(&call.done, 0, 0);
	assert_int_equal(al_loop_post(bench->loop, fn, &call), AL_OK);
	assert_true(guard_wait(&call.done));
	sem_destroy(&call.done);
	return call;
}

/* Time goes by. The loop wakes up, sees what is due, and has done it when it hears of the second. */
static void pass(struct bench *bench, uint64_t ms)
{
	clock_ms += ms;
	(void)on_loop(bench, nothing, 0);
	(void)on_loop(bench, nothing, 0);
}

static void pass_often(struct bench *bench, unsigned count, uint64_t ms)
{
	for (unsigned i = 0; i < count; i++)
		pass(bench, ms);
}

/* Until the kernel takes no more for those who do not read. */
static void settle(struct bench *bench)
{
	size_t waits = 0;

	for (unsigned i = 0, same = 0; same < 100; i++, same++) {
		assert_true(i < 100000);
		size_t now = on_loop(bench, look, 0).bytes;

		same = now == waits && now > 0 ? same : 0;
		waits = now;
	}
}

/* ---- routers ---- */

static uint64_t dropped(void)
{
	return metric("alamo_rpki_rtr_stalled_total");
}

static int router_up(struct bench *bench, uint32_t serial)
{
	char text[600];
	int fd = client_connect(bench->port);

	ask_serial(fd, 1, SESSION, serial);
	assert_pdu(fd, V1_RESPONSE);
	assert_memory_equal(next_pdu(fd, text), "0107", 4);
	return fd;
}

/* For which the kernel keeps little. */
static int connect_slow(const struct bench *bench)
{
	const struct sockaddr_in addr = { .sin_family = AF_INET,
					  .sin_port = htons(bench->port),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = client_tune(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), little = 4096;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* It does not read what it asks for. */
static void ask_slowly(int fd, uint8_t version)
{
	char text[600];

	ask_reset(fd, version);
	assert_memory_equal(next_pdu(fd, text) + 2, "03", 2);
}

/* All of it, and the end. */
static void read_big(int fd)
{
	uint8_t pdu[RTR_PREFIX4_LEN];
	char text[600];

	for (size_t i = 0; i < BIG; i++)
		read_exact(fd, pdu, sizeof(pdu));
	assert_memory_equal(next_pdu(fd, text) + 2, "07", 2);
}

static bool cut(int fd)
{
	static char waste[1u << 16];
	ssize_t got;
	size_t all = 0;

	while ((got = recv(fd, waste, sizeof(waste), 0)) > 0)
		all += (size_t)got;
	return all < (size_t)BIG * RTR_PREFIX4_LEN;
}

/* ---- tests ---- */

static void who_never_asks_is_dropped(void **state)
{
	struct bench bench;
	uint64_t before;
	int silent, other;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	before = dropped();
	silent = client_connect(bench.port);
	other = router_up(&bench, 10);
	pass_often(&bench, 5, 10 * S);
	pass(&bench, 10 * S - 1);
	assert_int_equal(dropped(), before);
	pass(&bench, 1);
	assert_pdu(silent, "eof");
	assert_int_equal(dropped(), before + 1);
	/* Who has asked may be silent for as long as there is no news. */
	pass_often(&bench, 360, 10 * S);
	publish_twelve(&bench);
	assert_pdu(other, V1_NOTIFY("0c"));
	assert_int_equal(dropped(), before + 1);
	close(silent);
	close(other);
	bench_close(&bench);
}

static void who_does_not_read_is_dropped(void **state)
{
	struct bench bench;
	uint8_t pdu[RTR_PREFIX4_LEN];
	uint64_t before;
	int slow;

	(void)state;
	bench_open(&bench, 0, 0);
	publish(&bench, big_set(1, 20), NULL);
	before = dropped();
	slow = connect_slow(&bench);
	ask_slowly(slow, 1);
	settle(&bench);
	pass_often(&bench, 30, 10 * S); /* it was seen to wait 290 seconds ago */
	assert_int_equal(dropped(), before);
	for (size_t i = 0; i < BIG / 4; i++)
		read_exact(slow, pdu, sizeof(pdu));
	settle(&bench);
	pass_often(&bench, 30, 10 * S); /* its time has begun anew */
	assert_int_equal(dropped(), before);
	for (unsigned i = 0; i < 60 && dropped() == before; i++)
		pass(&bench, 10 * S);
	assert_int_equal(dropped(), before + 1);
	assert_true(cut(slow));
	close(slow);
	bench_close(&bench);
}

/* Of two who read old sets too slowly, when that is too much, the one goes that asked first; who is up to date stays. */
static void who_reads_an_old_set_is_dropped(void **state)
{
	const size_t len = (size_t)BIG * RTR_PREFIX4_LEN, enough = RTR_RETIRED_MAX - 2 * len;

	(void)state;
	for (size_t first = 0; first < 2; first++) {
		struct bench bench;
		uint64_t before;
		int fds[2], other;

		bench_open(&bench, 0, 0);
		publish(&bench, big_set(1, 20), NULL);
		other = router_up(&bench, 20);
		fds[0] = connect_slow(&bench);
		pass(&bench, 1 * S);
		fds[1] = connect_slow(&bench);
		ask_slowly(fds[first], 1);
		settle(&bench);
		pass(&bench, 1 * S);
		ask_slowly(fds[1 - first], 2); /* an answer of its own */
		settle(&bench);
		before = dropped();
		(void)on_loop(&bench, weigh, enough);
		publish_ten(&bench); /* as much as may be */
		assert_int_equal(dropped(), before);
		(void)on_loop(&bench, weigh, 1);
		publish_twelve(&bench);
		assert_int_equal(dropped(), before + 1);
		assert_true(cut(fds[first]));
		read_big(fds[1 - first]);
		assert_pdu(other, V1_NOTIFY("0a"));
		assert_pdu(other, V1_NOTIFY("0c"));
		assert_int_equal(dropped(), before + 1);
		(void)on_loop(&bench, weigh, 0 - (enough + 1));
		close(fds[0]);
		close(fds[1]);
		close(other);
		bench_close(&bench);
	}
}

/* Likewise who has half of a difference, in version 0, and does not ask for the other. */
static void who_has_half_of_it_is_dropped(void **state)
{
	const size_t len = RTR_PREFIX4_LEN + RTR_PREFIX6_LEN, much = RTR_RETIRED_MAX - len + 1;
	struct bench bench;
	uint64_t before;
	char text[600];
	int fd;

	(void)state;
	bench_open(&bench, 0, 0);
	publish_ten(&bench);
	fd = client_connect(bench.port);
	ask_reset(fd, 0);
	for (const char *last = "0000"; strncmp(last, "0007", 4) != 0;)
		last = next_pdu(fd, text);
	publish_twelve(&bench);
	assert_memory_equal(next_pdu(fd, text), "0000", 4);
	ask_serial(fd, 0, (uint16_t)strtoul((char[]){ text[4], text[5], text[6], text[7], '\0' }, NULL, 16), 10);
	while (strncmp(next_pdu(fd, text), "0007", 4) != 0)
		;
	assert_string_equal(text + 16, "0000000a");
	assert_memory_equal(next_pdu(fd, text), "0000", 4);
	before = dropped();
	(void)on_loop(&bench, weigh, much);
	publish_ten(&bench);
	assert_int_equal(dropped(), before + 1);
	assert_pdu(fd, "eof");
	(void)on_loop(&bench, weigh, 0 - much);
	close(fd);
	bench_close(&bench);
}

static void notifies_are_paced(void **state)
{
	struct bench bench;
	uint64_t before;
	int fd;

	(void)state;
	bench_open(&bench, 3 * S, 0);
	publish_ten(&bench);
	fd = router_up(&bench, 10);
	before = metric("alamo_rpki_rtr_notifies_total");
	publish_twelve(&bench);
	assert_pdu(fd, V1_NOTIFY("0c"));
	pass(&bench, 1 * S);
	publish_ten(&bench);
	pass(&bench, 2 * S - 1);
	assert_int_equal(metric("alamo_rpki_rtr_notifies_total"), before + 1);
	pass(&bench, 1);
	assert_int_equal(metric("alamo_rpki_rtr_notifies_total"), before + 2);
	assert_pdu(fd, V1_NOTIFY("0a"));
	close(fd);
	bench_close(&bench);
}

/* Before there is data, for so long, whenever the server would look at everybody next. */
static void a_query_is_held(void **state)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct bench bench;
	uint64_t before;
	char text[600];
	int fd;

	(void)state;
	bench_open(&bench, 0, 3 * S);
	before = metric("alamo_rpki_rtr_answers_total{kind=\"error\"}");
	fd = client_connect(bench.port);
	ask_reset(fd, 1);
	for (int i = 0; i < GUARD_S * 1000 && !on_loop(&bench, look, 0).held; i++)
		(void)nanosleep(&nap, NULL);
	pass(&bench, 3 * S - 1);
	assert_int_equal(metric("alamo_rpki_rtr_answers_total{kind=\"error\"}"), before);
	pass(&bench, 1);
	assert_memory_equal(next_pdu(fd, text), "010a0002", 8);
	publish_ten(&bench);
	assert_pdu(fd, V1_NOTIFY("0a"));
	/* The next one does not wait. */
	ask_reset(fd, 1);
	assert_pdu(fd, V1_RESPONSE);
	close(fd);
	bench_close(&bench);
}

static int setup(void **state)
{
	(void)state;
	clock_ms = 5000 * S;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_never_asks_is_dropped, setup),
		cmocka_unit_test_setup(who_does_not_read_is_dropped, setup),
		cmocka_unit_test_setup(who_reads_an_old_set_is_dropped, setup),
		cmocka_unit_test_setup(who_has_half_of_it_is_dropped, setup),
		cmocka_unit_test_setup(notifies_are_paced, setup),
		cmocka_unit_test_setup(a_query_is_held, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
