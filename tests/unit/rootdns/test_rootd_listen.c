/* SPDX-License-Identifier: MIT */
/*
 * test_rootd_listen.c -- where the daemon listens, and whose address it sees.
 */
#include "rootd_bench.h"

/* Sockets of this process to which somebody can connect. */
static unsigned listening(void)
{
	unsigned count = 0;

	for (int fd = 3; fd < 1000; fd++) {
		int accepts = 0;

		count += getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &(socklen_t){ sizeof(accepts) }) == 0 &&
			 accepts != 0;
	}
	return count;
}

/* At all of them, over UDP and TCP, and nowhere else. */
static void several_addresses(void **state)
{
	struct question q = { .name = "a.test", .type = RR_A };
	unsigned host, port, ports[4] = { 0 };
	char line[128] = "";
	uint8_t query[514];
	size_t len = question_put(&q, query + 2);

	(void)state;
	al_set_u16(query, (uint16_t)len);
	write_conf("listen = 127.0.0.1, 127.0.0.2, 127.0.0.3\n");
	begin();
	while (strncmp(line, "endpoint dns-http ", 18) != 0) {
		assert_non_null(fgets(line, sizeof(line), world.said));
		if (sscanf(line, "endpoint dns 127.0.0.%u:%u", &host, &port) == 2 && host < AL_COUNT(ports))
			ports[host] = port;
	}
	assert_true(hear("ready\n"));
	assert_int_equal(listening(), 2 * 3 + 1); /* DNS, HTTP, and the log, which is ours */
	for (host = 1; host < AL_COUNT(ports); host++) {
		says(answer_of(dial(SOCK_DGRAM, host, (uint16_t)ports[host]), query + 2, len, false), "192.0.2.7\n");
		says(answer_of(dial(SOCK_STREAM, host, (uint16_t)ports[host]), query, len + 2, true), "192.0.2.7\n");
	}
	down();
}

/* Does it listen at the port that it is given, once that is free, and not at another before? 0: somebody was quicker there. */
static uint16_t listens_at(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int taken = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(at);
	char conf[200];

	assert_int_equal(bind(taken, (const struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(taken, (struct sockaddr *)&at, &len), 0);
	(void)snprintf(conf, sizeof(conf),
		       "[network]\nname = test\nlisten = 127.0.0.1\n[dns]\nport = %u\nhttp-port = 0\n",
		       ntohs(at.sin_port));
	key_put("alamo.conf", conf);
	begin();
	assert_int_equal(ended(), 1);
	(void)close(taken);
	begin();
	if (hear("ready\n"))
		return ntohs(at.sin_port);
	assert_int_equal(ended(), 1);
	return 0;
}

static void at_a_port(void **state)
{
	uint16_t port = 0;

	(void)state;
	/* Other programs of this machine take ports of either transport as they come. */
	for (int i = 0; i < 20 && port == 0; i++)
		port = listens_at();
	assert_int_not_equal(port, 0);
	assert_int_equal(port_of("dns"), port);
	says(dns("a.test"), "192.0.2.7\n");
	down();
}

/* A client's address is known over TCP as well, of either family: whole zones are for some of them. */
static void whose_address(void **state)
{
	static const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	static const char *const rows[][3] = { { "::1", "an test. ", "REFUSED\n" },
					       { "127.0.0.0/8", "REFUSED\n", "an test. " },
					       { "::/0", "an test. ", "REFUSED\n" },
					       { "::2", "REFUSED\n", "REFUSED\n" } };
	struct question q = { .name = "test", .type = RR_AXFR };
	struct sockaddr_in6 six = loopback;
	char line[128], conf[96];
	uint8_t query[514];
	size_t len = question_put(&q, query + 2);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool able = fd >= 0 && bind(fd, (const struct sockaddr *)&six, sizeof(six)) == 0;
	unsigned port, four;

	(void)state;
	(void)close(fd);
	if (!able)
		skip(); /* a machine without IPv6 */
	al_set_u16(query, (uint16_t)len);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		(void)snprintf(conf, sizeof(conf), "listen = 127.0.0.1, ::1\nallow-transfer = %s\n", rows[i][0]);
		write_conf(conf);
		begin();
		port = four = 0;
		line[0] = '\0';
		while (strncmp(line, "endpoint dns-http ", 18) != 0) {
			assert_non_null(fgets(line, sizeof(line), world.said));
			(void)sscanf(line, "endpoint dns [::1]:%u", &port);
			(void)sscanf(line, "endpoint dns 127.0.0.1:%u", &four);
		}
		assert_true(hear("ready\n"));
		assert_true(port != 0 && four != 0);
		six.sin6_port = htons((uint16_t)port);
		fd = client_tune(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
		assert_int_equal(connect(fd, (const struct sockaddr *)&six, sizeof(six)), 0);
		says(answer_of(fd, query, len + 2, true), rows[i][1]);
		says(answer_of(dial(SOCK_STREAM, 1, (uint16_t)four), query, len + 2, true), rows[i][2]);
		down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(several_addresses),
		TEST(whose_address),
		TEST(at_a_port),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
