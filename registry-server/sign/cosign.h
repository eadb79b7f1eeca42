/* SPDX-License-Identifier: MIT */
/*
 * cosign.h -- take the newest checkpoint to the witnesses of [registry]
 * witnesses (alamo/tlog/witness.h) and publish what a quorum of them has cosigned.
 *
 * At most once a second, on the loop, by HTTP (c2sp.org/tlog-witness). Commits
 * do not wait for it: an answer is durable at once and public a moment later.
 * Keeps the tree's hashes (64 bytes an entry) to make consistency proofs.
 */
#ifndef REGISTRY_COSIGN_H
#define REGISTRY_COSIGN_H

#include "alamo/net/conf.h"
#include "alamo/net/http.h"
#include "ledger/ledger.h"

struct cosign;

/*
 * `keys_note`, of a log that has had other keys, is for witnesses who know an older one; copied, else empty.
 * *out is NULL when [registry] witnesses is empty. Reads the ledger once: before
 * anything is committed. AL_EINVAL: the policy is wrong, the reason is in the log.
 */
AL_MUST_USE enum al_err cosign_new(struct al_loop *loop, const struct al_conf *conf, struct ledger *ledger,
				   const struct al_vkey *key, struct al_slice keys_note, struct cosign **out);
/* NULL is allowed, here and below. */
void cosign_free(struct cosign *cosign);
void cosign_commit(struct cosign *cosign, const struct ledger_batch *batch);
/* The newest checkpoint with its date: the same text, so that what witnesses signed goes on to hold. */
void cosign_dated(struct cosign *cosign, uint64_t size, struct al_slice note);
/* /checkpoint.cosigned; 404 before the first. */
AL_MUST_USE enum al_err cosign_routes(struct cosign *cosign, struct al_http *http);

#endif
