/* SPDX-License-Identifier: MIT */
/*
 * test_session.c -- the whois port over loopback: line ends, end of file,
 * pipelining, long lines, large answers to slow readers, silence. The server
 * runs on a thread; the fixture is complete before it starts.
 */
#include "fixture.h"

#include "../common/loopback.h"

#include "answer.h"
#include "session.h"

struct server {
	struct fixture f;
	struct al_loop *loop;
	struct whois_sessions *sessions;
	pthread_t thread;
	uint16_t port;
};

#define CONNS_MAX 160u

static void server_start_with(struct server *server, uint64_t idle_ms, size_t per_source)
{
	struct whois_sessions_conf conf = { .max_conns = CONNS_MAX, .max_per_source = per_source, .idle_ms = idle_ms };

	assert_int_equal(al_loop_new(&server->loop), AL_OK);
	assert_int_equal(whois_sessions_new(server->loop, &conf, &server->f.view, &server->sessions), AL_OK);
	assert_int_equal(
		al_listener_tcp(whois_sessions_listener(server->sessions), AL_S("127.0.0.1"), 0, &server->port), AL_OK);
	loop_thread_start(server->loop, &server->thread);
}

static void server_start(struct server *server, uint64_t idle_ms)
{
	server_start_with(server, idle_ms, 64);
}

static void server_fill(struct server *server)
{
	memset(server, 0, sizeof(*server));
	fixture_init(&server->f);
	fixture_puts(&server->f, fixture_small);
}

static void server_init(struct server *server, uint64_t idle_ms)
{
	server_fill(server);
	server_start(server, idle_ms);
}

static void server_release(struct server *server)
{
	loop_thread_stop(server->loop, server->thread);
	whois_sessions_free(server->sessions);
	al_loop_free(server->loop);
	fixture_release(&server->f);
}

/* Sends bytes, reads to the end. */
static void ask(const struct server *server, const char *bytes, size_t len, char *out, size_t cap)
{
	int fd = client_connect(server->port);

	client_send(fd, bytes, len);
	assert_true(client_drain(fd, out, cap) >= 0);
	close(fd);
}

static void test_one_query(void **state)
{
	static const char *const forms[] = { "as64500\r\n", "as64500\n", "  AS64500 \r\n" };
	struct server server;
	char got[4096];
	size_t i;

	(void)state;
	server_init(&server, 60000);
	for (i = 0; i < AL_COUNT(forms); i++) {
		ask(&server, forms[i], strlen(forms[i]), got, sizeof(got));
		assert_non_null(strstr(got, "\naut-num:        AS64500\n"));
		assert_non_null(strstr(got, "% This query was served by alamo-whoisd"));
	}
	/* What comes after the one query is not answered. */
	ask(&server, "as64500\nas64501\n", 16, got, sizeof(got));
	assert_null(strstr(got, "AS64501"));
	ask(&server, "!gas64500\n!gas64501\n", 20, got, sizeof(got));
	assert_string_equal(got, "A24\n10.1.0.0/16 10.1.2.0/24\nC\n");
	/* NUL bytes are refused in both languages. */
	ask(&server, "as\00064500\n", 9, got, sizeof(got));
	assert_non_null(strstr(got, "%ERROR:108:"));
	ask(&server, "!gas\00064500\n", 11, got, sizeof(got));
	assert_string_equal(got, "F control characters in the query\n");
	server_release(&server);
}

/* A client that ends its side early still gets its answer. */
static void test_half_close(void **state)
{
	struct server server;
	char got[4096];
	int fd;

	(void)state;
	server_init(&server, 60000);
	fd = client_connect(server.port);
	client_say(fd, "-T aut-num as64501");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_non_null(strstr(got, "\naut-num:        AS64501\n"));
	close(fd);
	fd = client_connect(server.port);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(client_drain(fd, got, sizeof(got)), 0);
	close(fd);
	fd = client_connect(server.port);
	client_say(fd, "!!\n!gas64501\n!6as64501");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_string_equal(got, "A24\n10.1.0.0/16 10.2.0.0/16\nC\nA14\nfd00:1:2::/48\nC\n");
	close(fd);
	server_release(&server);
}

static void test_conversation(void **state)
{
	struct server server;
	char got[64];
	int fd, i;

	(void)state;
	server_init(&server, 60000);
	fd = client_connect(server.port);
	/* As bgpq4 begins: two lines in one write, one answer. */
	client_say(fd, "!!\n!nbgpq4 1.9\n");
	client_expect(fd, "C\n");
	client_say(fd, "!a\n");
	client_expect(fd, "F Missing required set name for A query\n");
	client_say(fd, "!s-lc\r\n");
	client_expect(fd, "A5\nTEST\nC\n");
	/* Byte by byte. */
	for (i = 0; i < 10; i++)
		client_send(fd, &"!6as64501\n"[i], 1);
	client_expect(fd, "A14\nfd00:1:2::/48\nC\n");
	/* Pipelined beyond one burst: all of them, in order. */
	for (i = 0; i < 200; i++)
		client_say(fd, i % 2 == 0 ? "!gas64502\n" : "!nx\n");
	for (i = 0; i < 100; i++)
		client_expect(fd, "D\nC\n");
	client_say(fd, "!q\n");
	assert_int_equal(client_drain(fd, got, sizeof(got)), 0);
	close(fd);
	server_release(&server);
}

static void test_long_line(void **state)
{
	static char line[200000];
	struct server server;
	char got[4096];
	int fd;

	(void)state;
	server_init(&server, 60000);
	memset(line, 'a', sizeof(line));
	line[WHOIS_LINE_MAX] = '\n';
	ask(&server, line, WHOIS_LINE_MAX + 1, got, sizeof(got));
	assert_non_null(strstr(got, "%ERROR:101:"));
	line[WHOIS_LINE_MAX] = 'a';
	line[WHOIS_LINE_MAX + 1] = '\n';
	ask(&server, line, WHOIS_LINE_MAX + 2, got, sizeof(got));
	assert_non_null(strstr(got, "%ERROR:107:"));
	/* No line end at all: refused without waiting for one. */
	line[WHOIS_LINE_MAX + 1] = 'a';
	fd = client_connect(server.port);
	client_send(fd, line, sizeof(line));
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_non_null(strstr(got, "%ERROR:107:"));
	close(fd);
	server_release(&server);
}

#define LARGE_QUERIES 40

/* A registry in which "!rfd02::/16,M" gives more than 800,000 bytes. */
static void server_init_large(struct server *server, uint64_t idle_ms)
{
	char text[2048];
	unsigned i;

	server_fill(server);
	for (i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text),
			       "route6: fd02:%x::/32\norigin: AS64502\nmnt-by: A-MNT\nremarks: %0700u\nsource: TEST\n",
			       i, i);
		fixture_put(&server->f, text);
	}
	server_start(server, idle_ms);
}

static int connect_large(const struct server *server)
{
	int fd = client_connect(server->port), i;

	client_say(fd, "!!\n");
	for (i = 0; i < LARGE_QUERIES; i++)
		client_say(fd, "!rfd02::/16,M\n");
	client_say(fd, "!q\n");
	return fd;
}

/* Many large answers on one connection, asked for at once and read late: all arrive whole. */
static void test_backlog(void **state)
{
	static char got[1 << 21];
	struct server server;
	ssize_t len;
	int fd;

	(void)state;
	server_init_large(&server, 60000);
	fd = connect_large(&server);
	len = client_drain(fd, got, sizeof(got));
	assert_true(len > 0);
	assert_int_equal(len % LARGE_QUERIES, 0);
	assert_true(len / LARGE_QUERIES > 800000);
	assert_int_equal(got[0], 'A');
	assert_int_equal(got[len / LARGE_QUERIES], 'A');
	assert_int_equal(got[len / LARGE_QUERIES - 2], 'C');
	close(fd);
	server_release(&server);
}

struct conns {
	struct server *server;
	sem_t done;
	size_t count;
};

static void conns_count(void *arg)
{
	struct conns *conns = arg;

	conns->count = al_listener_conns(whois_sessions_listener(conns->server->sessions));
	assert_int_equal(sem_post(&conns->done), 0);
}

/* A client that asks and never reads is dropped, and with it what it asked for. */
static void test_no_reader(void **state)
{
	const struct timespec nap = { .tv_nsec = 20000000 };
	struct server server;
	struct conns conns = { &server, { { 0 } }, 1 };
	int fd, i;

	(void)state;
	server_init_large(&server, 300);
	assert_int_equal(sem_init(&conns.done, 0, 0), 0);
	fd = connect_large(&server);
	for (i = 0; i < GUARD_S * 50 && conns.count > 0; i++) {
		(void)nanosleep(&nap, NULL);
		assert_int_equal(al_loop_post(server.loop, conns_count, &conns), AL_OK);
		assert_true(guard_wait(&conns.done));
	}
	assert_int_equal(conns.count, 0);
	assert_true(client_drain(fd, NULL, 0) < (ssize_t)LARGE_QUERIES * 800000);
	close(fd);
	assert_int_equal(sem_destroy(&conns.done), 0);
	server_release(&server);
}

/* Silence ends in silence: any word would be taken for an answer. "!t" moves when. */
static void test_idle(void **state)
{
	struct server server;
	char got[4096];
	int fd, kept;

	(void)state;
	server_init(&server, 1000);
	kept = client_connect(server.port);
	client_say(kept, "!!\n!t1000\n");
	client_expect(kept, "C\n");
	fd = client_connect(server.port);
	client_say(fd, "half a li");
	assert_int_equal(client_drain(fd, got, sizeof(got)), 0);
	close(fd);
	client_say(kept, "!gas64502\n");
	client_expect(kept, "D\n");
	close(kept);
	server_release(&server);
}

/* One connection too many of a source is told so; the others go on. */
static void test_too_many(void **state)
{
	struct server server;
	char got[1024];
	int kept[2], fd, i;

	(void)state;
	server_fill(&server);
	server_start_with(&server, 60000, 2);
	for (i = 0; i < 2; i++) {
		kept[i] = client_connect(server.port);
		client_say(kept[i], "!!\n!gas64502\n");
		client_expect(kept[i], "D\n");
	}
	fd = client_connect(server.port);
	assert_true(client_drain(fd, got, sizeof(got)) > 0);
	assert_string_equal(got, WHOIS_REFUSAL);
	close(fd);
	for (i = 0; i < 2; i++) {
		client_say(kept[i], "!gas64502\n");
		client_expect(kept[i], "D\n");
		close(kept[i]);
	}
	server_release(&server);
}

#define HEAVY_SETS 60

/* Sets that name each other: each is some sixty thousand members' work, and its answer a few bytes. */
static void server_init_heavy(struct server *server)
{
	struct al_buf text;
	unsigned i, k;

	server_fill(server);
	al_buf_init(&text, 65536);
	for (i = 0; i < HEAVY_SETS; i++) {
		al_buf_reset(&text);
		al_buf_printf(&text, "as-set: AS-HEAVY%u\nmnt-by: A-MNT\nsource: TEST\nmembers: AS64500", i);
		for (k = 0; k < 1000; k++)
			al_buf_printf(&text, ", AS-HEAVY%u", k % HEAVY_SETS);
		al_buf_put(&text, "\n", 2);
		fixture_put(&server->f, (const char *)text.ptr);
	}
	al_buf_release(&text);
	server_start(server, 60000);
}

#define HEAVY_CLIENTS 8

/* One of `step`, with its share of the sets: it is at work. */
static int connect_heavy(const struct server *server, int first, int step)
{
	int fd = client_connect(server->port);
	char line[32];

	client_say(fd, "!!\n");
	for (int i = first; i < HEAVY_SETS; i += step) {
		(void)snprintf(line, sizeof(line), "!iAS-HEAVY%d,1\n", i);
		client_say(fd, line);
	}
	client_expect(fd, "A8\nAS64500\nC\n");
	return fd;
}

/* However much one connection asks at once, another's small questions are answered meanwhile. */
static void test_bystander(void **state)
{
	static char answers[HEAVY_SETS * 32];
	struct server server;
	ssize_t got = 0;
	int heavy, fd, i;

	(void)state;
	server_init_heavy(&server);
	heavy = connect_heavy(&server, 0, 1);
	fd = client_connect(server.port);
	client_say(fd, "!!\n");
	for (i = 0; i < 20; i++) {
		client_say(fd, "!gas64502\n");
		client_expect(fd, "D\n");
	}
	close(fd);
	got = recv(heavy, answers, sizeof(answers), MSG_DONTWAIT);
	assert_true(got < (HEAVY_SETS - 1) * (ssize_t)strlen("A8\nAS64500\nC\n"));
	for (i = (int)(got > 0 ? got / (ssize_t)strlen("A8\nAS64500\nC\n") : 0); i < HEAVY_SETS - 1; i++)
		client_expect(heavy, "A8\nAS64500\nC\n");
	close(heavy);
	server_release(&server);
}

/* Sets are expanded for a few at a time, and who leaves meanwhile leaves its place to the others. */
static void test_leaving(void **state)
{
	struct server server;
	int fd;

	(void)state;
	server_init_heavy(&server);
	for (int i = 0; i < HEAVY_CLIENTS; i++)
		close(connect_heavy(&server, i, HEAVY_CLIENTS)); /* with the next of them at work */
	fd = client_connect(server.port);
	client_say(fd, "!!\n!iAS-HEAVY59,1\n");
	client_expect(fd, "A8\nAS64500\nC\n");
	close(fd);
	server_release(&server);
}

#define BURST 10000 /* questions at once: more than a connection's input holds */

/* Who waits for its turn behind others may have asked more than it can hold: all of it is answered, when it is its turn. */
static void test_burst(void **state)
{
	static char got[BURST * 4];
	int heavy[HEAVY_CLIENTS], fd;
	struct server server;
	struct al_buf out;

	(void)state;
	server_init_heavy(&server);
	for (int i = 0; i < HEAVY_CLIENTS; i++)
		heavy[i] = connect_heavy(&server, i, HEAVY_CLIENTS);
	al_buf_init(&out, BURST * 16);
	al_buf_str(&out, "!!\n");
	for (int i = 0; i < BURST; i++)
		al_buf_str(&out, "!gas64502\n");
	al_buf_str(&out, "!q\n");
	fd = client_connect(server.port);
	client_send(fd, out.ptr, out.len);
	assert_int_equal(client_drain(fd, got, sizeof(got)), BURST * strlen("D\n"));
	al_buf_release(&out);
	close(fd);
	for (int i = 0; i < HEAVY_CLIENTS; i++)
		close(heavy[i]);
	server_release(&server);
}

/* A registry in which "!rfd02::/16,M" gives more than three MiB; who asks reads nothing. */
static void server_init_huge(struct server *server)
{
	struct al_buf text;
	unsigned i, k;

	server_fill(server);
	al_buf_init(&text, 65536);
	for (i = 0; i < 100; i++) {
		al_buf_reset(&text);
		al_buf_printf(&text, "route6: fd02:%x::/32\norigin: AS64502\nmnt-by: A-MNT\nsource: TEST\n", i);
		for (k = 0; k < 40; k++)
			al_buf_printf(&text, "remarks: %0800u\n", k);
		al_buf_u8(&text, 0);
		fixture_put(&server->f, (const char *)text.ptr);
	}
	al_buf_release(&text);
	server_start_with(server, 60000, CONNS_MAX);
}

/* What slow readers leave unread is bounded, over all of them: beyond it the next question is refused, until they are gone. */
static void test_unread(void **state)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	struct server server;
	int slow[CONNS_MAX - 8];
	char got[4096] = "";
	size_t count = 0, i;

	(void)state;
	server_init_huge(&server);
	for (i = 0; i < GUARD_S * 100 && strstr(got, "%ERROR:306:") == NULL; i++) {
		if (count < AL_COUNT(slow)) {
			slow[count] = client_connect(server.port);
			client_say(slow[count++], "!!\n!rfd02::/16,M\n!rfd02::/16,M\n!rfd02::/16,M\n");
		} else {
			(void)nanosleep(&nap, NULL);
		}
		ask(&server, "as64500\n", 8, got, sizeof(got));
	}
	assert_non_null(strstr(got, "%ERROR:306: too busy, try again\n"));
	assert_null(strstr(got, "aut-num:"));
	assert_true(count > 50);
	while (count > 0)
		close(slow[--count]);
	for (i = 0; i < GUARD_S * 100 && strstr(got, "aut-num:") == NULL; i++) {
		(void)nanosleep(&nap, NULL);
		ask(&server, "as64500\n", 8, got, sizeof(got));
	}
	assert_null(strstr(got, "%ERROR:306:"));
	server_release(&server);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_query),    cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_conversation), cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_backlog),      cmocka_unit_test(test_no_reader),
		cmocka_unit_test(test_idle),         cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_bystander),    cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_burst),        cmocka_unit_test(test_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
