/* SPDX-License-Identifier: MIT */
/*
 * store_key.c -- log.pub of a mirror's directory: by which key the log is signed, and by which ones it was.
 */
#include "store_internal.h"

#include <errno.h>

#include "alamo/base/log.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/note_file.h"
#include "dir.h"

static enum al_err key_path(const struct store *store, char out[static PATH_MAX])
{
	return dir_path(store->dir, "log.pub", out, PATH_MAX);
}

static enum al_err key_write(struct store *store, struct al_slice text)
{
	char path[PATH_MAX];
	enum al_err err = key_path(store, path);

	return err == AL_OK ? al_note_save(path, text, true) : err;
}

/* Who has the note with its signatures can show it to others. */
static void note_keep(struct store *store, struct al_slice text)
{
	al_buf_reset(&store->keys);
	if (al_keys_text(text).len < text.len)
		al_buf_slice(&store->keys, text);
}

/*
 * The directory has the key that it was made with, and goes on to others as they come. So of the given key and that one
 * the later counts: its past says for which entries the other stands.
 */
static enum al_err key_settle(struct store *store, struct al_slice text)
{
	const struct al_vkey *later;
	struct al_vkey had;
	struct al_buf given;
	enum al_err err = al_log_key_parse(text, &had);

	if (err != AL_OK)
		return err == AL_EINVAL ? AL_EDENIED : err;
	later = al_log_key_later(&had, &store->key);
	if (later == NULL)
		return AL_EDENIED;
	if (later == &had) {
		store->key = had;
		note_keep(store, text);
		return AL_OK;
	}
	al_buf_init(&given, AL_NOTE_MAX);
	al_log_key_format(&store->key, &given);
	err = given.err != AL_OK ? given.err : key_write(store, al_buf_view(&given));
	al_buf_release(&given);
	return err;
}

enum al_err store_key_check(struct store *store)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = key_path(store, path);

	al_buf_init(&text, AL_NOTE_MAX);
	if (err == AL_OK)
		err = al_note_load(path, &text);
	if (err == AL_OK) {
		err = key_settle(store, al_buf_view(&text));
	} else if (err == AL_ENOTFOUND) {
		al_buf_reset(&text);
		al_log_key_format(&store->key, &text);
		err = text.err != AL_OK ? text.err : key_write(store, al_buf_view(&text));
	}
	al_buf_release(&text);
	return err;
}

enum al_err store_keys_set(struct store *store, const struct al_vkey *key, struct al_slice note)
{
	enum al_err err = AL_OK;

	/* First the file: entries of the new key without it would be damage at the next start. */
	if (!al_slice_eq(note, al_buf_view(&store->keys)))
		err = key_write(store, note);
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "mirror-key", "dir=%s err=%s errno=%d", store->dir, al_err_name(err), errno);
		return err;
	}
	store->key = *key;
	note_keep(store, note);
	return store->keys.err;
}

struct al_slice store_keys(const struct store *store)
{
	return al_buf_view(&store->keys);
}
