/* SPDX-License-Identifier: MIT */
/*
 * outlet_memory.c -- see outlet_memory.h.
 */
#include "outlet_memory.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "pairs.h"

#define TEXT_MAX 16384

bool outlet_memory_has(const struct outlet_memory *m, const char *hash)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->requests[i], hash) == 0)
			return true;
	return false;
}

void outlet_memory_add(struct outlet_memory *m, const char *hash)
{
	if (m->count == OUTLET_ASKED_MAX)
		memmove(m->requests[0], m->requests[1], (--m->count) * sizeof(m->requests[0]));
	(void)snprintf(m->requests[m->count++], OUTLET_REQUEST_LEN, "%s", hash);
}

bool outlet_memory_read(struct outlet_memory *m, struct al_slice text, const char *log, const char *mnt)
{
	struct outlet_memory read = { .next = 0 };
	struct pair pair = { .line = 0 };
	bool log_ok = false, mnt_ok = false, next_ok = false;
	char hash[OUTLET_REQUEST_LEN];

	while (pairs_next(&text, &pair)) {
		if (al_slice_is(pair.name, "log"))
			log_ok = al_slice_is(pair.value, log);
		else if (al_slice_is(pair.name, "mnt"))
			mnt_ok = al_slice_is(pair.value, mnt);
		else if (al_slice_is(pair.name, "next"))
			next_ok = al_slice_u64(pair.value, INT64_MAX, &read.next) == AL_OK;
		else if (al_slice_is(pair.name, "request") && al_slice_copy(pair.value, hash, sizeof(hash)) == AL_OK)
			outlet_memory_add(&read, hash);
		else
			return false;
	}
	if (pair.name.len == 0 || !log_ok || !mnt_ok || !next_ok)
		return false;
	*m = read;
	return true;
}

void outlet_memory_put(const struct outlet_memory *m, const char *log, const char *mnt, struct al_buf *out)
{
	al_buf_printf(out, "# `alamo monitor` was heard so far.\nlog = %s\nmnt = %s\nnext = %" PRIu64 "\n", log, mnt,
		      m->next);
	for (size_t i = 0; i < m->count; i++)
		al_buf_printf(out, "request = %s\n", m->requests[i]);
}

static bool path_of(const struct outlet_conf *conf, char path[static PATH_MAX])
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.told", conf->name);
	return file_join(conf->dir, name, path, PATH_MAX) == AL_OK;
}

int outlet_memory_load(struct outlet_memory *m, const struct outlet_conf *conf)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err;
	int code = CLI_DONE;

	if (!path_of(conf, path))
		return command_fail(CLI_USAGE, "the folder's name is too long");
	al_buf_init(&text, TEXT_MAX);
	err = file_read(path, &text);
	if (err != AL_OK && err != AL_ENOTFOUND)
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	else if (err == AL_OK && !outlet_memory_read(m, al_buf_view(&text), conf->log, conf->mnt))
		code = command_fail(CLI_USAGE,
				    "%s is not what a monitor of %s in %s was heard of: give each its own folder", path,
				    conf->mnt, conf->log);
	al_buf_release(&text);
	return code;
}

void outlet_memory_save(const struct outlet_memory *m, const struct outlet_conf *conf)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = AL_ELIMIT;

	al_buf_init(&text, TEXT_MAX);
	outlet_memory_put(m, conf->log, conf->mnt, &text);
	if (path_of(conf, path))
		err = text.err != AL_OK ? text.err : file_write(path, al_buf_view(&text), 0600);
	al_buf_release(&text);
	if (err != AL_OK)
		(void)command_fail(CLI_REFUSED, "%s/%s.told: %s: the same may be told again", conf->dir, conf->name,
				   err == AL_ESYS ? strerror(errno) : al_err_name(err));
}
