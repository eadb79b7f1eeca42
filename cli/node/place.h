/* SPDX-License-Identifier: MIT */
/*
 * place.h -- rendered files into the machine, and back out.
 *
 * What was at a path before the first time is kept below var/lib/alamo/SET/before/ and comes back with place_undo(),
 * byte for byte; var/lib/alamo/SET/files lists the paths that are ours. Sets know nothing of each other.
 */
#ifndef CLI_NODE_PLACE_H
#define CLI_NODE_PLACE_H

#include "render.h"

#define PLACE_SET_MAX 32

struct place {
	const char *root; /* "/", or a folder that stands for it */
	const char *set;  /* "node", "resolver/unbound" */
};

enum place_change {
	PLACE_SAME,
	PLACE_NEW,
	PLACE_CHANGED,
	PLACE_GONE, /* was ours, and is rendered no more */
};

/* "new", as commands show it. */
const char *place_change_word(enum place_change change);

typedef void (*place_fn)(void *arg, enum place_change change, const char *path);

/* What applying would do, a call a path. AL_OK; else said. */
AL_MUST_USE enum al_err place_compare(const struct place *place, const struct render *render, place_fn tell, void *arg);
/*
 * Has the real programs read the files, in a folder aside: `bird -p`, `vtysh -C`, `nft -c`, `wg-quick strip`. AL_EINVAL: one of
 * them refuses, said with its words. A program that is not there is named and passed over.
 */
AL_MUST_USE enum al_err place_check(const struct place *place, const struct render *render);
/* Each file at once; AL_OK, else said, and what is in place stays. */
AL_MUST_USE enum al_err place_apply(const struct place *place, const struct render *render);
/* The files of ours that are in place, as they are now; release in any case. AL_OK, else said. */
AL_MUST_USE enum al_err place_read(const struct place *place, struct render *out);
/* Everything as it was before the first place_apply(). */
AL_MUST_USE enum al_err place_undo(const struct place *place, place_fn tell, void *arg);

#endif
