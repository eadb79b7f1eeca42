/* SPDX-License-Identifier: MIT */
/*
 * generation.c -- see generation.h. Builder's thread.
 */
#include "generation.h"

#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "key_order.h"
#include "key_report.h"
#include "zone_build.h"

#define EXPIRE_MOST_S 1209600u /* RFC 1912 section 2.2: two to four weeks */

/* ---- sources ---- */

static struct al_slice claims_of(const struct source *source)
{
	return al_slice_of(source->bytes, source->claims_len);
}

static struct al_slice key_of(const struct source *source)
{
	return al_slice_of(source->bytes + source->claims_len, source->key_len);
}

enum al_err source_of_claims(const struct claims *claims, uint8_t kind, struct al_slice key, bool deleted,
			     struct source **out)
{
	struct al_slice bytes = al_buf_view(&claims->bytes);
	struct source *source;

	if (claims->bytes.err != AL_OK)
		return claims->bytes.err;
	source = malloc(sizeof(*source) + bytes.len + 1 + key.len);
	if (source == NULL)
		return AL_ENOMEM;
	*source = (struct source){ .deleted = deleted, .claims_len = bytes.len, .key_len = key.len + 1 };
	if (bytes.len > 0)
		memcpy(source->bytes, bytes.ptr, bytes.len);
	source->bytes[bytes.len] = (char)kind;
	if (key.len > 0)
		memcpy(source->bytes + bytes.len + 1, key.ptr, key.len);
	*out = source;
	return AL_OK;
}

enum al_err source_new(const struct zone_plan *plan, const struct al_object *object, uint64_t index,
		       struct source **out)
{
	struct claims claims;
	enum al_err err;

	claims_init(&claims);
	zone_build_object(plan, object, &claims);
	err = source_of_claims(&claims, object->cls, al_object_key(object), object->deleted, out);
	if (err == AL_OK)
		(*out)->index = index;
	claims_release(&claims);
	return err;
}

void source_list_free(struct source *first)
{
	while (first != NULL) {
		struct source *next = first->next;

		free(first);
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
	size_t at = 0;

	if (generation == NULL)
		return;
	for (size_t i = 0; generation->masters != NULL && i < generation->count; i++)
		zone_master_free(generation->masters[i]);
	for (struct claimant *claimant; (claimant = al_table_next(&generation->claimants, &at)) != NULL;)
		free(claimant);
	al_table_release(&generation->claimants);
	free(generation->own);
	free(generation->masters);
	zone_plan_free(generation->plan);
	free(generation);
}

/* `claims`: the same ones, with their names. */
static enum al_err claimant_attach(struct generation *generation, struct claimant *claimant, struct al_slice claims)
{
	struct claim *claim = NULL;
	struct claim_view view;
	enum al_err err = AL_OK;

	while (err == AL_OK && (claim = claimant_next(claimant, claim)) != NULL && claims_next(&claims, &view))
		err = zone_tree_attach(&generation->masters[claim->zone]->tree, claim, &view);
	return err;
}

static void claimant_detach(struct generation *generation, struct claimant *claimant)
{
	for (struct claim *claim = NULL; (claim = claimant_next(claimant, claim)) != NULL;)
		zone_tree_detach(&generation->masters[claim->zone]->tree, claim);
}

/* A zone in which something was or is claimed by an entry's object. */
static void raise_changed(const struct generation *generation, size_t zone, uint64_t index)
{
	struct zone_master *master = generation->masters[zone];

	if (index + 1 > master->changed)
		master->changed = index + 1;
}

static uint64_t claimant_hash(const void *item, const void *arg)
{
	return al_table_hash(arg, claimant_key(item));
}

static bool claimant_is(const void *item, const void *key)
{
	return al_slice_eq(claimant_key(item), *(const struct al_slice *)key);
}

static void claimant_drop(struct generation *generation, struct claimant *claimant, uint64_t index)
{
	for (struct claim *claim = NULL; (claim = claimant_next(claimant, claim)) != NULL;)
		raise_changed(generation, claim->zone, index);
	claimant_detach(generation, claimant);
	al_table_remove(&generation->claimants, claimant);
	free(claimant);
}

/* Does the claimant say just this? */
static bool claimant_says(struct claimant *claimant, struct al_slice claims)
{
	struct claim *claim = NULL;
	struct dname owner, name;
	struct claim_view view;
	struct rdata data;

	while ((claim = claimant_next(claimant, claim)) != NULL) {
		if (!claims_next(&claims, &view) || claim->kind != view.form.kind || claim->type != view.form.type ||
		    claim->zone != view.form.zone || claim->rank != view.form.rank || claim->ttl != view.form.ttl)
			return false;
		zname_whole(claim->owner, &owner);
		data = zone_tree_data(claim, &name);
		if (owner.len != view.owner.len || memcmp(owner.b, view.owner.ptr, owner.len) != 0 ||
		    data.len != view.data.len || memcmp(data.ptr, view.data.ptr, data.len) != 0)
			return false;
	}
	return !claims_next(&claims, &view);
}

/* What the object says in place of what it said before. */
static enum al_err source_replace(struct generation *generation, const struct source *source)
{
	struct al_slice key = key_of(source), rest = claims_of(source);
	struct claimant *claimant;
	struct claim_view view;
	enum al_err err;

	claimant = al_table_find(&generation->claimants, al_table_hash(generation->secret, key), claimant_is, &key);
	if (claimant != NULL && !source->deleted && claimant_says(claimant, rest))
		return AL_OK;
	while (claims_next(&rest, &view))
		raise_changed(generation, view.form.zone, source->index);
	if (claimant != NULL)
		claimant_drop(generation, claimant, source->index);
	if (source->deleted)
		return AL_OK;
	err = claimant_new(generation->plan, claims_of(source), key, &claimant);
	if (err != AL_OK)
		return err;
	err = al_table_add(&generation->claimants, claimant);
	if (err != AL_OK) {
		free(claimant);
		return err;
	}
	return claimant_attach(generation, claimant, claims_of(source));
}

enum al_err generation_take(struct generation *generation, struct source *first)
{
	enum al_err err = AL_OK;

	while (first != NULL) {
		struct source *next = first->next;

		if (err == AL_OK)
			err = source_replace(generation, first);
		free(first);
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
		struct claim_form form = { .zone = (uint8_t)zone->parent,
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
	struct claimant *own = NULL;
	struct claims claims;
	enum al_err err;

	if (generation->own != NULL)
		claimant_detach(generation, generation->own);
	free(generation->own);
	generation->own = NULL;
	claims_init(&claims);
	zone_build_own(generation->plan, &claims);
	own_ds(generation, &claims);
	err = claims.bytes.err;
	if (err == AL_OK)
		err = claimant_new(generation->plan, al_buf_view(&claims.bytes), AL_S(""), &own);
	generation->own = own;
	if (err == AL_OK)
		err = claimant_attach(generation, own, al_buf_view(&claims.bytes));
	claims_release(&claims);
	return err;
}

/* What is said of the keys: to resolvers, and to the hostmaster. */
static enum al_err keys_tell(const struct builder_conf *conf, const struct generation *generation)
{
	struct key_report report;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK && conf->run_dir != NULL; i++)
		if (!generation->plan->zones[i].catalog)
			err = anchors_write(&generation->masters[i]->keys, &generation->plan->zones[i].apex,
					    conf->run_dir);
	if (err != AL_OK)
		return err;
	key_report_begin(&report);
	for (size_t i = 0; i < generation->count; i++)
		key_report_add(&report, &generation->plan->zones[i].apex, &generation->masters[i]->keys);
	return key_report_end(&report, conf->run_dir);
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
	al_table_secret(generation->secret);
	al_table_init(&generation->claimants, claimant_hash, generation->secret);
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
		err = keys_tell(conf, generation);
	if (err != AL_OK)
		generation_free(generation);
	else
		*out = generation;
	return err;
}

enum al_err generation_keys_step(struct generation *generation, const struct builder_conf *conf)
{
	bool ordered = key_order_obey(generation, conf), any = false;
	enum al_err err = AL_OK;

	for (size_t i = 0; i < generation->count && err == AL_OK; i++) {
		struct zone_master *master = generation->masters[i];
		bool changed = false;

		err = zone_keys_step(&master->keys, conf->keys_dir, &master->tree.apex_name, conf->now(), &changed);
		if (!changed)
			continue;
		zone_tree_mark(&master->tree, master->tree.apex);
		master->resign_at = (struct zone_mark){ .end = false };
		any = true;
	}
	if (err == AL_OK && any)
		err = own_attach(generation);
	if (err == AL_OK && any)
		err = keys_tell(conf, generation);
	if (err == AL_OK && ordered)
		key_order_done(conf->run_dir);
	return err;
}

size_t generation_snapshots(const struct generation *generation)
{
	size_t count = 0;

	for (size_t i = 0; i < generation->count; i++)
		for (const struct zone *zone = generation->masters[i]->oldest; zone != NULL; zone = zone->next)
			count++;
	return count;
}
