/* SPDX-License-Identifier: MIT */
/*
 * roa_state.h -- what a router's machine remembers of the last good set: DIR/head, the signed note, and DIR/set.
 */
#ifndef CLI_ROA_STATE_H
#define CLI_ROA_STATE_H

#include "origin_head.h"

struct roa_state {
	const char *dir;
	struct origin_head head;
	struct al_buf note;   /* of the head; empty: nothing is remembered */
	struct vrp_set *set;  /* NULL then */
	uint64_t key_version; /* of the head's statement */
};

void roa_state_init(struct roa_state *state, const char *dir);
void roa_state_release(struct roa_state *state);
/* An exit code: CLI_DONE with nothing remembered when there is nothing; what is there and no good is said. */
int roa_state_load(struct roa_state *state, const struct al_vkey *log);
/* The set first, the head that names it last. */
int roa_state_save(const char *dir, struct al_slice note, struct al_slice set);
/* For the report of a fork: both notes, as DIR/evidence-ours and DIR/evidence-theirs. */
void roa_state_evidence(const char *dir, struct al_slice ours, struct al_slice theirs);

#endif
