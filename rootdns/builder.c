/*
 * builder.c -- generations, sources, publishing: see builder.h. Builder's thread.
 */
#include "builder.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"
#include "anchors.h"
#include "serials.h"

#define EXPIRE_MOST_S 1209600u /* RFC 1912 section 2.2: two to four weeks */
#define RESIGN_NAMES 256       /* at a time: a few milliseconds, so that changes need not wait */

struct generation {
	struct generation *next; /* older ones, still read */
	struct zone_plan *plan;
	struct zone_master **masters; /* one a zone of the plan */
	size_t count;
	struct source *sources; /* uthash by key */
	struct source *own;     /* the authority's claims */
};

struct builder {
	struct builder_conf conf;
	struct serials *serials;
	uint64_t seed;
	uint64_t size; /* log size shown */
	struct generation *now;
	struct generation *old;
};

static struct al_metric metric_names = { .name = "alamo_dns_names_compiled_total",
					 .help = "Names whose answers were made anew." };
static struct al_metric metric_signatures = { .name = "alamo_dns_signatures_total", .help = "Signatures made." };
static struct al_metric metric_publish = { .name = "alamo_dns_publishes_total", .help = "Sets of zones published." };
static struct al_metric metric_nodes = { .name = "alamo_dns_names", .help = "Names served.", .gauge = true };
static struct al_metric metric_snapshots = { .name = "alamo_dns_snapshots",
					     .help = "Snapshots of zones in memory: one a zone, and those still read.",
					     .gauge = true };
static struct al_metric metric_size = { .name = "alamo_dns_log_size",
					.help = "Log size that the zones show.",
					.gauge = true };

/* ---- sources ---- */

enum al_err source_new(const struct zone_plan *plan, const struct al_object *object, uint64_t index,
		       struct source **out)
{
	struct al_slice key = al_object_key(object);
	struct source *source = calloc(1, sizeof(*source) + key.len + 1);
	enum al_err err;

	if (source == NULL)
		return AL_ENOMEM;
	source->key[0] = (char)object->cls;
	if (key.len > 0)
		memcpy(source->key + 1, key.ptr, key.len);
	source->key_len = key.len + 1;
	source->index = index;
	source->deleted = object->deleted;
	claims_init(&source->claims);
	zone_build_object(plan, object, &source->claims);
	err = source->claims.err;
	if (err != AL_OK)
		source_free(source);
	else
		*out = source;
	return err;
}

void source_free(struct source *source)
{
	if (source == NULL)
		return;
	claims_release(&source->claims);
	free(source);
}

void source_list_free(struct source *first)
{
	while (first != NULL) {
		struct source *next = first->next;

		source_free(first);
		first = next;
	}
}

/* ---- generations ---- */

static bool generation_read(const struct generation *generation)
{
	for (size_t i = 0; i < generation->count; i++)
		for (const struct zone *zone = generation->masters[i]->oldest; zone != NULL; zone = zone->next)
			if (zone_refs(zone) > 0)
				return true;
	return false;
}

static void generation_free(struct generation *generation)
{
	struct source *source, *next;

	if (generation == NULL)
		return;
	for (size_t i = 0; i < generation->count; i++)
		zone_master_free(generation->masters[i]);
	HASH_ITER(hh, generation->sources, source, next)
	{
		HASH_DEL(generation->sources, source);
		source_free(source);
	}
	source_free(generation->own);
	free(generation->masters);
	zone_plan_free(generation->plan);
	free(generation);
}

static enum al_err source_attach(struct generation *generation, struct source *source)
{
	enum al_err err = AL_OK;

	for (struct claim *claim = source->claims.first; claim != NULL && err == AL_OK; claim = claim->next)
		err = zone_tree_attach(&generation->masters[claim->zone]->tree, claim, source);
	return err;
}

static void source_detach(struct generation *generation, struct source *source)
{
	for (struct claim *claim = source->claims.first; claim != NULL; claim = claim->next)
		zone_tree_detach(&generation->masters[claim->zone]->tree, claim);
}

static void raise_changed(const struct generation *generation, const struct source *source)
{
	for (const struct claim *claim = source->claims.first; claim != NULL; claim = claim->next) {
		struct zone_master *master = generation->masters[claim->zone];

		if (source->index + 1 > master->changed)
			master->changed = source->index + 1;
	}
}

/* In place of what the object said before. Taken over, also on failure. */
static enum al_err source_replace(struct generation *generation, struct source *source)
{
	struct source *before = NULL;

	HASH_FIND(hh, generation->sources, source->key, source->key_len, before);
	raise_changed(generation, source);
	if (before != NULL) {
		before->index = source->index;
		raise_changed(generation, before);
		source_detach(generation, before);
		HASH_DEL(generation->sources, before);
		source_free(before);
	}
	if (source->deleted) {
		source_free(source);
		return AL_OK;
	}
	HASH_ADD_KEYPTR(hh, generation->sources, source->key, source->key_len, source);
	if (source->lost) {
		source_free(source);
		return AL_ENOMEM;
	}
	return source_attach(generation, source);
}

static enum al_err sources_take(struct generation *generation, struct source *first)
{
	enum al_err err = AL_OK;

	while (first != NULL) {
		struct source *next = first->next;

		if (err == AL_OK)
			err = source_replace(generation, first);
		else
			source_free(first);
		first = next;
	}
	return err;
}

/* ---- keys and the authority's own claims ---- */

/*
 * RFC 6781 section 4.4.1: a secondary that hears nothing more gives up while all signatures still
 * hold. They are renewed at half of their life, so that the other half is what it has for certain.
 */
static uint32_t expire_of(uint32_t signature_s)
{
	uint32_t expire = signature_s / 3;

	return expire < EXPIRE_MOST_S ? expire : EXPIRE_MOST_S;
}

static enum al_err master_make(const struct builder *builder, const struct generation *generation, size_t index,
			       struct zone_master **out)
{
	const struct dname *apex = &generation->plan->zones[index].apex;
	struct zone_keys keys;
	enum al_err err;

	err = builder->conf.keys_dir != NULL ? zone_keys_load(builder->conf.keys_dir, apex, builder->conf.now(), &keys)
					     : zone_keys_make(apex, &keys);
	if (err != AL_OK)
		return err;
	err = zone_master_new(generation->plan, index, builder->seed, &keys, out);
	zone_keys_release(&keys);
	if (err == AL_OK) {
		(*out)->expire_s = expire_of(builder->conf.signature_s);
		(*out)->zonemd_names = builder->conf.zonemd_names;
	}
	return err;
}

static void own_ds(const struct generation *generation, struct claims *out)
{
	for (size_t i = 0; i < generation->count; i++) {
		const struct plan_zone *zone = &generation->plan->zones[i];
		const struct zone_keys *keys = &generation->masters[i]->keys;
		struct claim_form form = { .zone = (uint16_t)zone->parent,
					   .type = RR_DS,
					   .ttl = TTL_DELEGATION,
					   .kind = CLAIM_DS,
					   .rank = RANK_OWN };
		uint8_t ds[DS_SHA256_LEN];

		for (size_t k = 0; k < keys->count && zone->parent != PLAN_NONE; k++) {
			if (!key_rule(&keys->all[k].time)->in_parent)
				continue;
			zone_key_ds(&keys->all[k], &zone->apex, ds);
			claims_add(out, &form, &zone->apex, ds, sizeof(ds));
		}
	}
}

/* In place of what the authority claimed before. */
static enum al_err own_attach(struct generation *generation)
{
	struct source *own = calloc(1, sizeof(*own) + 1);

	if (own == NULL)
		return AL_ENOMEM;
	if (generation->own != NULL) {
		source_detach(generation, generation->own);
		source_free(generation->own);
	}
	generation->own = own;
	claims_init(&own->claims);
	zone_build_own(generation->plan, &own->claims);
	own_ds(generation, &own->claims);
	return own->claims.err != AL_OK ? own->claims.err : source_attach(generation, own);
}

static enum al_err anchors_of(const struct builder *builder, const struct generation *generation)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK && builder->conf.run_dir != NULL; i++)
		err = anchors_write(&generation->masters[i]->keys, &generation->plan->zones[i].apex,
				    builder->conf.run_dir);
	return err;
}

/* `plan` is taken over. */
static enum al_err generation_make(const struct builder *builder, struct zone_plan *plan, struct generation **out)
{
	struct generation *generation = calloc(1, sizeof(*generation));
	enum al_err err = AL_OK;

	if (generation == NULL) {
		zone_plan_free(plan);
		return AL_ENOMEM;
	}
	generation->plan = plan;
	generation->masters = calloc(plan->zone_count, sizeof(struct zone_master *));
	if (generation->masters == NULL)
		err = AL_ENOMEM;
	for (size_t i = 0; i < plan->zone_count && err == AL_OK; i++) {
		err = master_make(builder, generation, i, &generation->masters[i]);
		generation->count += err == AL_OK;
	}
	if (err == AL_OK)
		err = own_attach(generation);
	if (err == AL_OK)
		err = anchors_of(builder, generation);
	if (err != AL_OK)
		generation_free(generation);
	else
		*out = generation;
	return err;
}

/* ---- publishing ---- */

static struct zone_signer clock_of(const struct builder *builder)
{
	return (struct zone_signer){ .now = builder->conf.now(), .valid_s = builder->conf.signature_s };
}

static enum al_err publish_generation(struct builder *builder, const struct generation *generation, uint64_t size)
{
	const struct zone *zones[PLAN_ZONES_MAX];
	struct zone_set *set;
	enum al_err err;
	size_t names = 0;

	for (size_t i = 0; i < generation->count; i++) {
		zones[i] = generation->masters[i]->newest;
		names += zones[i]->count;
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

/* Updates what is dirty and publishes. */
static enum al_err update_all(struct builder *builder, struct generation *generation, uint64_t size)
{
	struct zone_signer clock = clock_of(builder);
	struct update_stats stats = { 0, 0 };
	uint64_t start = al_now_ms();
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK; i++)
		err = master_update(builder, generation->masters[i], &clock, &stats);
	if (err == AL_OK)
		err = publish_generation(builder, generation, size);
	al_metric_inc(&metric_names, stats.names);
	al_metric_inc(&metric_signatures, stats.signatures);
	if (err == AL_OK && stats.names > 0)
		al_log(AL_LOG_INFO, "zones-published", "size=%" PRIu64 " names=%zu signatures=%zu ms=%" PRIu64, size,
		       stats.names, stats.signatures, al_now_ms() - start);
	return err;
}

static size_t generation_snapshots(const struct generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->count; i++)
		for (const struct zone *zone = generation->masters[i]->oldest; zone != NULL; zone = zone->next)
			count++;
	return count;
}

size_t builder_snapshots(const struct builder *builder)
{
	size_t count = builder->now != NULL ? generation_snapshots(builder->now) : 0;

	for (const struct generation *old = builder->old; old != NULL; old = old->next)
		count += generation_snapshots(old);
	return count;
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
	al_metric_set(&metric_snapshots, builder_snapshots(builder));
}

/* ---- the builder ---- */

enum al_err builder_new(const struct builder_conf *conf, struct builder **out)
{
	static struct al_metric *const metrics[] = { &metric_names, &metric_signatures, &metric_publish,
						     &metric_nodes, &metric_size,       &metric_snapshots };
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
	randombytes_buf(&builder->seed, sizeof(builder->seed));
	for (size_t i = 0; i < AL_COUNT(metrics); i++)
		al_metric_add(metrics[i]);
	*out = builder;
	return AL_OK;
}

void builder_free(struct builder *builder)
{
	if (builder == NULL)
		return;
	while (builder->old != NULL) {
		struct generation *next = builder->old->next;

		generation_free(builder->old);
		builder->old = next;
	}
	generation_free(builder->now);
	serials_free(builder->serials);
	free(builder);
}

enum al_err builder_rebuild(struct builder *builder, struct zone_plan *plan, struct source *sources,
			    uint64_t changed_at, uint64_t size)
{
	struct generation *generation;
	enum al_err err = generation_make(builder, plan, &generation);

	if (err != AL_OK) {
		source_list_free(sources);
		return err;
	}
	err = sources_take(generation, sources);
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
	builder->now = generation;
	builder_reclaim(builder);
	return AL_OK;
}

enum al_err builder_change(struct builder *builder, struct source *sources, uint64_t size)
{
	enum al_err err = sources_take(builder->now, sources);

	if (err == AL_OK)
		err = update_all(builder, builder->now, size);
	builder_reclaim(builder);
	return err;
}

/* Moves the keys on: the DNSKEY set, the DS in the zone above and the anchors follow; signatures are due then. */
static enum al_err keys_step(struct builder *builder, struct generation *generation)
{
	enum al_err err = AL_OK;
	bool any = false;

	for (size_t i = 0; i < generation->count && err == AL_OK; i++) {
		struct zone_master *master = generation->masters[i];
		bool changed = false;

		err = zone_keys_step(&master->keys, builder->conf.keys_dir, &master->tree.apex_name,
				     builder->conf.now(), &changed);
		if (!changed)
			continue;
		zone_tree_mark(&master->tree, master->tree.apex);
		master->resign_at = 0;
		any = true;
	}
	if (err == AL_OK && any)
		err = own_attach(generation);
	return err == AL_OK && any ? anchors_of(builder, generation) : err;
}

enum al_err builder_resign(struct builder *builder, bool *more)
{
	struct zone_signer clock = clock_of(builder);
	struct generation *generation = builder->now;
	enum al_err err;
	bool due = false;

	*more = false;
	if (generation == NULL)
		return AL_OK;
	err = keys_step(builder, generation);
	if (err != AL_OK)
		return err;
	for (size_t i = 0; i < generation->count && !*more; i++) {
		*more = zone_master_resign(generation->masters[i], &clock, RESIGN_NAMES);
		due = due || generation->masters[i]->tree.dirty_count > 0;
	}
	return due ? update_all(builder, generation, builder->size) : AL_OK;
}
