/* SPDX-License-Identifier: MIT */
/*
 * test_registry.c -- the daemon as one: founded, started and stopped in
 * processes of its own, and what it shows of its log on the way.
 */
#include "registry_daemon.h"

static void the_log_is_shown(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	up(w);
	shows(w, 1);
	says(ask(w->requests, AL_S("show mntner HOST-MNT\n")), "mntner:         HOST-MNT\n");
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	says(ask(w->http, AL_S("GET /tile/0/000.p/2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
	     "HTTP/1.1 200 ");
	says(get(w, "/metrics"), "\nalamo_registry_writes 1\n");
	says(get(w, "/metrics"), "\nalamo_registry_clock_ahead_seconds 0\n");
	says(get(w, "/metrics"), "\nalamo_registry_keys_end_seconds 0\n");
	down(w);
	/* What was accepted is there again; what stood in the file is made anew. */
	assert_int_equal(unlink(path_of(w, "run/checkpoint")), 0);
	up(w);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	down(w);
	al_buf_release(&raw);
}

/* A host without room stores nothing, says so, and goes on; and it is no reason to end that somebody has the log saved. */
static void without_room(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	conf_write(w, "min-free-disk = 1000000000");
	up(w);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "the registry's disk is nearly full");
	assert_int_equal(kill(w->daemon, SIGUSR1), 0);
	shows(w, 1);
	down(w);
	al_buf_release(&raw);
}

/* A ledger is of one key: with another one nothing is opened. */
static void another_key_opens_nothing(void **state)
{
	struct world *w = *state;

	log_key_write(w->dir, &w->key);
	assert_int_equal(ended(daemon_start(w, -1)), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_log_is_shown),
		TEST(without_room),
		TEST(another_key_opens_nothing),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
