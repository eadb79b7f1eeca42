/* SPDX-License-Identifier: MIT */
/*
 * zone_fill.c -- see zone_fill.h. Builder's thread.
 */
#include "zone_fill.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "zone_build.h"

static enum al_err fill_soa(struct zone *next)
{
	const struct node *apex = zone_chain_apex(&next->chain);
	const struct node_set *soa = node_find(apex, RR_SOA);

	assert(soa != NULL); /* zone_master_apex_sets() */
	next->soa_len = soa->len;
	next->soa_sig_len = soa->sig_len;
	next->soa = malloc(soa->len + soa->sig_len);
	if (next->soa == NULL)
		return AL_ENOMEM;
	memcpy(next->soa, node_bytes(apex, soa->at), soa->len + soa->sig_len);
	al_set_u32(next->soa + 6, TTL_NEGATIVE);
	al_set_u32(next->soa + soa->len + 6, TTL_NEGATIVE);
	return AL_OK;
}

/* Addresses of the zone's name servers, for an NS answer: records with full owner, those in `sigs` their signatures. */
struct server_addresses {
	struct al_buf records, sigs;
	uint16_t record_count, sig_count;
};

static void full_records(const struct dname *owner, const uint8_t *run, size_t left, struct al_buf *out,
			 uint16_t *count)
{
	struct rr_view rr;

	while (rr_next(&run, &left, &rr)) {
		al_buf_put(out, owner->b, owner->len);
		al_buf_put(out, rr.fixed, rr.fixed_len);
		(*count)++;
	}
}

static void server_data(const struct node *server, struct server_addresses *out)
{
	static const uint16_t types[] = { RR_A, RR_AAAA };
	struct dname whole;

	dname_of_wire(node_name(server), server->name_len, &whole);
	for (size_t i = 0; i < AL_COUNT(types); i++) {
		const struct node_set *set = node_find(server, types[i]);

		if (set == NULL)
			continue;
		full_records(&whole, node_bytes(server, set->at), set->len, &out->records, &out->record_count);
		full_records(&whole, node_bytes(server, set->at + set->len), set->sig_len, &out->sigs, &out->sig_count);
	}
}

static void server_glue(const struct zname *server, struct server_addresses *out)
{
	const struct claim *at = server->claims, *claim;
	struct zone_view view;
	struct dname whole;

	zone_tree_view(server, &view);
	zname_whole(server, &whole);
	while ((claim = zone_tree_glue(&view, server, &at)) != NULL) {
		claim_record(claim, &whole, &out->records);
		out->record_count++;
	}
}

static enum al_err servers_collect(const struct zone_tree *tree, const struct node *apex, struct server_addresses *out)
{
	const struct node_set *ns = node_find(apex, RR_NS);
	const uint8_t *run = ns != NULL ? node_bytes(apex, ns->at) : NULL;
	size_t left = ns != NULL ? ns->len : 0;
	struct rr_view rr;

	while (rr_next(&run, &left, &rr)) {
		const struct zname *server = zone_tree_find(tree, rr.rdata, rr.len);

		if (server == NULL)
			continue;
		if (server->node != NULL && !server->node->cut)
			server_data(server->node, out);
		else
			server_glue(server, out);
	}
	return out->records.err != AL_OK ? out->records.err : out->sigs.err;
}

static enum al_err fill_servers(struct zone *next, const struct zone_tree *tree)
{
	struct server_addresses found = { .record_count = 0 };
	enum al_err err;

	al_buf_init(&found.records, RRSET_BYTES_MAX);
	al_buf_init(&found.sigs, RRSET_BYTES_MAX);
	err = servers_collect(tree, zone_chain_apex(&next->chain), &found);
	if (err == AL_OK && found.records.len > 0) {
		next->servers = malloc(found.records.len + found.sigs.len);
		if (next->servers == NULL) {
			err = AL_ENOMEM;
		} else {
			memcpy(next->servers, found.records.ptr, found.records.len);
			if (found.sigs.len > 0)
				memcpy(next->servers + found.records.len, found.sigs.ptr, found.sigs.len);
			next->servers_len = (uint32_t)found.records.len;
			next->servers_sig_len = (uint32_t)found.sigs.len;
			next->servers_count = found.record_count;
			next->servers_sig_count = found.sig_count;
		}
	}
	al_buf_release(&found.records);
	al_buf_release(&found.sigs);
	return err;
}

enum al_err zone_fill(struct zone *next, const struct zone_master *master)
{
	enum al_err err;

	next->apex = master->tree.apex_name;
	next->labels = master->tree.apex_labels;
	next->serial = master->serial;
	next->expire_s = master->expire_s;
	next->wildcards = master->wildcards > 0;
	for (size_t i = 0; i < AL_COUNT(master->cuts_at); i++)
		if (master->cuts_at[i] > 0)
			next->cuts.word[i / 64] |= UINT64_C(1) << i % 64;
	err = fill_soa(next);
	return err == AL_OK ? fill_servers(next, &master->tree) : err;
}
