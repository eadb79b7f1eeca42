/*
 * export.h -- the set as files for those who fetch instead of speaking RTR.
 *
 *   /roas.json            {"metadata": {...}, "roas": [{"prefix", "maxLength", "asn"}]}, as StayRTR and rpki-client have it
 *   /roas-bird2-4.conf    "route PREFIX max MAXLEN as ASN;", to be included in a bird 2 static protocol (roa4)
 *   /roas-bird2-6.conf    the same for roa6
 *   /roas-bird2.conf      both families; one static protocol takes one family, so this is for one-family networks
 *
 * Bodies are made when first asked for and kept until the set changes (JSON: for EXPORT_FRESH_S at most, as it
 * says when it was made). 503 before the first set.
 */
#ifndef RPKI_LITE_EXPORT_H
#define RPKI_LITE_EXPORT_H

#include "alamo/net/http.h"

#include "vrp_set.h"

#define EXPORT_FRESH_S 3600

enum export_kind { EXPORT_JSON, EXPORT_BIRD, EXPORT_BIRD4, EXPORT_BIRD6, EXPORT_COUNT };

struct export_meta {
	const char *network; /* the log's name */
	uint64_t size;       /* newest verified log size */
	uint64_t generated;  /* Unix seconds at which that was known to be the newest */
	uint64_t valid;      /* trust it until then */
};

/* One body: pure. */
void export_write(enum export_kind kind, const struct vrp_set *set, const struct export_meta *meta, struct al_buf *out);

struct export;

/* `expire_s`: how long after it was generated a file may be trusted. `network` is copied. */
AL_MUST_USE enum al_err export_new(const char *network, uint64_t expire_s, struct export **out);
void export_free(struct export *export); /* NULL is allowed */
/* From now on `set`, which is what log size `size` says; at `now_s` that was the newest. */
void export_publish(struct export *export, const struct vrp_set *set, uint64_t size, uint64_t now_s);
/* While the log's stream is up, what is published is the newest at every moment; since `now_s` otherwise. */
void export_link(struct export *export, bool up, uint64_t now_s);
AL_MUST_USE enum al_err export_routes(struct export *export, struct al_http *http);

#endif
