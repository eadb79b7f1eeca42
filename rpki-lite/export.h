/* SPDX-License-Identifier: MIT */
/*
 * export.h -- the set as files over HTTP for those who fetch instead of speaking RTR: /NAME for each of origin_file.h.
 *
 * Bodies are made when first asked for and kept until the set changes (those that say when
 * they were made: for EXPORT_FRESH_S at most). 503 before the first set.
 */
#ifndef RPKI_LITE_EXPORT_H
#define RPKI_LITE_EXPORT_H

#include "alamo/net/http.h"

#include "moment.h"
#include "origin_file.h"

#define EXPORT_FRESH_S 3600

struct export;

/* `expire_s`: how long after it was generated a file may be trusted. `network` is copied, `moment` borrowed. */
AL_MUST_USE enum al_err export_new(const char *network, uint64_t expire_s, const struct moment *moment,
				   struct export **out);
void export_expire(struct export *export, uint64_t expire_s); /* another time, from the next file on */
void export_free(struct export *export);                      /* NULL is allowed */
void export_forget(struct export *export);                    /* the moment has another set now */
AL_MUST_USE enum al_err export_routes(struct export *export, struct al_http *http);

#endif
