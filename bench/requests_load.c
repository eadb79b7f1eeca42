/* SPDX-License-Identifier: MIT */
/*
 * requests_load.c -- members in a hurry: signs requests in advance, sends them
 * over many connections and counts the answers that have a receipt.
 *
 *   requests_load load PORT NETWORK SOURCE MEMBERS CONNECTIONS WINDOW
 *       reads lines "KIND REQUESTS OBJECTS FIRST" (as-set, inet6num or auto; each request makes OBJECTS
 *       objects, numbered from FIRST), prints "ready", waits for an empty line, sends, and prints
 *       "done SECONDS REQUESTS MEDIAN-MS P99-MS CPU-SECONDS". The members join at the start.
 *   requests_load limit DIRECTORY
 *       prints "limit FDATASYNCS VERIFICATIONS": what this machine does of each in a second.
 *
 * One thread; a connection has WINDOW requests under way at most.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "alamo/rpsl/sshsig.h"

#define ANSWER_MAX (1u << 18) /* bytes; room for the answer to a request of many objects */
#define ARENA_MAX ((size_t)4 << 30)
#define CONNECTIONS_MAX 1024
#define ROUND_S 1.5 /* of each machine limit */

struct load {
	struct sockaddr_in to;
	char ns[AL_SSH_NAMESPACE_MAX];
	const char *source;
	unsigned members, connections, window;
	uint8_t (*seeds)[32];
	struct al_buf text;     /* of one request */
	struct al_buf arena;    /* all requests, one behind the other */
	size_t *ends;           /* of each request in the arena */
	double *sent_at, *took; /* of each request, seconds */
	size_t count;
};

struct client {
	int fd;
	size_t from, to;       /* its requests */
	size_t sent, answered; /* requests */
	size_t at;             /* bytes of the arena sent */
	size_t have;           /* bytes of an answer */
	char *in;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "requests_load: %s\n", what);
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_s(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value > max)
		die("not a number, or too large a one");
	return value;
}

/* ---- requests ---- */

static void put_object(struct load *load, const char *kind, unsigned long n, unsigned long member)
{
	struct al_buf *t = &load->text;

	if (strcmp(kind, "as-set") == 0)
		al_buf_printf(t, "as-set:         AS-LOAD%lu\n", n);
	else if (strcmp(kind, "auto") == 0)
		al_buf_printf(t, "inet6num:       AUTO-%lu/48\nnetname:        LOAD-%lu\n", n % 64 + 1, n);
	else if (strcmp(kind, "inet6num") == 0)
		al_buf_printf(t, "inet6num:       fca1:%lx:%lx::/48\nnetname:        LOAD-%lu\n", 0x100 + (n >> 16),
			      n & 0xffff, n);
	else
		die("kind is one of as-set, inet6num, auto");
	al_buf_printf(t, "mnt-by:         LOAD%lu-MNT\nsource:         %s\n\n", member, load->source);
}

static void put_member(struct load *load, unsigned long member)
{
	struct al_sshkey key = { .fido = false };
	unsigned char sk[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(key.pk, sk, load->seeds[member]);
	al_buf_printf(&load->text, "mntner:         LOAD%lu-MNT\nauth:           ", member);
	al_sshkey_format(&key, &load->text);
	al_buf_printf(&load->text, "\nmnt-by:         LOAD%lu-MNT\nsource:         %s\n\n", member, load->source);
}

static void request_begin(struct load *load, const char *kind, unsigned long n)
{
	al_buf_reset(&load->text);
	al_buf_printf(&load->text, "request:        load-%s-%lu\nprev:           none\n\n", kind, n);
}

/* Sign what `text` holds; the empty line behind the signature ends the request at once. */
static void request_end(struct load *load, unsigned long member)
{
	al_buf_slice(&load->arena, al_buf_view(&load->text));
	al_sshsig_sign(load->seeds[member], al_slice_str(load->ns), al_buf_view(&load->text), &load->arena);
	al_buf_str(&load->arena, "\n");
	load->ends[load->count++] = load->arena.len;
	if (load->text.err != AL_OK || load->arena.err != AL_OK)
		die("out of memory, or the requests are too large");
}

static void requests_reserve(struct load *load, size_t count)
{
	al_buf_reset(&load->arena);
	load->count = 0;
	load->ends = reallocarray(load->ends, count, sizeof(*load->ends));
	load->sent_at = reallocarray(load->sent_at, count, sizeof(*load->sent_at));
	load->took = reallocarray(load->took, count, sizeof(*load->took));
	if (load->ends == NULL || load->sent_at == NULL || load->took == NULL)
		die("out of memory");
}

static void requests_make(struct load *load, const char *kind, size_t count, size_t objects, unsigned long first)
{
	requests_reserve(load, count);
	for (size_t i = 0; i < count; i++) {
		unsigned long member = i % load->members;

		request_begin(load, kind, first + i * objects);
		for (size_t k = 0; k < objects; k++)
			put_object(load, kind, first + i * objects + k, member);
		request_end(load, member);
	}
}

/* ---- sending ---- */

static size_t begin_of(const struct load *load, size_t request)
{
	return request == 0 ? 0 : load->ends[request - 1];
}

static void client_open(const struct load *load, struct client *client, size_t number_of, size_t total)
{
	int on = 1;

	*client = (struct client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	client->from = load->count * number_of / total;
	client->to = load->count * (number_of + 1) / total;
	client->sent = client->answered = client->from;
	client->at = begin_of(load, client->from);
	client->in = malloc(ANSWER_MAX);
	if (client->fd < 0 || client->in == NULL ||
	    connect(client->fd, (const struct sockaddr *)&load->to, sizeof(load->to)) != 0 ||
	    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    fcntl(client->fd, F_SETFL, O_NONBLOCK) != 0)
		die("cannot connect");
}

static size_t allowed(const struct load *load, const struct client *client)
{
	size_t most = client->answered + load->window;

	return most < client->to ? most : client->to;
}

static void client_send(struct load *load, struct client *client)
{
	size_t until = allowed(load, client);
	ssize_t sent = 0;
	double now;

	if (client->at < begin_of(load, until))
		sent = send(client->fd, load->arena.ptr + client->at, begin_of(load, until) - client->at, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN)
		die("the registry closed a connection");
	client->at += sent > 0 ? (size_t)sent : 0;
	now = now_s();
	while (client->sent < until && load->ends[client->sent] <= client->at)
		load->sent_at[client->sent++] = now;
}

static void answer_take(struct load *load, struct client *client, struct al_slice answer)
{
	if (memmem(answer.ptr, answer.len, "% receipt: index ", 17) == NULL) {
		fprintf(stderr, "%.*s", (int)(answer.len < 2000 ? answer.len : 2000), answer.ptr);
		die("an answer has no receipt");
	}
	load->took[client->answered] = now_s() - load->sent_at[client->answered];
	client->answered++;
}

static void client_receive(struct load *load, struct client *client)
{
	ssize_t got = recv(client->fd, client->in + client->have, ANSWER_MAX - client->have, 0);
	struct al_slice rest;
	const char *end;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0)
		die("the registry closed a connection");
	client->have += (size_t)got;
	rest = al_slice_of(client->in, client->have);
	while ((end = memmem(rest.ptr, rest.len, "\n% end\n", 7)) != NULL) {
		size_t len = (size_t)(end + 7 - rest.ptr);

		answer_take(load, client, al_slice_head(rest, len));
		rest = al_slice_from(rest, len);
	}
	if (rest.len == ANSWER_MAX)
		die("an answer is too long");
	memmove(client->in, rest.ptr, rest.len);
	client->have = rest.len;
}

static size_t clients_poll(struct load *load, struct client *clients, struct pollfd *polls, size_t count)
{
	size_t waiting = 0;

	for (size_t i = 0; i < count; i++) {
		bool more = clients[i].at < begin_of(load, allowed(load, &clients[i]));

		polls[i] = (struct pollfd){ .fd = clients[i].fd, .events = (short)(POLLIN | (more ? POLLOUT : 0)) };
		if (clients[i].answered == clients[i].to)
			polls[i].fd = -1;
		else
			waiting++;
	}
	if (waiting > 0 && poll(polls, count, 60000) <= 0)
		die("no answer for a minute");
	return waiting;
}

/* Seconds until the last answer. */
static double requests_send(struct load *load)
{
	size_t count = load->connections < load->count ? load->connections : load->count;
	struct client *clients = count > 0 ? calloc(count, sizeof(*clients)) : NULL;
	struct pollfd *polls = count > 0 ? calloc(count, sizeof(*polls)) : NULL;
	double begun;

	if (clients == NULL || polls == NULL)
		die("out of memory");
	for (size_t i = 0; i < count; i++)
		client_open(load, &clients[i], i, count);
	begun = now_s();
	for (size_t i = 0; i < count; i++)
		client_send(load, &clients[i]);
	while (clients_poll(load, clients, polls, count) > 0)
		for (size_t i = 0; i < count; i++) {
			if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
				client_receive(load, &clients[i]);
			if (polls[i].revents != 0)
				client_send(load, &clients[i]);
		}
	begun = now_s() - begun;
	for (size_t i = 0; i < count; i++) {
		close(clients[i].fd);
		free(clients[i].in);
	}
	free(clients);
	free(polls);
	return begun;
}

/* ---- the two jobs ---- */

static void members_join(struct load *load)
{
	requests_reserve(load, load->members);
	for (unsigned long i = 0; i < load->members; i++) {
		randombytes_buf(load->seeds[i], sizeof(load->seeds[i]));
		request_begin(load, "join", i);
		put_member(load, i);
		request_end(load, i);
	}
	(void)requests_send(load);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void wait_for_line(void)
{
	int ch;

	while ((ch = getchar()) != '\n')
		if (ch == EOF)
			exit(0);
}

/* "KIND COUNT OBJECTS FIRST"; false: the end, or no requests. */
static bool order_read(char kind[static 16], unsigned long numbers[static 3])
{
	char words[3][24];

	if (scanf("%15s %23s %23s %23s", kind, words[0], words[1], words[2]) != 4)
		return false;
	for (size_t i = 0; i < 3; i++)
		numbers[i] = strtoul(words[i], NULL, 10);
	return numbers[0] > 0;
}

static int run_load(char **argv)
{
	struct load load = { .source = argv[4],
			     .members = (unsigned)number(argv[5], 100000),
			     .connections = (unsigned)number(argv[6], CONNECTIONS_MAX),
			     .window = (unsigned)number(argv[7], 64) };
	char kind[16];
	unsigned long numbers[3]; /* requests, objects of each, of the first */

	load.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)number(argv[2], 65535)) };
	load.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)snprintf(load.ns, sizeof(load.ns), "registry@%s", argv[3]);
	load.seeds = calloc(load.members, sizeof(*load.seeds));
	if (load.seeds == NULL || load.members == 0 || load.connections == 0 || load.window == 0)
		die("members, connections and window are at least 1");
	al_buf_init(&load.text, 1u << 20);
	al_buf_init(&load.arena, ARENA_MAX);
	members_join(&load);
	while (order_read(kind, numbers)) {
		double seconds, cpu;

		wait_for_line();
		requests_make(&load, kind, numbers[0], numbers[1], numbers[2]);
		printf("ready\n");
		wait_for_line();
		cpu = cpu_s();
		seconds = requests_send(&load);
		cpu = cpu_s() - cpu;
		qsort(load.took, load.count, sizeof(*load.took), by_size);
		printf("done %.6f %zu %.3f %.3f %.6f\n", seconds, load.count, load.took[load.count / 2] * 1e3,
		       load.took[load.count * 99 / 100] * 1e3, cpu);
	}
	return 0;
}

static double fdatasyncs(const char *directory)
{
	static const char page[4096];
	char path[4096];
	double begun, rate;
	size_t count = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/limit", directory);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		die("cannot write into the directory");
	for (begun = now_s(); now_s() - begun < ROUND_S; count++)
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page) || fdatasync(fd) != 0)
			die("fdatasync failed");
	rate = (double)count / (now_s() - begun);
	close(fd);
	unlink(path);
	return rate;
}

/* By the thread's own clock: what a core does that nobody else wants. */
static double core_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double verifications(void)
{
	unsigned char pk[crypto_sign_PUBLICKEYBYTES], sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
	unsigned char message[120] = { 1 }; /* as large as what an SSH signature covers */
	size_t count = 0;
	double begun;

	(void)crypto_sign_keypair(pk, sk);
	(void)crypto_sign_detached(sig, NULL, message, sizeof(message), sk);
	for (begun = core_s(); core_s() - begun < ROUND_S; count++)
		if (crypto_sign_verify_detached(sig, message, sizeof(message), pk) != 0)
			die("a signature does not verify");
	return (double)count / (core_s() - begun);
}

int main(int argc, char **argv)
{
	if (sodium_init() < 0)
		die("libsodium does not start");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "limit") == 0) {
		printf("limit %.0f %.0f\n", fdatasyncs(argv[2]), verifications());
		return 0;
	}
	if (argc == 8 && strcmp(argv[1], "load") == 0)
		return run_load(argv);
	die("see the head of requests_load.c for its two uses");
}
