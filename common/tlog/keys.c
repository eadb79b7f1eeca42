/* SPDX-License-Identifier: MIT */
/*
 * keys.c -- the keys note: text, signatures of the roots, which key for which size.
 *
 * Pure, but for the pasts of logs' keys, which stay. Parsing is strict by comparison: what does not format to the same
 * bytes is not taken.
 */
#include "alamo/tlog/keys.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/tlog/witness.h"
#include "note_parts.h"

#define DATE_LEN 10 /* "2028-01-01" */

/* ---- text ---- */

/* The next line's value, if the line starts with `word` and a blank. */
static bool take(struct al_slice *rest, const char *word, struct al_slice *value)
{
	struct al_slice after = *rest, line, name;

	if (!al_slice_cut(&after, '\n', &line) || !al_slice_cut(&line, ' ', &name) || !al_slice_is(name, word))
		return false;
	*rest = after;
	*value = line;
	return true;
}

static bool take_u64(struct al_slice *words, const char *name, uint64_t *out)
{
	struct al_slice word;

	(void)al_slice_cut(words, ' ', &word);
	if (!al_slice_is(word, name))
		return false;
	(void)al_slice_cut(words, ' ', &word);
	return al_slice_u64(word, UINT64_MAX, out) == AL_OK;
}

static bool date_parse(struct al_slice s, uint64_t *out)
{
	char text[AL_TIME_STRLEN];

	if (s.len != DATE_LEN)
		return false;
	(void)snprintf(text, sizeof(text), "%.*sT00:00:00Z", AL_FMT(s));
	return al_time_parse(al_slice_str(text), out) == AL_OK;
}

/* "VKEY from N [until SIZE ROOT]" */
static enum al_err log_parse(struct al_slice line, struct al_keys_log *out)
{
	struct al_slice word;
	size_t len;
	enum al_err err;

	(void)al_slice_cut(&line, ' ', &word);
	err = al_vkey_parse(word, &out->key);
	if (err != AL_OK)
		return err;
	if (!take_u64(&line, "from", &out->from))
		return AL_EINVAL;
	out->closed = line.len > 0;
	if (!out->closed)
		return AL_OK;
	if (!take_u64(&line, "until", &out->until.size) ||
	    al_slice_base64(line, out->until.root.b, sizeof(out->until.root.b), &len) != AL_OK ||
	    len != sizeof(out->until.root.b))
		return AL_EINVAL;
	return AL_OK;
}

/* One tree under keys of one name, none twice, without gap or overlap, the last one open. */
static bool logs_ok(const struct al_keys *keys)
{
	uint64_t from = 0;

	for (size_t i = 0; i < keys->log_count; i++) {
		const struct al_keys_log *log = &keys->log[i];

		if (log->from != from || log->closed == (i + 1 == keys->log_count) ||
		    (log->closed && log->until.size <= from) || strcmp(log->key.name, keys->log[0].key.name) != 0)
			return false;
		for (size_t j = 0; j < i; j++)
			if (memcmp(log->key.pk, keys->log[j].key.pk, sizeof(log->key.pk)) == 0)
				return false;
		from = log->until.size;
	}
	return keys->log_count > 0;
}

static enum al_err policy_parse(struct al_slice text, struct al_keys *out)
{
	struct al_policy *policy;
	struct al_slice rest = text, line;
	char message[128];
	enum al_err err = al_slice_copy(text, out->policy, sizeof(out->policy));

	if (err != AL_OK || text.len == 0)
		return err;
	while (al_slice_cut(&rest, '\n', &line))
		if (!al_slice_starts(line, "witness ") && !al_slice_starts(line, "group ") &&
		    !al_slice_starts(line, "quorum "))
			return AL_EINVAL;
	if (rest.len > 0 || line.len > 0)
		return AL_EINVAL;
	err = al_policy_parse(text, &policy, message, sizeof(message));
	if (err == AL_OK)
		al_policy_free(policy);
	return err;
}

static enum al_err text_parse(struct al_slice text, struct al_keys *out)
{
	struct al_slice rest = text, value;
	enum al_err err;

	if (!al_slice_cut(&rest, '\n', &value) || !note_name_ok(value) ||
	    al_slice_copy(value, out->origin, sizeof(out->origin)) != AL_OK || !take(&rest, "version", &value) ||
	    al_slice_u64(value, UINT64_MAX, &out->version) != AL_OK || out->version == 0 ||
	    !take(&rest, "not-after", &value) || !date_parse(value, &out->not_after))
		return AL_EINVAL;
	while (take(&rest, "log", &value)) {
		if (out->log_count == AL_KEYS_LOGS_MAX)
			return AL_ELIMIT;
		err = log_parse(value, &out->log[out->log_count++]);
		if (err != AL_OK)
			return err;
	}
	return logs_ok(out) ? policy_parse(rest, out) : AL_EINVAL;
}

void al_keys_format(const struct al_keys *keys, struct al_buf *out)
{
	char day[AL_TIME_STRLEN];

	al_time_format(keys->not_after, day);
	al_buf_printf(out, "%s\nversion %" PRIu64 "\nnot-after %.*s\n", keys->origin, keys->version, DATE_LEN, day);
	for (size_t i = 0; i < keys->log_count; i++) {
		const struct al_keys_log *log = &keys->log[i];

		al_buf_str(out, "log ");
		al_vkey_format(&log->key, out);
		al_buf_printf(out, " from %" PRIu64, log->from);
		if (log->closed) {
			al_buf_printf(out, " until %" PRIu64 " ", log->until.size);
			al_buf_base64(out, log->until.root.b, sizeof(log->until.root.b));
		}
		al_buf_str(out, "\n");
	}
	al_buf_str(out, keys->policy);
}

enum al_err al_keys_parse(struct al_slice text, struct al_keys *out)
{
	struct al_keys keys = { .version = 0 };
	struct al_buf again;
	enum al_err err;

	if (text.len > AL_NOTE_MAX)
		return AL_ELIMIT;
	err = text_parse(text, &keys);
	if (err != AL_OK)
		return err;
	al_buf_init(&again, AL_NOTE_MAX);
	al_keys_format(&keys, &again);
	err = again.err;
	if (err == AL_OK && !al_slice_eq(al_buf_view(&again), text))
		err = AL_EINVAL;
	al_buf_release(&again);
	if (err == AL_OK)
		*out = keys;
	return err;
}

/* ---- signatures ---- */

enum al_err al_keys_sign(struct al_slice in, const struct al_skey *root, struct al_buf *out)
{
	struct al_slice text = in, lines = AL_S(""), rest, said;
	struct note_line line;
	struct al_keys keys;
	struct al_buf alone;
	enum al_err err = AL_OK;

	if (al_keys_parse(in, &keys) != AL_OK) {
		err = note_split(in, &text, &lines);
		if (err == AL_OK)
			err = al_keys_parse(text, &keys);
	}
	for (rest = lines; err == AL_OK && rest.len > 0;) {
		err = note_line_next(&rest, &line);
		if (err == AL_OK && note_line_by(&line, &root->pub))
			err = AL_EEXIST;
	}
	if (err != AL_OK)
		return err;
	al_buf_init(&alone, AL_NOTE_MAX);
	al_note_sign(text, root, &alone);
	said = al_slice_from(al_buf_view(&alone), text.len + 1);
	if (alone.err == AL_OK && text.len + 1 + lines.len + said.len > AL_NOTE_MAX)
		alone.err = AL_ELIMIT;
	err = alone.err;
	if (err == AL_OK) {
		al_buf_slice(out, text);
		al_buf_str(out, "\n");
		al_buf_slice(out, lines);
		al_buf_slice(out, said);
		err = out->err;
	}
	al_buf_release(&alone);
	return err;
}

static bool named_before(const struct al_vkey *roots, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (memcmp(roots[j].pk, roots[i].pk, sizeof(roots[i].pk)) == 0)
			return true;
	return false;
}

size_t al_keys_signed(struct al_slice note, const struct al_vkey *roots, size_t root_count)
{
	struct al_slice text;
	size_t count = 0;

	for (size_t i = 0; i < root_count; i++)
		if (!named_before(roots, i) && al_note_open(note, &roots[i], &text) == AL_OK)
			count++;
	return count;
}

enum al_err al_keys_open(struct al_slice note, const struct al_keys_pin *pin, struct al_keys *out)
{
	struct al_slice text, lines;
	struct al_keys keys;
	enum al_err err = note_split(note, &text, &lines);

	if (pin->need == 0 || pin->need > pin->root_count)
		return AL_EINVAL;
	if (err != AL_OK)
		return err;
	/* What nobody vouches for is not even read. */
	if (al_keys_signed(note, pin->roots, pin->root_count) < pin->need)
		return AL_EVERIFY;
	err = al_keys_parse(text, &keys);
	if (err == AL_OK && keys.version < pin->least)
		err = AL_ESTALE;
	if (err == AL_OK)
		*out = keys;
	return err;
}

bool al_keys_expired(const struct al_keys *keys, uint64_t now)
{
	return now >= keys->not_after;
}

/* ---- which key ---- */

const struct al_vkey *al_keys_log(const struct al_keys *keys)
{
	return &keys->log[keys->log_count - 1].key;
}

enum al_err al_keys_checkpoint(const struct al_keys *keys, struct al_slice note, struct al_checkpoint *out)
{
	struct al_checkpoint cp;

	for (size_t i = 0; i < keys->log_count; i++) {
		const struct al_keys_log *log = &keys->log[i];

		if (al_checkpoint_open(note, &log->key, &cp) != AL_OK)
			continue;
		if ((cp.size <= log->from && log->from > 0) || (log->closed && cp.size > log->until.size))
			continue;
		if (log->closed && cp.size == log->until.size && !al_hash_eq(&cp.root, &log->until.root))
			return AL_EFORK;
		*out = cp;
		return AL_OK;
	}
	return AL_EVERIFY;
}

/* ---- a log's key and its past ---- */

static pthread_mutex_t pasts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct al_keys *pasts[AL_KEYS_PASTS_MAX];
static size_t past_count;

static bool key_same(const struct al_vkey *a, const struct al_vkey *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->pk, b->pk, sizeof(a->pk)) == 0;
}

static bool eras_same(const struct al_keys *a, const struct al_keys *b, size_t count)
{
	bool same = a->log_count >= count && b->log_count >= count;

	for (size_t i = 0; same && i < count; i++)
		same = key_same(&a->log[i].key, &b->log[i].key) && a->log[i].from == b->log[i].from &&
		       a->log[i].closed == b->log[i].closed &&
		       (!a->log[i].closed || al_hash_eq(&a->log[i].until.root, &b->log[i].until.root));
	return same;
}

static bool keys_same(const struct al_keys *a, const struct al_keys *b)
{
	return a->log_count == b->log_count && eras_same(a, b, a->log_count);
}

/* With `pasts_lock` held. A key is copied hither and thither, so what it points at is never freed. */
static enum al_err past_find(const struct al_keys *keys, const struct al_keys **out)
{
	for (size_t i = 0; i < past_count; i++)
		if (keys_same(pasts[i], keys)) {
			*out = pasts[i];
			return AL_OK;
		}
	if (past_count == AL_KEYS_PASTS_MAX)
		return AL_ELIMIT;
	pasts[past_count] = malloc(sizeof(*keys));
	if (pasts[past_count] == NULL)
		return AL_ENOMEM;
	*pasts[past_count] = *keys;
	*out = pasts[past_count++];
	return AL_OK;
}

struct al_slice al_keys_text(struct al_slice note)
{
	struct al_slice text, signatures;

	return note_split(note, &text, &signatures) == AL_OK ? text : note;
}

static enum al_err key_with_past(const struct al_keys *keys, struct al_vkey *out)
{
	enum al_err err = AL_OK;

	*out = *al_keys_log(keys);
	if (keys->log_count == 1)
		return AL_OK;
	(void)pthread_mutex_lock(&pasts_lock);
	err = past_find(keys, &out->past);
	(void)pthread_mutex_unlock(&pasts_lock);
	return err;
}

enum al_err al_log_key_parse(struct al_slice text, struct al_vkey *out)
{
	struct al_keys *keys;
	enum al_err err;

	if (al_vkey_parse(al_slice_trim(text), out) == AL_OK)
		return AL_OK;
	keys = malloc(sizeof(*keys));
	if (keys == NULL)
		return AL_ENOMEM;
	err = al_keys_parse(al_keys_text(text), keys);
	if (err == AL_OK)
		err = key_with_past(keys, out);
	free(keys);
	return err;
}

void al_log_key_format(const struct al_vkey *key, struct al_buf *out)
{
	if (key->past != NULL) {
		al_keys_format(key->past, out);
		return;
	}
	al_vkey_format(key, out);
	al_buf_str(out, "\n");
}

bool al_log_key_had(const struct al_vkey *log, const struct al_vkey *key)
{
	for (size_t i = 0; log->past != NULL && i + 1 < log->past->log_count; i++)
		if (key_same(&log->past->log[i].key, key))
			return true;
	return false;
}

const struct al_vkey *al_log_key_later(const struct al_vkey *a, const struct al_vkey *b)
{
	if (key_same(a, b))
		return a->past != NULL || b->past == NULL ? a : b;
	return al_log_key_had(a, b) ? a : al_log_key_had(b, a) ? b : NULL;
}

static bool signed_by(struct al_slice note, const struct al_vkey *key)
{
	return al_keys_signed(note, key, 1) == 1;
}

/* Is the key one of the note's, before the last, and nothing said of the time before it but what is known? */
static bool goes_on_from(const struct al_keys *keys, const struct al_vkey *key)
{
	size_t i = 0;

	while (i + 1 < keys->log_count && !key_same(&keys->log[i].key, key))
		i++;
	if (i + 1 >= keys->log_count)
		return false;
	return key->past == NULL || (i + 1 == key->past->log_count && eras_same(keys, key->past, i) &&
				     keys->log[i].from == key->past->log[i].from);
}

/* What is known already: whole and signed by the key before, or less than that. */
static enum al_err no_news(const struct al_keys *keys, struct al_slice note, const struct al_vkey *key)
{
	return key->past != NULL && keys_same(keys, key->past) && signed_by(note, &keys->log[keys->log_count - 2].key)
		       ? AL_EEXIST
		       : AL_ESTALE;
}

enum al_err al_log_key_next(struct al_slice note, const struct al_vkey *key, struct al_vkey *next)
{
	struct al_keys *keys = malloc(sizeof(*keys));
	enum al_err err;

	if (keys == NULL)
		return AL_ENOMEM;
	err = al_keys_parse(al_keys_text(note), keys);
	if (err == AL_OK && (key_same(al_keys_log(keys), key) || al_log_key_had(key, al_keys_log(keys))))
		err = no_news(keys, note, key);
	else if (err == AL_OK && (!goes_on_from(keys, key) || !signed_by(note, key)))
		err = AL_EVERIFY;
	if (err == AL_OK)
		err = key_with_past(keys, next);
	free(keys);
	return err;
}
