/* SPDX-License-Identifier: MIT */
/*
 * kept.h -- the last good set on the disk, with the checkpoint that vouches for it, for the next start.
 *
 *   run/roa.head    the head's text (origin_head.h) without a key's statement; its checkpoint is signed by the log
 *   run/roa-N.set   the set's text, N its size; the head names it by its hash
 *
 * What is found there is believed as far as the log's signature, the hash and the rule go; who can write to run/ can
 * serve any records he likes anyhow.
 */
#ifndef RPKI_LITE_KEPT_H
#define RPKI_LITE_KEPT_H

#include "moment.h"
#include "origin_head.h"

struct kept {
	char dir[4096];
	struct al_vkey log; /* pinned */
	uint64_t saved;     /* size of the set whose file is there; 0: none is known to be */
	uint64_t bytes;     /* length and hash of that file */
	struct al_hash digest;
};

struct keep {
	const struct vrp_set *set;
	struct al_checkpoint cp; /* the set is right for it, */
	struct al_buf note;      /* and this is its note */
	uint64_t fresh_s, expires;
};

/* AL_ENOTFOUND: nothing is kept; AL_EVERIFY, AL_EINVAL: what is kept is of no use. The set is the caller's. */
AL_MUST_USE enum al_err kept_load(struct kept *kept, struct origin_head *head, struct vrp_set **out);
/* AL_EIO with errno set: the last one stays. Nothing happens for a `keep` without a note. */
AL_MUST_USE enum al_err kept_save(struct kept *kept, const struct keep *keep);

#endif
