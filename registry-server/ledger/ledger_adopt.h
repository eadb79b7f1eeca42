/* SPDX-License-Identifier: MIT */
/*
 * ledger_adopt.h -- bring entries and checkpoints into a ledger as they are:
 * what `alamo recover` does with another copy of the same log.
 *
 * For a ledger that was opened without a signer and is not started; on one
 * thread. The caller has verified everything under the ledger's key.
 */
#ifndef REGISTRY_LEDGER_ADOPT_H
#define REGISTRY_LEDGER_ADOPT_H

#include "ledger.h"

/* The tree's right edge, for a follower that goes on from here. */
void ledger_adopt_edge(const struct ledger *ledger, struct al_edge *out);
/* The next entry; durable with the next ledger_adopt_head(). After a failure none of them is there. */
AL_MUST_USE enum al_err ledger_adopt(struct ledger *ledger, uint64_t index, struct al_slice entry);
/* AL_EVERIFY when it is not the ledger's own checkpoint of all entries so far: then they are not there any more. */
AL_MUST_USE enum al_err ledger_adopt_head(struct ledger *ledger, struct al_slice note);
/* What ledger_side_save() wrote, in place of what is there. AL_ENOTFOUND; AL_EUNSUPPORTED: of another version. */
AL_MUST_USE enum al_err ledger_adopt_side(struct ledger *ledger, const char *path);
/* Would this signer go on from here? What its begin() says. */
AL_MUST_USE enum al_err ledger_adopt_begin(struct ledger *ledger, const struct ledger_signer *signer);

#endif
