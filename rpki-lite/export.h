/*
 * export.h -- the set as files over HTTP for those who fetch instead of speaking RTR: /NAME for each of origin_file.h.
 *
 * Bodies are made when first asked for and kept until the set changes (those that say when
 * they were made: for EXPORT_FRESH_S at most). 503 before the first set.
 */
#ifndef RPKI_LITE_EXPORT_H
#define RPKI_LITE_EXPORT_H

#include "alamo/net/http.h"

#include "origin_file.h"

#define EXPORT_FRESH_S 3600

struct export;

/* `expire_s`: how long after it was generated a file may be trusted. `network` is copied. */
AL_MUST_USE enum al_err export_new(const char *network, uint64_t expire_s, struct export **out);
void export_free(struct export *export); /* NULL is allowed */
/* From now on `set`, which is what log size `size` says; at `now_s` that was the newest. */
void export_publish(struct export *export, const struct vrp_set *set, uint64_t size, uint64_t now_s);
/* The set is too old to be given to anybody: 503. */
void export_withhold(struct export *export, bool withheld);
/* While the log's stream is up, what is published is the newest at every moment; since `now_s` otherwise. */
void export_link(struct export *export, bool up, uint64_t now_s);
AL_MUST_USE enum al_err export_routes(struct export *export, struct al_http *http);

#endif
