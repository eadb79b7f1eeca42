/* SPDX-License-Identifier: MIT */
/*
 * test_server.c -- over loopback: UDP threads while zones change, TCP with
 * pipelined queries, transfers among them, and a clean stop.
 */
#include "../guard.h"
#include "fixture.h"

#include <stdatomic.h>

#include "../common/loopback.h"
#include "../metric.h"
#include "tcp.h"
#include "traffic.h"
#include "udp.h"

#define READER_UDP 1
#define ROUNDS 300
#define PIPELINED 40

static const char registry[] = "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n";

static int setup(void **state)
{
	static struct fixture f;

	fixture_start(&f, registry, NULL);
	fixture_put(&f, "domain: a.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n");
	for (unsigned i = 0; i < 2000; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nnserver: ns.n%u.alamo 10.0.0.2\nmnt-by: A-MNT\nsource: T1\n", i, i);
		fixture_put(&f, text);
	}
	fixture_build(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

/* 127.0.0.`last`, or ::1 */
static int connect_host(int type, int family, uint16_t port, unsigned last)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) + last) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct timeval wait = { .tv_sec = GUARD_S };
	int fd = socket(family, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	if (family == AF_INET)
		assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	return fd;
}

static int connect_to(int type, int family, uint16_t port)
{
	return connect_host(type, family, port, 1);
}

/* ---- UDP ---- */

struct asker {
	uint16_t port;
	_Atomic bool stop;
	unsigned asked, wrong;
};

static bool is_answer(const uint8_t *reply, ssize_t got, size_t query_len)
{
	return got == (ssize_t)query_len + 16 && (reply[3] & 15) == RCODE_NOERROR &&
	       memcmp(reply + got - 4, "\12\0\0\1", 4) == 0;
}

/* A question whose answer is the same in every set of zones. */
static void *ask_on(void *arg)
{
	struct asker *asker = arg;
	struct question q = { .name = "a.alamo", .type = RR_A };
	int fd = connect_to(SOCK_DGRAM, AF_INET, asker->port);
	uint8_t query[512], reply[UDP_SIZE_MAX];
	size_t len = question_put(&q, query);

	while (!atomic_load(&asker->stop) || asker->asked == 0) {
		bool sent = send(fd, query, len, 0) == (ssize_t)len;

		asker->wrong += !sent || !is_answer(reply, recv(fd, reply, sizeof(reply), 0), len);
		asker->asked++;
	}
	(void)close(fd);
	return NULL;
}

static void answers_while_zones_change(void **state)
{
	struct fixture *f = *state;
	struct asker asker = { .asked = 0 };
	struct udp_socket *server;
	pthread_t thread;

	assert_int_equal(udp_probe(AL_S("127.0.0.1"), 0, &asker.port), AL_OK);
	assert_int_equal(udp_start(AL_S("127.0.0.1"), asker.port,
				   &(struct batch_conf){ .publish = f->publish, .reader = READER_UDP }, &server),
			 AL_OK);
	assert_int_equal(pthread_create(&thread, NULL, ask_on, &asker), 0);
	for (unsigned i = 0; i < ROUNDS; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "domain: m%u.alamo\nrecord: @ A 10.0.0.3\nmnt-by: A-MNT\nsource: T1\n%s", i % 7,
			       i % 2 == 1 ? "delete: x\n" : "");
		fixture_put(f, text);
		fixture_apply(f);
		if (i % 50 == 49)
			builder_reclaim(f->builder);
	}
	atomic_store(&asker.stop, true);
	(void)pthread_join(thread, NULL);
	assert_int_equal(asker.wrong, 0);
	udp_stop(server);
}

/* A socket on all addresses answers from the one that was asked: a connected client sees no other. That of 127.0.0.2 is
 * none that the routes would choose. */
static void any_address_answers_as_asked(void **state)
{
	static const struct {
		struct al_slice addr;
		int family;
	} rows[] = { { { "0.0.0.0", 7 }, AF_INET }, { { "::", 2 }, AF_INET6 } };
	struct fixture *f = *state;
	struct question q = { .name = "a.alamo", .type = RR_A };
	uint8_t query[512], reply[UDP_SIZE_MAX];
	size_t len = question_put(&q, query);

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct udp_socket *server;
		uint16_t port;
		int fd;
		enum al_err err = udp_probe(rows[i].addr, 0, &port);

		if (err == AL_EUNSUPPORTED)
			continue;
		assert_int_equal(err, AL_OK);
		assert_int_equal(udp_start(rows[i].addr, port,
					   &(struct batch_conf){ .publish = f->publish, .reader = READER_UDP },
					   &server),
				 AL_OK);
		fd = connect_host(SOCK_DGRAM, rows[i].family, port, 2);
		assert_int_equal(send(fd, query, len, 0), (ssize_t)len);
		assert_int_equal(recv(fd, reply, sizeof(reply), 0), (ssize_t)len + 16);
		(void)close(fd);
		udp_stop(server);
	}
}

/* A question with `padding` bytes of EDNS padding (RFC 7830); its length. */
static size_t padded_put(size_t padding, uint8_t *out)
{
	struct question q = { .name = "a.alamo", .type = RR_A, .edns = true };
	size_t len = question_put(&q, out);

	al_set_u16(out + len - 2, (uint16_t)(padding + 4));
	al_set_u16(out + len, 12);
	al_set_u16(out + len + 2, (uint16_t)padding);
	memset(out + len + 4, 0, padding);
	return len + 4 + padding;
}

/* Long queries are answered; one that is longer than we read is sent to TCP. */
static void long_queries_are_answered(void **state)
{
	static const struct {
		size_t padding;
		bool tcp;
	} rows[] = { { 8, false }, { 1300, false }, { 4000, false }, { 9000, true } };
	static uint8_t query[16384];
	uint8_t reply[UDP_SIZE_MAX];
	struct fixture *f = *state;
	struct udp_socket *server;
	uint16_t port;
	int fd;

	assert_int_equal(udp_probe(AL_S("127.0.0.1"), 0, &port), AL_OK);
	assert_int_equal(udp_start(AL_S("127.0.0.1"), port,
				   &(struct batch_conf){ .publish = f->publish, .reader = READER_UDP }, &server),
			 AL_OK);
	fd = connect_to(SOCK_DGRAM, AF_INET, port);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		size_t len = padded_put(rows[i].padding, query);

		assert_int_equal(send(fd, query, len, 0), (ssize_t)len);
		assert_true(recv(fd, reply, sizeof(reply), 0) > 12);
		assert_int_equal(reply[2] >> 1 & 1, rows[i].tcp);
		assert_int_equal(al_get_u16(reply + 6), !rows[i].tcp);
		assert_int_equal(reply[3] & 15, RCODE_NOERROR);
	}
	(void)close(fd);
	udp_stop(server);
}

static void a_taken_port_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct udp_socket *server;
	uint16_t port, bound;

	assert_int_equal(udp_probe(AL_S("127.0.0.1"), 0, &port), AL_OK);
	assert_int_equal(udp_start(AL_S("127.0.0.1"), port,
				   &(struct batch_conf){ .publish = f->publish, .reader = READER_UDP }, &server),
			 AL_OK);
	assert_int_equal(udp_probe(AL_S("127.0.0.1"), port, &bound), AL_EEXIST);
	udp_stop(server);
	assert_int_equal(udp_probe(AL_S("127.0.0.1"), port, &bound), AL_OK);
}

/* ---- TCP: the server's loop runs on a thread of its own ---- */

static void talk_with(struct fixture *f, void (*talk)(int fd))
{
	struct tcp_conf conf = { .max_conns = 8, .max_per_source = 8, .idle_ms = GUARD_MS, .publish = f->publish };
	struct tcp_server *server;
	struct al_loop *loop;
	pthread_t thread;
	uint16_t port;
	int fd;

	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(tcp_new(loop, &conf, &server), AL_OK);
	assert_int_equal(al_listener_tcp(tcp_listener(server), AL_S("127.0.0.1"), 0, &port), AL_OK);
	loop_thread_start(loop, &thread);
	fd = connect_to(SOCK_STREAM, AF_INET, port);
	talk(fd);
	(void)close(fd);
	loop_thread_stop(loop, thread);
	tcp_free(server);
	al_loop_free(loop);
}

static void read_exact(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t got = recv(fd, out, len, 0);

		assert_true(got > 0);
		out += got;
		len -= (size_t)got;
	}
}

static size_t read_message(int fd, uint8_t *out)
{
	uint8_t len[2];

	read_exact(fd, len, 2);
	read_exact(fd, out, al_get_u16(len));
	return al_get_u16(len);
}

static size_t message_put(const char *name, uint16_t type, uint16_t id, uint8_t *out)
{
	struct question q = { .name = name, .type = type };
	size_t len = question_put(&q, out + 2);

	al_set_u16(out, (uint16_t)len);
	al_set_u16(out + 2, id);
	return len + 2;
}

static void send_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);

		assert_true(put > 0);
		bytes += put;
		len -= (size_t)put;
	}
}

static void talk_pipelined(int fd)
{
	static uint8_t out[PIPELINED * 64], reply[ANSWER_TCP_MAX];
	size_t len = 0;

	for (uint16_t i = 0; i < PIPELINED; i++)
		len += message_put(i % 2 == 0 ? "a.alamo" : "nope.alamo", RR_A, i, out + len);
	/* The last one in single bytes, and our side closed behind it: all answers come all the same. */
	send_all(fd, out, len - 20);
	for (size_t i = len - 20; i < len; i++)
		send_all(fd, out + i, 1);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (uint16_t i = 0; i < PIPELINED; i++) {
		(void)read_message(fd, reply);
		assert_int_equal(al_get_u16(reply), i);
		assert_int_equal(reply[3] & 15, i % 2 == 0 ? RCODE_NOERROR : RCODE_NXDOMAIN);
	}
	assert_int_equal(recv(fd, reply, 1, 0), 0);
}

static void tcp_answers_in_order(void **state)
{
	talk_with(*state, talk_pipelined);
}

/* Records of a message's answer section, and how many of them are SOA. */
static size_t answers_of(const uint8_t *msg, size_t len, size_t *soas)
{
	ldns_pkt *pkt = NULL;
	size_t count;

	assert_int_equal(ldns_wire2pkt(&pkt, msg, len), LDNS_STATUS_OK);
	count = ldns_pkt_ancount(pkt);
	for (size_t i = 0; i < count; i++)
		*soas += ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_answer(pkt), i)) == LDNS_RR_TYPE_SOA;
	ldns_pkt_free(pkt);
	return count;
}

/* Two whole transfers with questions before, between and behind. */
static void talk_transfers(int fd)
{
	static uint8_t out[512], reply[ANSWER_TCP_MAX];
	size_t len = message_put("a.alamo", RR_A, 1, out);
	size_t records[2] = { 0, 0 };

	len += message_put("alamo", RR_AXFR, 2, out + len);
	len += message_put("a.alamo", RR_A, 3, out + len);
	len += message_put("alamo", RR_AXFR, 4, out + len);
	len += message_put("b.alamo", RR_AXFR, 5, out + len);
	send_all(fd, out, len);
	/* Our side is closed while transfers hold back what is behind them: all of it comes, then the end. */
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	(void)read_message(fd, reply);
	assert_int_equal(al_get_u16(reply), 1);
	for (size_t i = 0; i < 2; i++) {
		size_t soas = 0;

		while (soas < 2) {
			size_t got = read_message(fd, reply);

			assert_int_equal(al_get_u16(reply), 2 + 2 * i);
			records[i] += answers_of(reply, got, &soas);
		}
		(void)read_message(fd, reply);
		assert_int_equal(al_get_u16(reply), 3 + 2 * i);
	}
	assert_int_equal(reply[3] & 15, RCODE_NOTAUTH); /* not an apex */
	assert_true(records[0] > 2000 * 3);
	assert_int_equal(records[0], records[1]);
	assert_int_equal(recv(fd, reply, 1, 0), 0);
}

static void tcp_transfers_zones(void **state)
{
	talk_with(*state, talk_transfers);
}

/* Transfers that fit one message are over at once: what stands behind them in the same segment is answered too, and
 * when our side is closed behind it. */
static void talk_short_transfers(int fd)
{
	static uint8_t out[512], reply[ANSWER_TCP_MAX];
	size_t len = 0;

	for (uint16_t id = 0; id < 4; id++)
		len += message_put(".", RR_AXFR, id, out + len);
	len += message_put("a.alamo", RR_A, 4, out + len);
	send_all(fd, out, len);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (uint16_t id = 0; id < 4; id++)
		for (size_t soas = 0; soas < 2;) {
			size_t got = read_message(fd, reply);

			assert_int_equal(al_get_u16(reply), id);
			(void)answers_of(reply, got, &soas);
		}
	(void)read_message(fd, reply);
	assert_int_equal(al_get_u16(reply), 4);
	assert_int_equal(recv(fd, reply, 1, 0), 0);
}

static void tcp_goes_on_behind_transfers(void **state)
{
	talk_with(*state, talk_short_transfers);
}

/* A length without its message, then nothing: the connection ends with the client. */
static void talk_half(int fd)
{
	send_all(fd, (const uint8_t *)"\0\x30half", 6);
}

static void tcp_survives_half_a_message(void **state)
{
	talk_with(*state, talk_half);
}

/* What is no question gets no answer, but is counted: two bytes that announce nothing, and a message without a head. */
static void talk_ignored(int fd)
{
	static const char ignored[] = "alamo_dns_ignored_total{transport=\"tcp\"}";
	const struct timespec nap = { .tv_nsec = 1000000 };
	uint64_t before = metric(ignored), queries = metric("alamo_dns_queries_total{transport=\"tcp\"}");
	uint8_t out[64] = "\0\4abcd", reply[512];
	size_t len = 6;

	send_all(fd, (const uint8_t *)"\0\0", 2);
	for (int i = 0; i < GUARD_MS && metric(ignored) == before; i++)
		(void)nanosleep(&nap, NULL);
	assert_int_equal(metric(ignored), before + 1);
	len += message_put("a.alamo", RR_A, 7, out + len);
	send_all(fd, out, len);
	(void)read_message(fd, reply);
	assert_int_equal(al_get_u16(reply), 7);
	assert_int_equal(metric(ignored), before + 2);
	assert_int_equal(metric("alamo_dns_queries_total{transport=\"tcp\"}"), queries + 3);
}

static void tcp_ignores_what_is_no_question(void **state)
{
	traffic_register();
	talk_with(*state, talk_ignored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_while_zones_change),
		cmocka_unit_test(any_address_answers_as_asked),
		cmocka_unit_test(long_queries_are_answered),
		cmocka_unit_test(a_taken_port_is_noticed),
		cmocka_unit_test(tcp_answers_in_order),
		cmocka_unit_test(tcp_transfers_zones),
		cmocka_unit_test(tcp_survives_half_a_message),
		cmocka_unit_test(tcp_goes_on_behind_transfers),
		cmocka_unit_test(tcp_ignores_what_is_no_question),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
