/* SPDX-License-Identifier: MIT */
/*
 * test_share.c -- several threads answer while another changes what they show.
 */
#include "fixture.h"

#include <sched.h>

#include "../common/loopback.h"

#include "job.h"
#include "session.h"
#include "share.h"

#define THREADS 2
#define CLIENTS 4
#define CALLS 6      /* connections of a client */
#define QUESTIONS 12 /* on each */
#define SETS 150u    /* objects that change together; their answer is longer than one piece of work */

/* ---- the lock ---- */

static void *begin_and_end(void *share)
{
	whois_share_begin(share);
	whois_share_end(share);
	return NULL;
}

/* Once the writer waits for who reads, nobody else begins to. */
static void the_writer_is_next(void **state)
{
	struct whois_share *share;
	pthread_t writer;
	uint64_t start = al_now_ms();
	int rc = 0;

	(void)state;
	assert_int_equal(whois_share_new(&share), AL_OK);
	whois_share_read(share);
	assert_int_equal(pthread_create(&writer, NULL, begin_and_end, share), 0);
	while (rc == 0 && al_now_ms() - start < GUARD_S * 1000) {
		rc = pthread_rwlock_tryrdlock(&share->lock);
		if (rc == 0)
			whois_share_unread(share);
		sched_yield();
	}
	assert_int_equal(rc, EBUSY);
	whois_share_unread(share);
	assert_int_equal(pthread_join(writer, NULL), 0);
	whois_share_read(share);
	whois_share_unread(share);
	whois_share_free(share);
}

static void expansions_are_bounded(void **state)
{
	struct whois_share *share;

	(void)state;
	assert_int_equal(whois_share_new(&share), AL_OK);
	for (unsigned i = 0; i < WHOIS_EXPANSIONS_MAX; i++)
		assert_true(whois_share_expand(share));
	assert_false(whois_share_expand(share));
	whois_share_expanded(share);
	assert_true(whois_share_expand(share));
	assert_false(whois_share_expand(share));
	whois_share_free(share);
}

/* ---- answers ---- */

struct server {
	struct fixture f;
	struct whois_share *share;
	struct al_shares *shares;
	struct al_loop *loops[THREADS];
	struct whois_sessions *sessions[THREADS];
	pthread_t threads[THREADS];
	uint16_t port;
	uint64_t base; /* size of the log before the first round */
	_Atomic unsigned asking;
	_Atomic size_t moved; /* answers of another round than the one before them */
};

static void server_open(struct server *server, size_t per_source)
{
	struct whois_sessions_conf conf = { .max_conns = 64, .max_per_source = per_source, .idle_ms = 60000 };

	memset(server, 0, sizeof(*server));
	fixture_init(&server->f);
	fixture_puts(&server->f, fixture_small);
	assert_int_equal(whois_share_new(&server->share), AL_OK);
	assert_int_equal(al_shares_new(conf.max_conns, conf.max_per_source, &server->shares), AL_OK);
	conf.share = server->share;
	conf.shares = server->shares;
	conf.elsewhere = true;
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(al_loop_new(&server->loops[i]), AL_OK);
		assert_int_equal(whois_sessions_new(server->loops[i], &conf, &server->f.view, &server->sessions[i]),
				 AL_OK);
	}
	assert_int_equal(
		al_listener_tcp(whois_sessions_listener(server->sessions[0]), AL_S("127.0.0.1"), 0, &server->port),
		AL_OK);
	for (size_t i = 1; i < THREADS; i++)
		assert_int_equal(al_listener_join(whois_sessions_listener(server->sessions[i]),
						  whois_sessions_listener(server->sessions[0])),
				 AL_OK);
	server->base = server->f.view.head.size;
}

static void server_run(struct server *server)
{
	for (size_t i = 0; i < THREADS; i++)
		loop_thread_start(server->loops[i], &server->threads[i]);
}

static void server_close(struct server *server)
{
	for (size_t i = 0; i < THREADS; i++)
		loop_thread_stop(server->loops[i], server->threads[i]);
	for (size_t i = 0; i < THREADS; i++) {
		whois_sessions_free(server->sessions[i]);
		al_loop_free(server->loops[i]);
	}
	assert_int_equal(server->share->unsent, 0);
	assert_int_equal(server->share->expansions, 0);
	al_shares_free(server->shares);
	whois_share_free(server->share);
	fixture_release(&server->f);
}

/* All that one head brings: the sets say the round, and so do the members of two sets that a third one names. */
static void put_round(struct server *server, unsigned round)
{
	char text[256];

	whois_share_begin(server->share);
	for (unsigned i = 0; i < SETS; i++) {
		(void)snprintf(
			text, sizeof(text),
			"as-set: AS-ROUND%u\nmembers: AS%u\ndescr: round %u, and some more words about it, so that "
			"it is longer\nmnt-by: MILLER-MNT\nsource: TEST\n",
			i, 70000 + round, round);
		fixture_put(&server->f, text);
	}
	whois_share_end(server->share);
}

static size_t read_to(int fd, const char *end, char *out, size_t cap)
{
	size_t len = 0, end_len = strlen(end);

	while (len < end_len || memcmp(out + len - end_len, end, end_len) != 0) {
		ssize_t got = recv(fd, out + len, cap - 1 - len, 0);

		assert_true(got > 0);
		len += (size_t)got;
		assert_true(len < cap - 1);
	}
	out[len] = '\0';
	return len;
}

/* The round that all of the answer is of. */
static unsigned check_objects(const struct server *server, const char *text)
{
	const char *at = text, *head = strstr(text, "\n% log ");
	unsigned count = 0, round = 0, other;
	uint64_t size;

	assert_non_null(head);
	while ((at = strstr(at, "\ndescr:          round ")) != NULL) {
		at += strlen("\ndescr:          round ");
		other = (unsigned)strtoul(at, NULL, 10);
		assert_true(count == 0 || other == round);
		round = other;
		count++;
	}
	assert_int_equal(count, SETS);
	size = strtoull(head + strlen("\n% log "), NULL, 10);
	assert_int_equal(size, server->base + 1 + (uint64_t)round * SETS);
	return round;
}

static unsigned check_members(const char *text)
{
	unsigned asn = 0;

	assert_int_equal(sscanf(text, "A8\nAS%u\nC\n", &asn), 1);
	return asn - 70000;
}

static void *client(void *arg)
{
	struct server *server = arg;
	static const size_t cap = 1 << 20;
	char *text = malloc(cap);
	unsigned last = 0, round;

	assert_non_null(text);
	for (unsigned call = 0; call < CALLS; call++) {
		int fd = client_connect(server->port);

		client_say(fd, "!!\n");
		for (unsigned i = 0; i < QUESTIONS; i++) {
			client_say(fd, "-k -T as-set -i mnt-by MILLER-MNT\n");
			assert_true(read_to(fd, "\n\n\n", text, cap) > WHOIS_PIECE_BYTES);
			round = check_objects(server, text);
			assert_true(round >= last);
			server->moved += round != last;
			client_say(fd, "!iAS-ALL,1\n");
			(void)read_to(fd, "\nC\n", text, cap);
			last = check_members(text);
			assert_true(last >= round);
		}
		close(fd);
	}
	free(text);
	server->asking--;
	return NULL;
}

static void an_answer_is_of_one_size(void **state)
{
	static struct server server;
	pthread_t clients[CLIENTS];
	unsigned round = 1;

	(void)state;
	server_open(&server, 64);
	fixture_put(&server.f, "as-set: AS-ALL\nmembers: AS-ROUND0, AS-ROUND77, AS-ROUND149\nmnt-by: FISHER-MNT\n"
			       "source: TEST\n");
	put_round(&server, round++);
	server_run(&server);
	server.asking = CLIENTS;
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_create(&clients[i], NULL, client, &server), 0);
	while (server.asking > 0)
		put_round(&server, round++);
	for (size_t i = 0; i < CLIENTS; i++)
		assert_int_equal(pthread_join(clients[i], NULL), 0);
	assert_true(server.moved > CLIENTS); /* they did see it change */
	server_close(&server);
}

/* However the kernel spreads them. */
static void a_source_has_one_share(void **state)
{
	static struct server server;
	size_t open = 0;
	int fds[24];
	char got[256];

	(void)state;
	server_open(&server, 10);
	server_run(&server);
	for (size_t i = 0; i < AL_COUNT(fds); i++) {
		fds[i] = client_connect(server.port);
		client_say(fds[i], "!!\n!n\n");
		(void)read_to(fds[i], "\n", got, sizeof(got));
		open += strcmp(got, "C\n") == 0;
	}
	assert_int_equal(open, 10);
	for (size_t i = 0; i < AL_COUNT(fds); i++)
		close(fds[i]);
	server_close(&server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_writer_is_next),
		cmocka_unit_test(expansions_are_bounded),
		cmocka_unit_test(an_answer_is_of_one_size),
		cmocka_unit_test(a_source_has_one_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
