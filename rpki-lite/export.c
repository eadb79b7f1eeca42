/* SPDX-License-Identifier: MIT */
/*
 * export.c -- the files of a set (origin_file.h), kept, and the HTTP routes to them.
 *
 * Thread: the loop's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "export.h"

#define BODY_MAX ((size_t)1 << 30)
#define NETWORK_MAX 256
#define ETAG_LEN 48
#define PATH_LEN 32

struct export_body {
	struct export *export;
	const struct origin_file_def *def;
	char path[PATH_LEN];
	struct al_buf text; /* empty: not made yet */
	uint64_t made_s;
	uint64_t modified_s; /* from when on it is what it is */
	char etag[ETAG_LEN];
};

struct export
{
	const struct moment *moment;
	char network[NETWORK_MAX];
	uint64_t expire_s;
	struct export_body bodies[ORIGIN_FILE_COUNT];
};

/* ---- keeping them ---- */

void export_expire(struct export *export, uint64_t expire_s)
{
	export->expire_s = expire_s;
}

enum al_err export_new(const char *network, uint64_t expire_s, const struct moment *moment, struct export **out)
{
	struct export *export = calloc(1, sizeof(*export));
	int i;

	if (export == NULL)
		return AL_ENOMEM;
	if (al_slice_copy(al_slice_str(network), export->network, sizeof(export->network)) != AL_OK) {
		free(export);
		return AL_ELIMIT;
	}
	export->expire_s = expire_s;
	export->moment = moment;
	for (i = 0; i < ORIGIN_FILE_COUNT; i++) {
		export->bodies[i].export = export;
		export->bodies[i].def = &origin_files[i];
		(void)snprintf(export->bodies[i].path, PATH_LEN, "/%s", origin_files[i].name);
		al_buf_init(&export->bodies[i].text, BODY_MAX);
	}
	*out = export;
	return AL_OK;
}

void export_forget(struct export *export)
{
	int i;

	for (i = 0; i < ORIGIN_FILE_COUNT; i++) {
		al_buf_release(&export->bodies[i].text);
		al_buf_init(&export->bodies[i].text, BODY_MAX);
	}
}

void export_free(struct export *export)
{
	if (export == NULL)
		return;
	export_forget(export);
	free(export);
}

static bool body_stale(const struct export_body *body, uint64_t fresh_s)
{
	return body->text.len == 0 || (body->def->dated && fresh_s >= body->made_s + EXPORT_FRESH_S);
}

static enum al_err body_make(struct export_body *body, uint64_t fresh_s)
{
	const struct export *export = body->export;
	const struct moment *moment = export->moment;
	struct origin_meta meta = {
		.network = export->network,
		.size = moment->cp.size,
		.generated = fresh_s,
		.expires = fresh_s + export->expire_s,
	};
	uint8_t digest[AL_HASH_LEN];
	char hex[17];

	al_buf_reset(&body->text);
	body->def->write(&body->text, moment->set, &meta);
	if (body->text.err != AL_OK)
		return body->text.err;
	body->made_s = fresh_s;
	body->modified_s = body->def->dated && fresh_s > moment->shown_s ? fresh_s : moment->shown_s;
	crypto_hash_sha256(digest, body->text.ptr, body->text.len);
	(void)sodium_bin2hex(hex, sizeof(hex), digest, 8);
	(void)snprintf(body->etag, sizeof(body->etag), "\"%" PRIu32 "-%s\"", moment->set->serial, hex);
	return AL_OK;
}

/*
 * A second in which the body changed may see another change: who is answered within it is told the second before,
 * so that the date he brings back later is never that of two bodies.
 */
static uint64_t body_modified(const struct export_body *body)
{
	return al_now_s() > body->modified_s ? body->modified_s : body->modified_s - 1;
}

static void export_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct export_body *body = arg;
	const struct moment *moment = body->export->moment;
	uint64_t fresh_s = moment->fresh_s;

	(void)rest;
	(void)query;
	if (!moment_serves(moment) || (body_stale(body, fresh_s) && body_make(body, fresh_s) != AL_OK)) {
		answer->status = 503;
		al_buf_str(&answer->body, "no verified data yet\n");
		return;
	}
	answer->type = body->def->type;
	answer->etag = body->etag;
	answer->modified_s = body_modified(body);
	al_buf_put(&answer->body, body->text.ptr, body->text.len);
}

enum al_err export_routes(struct export *export, struct al_http *http)
{
	enum al_err err = AL_OK;
	int i;

	for (i = 0; i < ORIGIN_FILE_COUNT && err == AL_OK; i++)
		err = al_http_route(http, export->bodies[i].path, export_answer, &export->bodies[i]);
	return err;
}
