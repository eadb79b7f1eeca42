/* SPDX-License-Identifier: MIT */
/*
 * publish.c -- the log, out of the ledger and into files.
 *
 *   OPENING -> CHECKING -> IDLE -> READING -> WRITING -> READING | IDLE
 *   (worker)   (ledger)            (ledger)   (worker)
 *
 * Everything here runs on the loop but open_work() and write_work(), which run
 * on the worker. `dir` and `work` belong to whoever has the state: the worker
 * in OPENING and WRITING, else the loop. What crosses is one message at a time.
 */
#include "publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/follow/tile_http.h"
#include "alamo/tlog/tile_dir.h"

#define INTERVAL_MS 200         /* between two checkpoints */
#define BEHIND_MS 1000          /* the same while there is a backlog */
#define BACKLOG 4096            /* entries behind at which reading goes on at once */
#define READ_BYTES (512u << 10) /* copied on the loop in one go: some 100 us */
#define RETRY_MS 1000           /* after a failure */

enum publish_state {
	PUBLISH_OPENING,  /* worker: the directory */
	PUBLISH_CHECKING, /* ledger: does it have what was published? */
	PUBLISH_IDLE,     /* timer set or not */
	PUBLISH_READING,  /* ledger: the next entries */
	PUBLISH_WRITING,  /* worker: files of them */
};

/* To the worker and back. */
struct work {
	struct al_buf bytes; /* entries as a bundle has them */
	size_t count;
	struct al_buf note; /* to be published behind them; empty: none */
	struct al_checkpoint checkpoint;
	enum al_err err;
};

struct publish {
	struct al_service *service;
	struct al_loop *loop;
	struct ledger *ledger;
	struct al_worker *worker;
	struct al_timer *timer;
	struct al_vkey key;
	char path[4096];
	enum publish_state state;
	bool waiting; /* the timer is set */
	struct al_tile_dir *dir;
	struct work work;
	uint64_t size;             /* entries in `dir` */
	struct al_checkpoint head; /* published */
	struct al_buf note;
	struct al_buf dated; /* the newest note with its date, until it is published; empty: none */
	uint64_t dated_size;
	uint64_t published_ms;
};

static struct al_metric published_size = {
	.name = "alamo_registry_published_size",
	.help = "Entries of the published checkpoint.",
	.gauge = true,
};

/* ---- on the worker ---- */

static void on_opened(void *arg);
static void on_written(void *arg);

static void tell(struct publish *p, void (*fn)(void *arg))
{
	/* Without the message nothing would be published any more; memory comes back when others move on. */
	while (al_loop_post(p->loop, fn, p) != AL_OK)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

static void open_work(void *arg)
{
	struct publish *p = arg;
	struct work *work = &p->work;

	al_tile_dir_close(p->dir);
	p->dir = NULL;
	al_buf_reset(&work->note);
	work->checkpoint = (struct al_checkpoint){ 0 };
	work->err = al_tile_dir_open(p->path, &p->key, &p->dir);
	if (work->err == AL_OK && al_tile_dir_size(p->dir) > 0)
		work->err = al_tile_dir_note(p->path, &work->note);
	if (work->err == AL_OK && work->note.len > 0)
		work->err = al_checkpoint_open(al_buf_view(&work->note), &p->key, &work->checkpoint);
	tell(p, on_opened);
}

static void write_work(void *arg)
{
	struct publish *p = arg;
	struct work *work = &p->work;
	struct al_slice rest = al_buf_view(&work->bytes), entry;

	work->err = AL_OK;
	for (size_t i = 0; work->err == AL_OK && i < work->count; i++) {
		work->err = al_bundle_next(&rest, &entry);
		if (work->err == AL_OK)
			work->err = al_tile_dir_add(p->dir, entry);
	}
	if (work->err == AL_OK && work->note.len > 0)
		work->err = al_tile_dir_publish(p->dir, al_buf_view(&work->note));
	tell(p, on_written);
}

/* ---- on the loop ---- */

static void timer_set(struct publish *p, uint64_t ms)
{
	p->state = PUBLISH_IDLE;
	p->waiting = true;
	al_timer_set(p->timer, ms);
}

static void failed(struct publish *p, const char *what, enum al_err err)
{
	al_log(AL_LOG_ERROR, "publish", "step=%s path=%s err=%s", what, p->path, al_err_name(err));
	al_tile_dir_close(p->dir);
	p->dir = NULL;
	timer_set(p, RETRY_MS);
}

static void forked(struct publish *p)
{
	al_log(AL_LOG_ERROR, "publish-fork",
	       "path=%s published=%" PRIu64 " ledger=%" PRIu64
	       " reason=\"a checkpoint was published that this ledger does not have, as if a backup had been restored."
	       " Signing on would fork the log. Bring it forward from a mirror or follower\"",
	       p->path, p->head.size, ledger_head(p->ledger, NULL).size);
}

static void work_post(struct publish *p, void (*fn)(void *arg))
{
	if (al_loop_post(al_worker_loop(p->worker), fn, p) != AL_OK)
		failed(p, "post", AL_ENOMEM);
}

static void head_set(struct publish *p)
{
	al_buf_reset(&p->note);
	al_buf_slice(&p->note, al_buf_view(&p->work.note));
	p->head = p->work.checkpoint;
	al_metric_set(&published_size, p->head.size);
}

static void go_on(struct publish *p);

static void on_checked(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct publish *p = arg;

	if (err != AL_OK) {
		failed(p, "check", err);
	} else if (batch->checkpoint.size != p->work.checkpoint.size ||
		   !al_hash_eq(&batch->checkpoint.root, &p->work.checkpoint.root)) {
		p->head = p->work.checkpoint;
		forked(p);
		al_service_fail(p->service);
	} else {
		p->size = batch->checkpoint.size;
		head_set(p);
		go_on(p);
	}
}

static void on_opened(void *arg)
{
	struct publish *p = arg;
	enum al_err err = p->work.err;

	p->size = 0;
	if (err == AL_OK && p->work.checkpoint.size == 0) {
		p->head = (struct al_checkpoint){ 0 };
		al_buf_reset(&p->note);
		go_on(p);
		return;
	}
	/* The ledger has this root at this size, if it is the one that this was made from. */
	p->state = PUBLISH_CHECKING;
	if (err == AL_OK)
		err = ledger_read(p->ledger, p->work.checkpoint.size - 1, 1, on_checked, p);
	if (err != AL_OK)
		failed(p, "open", err);
}

static void on_read(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct publish *p = arg;
	struct work *work = &p->work;
	uint64_t behind;

	if (err != AL_OK || batch->count == 0) {
		timer_set(p, RETRY_MS);
		return;
	}
	al_buf_reset(&work->bytes);
	al_buf_reset(&work->note);
	for (size_t i = 0; i < batch->count; i++)
		al_bundle_put(&work->bytes, batch->entries[i]);
	work->count = batch->count;
	behind = ledger_head(p->ledger, NULL).size - (batch->first + batch->count);
	if (behind < BACKLOG || al_now_ms() - p->published_ms >= BEHIND_MS) {
		al_buf_slice(&work->note, batch->note);
		work->checkpoint = batch->checkpoint;
	}
	if (work->bytes.err != AL_OK || work->note.err != AL_OK) {
		timer_set(p, RETRY_MS);
		return;
	}
	p->state = PUBLISH_WRITING;
	work_post(p, write_work);
}

static void on_written(void *arg)
{
	struct publish *p = arg;

	if (p->work.err != AL_OK) {
		failed(p, "write", p->work.err);
		return;
	}
	p->size += p->work.count;
	if (p->work.note.len > 0) {
		head_set(p);
		p->published_ms = al_now_ms();
	}
	go_on(p);
}

/* The same checkpoint once more, with its date. */
static void date_write(struct publish *p)
{
	struct work *work = &p->work;

	if (p->dated.len == 0 || p->dated_size != p->head.size || p->size != p->head.size)
		return;
	al_buf_reset(&work->bytes);
	al_buf_reset(&work->note);
	al_buf_slice(&work->note, al_buf_view(&p->dated));
	al_buf_reset(&p->dated);
	work->count = 0;
	work->checkpoint = p->head;
	p->state = PUBLISH_WRITING;
	work_post(p, write_work);
}

/* After any step that went well. */
static void go_on(struct publish *p)
{
	uint64_t behind = ledger_head(p->ledger, NULL).size - p->size;
	uint64_t since = al_now_ms() - p->published_ms;
	enum al_err err;

	p->state = PUBLISH_IDLE;
	if (behind == 0) {
		date_write(p);
		return;
	}
	if (behind < BACKLOG && p->size == p->head.size && since < INTERVAL_MS) {
		timer_set(p, INTERVAL_MS - since);
		return;
	}
	p->state = PUBLISH_READING;
	err = ledger_read(p->ledger, p->size, READ_BYTES, on_read, p);
	if (err != AL_OK)
		timer_set(p, RETRY_MS);
}

static void on_timer(void *arg)
{
	struct publish *p = arg;

	p->waiting = false;
	if (p->dir != NULL) {
		go_on(p);
		return;
	}
	p->state = PUBLISH_OPENING;
	work_post(p, open_work);
}

void publish_commit(struct publish *p)
{
	if (p != NULL && p->state == PUBLISH_IDLE && !p->waiting)
		go_on(p);
}

void publish_dated(struct publish *p, uint64_t size, struct al_slice note)
{
	if (p == NULL)
		return;
	al_buf_reset(&p->dated);
	al_buf_slice(&p->dated, note);
	p->dated_size = size;
	publish_commit(p);
}

struct al_checkpoint publish_head(const struct publish *p)
{
	return p->head;
}

/* ---- HTTP ---- */

static void http_checkpoint(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct publish *p = arg;

	(void)rest;
	(void)query;
	if (p->note.len == 0)
		answer->status = 503;
	al_buf_slice(&answer->body, al_buf_view(&p->note));
}

static void http_tile(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct publish *p = arg;

	(void)query;
	al_tile_http(p->path, rest, p->head.size, answer);
}

enum al_err publish_routes(struct publish *p, struct al_http *http)
{
	enum al_err err = al_http_route(http, "/checkpoint", http_checkpoint, p);

	return err == AL_OK ? al_http_route(http, "/tile/", http_tile, p) : err;
}

/* ---- life ---- */

/* What was published before, against the ledger: the part that needs no more than the newest checkpoints. */
static enum al_err rollback_check(struct publish *p)
{
	struct al_checkpoint head = ledger_head(p->ledger, NULL), cp;
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = al_tile_dir_note(p->path, &note);
	if (err == AL_OK)
		err = al_checkpoint_open(al_buf_view(&note), &p->key, &cp);
	al_buf_release(&note);
	/* What cannot be read or is not signed by us says nothing; al_tile_dir_open() deals with it. */
	if (err != AL_OK)
		return AL_OK;
	if (cp.size < head.size || (cp.size == head.size && al_hash_eq(&cp.root, &head.root)))
		return AL_OK;
	p->head = cp;
	forked(p);
	return AL_EFORK;
}

static enum al_err publish_open(struct publish *p)
{
	enum al_err err = rollback_check(p);

	if (err == AL_OK)
		err = al_timer_new(p->loop, on_timer, p, &p->timer);
	if (err == AL_OK)
		err = al_worker_start("publish", &p->worker);
	if (err != AL_OK)
		return err;
	al_metric_add(&published_size);
	p->state = PUBLISH_OPENING;
	work_post(p, open_work);
	return AL_OK;
}

enum al_err publish_new(struct al_service *service, struct ledger *ledger, const struct al_vkey *key,
			struct publish **out)
{
	const struct al_conf *conf = al_service_conf(service);
	const char *path = al_conf_str(conf, "registry", "publish");
	struct publish *p;
	enum al_err err;

	*out = NULL;
	if (path[0] == '\0')
		return AL_OK;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return AL_ENOMEM;
	p->service = service;
	p->loop = al_service_loop(service);
	p->ledger = ledger;
	p->key = *key;
	al_buf_init(&p->note, AL_NOTE_MAX);
	al_buf_init(&p->dated, AL_NOTE_MAX);
	al_buf_init(&p->work.note, AL_NOTE_MAX);
	al_buf_init(&p->work.bytes, READ_BYTES + AL_TILE_BYTES_MAX);
	err = al_conf_path(conf, path, p->path, sizeof(p->path));
	if (err == AL_OK)
		err = publish_open(p);
	if (err != AL_OK) {
		publish_free(p);
		return err;
	}
	*out = p;
	return AL_OK;
}

void publish_free(struct publish *p)
{
	if (p == NULL)
		return;
	al_worker_stop(p->worker);
	al_timer_free(p->timer);
	al_tile_dir_close(p->dir);
	al_buf_release(&p->note);
	al_buf_release(&p->dated);
	al_buf_release(&p->work.note);
	al_buf_release(&p->work.bytes);
	free(p);
}
