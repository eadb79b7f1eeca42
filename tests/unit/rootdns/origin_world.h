/* SPDX-License-Identifier: MIT */
/*
 * origin_world.h -- objects of a log on their whole way to a served zone of origin look-ups, asn.alamo.
 */
#ifndef TESTS_ROOTDNS_ORIGIN_WORLD_H
#define TESTS_ROOTDNS_ORIGIN_WORLD_H

#include "reference.h"

#include "../metric.h"
#include "pending.h"

#define ORIGIN_REGISTRY(more)                                                                     \
	"registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\nreserved-name: ? asn x*\n" more \
	"mnt-by: HOST-MNT\nsource: TEST\n"
#define ORIGIN_END "mnt-by: A-MNT\nsource: TEST\n"

struct origin_world {
	struct fixture f;
	struct pending *pending;
	size_t sources; /* of the last step */
	size_t names;   /* that it made anew */
};

static inline void origin_put_on(struct origin_world *world, unsigned day, const char *text)
{
	struct al_object *object = object_of(text, world->f.index++);

	object->time += day * UINT64_C(86400);
	assert_int_equal(pending_object(world->pending, object), AL_OK);
	al_object_unref(object);
}

static inline void origin_put(struct origin_world *world, const char *text)
{
	origin_put_on(world, 0, text);
}

/* Everything that waits, built or changed. */
static inline void origin_step(struct origin_world *world)
{
	const uint64_t before = metric("alamo_dns_names_compiled_total");
	struct build_job job = { .more = true };

	for (world->sources = 0; job.more;) {
		assert_int_equal(pending_take(world->pending, world->f.index, &job), AL_OK);
		for (const struct source *source = job.sources; source != NULL; source = source->next)
			world->sources++;
		if (job.plan != NULL)
			assert_int_equal(
				builder_rebuild(world->f.builder, job.plan, job.sources, job.changed_at, job.size),
				AL_OK);
		else
			assert_int_equal(builder_change(world->f.builder, job.sources, job.size), AL_OK);
	}
	world->names = metric("alamo_dns_names_compiled_total") - before;
}

static inline void origin_start(struct origin_world *world, const char *registry, const char *zone)
{
	fixture_start(&world->f, registry, NULL);
	assert_int_equal(pending_new("/tmp", al_slice_str(zone), &world->pending), AL_OK);
	world->f.index = 0;
	origin_put(world, registry);
}

static inline void origin_stop(struct origin_world *world)
{
	pending_free(world->pending);
	fixture_stop(&world->f);
}

static inline char *origin_zone_text(struct origin_world *world)
{
	ldns_rr_list *zone = zone_dump(&world->f, "asn.alamo", false);
	char *text = dump_text(zone);

	ldns_rr_list_deep_free(zone);
	return text;
}

#endif
