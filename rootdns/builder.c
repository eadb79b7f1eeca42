/* SPDX-License-Identifier: MIT */
/*
 * builder.c -- changes, publishing, and from one run to the next: see builder.h. Builder's thread.
 */
#include "builder.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"
#include "generation.h"
#include "history.h"
#include "serials.h"
#include "snapshot.h"

#define RESTORE_LEAST_S 3600u  /* signatures of the last run must hold so long at least */
#define SAVE_NAMES_LEAST 1000u /* the snapshot is written after so many names, and a quarter of all */
#define RESIGN_NAMES 256       /* at a time: a few milliseconds, so that changes need not wait; */
#define LOOK_NAMES 16384       /* and that many that need none */

struct builder {
	struct builder_conf conf;
	struct serials *serials;
	struct snapshot *restored; /* of the last run; NULL: none, or no longer needed */
	size_t unsaved;            /* names signed since the snapshot was written */
	uint64_t seed;
	uint64_t size;                 /* log size shown */
	uint64_t sig_since, sig_until; /* of the first signature to end, as far as this round has looked */
	struct generation *now;
	struct generation *old;
};

static struct al_metric metric_names = { .name = "alamo_dns_names_compiled_total",
					 .help = "Names whose answers were made anew." };
static struct al_metric metric_signatures = { .name = "alamo_dns_signatures_total", .help = "Signatures made." };
static struct al_metric metric_publish = { .name = "alamo_dns_publishes_total", .help = "Sets of zones published." };
static struct al_metric metric_sig_until = { .name = "alamo_dns_signatures_end_seconds",
					     .help = "When the first of the served signatures ends, Unix time.",
					     .gauge = true };
static struct al_metric metric_sig_since = { .name = "alamo_dns_signatures_since_seconds",
					     .help = "From when on that signature is good, Unix time.",
					     .gauge = true };
static struct al_metric metric_nodes = { .name = "alamo_dns_names", .help = "Names served.", .gauge = true };
static struct al_metric metric_snapshots = { .name = "alamo_dns_snapshots",
					     .help = "Snapshots of zones in memory: one a zone, and those still read.",
					     .gauge = true };
static struct al_metric metric_size = { .name = "alamo_dns_log_size",
					.help = "Log size that the zones show.",
					.gauge = true };

/* ---- publishing ---- */

static struct zone_signer clock_of(const struct builder *builder)
{
	return (struct zone_signer){ .now = builder->conf.now(), .valid_s = builder->conf.signature_s };
}

/* At the first publication, then at the end of each round of signing. True: of `look` names there are more. */
static bool signatures_look(struct builder *builder, const struct generation *generation, size_t look)
{
	for (size_t i = 0; i < generation->count; i++)
		if (zone_master_sig_first(generation->masters[i], &look, &builder->sig_since, &builder->sig_until))
			return true;
	al_metric_set(&metric_sig_since, builder->sig_since);
	al_metric_set(&metric_sig_until, builder->sig_until == UINT64_MAX ? 0 : builder->sig_until);
	builder->sig_since = 0;
	builder->sig_until = UINT64_MAX;
	for (size_t i = 0; i < generation->count; i++)
		zone_master_round(generation->masters[i]);
	return false;
}

static enum al_err publish_generation(struct builder *builder, const struct generation *generation, uint64_t size)
{
	const struct zone *zones[PLAN_ZONES_MAX];
	struct zone_set *set;
	enum al_err err;
	size_t names = 0;

	for (size_t i = 0; i < generation->count; i++) {
		zones[i] = generation->masters[i]->newest;
		names += zones[i]->chain.count;
	}
	err = zone_set_new(builder->seed, size, zones, generation->count, &set);
	if (err != AL_OK)
		return err;
	publish_swap(builder->conf.publish, set);
	if (builder->conf.published != NULL)
		builder->conf.published(builder->conf.arg);
	builder->size = size;
	al_metric_inc(&metric_publish, 1);
	al_metric_set(&metric_nodes, names);
	if (atomic_load(&metric_sig_until.value) == 0)
		(void)signatures_look(builder, generation, SIZE_MAX);
	al_metric_set(&metric_size, size);
	return AL_OK;
}

static enum al_err master_update(struct builder *builder, struct zone_master *master, const struct zone_signer *clock,
				 struct update_stats *stats)
{
	uint32_t serial;
	enum al_err err;

	if (!zone_update_due(master))
		return AL_OK;
	err = serials_next(builder->serials, &master->tree.apex_name, master->changed, &serial);
	return err == AL_OK ? zone_update(master, clock, serial, stats) : err;
}

/* The zone as it was served last, by the generation before or by the last run. */
static const struct zone *previous_of(const struct builder *builder, const struct dname *apex)
{
	for (size_t i = 0; builder->now != NULL && i < builder->now->count; i++)
		if (dname_eq(&builder->now->masters[i]->tree.apex_name, apex))
			return builder->now->masters[i]->newest;
	for (size_t i = 0; builder->restored != NULL && i < builder->restored->count; i++)
		if (dname_eq(&builder->restored->zones[i]->apex, apex))
			return builder->restored->zones[i];
	return NULL;
}

/*
 * A zone that was served before is made with its signatures, and first with its serial too: when nothing in it is
 * different, it is the same zone. Else it gets the next serial, and the difference is a delta like any other.
 */
static enum al_err master_renew(struct builder *builder, struct zone_master *master, const struct zone *previous,
				struct zone_signer *clock, struct update_stats *stats)
{
	bool same = serials_exact(builder->serials, &master->tree.apex_name, previous->serial);
	struct draft draft;
	enum al_err err;

	clock->previous = previous;
	clock->seed = builder->seed;
	draft_init(&draft);
	err = same ? zone_update(master, clock, previous->serial, stats) : master_update(builder, master, clock, stats);
	if (err == AL_OK)
		history_compare(previous, master->newest, &draft);
	if (err == AL_OK && same && !draft_empty(&draft)) {
		zone_tree_mark(&master->tree, master->tree.apex);
		err = master_update(builder, master, clock, stats);
		draft_release(&draft);
		draft_init(&draft);
		if (err == AL_OK)
			history_compare(previous, master->newest, &draft);
	}
	if (err == AL_OK)
		err = history_set(master->newest, previous, &draft);
	draft_release(&draft);
	clock->previous = NULL;
	return err;
}

static enum al_err master_make_zone(struct builder *builder, struct zone_master *master, struct zone_signer *clock,
				    struct update_stats *stats)
{
	const struct zone *previous = master->newest == NULL ? previous_of(builder, &master->tree.apex_name) : NULL;

	return previous != NULL ? master_renew(builder, master, previous, clock, stats)
				: master_update(builder, master, clock, stats);
}

/* Updates what is dirty and publishes. */
static enum al_err update_all(struct builder *builder, struct generation *generation, uint64_t size)
{
	struct zone_signer clock = clock_of(builder);
	struct update_stats stats = { 0, 0 };
	uint64_t start = al_now_ms();
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK; i++)
		err = master_make_zone(builder, generation->masters[i], &clock, &stats);
	if (err == AL_OK)
		err = publish_generation(builder, generation, size);
	/* What was taken over from the last run is in its snapshot. */
	builder->unsaved += stats.signatures < stats.names ? stats.signatures : stats.names;
	al_metric_inc(&metric_names, stats.names);
	al_metric_inc(&metric_signatures, stats.signatures);
	if (err == AL_OK && stats.names > 0)
		al_log(AL_LOG_INFO, "zones-published", "size=%" PRIu64 " names=%zu signatures=%zu ms=%" PRIu64, size,
		       stats.names, stats.signatures, al_now_ms() - start);
	return err;
}

size_t builder_snapshots(const struct builder *builder)
{
	size_t count = builder->now != NULL ? generation_snapshots(builder->now) : 0;

	for (const struct generation *old = builder->old; old != NULL; old = old->next)
		count += generation_snapshots(old);
	return count;
}

/* ---- from one run to the next ---- */

/* What was served when the last run ended in order is served until the log is here. */
static void restore(struct builder *builder)
{
	const struct snapshot *restored = builder->restored;
	struct zone_set *set;

	for (size_t i = 0; i < restored->count; i++)
		if (!serials_exact(builder->serials, &restored->zones[i]->apex, restored->zones[i]->serial))
			return;
	if (restored->until < builder->conf.now() + RESTORE_LEAST_S ||
	    zone_set_new(builder->seed, restored->size, (const struct zone *const *)restored->zones, restored->count,
			 &set) != AL_OK)
		return;
	set->stale = true;
	publish_swap(builder->conf.publish, set);
	al_log(AL_LOG_INFO, "zones-restored", "size=%" PRIu64 " zones=%zu", restored->size, restored->count);
}

static void save(struct builder *builder)
{
	const struct zone *zones[PLAN_ZONES_MAX];
	const struct generation *now = builder->now;

	if (builder->conf.keys_dir == NULL || now == NULL || builder->unsaved == 0)
		return;
	for (size_t i = 0; i < now->count; i++)
		zones[i] = now->masters[i]->newest;
	if (snapshot_save(builder->conf.keys_dir, zones, now->count, builder->size) != AL_OK)
		al_log(AL_LOG_WARN, "snapshot", "why=\"not kept: the next start signs everything\"");
	builder->unsaved = 0;
}

/* Now and then, by how much would have to be signed again. */
static void save_some(struct builder *builder)
{
	size_t names = 0;

	for (size_t i = 0; i < builder->now->count; i++)
		names += builder->now->masters[i]->newest->chain.count;
	if (builder->unsaved > SAVE_NAMES_LEAST + names / 4)
		save(builder);
}

void builder_reclaim(struct builder *builder)
{
	struct generation **at = &builder->old;

	publish_reclaim(builder->conf.publish);
	for (size_t i = 0; builder->now != NULL && i < builder->now->count; i++)
		zone_master_reclaim(builder->now->masters[i]);
	while (*at != NULL) {
		struct generation *generation = *at;

		if (generation_read(generation)) {
			at = &generation->next;
			continue;
		}
		*at = generation->next;
		generation_free(generation);
	}
	if (builder->restored != NULL && builder->now != NULL && !snapshot_in_use(builder->restored)) {
		snapshot_free(builder->restored);
		builder->restored = NULL;
	}
	al_metric_set(&metric_snapshots, builder_snapshots(builder));
}

/* ---- the builder ---- */

enum al_err builder_new(const struct builder_conf *conf, struct builder **out)
{
	static struct al_metric *const metrics[] = { &metric_names,     &metric_signatures, &metric_publish,
						     &metric_nodes,     &metric_size,       &metric_snapshots,
						     &metric_sig_until, &metric_sig_since };
	struct builder *builder = calloc(1, sizeof(*builder));
	enum al_err err;

	if (builder == NULL)
		return AL_ENOMEM;
	builder->conf = *conf;
	if (builder->conf.now == NULL)
		builder->conf.now = al_now_s;
	err = serials_open(conf->keys_dir, &builder->serials);
	if (err != AL_OK) {
		free(builder);
		return err;
	}
	builder->sig_until = UINT64_MAX;
	randombytes_buf(&builder->seed, sizeof(builder->seed));
	for (size_t i = 0; i < AL_COUNT(metrics); i++)
		al_metric_add(metrics[i]);
	if (conf->keys_dir != NULL && snapshot_load(conf->keys_dir, builder->seed, &builder->restored) == AL_OK)
		restore(builder);
	*out = builder;
	return AL_OK;
}

void builder_free(struct builder *builder)
{
	if (builder == NULL)
		return;
	save(builder);
	while (builder->old != NULL) {
		struct generation *next = builder->old->next;

		generation_free(builder->old);
		builder->old = next;
	}
	generation_free(builder->now);
	snapshot_free(builder->restored);
	serials_free(builder->serials);
	free(builder);
}

enum al_err builder_rebuild(struct builder *builder, struct zone_plan *plan, struct source *sources,
			    uint64_t changed_at, uint64_t size)
{
	struct generation *generation;
	enum al_err err = generation_make(&builder->conf, builder->seed, plan, &generation);

	if (err != AL_OK) {
		source_list_free(sources);
		return err;
	}
	err = generation_take(generation, sources);
	for (size_t i = 0; i < generation->count; i++)
		if (generation->masters[i]->changed <= changed_at)
			generation->masters[i]->changed = changed_at + 1;
	if (err == AL_OK)
		err = update_all(builder, generation, size);
	if (err != AL_OK) {
		generation_free(generation);
		return err;
	}
	if (builder->now != NULL) {
		builder->now->next = builder->old;
		builder->old = builder->now;
	}
	builder->sig_until = UINT64_MAX;
	builder->now = generation;
	builder_reclaim(builder);
	save_some(builder);
	return AL_OK;
}

enum al_err builder_change(struct builder *builder, struct source *sources, uint64_t size)
{
	enum al_err err = generation_take(builder->now, sources);

	if (err == AL_OK)
		err = update_all(builder, builder->now, size);
	builder_reclaim(builder);
	if (err == AL_OK)
		save_some(builder);
	return err;
}

enum al_err builder_resign(struct builder *builder, bool *more)
{
	struct zone_signer clock = clock_of(builder);
	struct generation *generation = builder->now;
	size_t look = LOOK_NAMES;
	enum al_err err;
	bool due = false;

	*more = false;
	if (generation == NULL)
		return AL_OK;
	err = generation_keys_step(generation, &builder->conf);
	if (err != AL_OK)
		return err;
	for (size_t i = 0; i < generation->count && !*more; i++) {
		*more = zone_master_resign(generation->masters[i], &clock, RESIGN_NAMES, &look);
		due = due || generation->masters[i]->tree.dirty_count > 0;
	}
	err = due ? update_all(builder, generation, builder->size) : AL_OK;
	if (err == AL_OK && !*more)
		*more = signatures_look(builder, generation, look);
	return err;
}
