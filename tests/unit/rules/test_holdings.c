/* SPDX-License-Identifier: MIT */
/*
 * test_holdings.c -- trees of vouchers: what a member has counts for those who
 * let him in, over eight generations, whatever came first in his request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "holdings.h"

#define GENERATIONS (VOUCHERS_MAX + 3u)

struct world {
	struct al_state *state;
	struct holdings *holdings;
};

static void follow(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct world *w = arg;

	assert_int_equal(holdings_change(w->holdings, w->state, old, now), AL_OK);
}

static struct al_object *build(const struct world *w, const char *text)
{
	struct al_build build = { .raw = al_slice_str(text), .index = al_state_size(w->state), .time = 1800000000 };
	struct al_report report;
	struct al_object *object;
	bool deletes;

	build.created = build.time;
	al_report_init(&report);
	assert_int_equal(al_object_build(&build, &report, &object, &deletes), AL_OK);
	al_report_release(&report);
	return object;
}

/* Member N, whom member N - 1 vouched for, with one domain, in one request. */
static void join(struct world *w, unsigned number, bool domain_first)
{
	char mntner[200], domain[200], voucher[40] = "";
	struct al_object *objects[2];

	if (number > 0)
		(void)snprintf(voucher, sizeof(voucher), "vouched-by: M%u-MNT\n", number - 1);
	(void)snprintf(mntner, sizeof(mntner), "mntner: M%u-MNT\n%smnt-by: M%u-MNT\nsource: TEST\n", number, voucher,
		       number);
	(void)snprintf(domain, sizeof(domain),
		       "domain: d%u.test\nnserver: ns.d%u.test 10.0.0.1\nmnt-by: M%u-MNT\n"
		       "source: TEST\n",
		       number, number, number);
	objects[domain_first ? 0 : 1] = build(w, domain);
	objects[domain_first ? 1 : 0] = build(w, mntner);
	assert_int_equal(al_state_put(w->state, objects, 2, 1800000000), AL_OK);
	al_object_unref(objects[0]);
	al_object_unref(objects[1]);
}

static int64_t domains_of(const struct world *w, enum tally_whose whose, unsigned number)
{
	struct tally tally = { whose, { NULL, 0 }, TALLY_DOMAINS, { NULL, 0 } };
	char name[40];

	(void)snprintf(name, sizeof(name), "M%u-MNT", number);
	tally.who = al_slice_str(name);
	return tallies_get(holdings_tallies(w->holdings), &tally);
}

static void a_tree(bool domain_first)
{
	struct world w;

	assert_int_equal(al_state_new(&w.state), AL_OK);
	assert_int_equal(holdings_new(&w.holdings), AL_OK);
	al_state_observe(w.state, follow, &w);
	for (unsigned i = 0; i < GENERATIONS; i++)
		join(&w, i, domain_first);
	for (unsigned i = 0; i < GENERATIONS; i++) {
		unsigned below = GENERATIONS - i; /* with itself */

		assert_int_equal(domains_of(&w, TALLY_MNTNER, i), 1);
		assert_int_equal(domains_of(&w, TALLY_TREE, i), below < VOUCHERS_MAX ? below : VOUCHERS_MAX);
	}
	holdings_free(w.holdings);
	al_state_free(w.state);
}

static void eight_generations(void **state)
{
	(void)state;
	a_tree(false);
}

static void whatever_came_first(void **state)
{
	(void)state;
	a_tree(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(eight_generations),
		cmocka_unit_test(whatever_came_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
