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

#include "alamo/base/gzip.h"
#include "alamo/base/sha.h"

#include "export.h"

#define BODY_MAX ((size_t)1 << 30)
#define NETWORK_MAX 256
#define ETAG_LEN 48
#define PATH_LEN 32
#define PACK_LEAST 1024 /* bytes: below that it is not worth it */

struct export_body {
	struct export *export;
	const struct origin_file_def *def;
	char path[PATH_LEN];
	struct al_buf text; /* empty: not made yet */
	uint64_t made_s;
	uint64_t modified_s; /* from when on it is what it is */
	char etag[ETAG_LEN];
	struct al_buf packed; /* whole if packed_etag says something */
	struct al_gzip gzip;  /* with a stream: on the way, `done` bytes of `text` so far */
	size_t done;
	char packed_etag[ETAG_LEN];
};

struct export
{
	const struct moment *moment;
	struct al_timer *turn; /* to pack on */
	char network[NETWORK_MAX];
	uint64_t expire_s;
	struct export_body bodies[ORIGIN_FILE_COUNT];
};

/* ---- keeping them ---- */

void export_expire(struct export *export, uint64_t expire_s)
{
	export->expire_s = expire_s;
}

/* What is packed, or on its way, is of another body. */
static void body_unpack(struct export_body *body)
{
	al_gzip_drop(&body->gzip);
	al_buf_release(&body->packed);
	al_buf_init(&body->packed, BODY_MAX);
	body->packed_etag[0] = '\0';
}

static void body_forget(struct export_body *body)
{
	body_unpack(body);
	al_buf_release(&body->text);
	al_buf_init(&body->text, BODY_MAX);
}

/* One piece more. False: there is nothing more to do. */
static bool body_pack(struct export_body *body)
{
	size_t left = body->text.len - body->done, some = left < EXPORT_PIECE ? left : EXPORT_PIECE;

	if (body->gzip.stream == NULL)
		return false;
	al_gzip_put(&body->gzip, body->text.ptr + body->done, some);
	body->done += some;
	if (body->gzip.err == AL_OK && body->done < body->text.len)
		return true;
	if (al_gzip_end(&body->gzip) == AL_OK)
		(void)snprintf(body->packed_etag, sizeof(body->packed_etag), "%.*s-gzip\"", (int)strlen(body->etag) - 1,
			       body->etag);
	return false;
}

static void export_turn(void *arg)
{
	struct export *export = arg;
	bool more = false;

	for (int i = 0; i < ORIGIN_FILE_COUNT && !more; i++)
		more = body_pack(&export->bodies[i]);
	if (more)
		al_timer_set(export->turn, 0);
}

/* Begun by the first who would take it so; true if it is there. */
static bool body_packed(struct export_body *body)
{
	if (body->packed_etag[0] == '\0' && body->gzip.stream == NULL && body->text.len >= PACK_LEAST) {
		body->done = 0;
		if (al_gzip_begin(&body->gzip, &body->packed) == AL_OK && body_pack(body))
			al_timer_set(body->export->turn, 0);
	}
	return body->packed_etag[0] != '\0';
}

enum al_err export_new(struct al_loop *loop, const char *network, uint64_t expire_s, const struct moment *moment,
		       struct export **out)
{
	struct export *export = calloc(1, sizeof(*export));
	enum al_err err;

	if (export == NULL)
		return AL_ENOMEM;
	err = al_slice_copy(al_slice_str(network), export->network, sizeof(export->network));
	if (err == AL_OK)
		err = al_timer_new(loop, export_turn, export, &export->turn);
	if (err != AL_OK) {
		free(export);
		return err;
	}
	export->expire_s = expire_s;
	export->moment = moment;
	for (int i = 0; i < ORIGIN_FILE_COUNT; i++) {
		export->bodies[i].export = export;
		export->bodies[i].def = &origin_files[i];
		(void)snprintf(export->bodies[i].path, PATH_LEN, "/%s", origin_files[i].name);
		al_buf_init(&export->bodies[i].text, BODY_MAX);
		al_buf_init(&export->bodies[i].packed, BODY_MAX);
	}
	*out = export;
	return AL_OK;
}

void export_forget(struct export *export)
{
	for (int i = 0; i < ORIGIN_FILE_COUNT; i++)
		body_forget(&export->bodies[i]);
}

void export_free(struct export *export)
{
	if (export == NULL)
		return;
	export_forget(export);
	al_timer_free(export->turn);
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
	struct al_slice text;
	char hex[17];

	body_unpack(body);
	al_buf_reset(&body->text);
	body->def->write(&body->text, moment->set, &meta);
	if (body->text.err != AL_OK)
		return body->text.err;
	body->made_s = fresh_s;
	body->modified_s = body->def->dated && fresh_s > moment->shown_s ? fresh_s : moment->shown_s;
	text = al_slice_of(body->text.ptr, body->text.len);
	al_sha256(&text, 1, digest);
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
	answer->packed = answer->takes_gzip && body_packed(body);
	answer->varies = true;
	answer->type = body->def->type;
	answer->etag = answer->packed ? body->packed_etag : body->etag;
	answer->modified_s = body_modified(body);
	if (answer->packed)
		al_buf_put(&answer->body, body->packed.ptr, body->packed.len);
	else
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
