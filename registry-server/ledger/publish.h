/* SPDX-License-Identifier: MIT */
/*
 * publish.h -- the published log: static files of c2sp.org/tlog-tiles below
 * [registry] publish, and the same over HTTP.
 *
 * Follows the durable log through ledger_read(), at most every 200 ms; hashing
 * and writing happen on a worker thread. Goes on where the files end; after an
 * error of the disk it opens them again. All calls on the loop's thread.
 */
#ifndef REGISTRY_PUBLISH_H
#define REGISTRY_PUBLISH_H

#include "alamo/net/service.h"
#include "ledger.h"

struct publish;

/*
 * The ledger is started. *out is NULL when [registry] publish is empty.
 * AL_EFORK: a checkpoint was published, signed by this key, that the ledger
 * does not reach or contradicts: it is an older copy, or not this log's. For
 * sizes below the ledger's this is found a moment later, and fails the service.
 */
AL_MUST_USE enum al_err publish_new(struct al_service *service, struct ledger *ledger, const struct al_vkey *key,
				    struct publish **out);
/* After ledger_close() and al_http_free(). NULL is allowed. */
void publish_free(struct publish *publish);
/* Something new is durable. NULL is allowed. */
void publish_commit(struct publish *publish);
/* The newest checkpoint with its date: published in the place of the one of this size. NULL is allowed. */
void publish_dated(struct publish *publish, uint64_t size, struct al_slice note);
/* Routes /checkpoint and /tile/. */
AL_MUST_USE enum al_err publish_routes(struct publish *publish, struct al_http *http);
/* The published checkpoint; size 0: none yet. */
struct al_checkpoint publish_head(const struct publish *publish);

#endif
