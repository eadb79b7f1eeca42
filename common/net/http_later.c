/* SPDX-License-Identifier: MIT */
/*
 * http_later.c -- answers that are not there at once: one that is being made, one that is asked for again, and events without end.
 */
#include "http_parts.h"

#include <stdlib.h>

struct al_http_later {
	struct http_conn *c; /* NULL: the connection has gone */
	bool close;
};

struct al_http_events {
	struct http_conn *first;
};

/* ---- one answer ---- */

void http_later_begin(struct http_conn *c, const struct http_route *route, const struct http_request *request,
		      struct al_slice body)
{
	struct al_http_later *later = calloc(1, sizeof(*later));

	if (later == NULL) {
		al_conn_drop(c->conn);
		return;
	}
	*later = (struct al_http_later){ c, request->close };
	c->later = later;
	al_conn_owe(c->conn, true);
	route->later(route->arg, body, al_conn_peer(c->conn), later);
}

void al_http_later_answer(struct al_http_later *later, struct al_http_answer *answer)
{
	struct http_conn *c = later->c;
	struct http_request request = { .close = later->close };

	free(later);
	if (c == NULL)
		return;
	c->later = NULL;
	al_conn_owe(c->conn, false);
	al_conn_pause(c->conn, false);
	/* What waits behind it is read afterwards; sending may be the end of the connection, and of `c`. */
	al_conn_poke(c->conn);
	http_send(c->http, c->conn, &request, answer);
}

/* ---- one question, asked again ---- */

/* Not read from, so that its time for asking does not run; idle time does, and bounds how long it may take. */
void http_again_begin(struct http_conn *c)
{
	c->again = true;
	al_conn_owe(c->conn, true);
	al_conn_pause(c->conn, true);
	al_conn_poke(c->conn);
}

void http_again_end(struct http_conn *c)
{
	if (!c->again)
		return;
	c->again = false;
	al_conn_owe(c->conn, false);
	al_conn_pause(c->conn, false);
}

/* ---- events ---- */

enum al_err al_http_events_new(struct al_http_events **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? AL_OK : AL_ENOMEM;
}

void al_http_events_free(struct al_http_events *events)
{
	free(events);
}

void http_events_begin(struct http_conn *c, struct al_http_events *events)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
				   "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n: welcome\n\n";

	c->events = events;
	c->next = events->first;
	c->at = &events->first;
	if (c->next != NULL)
		c->next->at = &c->next;
	events->first = c;
	al_conn_write(c->conn, head, sizeof(head) - 1);
}

void al_http_events_send(struct al_http_events *events, struct al_slice text)
{
	struct http_conn *c, *next;

	for (c = events->first; c != NULL; c = next) {
		next = c->next;
		/* Who does not read what came before gets no more, and comes again when he wants to. */
		if (al_conn_pending(c->conn) > AL_HTTP_EVENTS_UNREAD)
			al_conn_drop(c->conn);
		else
			al_conn_write(c->conn, text.ptr, text.len);
	}
}

void http_conn_gone(struct http_conn *c)
{
	if (c->later != NULL)
		c->later->c = NULL;
	if (c->events == NULL)
		return;
	*c->at = c->next;
	if (c->next != NULL)
		c->next->at = c->at;
}

/* ---- routes ---- */

enum al_err al_http_later_route(struct al_http *http, const char *path, al_http_later_fn fn, void *arg)
{
	enum al_err err = http_route_add(http, path, &(struct http_route){ .later = fn, .arg = arg });

	if (err == AL_OK)
		http->posts = true;
	return err;
}

enum al_err al_http_events_route(struct al_http *http, const char *path, struct al_http_events *events)
{
	return http_route_add(http, path, &(struct http_route){ .events = events });
}
