/* SPDX-License-Identifier: MIT */
/*
 * test_traffic.c -- what is counted of questions and replies, by transport and
 * response code.
 */
#include "fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../metric.h"
#include "rrl.h"
#include "traffic.h"
#include "udp.h"

static const char *const codes[] = { "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "other" };

struct seen {
	uint64_t queries[2], ignored[2], truncated, limited, codes[AL_COUNT(codes)];
};

static void look(struct seen *out)
{
	char name[80];

	out->queries[0] = metric("alamo_dns_queries_total{transport=\"udp\"}");
	out->queries[1] = metric("alamo_dns_queries_total{transport=\"tcp\"}");
	out->ignored[0] = metric("alamo_dns_ignored_total{transport=\"udp\"}");
	out->ignored[1] = metric("alamo_dns_ignored_total{transport=\"tcp\"}");
	out->truncated = metric("alamo_dns_truncated_total");
	out->limited = metric("alamo_dns_limited_total");
	for (size_t i = 0; i < AL_COUNT(codes); i++) {
		(void)snprintf(name, sizeof(name), "alamo_dns_replies_total{rcode=\"%s\"}", codes[i]);
		out->codes[i] = metric(name);
	}
}

/* What has been added since. */
static void since(const struct seen *before, struct seen *out)
{
	look(out);
	for (size_t i = 0; i < 2; i++) {
		out->queries[i] -= before->queries[i];
		out->ignored[i] -= before->ignored[i];
	}
	out->truncated -= before->truncated;
	out->limited -= before->limited;
	for (size_t i = 0; i < AL_COUNT(codes); i++)
		out->codes[i] -= before->codes[i];
}

static void each_reply_has_its_counter(void **state)
{
	uint8_t reply[12] = { 0 };
	struct traffic traffic = { .limited = 4 };
	struct seen before, now;

	(void)state;
	look(&before);
	for (unsigned code = 0; code < 16; code++) {
		reply[3] = (uint8_t)(0xf0 | code); /* RA and the three bits below it are none of it */
		reply[2] = code == 3 ? 0x82 : 0x81;
		traffic_count(&traffic, reply, sizeof(reply));
	}
	traffic_count(&traffic, reply, 0);
	traffic_flush(&traffic, TRAFFIC_TCP);
	traffic_flush(&traffic, TRAFFIC_TCP); /* it is empty now */
	since(&before, &now);
	assert_int_equal(now.queries[TRAFFIC_UDP], 0);
	assert_int_equal(now.queries[TRAFFIC_TCP], 17);
	assert_int_equal(now.ignored[TRAFFIC_UDP], 0);
	assert_int_equal(now.ignored[TRAFFIC_TCP], 1);
	assert_int_equal(now.truncated, 1);
	assert_int_equal(now.limited, 4);
	for (size_t i = 0; i < AL_COUNT(codes); i++)
		assert_int_equal(now.codes[i], i < 6 ? 1 : 10);
	traffic_count(&traffic, reply, sizeof(reply));
	traffic_flush(&traffic, TRAFFIC_UDP);
	since(&before, &now);
	assert_int_equal(now.queries[TRAFFIC_UDP], 1);
	assert_int_equal(now.queries[TRAFFIC_TCP], 17);
}

static void transfers_are_of_two_kinds(void **state)
{
	uint64_t whole = metric("alamo_dns_transfers_total{kind=\"axfr\"}");
	uint64_t changed = metric("alamo_dns_transfers_total{kind=\"ixfr\"}");

	(void)state;
	traffic_transfer(true);
	traffic_transfer(true);
	traffic_transfer(false);
	assert_int_equal(metric("alamo_dns_transfers_total{kind=\"axfr\"}"), whole + 1);
	assert_int_equal(metric("alamo_dns_transfers_total{kind=\"ixfr\"}"), changed + 2);
}

/* Sends a question (`flags`: the header's third byte) and waits for the answer, if there has to be one. */
static void ask(int fd, const char *name, uint8_t flags, bool answered)
{
	struct question q = { .name = name, .type = RR_A };
	uint8_t msg[512], reply[UDP_SIZE_MAX];
	size_t len = question_put(&q, msg);

	msg[2] = flags;
	assert_int_equal(send(fd, msg, len, 0), len);
	if (answered)
		assert_true(recv(fd, reply, sizeof(reply), 0) > 0);
}

static void a_server_counts(void **state)
{
	struct fixture f;
	struct timeval wait = { .tv_sec = 20 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct udp_socket *server;
	struct seen before, now;
	uint16_t port;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)state;
	fixture_start(&f, "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n", NULL);
	fixture_put(&f, "domain: w.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n");
	fixture_build(&f);
	look(&before);
	assert_int_equal(udp_probe(AL_S("127.0.0.1"), 0, &port), AL_OK);
	assert_int_equal(
		udp_start(AL_S("127.0.0.1"), port, &(struct batch_conf){ .publish = f.publish, .reader = 1 }, &server),
		AL_OK);
	to.sin_port = htons(port);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	ask(fd, "w.alamo", 0x81, false); /* an answer, not a question: it gets none */
	ask(fd, "w.alamo", 1, true);
	ask(fd, "no.alamo", 1, true);
	ask(fd, "w.alamo", 0x21, true); /* an opcode that nobody knows */
	udp_stop(server);
	(void)close(fd);
	since(&before, &now);
	assert_int_equal(now.queries[TRAFFIC_UDP], 4);
	assert_int_equal(now.ignored[TRAFFIC_UDP], 1);
	for (size_t i = 0; i < AL_COUNT(codes); i++)
		assert_int_equal(now.codes[i], i == 0 || i == 3 || i == 4);
	assert_int_equal(now.queries[TRAFFIC_TCP] + now.truncated + now.limited, 0);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_reply_has_its_counter),
		cmocka_unit_test(transfers_are_of_two_kinds),
		cmocka_unit_test(a_server_counts),
	};

	traffic_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
