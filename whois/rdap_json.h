/* SPDX-License-Identifier: MIT */
/*
 * rdap_json.h -- the parts that RDAP answers share (RFC 9083), with jansson.
 *
 * What is made here is owned by whoever it is given to. A failed allocation
 * gives NULL, which jansson takes and passes on; it is looked at when the whole
 * is written (rdap_put()).
 */
#ifndef WHOIS_RDAP_JSON_H
#define WHOIS_RDAP_JSON_H

#include <jansson.h>

#include "lookup.h"

#define RDAP_TYPE "application/rdap+json"

struct rdap {
	const struct whois_view *view;
	char base[300];  /* URL of the service as the client knows it, ends in '/' */
	char self[1400]; /* URL of the question */
	char at[32];     /* "at=SIZE", in the past */
};

json_t *rdap_text(struct al_slice text); /* bytes that are no UTF-8 become '?' */
json_t *rdap_printf(const char *fmt, ...) AL_PRINTF(1, 2);
/* A link (section 4.2) to `path` below the base. */
json_t *rdap_link(const struct rdap *rdap, const char *rel, const char *path, struct al_slice key, const char *type);
/* Conformance, notices, port 43: what stands in the outermost object only. */
void rdap_put_frame(const struct rdap *rdap, json_t *object, bool redacted);
void rdap_put_truncated(json_t *object, const char *type);
json_t *rdap_error(int status, const char *title, const char *description);
/* Writes and gives up `object`; AL_ENOMEM if some part of it could not be made. */
AL_MUST_USE enum al_err rdap_put(json_t *object, struct al_buf *out);

#endif
