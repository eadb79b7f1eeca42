/* SPDX-License-Identifier: MIT */
/*
 * http.c -- HTTP/1.1 service on a listener: one request in, one answer out.
 *
 * Limits of number, source, time and memory are the listener's, as for every
 * protocol here (evhttp knows none of them per source). Handlers answer at
 * once (http_later.c: those that do not). Loop's thread only.
 */
#include "http_parts.h"

#include "alamo/net/metrics.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MAX 8192u /* request line and fields */
#define IN_MAX (HEAD_MAX + AL_HTTP_POST_MAX)
#define BODY_MAX (128u << 20)
#define UNSENT_MAX (256u << 20) /* bodies of all connections; over it: 503 */
#define PIPELINE_MAX 16         /* requests before other connections get their turn */
#define PAUSE_ABOVE 65536u      /* unsent bytes at which no further request is read */
#define CONNS_MAX 1024
#define CONNS_PER_SOURCE 64
#define IDLE_MS 30000u
#define FIELDS_MAX 1024u /* status line and fields of an answer */
#define ETAG_MAX 256u

/* A body on its way. */
struct body {
	struct al_http *http;
	size_t len;
	char *bytes;
};

static struct al_metric answers[] = {
	{ .name = "alamo_http_answers_total{class=\"2xx\"}", .help = "HTTP answers by class of status." },
	{ .name = "alamo_http_answers_total{class=\"3xx\"}", .help = "HTTP answers by class of status." },
	{ .name = "alamo_http_answers_total{class=\"4xx\"}", .help = "HTTP answers by class of status." },
	{ .name = "alamo_http_answers_total{class=\"5xx\"}", .help = "HTTP answers by class of status." },
};

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 422, "Unprocessable Content" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 503, "Service Unavailable" },
	{ 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status)
{
	for (size_t i = 0; i < AL_COUNT(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

/* ---- answers ---- */

/* Quoted as RFC 9110 section 8.8.3 wants it; empty when there is none or it could break the line. */
static struct al_slice etag_of(const struct al_http_answer *answer, char out[static ETAG_MAX])
{
	struct al_slice etag = al_slice_str(answer->etag);
	for (size_t i = 0; i < etag.len; i++)
		if ((unsigned char)etag.ptr[i] <= 0x20 || (unsigned char)etag.ptr[i] >= 0x7f)
			return AL_S("");
	bool quoted = al_slice_starts(etag, "\"") || al_slice_starts(etag, "W/\"");
	int len = snprintf(out, ETAG_MAX, quoted ? "%.*s" : "\"%.*s\"", AL_FMT(etag));
	if (etag.len == 0 || len < 0 || (size_t)len >= ETAG_MAX)
		return AL_S("");
	return al_slice_of(out, (size_t)len);
}

static void date_put(struct al_buf *out, const char *field, uint64_t seconds)
{
	char text[HTTP_DATE_LEN];
	http_date_format(seconds, text);
	if (text[0] != '\0')
		al_buf_printf(out, "%s: %s\r\n", field, text);
}

static void fields_put(struct al_buf *out, const struct al_http_answer *answer, struct al_slice etag, bool close)
{
	al_buf_printf(out, "HTTP/1.1 %d %s\r\n", answer->status, reason_of(answer->status));
	date_put(out, "Date", al_now_s());
	if (answer->modified_s != 0)
		date_put(out, "Last-Modified", answer->modified_s);
	/* RFC 9110 section 15.4.5: a 304 speaks of a body it does not have. */
	if (answer->status != 304)
		al_buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", answer->type, answer->body.len);
	if (answer->max_age_s > 0)
		al_buf_printf(out, "Cache-Control: max-age=%u%s\r\n", answer->max_age_s,
			      answer->immutable ? ", immutable" : "");
	else
		al_buf_str(out, "Cache-Control: no-cache\r\n");
	if (answer->varies)
		al_buf_str(out, "Vary: Accept-Encoding\r\n");
	if (answer->packed && answer->status != 304)
		al_buf_str(out, "Content-Encoding: gzip\r\n");
	if (etag.len > 0)
		al_buf_printf(out, "ETag: %.*s\r\n", AL_FMT(etag));
	if (answer->status == 405)
		al_buf_printf(out, "Allow: %s\r\n", answer->allow_post ? "POST" : "GET, HEAD");
	if (answer->policy != NULL)
		al_buf_printf(out, "Content-Security-Policy: %s\r\n", answer->policy);
	al_buf_str(out, "X-Content-Type-Options: nosniff\r\nAccess-Control-Allow-Origin: *\r\n");
	al_buf_str(out, close ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
}

static void body_sent(void *arg)
{
	struct body *body = arg;
	body->http->unsent -= body->len;
	free(body->bytes);
	free(body);
}

/* Hands the answer's bytes over without copying. */
static enum al_err body_write(struct al_http *http, struct al_conn *conn, struct al_buf *bytes)
{
	struct body *body = malloc(sizeof(*body));
	if (body == NULL)
		return AL_ENOMEM;
	*body = (struct body){ .http = http };
	body->bytes = al_buf_take(bytes, &body->len);
	if (body->bytes == NULL) {
		free(body);
		return AL_ENOMEM;
	}
	http->unsent += body->len;
	al_conn_write_ref(conn, body->bytes, body->len, body_sent, body);
	return AL_OK;
}

static void answer_clear(struct al_http_answer *answer, int status)
{
	al_buf_reset(&answer->body);
	answer->status = status;
	answer->type = "text/plain; charset=utf-8";
	answer->etag = NULL;
	answer->modified_s = 0;
	answer->max_age_s = 0;
	answer->packed = false;
	al_buf_printf(&answer->body, "%d %s\n", status, reason_of(status));
}

/* A handler sets what it likes; this is what may leave the house. */
static void answer_check(const struct al_http *http, struct al_http_answer *answer)
{
	if (answer->body.err != AL_OK || answer->status < 200 || answer->status > 599)
		answer_clear(answer, 500);
	else if (http->unsent + answer->body.len > UNSENT_MAX)
		answer_clear(answer, 503);
	else if (answer->status >= 400 && answer->body.len == 0)
		answer_clear(answer, answer->status);
}

/* RFC 9110 section 13.2.2: a date counts only where no tag is given. */
static bool has_already(const struct http_request *request, const struct al_http_answer *answer, struct al_slice etag)
{
	if (request->if_none_match.len > 0)
		return etag.len > 0 && http_etag_listed(request->if_none_match, etag);
	return answer->modified_s != 0 && request->if_modified_since >= answer->modified_s;
}

void http_send(struct al_http *http, struct al_conn *conn, const struct http_request *request,
	       struct al_http_answer *answer)
{
	char quoted[ETAG_MAX];
	struct al_buf fields;
	answer_check(http, answer);
	struct al_slice etag = etag_of(answer, quoted);
	if (answer->status == 200 && has_already(request, answer, etag))
		answer->status = 304;
	al_metric_inc(&answers[answer->status / 100 - 2], 1);

	al_buf_init(&fields, FIELDS_MAX);
	fields_put(&fields, answer, etag, request->close);
	enum al_err err = fields.err;
	if (err == AL_OK)
		al_conn_write(conn, fields.ptr, fields.len);
	if (err == AL_OK && !request->head && answer->status != 304 && answer->body.len > 0)
		err = body_write(http, conn, &answer->body);
	al_buf_release(&fields);
	/* Half an answer must not be taken for a whole one. */
	if (err != AL_OK)
		al_conn_drop(conn);
	else if (request->close)
		al_conn_finish(conn);
}

/* ---- requests ---- */

static const struct http_route *route_find(const struct al_http *http, struct al_slice path)
{
	const struct http_route *best = NULL;
	for (size_t i = 0; i < http->count; i++) {
		const struct http_route *route = &http->routes[i];
		bool folder = al_slice_ends(route->path, "/");
		bool fits = folder ? al_slice_eq(al_slice_head(path, route->path.len), route->path)
				   : al_slice_eq(path, route->path);
		if (fits && (best == NULL || route->path.len > best->path.len))
			best = route;
	}
	return best;
}

static bool takes_post(const struct http_route *route)
{
	return route->post != NULL || route->later != NULL;
}

/* False: there is no answer now; the connection has become something else. */
static bool request_route(struct http_conn *c, const struct http_request *request, struct al_slice body,
			  struct al_http_answer *answer)
{
	char text[HEAD_MAX];
	size_t len;
	if (http_decode(request->path, text, sizeof(text), &len) != AL_OK) {
		answer_clear(answer, 400);
		return true;
	}
	struct al_slice path = al_slice_of(text, len);
	const struct http_route *route = route_find(c->http, path);
	if (route == NULL) {
		answer_clear(answer, 404);
	} else if (request->post != takes_post(route)) {
		answer->allow_post = takes_post(route);
		answer_clear(answer, 405);
	} else if (route->events != NULL && !request->head) {
		http_events_begin(c, route->events);
		return false;
	} else if (route->events != NULL) {
		answer->type = "text/event-stream";
	} else if (route->later != NULL) {
		http_later_begin(c, route, request, body);
		return false;
	} else if (request->post) {
		route->post(route->arg, al_slice_from(path, route->path.len), body, answer);
	} else {
		route->fn(route->arg, al_slice_from(path, route->path.len), request->query, answer);
	}
	return true;
}

static void answer_status(struct al_http *http, struct al_conn *conn, int status)
{
	struct http_request request = { .close = true };
	struct al_http_answer answer = { .status = status };
	al_buf_init(&answer.body, BODY_MAX);
	answer_clear(&answer, status);
	http_send(http, conn, &request, &answer);
	al_buf_release(&answer.body);
}

enum turn { TURN_WAIT, TURN_NEXT, TURN_LAST, TURN_REST, TURN_AGAIN };

/*
 * The request at the start of `input`, whose head has `*len` bytes; with its body on return.
 * TURN_WAIT: the body is not all there. TURN_LAST: the connection takes no further request. TURN_REST: not now.
 * TURN_AGAIN: it stays, and has not been answered.
 */
static enum turn request_answer(struct http_conn *c, struct al_slice input, size_t *len)
{
	struct al_http *http = c->http;
	struct al_conn *conn = c->conn;
	struct http_request request;
	int status = http_request_parse(al_slice_head(input, *len), &request);
	if (request.post && !http->posts && (status == 200 || status == 411 || status == 413))
		status = 405;
	if (status != 200) {
		/* Where the next request would start is not known then. */
		answer_status(http, conn, status);
		return TURN_LAST;
	}
	struct al_slice body = al_slice_head(al_slice_from(input, *len), request.body_len);
	if (body.len < request.body_len)
		return TURN_WAIT;
	*len += request.body_len;
	struct al_http_answer answer = { .status = 200, .type = "text/plain; charset=utf-8" };
	bool last = request.close;
	answer.host = request.host;
	answer.takes_gzip = request.gzip;
	al_buf_init(&answer.body, BODY_MAX);
	answer.who = c;
	bool now = request_route(c, &request, body, &answer);
	bool again = now && answer.again;
	if (now && !again)
		http_send(http, conn, &request, &answer);
	al_buf_release(&answer.body);
	if (again)
		return TURN_AGAIN;
	return !now ? TURN_REST : last ? TURN_LAST : TURN_NEXT;
}

/* RFC 9112 section 2.2: empty lines before a request are passed over. */
static struct al_slice input_view(struct evbuffer *in)
{
	const unsigned char *bytes = evbuffer_pullup(in, -1);
	size_t len = bytes != NULL ? evbuffer_get_length(in) : 0;
	size_t skip = 0;
	while (skip < len && (bytes[skip] == '\r' || bytes[skip] == '\n'))
		skip++;
	evbuffer_drain(in, skip);
	return len > skip ? al_slice_of(bytes + skip, len - skip) : AL_S("");
}

/* Nobody asks on a connection that has events; what comes behind an answer that is being made waits, as far as there is room. */
static bool is_busy(struct http_conn *c, struct evbuffer *in, bool eof)
{
	if (c->events != NULL) {
		(void)evbuffer_drain(in, evbuffer_get_length(in));
		if (eof)
			al_conn_drop(c->conn);
		return true;
	}
	c->eof = c->eof || eof;
	if (c->later != NULL && evbuffer_get_length(in) == IN_MAX)
		al_conn_pause(c->conn, true);
	return c->later != NULL;
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct http_conn *c = user;
	struct al_http *http = c->http;
	enum turn turn = TURN_NEXT;
	int served = 0;
	if (is_busy(c, in, eof))
		return;
	/* From the first answer on `c` may have gone with its connection. */
	eof = c->eof;
	http_again_end(c);
	while (turn == TURN_NEXT) {
		struct al_slice input = input_view(in);
		size_t len = http_head_len(al_slice_head(input, HEAD_MAX));
		if (len == 0 && input.len >= HEAD_MAX) {
			answer_status(http, conn, 431);
			return;
		}
		if (len == 0)
			break;
		if (al_conn_pending(conn) > PAUSE_ABOVE) {
			al_conn_pause(conn, true);
			return;
		}
		if (served++ == PIPELINE_MAX) {
			al_conn_poke(conn);
			return;
		}
		turn = request_answer(c, input, &len);
		if (turn == TURN_NEXT || turn == TURN_REST)
			evbuffer_drain(in, len);
	}
	if (turn == TURN_AGAIN) {
		http_again_begin(c);
		return;
	}
	if (turn != TURN_LAST && turn != TURN_REST && eof)
		al_conn_finish(conn);
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct http_conn *c = calloc(1, sizeof(*c));
	if (c == NULL)
		return AL_ENOMEM;
	c->http = arg;
	c->conn = conn;
	*user = c;
	return AL_OK;
}

static void on_closed(struct al_conn *conn, void *user)
{
	(void)conn;
	http_conn_gone(user);
	free(user);
}

/* Resuming calls on_data() for what is buffered; an answer that is not there yet resumes by itself. */
static void on_drained(struct al_conn *conn, void *user)
{
	const struct http_conn *c = user;
	if (c->later == NULL && !c->again)
		al_conn_pause(conn, false);
}

static void on_overflow(struct al_conn *conn, void *user)
{
	struct http_conn *c = user;
	if (c->later == NULL && c->events == NULL)
		answer_status(c->http, conn, 431);
}

static const struct al_conn_ops ops = {
	.open = on_open,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
	.overflow = on_overflow,
};

/* ---- life ---- */

enum al_err al_http_new(struct al_loop *loop, struct al_http **out)
{
	static const struct al_listener_conf conf = {
		.name = "http",
		.max_conns = CONNS_MAX,
		.max_per_source = CONNS_PER_SOURCE,
		.in_max = IN_MAX,
		.out_max = BODY_MAX + PAUSE_ABOVE + PIPELINE_MAX * FIELDS_MAX,
		.idle_ms = IDLE_MS,
	};
	struct al_http *http = calloc(1, sizeof(*http));
	if (http == NULL)
		return AL_ENOMEM;
	enum al_err err = al_listener_new(loop, &conf, &ops, http, &http->listener);
	if (err != AL_OK) {
		free(http);
		return err;
	}
	for (size_t i = 0; i < AL_COUNT(answers); i++)
		al_metric_add(&answers[i]);
	*out = http;
	return AL_OK;
}

void al_http_free(struct al_http *http)
{
	if (http == NULL)
		return;
	al_listener_free(http->listener);
	free(http);
}

enum al_err http_route_add(struct al_http *http, const char *path, const struct http_route *add)
{
	struct al_slice text = al_slice_str(path);
	if (!al_slice_starts(text, "/"))
		return AL_EINVAL;
	for (size_t i = 0; i < http->count; i++)
		if (al_slice_eq(http->routes[i].path, text))
			return AL_EEXIST;
	if (http->count == HTTP_ROUTES_MAX)
		return AL_ELIMIT;
	http->routes[http->count] = *add;
	http->routes[http->count++].path = text;
	return AL_OK;
}

enum al_err al_http_route(struct al_http *http, const char *path, al_http_fn fn, void *arg)
{
	return http_route_add(http, path, &(struct http_route){ .fn = fn, .arg = arg });
}

enum al_err al_http_post_route(struct al_http *http, const char *path, al_http_post_fn fn, void *arg)
{
	enum al_err err = http_route_add(http, path, &(struct http_route){ .post = fn, .arg = arg });
	if (err == AL_OK)
		http->posts = true;
	return err;
}

enum al_err al_http_decode(struct al_slice raw, char *out, size_t cap, size_t *len)
{
	return http_decode(raw, out, cap, len);
}

enum al_err al_http_listen(struct al_http *http, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_listener_tcp(http->listener, addr, port, bound);
}
