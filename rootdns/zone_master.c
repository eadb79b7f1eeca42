/* SPDX-License-Identifier: MIT */
/*
 * zone_master.c -- a zone's working state between updates: see zone_master.h.
 * Builder's thread.
 */
#include "zone_master.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "zone_build.h"
#include "zonemd.h"

#define SOA_REFRESH 300u
#define SOA_RETRY 60u

enum al_err zone_master_new(const struct zone_plan *plan, size_t index, uint64_t seed, struct zone_keys *keys,
			    struct zone_master **out)
{
	struct zone_master *master = calloc(1, sizeof(*master));

	if (master == NULL || zone_tree_init(&master->tree, &plan->zones[index].apex, seed) != AL_OK) {
		free(master);
		return AL_ENOMEM;
	}
	master->plan = plan;
	master->index = index;
	master->seed = seed;
	master->keys = *keys;
	keys->count = 0;
	*out = master;
	return AL_OK;
}

/* All that the newest one shows. */
static void newest_free(struct zone *zone)
{
	const struct node *node;

	for (struct chain_at at = { 0, 0 }; (node = zone_chain_node(&zone->chain, at)) != NULL;
	     at = zone_chain_after(&zone->chain, at))
		free((void *)(uintptr_t)node);
	zone_chain_release(&zone->chain, true);
	zone_slots_release(&zone->slots, true);
	zone_free(zone);
}

void zone_master_reclaim(struct zone_master *master)
{
	struct zone *before = NULL, **at = &master->oldest;

	while (*at != master->newest) {
		struct zone *zone = *at;

		/* What it was the last to show, but not the first, belongs to the one before it then; without memory it stays. */
		if (zone_refs(zone) > 0 ||
		    (before != NULL && retired_inherit(&before->retired, before->number, &zone->retired) != AL_OK)) {
			before = zone;
			at = &zone->next;
			continue;
		}
		*at = zone->next;
		zone_free(zone);
	}
}

void zone_master_free(struct zone_master *master)
{
	if (master == NULL)
		return;
	for (struct zone *zone = master->oldest, *next; zone != NULL && zone != master->newest; zone = next) {
		next = zone->next;
		zone_free(zone);
	}
	if (master->newest != NULL)
		newest_free(master->newest);
	zone_tree_release(&master->tree);
	zone_keys_release(&master->keys);

	free(master);
}

static struct chain_at mark_find(const struct zone_mark *mark, const struct zone_chain *chain)
{
	return mark->end ? (struct chain_at){ chain->leaf_count, 0 } : zone_chain_before(chain, mark->key, mark->len);
}

/* NULL: there is no more. */
static void mark_set(struct zone_mark *mark, const struct node *node)
{
	mark->end = node == NULL;
	if (node == NULL)
		return;
	mark->len = node->key_len;
	memcpy(mark->key, node_key(node), node->key_len);
}

bool zone_master_resign(struct zone_master *master, const struct zone_signer *clock, size_t max, size_t *look)
{
	struct zone_signer signer = *clock;
	const struct zone_chain *chain = &master->newest->chain;
	struct chain_at at = mark_find(&master->resign_at, chain);
	const struct node *node;

	signer.keys = &master->keys;
	for (; (node = zone_chain_node(chain, at)) != NULL && *look > 0; at = zone_chain_after(chain, at), (*look)--) {
		bool due = false;

		for (size_t i = 0; i < node->set_count && !due; i++)
			due = zone_sign_due(&signer, node, &node->sets[i]);
		if (due && master->tree.dirty_count >= max)
			break;
		if (due)
			zone_tree_mark(&master->tree, zone_tree_find(&master->tree, node_name(node), node->name_len));
	}
	mark_set(&master->resign_at, node);
	return node != NULL;
}

bool zone_master_sig_first(struct zone_master *master, size_t *look, uint64_t *since, uint64_t *until)
{
	const struct zone_chain *chain = &master->newest->chain;
	struct chain_at at = mark_find(&master->look_at, chain);
	const struct node *node;

	for (; (node = zone_chain_node(chain, at)) != NULL && *look > 0; at = zone_chain_after(chain, at), (*look)--) {
		for (size_t k = 0; k < node->set_count; k++) {
			uint64_t end = zone_sign_until(node, &node->sets[k]);

			if (end >= *until)
				continue;
			*until = end;
			*since = zone_sign_since(node, &node->sets[k]);
		}
	}
	mark_set(&master->look_at, node);
	return node != NULL;
}

void zone_master_round(struct zone_master *master)
{
	master->resign_at = master->look_at = (struct zone_mark){ .end = false };
}

/* ---- the apex's own sets ---- */

static enum al_err own_set(struct rrset **list, uint16_t type, struct rdata *items, size_t count)
{
	struct rrset *set;
	enum al_err err = rrset_new(type, TTL_DELEGATION, items, count, &set);

	if (err != AL_OK)
		return err;
	set->next = *list;
	*list = set;
	return AL_OK;
}

static size_t soa_rdata(const struct zone_master *master, uint8_t out[static 2 * DNAME_MAX + 20])
{
	const struct dname *mname = &master->plan->servers[0].name, *rname = &master->plan->hostmaster;
	const uint32_t numbers[] = { master->serial, SOA_REFRESH, SOA_RETRY, master->expire_s, TTL_NEGATIVE };
	size_t len = 0;

	memcpy(out, mname->b, mname->len);
	len += mname->len;
	memcpy(out + len, rname->b, rname->len);
	len += rname->len;
	for (size_t i = 0; i < AL_COUNT(numbers); i++, len += 4)
		al_set_u32(out + len, numbers[i]);
	return len;
}

static enum al_err keys_set(const struct zone_master *master, struct rrset **list)
{
	uint8_t bytes[ZONE_KEYS_MAX][DNSKEY_RDATA_LEN];
	struct rdata items[ZONE_KEYS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < master->keys.count; i++) {
		const struct zone_key *key = &master->keys.all[i];

		if (!key_rule(&key->time)->in_set)
			continue;
		(void)zone_key_rdata(key, bytes[count]);
		items[count] = (struct rdata){ bytes[count], DNSKEY_RDATA_LEN };
		count++;
	}
	return own_set(list, RR_DNSKEY, items, count);
}

enum al_err zone_master_apex_sets(const struct zone_master *master, struct rrset **list)
{
	struct rdata ns[AL_COUNT(master->plan->servers)], soa, digest;
	uint8_t digest_bytes[ZONEMD_RDATA_LEN];
	uint8_t soa_bytes[2 * DNAME_MAX + 20];
	enum al_err err;

	soa = (struct rdata){ soa_bytes, (uint16_t)soa_rdata(master, soa_bytes) };
	for (size_t i = 0; i < master->plan->server_count; i++)
		ns[i] = (struct rdata){ master->plan->servers[i].name.b, master->plan->servers[i].name.len };
	err = own_set(list, RR_SOA, &soa, 1);
	if (err == AL_OK)
		err = own_set(list, RR_NS, ns, master->plan->server_count);
	if (err == AL_OK)
		err = keys_set(master, list);
	if (err == AL_OK && master->tree.names.count <= master->zonemd_names) {
		zonemd_rdata(master->serial, digest_bytes);
		digest = (struct rdata){ digest_bytes, sizeof(digest_bytes) };
		err = own_set(list, RR_ZONEMD, &digest, 1);
	}
	return err;
}
