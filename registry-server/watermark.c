/* SPDX-License-Identifier: MIT */
/*
 * watermark.c -- statvfs(3) of the ledger's directory, /proc/self/statm.
 */
#include "watermark.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "ledger/ledger.h"

#define LOOK_MS 1000u

static const char disk_full[] =
	"the registry's disk is nearly full: nothing was stored; its hostmaster has to make room, "
	"send the same bytes again in an hour";
static const char memory_full[] =
	"the registry's memory is nearly full: nothing was stored; its hostmaster has to allow "
	"more, send the same bytes again in an hour";

enum al_err watermark_init(struct watermark *w, const struct al_conf *conf)
{
	enum al_err err = ledger_where(conf, w->dir, sizeof(w->dir));
	char *slash = strrchr(w->dir, '/');

	if (slash != NULL)
		slash[slash == w->dir] = '\0';
	watermark_limit(w, conf);
	return err;
}

void watermark_limit(struct watermark *w, const struct al_conf *conf)
{
	w->min_free = al_conf_u64(conf, "registry", "min-free-disk") << 20;
	w->max_memory = al_conf_u64(conf, "registry", "max-memory") << 20;
	w->looked_ms = 0;
}

/* What cannot be found out is no reason to stop. */
static bool disk_is_full(const struct watermark *w)
{
	struct statvfs fs;

	return w->min_free > 0 && statvfs(w->dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < w->min_free;
}

static bool memory_is_full(const struct watermark *w)
{
	char line[128];
	struct al_slice text, word;
	uint64_t pages;
	bool known;
	FILE *file = w->max_memory > 0 ? fopen("/proc/self/statm", "re") : NULL;

	if (file == NULL)
		return false;
	text = al_slice_of(line, fread(line, 1, sizeof(line), file));
	(void)fclose(file);
	(void)al_slice_word(&text, "", &word); /* all that it could use */
	known = al_slice_word(&text, "", &word) && al_slice_u64(word, UINT64_MAX, &pages) == AL_OK;
	return known && pages * (uint64_t)sysconf(_SC_PAGESIZE) > w->max_memory;
}

const char *watermark_look(struct watermark *w, uint64_t now_ms)
{
	const char *full;

	if (now_ms - w->looked_ms < LOOK_MS)
		return w->full;
	w->looked_ms = now_ms;
	full = disk_is_full(w) ? disk_full : memory_is_full(w) ? memory_full : NULL;
	if (full != w->full)
		al_log(full != NULL ? AL_LOG_ERROR : AL_LOG_INFO, "watermark", "reason=\"%s\"",
		       full != NULL ? full : "there is room again");
	w->full = full;
	return full;
}
