/* SPDX-License-Identifier: MIT */
/*
 * test_pending.c -- from a log that goes on to the builder's jobs: what is
 * noted, what is not, and when everything is built anew.
 */
#include "fixture.h"

#include "pending.h"

static const char registry[] = "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n";

struct world {
	uint64_t size;
	struct pending *pending;
};

static void world_open(struct world *world)
{
	world->size = 0;
	assert_int_equal(pending_new("/tmp", AL_S(""), &world->pending), AL_OK);
}

static void world_close(struct world *world)
{
	pending_free(world->pending);
}

/* One entry with one object. */
static void put(struct world *world, const char *text)
{
	struct al_object *object = object_of(text, world->size++);

	assert_int_equal(pending_object(world->pending, object), AL_OK);
	al_object_unref(object);
}

struct taken {
	bool plan;
	size_t sources, deleted;
	uint64_t newest, size; /* index of the newest source */
};

static struct taken take(struct world *world)
{
	struct build_job job = { .plan = NULL };
	struct taken out = { .plan = false };

	assert_int_equal(pending_take(world->pending, world->size, &job), AL_OK);
	out.plan = job.plan != NULL;
	out.size = job.size;
	for (const struct source *source = job.sources; source != NULL; source = source->next) {
		out.sources++;
		out.deleted += source->deleted ? 1 : 0;
		out.newest = source->index > out.newest ? source->index : out.newest;
	}
	source_list_free(job.sources);
	zone_plan_free(job.plan);
	return out;
}

#define DOMAIN "domain: a.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n"
#define DOMAIN_WORDS "domain: a.alamo\nnserver: ns.example\nremarks: words\nmnt-by: A-MNT\nsource: T1\n"
#define INET "inetnum: 10.0.0.0/24\nnetname: A-NET\nmnt-by: A-MNT\nsource: T1\n"

static void a_replay_is_one_job(void **state)
{
	struct build_job job;
	struct world world;
	struct taken got;

	(void)state;
	world_open(&world);
	assert_int_equal(pending_take(world.pending, world.size, &job), AL_ENOTFOUND);
	put(&world, registry);
	put(&world, DOMAIN);
	put(&world, DOMAIN_WORDS); /* says the same to a zone */
	put(&world, INET);         /* says nothing */
	got = take(&world);
	assert_true(got.plan);
	assert_int_equal(got.sources, 1);
	assert_int_equal(got.newest, 1); /* the entry that changed the zone, not the newest version */
	assert_int_equal(got.size, 4);
	got = take(&world);
	assert_false(got.plan);
	assert_int_equal(got.sources, 0);
	world_close(&world);
}

static void changes_are_noted_once(void **state)
{
	struct world world;
	struct taken got;

	(void)state;
	world_open(&world);
	put(&world, registry);
	put(&world, DOMAIN);
	(void)take(&world);
	put(&world, "domain: a.alamo\nnserver: ns2.example\nmnt-by: A-MNT\nsource: T1\n");
	put(&world, "domain: a.alamo\nnserver: ns3.example\nmnt-by: A-MNT\nsource: T1\n");
	got = take(&world);
	assert_int_equal(got.sources, 1);
	assert_int_equal(got.newest, 3);
	put(&world, "domain: a.alamo\nnserver: ns3.example\nmnt-by: A-MNT\nsource: T1\ndelete: x\n");
	got = take(&world);
	assert_int_equal(got.sources, 1);
	assert_int_equal(got.deleted, 1);
	world_close(&world);
}

/* What goes to another maintainer leaves the others' turn, and nothing of theirs gets lost. */
static void a_change_of_hands(void **state)
{
	struct world world;
	struct taken got;

	(void)state;
	world_open(&world);
	put(&world, registry);
	(void)take(&world);
	put(&world, DOMAIN);
	put(&world, "domain: b.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n");
	put(&world, "domain: c.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n");
	put(&world, "domain: a.alamo\nnserver: ns2.example\nmnt-by: B-MNT\nsource: T1\n");
	put(&world, "domain: c.alamo\nnserver: ns2.example\nmnt-by: B-MNT\nsource: T1\n");
	got = take(&world);
	assert_int_equal(got.sources, 3);
	assert_int_equal(got.newest, 5);
	got = take(&world);
	assert_int_equal(got.sources, 0);
	world_close(&world);
}

static void a_new_plan_takes_everything(void **state)
{
	struct world world;
	struct taken got;

	(void)state;
	world_open(&world);
	put(&world, registry);
	put(&world, DOMAIN);
	put(&world, "inetnum: 10.0.0.0/24\nnetname: A-NET\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n");
	put(&world, "mesh-bootstrap: A-NODE\nendpoint: fd00::7 7000\nmnt-by: A-MNT\nsource: T1\n");
	(void)take(&world);
	put(&world, "registry: T1\ndescr: words\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n");
	got = take(&world);
	assert_false(got.plan);
	put(&world,
	    "registry: T1\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n");
	got = take(&world);
	assert_true(got.plan);
	assert_int_equal(got.sources, 3);
	put(&world, DOMAIN "delete: x\n");
	put(&world, registry);
	got = take(&world);
	assert_true(got.plan);
	assert_int_equal(got.sources, 3);
	assert_int_equal(got.deleted, 1);
	world_close(&world);
}

/* The change of some lines is a change of the object that is there. */
static void an_edit_is_of_the_living_object(void **state)
{
	static const struct {
		const char *text;
		size_t sources;
	} edits[] = {
		{ "domain: a.alamo\nextend: x\nremarks: words\nmnt-by: A-MNT\nsource: T1\n", 0 },
		{ "domain: a.alamo\nextend: x\nnserver: ns2.example\nmnt-by: A-MNT\nsource: T1\n", 1 },
		{ "domain: a.alamo\nshrink: x\nnserver: ns2.example\nsource: T1\n", 1 },
	};
	struct world world;

	(void)state;
	world_open(&world);
	put(&world, registry);
	put(&world, DOMAIN);
	(void)take(&world);
	for (size_t i = 0; i < AL_COUNT(edits); i++) {
		struct al_build build = { .raw = al_slice_str(edits[i].text),
					  .index = world.size++,
					  .time = FIXTURE_NOW,
					  .stored = true,
					  .present = pending_present,
					  .arg = world.pending };
		struct al_object *object;
		bool deletes;

		assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
		assert_int_equal(pending_object(world.pending, object), AL_OK);
		al_object_unref(object);
		assert_int_equal(take(&world).sources, edits[i].sources);
	}
	put(&world, DOMAIN); /* as it was: nothing */
	assert_int_equal(take(&world).sources, 0);
	assert_null(pending_present(world.pending, AL_DOMAIN, AL_S("b.alamo")));
	world_close(&world);
}

/* A flood of one maintainer's names and one name of another's: the other one is in the next job. */
static void a_flood_waits_for_itself(void **state)
{
	enum { FLOOD = 5000 };
	struct build_job job;
	struct world world;
	size_t jobs = 0, seen = 0;
	uint64_t size = 0;
	bool more = true, early = false;
	char text[160];

	(void)state;
	world_open(&world);
	put(&world, registry);
	(void)take(&world);
	for (unsigned i = 0; i < FLOOD; i++) {
		(void)snprintf(text, sizeof(text),
			       "domain: f%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: FLOOD-MNT\nsource: T1\n", i);
		put(&world, text);
	}
	put(&world, DOMAIN);
	while (more) {
		size_t count = 0;

		assert_int_equal(pending_take(world.pending, world.size, &job), AL_OK);
		for (const struct source *source = job.sources; source != NULL; source = source->next) {
			count++;
			early = early || (jobs == 0 && source->index == FLOOD + 1);
		}
		assert_in_range(count, 1, PENDING_JOB_WEIGHT + 1);
		/* What the zones then show is said truly, and grows. */
		assert_true(job.size >= size && (job.more || job.size == FLOOD + 2));
		size = job.size;
		seen += count;
		more = job.more;
		jobs++;
		source_list_free(job.sources);
	}
	assert_true(early);
	assert_int_equal(seen, FLOOD + 1);
	assert_true(jobs >= FLOOD / (PENDING_JOB_WEIGHT + 1));
	world_close(&world);
}

/* One request's objects are shown at once, however many, and whoever else waits. */
static void an_entry_stays_together(void **state)
{
	enum { ENTRY = 700 };
	struct al_object *object;
	struct build_job job;
	struct world world;
	size_t count = 0;
	char text[160];

	(void)state;
	world_open(&world);
	put(&world, registry);
	(void)take(&world);
	for (unsigned i = 0; i < ENTRY; i++) {
		(void)snprintf(text, sizeof(text),
			       "domain: e%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: M%u-MNT\nsource: T1\n", i, i % 3);
		object = object_of(text, world.size);
		assert_int_equal(pending_object(world.pending, object), AL_OK);
		al_object_unref(object);
	}
	world.size++;
	assert_int_equal(pending_take(world.pending, world.size, &job), AL_OK);
	for (const struct source *source = job.sources; source != NULL; source = source->next)
		count++;
	assert_int_equal(count, ENTRY);
	assert_false(job.more);
	source_list_free(job.sources);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_is_one_job),
		cmocka_unit_test(changes_are_noted_once),
		cmocka_unit_test(a_change_of_hands),
		cmocka_unit_test(a_new_plan_takes_everything),
		cmocka_unit_test(a_flood_waits_for_itself),
		cmocka_unit_test(an_entry_stays_together),
		cmocka_unit_test(an_edit_is_of_the_living_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
