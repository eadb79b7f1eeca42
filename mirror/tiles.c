/* SPDX-License-Identifier: MIT */
/*
 * tiles.c -- out of the store, into files for any tool that reads tiles.
 *
 * Everything on the loop. A failure of the disk ends the publishing, not the
 * mirror: the files can be made again from the store at any start.
 */
#include "tiles.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "alamo/net/loop.h"
#include "alamo/net/metrics.h"
#include "alamo/follow/tile_http.h"
#include "alamo/tlog/tile_dir.h"
#include "dir.h"

#define PAUSE_MS 500            /* between two checkpoints */
#define STEP_BYTES (512u << 10) /* between two turns of the others */

struct tiles {
	struct store *store;
	struct al_timer *timer;
	struct al_tile_dir *dir; /* NULL: it failed */
	struct al_http *http;
	char path[PATH_MAX];
	uint64_t published;
	bool waiting; /* the timer is set */
};

static void failed(struct tiles *t, const char *step, enum al_err err)
{
	al_log(AL_LOG_ERROR, "mirror-tiles", "step=%s path=%s size=%" PRIu64 " err=%s", step, t->path,
	       al_tile_dir_size(t->dir), al_err_name(err));
	al_tile_dir_close(t->dir);
	t->dir = NULL;
}

static void wait_ms(struct tiles *t, uint64_t ms)
{
	t->waiting = true;
	al_timer_set(t->timer, ms);
}

/* The next piece. Only its end may have a head, and only the store's last one is worth a checkpoint. */
static void on_timer(void *arg)
{
	struct tiles *t = arg;
	struct al_stream_batch batch;
	enum al_err err;

	t->waiting = false;
	if (t->dir == NULL || al_tile_dir_size(t->dir) >= store_size(t->store))
		return;
	err = store_read(t->store, al_tile_dir_size(t->dir), STEP_BYTES, &batch);
	for (size_t i = 0; err == AL_OK && i < batch.count; i++)
		err = al_tile_dir_add(t->dir, batch.entries[i]);
	if (err != AL_OK) {
		failed(t, "add", err);
		return;
	}
	if (al_tile_dir_size(t->dir) < store_size(t->store)) {
		wait_ms(t, 1);
		return;
	}
	err = al_tile_dir_publish(t->dir, store_note(t->store));
	if (err != AL_OK)
		failed(t, "publish", err);
	else
		t->published = store_size(t->store);
}

void tiles_wake(struct tiles *tiles)
{
	if (tiles != NULL && !tiles->waiting)
		wait_ms(tiles, PAUSE_MS);
}

void tiles_key(struct tiles *tiles)
{
	if (tiles != NULL)
		al_tile_dir_key(tiles->dir, store_key(tiles->store));
}

/* ---- HTTP ---- */

static void http_checkpoint(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct tiles *t = arg;

	(void)rest;
	(void)query;
	if (al_tile_dir_note(t->path, &answer->body) != AL_OK) {
		al_buf_reset(&answer->body);
		answer->status = 503;
	}
}

static void http_tile(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct tiles *t = arg;

	(void)query;
	al_tile_http(t->path, rest, t->published, answer);
}

enum al_err tiles_listen(struct tiles *tiles, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_http_listen(tiles->http, addr, port, bound);
}

/* ---- life ---- */

static enum al_err tiles_open(struct tiles *t, struct al_loop *loop, const struct al_vkey *key)
{
	enum al_err err = dir_path(store_dir(t->store), "tiles", t->path, sizeof(t->path));

	if (err == AL_OK)
		err = al_tile_dir_open(t->path, key, &t->dir);
	if (err == AL_OK)
		err = al_timer_new(loop, on_timer, t, &t->timer);
	if (err == AL_OK)
		err = al_http_new(loop, &t->http);
	if (err == AL_OK)
		err = al_http_route(t->http, "/checkpoint", http_checkpoint, t);
	if (err == AL_OK)
		err = al_http_route(t->http, "/tile/", http_tile, t);
	if (err == AL_OK)
		err = al_http_route(t->http, "/metrics", al_metrics_http, NULL);
	return err;
}

enum al_err tiles_new(struct al_loop *loop, struct store *store, struct tiles **out)
{
	struct tiles *t = calloc(1, sizeof(*t));
	enum al_err err;

	if (t == NULL)
		return AL_ENOMEM;
	t->store = store;
	err = tiles_open(t, loop, store_key(store));
	if (err != AL_OK) {
		tiles_free(t);
		return err;
	}
	t->published = al_tile_dir_size(t->dir);
	wait_ms(t, 0);
	*out = t;
	return AL_OK;
}

void tiles_free(struct tiles *tiles)
{
	if (tiles == NULL)
		return;
	al_http_free(tiles->http);
	al_timer_free(tiles->timer);
	al_tile_dir_close(tiles->dir);
	free(tiles);
}
