/* SPDX-License-Identifier: MIT */
/*
 * nrtm4_files.c -- records out of the history, through gzip.
 *
 * A snapshot of any size of the log is read out of the history as it is now: of all versions up to that size those that
 * no later one up to it has replaced. So making one needs no copy of the state, and may take its time.
 */
#include "nrtm4_files.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "alamo/base/gzip.h"
#include "alamo/base/sha.h"

#include "history.h"
#include "rdap_json.h"
#include "text.h"

#define FORM 1 /* of the files; whoever changes what is in them adds 1, and so begins another session */
#define TEXT_MAX (2u << 20)
#define PIECE_TEXT 32768u
#define PIECE_LOOKS 500u

void nrtm4_session(const struct al_vkey *log, char out[static NRTM4_UUID_LEN])
{
	struct al_slice whole;
	struct al_buf text;
	uint8_t hash[AL_HASH_LEN];

	al_buf_init(&text, 4096);
	al_buf_printf(&text, "nrtm4 %d %s\n", FORM, zlibVersion());
	al_vkey_format(log, &text);
	whole = al_slice_of(text.ptr, text.len);
	al_sha256(&whole, 1, hash);
	al_buf_release(&text);
	/* The bits of a version 4 UUID (RFC 9562 section 5.4): a digest is as random as what it is made of. */
	hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x40);
	hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
	for (unsigned i = 0, at = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		(void)snprintf(out + at, 3, "%02x", hash[i]);
		at += 2;
	}
}

/* ---- records ---- */

/* One text of the sequence; takes `record`. Returns its length. */
static size_t put_json(struct al_gzip *pack, json_t *record)
{
	char *text = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;

	json_decref(record);
	if (text == NULL) {
		pack->err = pack->err != AL_OK ? pack->err : AL_ENOMEM;
		return 0;
	}
	al_gzip_put(pack, "\x1e", 1);
	al_gzip_put(pack, text, len);
	al_gzip_put(pack, "\n", 1);
	free(text);
	return len;
}

static void put_header(struct al_gzip *pack, const struct whois_view *view, const char *type, const char *session,
		       uint64_t version)
{
	(void)put_json(pack, json_pack("{s:i, s:s, s:o, s:s, s:I}", "nrtm_version", 4, "type", type, "source",
				       rdap_text(whois_view_source(view)), "session_id", session, "version",
				       (json_int_t)version));
}

static json_t *object_text(const struct whois_version *version)
{
	struct whois_shown shown = whois_shown_version(version);
	struct al_buf text;
	json_t *made;

	al_buf_init(&text, TEXT_MAX);
	whois_put_shown(&shown, false, &text);
	made = text.err == AL_OK ? rdap_text(al_buf_view(&text)) : NULL;
	al_buf_release(&text);
	return made;
}

static json_t *change(const struct whois_version *version)
{
	if (version->deleted)
		return json_pack("{s:s, s:s, s:o}", "action", "delete", "object_class", al_class_name(version->cls),
				 "primary_key", rdap_text(version->key));
	return json_pack("{s:s, s:o}", "action", "add_modify", "object", object_text(version));
}

/* A delta has at least one record (section 4.3), and an entry of a kind that is not known here changes nothing: then it says the registry object again. */
static enum al_err put_idle(struct al_gzip *pack, const struct whois_view *view, uint64_t size, struct al_buf *scratch)
{
	const struct al_object *registry = al_state_registry(view->state);
	struct whois_version version;
	enum al_err err = registry != NULL
				  ? whois_history_before(view->history, whois_history_serial(view->history, registry),
							 size, scratch, &version)
				  : AL_ENOTFOUND;

	if (err == AL_OK)
		(void)put_json(pack, change(&version));
	return err;
}

enum al_err nrtm4_delta(const struct whois_view *view, const char *session, uint64_t version, struct al_buf *out)
{
	uint64_t serial = whois_history_first(view->history, version - 1), count = 0;
	struct whois_version at;
	struct al_buf scratch;
	struct al_gzip pack;
	enum al_err err = al_gzip_begin(&pack, out);

	if (err != AL_OK)
		return err;
	al_buf_init(&scratch, TEXT_MAX);
	put_header(&pack, view, "delta", session, version);
	for (; serial <= whois_history_last(view->history) && err == AL_OK; serial++, count++) {
		err = whois_history_read(view->history, serial, &scratch, &at);
		if (err == AL_OK && at.index != version - 1)
			break;
		if (err == AL_OK)
			(void)put_json(&pack, change(&at));
	}
	if (err == AL_OK && count == 0)
		err = put_idle(&pack, view, version, &scratch);
	al_buf_release(&scratch);
	if (al_gzip_end(&pack) != AL_OK)
		return pack.err;
	return err;
}

/* ---- snapshots ---- */

struct nrtm4_snapshot {
	const struct whois_view *view;
	uint64_t size;   /* of the log */
	uint64_t serial; /* next version to look at */
	uint64_t last;
	struct al_gzip pack;
};

enum al_err nrtm4_snapshot_new(const struct whois_view *view, const char *session, uint64_t version, struct al_buf *out,
			       struct nrtm4_snapshot **made)
{
	struct nrtm4_snapshot *snapshot = calloc(1, sizeof(*snapshot));
	enum al_err err = snapshot != NULL ? al_gzip_begin(&snapshot->pack, out) : AL_ENOMEM;

	if (err != AL_OK) {
		free(snapshot);
		return err;
	}
	snapshot->view = view;
	snapshot->size = version;
	snapshot->serial = 1;
	snapshot->last = whois_history_first(view->history, version) - 1;
	put_header(&snapshot->pack, view, "snapshot", session, version);
	*made = snapshot;
	return AL_OK;
}

void nrtm4_snapshot_free(struct nrtm4_snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	al_gzip_drop(&snapshot->pack);
	free(snapshot);
}

/* Is this version the one that its object had at the snapshot's size? */
static bool stood(const struct nrtm4_snapshot *snapshot, const struct whois_version *version, struct al_buf *scratch)
{
	const struct whois_view *view = snapshot->view;
	const struct al_object *newest = al_state_version(view->state, version->cls, version->key);
	struct whois_version then;

	if (newest == NULL || newest->index == version->index)
		return newest != NULL;
	return newest->index >= snapshot->size &&
	       whois_history_before(view->history, whois_history_serial(view->history, newest), snapshot->size, scratch,
				    &then) == AL_OK &&
	       then.serial == version->serial;
}

enum al_err nrtm4_snapshot_step(struct nrtm4_snapshot *snapshot)
{
	struct whois_version version;
	struct al_buf text, scratch;
	enum al_err err = AL_OK;
	size_t put = 0;

	al_buf_init(&text, TEXT_MAX);
	al_buf_init(&scratch, TEXT_MAX);
	for (unsigned looks = 0;
	     snapshot->serial <= snapshot->last && err == AL_OK && put < PIECE_TEXT && looks < PIECE_LOOKS; looks++) {
		err = whois_history_read(snapshot->view->history, snapshot->serial++, &text, &version);
		if (err == AL_OK && !version.deleted && stood(snapshot, &version, &scratch))
			put += put_json(&snapshot->pack, json_pack("{s:o}", "object", object_text(&version)));
	}
	al_buf_release(&text);
	al_buf_release(&scratch);
	if (err != AL_OK || snapshot->pack.err != AL_OK)
		return err != AL_OK ? err : snapshot->pack.err;
	if (snapshot->serial <= snapshot->last)
		return AL_EAGAIN;
	return al_gzip_end(&snapshot->pack);
}
