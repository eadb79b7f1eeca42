/* SPDX-License-Identifier: MIT */
/*
 * rtr_load.c -- many routers at once: `rtr_load PORT CLIENTS`, on 127.0.0.1, version 1.
 *
 * Every client sends a Reset Query and reads to End of Data; then "full SECONDS RECORDS" is printed. At each line on
 * standard input the clients wait for a Serial Notify, ask with a Serial Query and read to End of Data; then
 * "delta SECONDS RECORDS" is printed, SECONDS from the line to the last client's end.
 *
 * `rtr_load limit RECORDS` is the ruler instead: it prints "port PORT" and answers every connection's first bytes
 * with one buffer of that many IPv4 records (20 bytes each), which is the least any server can do.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/wire.h"

#define CLIENTS_MAX 4096
#define READ_MAX (256u * 1024)

enum phase { FULL, IDLE, ASKED };

struct client {
	int fd;
	enum phase phase;
	bool notified; /* a Notify came that was not yet asked after */
	uint16_t session;
	uint32_t serial;
	unsigned long records;
	size_t have; /* bytes of an unfinished PDU */
	uint8_t part[64];
};

struct load {
	int epoll;
	size_t count;
	size_t done; /* clients that reached End of Data in this round */
	bool asking; /* a round is on: answer a Notify */
	struct client clients[CLIENTS_MAX];
};

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "rtr_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void serial_query(struct client *c)
{
	uint8_t q[12] = { 1, 1 };

	al_set_u16(q + 2, c->session);
	al_set_u32(q + 4, sizeof(q));
	al_set_u32(q + 8, c->serial);
	c->notified = false;
	c->phase = ASKED;
	c->records = 0;
	must(write(c->fd, q, sizeof(q)) == (ssize_t)sizeof(q), "write");
}

/* One whole PDU. */
static void client_pdu(struct load *load, struct client *c, const uint8_t *p)
{
	switch (p[1]) {
	case 0:
		c->notified = true;
		if (load->asking && c->phase == IDLE)
			serial_query(c);
		break;
	case 3:
		c->session = al_get_u16(p + 2);
		break;
	case 4:
	case 6:
		c->records++;
		break;
	case 7:
		c->serial = al_get_u32(p + 8);
		c->phase = IDLE;
		load->done++;
		break;
	default:
		(void)fprintf(stderr, "rtr_load: PDU of type %u, code %u, in phase %d\n", p[1], al_get_u16(p + 2),
			      (int)c->phase);
		exit(1);
	}
}

/* Bytes of a PDU with this header. */
static size_t pdu_len(const uint8_t *header)
{
	uint32_t len = al_get_u32(header + 4);

	if (header[0] != 1 || len < 8 || len > sizeof(((struct client *)0)->part)) {
		(void)fprintf(stderr, "rtr_load: PDU of version %u, type %u, code %u, %u bytes\n", header[0], header[1],
			      al_get_u16(header + 2), (unsigned)len);
		exit(1);
	}
	return len;
}

static void client_bytes(struct load *load, struct client *c, const uint8_t *p, size_t len)
{
	while (len != 0) {
		size_t want = 8, take;

		if (c->have == 0 && len >= 8 && len >= pdu_len(p)) {
			take = pdu_len(p);
			client_pdu(load, c, p);
		} else {
			if (c->have >= 8)
				want = pdu_len(c->part);
			take = want - c->have < len ? want - c->have : len;
			memcpy(c->part + c->have, p, take);
			c->have += take;
			if (c->have >= 8 && c->have == pdu_len(c->part)) {
				client_pdu(load, c, c->part);
				c->have = 0;
			}
		}
		p += take;
		len -= take;
	}
}

static void client_open(struct load *load, struct client *c, uint16_t port)
{
	static const uint8_t reset[] = { 1, 2, 0, 0, 0, 0, 0, 8 };
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	must(c->fd >= 0 && connect(c->fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0, "connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	must(write(c->fd, reset, sizeof(reset)) == (ssize_t)sizeof(reset), "write");
	must(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0 && epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0,
	     "epoll");
}

/* Until every client reached End of Data once more. */
static void round_run(struct load *load, const char *name, double since)
{
	static uint8_t bytes[READ_MAX];
	struct epoll_event events[64];
	int i, n;

	while (load->done < load->count) {
		n = epoll_wait(load->epoll, events, 64, 60000);
		must(n > 0, "nothing came for a minute");
		for (i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;
			ssize_t got = read(c->fd, bytes, sizeof(bytes));

			must(got > 0 || (got < 0 && errno == EAGAIN), "read");
			if (got > 0)
				client_bytes(load, c, bytes, (size_t)got);
		}
	}
	(void)printf("%s %.6f %lu\n", name, now() - since, load->clients[0].records);
	(void)fflush(stdout);
}

/* Without waiting for a line the Notify of a change may already be there: it is remembered. */
static void round_ask(struct load *load)
{
	size_t i;

	load->asking = true;
	load->done = 0;
	for (i = 0; i < load->count; i++)
		if (load->clients[i].notified)
			serial_query(&load->clients[i]);
}

/* ---- the ruler ---- */

static void limit_answer(int fd, const uint8_t *bytes, size_t len)
{
	uint8_t query[64];

	must(read(fd, query, sizeof(query)) > 0, "query");
	while (len != 0) {
		ssize_t sent = write(fd, bytes, len);

		must(sent > 0, "write");
		bytes += sent;
		len -= (size_t)sent;
	}
}

/* One client after the other: with one processor's worth of copying there is nothing to gain from more. */
static int limit(unsigned long records)
{
	size_t len = 8 + records * 20 + 24, i;
	uint8_t *bytes = calloc(1, len);
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t size = sizeof(addr);
	int fd, listener = socket(AF_INET, SOCK_STREAM, 0);

	must(bytes != NULL && listener >= 0, "limit");
	memcpy(bytes, "\1\3\0\1\0\0\0\10", 8);
	for (i = 0; i < records; i++)
		memcpy(bytes + 8 + i * 20, "\1\4\0\0\0\0\0\24\1\40\40", 11);
	memcpy(bytes + len - 24, "\1\7\0\1\0\0\0\30\0\0\0\1", 12);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (const struct sockaddr *)&addr, sizeof(addr)) == 0 && listen(listener, 4096) == 0 &&
		     getsockname(listener, (struct sockaddr *)&addr, &size) == 0,
	     "listen");
	(void)printf("port %u\n", ntohs(addr.sin_port));
	(void)fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0)
		limit_answer(fd, bytes, len); /* left open: the client closes */
	free(bytes);
	return 1;
}

int main(int argc, char **argv)
{
	static struct load load;
	char line[64];
	double since;
	size_t i;

	if (argc == 3 && strcmp(argv[1], "limit") == 0)
		return limit(strtoul(argv[2], NULL, 10));
	if (argc != 3 || (load.count = strtoul(argv[2], NULL, 10)) == 0 || load.count > CLIENTS_MAX) {
		(void)fprintf(stderr, "usage: rtr_load PORT CLIENTS | rtr_load limit RECORDS\n");
		return 2;
	}
	load.epoll = epoll_create1(0);
	must(load.epoll >= 0, "epoll");
	since = now();
	for (i = 0; i < load.count; i++)
		client_open(&load, &load.clients[i], (uint16_t)strtoul(argv[1], NULL, 10));
	round_run(&load, "full", since);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		since = now();
		round_ask(&load);
		round_run(&load, "delta", since);
	}
	return 0;
}
