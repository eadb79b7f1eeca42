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
	const struct vrp_set *set; /* counted; NULL before the first */
	char network[NETWORK_MAX];
	uint64_t size;
	uint64_t shown_s; /* the set is what it is since then */
	uint64_t fresh_s; /* last time that this was known to be the newest */
	bool up;          /* and it is so now */
	bool withheld;
	uint64_t expire_s;
	struct export_body bodies[ORIGIN_FILE_COUNT];
};

/* ---- keeping them ---- */

enum al_err export_new(const char *network, uint64_t expire_s, struct export **out)
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
	for (i = 0; i < ORIGIN_FILE_COUNT; i++) {
		export->bodies[i].export = export;
		export->bodies[i].def = &origin_files[i];
		(void)snprintf(export->bodies[i].path, PATH_LEN, "/%s", origin_files[i].name);
		al_buf_init(&export->bodies[i].text, BODY_MAX);
	}
	*out = export;
	return AL_OK;
}

static void export_clear(struct export *export)
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
	export_clear(export);
	vrp_set_unref(export->set);
	free(export);
}

void export_publish(struct export *export, const struct vrp_set *set, uint64_t size, uint64_t now_s)
{
	const struct vrp_set *old = export->set;

	if (set != old) {
		export_clear(export);
		export->set = vrp_set_ref(set);
		vrp_set_unref(old);
		/* A clock that goes back must not make a new set look old. */
		export->shown_s = now_s > export->shown_s ? now_s : export->shown_s + 1;
	}
	export->size = size;
	export->fresh_s = now_s;
}

void export_withhold(struct export *export, bool withheld)
{
	export->withheld = withheld;
}

void export_link(struct export *export, bool up, uint64_t now_s)
{
	if (export == NULL)
		return;
	if (export->up && !up)
		export->fresh_s = now_s;
	export->up = up;
}

static bool body_stale(const struct export_body *body)
{
	if (body->text.len == 0)
		return true;
	return body->def->dated && body->export->fresh_s >= body->made_s + EXPORT_FRESH_S;
}

static enum al_err body_make(struct export_body *body)
{
	const struct export *export = body->export;
	struct origin_meta meta = {
		.network = export->network,
		.size = export->size,
		.generated = export->fresh_s,
		.expires = export->fresh_s + export->expire_s,
	};
	uint8_t digest[AL_HASH_LEN];
	char hex[17];

	al_buf_reset(&body->text);
	body->def->write(&body->text, export->set, &meta);
	if (body->text.err != AL_OK)
		return body->text.err;
	body->made_s = export->fresh_s;
	if (!body->def->dated || body->made_s < export->shown_s)
		body->modified_s = export->shown_s;
	else
		body->modified_s = body->made_s;
	crypto_hash_sha256(digest, body->text.ptr, body->text.len);
	(void)sodium_bin2hex(hex, sizeof(hex), digest, 8);
	(void)snprintf(body->etag, sizeof(body->etag), "\"%" PRIu32 "-%s\"", export->set->serial, hex);
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

	(void)rest;
	(void)query;
	if (body->export->up)
		body->export->fresh_s = al_now_s();
	if (body->export->set == NULL || body->export->withheld || (body_stale(body) && body_make(body) != AL_OK)) {
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
