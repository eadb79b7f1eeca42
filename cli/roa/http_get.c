/* SPDX-License-Identifier: MIT */
/*
 * http_get.c -- a GET with libevent's client, on an event base of its own that runs until the answer is there.
 *
 * What is fetched is signed, so the connection need not be: plain HTTP, to any mirror.
 */
#include "http_get.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <string.h>

#define PATH_LEN 1024
#define HEADERS_MAX 16384

struct get {
	struct event_base *base;
	struct al_buf *out;
	enum al_err err;
};

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct get *get = arg;
	struct evbuffer *in;

	get->err = AL_ECLOSED;
	if (request != NULL && evhttp_request_get_response_code(request) != 0) {
		in = evhttp_request_get_input_buffer(request);
		get->err = evhttp_request_get_response_code(request) == 200 ? AL_OK : AL_ENOTFOUND;
		if (get->err == AL_OK && evbuffer_get_length(in) != 0)
			al_buf_put(get->out, evbuffer_pullup(in, -1), evbuffer_get_length(in));
		if (get->err == AL_OK)
			get->err = get->out->err;
	}
	(void)event_base_loopexit(get->base, NULL);
}

static enum al_err request_run(struct get *get, struct evhttp_connection *conn, const char *host, const char *path)
{
	const struct timeval limit = { .tv_sec = HTTP_GET_SECONDS };
	struct evhttp_request *request = evhttp_request_new(on_answer, get);

	if (request == NULL)
		return AL_ENOMEM;
	evhttp_connection_set_timeout(conn, HTTP_GET_SECONDS / 4);
	evhttp_connection_set_max_headers_size(conn, HEADERS_MAX);
	evhttp_connection_set_max_body_size(conn, (ev_ssize_t)get->out->max);
	if (evhttp_add_header(evhttp_request_get_output_headers(request), "Host", host) != 0 ||
	    evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close") != 0) {
		evhttp_request_free(request);
		return AL_ENOMEM;
	}
	if (evhttp_make_request(conn, request, EVHTTP_REQ_GET, path) != 0)
		return AL_ECLOSED;
	(void)event_base_loopexit(get->base, &limit);
	(void)event_base_dispatch(get->base);
	return get->err;
}

static enum al_err uri_get(struct get *get, const struct evhttp_uri *uri, const char *rest)
{
	const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
	const char *path = evhttp_uri_get_path(uri);
	struct al_slice name = al_slice_str(host);
	struct evhttp_connection *conn;
	char plain[256], whole[PATH_LEN];
	int port = evhttp_uri_get_port(uri), len;
	enum al_err err;

	if (scheme == NULL || strcmp(scheme, "http") != 0 || host == NULL)
		return AL_EINVAL;
	if (al_slice_starts(name, "[") && al_slice_ends(name, "]"))
		name = al_slice_head(al_slice_from(name, 1), name.len - 2);
	len = snprintf(whole, sizeof(whole), "%s%s", path != NULL && strcmp(path, "/") != 0 ? path : "", rest);
	if (al_slice_copy(name, plain, sizeof(plain)) != AL_OK || len < 0 || (size_t)len >= sizeof(whole))
		return AL_EINVAL;
	conn = evhttp_connection_base_new(get->base, NULL, plain, (uint16_t)(port > 0 ? port : 80));
	if (conn == NULL)
		return AL_ENOMEM;
	err = request_run(get, conn, host, whole);
	evhttp_connection_free(conn);
	return err;
}

enum al_err http_get(const char *url, const char *path, struct al_buf *out)
{
	struct get get = { .base = event_base_new(), .out = out, .err = AL_ECLOSED };
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	enum al_err err = uri == NULL ? AL_EINVAL : get.base == NULL ? AL_ENOMEM : AL_OK;

	if (err == AL_OK)
		err = uri_get(&get, uri, path);
	if (uri != NULL)
		evhttp_uri_free(uri);
	if (get.base != NULL)
		event_base_free(get.base);
	return err;
}
