/* SPDX-License-Identifier: MIT */
/*
 * signed.c -- signs heads when they are asked for. Thread: the loop's.
 *
 * A head costs a signature, and a hash of the set when that is another one. Its time is the last one at which the set
 * was known to be the newest, so a daemon that is cut off goes on giving out heads that grow old.
 */
#include "signed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/tlog/note_file.h"

#include "origin_head.h"
#include "origin_set.h"

#define ETAG_LEN 80

struct signed_set {
	struct moment *moment; /* borrowed */
	struct al_skey key;    /* secret */
	struct origin_key statement;
	struct origin_head head; /* of the last note */
	struct al_buf note;      /* empty: none was made yet */
	uint64_t valid_s;
	char etag[ETAG_LEN];
};

static struct al_metric metric_heads = { .name = "alamo_rpki_heads_signed_total", .help = "Heads signed" };
static struct al_metric metric_key = { .name = "alamo_rpki_key_not_after_seconds",
				       .help = "Unix time at which the key for heads expires",
				       .gauge = true };
static struct al_metric metric_key_since = { .name = "alamo_rpki_key_since_seconds",
					     .help = "Unix time at which the log's key said that it may sign heads",
					     .gauge = true };

/* ---- keys ---- */

static enum al_err key_load(const char *path, struct al_skey *out)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 1024);
	err = al_note_load(path, &text);
	if (err == AL_OK)
		err = al_skey_parse(al_slice_trim(al_buf_view(&text)), out);
	if (text.ptr != NULL)
		sodium_memzero(text.ptr, text.len);
	al_buf_release(&text);
	return err;
}

/* The statement has to be about this key, or nobody could believe what it signs. */
static enum al_err statement_load(const struct signed_conf *conf, struct signed_set *self)
{
	enum al_err err = al_note_load(conf->note, &self->head.key);

	if (err == AL_OK)
		err = origin_key_open(al_buf_view(&self->head.key), conf->log, &self->statement);
	if (err == AL_OK && memcmp(self->statement.key.pk, self->key.pub.pk, sizeof(self->key.pub.pk)) != 0)
		err = AL_EVERIFY;
	return err;
}

static void key_measure(uint64_t not_after)
{
	al_metric_set(&metric_key, not_after);
	al_metric_set(&metric_key_since, not_after > ORIGIN_KEY_LIFE_S ? not_after - ORIGIN_KEY_LIFE_S : 0);
}

void signed_valid(struct signed_set *self, uint64_t valid_s)
{
	self->valid_s = valid_s;
}

enum al_err signed_new(const struct signed_conf *conf, struct moment *moment, struct signed_set **out)
{
	struct signed_set *self = calloc(1, sizeof(*self));
	enum al_err err;

	if (self == NULL)
		return AL_ENOMEM;
	self->moment = moment;
	self->valid_s = conf->valid_s;
	origin_head_init(&self->head);
	al_buf_init(&self->note, AL_NOTE_MAX);
	err = key_load(conf->key, &self->key);
	if (err == AL_ENOTFOUND) {
		signed_free(self);
		*out = NULL;
		return AL_OK;
	}
	if (err == AL_OK)
		err = statement_load(conf, self);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "roa-key", "key=%s statement=%s err=%s; `alamo roa key` makes both", conf->key,
		       conf->note, al_err_name(err));
		signed_free(self);
		return err;
	}
	al_metric_add(&metric_heads);
	al_metric_add(&metric_key_since);
	al_metric_add(&metric_key);
	key_measure(self->statement.not_after);
	*out = self;
	return AL_OK;
}

void signed_free(struct signed_set *self)
{
	if (self == NULL)
		return;
	al_skey_wipe(&self->key);
	origin_head_release(&self->head);
	al_buf_release(&self->note);
	free(self);
}

/* ---- heads ---- */

/* Is the last note still what there is to say? */
static bool head_current(const struct signed_set *self, uint64_t fresh_s)
{
	const struct origin_head *head = &self->head;
	const struct moment *moment = self->moment;

	return self->note.len != 0 && head->changed == moment->set->size && head->cp.size == moment->cp.size &&
	       fresh_s < head->generated + SIGNED_FRESH_S && fresh_s >= head->generated;
}

static enum al_err head_make(struct signed_set *self, uint64_t fresh_s)
{
	struct origin_head *head = &self->head;
	struct moment *moment = self->moment;
	struct al_slice records;
	struct al_buf text;
	enum al_err err = moment_text(moment, &records);

	if (err != AL_OK)
		return err;
	if (self->note.len == 0 || head->changed != moment->set->size)
		origin_head_describe(head, moment->set, records);
	memcpy(head->origin, self->key.pub.name, sizeof(head->origin));
	memcpy(head->log, self->statement.log, sizeof(head->log));
	head->cp = moment->cp;
	head->generated = fresh_s;
	head->expires = fresh_s + self->valid_s;
	al_buf_reset(&head->checkpoint);
	al_buf_slice(&head->checkpoint, al_buf_view(&moment->note));
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_reset(&self->note);
	origin_head_format(head, &text);
	if (text.err == AL_OK)
		al_note_sign(al_buf_view(&text), &self->key, &self->note);
	err = text.err != AL_OK ? text.err : self->note.err;
	al_buf_release(&text);
	if (err != AL_OK)
		al_buf_reset(&self->note);
	else
		al_metric_inc(&metric_heads, 1);
	return err;
}

static enum al_err head_update(struct signed_set *self)
{
	uint64_t fresh_s = self->moment->fresh_s;

	if (!moment_serves(self->moment) || self->moment->note.len == 0)
		return AL_ENOTFOUND;
	return head_current(self, fresh_s) ? AL_OK : head_make(self, fresh_s);
}

/* ---- over HTTP ---- */

static void refuse(struct al_http_answer *answer, int status, const char *why)
{
	answer->status = status;
	al_buf_str(&answer->body, why);
}

static void head_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct signed_set *self = arg;

	(void)rest;
	(void)query;
	if (head_update(self) != AL_OK)
		refuse(answer, 503, "no verified data yet\n");
	else
		al_buf_slice(&answer->body, al_buf_view(&self->note));
}

static void set_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct signed_set *self = arg;
	struct al_slice records;

	(void)rest;
	(void)query;
	if (head_update(self) != AL_OK || moment_text(self->moment, &records) != AL_OK) {
		refuse(answer, 503, "no verified data yet\n");
		return;
	}
	(void)sodium_bin2hex(self->etag, sizeof(self->etag), self->head.digest.b, sizeof(self->head.digest.b));
	answer->etag = self->etag;
	al_buf_slice(&answer->body, records);
}

static void delta_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	struct signed_set *self = arg;
	const struct moment *moment = self->moment;
	struct vrp_delta *delta;
	uint64_t from;

	(void)query;
	if (al_slice_u64(rest, UINT32_MAX, &from) != AL_OK || !moment_serves(moment) || moment->history == NULL ||
	    vrp_history_net(moment->history, (uint32_t)from, &delta) != AL_OK) {
		refuse(answer, 404, "no difference from this serial is kept: fetch /roa/set\n");
		return;
	}
	origin_delta_write(delta, &answer->body);
	free(delta);
}

static void key_answer(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct signed_set *self = arg;

	(void)rest;
	(void)query;
	al_buf_slice(&answer->body, al_buf_view(&self->head.key));
}

enum al_err signed_routes(struct signed_set *self, struct al_http *http)
{
	enum al_err err = al_http_route(http, "/roa/head", head_answer, self);

	if (err == AL_OK)
		err = al_http_route(http, "/roa/set", set_answer, self);
	if (err == AL_OK)
		err = al_http_route(http, "/roa/delta/", delta_answer, self);
	if (err == AL_OK)
		err = al_http_route(http, "/roa/key", key_answer, self);
	return err;
}
