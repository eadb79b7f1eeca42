/* SPDX-License-Identifier: MIT */
/*
 * test_takeover.c -- two registries of one log in a database: one writes, the other waits, can be watched meanwhile, and
 * goes on when the first one is gone.
 */
#include "registry_daemon.h"

#include "engines.h"

#ifdef ALAMO_POSTGRESQL

struct pair {
	struct world *writes, *waits;
	char where[ENGINE_WHERE_MAX];
};

/* The other host has the keys too, and the guard as it was when it was set up. */
static void keys_copy(struct world *from, struct world *to)
{
	static const char *const names[] = { "keys/log.key", "keys/log.pub", "keys/log.guard" };

	for (size_t i = 0; i < AL_COUNT(names); i++) {
		struct al_buf text;

		al_buf_init(&text, 65536);
		assert_int_equal(al_note_load(path_of(from, names[i]), &text), AL_OK);
		folder_write(to->dir, names[i], al_buf_view(&text));
		assert_int_equal(chmod(path_of(to, names[i]), 0600), 0);
		al_buf_release(&text);
	}
	to->key = from->key;
}

static struct world *world_at(const struct pair *p)
{
	char conf[ENGINE_WHERE_MAX + 64];

	(void)snprintf(conf, sizeof(conf), "min-free-disk = 0\nledger = %s", p->where);
	return world_new(conf);
}

static int pair_setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	engine_place_make(engine_kinds[1], "", p->where);
	p->writes = world_at(p);
	p->waits = world_at(p);
	found(p->writes);
	keys_copy(p->writes, p->waits);
	*state = p;
	return 0;
}

static int pair_teardown(void **state)
{
	struct pair *p = *state;
	void *worlds[] = { p->writes, p->waits };

	for (size_t i = 0; i < AL_COUNT(worlds); i++)
		(void)teardown(&worlds[i]);
	engine_place_drop(engine_kinds[1], p->where);
	free(p);
	return 0;
}

static void the_other_goes_on(void **state)
{
	struct pair *p = *state;
	struct al_buf alice, bob;
	char conf[ENGINE_WHERE_MAX + 64];

	al_buf_init(&alice, 65536);
	al_buf_init(&bob, 65536);
	registry_rig_request(&p->writes->rig, "prev: none\n", ALICE, "1", &alice);
	registry_rig_request(&p->writes->rig, "prev: none\n", BOB, "2", &bob);
	up(p->writes);
	up_until(p->waits, "endpoint log-http ");
	comes_to_say(p->waits, "event=follows size=1 ");
	says(get(p->waits, "/metrics"), "\nalamo_registry_writes 0\n");
	says(get(p->writes, "/metrics"), "\nalamo_registry_writes 1\n");
	says(ask(p->waits->http, AL_S("GET /checkpoint HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
	     "HTTP/1.1 404 ");
	(void)snprintf(conf, sizeof(conf), "min-free-disk = 0\nbudget-source = 1\nledger = %s", p->where);
	reload(p->waits, conf, "event=reloaded taken=1 waiting=0\n");
	says(ask(p->writes->requests, al_buf_view(&alice)), "% receipt: index 1,");
	assert_int_equal(down_by(p->writes, SIGKILL), 128 + SIGKILL);
	ready_read(p->waits, "ready\n");
	comes_to_say(p->waits, "event=takes-over size=2\n");
	says(get(p->waits, "/metrics"), "\nalamo_registry_writes 1\n");
	says(get(p->waits, "/metrics"), "\nalamo_registry_log_entries 2\n");
	/* It knows what the first one stored; and the budget is that of the configuration that it was told to read. */
	says(ask(p->waits->requests, al_buf_view(&bob)), "% receipt: index 2,");
	shows(p->waits, 3);
	says(ask(p->waits->requests, al_buf_view(&alice)), "%ERROR: budget of your address used up");
	down(p->waits);
	al_buf_release(&alice);
	al_buf_release(&bob);
}

/* It ends as any other while it waits. */
static void one_that_waits_is_stopped(void **state)
{
	struct pair *p = *state;

	up(p->writes);
	up_until(p->waits, "endpoint log-http ");
	assert_int_equal(down_by(p->waits, SIGTERM), 0);
	assert_int_not_equal(access(path_of(p->waits, "run/checkpoint"), F_OK), 0);
	down(p->writes);
}

/* One that was held up so long that the other writes by now stores nothing more: it ends, and says why. */
static void one_that_was_held_up_ends(void **state)
{
	struct pair *p = *state;
	struct al_buf alice;

	al_buf_init(&alice, 65536);
	registry_rig_request(&p->writes->rig, "prev: none\n", ALICE, "1", &alice);
	up(p->writes);
	up_until(p->waits, "endpoint log-http ");
	assert_int_equal(kill(p->writes->daemon, SIGSTOP), 0);
	ready_read(p->waits, "ready\n");
	says(ask(p->waits->requests, al_buf_view(&alice)), "% receipt: index 1,");
	assert_int_equal(kill(p->writes->daemon, SIGCONT), 0);
	assert_int_equal(ended(p->writes->daemon), 1);
	(void)fclose(p->writes->ready);
	comes_to_say(p->writes, "event=fenced reason=\"another registry writes: this one ends");
	shows(p->waits, 2);
	down(p->waits);
	al_buf_release(&alice);
}

/* ---- a database that has lost what it had confirmed ---- */

static bool guard_has(struct world *w, const char *what)
{
	char bytes[8192];
	FILE *file = fopen(path_of(w, "keys/log.guard"), "r");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	return memmem(bytes, len, what, strlen(what)) != NULL;
}

static void comes_to_remember(struct world *w, const char *what)
{
	bool comes = guard_has(w, what);

	for (int i = 0; i < GUARD_MS / 10 && !comes; i++) {
		pause_shortly();
		comes = guard_has(w, what);
	}
	assert_true(comes);
}

/* It ends, and says why. */
static void refuses(struct world *w, const char *sizes, const char *why)
{
	assert_int_not_equal(ended(daemon_start(w, -1)), 0);
	comes_to_say(w, "event=signer-refused ");
	comes_to_say(w, sizes);
	comes_to_say(w, why);
}

static const char loses[] = "DELETE FROM entry WHERE idx >= 1; DELETE FROM checkpoint WHERE size > 1;"
			    "UPDATE head SET size = 1";

/* One that follows a log which is another one all at once does not go on from what it has read. */
static void one_that_is_led_astray_ends(void **state)
{
	struct pair *p = *state;
	struct al_buf alice;

	al_buf_init(&alice, 65536);
	registry_rig_request(&p->writes->rig, "prev: none\n", ALICE, "1", &alice);
	up(p->writes);
	up_until(p->waits, "endpoint log-http ");
	says(ask(p->writes->requests, al_buf_view(&alice)), "% receipt: index 1,");
	comes_to_remember(p->waits, "\nkept 2 ");
	assert_true(engine_sql(p->where, loses));
	assert_int_equal(ended(p->waits->daemon), 1);
	(void)fclose(p->waits->ready);
	comes_to_say(p->waits, "event=follow error=");
	comes_to_say(p->waits, " reason=\"start it again: it reads the ledger from the beginning\"\n");
	assert_int_equal(down_by(p->writes, SIGKILL), 128 + SIGKILL);
	al_buf_release(&alice);
}

/* One has only followed; what it has seen is known to the next process. */
static void what_it_has_seen_is_not_lost(void **state)
{
	struct pair *p = *state;
	struct world *third = world_at(p); /* which has seen nothing */
	struct al_buf alice, bob;

	al_buf_init(&alice, 65536);
	al_buf_init(&bob, 65536);
	keys_copy(p->writes, third);
	registry_rig_request(&p->writes->rig, "prev: none\n", ALICE, "1", &alice);
	registry_rig_request(&p->writes->rig, "prev: none\n", BOB, "2", &bob);
	up(p->writes);
	up_until(p->waits, "endpoint log-http ");
	comes_to_say(p->waits, "event=follows size=1 ");
	says(ask(p->writes->requests, al_buf_view(&alice)), "% receipt: index 1,");
	comes_to_remember(p->waits, "\nkept 2 ");
	assert_int_equal(down_by(p->waits, SIGTERM), 0);
	down(p->writes);
	assert_true(engine_sql(p->where, loses));
	refuses(p->waits, "ledger-size=1 signed-size=2 ", "error=stale reason=\"this ledger is older");
	/* The third goes on there, to another history: neither beside it nor behind it. */
	up(third);
	says(ask(third->requests, al_buf_view(&bob)), "% receipt: index 1,");
	refuses(p->waits, "ledger-size=2 signed-size=2 ", "error=fork reason=\"this ledger contradicts");
	down(third);
	refuses(p->waits, "ledger-size=2 signed-size=2 ", "error=fork reason=\"this ledger contradicts");
	al_buf_release(&alice);
	al_buf_release(&bob);
	(void)teardown((void **)&third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_other_goes_on, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(one_that_waits_is_stopped, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(one_that_was_held_up_ends, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(one_that_is_led_astray_ends, pair_setup, pair_teardown),
		cmocka_unit_test_setup_teardown(what_it_has_seen_is_not_lost, pair_setup, pair_teardown),
	};
	int failed;

	if (sodium_init() < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	engines_stop();
	return failed;
}

#else

int main(void)
{
	return 0;
}

#endif
