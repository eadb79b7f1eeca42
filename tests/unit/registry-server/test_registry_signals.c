/* SPDX-License-Identifier: MIT */
/*
 * test_registry_signals.c -- the daemon as one: what it takes of a new configuration, what each of its budgets says, and what
 * it saves when it is told to.
 */
#include "registry_daemon.h"

static void reloaded(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	up(w);
	reload(w, "min-free-disk = 1000000000", "event=reloaded taken=1 waiting=0\n");
	says(ask(w->requests, al_buf_view(&raw)), "the registry's disk is nearly full");
	reload(w, "min-free-disk = 0\nbudget-source = 1", "event=reloaded taken=2 waiting=0\n");
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	says(ask(w->requests, al_buf_view(&raw)), "%ERROR: budget of your address used up: try again in ");
	reload(w, "min-free-disk = 0\nbudget-source = 0\npublish = elsewhere", "event=reloaded taken=1 waiting=1\n");
	says(ask(w->requests, al_buf_view(&raw)), "% receipt: index 1,");
	down(w);
	al_buf_release(&raw);
}

/* As many at once from one address as the new configuration says. */
static void reloaded_limits(void **state)
{
	struct world *w = *state;
	char more;
	int fd;

	up(w);
	reload(w, "min-free-disk = 0\nmax-per-source = 1", "event=reloaded taken=1 waiting=0\n");
	fd = client_connect(w->requests);
	client_say(fd, "head\n");
	assert_int_equal(recv(fd, &more, 1, 0), 1);
	for (unsigned i = 0; i < 2; i++) {
		int other = client_connect(w->requests);

		assert_int_equal(recv(other, &more, 1, 0) > 0, 0); /* it is one too many */
		(void)close(other);
	}
	(void)close(fd);
	down(w);
}

/* Each of the budgets is the configuration's, and at the start too. */
static void each_budget(void **state)
{
	static const struct {
		const char *key, *says;
	} rows[] = { { "budget-source", "%ERROR: budget of your address used up: " },
		     { "budget-network", "%ERROR: budget of your network used up: " },
		     { "budget-key", "%ERROR: budget of key SHA256:" },
		     { "budget-maintainer", "%ERROR: budget of ALICE-MNT used up: " } };
	struct world *w = *state;
	char conf[64];

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_buf raw;

		(void)snprintf(conf, sizeof(conf), "min-free-disk = 0\n%s = 1", rows[i].key);
		conf_write(w, conf);
		up(w);
		al_buf_init(&raw, 65536);
		registry_rig_request(&w->rig, i > 0 ? "prev: 1\ndry-run: yes\n" : "prev: none\n", ALICE, "1", &raw);
		says(ask(w->requests, al_buf_view(&raw)), "[mntner] ALICE-MNT\n");
		al_buf_reset(&raw);
		registry_rig_request(&w->rig, "prev: 1\ndry-run: yes\n", ALICE, "1", &raw);
		says(ask(w->requests, al_buf_view(&raw)), rows[i].says);
		al_buf_release(&raw);
		down(w);
	}
}

static unsigned times_said(struct world *w, const char *what)
{
	struct al_buf said;
	unsigned count = 0;

	al_buf_init(&said, 1u << 20);
	assert_int_equal(al_note_load(path_of(w, "said"), &said), AL_OK);
	al_buf_u8(&said, 0);
	for (const char *at = strstr((const char *)said.ptr, what); at != NULL; at = strstr(at + 1, what))
		count++;
	al_buf_release(&said);
	return count;
}

static void saved(void **state)
{
	struct world *w = *state;

	up(w);
	assert_int_not_equal(access(path_of(w, REGISTRY_SIDE_FILE), F_OK), 0);
	assert_int_equal(kill(w->daemon, SIGUSR1), 0);
	comes_to_say(w, "info alamo-registryd event=side-saved result=ok\n");
	assert_int_equal(times_said(w, "event=side-saved"), 1);
	assert_int_equal(access(path_of(w, REGISTRY_SIDE_FILE), F_OK), 0);
	/* A folder in its place. */
	assert_int_equal(unlink(w->path), 0);
	assert_int_equal(mkdir(w->path, 0700), 0);
	folder_write(w->path, "full", AL_S("full"));
	assert_int_equal(kill(w->daemon, SIGUSR1), 0);
	comes_to_say(w, "error alamo-registryd event=side-saved result=");
	down(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reloaded),
		TEST(reloaded_limits),
		TEST(each_budget),
		TEST(saved),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
