/* SPDX-License-Identifier: MIT */
/*
 * origin_fold.h -- who announces what, for origin look-ups: a fold over route and route6 objects, the blocks that they lie
 * in, and AS numbers.
 *
 * A prefix is shown when a living route object of an AS names it and no hold (AS0) hides it: rule 2 of vrp_build.h, the
 * same that routers are told. On the follower's thread. Memory: up to 100 bytes for each prefix and each block, and 40 for
 * each AS number.
 */
#ifndef ROOTDNS_ORIGIN_FOLD_H
#define ROOTDNS_ORIGIN_FOLD_H

#include "alamo/rpsl/object.h"

struct origin_fold;

AL_MUST_USE enum al_err origin_fold_new(struct origin_fold **out);
void origin_fold_free(struct origin_fold *fold); /* NULL is allowed */
/* The classes that it is made of: bits 1 << class. */
unsigned origin_fold_classes(void);
/*
 * The next version, living or not, of an object of any class; `old`: what it said before, or NULL. *shown: answers may be
 * different. On AL_ENOMEM the fold is of no use any more.
 */
AL_MUST_USE enum al_err origin_fold_change(struct origin_fold *fold, const struct al_object *old,
					   const struct al_object *now, bool *shown);

/* ---- reading; what is given is the fold's, until the next change ---- */

/* A prefix with living routes. */
struct origin_prefix {
	struct al_prefix prefix;
	bool hidden;          /* by a hold: it is not shown */
	const uint32_t *asns; /* rising, at least one */
	size_t count;
};
/* False: stop. */
typedef bool (*origin_visit_fn)(const struct origin_prefix *prefix, void *arg);

/* All that cover `key`, the least specific first, an equal one last. */
void origin_fold_covering(const struct origin_fold *fold, const struct al_prefix *key, origin_visit_fn visit,
			  void *arg);
/* All in `key`, an equal one first, in address order. */
void origin_fold_within(const struct origin_fold *fold, const struct al_prefix *key, origin_visit_fn visit, void *arg);

/* The smallest block that covers `prefix`. */
struct origin_block {
	char country[3]; /* of its first country: attribute; empty: none */
	char date[11];   /* when it was created; empty: there is no block */
};
void origin_fold_block(const struct origin_fold *fold, const struct al_prefix *prefix, struct origin_block *out);
/* When a living aut-num was created. */
void origin_fold_asn_date(const struct origin_fold *fold, uint32_t asn, char out[static 11]);

#endif
