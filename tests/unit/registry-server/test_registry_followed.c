/* SPDX-License-Identifier: MIT */
/*
 * test_registry_followed.c -- the daemon as one: what it tells those who follow its log, and those who witness it.
 */
#include "registry_daemon.h"

#include "alamo/follow/follow.h"
#include "alamo/tlog/witness.h"

struct follower {
	struct al_loop *loop;
	uint64_t size, date, wanted_size, wanted_date;
};

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	(void)arg;
	(void)index;
	(void)bytes;
	return AL_OK;
}

static void enough(const struct follower *follower)
{
	if (follower->size >= follower->wanted_size && follower->date >= follower->wanted_date)
		al_loop_stop(follower->loop);
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct follower *follower = arg;

	(void)note;
	follower->size = cp->size;
	enough(follower);
}

static void on_dated(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct follower *follower = arg;

	(void)cp;
	(void)note;
	follower->date = date;
	enough(follower);
}

static void on_guard(void *arg)
{
	(void)arg;
	fail_msg("nothing comes");
}

static void follow_until(struct follower *follower, uint64_t size, uint64_t date)
{
	follower->wanted_size = size;
	follower->wanted_date = date;
	if (follower->size < size || follower->date < date)
		al_loop_run(follower->loop);
}

/* Who follows the log is told of each commit, and of each date. */
static void followed(void **state)
{
	static const struct al_follow_ops ops = { .entry = on_entry, .head = on_head, .dated = on_dated };
	struct world *w = *state;
	struct al_follow_conf conf = { .key = w->key.pub };
	struct follower follower = { .size = 0 };
	struct al_timer *guard;
	struct al_follow *follow;
	struct al_buf raw;
	char socket[96];

	conf_write(w, "min-free-disk = 0\nsign-seconds = 1");
	up(w);
	conf.address = strcpy(socket, path_of(w, "run/log.sock"));
	assert_int_equal(al_loop_new(&follower.loop), AL_OK);
	assert_int_equal(al_timer_new(follower.loop, on_guard, NULL, &guard), AL_OK);
	al_timer_set(guard, GUARD_MS);
	assert_int_equal(al_follow_new(follower.loop, &conf, &ops, &follower, &follow), AL_OK);
	follow_until(&follower, 1, 0);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	follow_until(&follower, 2, 0);
	follow_until(&follower, 2, follower.date + 1); /* and while nothing else happens */
	follow_until(&follower, 2, follower.date + 1);
	assert_int_equal(follower.size, 2);
	al_follow_free(follow);
	al_timer_free(guard);
	al_loop_free(follower.loop);
	al_buf_release(&raw);
	down(w);
}

/* A witness that nobody can ask: what a quorum has cosigned is nothing yet, and can be asked for. */
static void witnessed(void **state)
{
	struct world *w = *state;
	struct al_skey witness;
	struct al_buf policy;

	assert_int_equal(al_witness_skey_generate(AL_S("w.test"), &witness), AL_OK);
	al_buf_init(&policy, 1000);
	al_buf_str(&policy, "witness one ");
	al_witness_vkey_format(&witness.pub, &policy);
	al_buf_str(&policy, "\nquorum one\n");
	folder_write(w->dir, "policy", al_buf_view(&policy));
	al_buf_release(&policy);
	conf_write(w, "min-free-disk = 0\nwitnesses = policy");
	up(w);
	says(ask(w->http, AL_S("GET /checkpoint.cosigned HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
	     "HTTP/1.1 404 ");
	down(w);
	conf_write(w, "min-free-disk = 0\nwitnesses = nowhere");
	assert_int_equal(ended(daemon_start(w, -1)), 1);
}

/* A witness that refuses everything, and notes what it was asked for. */
struct refuser {
	struct world *w;
	_Atomic uint64_t size, date;
};

static void witness_asked(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	struct refuser *refuser = arg;
	const struct al_vkey dating = al_vkey_dating(&refuser->w->key.pub);
	struct al_slice line;
	uint64_t date;

	(void)rest;
	while (al_slice_line(&body, &line) && line.len > 0)
		;
	refuser->size = size_of(refuser->w, body);
	if (al_cosigned(body, &dating, &date) == AL_OK)
		refuser->date = date;
	answer->status = 500;
}

static void comes_to_ask(const struct refuser *refuser, uint64_t size, uint64_t date)
{
	for (int i = 0; i < GUARD_MS / 10 && (refuser->size != size || refuser->date <= date); i++)
		pause_shortly();
	assert_int_equal(refuser->size, size);
	assert_true(refuser->date > date);
}

/* Each commit is shown to the witnesses, with its newest date. */
static void shown_to_witnesses(void **state)
{
	struct world *w = *state;
	struct refuser refuser = { .w = w };
	struct al_skey witness;
	struct al_buf policy, raw;
	struct al_loop *loop;
	struct al_http *http;
	pthread_t thread;
	uint16_t port;

	assert_int_equal(al_loop_new(&loop), AL_OK);
	assert_int_equal(al_http_new(loop, &http), AL_OK);
	assert_int_equal(al_http_post_route(http, "/add-checkpoint", witness_asked, &refuser), AL_OK);
	assert_int_equal(al_http_listen(http, AL_S("127.0.0.1"), 0, &port), AL_OK);
	assert_int_equal(al_witness_skey_generate(AL_S("w.test"), &witness), AL_OK);
	al_buf_init(&policy, 1000);
	al_buf_str(&policy, "witness one ");
	al_witness_vkey_format(&witness.pub, &policy);
	al_buf_printf(&policy, " http://127.0.0.1:%u/\nquorum one\n", port);
	folder_write(w->dir, "policy", al_buf_view(&policy));
	conf_write(w, "min-free-disk = 0\nwitnesses = policy\nsign-seconds = 1");
	up(w);
	loop_thread_start(loop, &thread);
	comes_to_ask(&refuser, 1, 0);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	comes_to_ask(&refuser, 2, refuser.date);
	comes_to_ask(&refuser, 2, refuser.date);
	down(w);
	loop_thread_stop(loop, thread);
	al_http_free(http);
	al_loop_free(loop);
	al_buf_release(&policy);
	al_buf_release(&raw);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(followed),
		TEST(witnessed),
		TEST(shown_to_witnesses),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
