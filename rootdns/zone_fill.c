/* SPDX-License-Identifier: MIT */
/*
 * zone_fill.c -- see zone_fill.h. Builder's thread.
 */
#include "zone_fill.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "answer_compile.h"
#include "zone_build.h"

static enum al_err fill_soa(struct zone *next)
{
	const struct node *apex = next->nodes[0];
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

static enum al_err fill_servers(struct zone *next, const struct zone_tree *tree)
{
	struct server_addresses found = { .record_count = 0 };
	enum al_err err;

	al_buf_init(&found.records, RRSET_BYTES_MAX);
	al_buf_init(&found.sigs, RRSET_BYTES_MAX);
	err = answer_compile_servers(tree, next->nodes[0], &found);
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
