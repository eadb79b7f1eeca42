/* SPDX-License-Identifier: MIT */
/*
 * witness_server.c -- POST /add-checkpoint (c2sp.org/tlog-witness).
 *
 * One number and one root a log, in a file a log, replaced and synced before
 * the cosignature leaves. The loop's thread does all of it, one request at a
 * time, so looking and remembering cannot come apart. A checkpoint that the log
 * has signed and that does not continue the remembered one is kept:
 *
 *   evidence/   same size, another root: the log has signed two histories
 *   unproven/   no valid consistency proof came with it; it may still exist
 *
 * POST /add-keys, of our own: the keys note of a log that goes on under another
 * key. Anybody may bring it, for the key that is known here must have signed it.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/tlog/evidence.h"
#include "alamo/net/http.h"
#include "alamo/base/sha.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/mirror.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"
#include "dir.h"

#define PROOF_LINES 63
#define ROUTE_LEN (1 + 2 * AL_HASH_LEN + sizeof("/checkpoint"))

struct watched {
	struct al_vkey key;
	char path[PATH_MAX];     /* its checkpoint's file */
	char keys[PATH_MAX];     /* that of its keys note, once it has had another key than the given one */
	struct al_checkpoint cp; /* size 0: none yet */
	struct al_buf note;      /* with the log's own signature only */
	struct al_buf cosigned;  /* and ours: what is shown, and what the file has */
	char route[ROUTE_LEN];   /* "/", SHA-256 of the origin, "/checkpoint" */
};

struct al_witness_server {
	char dir[PATH_MAX];
	int lock;
	struct al_skey key;
	struct al_http *http;
	struct watched *logs; /* owned */
	size_t log_count;
};

struct addition {
	uint64_t old_size;
	struct al_hash proof[PROOF_LINES];
	size_t count;
	struct al_slice note;
};

static struct al_metric cosigned = {
	.name = "alamo_witness_cosigned_total",
	.help = "Checkpoints cosigned",
};
static struct al_metric refused = {
	.name = "alamo_witness_refused_total",
	.help = "Checkpoints refused, signed by their log or not",
};

/* ---- one request ---- */

static bool hash_read(struct al_slice line, struct al_hash *out)
{
	size_t len;

	return al_slice_base64(line, out->b, sizeof(out->b), &len) == AL_OK && len == sizeof(out->b);
}

static bool addition_read(struct al_slice body, struct addition *add)
{
	struct al_slice line;

	if (!al_slice_cut(&body, '\n', &line) || !al_slice_starts(line, "old ") ||
	    al_slice_u64(al_slice_from(line, strlen("old ")), UINT64_MAX, &add->old_size) != AL_OK)
		return false;
	for (add->count = 0; al_slice_cut(&body, '\n', &line); add->count++) {
		if (line.len == 0) {
			add->note = body;
			return body.len > 0;
		}
		if (add->count == PROOF_LINES || !hash_read(line, &add->proof[add->count]))
			return false;
	}
	return false;
}

static struct watched *log_find(struct al_witness_server *server, struct al_slice note)
{
	struct al_slice origin;

	(void)al_slice_cut(&note, '\n', &origin);
	for (size_t i = 0; i < server->log_count; i++)
		if (al_slice_is(origin, server->logs[i].key.name))
			return &server->logs[i];
	return NULL;
}

static int conflict(const struct watched *log, struct al_buf *answer, const char **type)
{
	*type = "text/x.tlog.size";
	al_buf_printf(answer, "%" PRIu64 "\n", log->cp.size);
	return 409;
}

/* Kept and said before the refusal, since it may be the only trace. */
static void keep(const struct al_witness_server *server, const char *folder, const char *what,
		 const struct watched *log, struct al_slice theirs)
{
	char text[AL_EVIDENCE_TEXT_MAX], dir[PATH_MAX];

	if (dir_path(server->dir, folder, dir, sizeof(dir)) != AL_OK)
		return;
	if (al_evidence_keep(dir, what, al_buf_view(&log->note), theirs, text) != AL_ELIMIT)
		al_log(AL_LOG_ERROR, "witness-refused", "log=%s %s", log->key.name, text);
}

/* The new checkpoint against the remembered one. 200: it continues it. */
static int judge(struct al_witness_server *server, const struct watched *log, const struct addition *add,
		 const struct al_checkpoint *cp, struct al_buf *answer, const char **type)
{
	if (cp->size == log->cp.size && cp->size > 0 && !al_hash_eq(&cp->root, &log->cp.root)) {
		keep(server, "evidence", AL_EVIDENCE_FORK, log, add->note);
		return 422; /* 409 would say: come again with our size, for ever */
	}
	if (add->old_size > cp->size)
		return 400;
	if (add->old_size != log->cp.size)
		return conflict(log, answer, type);
	if (add->old_size == 0)
		return add->count == 0 ? 200 : 422;
	if (al_consistency_ok(log->cp.size, cp->size, &log->cp.root, &cp->root, add->proof, add->count))
		return 200;
	if (cp->size > log->cp.size)
		keep(server, "unproven", "not shown to be one history", log, add->note);
	return 422;
}

static void swap(struct al_buf *a, struct al_buf *b)
{
	struct al_buf kept = *a;

	*a = *b;
	*b = kept;
}

static int remember(struct al_witness_server *server, struct watched *log, const struct addition *add,
		    const struct al_checkpoint *cp, uint64_t now, struct al_buf *answer)
{
	const struct al_slice text = al_keys_text(add->note); /* that is verified already, by the key of its size */
	struct al_buf kept, shown, line;
	int status = 500;

	al_buf_init(&kept, AL_NOTE_MAX);
	al_buf_init(&shown, AL_NOTE_MAX);
	al_buf_init(&line, AL_COSIGNATURE_MAX);
	/* Lines of others are not ours to keep or to show. */
	if (al_note_only(add->note, &log->key, &kept) == AL_OK)
		al_buf_slice(&shown, al_buf_view(&kept));
	al_cosign(text, &server->key, now, &line);
	al_buf_slice(&shown, al_buf_view(&line));
	if (kept.len > 0 && shown.err == AL_OK && line.err == AL_OK &&
	    al_note_save(log->path, al_buf_view(&shown), true) == AL_OK) {
		swap(&log->note, &kept);
		swap(&log->cosigned, &shown);
		log->cp = *cp;
		al_buf_slice(answer, al_buf_view(&line));
		status = 200;
	} else {
		al_log(AL_LOG_ERROR, "witness-state", "path=%s errno=%d", log->path, errno);
	}
	al_buf_release(&kept);
	al_buf_release(&shown);
	al_buf_release(&line);
	return status;
}

static int add_checkpoint(struct al_witness_server *server, struct al_slice body, uint64_t now, struct al_buf *answer,
			  const char **type)
{
	struct addition add = { 0 };
	struct al_checkpoint cp;
	struct watched *log;
	int status;

	if (!addition_read(body, &add))
		return 400;
	log = log_find(server, add.note);
	if (log == NULL)
		return 404;
	switch (al_checkpoint_open(add.note, &log->key, &cp)) {
	case AL_OK:
		break;
	case AL_EVERIFY:
		return 403;
	case AL_EDENIED:
		return 422; /* of no entries, and not the empty tree's */
	default:
		return 400;
	}
	status = judge(server, log, &add, &cp, answer, type);
	return status == 200 ? remember(server, log, &add, &cp, now, answer) : status;
}

int al_witness_add(struct al_witness_server *server, struct al_slice body, uint64_t now, struct al_buf *answer,
		   const char **type)
{
	int status = add_checkpoint(server, body, now, answer, type);

	al_metric_inc(status == 200 ? &cosigned : &refused, 1);
	return status;
}

/* ---- another key ---- */

static struct watched *log_of(struct al_witness_server *server, struct al_slice note)
{
	struct al_keys *keys = malloc(sizeof(*keys));
	struct watched *log = NULL;

	if (keys != NULL && al_keys_parse(al_keys_text(note), keys) == AL_OK)
		for (size_t i = 0; i < server->log_count && log == NULL; i++)
			if (strcmp(al_keys_log(keys)->name, server->logs[i].key.name) == 0)
				log = &server->logs[i];
	free(keys);
	return log;
}

/* What was cosigned under the old key has to count under the new one's past. */
static bool key_holds(const struct watched *log, const struct al_vkey *key)
{
	struct al_checkpoint cp;

	return log->note.len == 0 || al_checkpoint_open(al_buf_view(&log->note), key, &cp) == AL_OK;
}

int al_witness_keys(struct al_witness_server *server, struct al_slice note)
{
	struct watched *log = log_of(server, note);
	struct al_vkey next;
	enum al_err err;

	if (log == NULL)
		return 404;
	err = al_log_key_next(note, &log->key, &next);
	if (err == AL_EEXIST)
		return 200;
	if (err != AL_OK || !key_holds(log, &next))
		return 403;
	if (al_note_save(log->keys, note, true) != AL_OK) {
		al_log(AL_LOG_ERROR, "witness-state", "path=%s errno=%d", log->keys, errno);
		return 500;
	}
	log->key = next;
	al_log(AL_LOG_INFO, "witness-key", "log=%s goes on under another key, as the one before has signed",
	       log->key.name);
	return 200;
}

static void http_keys(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	(void)rest;
	answer->status = al_witness_keys(arg, body);
}

/* ---- HTTP ---- */

static void http_add(void *arg, struct al_slice rest, struct al_slice body, struct al_http_answer *answer)
{
	(void)rest;
	answer->status = al_witness_add(arg, body, al_now_s(), &answer->body, &answer->type);
}

/* The newest one that we have cosigned (c2sp.org/tlog-witness, monitoring). */
static void http_shown(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct watched *log = arg;

	(void)rest;
	(void)query;
	if (log->cosigned.len == 0)
		answer->status = 404;
	al_buf_slice(&answer->body, al_buf_view(&log->cosigned));
}

/* ---- life ---- */

/* Files are called by the origin's hash: an origin may hold any character. */
static enum al_err paths_make(const char *dir, struct watched *log)
{
	const struct al_slice origin = al_slice_str(log->key.name);
	uint8_t hash[AL_HASH_LEN];
	char hex[2 * sizeof(hash) + 1], name[64];
	enum al_err err;

	al_sha256(&origin, 1, hash);
	(void)sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	(void)snprintf(log->route, sizeof(log->route), "/%s/checkpoint", hex);
	(void)snprintf(name, sizeof(name), "log-%.16s.note", hex);
	err = dir_path(dir, name, log->path, sizeof(log->path));
	(void)snprintf(name, sizeof(name), "log-%.16s.keys", hex);
	return err == AL_OK ? dir_path(dir, name, log->keys, sizeof(log->keys)) : err;
}

/* The key that is given, or the one that the log has gone on to from there, which was verified when it came. */
static enum al_err key_settle(struct watched *log)
{
	struct al_vkey had;
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = al_note_load(log->keys, &note);
	if (err == AL_OK)
		err = al_log_key_parse(al_buf_view(&note), &had);
	if (err == AL_OK && al_log_key_later(&log->key, &had) == &had)
		log->key = had;
	al_buf_release(&note);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

static enum al_err watched_open(const char *dir, const struct al_vkey *key, struct watched *log)
{
	enum al_err err;

	log->key = *key;
	al_buf_init(&log->note, AL_NOTE_MAX);
	al_buf_init(&log->cosigned, AL_NOTE_MAX);
	err = paths_make(dir, log);
	if (err == AL_OK)
		err = key_settle(log);
	if (err == AL_OK)
		err = al_note_load(log->path, &log->cosigned);
	if (err == AL_ENOTFOUND)
		return AL_OK;
	if (err == AL_OK && al_checkpoint_open(al_buf_view(&log->cosigned), &log->key, &log->cp) != AL_OK)
		err = AL_EVERIFY;
	if (err == AL_OK)
		err = al_note_only(al_buf_view(&log->cosigned), &log->key, &log->note);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "witness-state", "log=%s path=%s err=%s", key->name, log->path, al_err_name(err));
	return err;
}

static enum al_err server_open(struct al_witness_server *server, struct al_loop *loop,
			       const struct al_witness_conf *conf)
{
	enum al_err err = al_slice_copy(al_slice_str(conf->dir), server->dir, sizeof(server->dir));

	if (err == AL_OK)
		err = dir_take(conf->dir, &server->lock);
	for (size_t i = 0; err == AL_OK && i < conf->log_count; i++) {
		for (size_t k = 0; k < i; k++)
			if (strcmp(conf->logs[i].name, conf->logs[k].name) == 0)
				return AL_EINVAL;
		err = watched_open(conf->dir, &conf->logs[i], &server->logs[i]);
		server->log_count = i + 1;
	}
	if (err == AL_OK)
		err = al_http_new(loop, &server->http);
	if (err == AL_OK)
		err = al_http_post_route(server->http, "/add-checkpoint", http_add, server);
	if (err == AL_OK)
		err = al_http_post_route(server->http, "/add-keys", http_keys, server);
	if (err == AL_OK)
		err = al_http_route(server->http, "/metrics", al_metrics_http, NULL);
	for (size_t i = 0; err == AL_OK && i < conf->log_count; i++)
		err = al_http_route(server->http, server->logs[i].route, http_shown, &server->logs[i]);
	return err;
}

enum al_err al_witness_new(struct al_loop *loop, const struct al_witness_conf *conf, struct al_witness_server **out)
{
	struct al_witness_server *server;
	enum al_err err;

	if (conf->log_count == 0 || conf->log_count > AL_WITNESS_LOGS_MAX)
		return AL_EINVAL;
	server = calloc(1, sizeof(*server));
	if (server == NULL)
		return AL_ENOMEM;
	server->lock = -1;
	server->key = *conf->key;
	server->logs = calloc(conf->log_count, sizeof(*server->logs));
	err = server->logs != NULL ? server_open(server, loop, conf) : AL_ENOMEM;
	if (err != AL_OK) {
		al_witness_free(server);
		return err;
	}
	al_metric_add(&cosigned);
	al_metric_add(&refused);
	*out = server;
	return AL_OK;
}

void al_witness_free(struct al_witness_server *server)
{
	if (server == NULL)
		return;
	al_http_free(server->http);
	for (size_t i = 0; i < server->log_count; i++) {
		al_buf_release(&server->logs[i].note);
		al_buf_release(&server->logs[i].cosigned);
	}
	free(server->logs);
	if (server->lock >= 0)
		(void)close(server->lock);
	al_skey_wipe(&server->key);
	free(server);
}

enum al_err al_witness_listen(struct al_witness_server *server, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_http_listen(server->http, addr, port, bound);
}
