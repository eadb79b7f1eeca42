/* SPDX-License-Identifier: MIT */
/*
 * rpki_store.c -- see rpki_store.h.
 */
#include "rpki_store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "command.h"
#include "econtent.h"
#include "file.h"

#define KEY_MAX 65536

int rpki_store_write(const char *dir, const char *name, struct al_slice bytes, mode_t mode)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK || file_write(path, bytes, mode) != AL_OK)
		return command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
	return CLI_DONE;
}

int rpki_store_read(const char *dir, const char *name, struct al_buf *out, bool *absent)
{
	char path[PATH_MAX];
	enum al_err err = file_join(dir, name, path, sizeof(path));

	if (err == AL_OK)
		err = file_read(path, out);
	if (absent != NULL)
		*absent = err == AL_ENOTFOUND;
	if (err == AL_OK || (absent != NULL && *absent))
		return CLI_DONE;
	return command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
}

int rpki_store_begin(struct rpki_store *store, const char *dir)
{
	char path[PATH_MAX];

	*store = (struct rpki_store){ .dir = dir, .lock = -1 };
	publisher_init(&store->publisher);
	grant_init(&store->grant);
	al_buf_init(&store->pem, GRANT_TEXT_MAX);
	if (file_join(dir, "lock", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (store->lock < 0)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	if (flock(store->lock, LOCK_EX | LOCK_NB) != 0)
		return command_fail(CLI_REFUSED, "%s is in use: another alamo rpki works on it", dir);
	return CLI_DONE;
}

/* The text ends with an empty line; behind it are the anchor's blocks. */
static int split(struct rpki_store *store, struct al_slice all)
{
	char why[PUBLISHER_WHY];
	struct al_slice text = all;
	const char *end = memmem(all.ptr, all.len, "\n\n", 2);

	if (end != NULL)
		text.len = (size_t)(end - all.ptr) + 1;
	if (publisher_parse(text, &store->publisher, why) != AL_OK)
		return command_fail(CLI_USAGE, "%s/publisher: %s", store->dir, why);
	al_buf_slice(&store->pem, al_slice_from(all, text.len + 1));
	if (grant_read(al_buf_view(&store->pem), &store->publisher, &store->grant, why) != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s/publisher: %s", store->dir, why);
	store->answered = true;
	store->basis = econtent_hash(all);
	return CLI_DONE;
}

int rpki_store_load(struct rpki_store *store)
{
	struct al_buf text;
	bool absent = false;
	int code;

	al_buf_init(&text, PUBLISHER_TEXT_MAX + GRANT_TEXT_MAX);
	code = rpki_store_read(store->dir, "publisher", &text, &absent);
	if (code == CLI_DONE && !absent)
		code = split(store, al_buf_view(&text));
	al_buf_release(&text);
	return code;
}

int rpki_store_save(struct rpki_store *store)
{
	struct al_buf text;
	int code;

	al_buf_init(&text, PUBLISHER_TEXT_MAX + GRANT_TEXT_MAX);
	if (publisher_format(&store->publisher, &text) != AL_OK)
		return command_fail(CLI_REFUSED, "the publisher's file could not be made");
	al_buf_u8(&text, '\n');
	al_buf_slice(&text, al_buf_view(&store->pem));
	code = text.err == AL_OK ? rpki_store_write(store->dir, "publisher", al_buf_view(&text), 0644)
				 : command_fail(CLI_REFUSED, "the publisher's file is too large");
	store->basis = econtent_hash(al_buf_view(&text));
	al_buf_release(&text);
	return code;
}

int rpki_store_request_write(const struct rpki_store *store, const struct publisher *publisher)
{
	struct al_buf text;
	int code;

	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	code = publisher_format(publisher, &text) == AL_OK
		       ? rpki_store_write(store->dir, "request", al_buf_view(&text), 0644)
		       : command_fail(CLI_REFUSED, "the request could not be made");
	al_buf_release(&text);
	return code;
}

int rpki_store_request_read(const struct rpki_store *store, struct publisher *out, bool *absent)
{
	struct al_buf text;
	char why[PUBLISHER_WHY];
	int code;

	al_buf_init(&text, PUBLISHER_TEXT_MAX);
	code = rpki_store_read(store->dir, "request", &text, absent);
	if (code == CLI_DONE && !*absent && publisher_parse(al_buf_view(&text), out, why) != AL_OK)
		code = command_fail(CLI_USAGE, "%s/request: %s", store->dir, why);
	al_buf_release(&text);
	return code;
}

static void key_path(const struct publisher_key *key, char out[static 64])
{
	(void)snprintf(out, 64, "keys/%s.key", key->key.name);
}

static int key_load(const struct rpki_store *store, const struct publisher_key *key, struct ca_key *out)
{
	struct al_buf pem;
	char name[64];
	int code;

	key_path(key, name);
	al_buf_init(&pem, KEY_MAX);
	code = rpki_store_read(store->dir, name, &pem, NULL);
	if (code == CLI_DONE && (ca_key_read(al_buf_view(&pem), out) != AL_OK || strcmp(out->name, key->key.name) != 0))
		code = command_fail(CLI_REFUSED, "%s/%s is not the key of that name", store->dir, name);
	if (pem.ptr != NULL)
		explicit_bzero(pem.ptr, pem.len);
	al_buf_release(&pem);
	return code;
}

int rpki_store_keys(struct rpki_store *store)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < store->publisher.key_count && code == CLI_DONE; i++) {
		ca_key_release(&store->keys[i]);
		code = key_load(store, &store->publisher.keys[i], &store->keys[i]);
	}
	return code;
}

void rpki_store_release(struct rpki_store *store)
{
	for (size_t i = 0; i < PUBLISHER_KEYS; i++)
		ca_key_release(&store->keys[i]);
	publisher_release(&store->publisher);
	grant_release(&store->grant);
	al_buf_release(&store->pem);
	if (store->lock >= 0)
		(void)close(store->lock);
	store->lock = -1;
}

int rpki_store_key_make(const struct rpki_store *store, struct publisher *publisher, enum publisher_role role)
{
	struct ca_key key;
	struct al_buf pem;
	char name[64];
	int code = CLI_DONE;

	if (ca_key_make(&key) != AL_OK)
		return command_fail(CLI_REFUSED, "no new key could be made");
	(void)snprintf(name, sizeof(name), "keys/%s.key", key.name);
	al_buf_init(&pem, KEY_MAX);
	if (ca_key_write(&key, &pem) != AL_OK)
		code = command_fail(CLI_REFUSED, "no new key could be written");
	if (code == CLI_DONE)
		code = rpki_store_write(store->dir, name, al_buf_view(&pem), 0400);
	if (code == CLI_DONE && publisher_add_key(publisher, &key, role, al_now_s()) != AL_OK)
		code = command_fail(CLI_REFUSED, "there are three keys already");
	if (pem.ptr != NULL)
		explicit_bzero(pem.ptr, pem.len);
	al_buf_release(&pem);
	ca_key_release(&key);
	return code;
}

void rpki_store_key_forget(struct rpki_store *store, struct publisher_key *key)
{
	char name[64], path[PATH_MAX];

	key_path(key, name);
	if (file_join(store->dir, name, path, sizeof(path)) == AL_OK)
		(void)unlink(path);
	publisher_drop_key(&store->publisher, key);
}
