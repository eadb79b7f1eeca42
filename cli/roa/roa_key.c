/* SPDX-License-Identifier: MIT */
/*
 * roa_key.c -- makes the key that signs route origins. The statement comes first: a key without it would stop rpkid.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "alamo/net/loop.h"
#include "alamo/tlog/keys.h"
#include "file.h"
#include "origin_head.h"
#include "roa_key.h"

/* The log's key, or one that it had before: only the number is wanted. */
static enum al_err statement_open(struct al_slice note, const struct al_vkey *log, struct origin_key *out)
{
	enum al_err err = origin_key_open(note, log, out);

	for (size_t i = 0; err == AL_EVERIFY && log->past != NULL && i < log->past->log_count; i++)
		err = origin_key_open(note, &log->past->log[i].key, out);
	return err;
}

/* The version of the statement that is there; 0: none is. */
static int version_read(const char *path, const struct al_vkey *log, uint64_t *out)
{
	struct origin_key had = { 0 };
	struct al_buf note;
	enum al_err err;
	int code = CLI_DONE;

	*out = 0;
	al_buf_init(&note, AL_NOTE_MAX);
	if (file_read(path, &note) != AL_OK) {
		if (errno != ENOENT)
			code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	} else {
		err = statement_open(al_buf_view(&note), log, &had);
		if (err != AL_OK)
			code = command_fail(CLI_UNVERIFIED, "%s: %s: move it away first", path, al_err_name(err));
		*out = had.version;
	}
	al_buf_release(&note);
	return code;
}

/* "registry.alamo/log" -> "registry.alamo/roa" */
static int key_generate(const struct al_vkey *log, struct al_skey *out)
{
	char name[AL_ORIGIN_MAX + 1];
	const char *slash = strrchr(log->name, '/');
	int stem = slash != NULL ? (int)(slash - log->name) : (int)strlen(log->name);

	(void)snprintf(name, sizeof(name), "%.*s/roa", stem < 250 ? stem : 250, log->name);
	if (al_skey_generate(al_slice_str(name), out) != AL_OK)
		return command_fail(CLI_REFUSED, "no key for route origins");
	return CLI_DONE;
}

static int file_put(const char *dir, const char *name, struct al_slice bytes, mode_t mode)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK || file_write(path, bytes, mode) != AL_OK)
		return command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
	return CLI_DONE;
}

static int files_put(const char *dir, const struct al_skey *log, const struct al_skey *key, uint64_t version)
{
	struct origin_key statement = { .version = version,
					.not_after = al_now_s() + ORIGIN_KEY_LIFE_S,
					.key = key->pub };
	struct al_buf text, note, secret;
	int code;

	memcpy(statement.log, log->pub.name, sizeof(statement.log));
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_init(&secret, 4096);
	origin_key_format(&statement, &text);
	al_note_sign(al_buf_view(&text), log, &note);
	al_skey_format(key, &secret);
	al_buf_u8(&secret, '\n');
	if (text.err != AL_OK || note.err != AL_OK || secret.err != AL_OK)
		code = command_fail(CLI_REFUSED, "no statement about the key for route origins");
	else
		code = file_put(dir, "keys/roa.note", al_buf_view(&note), 0644);
	if (code == CLI_DONE)
		code = file_put(dir, "keys/roa.key", al_buf_view(&secret), 0400);
	if (secret.ptr != NULL)
		explicit_bzero(secret.ptr, secret.len);
	al_buf_release(&secret);
	al_buf_release(&note);
	al_buf_release(&text);
	return code;
}

int roa_key_make(const char *dir, const struct al_skey *log)
{
	char path[PATH_MAX];
	struct al_skey key;
	uint64_t version;
	int code;

	if (file_join(dir, "keys/roa.note", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	code = version_read(path, &log->pub, &version);
	if (code == CLI_DONE)
		code = key_generate(&log->pub, &key);
	if (code != CLI_DONE)
		return code;
	code = files_put(dir, log, &key, version + 1);
	al_skey_wipe(&key);
	return code;
}
