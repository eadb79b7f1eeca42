/* SPDX-License-Identifier: MIT */
/*
 * dns_load.c -- questions as fast as they are answered: `dns_load udp|tcp [ADDRESS@]PORT FILE SECONDS [K]`
 *
 * ADDRESS is 127.0.0.1, or another of IPv4. FILE has lines NAME TYPE (a number); every question has DO set. Over UDP a window of questions is kept open on
 * eight sockets, in batches; lost ones are asked again after a while. Over TCP each of 32 connections sends K (20)
 * questions at once, reads the answers and is replaced by a new one. Prints "answers N seconds S".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOCKETS 8
#define BATCH 32
#define QUESTION_MAX 300
#define QUESTIONS_MAX 200000
#define CONNECTIONS 32
#define LOST_NS 200000000u

struct question {
	uint16_t len;
	uint8_t bytes[QUESTION_MAX];
};

static struct question *questions;
static size_t count, next;
static struct sockaddr_in server = { .sin_family = AF_INET };

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void question_make(struct question *q, const char *name, unsigned type)
{
	static const uint8_t head[12] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	static const uint8_t opt[11] = { 0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0x80, 0, 0, 0 };
	size_t at = sizeof(head);

	memcpy(q->bytes, head, at);
	while (*name != '\0' && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");

		must(label < 64 && at + label + 20 < QUESTION_MAX, "name");
		q->bytes[at++] = (uint8_t)label;
		memcpy(q->bytes + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	q->bytes[at++] = 0;
	q->bytes[at++] = (uint8_t)(type >> 8);
	q->bytes[at++] = (uint8_t)type;
	q->bytes[at++] = 0;
	q->bytes[at++] = 1;
	memcpy(q->bytes + at, opt, sizeof(opt));
	q->len = (uint16_t)(at + sizeof(opt));
}

static void questions_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char name[256], type[8];

	must(file != NULL, path);
	questions = calloc(QUESTIONS_MAX, sizeof(*questions));
	must(questions != NULL, "memory");
	while (count < QUESTIONS_MAX && fscanf(file, "%255s %7s", name, type) == 2)
		question_make(&questions[count++], name, (unsigned)strtoul(type, NULL, 10));
	(void)fclose(file);
	must(count > 0, "no questions");
}

static void server_read(char *text)
{
	char *at = strchr(text, '@');

	server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (at != NULL) {
		*at = '\0';
		must(inet_pton(AF_INET, text, &server.sin_addr) == 1, "address");
		text = at + 1;
	}
	server.sin_port = htons((uint16_t)strtoul(text, NULL, 10));
}

static const struct question *question_next(void)
{
	next = next + 1 < count ? next + 1 : 0;
	return &questions[next];
}

/* ---- UDP ---- */

struct channel {
	int fd;
	unsigned open; /* questions without an answer */
	uint64_t heard;
};

static void channel_fill(struct channel *c)
{
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	unsigned n = BATCH - c->open;
	int sent;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < n; i++) {
		const struct question *q = question_next();

		vectors[i] = (struct iovec){ (void *)(uintptr_t)q->bytes, q->len };
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = n > 0 ? sendmmsg(c->fd, messages, n, 0) : 0;
	if (sent > 0)
		c->open += (unsigned)sent;
}

static unsigned channel_drain(struct channel *c, uint64_t now)
{
	static uint8_t bytes[BATCH][2048];
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	int got;

	memset(messages, 0, sizeof(messages));
	for (unsigned i = 0; i < BATCH; i++) {
		vectors[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) };
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	got = recvmmsg(c->fd, messages, BATCH, MSG_DONTWAIT, NULL);
	if (got <= 0) {
		if (now - c->heard > LOST_NS)
			c->open = 0;
		return 0;
	}
	c->heard = now;
	c->open -= (unsigned)got < c->open ? (unsigned)got : c->open;
	return (unsigned)got;
}

static uint64_t run_udp(uint64_t end)
{
	struct channel channels[SOCKETS];
	uint64_t answers = 0, now = now_ns();

	for (size_t i = 0; i < SOCKETS; i++) {
		channels[i] = (struct channel){ socket(AF_INET, SOCK_DGRAM, 0), 0, now };
		must(connect(channels[i].fd, (struct sockaddr *)&server, sizeof(server)) == 0, "connect");
	}
	while ((now = now_ns()) < end) {
		unsigned got = 0;

		for (size_t i = 0; i < SOCKETS; i++) {
			got += channel_drain(&channels[i], now);
			if (channels[i].open <= BATCH / 2)
				channel_fill(&channels[i]);
		}
		answers += got;
		/* Sleep, not poll: the server need not wake us. */
		if (got == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 30000 }, NULL);
	}
	return answers;
}

/* ---- TCP ---- */

static void read_exact(int fd, uint8_t *out, size_t len)
{
	while (len > 0) {
		ssize_t got = recv(fd, out, len, 0);

		must(got > 0, "recv");
		out += got;
		len -= (size_t)got;
	}
}

static int open_and_ask(unsigned k)
{
	struct linger reset = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	static uint8_t out[64 * (QUESTION_MAX + 2)];
	size_t len = 0;

	must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
		     setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) == 0 &&
		     connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0,
	     "connect");
	for (unsigned i = 0; i < k; i++) {
		const struct question *q = question_next();

		out[len++] = (uint8_t)(q->len >> 8);
		out[len++] = (uint8_t)q->len;
		memcpy(out + len, q->bytes, q->len);
		len += q->len;
	}
	must(send(fd, out, len, MSG_NOSIGNAL) == (ssize_t)len, "send");
	return fd;
}

static uint64_t run_tcp(uint64_t end, unsigned k)
{
	static uint8_t reply[65536];
	int fds[CONNECTIONS];
	uint64_t answers = 0;

	while (now_ns() < end) {
		for (size_t i = 0; i < CONNECTIONS; i++)
			fds[i] = open_and_ask(k);
		for (size_t i = 0; i < CONNECTIONS; i++) {
			for (unsigned n = 0; n < k; n++) {
				uint8_t len[2];

				read_exact(fds[i], len, 2);
				read_exact(fds[i], reply, (size_t)len[0] << 8 | len[1]);
				answers++;
			}
			(void)close(fds[i]);
		}
	}
	return answers;
}

int main(int argc, char **argv)
{
	unsigned k = argc == 6 ? (unsigned)strtoul(argv[5], NULL, 10) : 20;
	uint64_t start, answers;
	double seconds;

	if (argc < 5 || argc > 6 || k == 0 || k > 64) {
		(void)fprintf(stderr, "usage: dns_load udp|tcp [ADDRESS@]PORT FILE SECONDS [K]\n");
		return 2;
	}
	server_read(argv[2]);
	questions_read(argv[3]);
	seconds = strtod(argv[4], NULL);
	start = now_ns();
	if (strcmp(argv[1], "tcp") == 0)
		answers = run_tcp(start + (uint64_t)(seconds * 1e9), k);
	else
		answers = run_udp(start + (uint64_t)(seconds * 1e9));
	(void)printf("answers %" PRIu64 " seconds %.3f\n", answers, (double)(now_ns() - start) / 1e9);
	free(questions);
	return 0;
}
