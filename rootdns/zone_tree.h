/* SPDX-License-Identifier: MIT */
/*
 * zone_tree.h -- the builder's working copy of one zone: every name that a
 * claim or a server's name made, and the rules by which claims stand or fall.
 *
 * Owned by the builder's thread. A name that a change may concern is put on
 * the dirty list; zone_update works it off.
 *
 * Rules: below a cut there is only glue. A claim falls against one of a
 * deeper object that owns the name or an ancestor of it. At one name the most
 * specific object stands alone; the authority's own claims stand always. A DNAME
 * falls against anything below it.
 */
#ifndef ROOTDNS_ZONE_TREE_H
#define ROOTDNS_ZONE_TREE_H

#include "alamo/base/table.h"
#include "claims.h"

struct node;

/* There are as many as names in the zone and servers that it names: small, and one piece of memory with the label. */
struct zname {
	struct zname *parent, *child, *prev, *next; /* children are a list */
	struct claim *claims;
	struct claim_ref *refs;  /* of the NS claims that name it as a server */
	const struct node *node; /* what the newest snapshot shows; NULL: it is not in the chain */
	bool dirty;
	uint8_t labels;  /* below the apex */
	uint8_t label[]; /* its own in wire form; of the apex the whole name */
};

struct zone_tree {
	struct dname apex_name;
	unsigned apex_labels;
	uint64_t apex_hash;
	struct zname *apex;
	struct al_table names; /* all of them, by dname_hash() */
	struct zname **dirty;  /* owned */
	size_t dirty_count, dirty_cap;
	enum al_err err; /* sticky: a dirty name could not be noted */
};

/* `seed`: of all hashes. The tree stays where it is. */
AL_MUST_USE enum al_err zone_tree_init(struct zone_tree *tree, const struct dname *apex, uint64_t seed);
/* Frees names; claims belong to their claimants. */
void zone_tree_release(struct zone_tree *tree);

/* NULL: no such name. */
struct zname *zone_tree_find(const struct zone_tree *tree, const uint8_t *wire, size_t len);
/* The hash of its whole name: dname_hash() from the tree's seed. */
uint64_t zone_tree_hash(const struct zone_tree *tree, const struct zname *name);
void zname_whole(const struct zname *name, struct dname *out);
/* Canonical order (RFC 4034 section 6.1). */
int zname_cmp(const struct zname *a, const struct zname *b);

/* Puts a claim at its name; `view`: the same claim with its names. On AL_ENOMEM the tree is unusable: give up. */
AL_MUST_USE enum al_err zone_tree_attach(struct zone_tree *tree, struct claim *claim, const struct claim_view *view);
void zone_tree_detach(struct zone_tree *tree, struct claim *claim);
/* The RDATA of any claim; of an NS claim it may be made in *name. */
struct rdata zone_tree_data(const struct claim *claim, struct dname *name);
/* A name whose signatures are due, or the apex: it alone. */
void zone_tree_mark(struct zone_tree *tree, struct zname *name);
/*
 * Takes the dirty names off the tree, in canonical order; their flags stay until zone_tree_clean(). The caller frees *out.
 */
AL_MUST_USE enum al_err zone_tree_take_dirty(struct zone_tree *tree, struct zname ***out, size_t *count);
/* Flags off, empty names away. `names`: everything taken, in canonical order. */
void zone_tree_clean(struct zone_tree *tree, struct zname **names, size_t count);

enum view_kind {
	VIEW_NONE, /* nothing at this name; it may be an empty non-terminal */
	VIEW_DATA,
	VIEW_CUT,
	VIEW_BELOW, /* occluded by a cut */
};
struct zone_view {
	enum view_kind kind;
	uint8_t rank;                    /* of the claims that stand */
	const struct claimant *claimant; /* VIEW_CUT, VIEW_BELOW: who delegates */
	const struct zname *cut;         /* VIEW_CUT, VIEW_BELOW */
};
void zone_tree_view(const struct zname *name, struct zone_view *out);
/* Does data, or a delegation, stand at a name below it? */
bool zone_tree_below(const struct zname *name);
/* Does this claim stand at its name, which has this view? */
bool zone_view_holds(const struct zone_view *view, const struct claim *claim);

/*
 * The glue claims that stand at a name at or below a cut, first to last: start with
 * *at = name->claims. The delegation's holder is believed before others.
 */
const struct claim *zone_tree_glue(const struct zone_view *view, const struct zname *name, const struct claim **at);

#endif
