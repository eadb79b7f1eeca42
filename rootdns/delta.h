/* SPDX-License-Identifier: MIT */
/*
 * delta.h -- what changed from one snapshot of a zone to the next, as an IXFR
 * tells it (RFC 1995 section 4): old SOA, what went, new SOA, what came.
 *
 * A snapshot holds the deltas that lead to it, as far back as their bound
 * allows; they are shared by snapshots and counted by the builder alone.
 */
#ifndef ROOTDNS_DELTA_H
#define ROOTDNS_DELTA_H

#include "alamo/base/buf.h"
#include "node.h"

#define DELTA_BYTES_MAX (4u << 20) /* of all deltas of a zone: beyond, the whole zone is sent */
#define DELTA_COUNT_MAX 1024

struct delta {
	unsigned refs; /* snapshots */
	uint32_t from, to;
	uint32_t count; /* records */
	uint32_t len;
	uint8_t bytes[]; /* records with full owner */
};

/* A delta under construction. */
struct draft {
	struct al_buf went, came;
	uint32_t went_count, came_count;
};

void draft_init(struct draft *draft);
void draft_release(struct draft *draft);
/* The node of one name before and after; NULL: it was not, or is not, there. The SOA record itself is left out. */
void draft_node(struct draft *draft, const struct node *before, const struct node *after);
bool draft_empty(const struct draft *draft);
/* From apex to apex. AL_ELIMIT: too much for a delta. */
AL_MUST_USE enum al_err draft_finish(struct draft *draft, const struct node *before, const struct node *after,
				     struct delta **out);
/* The SOA record of an apex; its bytes are the node's. */
struct node_record node_soa(const struct node *apex);
/* Its serial. */
uint32_t node_serial(const struct node *apex);

/* Bytes of a record with full owner, and where its type begins. */
size_t record_len(const uint8_t *record, size_t *name_len);

#endif
