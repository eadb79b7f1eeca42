/* SPDX-License-Identifier: MIT */
/*
 * test_transfers.c -- many transfers, and slow ones: one source does not take
 * what others need, and who does not read is given up.
 */
#include "fixture.h"

#include "../common/loopback.h"
#include "transfers.h"

#define BYTES (8u << 20) /* more than the kernel takes on both sides */

static struct xfr *xfr_make(struct fixture *f)
{
	const struct zone_set *set = publish_enter(f->publish, 0);
	struct question question = { .name = "alamo", .type = RR_AXFR, .tcp = true };
	struct query query;
	uint8_t msg[512];
	struct xfr *xfr;

	assert_true(query_parse(set->seed, msg, question_put(&question, msg), &query));
	assert_int_equal(xfr_new(set, &query, &(struct client){ .tcp = true }, NULL, &xfr), RCODE_NOERROR);
	publish_leave(f->publish, 0);
	return xfr;
}

static void start(struct fixture *f)
{
	fixture_start(f, "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n", NULL);
	fixture_build(f);
}

static void a_source_has_its_share(void **state)
{
	struct client one = { .addr_len = 16, .addr = { 0xfd, 1 } }, other = { .addr_len = 16, .addr = { 0xfd, 2 } };
	struct transfers transfers = { .count = 0 };
	struct fixture f;

	(void)state;
	start(&f);
	for (unsigned i = 0; i < TRANSFERS_SOURCE_MAX; i++) {
		one.addr[15] = (uint8_t)i; /* one /64 is one source */
		assert_true(transfers_room(&transfers, &one));
		assert_non_null(transfers_begin(&transfers, NULL, &one, xfr_make(&f)));
	}
	assert_false(transfers_room(&transfers, &one));
	assert_true(transfers_room(&transfers, &other));
	for (unsigned i = TRANSFERS_SOURCE_MAX; i < TRANSFERS_MAX; i++) {
		other.addr[2] = (uint8_t)i;
		assert_non_null(transfers_begin(&transfers, NULL, &other, xfr_make(&f)));
	}
	other.addr[2] = 255;
	assert_false(transfers_room(&transfers, &other));
	transfers_end(&transfers, transfers.first);
	assert_true(transfers_room(&transfers, &other));
	while (transfers.first != NULL)
		transfers_end(&transfers, transfers.first);
	assert_int_equal(transfers.count, 0);
	fixture_stop(&f);
}

/* ---- a connection that nobody reads from ---- */

struct stalled {
	struct fixture f;
	struct transfers transfers;
	struct transfer *transfer;
	sem_t opened, closed;
	uint64_t now_ms;
	size_t dropped;
};

static enum al_err stalled_open(struct al_conn *conn, void *arg, void **user)
{
	struct stalled *s = arg;
	static const uint8_t zeros[65536];

	*user = s;
	s->transfer = transfers_begin(&s->transfers, conn, &(struct client){ .addr_len = 4 }, xfr_make(&s->f));
	for (size_t put = 0; put < BYTES; put += sizeof(zeros))
		al_conn_write(conn, zeros, sizeof(zeros));
	s->transfer->put = BYTES;
	sem_post(&s->opened);
	return AL_OK;
}

static void stalled_closed(struct al_conn *conn, void *user)
{
	struct stalled *s = user;

	(void)conn;
	transfers_end(&s->transfers, s->transfer);
	sem_post(&s->closed);
}

static void stalled_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	(void)conn;
	(void)in;
	(void)eof;
	(void)user;
}

static void check_posted(void *arg)
{
	struct stalled *s = arg;

	s->dropped = transfers_check(&s->transfers, s->now_ms);
	sem_post(&s->opened);
}

static size_t check_at(struct al_loop *loop, struct stalled *s, uint64_t age_s)
{
	s->now_ms = s->transfer->started_ms + age_s * 1000;
	assert_int_equal(al_loop_post(loop, check_posted, s), AL_OK);
	assert_true(guard_wait(&s->opened));
	return s->dropped;
}

static void who_does_not_read_is_given_up(void **state)
{
	static const struct al_conn_ops ops = { .open = stalled_open, .data = stalled_data, .closed = stalled_closed };
	struct al_listener_conf conf = {
		.name = "t", .max_conns = 4, .max_per_source = 4, .in_max = 64, .out_max = 2 * BYTES, .idle_ms = 60000
	};
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), small = 4096;
	struct al_listener *listener;
	struct stalled s = { .now_ms = 0 };
	struct al_loop *loop;
	pthread_t thread;
	uint16_t port;

	(void)state;
	start(&s.f);
	(void)sem_init(&s.opened, 0, 0);
	(void)sem_init(&s.closed, 0, 0);
	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_listener_new(loop, &conf, &ops, &s, &listener), AL_OK);
	assert_int_equal(al_listener_tcp(listener, AL_S("127.0.0.1"), 0, &port), AL_OK);
	to.sin_port = htons(port);
	loop_thread_start(loop, &thread);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_true(guard_wait(&s.opened));
	assert_int_equal(check_at(loop, &s, TRANSFER_GRACE_S - 1), 0);
	/* By then the whole must have been read, at the least rate. */
	assert_int_equal(check_at(loop, &s, BYTES / TRANSFER_RATE + 1), 1);
	assert_true(guard_wait(&s.closed));
	assert_int_equal(s.transfers.count, 0);
	loop_thread_stop(loop, thread);
	(void)close(fd);
	al_listener_free(listener);
	al_loop_free(loop);
	fixture_stop(&s.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_has_its_share),
		cmocka_unit_test(who_does_not_read_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
