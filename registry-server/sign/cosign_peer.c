/* SPDX-License-Identifier: MIT */
/*
 * cosign_peer.c -- POST to one witness over a connection that is kept.
 */
#include "cosign_peer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_S 5     /* of silence */
#define ANSWER_MS 10000 /* for a whole answer, however steadily it drips */
#define HEADERS_MAX 16384
#define BODY_MAX 16384
#define HOST_MAX 64

struct cosign_peer {
	struct evhttp_connection *conn;
	struct evhttp_request *asked; /* NULL: nothing is waited for */
	struct al_timer *deadline;
	char host[HOST_MAX + 8];                                          /* with its port, for the Host field */
	char add[AL_WITNESS_URL_MAX + 32], keys[AL_WITNESS_URL_MAX + 32]; /* paths */
	cosign_answer_fn fn;
	void *arg;
};

static bool is_address(const char *host)
{
	uint8_t bytes[16];

	return evutil_inet_pton(AF_INET, host, bytes) == 1 || evutil_inet_pton(AF_INET6, host, bytes) == 1;
}

/* Names are not looked up: that would stop the loop. */
static enum al_err url_take(struct cosign_peer *peer, struct al_loop *loop, const struct evhttp_uri *uri)
{
	const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
	const char *path = evhttp_uri_get_path(uri);
	struct al_slice name = al_slice_str(host);
	int port = evhttp_uri_get_port(uri);
	char plain[HOST_MAX];
	size_t len = path != NULL ? strlen(path) : 0;

	if (scheme == NULL || strcmp(scheme, "http") != 0 || host == NULL)
		return AL_EINVAL;
	if (al_slice_starts(name, "[") && al_slice_ends(name, "]"))
		name = al_slice_head(al_slice_from(name, 1), name.len - 2);
	if (al_slice_copy(name, plain, sizeof(plain)) != AL_OK || !is_address(plain))
		return AL_EINVAL;
	port = port > 0 ? port : 80;
	while (len > 0 && path[len - 1] == '/')
		len--;
	snprintf(peer->add, sizeof(peer->add), "%.*s/add-checkpoint", (int)len, len > 0 ? path : "");
	snprintf(peer->keys, sizeof(peer->keys), "%.*s/add-keys", (int)len, len > 0 ? path : "");
	snprintf(peer->host, sizeof(peer->host), strchr(plain, ':') != NULL ? "[%s]:%d" : "%s:%d", plain, port);
	peer->conn = evhttp_connection_base_new(al_loop_base(loop), NULL, plain, (uint16_t)port);
	if (peer->conn == NULL)
		return AL_ENOMEM;
	evhttp_connection_set_timeout(peer->conn, TIMEOUT_S);
	evhttp_connection_set_max_headers_size(peer->conn, HEADERS_MAX);
	evhttp_connection_set_max_body_size(peer->conn, BODY_MAX);
	return AL_OK;
}

/* A cancelled request answers to nobody: that is done here. */
static void on_deadline(void *arg)
{
	struct cosign_peer *peer = arg;
	const struct cosign_answer away = { .outcome = COSIGN_AWAY };
	struct evhttp_request *asked = peer->asked;

	if (asked == NULL)
		return;
	peer->asked = NULL;
	evhttp_cancel_request(asked);
	peer->fn(peer->arg, &away);
}

enum al_err cosign_peer_new(struct al_loop *loop, const struct al_witness *witness, cosign_answer_fn fn, void *arg,
			    struct cosign_peer **out)
{
	struct evhttp_uri *uri = evhttp_uri_parse(witness->url);
	struct cosign_peer *peer = calloc(1, sizeof(*peer));
	enum al_err err = peer == NULL ? AL_ENOMEM : AL_EINVAL;

	if (peer != NULL && uri != NULL)
		err = url_take(peer, loop, uri);
	if (uri != NULL)
		evhttp_uri_free(uri);
	if (err != AL_OK) {
		cosign_peer_free(peer);
		return err;
	}
	err = al_timer_new(loop, on_deadline, peer, &peer->deadline);
	if (err != AL_OK) {
		cosign_peer_free(peer);
		return err;
	}
	peer->fn = fn;
	peer->arg = arg;
	*out = peer;
	return AL_OK;
}

void cosign_peer_free(struct cosign_peer *peer)
{
	if (peer == NULL)
		return;
	peer->fn = NULL;
	if (peer->conn != NULL)
		evhttp_connection_free(peer->conn);
	al_timer_free(peer->deadline);
	free(peer);
}

static void on_answer(struct evhttp_request *request, void *arg)
{
	struct cosign_peer *peer = arg;
	struct cosign_answer answer = { .outcome = COSIGN_AWAY };

	if (peer->fn == NULL)
		return;
	peer->asked = NULL;
	al_timer_clear(peer->deadline);
	if (request != NULL && evhttp_request_get_response_code(request) != 0) {
		struct evbuffer *in = evhttp_request_get_input_buffer(request);
		size_t len = evbuffer_get_length(in);

		answer.status = evhttp_request_get_response_code(request);
		answer.body = al_slice_of(evbuffer_pullup(in, -1), len);
		answer.outcome = answer.status == 200 ? COSIGN_LINES : COSIGN_REFUSED;
		if (answer.status == 409 && al_slice_u64(al_slice_trim(answer.body), UINT64_MAX, &answer.size) == AL_OK)
			answer.outcome = COSIGN_CONFLICT;
	}
	peer->fn(peer->arg, &answer);
}

static enum al_err post(struct cosign_peer *peer, const char *path, struct al_slice body)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, peer);
	struct evkeyvalq *fields;

	if (request == NULL)
		return AL_ENOMEM;
	fields = evhttp_request_get_output_headers(request);
	if (evhttp_add_header(fields, "Host", peer->host) != 0 ||
	    evhttp_add_header(fields, "Content-Type", "text/plain; charset=utf-8") != 0 ||
	    evbuffer_add(evhttp_request_get_output_buffer(request), body.ptr, body.len) != 0) {
		evhttp_request_free(request);
		return AL_ENOMEM;
	}
	peer->asked = request;
	al_timer_set(peer->deadline, ANSWER_MS);
	/* Takes the request, even when it fails. */
	if (evhttp_make_request(peer->conn, request, EVHTTP_REQ_POST, path) == 0)
		return AL_OK;
	peer->asked = NULL;
	al_timer_clear(peer->deadline);
	return AL_ECLOSED;
}

enum al_err cosign_peer_ask(struct cosign_peer *peer, struct al_slice body)
{
	return post(peer, peer->add, body);
}

enum al_err cosign_peer_tell(struct cosign_peer *peer, struct al_slice keys_note)
{
	return post(peer, peer->keys, keys_note);
}
