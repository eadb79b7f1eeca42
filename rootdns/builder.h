/* SPDX-License-Identifier: MIT */
/*
 * builder.h -- all zones of the authority, from claims to the published set.
 *
 * One thread owns a builder. A full build makes a new generation (plan, keys,
 * masters) beside the old one, which is freed when nobody reads it any more;
 * a change goes into the masters it concerns. Each call publishes once.
 */
#ifndef ROOTDNS_BUILDER_H
#define ROOTDNS_BUILDER_H

#include "publish.h"
#include "zone_update.h"

/* What one object says now, or that it has gone. */
struct source {
	struct source *next; /* of a job */
	uint64_t index;      /* of the log entry that changed what it says */
	bool deleted;
	size_t claims_len; /* of a deleted object: its last ones, only to know the zones */
	size_t key_len;
	char bytes[]; /* claims (claims.h); class, then the object's key */
};

AL_MUST_USE enum al_err source_new(const struct zone_plan *plan, const struct al_object *object, uint64_t index,
				   struct source **out);
/*
 * Claims that were made elsewhere, as what the object of this class and key says; `deleted`: it says nothing any more.
 * Another `kind` than a class is a name space of the caller's.
 */
AL_MUST_USE enum al_err source_of_claims(const struct claims *claims, uint8_t kind, struct al_slice key, bool deleted,
					 struct source **out);
void source_list_free(struct source *first);

struct builder_conf {
	const char *keys_dir;         /* borrowed; NULL: keys in memory only */
	const char *run_dir;          /* where the trust anchor goes; NULL: nowhere */
	uint32_t signature_s;         /* how long a signature lasts */
	size_t zonemd_names;          /* zones with more names carry no digest of themselves */
	uint64_t (*now)(void);        /* Unix seconds; NULL: al_now_s */
	struct publish *publish;      /* borrowed */
	void (*published)(void *arg); /* a set came in force; builder's thread. NULL is allowed */
	void *arg;
};

struct builder;

AL_MUST_USE enum al_err builder_new(const struct builder_conf *conf, struct builder **out);
/* No reader and no transfer holds a snapshot any more, and the publisher is empty. */
void builder_free(struct builder *builder);

/*
 * A new plan and all sources; both are taken over, also on failure. `changed_at`: index of the entry
 * that made the plan. `size`: log size that is shown afterwards.
 */
AL_MUST_USE enum al_err builder_rebuild(struct builder *builder, struct zone_plan *plan, struct source *sources,
					uint64_t changed_at, uint64_t size);
/* Sources that changed, taken over. */
AL_MUST_USE enum al_err builder_change(struct builder *builder, struct source *sources, uint64_t size);
/* Makes some signatures anew that are past half of their life; *more: call again soon. */
AL_MUST_USE enum al_err builder_resign(struct builder *builder, bool *more);
/* Snapshots of zones that exist: one a zone, and those that are still read. */
size_t builder_snapshots(const struct builder *builder);
/* Frees what readers have let go. */
void builder_reclaim(struct builder *builder);

#endif
