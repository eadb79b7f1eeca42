/* SPDX-License-Identifier: MIT */
/* rootd_bench.h -- the daemon as one, and what is asked of it. For tests only. */
#ifndef TESTS_ROOTDNS_ROOTD_BENCH_H
#define TESTS_ROOTDNS_ROOTD_BENCH_H

#include "../common/daemon.h"

#include "../clock.h"
#include "fixture.h"
#include "rootd.h"

/* The answer as text; empty: there was none. */
static inline const char *answer_of(int fd, const uint8_t *query, size_t len, bool tcp)
{
	static uint8_t reply[65536 + 2];
	static char text[1u << 16];
	const uint8_t *from = reply + (tcp ? 2 : 0);
	char *made;
	ssize_t got;

	text[0] = '\0';
	assert_true(send(fd, query, len, MSG_NOSIGNAL) > 0);
	got = recv(fd, reply, tcp ? 2 : sizeof(reply), tcp ? MSG_WAITALL : 0);
	if (got > 0 && tcp)
		got = recv(fd, reply + 2, al_get_u16(reply), MSG_WAITALL);
	(void)close(fd);
	if (got <= 0)
		return text;
	made = response_text(from, (size_t)got);
	assert_true(strlen(made) < sizeof(text));
	(void)strcpy(text, made);
	free(made);
	return text;
}

/* To 127.0.0.`last`. */
static inline int dial(int type, unsigned last, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) + last) };
	int fd = client_tune(socket(AF_INET, type | SOCK_CLOEXEC, 0));

	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static inline const char *ask_udp(const uint8_t *query, size_t len)
{
	return answer_of(dial(SOCK_DGRAM, 1, port_of("dns")), query, len, false);
}

static inline const char *dns(const char *name)
{
	struct question q = { .name = name, .type = RR_A };
	uint8_t query[512];

	return ask_udp(query, question_put(&q, query));
}

static inline const char *dns_tcp(const char *name, uint16_t type)
{
	struct question q = { .name = name, .type = type };
	uint8_t query[514];
	size_t len = question_put(&q, query + 2);

	al_set_u16(query, (uint16_t)len);
	return answer_of(client_connect(port_of("dns")), query, len + 2, true);
}

static inline int setup(void **state)
{
	static const struct daemon_def rootd = {
		.service = &rootd_service,
		.base = "[network]\nname = test\nlisten = 127.0.0.1\n[dns]\nport = 0\nhttp-port = 0\n",
		.last = "dns-http",
	};

	(void)state;
	world_open(&rootd);
	append("registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n\n"
	       "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n");
	append("domain: a.test\nrecord: @ A 192.0.2.7\nmnt-by: A-MNT\nsource: TEST\n");
	return 0;
}

static inline void key_put(const char *name, const char *text)
{
	assert_int_equal(al_note_save(path_of(name), al_slice_str(text), false), AL_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
