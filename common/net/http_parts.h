/* SPDX-License-Identifier: MIT */
/*
 * http_parts.h -- between http.c, which reads requests, and http_later.c, which answers some of them later.
 */
#ifndef COMMON_HTTP_PARTS_H
#define COMMON_HTTP_PARTS_H

#include "alamo/net/http.h"
#include "alamo/net/net.h"
#include "http_request.h"

#define HTTP_ROUTES_MAX 80

struct http_route {
	struct al_slice path;
	/* One of these. */
	al_http_fn fn;
	al_http_post_fn post;
	al_http_later_fn later;
	struct al_http_events *events;
	void *arg;
};

/* What a connection is about. */
struct http_conn {
	struct al_http *http;
	struct al_conn *conn;
	bool eof;                      /* its last word has been said */
	struct al_http_later *later;   /* an answer is being made: nothing further is read */
	bool again;                    /* what it asked stays in its buffer, to be asked anew */
	struct al_http_events *events; /* it listens, and says nothing more */
	struct http_conn *next, **at;  /* in the list of those who listen */
};

struct al_http {
	struct al_listener *listener;
	struct http_route routes[HTTP_ROUTES_MAX];
	size_t count;
	bool posts;    /* there is a route for POST */
	size_t unsent; /* bytes of bodies handed to connections */
};

/* Status line and fields for `answer`, and its body unless `head`; finishes the connection when `close`. */
void http_send(struct al_http *http, struct al_conn *conn, const struct http_request *request,
	       struct al_http_answer *answer);
AL_MUST_USE enum al_err http_route_add(struct al_http *http, const char *path, const struct http_route *add);

/* The handler of a route with `later` set; the connection rests until it has answered. */
void http_later_begin(struct http_conn *c, const struct http_route *route, const struct http_request *request,
		      struct al_slice body);
/* What it asked is asked in another turn of the loop; then that turn is there. */
void http_again_begin(struct http_conn *c);
void http_again_end(struct http_conn *c);
/* The connection listens from now on. */
void http_events_begin(struct http_conn *c, struct al_http_events *events);
/* It has gone: nobody writes to it. */
void http_conn_gone(struct http_conn *c);

#endif
