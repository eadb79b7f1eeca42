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
 * specific object stands alone; the authority's own claims stand always.
 */
#ifndef ROOTDNS_ZONE_TREE_H
#define ROOTDNS_ZONE_TREE_H

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

#include "zone_build.h"

struct node;

struct zname {
	UT_hash_handle hh;
	struct zname *parent, *child, *prev, *next; /* children are a list */
	struct claim *claims;
	struct claim *refs; /* NS claims that name it as a server */
	struct zname *dirty_next;
	const struct node *node; /* what the newest snapshot shows; NULL: it is not in the chain */
	bool dirty;
	bool lost;      /* the hash table had no memory for it */
	uint8_t labels; /* below the apex */
	uint16_t key_len;
	struct dname name;
	uint8_t key[]; /* dname_key() below the apex */
};

struct zone_tree {
	struct dname apex_name;
	unsigned apex_labels;
	struct zname *apex;
	struct zname *names; /* uthash, all of them */
	struct zname *dirty;
	size_t dirty_count;
};

AL_MUST_USE enum al_err zone_tree_init(struct zone_tree *tree, const struct dname *apex);
/* Frees names; claims belong to their sources. Nodes must be gone. */
void zone_tree_release(struct zone_tree *tree);

/* NULL: no such name. */
struct zname *zone_tree_find(const struct zone_tree *tree, const uint8_t *wire, size_t len);
void zname_whole(const struct zname *name, struct dname *out);
/* Canonical order (RFC 4034 section 6.1). */
int zname_cmp(const struct zname *a, const struct zname *b);

/* Puts a claim of `source` at its name. On AL_ENOMEM the tree is unusable: give up. */
AL_MUST_USE enum al_err zone_tree_attach(struct zone_tree *tree, struct claim *claim, const struct source *source);
void zone_tree_detach(struct zone_tree *tree, struct claim *claim);
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
	uint8_t rank;                /* of the claims that stand */
	const struct source *source; /* VIEW_CUT, VIEW_BELOW: who delegates */
	const struct zname *cut;     /* VIEW_CUT, VIEW_BELOW */
};
void zone_tree_view(const struct zname *name, struct zone_view *out);
/* Does this claim stand at its name, which has this view? */
bool zone_view_holds(const struct zone_view *view, const struct claim *claim);

/*
 * The glue claims that stand at a name at or below a cut, first to last: start with
 * *at = name->claims. The delegation's holder is believed before others.
 */
const struct claim *zone_tree_glue(const struct zone_view *view, const struct zname *name, const struct claim **at);

#endif
