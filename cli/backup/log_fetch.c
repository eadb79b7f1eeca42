/* SPDX-License-Identifier: MIT */
/*
 * log_fetch.c -- bundle after bundle into a folder that verifies when it publishes.
 */
#include "log_fetch.h"

#include "alamo/tlog/tile_dir.h"
#include "command.h"
#include "progress.h"
#include "roa/http_get.h"

static enum al_err bundle_get(const char *url, struct al_tile tile, uint64_t size, struct al_buf *out)
{
	char path[AL_TILE_PATH_MAX + 1] = "/";
	uint64_t rest = size - tile.index * AL_TILE_WIDTH;

	tile.width = (uint16_t)(rest < AL_TILE_WIDTH ? rest : AL_TILE_WIDTH);
	al_tile_path(&tile, path + 1);
	return http_get(url, path, out);
}

static enum al_err bundle_add(struct al_tile_dir *dir, struct al_slice bytes, uint64_t size)
{
	struct al_slice entries[AL_TILE_WIDTH];
	uint64_t have = al_tile_dir_size(dir), first = have - have % AL_TILE_WIDTH;
	size_t width = size - first < AL_TILE_WIDTH ? (size_t)(size - first) : AL_TILE_WIDTH;
	enum al_err err = al_bundle_entries(bytes, width, entries);

	for (size_t i = (size_t)(have - first); err == AL_OK && i < width; i++)
		err = al_tile_dir_add(dir, entries[i]);
	return err;
}

static enum al_err bundles_fetch(const char *url, struct al_tile_dir *dir, uint64_t size)
{
	struct progress progress;
	struct al_buf bytes;
	enum al_err err = AL_OK;

	progress_begin(&progress, "recover, fetching", "entries", al_tile_dir_size(dir));
	al_buf_init(&bytes, AL_TILE_BYTES_MAX);
	while (err == AL_OK && al_tile_dir_size(dir) < size) {
		struct al_tile tile = { .entries = true, .index = al_tile_dir_size(dir) / AL_TILE_WIDTH };

		al_buf_reset(&bytes);
		err = bundle_get(url, tile, size, &bytes);
		if (err == AL_OK)
			err = bundle_add(dir, al_buf_view(&bytes), size);
		progress_step(&progress, al_tile_dir_size(dir), size);
	}
	progress_end(&progress);
	al_buf_release(&bytes);
	return err;
}

static int said(const char *url, enum al_err err)
{
	switch (err) {
	case AL_OK:
		return CLI_DONE;
	case AL_ECLOSED:
		return command_fail(CLI_OFFLINE, "%s gives no answer", url);
	case AL_ENOTFOUND:
		return command_fail(CLI_OFFLINE, "%s is no published log: a file of it is missing", url);
	case AL_EVERIFY:
	case AL_EINVAL:
		return command_fail(CLI_UNVERIFIED, "%s is not this log, or is damaged: nothing is taken from there",
				    url);
	default:
		return command_fail(CLI_REFUSED, "the log of %s cannot be kept (%s)", url, al_err_name(err));
	}
}

int log_fetch(const char *url, const struct al_vkey *key, const char *folder)
{
	struct al_tile_dir *dir = NULL;
	struct al_checkpoint cp = { .size = 0 };
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = http_get(url, "/checkpoint", &note);
	if (err == AL_OK)
		err = al_checkpoint_open(al_buf_view(&note), key, &cp);
	if (err == AL_OK)
		err = al_tile_dir_open(folder, key, &dir);
	if (err == AL_OK)
		err = bundles_fetch(url, dir, cp.size);
	/* A folder that has more already stays as it is. */
	if (err == AL_OK && al_tile_dir_size(dir) == cp.size)
		err = al_tile_dir_publish(dir, al_buf_view(&note));
	al_tile_dir_close(dir);
	al_buf_release(&note);
	return said(url, err);
}
