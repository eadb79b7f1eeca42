/* SPDX-License-Identifier: MIT */
/*
 * export.h -- the set as files over HTTP for those who fetch instead of speaking RTR: /NAME for each of origin_file.h, and packed by
 * gzip for those who take that.
 *
 * Bodies are made when first asked for and kept until the set changes (those that say when
 * they were made: for EXPORT_FRESH_S at most). 503 before the first set. Packing is done between other work, EXPORT_PIECE bytes
 * at a time: who asks before it is done gets the body as it is.
 */
#ifndef RPKI_LITE_EXPORT_H
#define RPKI_LITE_EXPORT_H

#include "alamo/net/http.h"

#include "moment.h"
#include "origin_file.h"

#define EXPORT_FRESH_S 3600
#define EXPORT_PIECE 131072u /* some milliseconds */

struct export;

/* `expire_s`: how long after it was generated a file may be trusted. `network` is copied, `moment` borrowed. */
AL_MUST_USE enum al_err export_new(struct al_loop *loop, const char *network, uint64_t expire_s,
				   const struct moment *moment, struct export **out);
void export_expire(struct export *export, uint64_t expire_s); /* another time, from the next file on */
void export_free(struct export *export);                      /* NULL is allowed */
void export_forget(struct export *export);                    /* the moment has another set now */
AL_MUST_USE enum al_err export_routes(struct export *export, struct al_http *http);

#endif
