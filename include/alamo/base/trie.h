/* SPDX-License-Identifier: MIT */
/*
 * trie.h -- path-compressed binary trie from prefix to one pointer.
 *
 * IPv4 and IPv6 keys live side by side. Values are borrowed: the trie never
 * frees them. Not for concurrent writers; readers may share one that nobody
 * writes. Exact look-up, longest match, cover and subtree walks are bounded
 * by the key's length and the number of hits.
 *
 * A key costs two nodes at most: of 24 bytes in IPv4, of 40 in IPv6. What removed keys leave is used again, and goes with the trie.
 */
#ifndef ALAMO_TRIE_H
#define ALAMO_TRIE_H

#include "alamo/base/ident.h"

#define AL_TRIE_LEVELS 28 /* of 16, 32, 64, ... nodes */

/* The keys of one family; trie.c's own. */
struct al_trie_half {
	void *level[AL_TRIE_LEVELS]; /* owned; NULL: not yet */
	uint32_t end;                /* number of the next node that never was one */
	uint32_t free;               /* of those that are nodes no more, the first; 0: none */
	uint32_t root;               /* 0: empty */
	uint8_t bits;                /* 32 or 128 */
};

struct al_trie {
	struct al_trie_half half[2]; /* IPv4, IPv6 */
	size_t count;                /* keys with a value */
};

/* Return false to stop the walk. */
typedef bool (*al_trie_visit_fn)(const struct al_prefix *key, void *value, void *arg);

void al_trie_init(struct al_trie *trie);
void al_trie_release(struct al_trie *trie);
/* The slot of `key`, made when missing (then it holds NULL: set it); NULL: out of memory. It stays until the key goes. */
void **al_trie_slot(struct al_trie *trie, const struct al_prefix *key);
void *al_trie_get(const struct al_trie *trie, const struct al_prefix *key); /* NULL: none */
void *al_trie_remove(struct al_trie *trie, const struct al_prefix *key);    /* the old value */
/* Longest key that covers `key`; with `strict`, shorter than it. *at may be NULL. */
void *al_trie_longest(const struct al_trie *trie, const struct al_prefix *key, bool strict, struct al_prefix *at);
/* All keys that cover `key`, least specific first, an equal one last. */
void al_trie_covering(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg);
/* All keys inside `key`, an equal one first, in address order. */
void al_trie_within(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg);
/* Keys strictly inside `key` with no other key between: one level down. */
void al_trie_children(const struct al_trie *trie, const struct al_prefix *key, al_trie_visit_fn visit, void *arg);

#endif
