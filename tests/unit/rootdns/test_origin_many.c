/* SPDX-License-Identifier: MIT */
/*
 * test_origin_many.c -- origin look-ups of routes that lie in one: a change of that one is done piece by piece, nobody waits
 * for it, and what comes back meanwhile is not done twice.
 */
#include "origin_world.h"

#define INSIDE 1200u /* more than two jobs */
#define OUTER "route: 10.0.0.0/8\norigin: AS64501\n" ORIGIN_END

static void open_world(struct origin_world *world)
{
	char text[128];

	origin_start(world, ORIGIN_REGISTRY(""), "asn.alamo");
	for (unsigned i = 0; i < INSIDE; i++) {
		(void)snprintf(text, sizeof(text), "route: 10.1.%u.%u/32\norigin: AS64500\n" ORIGIN_END, i / 250,
			       i % 250);
		origin_put(world, text);
	}
	origin_step(world);
}

/* One job, and how many sources it had. */
static size_t job(struct origin_world *world, struct build_job *out)
{
	size_t sources = 0;

	assert_int_equal(pending_take(world->pending, world->f.index, out), AL_OK);
	for (const struct source *source = out->sources; source != NULL; source = source->next)
		sources++;
	assert_int_equal(builder_change(world->f.builder, out->sources, out->size), AL_OK);
	return sources;
}

static void others_are_in_the_first_job(void **state)
{
	struct origin_world world;
	struct build_job first;
	uint64_t before;

	(void)state;
	open_world(&world);
	before = world.f.index;
	origin_put(&world, OUTER);
	origin_put(&world, "domain: bob.alamo\nrecord: @ A 10.0.0.1\nmnt-by: B-MNT\nsource: TEST\n");
	origin_put(&world, "route: 10.2.0.0/16\norigin: AS64502\nmnt-by: C-MNT\nsource: TEST\n");
	/* The first job takes the large change alone, the others' are in the next one beside a piece of it. */
	assert_in_range(job(&world, &first), 1, PENDING_JOB_WEIGHT);
	assert_true(first.more);
	assert_int_equal(first.size, before);
	assert_in_range(job(&world, &first), 1, PENDING_JOB_WEIGHT + 8);
	assert_true(first.more);
	assert_int_equal(first.size, before);
	expect(&world.f, (struct question){ .name = "bob.alamo", .type = RR_A },
	       "NOERROR aa\nan bob.alamo. 300 IN A 10.0.0.1\n");
	job(&world, &first);
	assert_false(first.more);
	assert_int_equal(first.size, world.f.index);
	expect(&world.f, (struct question){ .name = "7.0.2.10.origin.asn.alamo", .type = RR_TXT },
	       "NOERROR aa\nan 7.0.2.10.origin.asn.alamo. 300 IN TXT \"64501 | 10.0.0.0/8 |  | test | \"\n"
	       "an 7.0.2.10.origin.asn.alamo. 300 IN TXT \"64502 | 10.2.0.0/16 |  | test | \"\n");
	origin_stop(&world);
}

/* What waits already is not put behind itself: there and back a hundred times is each name once. */
static void what_waits_is_done_once(void **state)
{
	struct origin_world world;
	struct build_job first;
	char *before, *after;

	(void)state;
	open_world(&world);
	before = origin_zone_text(&world);
	for (unsigned i = 0; i < 100; i++) {
		origin_put(&world, OUTER);
		if (i == 0)
			job(&world, &first);
		origin_put(&world, OUTER "delete: x\n");
	}
	origin_step(&world);
	/* Nodes above them too; those of the first job twice. */
	assert_in_range(world.sources, INSIDE, INSIDE + 16 + PENDING_JOB_WEIGHT);
	after = origin_zone_text(&world);
	assert_string_equal(before, after);
	free(before);
	free(after);
	origin_stop(&world);
}

/* All of it is in a new plan, and nothing is left waiting. */
static void a_new_plan_has_all(void **state)
{
	struct origin_world world;
	struct build_job first;

	(void)state;
	open_world(&world);
	origin_put(&world, OUTER);
	job(&world, &first);
	assert_true(first.more);
	origin_put(&world, ORIGIN_REGISTRY("root-server: b fca1:0:b::53\n"));
	assert_int_equal(pending_take(world.pending, world.f.index, &first), AL_OK);
	assert_false(first.more);
	assert_int_equal(builder_rebuild(world.f.builder, first.plan, first.sources, first.changed_at, first.size),
			 AL_OK);
	for (unsigned i = 0; i < 4; i++) {
		char name[64], want[256];

		(void)snprintf(name, sizeof(name), "249.%u.1.10.origin.asn.alamo", i);
		(void)snprintf(want, sizeof(want),
			       "NOERROR aa\nan %s. 300 IN TXT \"64501 | 10.0.0.0/8 |  | test | \"\n"
			       "an %s. 300 IN TXT \"64500 | 10.1.%u.249/32 |  | test | \"\n",
			       name, name, i);
		expect(&world.f, (struct question){ .name = name, .type = RR_TXT }, want);
	}
	origin_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(others_are_in_the_first_job),
		cmocka_unit_test(what_waits_is_done_once),
		cmocka_unit_test(a_new_plan_has_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
