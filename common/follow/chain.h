/* SPDX-License-Identifier: MIT */
/*
 * chain.h -- what a follower has verified of a log, and what it has not yet.
 *
 * Entries are held until a head, signed by the pinned key and with the root
 * that they give here, covers them. Pure: no sockets, no clock.
 *
 * A head whose root does not match may come from a liar between, or from a log
 * that was rewritten below our size. chain_recheck() finds out: entries are
 * then taken from 0 on, and the root at our own size is compared.
 */
#ifndef COMMON_CHAIN_H
#define COMMON_CHAIN_H

#include "alamo/follow/follow.h"
#include "alamo/tlog/note.h"

#define CHAIN_TIP AL_FOLLOW_KNOWN /* in `known`: what the server said first */
#define CHAIN_KNOWN (AL_FOLLOW_KNOWN + 1)
#define CHAIN_PENDING_MAX (16u << 20) /* bytes held unverified */

struct chain {
	struct al_vkey key;
	struct al_vkey dating; /* the same, as it dates */
	uint64_t date;         /* newest date seen in any note that verifies; 0: none */
	uint64_t date_size;    /* of that note */
	struct al_edge edge;   /* verified */
	struct al_buf note;    /* newest verified one; empty before */
	struct chain_known {
		struct al_checkpoint cp;
		struct al_buf note;
	} known[CHAIN_KNOWN];             /* must be in the log; size 0: nothing is known */
	const struct chain_known *denied; /* the one that the stream contradicts, or NULL */
	struct al_buf pending;            /* u16 length and bytes of each entry after edge.size */
	uint64_t pending_count;
	struct al_buf leaves; /* after CHAIN_NEW: leaf hash of each of them */
	uint64_t tip;         /* size that T frames of this connection have told of */
	bool rechecking;
	struct al_edge other;      /* tree of the stream that is re-checked */
	struct al_hash other_root; /* its root at edge.size; set once other.size >= edge.size */
};

enum chain_verdict {
	CHAIN_NEW,      /* verified: hand over chain_next() and the head */
	CHAIN_SAME,     /* nothing new, nothing wrong; perhaps a newer date */
	CHAIN_BEHIND,   /* a good head smaller than ours */
	CHAIN_BAD,      /* malformed, badly signed, or not the head of what came */
	CHAIN_MISMATCH, /* well signed, but the entries give another root */
	CHAIN_SOUND,    /* re-check done: the log continues ours; ask from our size again */
	CHAIN_FORK,     /* signed contradiction */
	CHAIN_NOMEM,
};

void chain_init(struct chain *chain, const struct al_vkey *key);
/* Start at a verified state. AL_EVERIFY: the note is not that of the edge. */
AL_MUST_USE enum al_err chain_resume(struct chain *chain, const struct al_edge *edge, struct al_slice note);
/* The i-th checkpoint that the log must contain. AL_EVERIFY: not signed by the key. */
AL_MUST_USE enum al_err chain_know(struct chain *chain, size_t i, struct al_slice note);
/* Our side of a CHAIN_FORK. */
struct al_slice chain_ours(const struct chain *chain);
void chain_release(struct chain *chain);
uint64_t chain_wanted(const struct chain *chain); /* SIZE to ask the server for */
/* Body of an E frame. AL_EINVAL: malformed or not what comes next. AL_ELIMIT: too much without a head. */
AL_MUST_USE enum al_err chain_entries(struct chain *chain, struct al_slice body);
/* Body of an H frame. *cp is set for CHAIN_NEW, CHAIN_BEHIND and CHAIN_FORK. */
enum chain_verdict chain_head(struct chain *chain, struct al_slice note, struct al_checkpoint *cp);
/*
 * Body of a T frame: from now on the log must contain it. CHAIN_SAME: taken. CHAIN_BAD: not signed by the key.
 * CHAIN_FORK, CHAIN_NOMEM. *cp is set but for CHAIN_BAD.
 */
enum chain_verdict chain_tip(struct chain *chain, struct al_slice note, struct al_checkpoint *cp);
/*
 * Body of a K frame. AL_OK: `key` is another one now, as the one before has signed. AL_EEXIST: what is known.
 * AL_ESTALE: less than that. Others: not to be believed, and nothing is changed; AL_EVERIFY also of a note by which what
 * was verified here would not count.
 */
AL_MUST_USE enum al_err chain_keys(struct chain *chain, struct al_slice note);
/* Is everything verified that the T frames of this connection have told of? */
bool chain_at_tip(const struct chain *chain);
/* After CHAIN_NEW: the entries that it verified, in order; start with rest = al_buf_view(&chain->pending). */
bool chain_next(struct al_slice *rest, struct al_slice *entry);
/* Leaf hash of the i-th of those. */
struct al_hash chain_leaf(const struct chain *chain, uint64_t i);
/* Forget what is not verified (or was handed over): after CHAIN_NEW. */
void chain_drop(struct chain *chain);
void chain_begin(struct chain *chain);            /* a new connection */
void chain_recheck(struct chain *chain, bool on); /* for the next connection */

#endif
