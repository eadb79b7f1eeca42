/* SPDX-License-Identifier: MIT */
/*
 * generation.c -- see generation.h. Builder's thread.
 */
#include "generation.h"

#include <stdlib.h>
#include <string.h>

#include "anchors.h"

#define EXPIRE_MOST_S 1209600u /* RFC 1912 section 2.2: two to four weeks */

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

bool generation_read(const struct generation *generation)
{
	for (size_t i = 0; i < generation->count; i++)
		for (const struct zone *zone = generation->masters[i]->oldest; zone != NULL; zone = zone->next)
			if (zone_refs(zone) > 0)
				return true;
	return false;
}

void generation_free(struct generation *generation)
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

enum al_err generation_take(struct generation *generation, struct source *first)
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

static enum al_err master_make(const struct builder_conf *conf, uint64_t seed, const struct generation *generation,
			       size_t index, struct zone_master **out)
{
	const struct dname *apex = &generation->plan->zones[index].apex;
	struct zone_keys keys;
	enum al_err err;

	err = conf->keys_dir != NULL ? zone_keys_load(conf->keys_dir, apex, conf->now(), &keys)
				     : zone_keys_make(apex, &keys);
	if (err != AL_OK)
		return err;
	err = zone_master_new(generation->plan, index, seed, &keys, out);
	zone_keys_release(&keys);
	if (err == AL_OK) {
		(*out)->expire_s = expire_of(conf->signature_s);
		(*out)->zonemd_names = conf->zonemd_names;
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

static enum al_err anchors_of(const struct builder_conf *conf, const struct generation *generation)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK && conf->run_dir != NULL; i++)
		if (!generation->plan->zones[i].catalog)
			err = anchors_write(&generation->masters[i]->keys, &generation->plan->zones[i].apex,
					    conf->run_dir);
	return err;
}

/* `plan` is taken over. */
enum al_err generation_make(const struct builder_conf *conf, uint64_t seed, struct zone_plan *plan,
			    struct generation **out)
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
		err = master_make(conf, seed, generation, i, &generation->masters[i]);
		generation->count += err == AL_OK;
	}
	if (err == AL_OK)
		err = own_attach(generation);
	if (err == AL_OK)
		err = anchors_of(conf, generation);
	if (err != AL_OK)
		generation_free(generation);
	else
		*out = generation;
	return err;
}

/* Moves the keys on: the DNSKEY set, the DS in the zone above and the anchors follow; signatures are due then. */
enum al_err generation_keys_step(struct generation *generation, const struct builder_conf *conf)
{
	enum al_err err = AL_OK;
	bool any = false;

	for (size_t i = 0; i < generation->count && err == AL_OK; i++) {
		struct zone_master *master = generation->masters[i];
		bool changed = false;

		err = zone_keys_step(&master->keys, conf->keys_dir, &master->tree.apex_name, conf->now(), &changed);
		if (!changed)
			continue;
		zone_tree_mark(&master->tree, master->tree.apex);
		master->resign_at = 0;
		any = true;
	}
	if (err == AL_OK && any)
		err = own_attach(generation);
	return err == AL_OK && any ? anchors_of(conf, generation) : err;
}

size_t generation_snapshots(const struct generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->count; i++)
		for (const struct zone *zone = generation->masters[i]->oldest; zone != NULL; zone = zone->next)
			count++;
	return count;
}
