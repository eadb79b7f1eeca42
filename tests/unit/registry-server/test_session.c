/* SPDX-License-Identifier: MIT */
/*
 * test_session.c -- a connection of the request port: silence behind a
 * signature, answers in order, how many may wait, what is paid.
 *
 * The loop runs on a thread; everything that the registry does, it does there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_rig.h"

#include "../clock.h"
#include "../common/loopback.h"

#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "request/session.h"

#define MUCH (8u << 20) /* more than sockets buffer */
#define CONNS_MAX 10

struct fixture {
	struct registry_rig rig;
	struct session_ctx ctx;
	struct al_listener *listener;
	struct budget *sources;
	pthread_t thread;
	char path[108];
	uint16_t port; /* on all of 127.0.0.0/8 */
};

static struct fixture *start_idle(uint64_t budget, uint64_t idle_ms)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct al_listener_conf conf = { .name = "requests",
					 .max_conns = CONNS_MAX,
					 .max_per_source = 100,
					 .in_max = SESSION_IN_MAX,
					 .out_max = SESSION_OUT_MAX,
					 .idle_ms = idle_ms,
					 .request_ms = 400 };

	assert_non_null(f);
	registry_rig_start(&f->rig);
	f->sources = budget_new(budget, 100);
	assert_non_null(f->sources);
	f->ctx = (struct session_ctx){ .loop = f->rig.loop,
				       .question = f->rig.question,
				       .tariff = { .sources = f->sources } };
	pipeline_limit(f->rig.pipeline, &f->ctx.tariff);
	assert_int_equal(pipeline_start(f->rig.pipeline, f->rig.loop), AL_OK);
	(void)snprintf(f->path, sizeof(f->path), "%s/port", f->rig.dir);
	assert_int_equal(al_listener_new(f->rig.loop, &conf, &session_ops, &f->ctx, &f->listener), AL_OK);
	assert_int_equal(al_listener_unix(f->listener, f->path), AL_OK);
	assert_int_equal(al_listener_tcp(f->listener, AL_S("0.0.0.0"), 0, &f->port), AL_OK);
	loop_thread_start(f->rig.loop, &f->thread);
	return f;
}

static struct fixture *start(uint64_t budget)
{
	return start_idle(budget, 60000);
}

static void stop(struct fixture *f)
{
	f->rig.holding = false;
	loop_thread_stop(f->rig.loop, f->thread);
	al_listener_free(f->listener);
	registry_rig_stop(&f->rig);
	budget_free(f->sources);
	free(f);
}

static int dial(const struct fixture *f)
{
	const struct timeval patience = { .tv_sec = GUARD_S };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(al_slice_copy(al_slice_str(f->path), to.sun_path, sizeof(to.sun_path)), AL_OK);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return fd;
}

/* From 127.0.0.`last`. */
static int dial_from(const struct fixture *f, unsigned last)
{
	const struct timeval patience = { .tv_sec = GUARD_S };
	struct sockaddr_in from = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) + last) };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(f->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return fd;
}

static void say(int fd, struct al_slice text)
{
	assert_int_equal(send(fd, text.ptr, text.len, MSG_NOSIGNAL), text.len);
}

/* Up to the end line, or the end. */
static const char *hear(int fd)
{
	static char text[RIG_ANSWER];
	size_t len = 0;

	while (len < sizeof(text) - 1 && (len < 6 || memcmp(text + len - 6, "% end\n", 6) != 0)) {
		ssize_t got = recv(fd, text + len, 1, 0);

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	text[len] = '\0';
	return text;
}

static void hears(int fd, const char *what)
{
	const char *answer = hear(fd);

	if (strstr(answer, what) == NULL)
		fail_msg("\"%s\" is not in the answer:\n%s", what, answer);
}

static struct al_slice signed_by(struct fixture *f, const char *objects, const char *signers, struct al_buf *out)
{
	al_buf_init(out, 65536);
	registry_rig_request(&f->rig, "prev: none\n", objects, signers, out);
	return al_buf_view(out);
}

/* ---- tests ---- */

/* Who keeps the connection open gets the answer when nothing more comes behind the signature. */
static void test_silence_is_an_end(void **state)
{
	struct fixture *f = start(0);
	struct al_buf raw;
	int fd = dial(f);

	(void)state;
	say(fd, signed_by(f, ALICE, "1", &raw));
	hears(fd, "% receipt: index 1,");
	/* And the connection goes on. */
	say(fd, AL_S("prev mntner ALICE-MNT\n"));
	hears(fd, "prev: 1\n");
	close(fd);
	stop(f);
	al_buf_release(&raw);
}

/* What cannot be read ends the connection: what stands behind it is not looked at. */
static void test_a_bad_line_is_the_last(void **state)
{
	struct fixture *f = start(0);
	int fd = dial(f);
	char more;

	(void)state;
	say(fd, AL_S("\001\nprev mntner ALICE-MNT\n"));
	hears(fd, "(REQUEST-FORM)");
	assert_int_equal(recv(fd, &more, 1, 0), 0);
	close(fd);
	stop(f);
}

static void test_answers_come_in_order(void **state)
{
	struct fixture *f = start(0);
	struct al_buf raw, both;
	int fd = dial(f);

	(void)state;
	al_buf_init(&both, 65536);
	al_buf_str(&both, "prev mntner ALICE-MNT\n");
	al_buf_slice(&both, signed_by(f, ALICE, "1", &raw));
	al_buf_str(&both, "\nprev mntner ALICE-MNT\nnonsense\n");
	f->rig.holding = true; /* the commit takes long; the question behind it is answered behind it */
	say(fd, al_buf_view(&both));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	hears(fd, "prev: none\n");
	f->rig.holding = false;
	hears(fd, "% receipt: index 1,");
	hears(fd, "prev: 1\n");
	hears(fd, "%ERROR: unknown question");
	assert_string_equal(hear(fd), "");
	close(fd);
	stop(f);
	al_buf_release(&raw);
	al_buf_release(&both);
}

/* Bytes that the other side takes until it takes no more for a while; at most `most`. */
static size_t pour(int fd, struct al_slice text, size_t most)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	size_t sent = 0;

	while (sent < most && poll(&room, 1, 500) == 1) {
		ssize_t got = send(fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		assert_true(got > 0 || errno == EAGAIN);
		sent += got > 0 ? (size_t)got : 0;
	}
	return sent;
}

/* One answer is late: only so many may wait behind it, then nothing more is read. */
static void test_answers_that_wait_are_bounded(void **state)
{
	struct fixture *f = start(0);
	struct al_buf raw, lines;
	int fd = dial(f);
	size_t sent;

	(void)state;
	f->rig.holding = true;
	say(fd, signed_by(f, ALICE, "1", &raw));
	say(fd, AL_S("\n"));
	al_buf_init(&lines, 65536);
	while (lines.len < 5000)
		al_buf_str(&lines, "head\n");
	sent = pour(fd, al_buf_view(&lines), MUCH);
	assert_true(sent < MUCH);
	f->rig.holding = false;
	hears(fd, "% receipt: index 1,");
	for (int i = 0; i < 1000; i++)
		hears(fd, "registry.test/log\n");
	close(fd);
	stop(f);
	al_buf_release(&raw);
	al_buf_release(&lines);
}

/* A request of Alice's, and so many questions behind it. */
static void lines_make(struct fixture *f, unsigned count, struct al_buf *out)
{
	(void)signed_by(f, ALICE, "1", out);
	al_buf_str(out, "\n");
	for (unsigned i = 0; i < count; i++)
		al_buf_str(out, "head\n");
}

/* What others had sent before has been read by then. */
static void asks_twice(int fd)
{
	for (unsigned i = 0; i < 2; i++) {
		say(fd, AL_S("network\n"));
		hears(fd, "namespace: registry@test\n");
	}
}

static void loop_held(void *arg)
{
	const _Atomic bool *held = arg;

	while (*held)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* As many answers as may wait, and behind them, in one read, its end: that is seen when they are there. */
static void test_an_end_behind_a_full_one(void **state)
{
	struct fixture *f = start_idle(0, 2 * GUARD_MS);
	struct al_buf lines;
	_Atomic bool held = true;
	int fd, other;
	char more;

	(void)state;
	f->rig.holding = true;
	lines_make(f, 63, &lines);
	assert_int_equal(al_loop_post(f->rig.loop, loop_held, &held), AL_OK);
	fd = dial(f);
	say(fd, al_buf_view(&lines));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	other = dial(f);
	held = false;
	asks_twice(other);
	f->rig.holding = false;
	hears(fd, "% receipt: index 1,");
	for (int i = 0; i < 63; i++)
		hears(fd, "registry.test/log\n");
	assert_int_equal(recv(fd, &more, 1, 0), 0);
	close(fd);
	close(other);
	stop(f);
	al_buf_release(&lines);
}

/* Where all places are taken, whoever waits for an answer is not the one who has to go. */
static void test_who_waits_keeps_his_place(void **state)
{
	struct fixture *f = start_idle(0, 1000000000);
	struct al_buf raw;
	int fd = dial_from(f, 1), fds[CONNS_MAX];

	(void)state;
	f->rig.holding = true;
	say(fd, signed_by(f, ALICE, "1", &raw));
	say(fd, AL_S("\nhead\n"));
	for (int i = 0; i < CONNS_MAX; i++) { /* one more than there are places */
		if (i == CONNS_MAX - 1)
			clock_ahead_s = 3600; /* all have waited long enough to be asked to go */
		fds[i] = dial_from(f, 1);
		say(fds[i], AL_S("network\n"));
		hears(fds[i], "namespace: registry@test\n");
	}
	f->rig.holding = false;
	hears(fd, "% receipt: index 1,");
	hears(fd, "registry.test/log\n");
	clock_ahead_s = 0;
	for (int i = 0; i < CONNS_MAX; i++)
		close(fds[i]);
	close(fd);
	stop(f);
	al_buf_release(&raw);
}

static void test_the_source_pays(void **state)
{
	struct fixture *f = start(1);
	struct al_buf alice, bob;
	int fd = dial(f);

	(void)state;
	say(fd, signed_by(f, ALICE, "1", &alice));
	hears(fd, "% receipt: index 1,");
	say(fd, signed_by(f, BOB, "2", &bob));
	hears(fd, "%ERROR: budget of your address used up: try again in ");
	say(fd, AL_S("head\n"));
	hears(fd, "%ERROR: budget of your address used up: try again in ");
	close(fd);
	stop(f);
	al_buf_release(&alice);
	al_buf_release(&bob);
}

/* What one address has used up is not missing to another. */
static void test_each_address_pays_for_itself(void **state)
{
	struct fixture *f = start(1);
	struct al_buf alice, bob;
	int fd = dial_from(f, 1), other = dial_from(f, 2);

	(void)state;
	say(fd, signed_by(f, ALICE, "1", &alice));
	hears(fd, "% receipt: index 1,");
	say(fd, AL_S("head\n"));
	hears(fd, "%ERROR: budget of your address used up: try again in ");
	say(other, signed_by(f, BOB, "2", &bob));
	hears(other, "% receipt: index 2,");
	close(fd);
	close(other);
	stop(f);
	al_buf_release(&alice);
	al_buf_release(&bob);
}

/* A byte now and then does not make a request that never ends. */
static void test_a_request_ends_or_is_ended(void **state)
{
	struct fixture *f = start(0);
	struct pollfd look;
	int fd = dial(f);

	(void)state;
	say(fd, AL_S("request: slow\n"));
	look = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (int i = 0; i < 1000 && poll(&look, 1, 20) == 0; i++)
		(void)send(fd, "x: y\n", 5, MSG_NOSIGNAL);
	hears(fd, "%ERROR: the rest of the request did not come in time");
	close(fd);
	stop(f);
}

static void test_gone_before_the_answer(void **state)
{
	struct fixture *f = start(0);
	struct al_buf raw;
	int fd = dial(f);

	(void)state;
	f->rig.holding = true;
	say(fd, signed_by(f, ALICE, "1", &raw));
	close(fd);
	fd = dial(f);
	say(fd, AL_S("network\n"));
	hears(fd, "namespace: registry@test\n");
	f->rig.holding = false;
	for (int i = 0; i < 2000; i++) {
		say(fd, AL_S("prev mntner ALICE-MNT\n"));
		if (strcmp(hear(fd), "prev: 1\n% end\n") == 0)
			break;
	}
	say(fd, al_buf_view(&raw));
	hears(fd, "% receipt: index 1,");
	close(fd);
	stop(f);
	al_buf_release(&raw);
}

/* How many are connected, when it is as many as that. */
static size_t conns_wait(const struct fixture *f, size_t wanted)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < GUARD_MS && al_listener_conns(f->listener) != wanted; i++)
		(void)nanosleep(&pause, NULL);
	return al_listener_conns(f->listener);
}

/* What nobody waits for any more is stored all the same, and its answer, like those behind it, goes nowhere. */
static void test_gone_while_it_is_stored(void **state)
{
	struct fixture *f = start(0);
	struct al_buf alice, bob;
	int fd = dial_from(f, 1), other;

	(void)state;
	f->rig.holding = true;
	say(fd, signed_by(f, ALICE, "1", &alice));
	say(fd, AL_S("\nprev mntner ALICE-MNT\n"));
	say(fd, signed_by(f, BOB, "2", &bob));
	say(fd, AL_S("\nnetwork\n"));
	other = dial(f);
	say(other, AL_S("network\n"));
	hears(other, "namespace: registry@test\n");
	assert_int_equal(conns_wait(f, 2), 2);
	/* Reset, as by a client that has crashed: who only says nothing more is waited for. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)), 0);
	close(fd);
	assert_int_equal(conns_wait(f, 1), 1);
	f->rig.holding = false;
	say(other, al_buf_view(&alice));
	hears(other, "% receipt: index 1,");
	say(other, al_buf_view(&bob));
	hears(other, "% receipt: index 2,");
	close(other);
	stop(f);
	al_buf_release(&alice);
	al_buf_release(&bob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_is_an_end),
		cmocka_unit_test(test_a_bad_line_is_the_last),
		cmocka_unit_test(test_answers_come_in_order),
		cmocka_unit_test(test_answers_that_wait_are_bounded),
		cmocka_unit_test(test_an_end_behind_a_full_one),
		cmocka_unit_test(test_who_waits_keeps_his_place),
		cmocka_unit_test(test_the_source_pays),
		cmocka_unit_test(test_each_address_pays_for_itself),
		cmocka_unit_test(test_a_request_ends_or_is_ended),
		cmocka_unit_test(test_gone_before_the_answer),
		cmocka_unit_test(test_gone_while_it_is_stored),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
