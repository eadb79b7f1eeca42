/* SPDX-License-Identifier: MIT */
/*
 * dating.h -- the newest checkpoint, dated anew every [registry] sign-seconds, whether or not anything happened:
 * whoever follows can tell a quiet registry from one that somebody keeps from him.
 */
#ifndef REGISTRY_DATING_H
#define REGISTRY_DATING_H

#include "ledger.h"

struct dating;

/* tell() gets a batch without entries; on the loop. */
AL_MUST_USE enum al_err dating_new(struct al_loop *loop, struct ledger *ledger, uint64_t seconds, ledger_commit_fn tell,
				   void *arg, struct dating **out);
void dating_every(struct dating *dating, uint64_t seconds); /* from the next time on */
void dating_free(struct dating *dating);                    /* after ledger_close(); NULL is allowed */

#endif
