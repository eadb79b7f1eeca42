/* SPDX-License-Identifier: MIT */
/*
 * http_request.h -- the request side of HTTP/1.1 (RFC 9112), for bodiless GET and HEAD, and POST.
 *
 * Pure functions over bytes: no state, no allocation, nothing read outside the
 * slices. What comes out points into what went in.
 */
#ifndef COMMON_HTTP_REQUEST_H
#define COMMON_HTTP_REQUEST_H

#include "alamo/base/slice.h"

#define HTTP_DATE_LEN 32 /* of an HTTP date with its NUL */

struct http_request {
	bool head;                     /* HEAD */
	bool post;                     /* POST; else GET */
	size_t body_len;               /* of a POST; at most AL_HTTP_POST_MAX */
	bool close;                    /* the other side wants no further request */
	struct al_slice path;          /* starts with '/', still percent-encoded */
	struct al_slice query;         /* without '?', raw */
	struct al_slice host;          /* of the Host field; empty: none, or not the characters of one */
	bool gzip;                     /* it reads bodies that are packed so (RFC 9110 section 12.5.3) */
	struct al_slice if_none_match; /* empty: no condition */
	uint64_t if_modified_since;    /* Unix seconds; 0: no condition, or none that can be read */
};

/* Bytes up to and with the empty line that ends the head; 0 when it is not all there. */
size_t http_head_len(struct al_slice bytes);

/* `head` is what http_head_len() measured. 200, or the status to refuse it with. */
int http_request_parse(struct al_slice head, struct http_request *out);

/* Percent-decoding (RFC 3986 section 2.1). AL_EINVAL: bad escape or NUL. AL_ELIMIT: over `cap`. */
AL_MUST_USE enum al_err http_decode(struct al_slice raw, char *out, size_t cap, size_t *len);

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that is written today (RFC 9110 section 5.6.7); else 0. */
uint64_t http_date_parse(struct al_slice s);
/* The same of Unix seconds; empty when that is no date. */
void http_date_format(uint64_t unix_seconds, char out[static HTTP_DATE_LEN]);

/* Is `etag` in the list of an If-None-Match field (weak comparison, RFC 9110 section 13.1.2)? */
bool http_etag_listed(struct al_slice list, struct al_slice etag);

#endif
