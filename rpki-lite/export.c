/*
 * export.c -- JSON and bird bodies of a set, and the HTTP routes to them.
 *
 * Thread: the loop's. Everything written is digits, prefixes and the log's name, whose bytes are checked.
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

struct export_body {
	struct export *export;
	enum export_kind kind;
	struct al_buf text; /* empty: not made yet */
	uint64_t made_s;
	char etag[ETAG_LEN];
};

struct export
{
	const struct vrp_set *set; /* counted; NULL before the first */
	char network[NETWORK_MAX];
	uint64_t size;
	uint64_t fresh_s; /* last time that this was known to be the newest */
	bool up;          /* and it is so now */
	uint64_t expire_s;
	struct export_body bodies[EXPORT_COUNT];
};

static const char *const paths[EXPORT_COUNT] = {
	[EXPORT_JSON] = "/roas.json",
	[EXPORT_BIRD] = "/roas-bird2.conf",
	[EXPORT_BIRD4] = "/roas-bird2-4.conf",
	[EXPORT_BIRD6] = "/roas-bird2-6.conf",
};

/* ---- bodies ---- */

/* The bytes of a JSON string or of a bird comment that need no care; others become '?'. */
static void put_plain(struct al_buf *out, const char *text)
{
	for (; *text != '\0'; text++)
		al_buf_u8(out, *text < ' ' || *text > '~' || *text == '"' || *text == '\\' ? '?' : (uint8_t)*text);
}

/* Rows are written without printf: a set of 600,000 is a second of it, and the loop waits meanwhile. */
static void put_number(struct al_buf *out, uint32_t n)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	al_buf_put(out, digits + at, sizeof(digits) - at);
}

static void put_prefix(struct al_buf *out, const struct vrp *vrp)
{
	struct al_prefix prefix = vrp_prefix(vrp);
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(&prefix, text);
	al_buf_str(out, text);
}

static void put_json_meta(struct al_buf *out, const struct vrp_set *set, const struct export_meta *meta)
{
	char built[AL_TIME_STRLEN];

	al_time_format(meta->generated, built);
	al_buf_printf(out, "{\n\"metadata\": {\"counts\": %zu, \"counts4\": %zu, \"counts6\": %zu, ", set->count,
		      set->count4, set->count - set->count4);
	al_buf_printf(out, "\"generated\": %" PRIu64 ", \"valid\": %" PRIu64 ", \"buildtime\": \"%s\", ",
		      meta->generated, meta->valid, built);
	al_buf_printf(out, "\"serial\": %" PRIu32 ", \"logSize\": %" PRIu64 ", \"network\": \"", set->serial,
		      meta->size);
	put_plain(out, meta->network);
	al_buf_str(out, "\"},\n\"roas\": [");
}

static void put_json(struct al_buf *out, const struct vrp_set *set, const struct export_meta *meta)
{
	size_t i;

	put_json_meta(out, set, meta);
	for (i = 0; i < set->count; i++) {
		al_buf_str(out, i != 0 ? ",\n{\"prefix\": \"" : "\n{\"prefix\": \"");
		put_prefix(out, &set->items[i]);
		al_buf_str(out, "\", \"maxLength\": ");
		put_number(out, set->items[i].max);
		al_buf_str(out, ", \"asn\": \"AS");
		put_number(out, set->items[i].asn);
		al_buf_str(out, "\"}");
	}
	al_buf_str(out, "\n]\n}\n");
}

/* No time in here: the file is the same as long as the set is. */
static void put_bird(struct al_buf *out, const struct vrp_set *set, const struct export_meta *meta, size_t from,
		     size_t to)
{
	size_t i;

	al_buf_str(out, "# route origins of ");
	put_plain(out, meta->network);
	al_buf_printf(out, ", log size %" PRIu64 ", serial %" PRIu32 ", %zu records\n", set->size, set->serial,
		      to - from);
	for (i = from; i < to; i++) {
		al_buf_str(out, "route ");
		put_prefix(out, &set->items[i]);
		al_buf_str(out, " max ");
		put_number(out, set->items[i].max);
		al_buf_str(out, " as ");
		put_number(out, set->items[i].asn);
		al_buf_str(out, ";\n");
	}
}

void export_write(enum export_kind kind, const struct vrp_set *set, const struct export_meta *meta, struct al_buf *out)
{
	switch (kind) {
	case EXPORT_JSON:
		put_json(out, set, meta);
		break;
	case EXPORT_BIRD:
		put_bird(out, set, meta, 0, set->count);
		break;
	case EXPORT_BIRD4:
		put_bird(out, set, meta, 0, set->count4);
		break;
	case EXPORT_BIRD6:
		put_bird(out, set, meta, set->count4, set->count);
		break;
	case EXPORT_COUNT:
		break;
	}
}

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
	for (i = 0; i < EXPORT_COUNT; i++) {
		export->bodies[i].export = export;
		export->bodies[i].kind = (enum export_kind)i;
		al_buf_init(&export->bodies[i].text, BODY_MAX);
	}
	*out = export;
	return AL_OK;
}

static void export_clear(struct export *export)
{
	int i;

	for (i = 0; i < EXPORT_COUNT; i++) {
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
	}
	export->size = size;
	export->fresh_s = now_s;
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
	return body->kind == EXPORT_JSON && body->export->fresh_s >= body->made_s + EXPORT_FRESH_S;
}

static enum al_err body_make(struct export_body *body)
{
	const struct export *export = body->export;
	struct export_meta meta = {
		.network = export->network,
		.size = export->size,
		.generated = export->fresh_s,
		.valid = export->fresh_s + export->expire_s,
	};
	uint8_t digest[AL_HASH_LEN];
	char hex[17];

	al_buf_reset(&body->text);
	export_write(body->kind, export->set, &meta, &body->text);
	if (body->text.err != AL_OK)
		return body->text.err;
	body->made_s = export->fresh_s;
	crypto_hash_sha256(digest, body->text.ptr, body->text.len);
	(void)sodium_bin2hex(hex, sizeof(hex), digest, 8);
	(void)snprintf(body->etag, sizeof(body->etag), "\"%" PRIu32 "-%s\"", export->set->serial, hex);
	return AL_OK;
}

static void export_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct export_body *body = arg;

	(void)rest;
	(void)query;
	if (body->export->up)
		body->export->fresh_s = al_now_s();
	if (body->export->set == NULL || (body_stale(body) && body_make(body) != AL_OK)) {
		answer->status = 503;
		al_buf_str(&answer->body, "no verified data yet\n");
		return;
	}
	if (body->kind == EXPORT_JSON)
		answer->type = "application/json";
	answer->etag = body->etag;
	al_buf_put(&answer->body, body->text.ptr, body->text.len);
}

enum al_err export_routes(struct export *export, struct al_http *http)
{
	enum al_err err = AL_OK;
	int i;

	for (i = 0; i < EXPORT_COUNT && err == AL_OK; i++)
		err = al_http_route(http, paths[i], export_answer, &export->bodies[i]);
	return err;
}
