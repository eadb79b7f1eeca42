/* SPDX-License-Identifier: MIT */
/*
 * node.h -- everything one name of a zone can answer, compiled: immutable, one
 * piece of memory, shared by the snapshots that show it.
 *
 * A node holds its RRsets in run form (rrset.h), each with its RRSIG behind it,
 * NSEC last. A delegation has no NS set, but its referral ready:
 *
 *   servers    NS records; names compressed
 *   glue       addresses that must go along (RFC 9471): names at or below the cut
 *   extra      addresses that may: other names of the zone
 *
 * laid out for a question whose name is the cut, right behind it. For a name
 * below the cut every pointer moves by the bytes that the name is longer:
 * `fix` lists where the pointers are. What the referral has stands there alone;
 * node_walk gives all records alike.
 */
#ifndef ROOTDNS_NODE_H
#define ROOTDNS_NODE_H

#include "rrset.h"
#include "shared.h"

struct node_set {
	uint16_t type;
	uint16_t count; /* records */
	uint32_t at;    /* offset of the run; the signature follows it */
	uint32_t len;
	uint32_t sig_len; /* 0: unsigned */
};

struct node_part {
	uint16_t count;  /* records */
	uint16_t len;    /* bytes */
	uint16_t at;     /* offset */
	uint16_t fix_at; /* offset of uint16_t positions inside the part */
	uint16_t fix_count;
};

enum { PART_SERVERS, PART_GLUE, PART_EXTRA, PART_COUNT };

struct node {
	struct shared shared;
	uint32_t size; /* bytes of all of it */
	uint32_t
		below_at; /* offset of `below`: addresses at or below the cut that `glue` has not, records with full owner */
	uint32_t below_len;
	uint32_t key_at;
	uint16_t key_len; /* canonical sort key below the apex */
	uint8_t name_len;
	uint8_t labels;
	bool cut;
	uint8_t set_count;
	struct node_part part[PART_COUNT]; /* delegations only */
	struct node_set sets[];
	/* name, fixes, parts, runs, key */
};

static inline const uint8_t *node_bytes(const struct node *node, size_t at)
{
	return (const uint8_t *)node + at;
}
static inline const uint8_t *node_name(const struct node *node)
{
	return (const uint8_t *)&node->sets[node->set_count];
}
static inline const uint8_t *node_key(const struct node *node)
{
	return node_bytes(node, node->key_at);
}
/* NULL: none. */
static inline const struct node_set *node_find(const struct node *node, uint16_t type)
{
	for (size_t i = 0; i < node->set_count; i++)
		if (node->sets[i].type == type)
			return &node->sets[i];
	return NULL;
}

/* One without records, that keeps its name's place in a chain until there is another; for free(). NULL: no memory. */
struct node *node_blank(const struct dname *name, const uint8_t *key, size_t key_len);

/* ---- all records ---- */

struct node_record {
	uint16_t type;
	bool glue;           /* of a name below the node's, or of its own below the cut */
	const uint8_t *name; /* of its owner */
	size_t name_len;
	const uint8_t
		*fixed; /* type and all that follows; but for glue, C0 0C stands before it: the record in run form */
	size_t fixed_len;
};

/* One record after the other: NS of a delegation, sets with their signatures, glue. */
struct node_walk {
	const struct node *node;
	size_t piece; /* the next one */
	const uint8_t *at;
	size_t left;              /* bytes of the piece under way */
	uint8_t owner[DNAME_MAX]; /* names that stand compressed */
	uint8_t run[RR_FIXED + DNAME_MAX];
};

/* NULL: a node without records. */
void node_walk_begin(struct node_walk *walk, const struct node *node);
/* False: there are no more. The bytes are the node's or the walk's, until the next call. */
bool node_walk_next(struct node_walk *walk, struct node_record *out);

#endif
