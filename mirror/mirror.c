/* SPDX-License-Identifier: MIT */
/*
 * mirror.c -- a follower that keeps everything and serves it on: the stream's
 * client at one end, its server at the other, the store between.
 *
 * An entry is offered to others only when it is on the disk here. A fork ends
 * the following, never the serving: what was verified stays true.
 */
#include "alamo/mirror.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "alamo/tlog/evidence.h"
#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/follow/stream.h"
#include "dir.h"
#include "store.h"
#include "tiles.h"

#define GUARD_MS 1000 /* how far `checkpoint` may be behind */

struct al_mirror {
	struct al_mirror_conf conf; /* its strings are not kept */
	struct store *store;
	struct al_stream *stream;
	struct al_follow *follow;
	struct al_timer *guard;
	struct al_age *age;
	struct al_loop *loop;
	struct tiles *tiles; /* NULL: not wanted */
};

/* ---- following ---- */

static void fail(struct al_mirror *m, enum al_err err)
{
	if (m->conf.failed != NULL)
		m->conf.failed(m->conf.arg, err);
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct al_mirror *m = arg;
	enum al_err err;

	(void)index;
	err = store_add(m->store, bytes);
	if (err != AL_OK)
		fail(m, err);
	return err;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_mirror *m = arg;
	struct al_stream_batch batch;
	enum al_err err;

	/* The head of a log without entries: nothing to keep. */
	al_age_grow(m->age, cp->size);
	if (cp->size == store_size(m->store))
		return;
	err = store_commit(m->store, note, &batch);
	if (err != AL_OK) {
		fail(m, err);
		return;
	}
	al_stream_publish(m->stream, &batch);
	al_timer_set(m->guard, GUARD_MS);
	tiles_wake(m->tiles);
	if (m->conf.head != NULL)
		m->conf.head(m->conf.arg, cp->size);
}

static void on_guard(void *arg)
{
	struct al_mirror *m = arg;

	store_guard(m->store);
}

static void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct al_mirror *m = arg;
	char text[AL_EVIDENCE_TEXT_MAX], dir[PATH_MAX];

	/* How far theirs goes is nothing that ours will ever reach. */
	al_stream_tip(m->stream, 0, al_slice_of(NULL, 0));
	if (dir_path(store_dir(m->store), "evidence", dir, sizeof(dir)) != AL_OK)
		return;
	if (al_evidence_keep(dir, AL_EVIDENCE_FORK, ours, theirs, text) != AL_OK)
		al_log(AL_LOG_ERROR, "mirror-evidence", "dir=%s", dir);
	al_log(AL_LOG_ERROR, "mirror-fork", "%s; not followed any further", text);
	if (m->conf.fork != NULL)
		m->conf.fork(m->conf.arg, text);
}

static void on_link(void *arg, bool up)
{
	struct al_mirror *m = arg;

	if (m->conf.link != NULL)
		m->conf.link(m->conf.arg, up);
}

static void on_tip(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_mirror *m = arg;

	al_stream_tip(m->stream, cp->size, note);
	if (m->conf.tip != NULL)
		m->conf.tip(m->conf.arg, cp->size);
}

static void on_present(void *arg)
{
	struct al_mirror *m = arg;

	if (m->conf.present != NULL)
		m->conf.present(m->conf.arg);
}

/* Passed on, and not stored: the date is that of the signature, not of the copy. */
static void on_dated(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_mirror *m = arg;

	(void)al_age_hear(m->age, date);
	al_stream_dated(m->stream, cp->size, note);
}

static void on_keys(void *arg, const struct al_vkey *key, struct al_slice note)
{
	struct al_mirror *m = arg;
	enum al_err err = store_keys_set(m->store, key, note);

	if (err != AL_OK) {
		fail(m, err);
		return;
	}
	tiles_key(m->tiles);
	al_stream_keys(m->stream, note);
}

/* ---- serving ---- */

static enum al_err read_store(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct al_mirror *m = source;
	struct al_stream_batch batch = { 0 };
	enum al_err err = store_read(m->store, from, max_bytes, &batch);

	done(token, err, &batch);
	return AL_OK;
}

enum al_err al_mirror_listen(struct al_mirror *mirror, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_listener_tcp(al_stream_tcp(mirror->stream), addr, port, bound);
}

enum al_err al_mirror_http(struct al_mirror *mirror, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	enum al_err err = mirror->tiles == NULL ? tiles_new(mirror->loop, mirror->store, &mirror->tiles) : AL_OK;

	return err == AL_OK ? tiles_listen(mirror->tiles, addr, port, bound) : err;
}

/* ---- life ---- */

static enum al_err follow_start(struct al_mirror *m, struct al_loop *loop)
{
	static const struct al_follow_ops ops = { .entry = on_entry,
						  .head = on_head,
						  .fork = on_fork,
						  .link = on_link,
						  .tip = on_tip,
						  .present = on_present,
						  .dated = on_dated,
						  .keys = on_keys };
	struct al_follow_conf conf = {
		.address = m->conf.from,
		.key = *store_key(m->store),
		.edge = store_edge(m->store),
		.resume = store_note(m->store),
	};

	return al_follow_new(loop, &conf, &ops, m, &m->follow);
}

enum al_err al_mirror_new(struct al_loop *loop, const struct al_mirror_conf *conf, struct al_mirror **out)
{
	struct al_mirror *m = calloc(1, sizeof(*m));
	enum al_err err;

	if (m == NULL)
		return AL_ENOMEM;
	m->conf = *conf;
	m->loop = loop;
	err = store_open(conf->dir, &conf->key, &m->store);
	if (err == AL_OK)
		err = al_stream_new(loop, &AL_STREAM_LIMITS, read_store, m, store_size(m->store), store_note(m->store),
				    &m->stream);
	if (err == AL_OK)
		al_stream_keys(m->stream, store_keys(m->store));
	if (err == AL_OK)
		err = al_timer_new(loop, on_guard, m, &m->guard);
	if (err == AL_OK)
		err = al_age_new(loop, conf->stale_s > 0 ? conf->stale_s : AL_STALE_S, NULL, NULL, &m->age);
	if (err == AL_OK)
		err = follow_start(m, loop);
	if (err != AL_OK) {
		al_mirror_free(m);
		return err;
	}
	al_log(AL_LOG_INFO, "mirror-open", "dir=%s size=%" PRIu64, conf->dir, store_size(m->store));
	*out = m;
	return AL_OK;
}

void al_mirror_free(struct al_mirror *mirror)
{
	if (mirror == NULL)
		return;
	al_follow_free(mirror->follow);
	al_age_free(mirror->age);
	tiles_free(mirror->tiles);
	al_stream_free(mirror->stream);
	al_timer_free(mirror->guard);
	store_close(mirror->store);
	free(mirror);
}

uint64_t al_mirror_size(const struct al_mirror *mirror)
{
	return store_size(mirror->store);
}

struct al_slice al_mirror_note(const struct al_mirror *mirror)
{
	return store_note(mirror->store);
}
