/* SPDX-License-Identifier: MIT */
/*
 * whois_load.c -- clients of a whois server on loopback, each waiting for its answers: `whois_load PORT MODE CLIENTS
 * SECONDS RECORDS [PID]`.
 *
 *   once        a connection for each question, read to its end
 *   persistent  one connection, one question at a time, RIPE form
 *   pipelined   one connection, 16 questions at a time, IRRd form
 *   set         one connection, "!a4AS-BENCH" again and again
 *   heavy       one connection, all routes in 10.0.0.0/8 again and again
 *
 * With the server's PID, for once and persistent: all clients ask while it is stopped, and time passes from when it goes on
 * until the last of them has its answer. On one machine this leaves the clients' work, which is as much as the server's, out.
 *
 * Questions are about the routes that log_feed.c makes. Says "COUNT SECONDS P50 P99", the last two in microseconds.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 16u
#define SAMPLES_MAX (1u << 22)

enum mode { ONCE, PERSISTENT, PIPELINED, SET, HEAVY, MODES };

static const char *const mode_names[MODES] = { "once", "persistent", "pipelined", "set", "heavy" };

struct client {
	pthread_t thread;
	int fd;
	unsigned long next;
	size_t count;
	float *samples; /* microseconds */
	char buf[65536];
	size_t start, end; /* of what is read and not used */
};

static uint16_t port;
static enum mode mode;
static double end_s;
static unsigned long records;

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static double now_s(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void dial(struct client *client)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	client->start = client->end = 0;
	must(client->fd >= 0 && setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0, "socket");
	must(connect(client->fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0, "connect");
}

static void say(const struct client *client, const char *text, size_t len)
{
	must(write(client->fd, text, len) == (ssize_t)len, "write");
}

/* False at the end of the connection. */
static bool fill(struct client *client)
{
	ssize_t got;

	if (client->start == client->end)
		client->start = client->end = 0;
	if (client->end == sizeof(client->buf)) {
		memmove(client->buf, client->buf + client->start, client->end - client->start);
		client->end -= client->start;
		client->start = 0;
	}
	got = read(client->fd, client->buf + client->end, sizeof(client->buf) - client->end);
	must(got >= 0, "read");
	client->end += (size_t)got;
	return got > 0;
}

/* Past the next LF. */
static void line(struct client *client)
{
	const char *found;

	while ((found = memchr(client->buf + client->start, '\n', client->end - client->start)) == NULL)
		must(client->end - client->start < sizeof(client->buf) && fill(client), "line");
	client->start = (size_t)(found + 1 - client->buf);
}

static void skip(struct client *client, size_t bytes)
{
	while (bytes > 0) {
		size_t have = client->end - client->start;

		if (have == 0)
			must(fill(client), "data");
		have = client->end - client->start < bytes ? client->end - client->start : bytes;
		client->start += have;
		bytes -= have;
	}
}

static void irrd_answer(struct client *client)
{
	char head[32] = "";
	size_t from;

	if (client->start == client->end)
		must(fill(client), "answer");
	while (memchr(client->buf + client->start, '\n', client->end - client->start) == NULL)
		must(fill(client), "answer");
	from = client->start;
	memcpy(head, client->buf + from, client->end - from < 31 ? client->end - from : 31);
	line(client);
	if (head[0] != 'A')
		return;
	skip(client, strtoul(head + 1, NULL, 10));
	line(client);
}

/* To the two empty lines that end a RIPE answer. */
static void ripe_answer(struct client *client)
{
	unsigned empty = 0;
	bool some = false;

	while (empty < 2 || !some) {
		while (memchr(client->buf + client->start, '\n', client->end - client->start) == NULL)
			must(fill(client), "answer");
		bool blank = client->buf[client->start] == '\n';

		empty = blank ? empty + 1 : 0;
		some = some || !blank;
		line(client);
	}
}

/* The IPv4 routes of log_feed.c. */
static size_t question(struct client *client, const char *prefix, char *out, size_t cap)
{
	unsigned long n = client->next += 7919;
	int len;

	n %= records;
	n -= n % 10 < 7 ? 0 : n % 10 - 6;
	len = snprintf(out, cap, "%s-T route -x %lu.%lu.%lu.0/24\r\n", prefix, 1 + n / 65536 % 223, n / 256 % 256,
		       n % 256);
	return (size_t)len;
}

static void sample(struct client *client, double since, size_t count)
{
	for (size_t i = 0; i < count && client->count < SAMPLES_MAX; i++)
		client->samples[client->count++] = (float)((now_s() - since) * 1e6);
}

static void question_once(struct client *client)
{
	char text[256];

	dial(client);
	say(client, text, question(client, "", text, sizeof(text)));
}

static void answer_once(struct client *client)
{
	while (fill(client))
		client->start = client->end;
}

static void question_persistent(struct client *client)
{
	char text[256];

	say(client, text, question(client, "-k ", text, sizeof(text)));
}

static void ask_pipelined(struct client *client)
{
	char text[DEPTH * 32];
	size_t len = 0;

	for (unsigned i = 0; i < DEPTH; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "!gAS%lu\n",
					4200000000 + (client->next += 7919) % 5000);
	say(client, text, len);
	for (unsigned i = 0; i < DEPTH; i++)
		irrd_answer(client);
}

static void ask(struct client *client)
{
	static const char set[] = "!a4AS-BENCH\n", heavy[] = "-k -T route -M 10.0.0.0/8\n";

	switch (mode) {
	case ONCE:
		question_once(client);
		answer_once(client);
		close(client->fd);
		break;
	case PERSISTENT:
		question_persistent(client);
		ripe_answer(client);
		break;
	case PIPELINED:
		ask_pipelined(client);
		break;
	case SET:
		say(client, set, sizeof(set) - 1);
		irrd_answer(client);
		break;
	case HEAVY:
		say(client, heavy, sizeof(heavy) - 1);
		ripe_answer(client);
		break;
	case MODES:
		break;
	}
}

/* ---- all at once ---- */

static void server_stop(pid_t server)
{
	char path[32], text[64], state = '\0';

	must(kill(server, SIGSTOP) == 0, "stop");
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)server);
	while (state != 'T') {
		FILE *file = fopen(path, "re");

		must(file != NULL && fgets(text, sizeof(text), file) != NULL, "state");
		must(sscanf(text, "%*d (%*[^)]) %c", &state) == 1, "state");
		fclose(file);
	}
}

/* The whole of it, since a server sends so little in one go; with the end behind it where that comes. */
static void answer_await(const struct client *client)
{
	struct pollfd look = { .fd = client->fd, .events = mode == ONCE ? POLLRDHUP : POLLIN };

	must(poll(&look, 1, -1) == 1, "poll");
}

static void burst_ask(struct client *client)
{
	if (mode == ONCE) {
		if (client->fd >= 0)
			close(client->fd);
		question_once(client);
	} else {
		question_persistent(client);
	}
}

/* The last is mostly answered last: then we have slept meanwhile. */
static double burst(struct client *clients, size_t count, pid_t server)
{
	double since, took;

	server_stop(server);
	for (size_t i = 0; i < count; i++)
		burst_ask(&clients[i]);
	since = now_s();
	must(kill(server, SIGCONT) == 0, "continue");
	for (size_t i = count; i-- > 0;)
		answer_await(&clients[i]);
	took = now_s() - since;
	for (size_t i = 0; i < count; i++) {
		if (mode == ONCE)
			answer_once(&clients[i]);
		else
			ripe_answer(&clients[i]);
	}
	return took;
}

/* Their time, all in all; as a sample of each question its share of a burst. */
static double bursts(struct client *clients, size_t count, pid_t server)
{
	struct client *first = &clients[0];
	double sum = 0;

	for (size_t i = 0; i < count; i++) {
		clients[i].fd = -1;
		if (mode == PERSISTENT)
			dial(&clients[i]);
	}
	while (now_s() < end_s) {
		double took = burst(clients, count, server);

		for (size_t i = 0; i < count && first->count < SAMPLES_MAX; i++)
			first->samples[first->count++] = (float)(took / (double)count * 1e6);
		sum += took;
	}
	return sum;
}

/* ---- each for itself ---- */

static void *run(void *arg)
{
	struct client *client = arg;

	if (mode != ONCE)
		dial(client);
	if (mode == PIPELINED || mode == SET)
		say(client, "!!\n", 3);
	while (now_s() < end_s) {
		double since = now_s();

		ask(client);
		sample(client, since, mode == PIPELINED ? DEPTH : 1);
	}
	return NULL;
}

static int sample_order(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct client *clients, size_t count, double seconds)
{
	size_t all = 0, at = 0;
	float *samples;

	for (size_t i = 0; i < count; i++)
		all += clients[i].count;
	samples = malloc((all + 1) * sizeof(*samples));
	must(samples != NULL && all > 0, "samples");
	for (size_t i = 0; i < count; i++) {
		if (clients[i].count > 0)
			memcpy(samples + at, clients[i].samples, clients[i].count * sizeof(*samples));
		at += clients[i].count;
	}
	qsort(samples, all, sizeof(*samples), sample_order);
	(void)printf("%zu %.3f %.3f %.3f\n", all, seconds, (double)samples[all / 2], (double)samples[all * 99 / 100]);
	free(samples);
}

static double threads(struct client *clients, size_t count)
{
	double since = now_s();

	for (size_t i = 0; i < count; i++)
		must(pthread_create(&clients[i].thread, NULL, run, &clients[i]) == 0, "thread");
	for (size_t i = 0; i < count; i++)
		(void)pthread_join(clients[i].thread, NULL);
	return now_s() - since;
}

static struct client *clients_new(size_t count, bool together)
{
	struct client *clients = calloc(count, sizeof(*clients));

	must(clients != NULL && count > 0, "clients");
	for (size_t i = 0; i < count; i++) {
		clients[i].next = i * 101;
		clients[i].samples = i > 0 && together ? NULL : malloc(SAMPLES_MAX * sizeof(float));
		must(clients[i].samples != NULL || (i > 0 && together), "samples");
	}
	return clients;
}

int main(int argc, char **argv)
{
	bool together = argc == 7;
	struct client *clients;
	size_t count;
	double took;

	for (mode = ONCE; (argc == 6 || together) && mode < MODES && strcmp(argv[2], mode_names[mode]) != 0;)
		mode = (enum mode)(mode + 1);
	if ((argc != 6 && !together) || mode == MODES || (together && mode != ONCE && mode != PERSISTENT)) {
		(void)fprintf(stderr,
			      "usage: whois_load PORT once|persistent|pipelined|set|heavy CLIENTS SECONDS RECORDS\n"
			      "       whois_load PORT once|persistent CLIENTS SECONDS RECORDS PID\n");
		return 2;
	}
	port = (uint16_t)strtoul(argv[1], NULL, 10);
	count = strtoul(argv[3], NULL, 10);
	records = strtoul(argv[5], NULL, 10);
	must(records > 0, "records");
	clients = clients_new(count, together);
	end_s = now_s() + strtod(argv[4], NULL);
	took = together ? bursts(clients, count, (pid_t)strtol(argv[6], NULL, 10)) : threads(clients, count);
	report(clients, count, took);
	for (size_t i = 0; i < count; i++)
		free(clients[i].samples);
	free(clients);
	return 0;
}
