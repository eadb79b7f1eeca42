/* SPDX-License-Identifier: MIT */
/*
 * http_get.c -- a GET or a POST with libevent's client, on an event base of its own that runs until the answer is there.
 *
 * What is fetched is signed, so the connection need not be: plain HTTP, to any mirror. What is sent may be for one
 * receiver's eyes, and its URL a secret: https too.
 */
#include "http_get.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "http_tls.h"

#define TARGET_LEN 2048
#define HEADERS_MAX 16384
#define ANSWER_MAX (1 << 20) /* to a POST */
#define ADDRESSES_MAX 8

struct call {
	struct event_base *base;
	struct al_buf *out; /* NULL: nobody wants the body */
	struct al_slice body;
	const char *type; /* of the body; NULL: a GET */
	int status;
	enum al_err err; /* AL_EAGAIN: no connection was made */
};

/* Where no connection came about there is a request without a code; where one broke, none. */
static void on_answer(struct evhttp_request *request, void *arg)
{
	struct call *call = arg;
	struct evbuffer *in;

	call->err = request != NULL ? AL_EAGAIN : AL_ECLOSED;
	if (request != NULL && evhttp_request_get_response_code(request) != 0) {
		call->status = evhttp_request_get_response_code(request);
		call->err = AL_OK;
		in = evhttp_request_get_input_buffer(request);
		if (call->status == 200 && call->out != NULL && evbuffer_get_length(in) != 0)
			al_buf_put(call->out, evbuffer_pullup(in, -1), evbuffer_get_length(in));
	}
	(void)event_base_loopexit(call->base, NULL);
}

static bool request_fill(const struct call *call, struct evhttp_request *request, const char *host)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool ok = evhttp_add_header(headers, "Host", host) == 0 &&
		  evhttp_add_header(headers, "Connection", "close") == 0;

	if (ok && call->type != NULL)
		ok = evhttp_add_header(headers, "Content-Type", call->type) == 0 &&
		     evhttp_add_header(headers, "User-Agent", "alamo/" ALAMO_VERSION) == 0 &&
		     evbuffer_add(evhttp_request_get_output_buffer(request), call->body.ptr, call->body.len) == 0;
	return ok;
}

static enum al_err request_run(struct call *call, struct evhttp_connection *conn, const char *host, const char *target)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, call);

	call->err = AL_ECLOSED; /* when time is over */
	if (request == NULL)
		return AL_ENOMEM;
	evhttp_connection_set_timeout(conn, HTTP_GET_SECONDS / 4);
	evhttp_connection_set_max_headers_size(conn, HEADERS_MAX);
	evhttp_connection_set_max_body_size(conn, call->out != NULL ? (ev_ssize_t)call->out->max : ANSWER_MAX);
	if (!request_fill(call, request, host)) {
		evhttp_request_free(request);
		return AL_ENOMEM;
	}
	if (evhttp_make_request(conn, request, call->type != NULL ? EVHTTP_REQ_POST : EVHTTP_REQ_GET, target) != 0)
		return AL_ECLOSED;
	(void)event_base_dispatch(call->base);
	return call->err;
}

static bool is_scheme(const struct evhttp_uri *uri, const char *scheme)
{
	return al_slice_caseis(al_slice_str(evhttp_uri_get_scheme(uri)), scheme);
}

/* The host of the URL, without an IPv6 address's brackets. */
static enum al_err host_plain(const struct evhttp_uri *uri, char out[static 256])
{
	struct al_slice name = al_slice_str(evhttp_uri_get_host(uri));

	if (al_slice_starts(name, "[") && al_slice_ends(name, "]"))
		name = al_slice_head(al_slice_from(name, 1), name.len - 2);
	return name.len > 0 && al_slice_copy(name, out, 256) == AL_OK ? AL_OK : AL_EINVAL;
}

/* By one of the host's addresses: libevent itself would try the first of them and no other. */
static enum al_err address_call(struct call *call, const struct evhttp_uri *uri, const struct addrinfo *at,
				const char *name, const char *target)
{
	char address[NI_MAXHOST], service[NI_MAXSERV], host[300];
	struct bufferevent *bev = is_scheme(uri, "https") ? http_tls_new(call->base, name) : NULL;
	struct evhttp_connection *conn = NULL;
	uint64_t port = 0;
	enum al_err err;

	if ((bev != NULL || !is_scheme(uri, "https")) &&
	    getnameinfo(at->ai_addr, at->ai_addrlen, address, sizeof(address), service, sizeof(service),
			NI_NUMERICHOST | NI_NUMERICSERV) == 0 &&
	    al_slice_u64(al_slice_str(service), UINT16_MAX, &port) == AL_OK)
		conn = evhttp_connection_base_bufferevent_new(call->base, NULL, bev, address, (uint16_t)port);
	if (conn == NULL) {
		if (bev != NULL)
			bufferevent_free(bev);
		return AL_ENOMEM;
	}
	if (evhttp_uri_get_port(uri) > 0)
		(void)snprintf(host, sizeof(host), "%s:%s", evhttp_uri_get_host(uri), service);
	else
		(void)snprintf(host, sizeof(host), "%s", evhttp_uri_get_host(uri));
	err = request_run(call, conn, host, target);
	evhttp_connection_free(conn);
	return err;
}

static enum al_err uri_call(struct call *call, const struct evhttp_uri *uri, const char *target)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL;
	char name[256], port[16];
	unsigned tried = 0;
	enum al_err err = host_plain(uri, name);

	if (err != AL_OK)
		return err;
	if (evhttp_uri_get_port(uri) > 0)
		(void)snprintf(port, sizeof(port), "%d", evhttp_uri_get_port(uri));
	else
		(void)snprintf(port, sizeof(port), "%s", is_scheme(uri, "https") ? "443" : "80");
	if (getaddrinfo(name, port, &hints, &list) != 0)
		return AL_ECLOSED;
	err = AL_EAGAIN;
	for (const struct addrinfo *at = list; at != NULL && err == AL_EAGAIN && tried < ADDRESSES_MAX;
	     at = at->ai_next, tried++)
		err = address_call(call, uri, at, name, target);
	freeaddrinfo(list);
	return err == AL_EAGAIN ? AL_ECLOSED : err;
}

static enum al_err call_run(struct call *call, const struct evhttp_uri *uri, const char *target)
{
	const struct timeval limit = { .tv_sec = HTTP_GET_SECONDS }; /* for all addresses together */
	enum al_err err = AL_ENOMEM;

	call->base = event_base_new();
	if (call->base != NULL && event_base_loopexit(call->base, &limit) == 0)
		err = uri_call(call, uri, target);
	if (call->base != NULL)
		event_base_free(call->base);
	return err;
}

enum al_err http_get(const char *url, const char *rest, struct al_buf *out)
{
	struct call call = { .out = out, .err = AL_ECLOSED };
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;
	char target[TARGET_LEN];
	int len = snprintf(target, sizeof(target), "%s%s", path != NULL && strcmp(path, "/") != 0 ? path : "", rest);
	enum al_err err = AL_EINVAL;

	if (uri != NULL && is_scheme(uri, "http") && len > 0 && (size_t)len < sizeof(target))
		err = call_run(&call, uri, target);
	if (err == AL_OK)
		err = call.status == 200 ? out->err : AL_ENOTFOUND;
	if (uri != NULL)
		evhttp_uri_free(uri);
	return err;
}

/* Path and query as they are asked for. */
static bool post_target(const struct evhttp_uri *uri, char target[static TARGET_LEN])
{
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	char host[256];
	int len = snprintf(target, TARGET_LEN, "%s%s%s", path != NULL && path[0] != '\0' ? path : "/",
			   query != NULL ? "?" : "", query != NULL ? query : "");

	return len > 0 && len < TARGET_LEN && (is_scheme(uri, "http") || is_scheme(uri, "https")) &&
	       evhttp_uri_get_userinfo(uri) == NULL && host_plain(uri, host) == AL_OK;
}

bool http_post_url_ok(const char *url)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	char target[TARGET_LEN];
	bool ok = uri != NULL && post_target(uri, target);

	if (uri != NULL)
		evhttp_uri_free(uri);
	return ok;
}

enum al_err http_post(const char *url, const char *type, struct al_slice body, int *status)
{
	struct call call = { .type = type, .body = body, .err = AL_ECLOSED };
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	char target[TARGET_LEN];
	enum al_err err = AL_EINVAL;

	if (uri != NULL && post_target(uri, target))
		err = call_run(&call, uri, target);
	if (err == AL_OK)
		*status = call.status;
	if (uri != NULL)
		evhttp_uri_free(uri);
	return err;
}
