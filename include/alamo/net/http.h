/* SPDX-License-Identifier: MIT */
/*
 * http.h -- small HTTP/1.1 service on a listener (net.h).
 *
 * GET and HEAD, and POST with a bounded body on routes made for it; bounded
 * headers; the listener's limits hold (all in all and per source). Handlers
 * answer at once, or when they are asked again; not so those of
 * al_http_later_route() and of events.
 */
#ifndef ALAMO_HTTP_H
#define ALAMO_HTTP_H

#include "alamo/base/buf.h"
#include "alamo/net/loop.h"

struct al_http;

struct al_http_answer {
	int status;           /* 200 unless the handler sets it */
	const char *type;     /* constant; "text/plain; charset=utf-8" by default */
	const char *etag;     /* bare or quoted; the handler's `arg` owns it; NULL: none */
	uint64_t modified_s;  /* Last-Modified, Unix seconds; the body was another one before; 0: none */
	unsigned max_age_s;   /* Cache-Control; 0: no-cache */
	bool immutable;       /* with max_age_s: never asked for again in that time (RFC 8246) */
	bool allow_post;      /* of a 405: the service's own */
	struct al_buf body;   /* handler fills it */
	const char *policy;   /* Content-Security-Policy; constant; NULL: none */
	bool takes_gzip;      /* in: the body may be packed by gzip */
	bool varies;          /* others get it packed, or not: caches keep both apart. Their etags differ */
	bool packed;          /* it is */
	bool again;           /* there is none yet: the handler is called anew, soon, as long as the client waits */
	const void *who;      /* in: the same then, and no one else's meanwhile */
	struct al_slice host; /* in: of the request's Host field, fit to be repeated; may be empty */
};

/* `rest` is the path after the route's prefix, percent-decoded, without query; `query` the raw query or empty. */
typedef void (*al_http_fn)(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer);

AL_MUST_USE enum al_err al_http_new(struct al_loop *loop, struct al_http **out);
void al_http_free(struct al_http *http);
/* Exact path, or everything below it when it ends in '/'. Longest route wins. `path` constant. */
AL_MUST_USE enum al_err al_http_route(struct al_http *http, const char *path, al_http_fn fn, void *arg);

#define AL_HTTP_POST_MAX (136u << 10) /* bytes of a request's body: a signed note of any size and a proof */
/* The same for POST, and nothing else than POST; `body` lives during the call. Before any al_http_listen(). */
typedef void (*al_http_post_fn)(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer);
AL_MUST_USE enum al_err al_http_post_route(struct al_http *http, const char *path, al_http_post_fn fn, void *arg);

/*
 * The same, answered by exactly one al_http_later_answer(), during the call or later on the loop; `body` and `peer`
 * (as al_conn_peer() has it) live during the call. What the connection sends meanwhile waits.
 */
struct al_http_later;
typedef void (*al_http_later_fn)(void *arg, struct al_slice body, const char *peer, struct al_http_later *later);
AL_MUST_USE enum al_err al_http_later_route(struct al_http *http, const char *path, al_http_later_fn fn, void *arg);
/* `answer` is the caller's, its body's bytes go. */
void al_http_later_answer(struct al_http_later *later, struct al_http_answer *answer);

#define AL_HTTP_EVENTS_UNREAD 65536u /* bytes that one who listens may leave unread */
/* Server-sent events (WHATWG HTML section 9.2): who asks for `path` stays, and gets all that is sent from then on. */
struct al_http_events;
AL_MUST_USE enum al_err al_http_events_new(struct al_http_events **out);
void al_http_events_free(struct al_http_events *events); /* after its al_http; NULL is allowed */
AL_MUST_USE enum al_err al_http_events_route(struct al_http *http, const char *path, struct al_http_events *events);
/* `text` is whole events, each with its empty line. A line ":" at least every 20 seconds keeps the connections. */
void al_http_events_send(struct al_http_events *events, struct al_slice text);

/* Percent-decoding of a query (RFC 3986 section 2.1). AL_EINVAL: bad escape or NUL. AL_ELIMIT: over `cap`. */
AL_MUST_USE enum al_err al_http_decode(struct al_slice raw, char *out, size_t cap, size_t *len);

AL_MUST_USE enum al_err al_http_listen(struct al_http *http, struct al_slice addr, uint16_t port, uint16_t *bound);

#endif
