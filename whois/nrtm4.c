/* SPDX-License-Identifier: MIT */
/*
 * nrtm4.c -- what is named is hashed first, in pieces: deltas are made twice, once for their hash and again for who asks;
 * of snapshots the last two are kept, so that who has read the file before still finds what it names.
 */
#include "nrtm4.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/sha.h"
#include "entries.h"
#include "history.h"
#include "nrtm4_files.h"
#include "nrtm4_key.h"
#include "rdap_json.h"

#define STEP_MS 5u
#define STEP_DELTAS 16u /* hashed in one piece of work */
#define NAME_MAX_LEN 160u
#define HEX_LEN (2 * crypto_hash_sha256_BYTES + 1)
#define NOTIFICATION "update-notification-file.jose"
#define SAYING_MAX (4u << 20) /* bytes of the notification */

struct snapshot {
	uint64_t version; /* 0: none */
	struct al_buf bytes;
	char hash[HEX_LEN];
};

struct delta {
	uint64_t version; /* 0: none */
	char hash[HEX_LEN];
};

struct nrtm4 {
	const struct whois_view *view;
	struct al_timer *timer;
	char folder[PATH_MAX];
	char session[NRTM4_UUID_LEN];
	bool asked; /* somebody wants it */
	struct snapshot now, before;
	struct nrtm4_snapshot *making;
	struct snapshot made; /* by `making`, so far */
	crypto_hash_sha256_state hashing;
	size_t hashed;
	struct delta deltas[NRTM4_DELTAS_MAX]; /* version N at N % NRTM4_DELTAS_MAX */
	struct al_buf notification;
	uint64_t said_version, said_s;
};

/* ---- what is named ---- */

/* Entries of the first `size` that are older than `time`. */
static uint64_t older(const struct whois_view *view, uint64_t size, uint64_t time)
{
	uint64_t low = 0, high = size;
	struct whois_entry entry;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (whois_entries_get(view->entries, mid, &entry) == AL_OK && entry.time < time)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct nrtm4_plan nrtm4_plan(const struct whois_view *view, uint64_t now)
{
	const uint64_t half = NRTM4_DELTAS_MAX / 2;
	uint64_t size = view->head.size;
	struct nrtm4_plan plan = { .snapshot = older(view, size, now - now % NRTM4_SNAPSHOT_S), .last = size };

	if (plan.snapshot == 0)
		plan.snapshot = 1;
	if (size - plan.snapshot > half)
		plan.snapshot = size - size % half;
	plan.first = older(view, size, now > NRTM4_DELTA_S ? now - NRTM4_DELTA_S : 0) + 1;
	if (plan.first > plan.snapshot + 1)
		plan.first = plan.snapshot + 1;
	if (plan.first + NRTM4_DELTAS_MAX <= size)
		plan.first = size - NRTM4_DELTAS_MAX + 1;
	return plan;
}

/* The plan, by the snapshot that is there. */
static struct nrtm4_plan plan_now(const struct nrtm4 *nrtm4)
{
	struct nrtm4_plan plan = nrtm4_plan(nrtm4->view, al_now_s());

	if (nrtm4->now.version > 0 && plan.first > nrtm4->now.version + 1)
		plan.first = nrtm4->now.version + 1;
	return plan;
}

static struct delta *delta_at(struct nrtm4 *nrtm4, uint64_t version)
{
	return &nrtm4->deltas[version % NRTM4_DELTAS_MAX];
}

static void hex_of(const uint8_t hash[static crypto_hash_sha256_BYTES], char out[static HEX_LEN])
{
	(void)sodium_bin2hex(out, HEX_LEN, hash, crypto_hash_sha256_BYTES);
}

/* ---- making it ---- */

static enum al_err hash_delta(struct nrtm4 *nrtm4, uint64_t version)
{
	struct delta *delta = delta_at(nrtm4, version);
	uint8_t hash[AL_HASH_LEN];
	struct al_slice whole;
	struct al_buf bytes;
	enum al_err err;

	al_buf_init(&bytes, NRTM4_FILE_MAX);
	err = nrtm4_delta(nrtm4->view, nrtm4->session, version, &bytes);
	if (err == AL_OK) {
		whole = al_slice_of(bytes.ptr, bytes.len);
		al_sha256(&whole, 1, hash);
		hex_of(hash, delta->hash);
		delta->version = version;
	}
	al_buf_release(&bytes);
	return err;
}

/* AL_EAGAIN: some are left. */
static enum al_err step_deltas(struct nrtm4 *nrtm4, const struct nrtm4_plan *plan)
{
	unsigned done = 0;
	enum al_err err = AL_OK;

	for (uint64_t version = plan->first; version <= plan->last && err == AL_OK; version++) {
		if (delta_at(nrtm4, version)->version == version)
			continue;
		if (done++ == STEP_DELTAS)
			return AL_EAGAIN;
		err = hash_delta(nrtm4, version);
	}
	return err;
}

static void snapshot_release(struct snapshot *snapshot)
{
	al_buf_release(&snapshot->bytes);
	*snapshot = (struct snapshot){ 0 };
	al_buf_init(&snapshot->bytes, NRTM4_FILE_MAX);
}

static void snapshot_done(struct nrtm4 *nrtm4)
{
	uint8_t hash[crypto_hash_sha256_BYTES];

	(void)crypto_hash_sha256_final(&nrtm4->hashing, hash);
	hex_of(hash, nrtm4->made.hash);
	nrtm4_snapshot_free(nrtm4->making);
	nrtm4->making = NULL;
	snapshot_release(&nrtm4->before);
	nrtm4->before = nrtm4->now;
	nrtm4->now = nrtm4->made;
	al_buf_init(&nrtm4->made.bytes, NRTM4_FILE_MAX);
	nrtm4->made.version = 0;
	al_log(AL_LOG_INFO, "nrtm4-snapshot", "version=%" PRIu64 " bytes=%zu", nrtm4->now.version,
	       nrtm4->now.bytes.len);
}

/* AL_EAGAIN: there is more to do. */
static enum al_err step_snapshot(struct nrtm4 *nrtm4, const struct nrtm4_plan *plan)
{
	enum al_err err;

	if (nrtm4->making == NULL) {
		if (nrtm4->now.version >= plan->snapshot)
			return AL_OK;
		err = nrtm4_snapshot_new(nrtm4->view, nrtm4->session, plan->snapshot, &nrtm4->made.bytes,
					 &nrtm4->making);
		if (err != AL_OK)
			return err;
		nrtm4->made.version = plan->snapshot;
		nrtm4->hashed = 0;
		(void)crypto_hash_sha256_init(&nrtm4->hashing);
	}
	err = nrtm4_snapshot_step(nrtm4->making);
	if (err == AL_OK || err == AL_EAGAIN) {
		(void)crypto_hash_sha256_update(&nrtm4->hashing, nrtm4->made.bytes.ptr + nrtm4->hashed,
						nrtm4->made.bytes.len - nrtm4->hashed);
		nrtm4->hashed = nrtm4->made.bytes.len;
	}
	if (err == AL_OK)
		snapshot_done(nrtm4);
	return err;
}

static bool possible(const struct nrtm4 *nrtm4)
{
	const struct whois_view *view = nrtm4->view;

	return view->history != NULL && view->entries != NULL && whois_history_error(view->history) == AL_OK &&
	       whois_entries_count(view->entries) >= view->head.size && view->head.size > 0;
}

/* On the timer. */
static void step(void *arg)
{
	struct nrtm4 *nrtm4 = arg;
	struct nrtm4_plan plan;
	enum al_err err;

	if (!possible(nrtm4))
		return;
	plan = plan_now(nrtm4);
	err = step_deltas(nrtm4, &plan);
	if (err == AL_OK)
		err = step_snapshot(nrtm4, &plan);
	if (err == AL_EAGAIN) {
		al_timer_set(nrtm4->timer, STEP_MS);
	} else if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "nrtm4", "version=%" PRIu64 " err=%s", plan.snapshot, al_err_name(err));
		nrtm4_snapshot_free(nrtm4->making);
		nrtm4->making = NULL;
		snapshot_release(&nrtm4->made);
	}
}

void nrtm4_grown(struct nrtm4 *nrtm4)
{
	if (nrtm4->asked)
		al_timer_set(nrtm4->timer, 0);
}

/* ---- the notification ---- */

static void file_name(const struct nrtm4 *nrtm4, const char *kind, uint64_t version, const char *hash,
		      char out[static NAME_MAX_LEN])
{
	(void)snprintf(out, NAME_MAX_LEN, "nrtm-%s.%s.%" PRIu64 ".%.16s.json.gz", kind, nrtm4->session, version, hash);
}

static json_t *reference(const struct nrtm4 *nrtm4, const char *kind, uint64_t version, const char *hash)
{
	char name[NAME_MAX_LEN];

	file_name(nrtm4, kind, version, hash, name);
	return json_pack("{s:I, s:s, s:s}", "version", (json_int_t)version, "url", name, "hash", hash);
}

static json_t *next_key(const struct nrtm4 *nrtm4)
{
	struct al_buf pem;
	json_t *made = NULL;

	al_buf_init(&pem, JWS_PEM_MAX);
	if (nrtm4_key_public(nrtm4->folder, NRTM4_KEY_NEXT, &pem) == AL_OK)
		made = rdap_text(al_buf_view(&pem));
	al_buf_release(&pem);
	return made;
}

/*
 * Deltas up to the newest that is hashed, which is not before the snapshot: of a list that ends earlier a mirror would
 * think that it has the snapshot's version once it has the list.
 */
static json_t *payload(struct nrtm4 *nrtm4, uint64_t *version)
{
	struct nrtm4_plan plan = plan_now(nrtm4);
	json_t *deltas = json_array(), *next = next_key(nrtm4), *made;
	char time[AL_TIME_STRLEN];

	*version = nrtm4->now.version;
	for (uint64_t at = plan.first; at <= plan.last && delta_at(nrtm4, at)->version == at; at++) {
		(void)json_array_append_new(deltas, reference(nrtm4, "delta", at, delta_at(nrtm4, at)->hash));
		*version = at;
	}
	/* Its time is the last at which we knew that nothing newer was there. */
	al_time_format(al_now_s() - nrtm4->view->stale_s, time);
	made = json_pack("{s:i, s:s, s:o, s:s, s:I, s:s, s:o, s:o}", "nrtm_version", 4, "type", "notification",
			 "source", rdap_text(whois_view_source(nrtm4->view)), "session_id", nrtm4->session, "version",
			 (json_int_t)*version, "timestamp", time, "snapshot",
			 reference(nrtm4, "snapshot", nrtm4->now.version, nrtm4->now.hash), "deltas", deltas);
	if (next != NULL)
		(void)json_object_set_new(made, "next_signing_key", next);
	return made;
}

static enum al_err notify(struct nrtm4 *nrtm4)
{
	struct jws_key *key = NULL;
	struct al_buf text;
	uint64_t version = 0;
	enum al_err err = nrtm4_key_read(nrtm4->folder, NRTM4_KEY, &key);

	if (err != AL_OK)
		return err;
	al_buf_init(&text, SAYING_MAX);
	err = rdap_put(payload(nrtm4, &version), &text);
	if (err == AL_OK && version < nrtm4->now.version)
		err = AL_EAGAIN;
	al_buf_reset(&nrtm4->notification);
	if (err == AL_OK)
		err = jws_sign(key, al_buf_view(&text), &nrtm4->notification);
	nrtm4->said_version = err == AL_OK ? version : 0;
	nrtm4->said_s = al_now_s();
	al_buf_release(&text);
	jws_key_free(key);
	return err;
}

/* ---- HTTP ---- */

static void refuse(struct al_http_answer *answer, int status, const char *text)
{
	answer->status = status;
	answer->type = "text/plain; charset=utf-8";
	al_buf_str(&answer->body, text);
}

static void answer_notification(struct nrtm4 *nrtm4, struct al_http_answer *answer)
{
	uint64_t now = al_now_s();
	bool newer = nrtm4->said_version != nrtm4->view->head.size && now != nrtm4->said_s;
	enum al_err err = AL_OK;

	if (nrtm4->now.version == 0)
		err = AL_EAGAIN;
	else if (nrtm4->said_version == 0 || newer || now < nrtm4->said_s || now - nrtm4->said_s >= NRTM4_REFRESH_S)
		err = notify(nrtm4);
	if (err != AL_OK) {
		refuse(answer, 503,
		       err == AL_EAGAIN ? "The files are being made. Try again in a few seconds.\n"
					: "There is no key to sign with: [whois] nrtm4-keys, " NRTM4_KEY ".\n");
		return;
	}
	answer->type = "application/jose";
	al_buf_slice(&answer->body, al_buf_view(&nrtm4->notification));
}

static void answer_key(const struct nrtm4 *nrtm4, struct al_http_answer *answer)
{
	answer->type = "application/x-pem-file";
	if (nrtm4_key_public(nrtm4->folder, NRTM4_KEY, &answer->body) != AL_OK)
		refuse(answer, 404, "There is no key.\n");
}

static bool is_snapshot(const struct nrtm4 *nrtm4, const struct snapshot *snapshot, struct al_slice name)
{
	char own[NAME_MAX_LEN];

	if (snapshot->version == 0)
		return false;
	file_name(nrtm4, "snapshot", snapshot->version, snapshot->hash, own);
	return al_slice_is(name, own);
}

/* The version in the name of a delta that is named now or was a while ago; 0: none. */
static uint64_t delta_of(struct nrtm4 *nrtm4, struct al_slice name)
{
	struct al_slice rest = name, part;
	char own[NAME_MAX_LEN];
	uint64_t version;

	for (int i = 0; i < 3; i++)
		if (!al_slice_cut(&rest, '.', &part))
			return 0;
	if (al_slice_u64(part, UINT32_MAX, &version) != AL_OK || delta_at(nrtm4, version)->version != version)
		return 0;
	file_name(nrtm4, "delta", version, delta_at(nrtm4, version)->hash, own);
	return al_slice_is(name, own) ? version : 0;
}

static void answer_file(struct nrtm4 *nrtm4, struct al_slice name, struct al_http_answer *answer)
{
	uint64_t version = delta_of(nrtm4, name);
	enum al_err err = AL_OK;

	if (is_snapshot(nrtm4, &nrtm4->now, name))
		al_buf_slice(&answer->body, al_buf_view(&nrtm4->now.bytes));
	else if (is_snapshot(nrtm4, &nrtm4->before, name))
		al_buf_slice(&answer->body, al_buf_view(&nrtm4->before.bytes));
	else
		err = version > 0 ? nrtm4_delta(nrtm4->view, nrtm4->session, version, &answer->body) : AL_ENOTFOUND;
	if (err != AL_OK) {
		al_buf_reset(&answer->body);
		refuse(answer, 404, "No such file, or no more: read " NOTIFICATION " again.\n");
		return;
	}
	answer->type = "application/gzip";
	answer->max_age_s = NRTM4_DELTA_S;
	answer->immutable = true;
}

static void http_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct nrtm4 *nrtm4 = arg;
	struct al_slice name = rest, source;

	(void)query;
	if (nrtm4->view->head.size == 0) {
		refuse(answer, 503, "The log is still being fetched and checked. Try again soon.\n");
	} else if (!possible(nrtm4)) {
		refuse(answer, 404, "No history is kept here: [whois] history.\n");
	} else if (!al_slice_cut(&name, '/', &source) || !al_slice_caseeq(source, whois_view_source(nrtm4->view))) {
		refuse(answer, 404, "It is /nrtmv4/SOURCE/" NOTIFICATION ".\n");
	} else {
		nrtm4->asked = true;
		nrtm4_grown(nrtm4);
		if (al_slice_is(name, NOTIFICATION))
			answer_notification(nrtm4, answer);
		else if (al_slice_is(name, "public-key.pem"))
			answer_key(nrtm4, answer);
		else
			answer_file(nrtm4, name, answer);
	}
}

enum al_err nrtm4_new(struct al_loop *loop, const struct whois_view *view, const struct al_vkey *log,
		      const char *folder, struct nrtm4 **out)
{
	struct nrtm4 *nrtm4 = calloc(1, sizeof(*nrtm4));
	enum al_err err = nrtm4 != NULL ? al_timer_new(loop, step, nrtm4, &nrtm4->timer) : AL_ENOMEM;

	if (err == AL_OK)
		err = al_slice_copy(al_slice_str(folder), nrtm4->folder, sizeof(nrtm4->folder));
	if (err != AL_OK) {
		nrtm4_free(nrtm4);
		return err;
	}
	nrtm4->view = view;
	nrtm4_session(log, nrtm4->session);
	al_buf_init(&nrtm4->now.bytes, NRTM4_FILE_MAX);
	al_buf_init(&nrtm4->before.bytes, NRTM4_FILE_MAX);
	al_buf_init(&nrtm4->made.bytes, NRTM4_FILE_MAX);
	al_buf_init(&nrtm4->notification, SAYING_MAX * 2);
	nrtm4_key_ensure(nrtm4->folder);
	*out = nrtm4;
	return AL_OK;
}

void nrtm4_free(struct nrtm4 *nrtm4)
{
	if (nrtm4 == NULL)
		return;
	al_timer_free(nrtm4->timer);
	nrtm4_snapshot_free(nrtm4->making);
	al_buf_release(&nrtm4->now.bytes);
	al_buf_release(&nrtm4->before.bytes);
	al_buf_release(&nrtm4->made.bytes);
	al_buf_release(&nrtm4->notification);
	free(nrtm4);
}

enum al_err nrtm4_serve(struct nrtm4 *nrtm4, struct al_http *http)
{
	return al_http_route(http, "/nrtmv4/", http_answer, nrtm4);
}
