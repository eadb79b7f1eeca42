/* SPDX-License-Identifier: MIT */
/* stream_bench.h -- a ledger that is given out, and those who follow it. For tests only. */
#ifndef TESTS_STREAM_BENCH_H
#define TESTS_STREAM_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../guard.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "alamo/follow/follow.h"
#include "ledger/ledger.h"
#include "sign/signer.h"
#include "ledger/stream_internal.h"

#define FOLLOWERS 20

struct fixture {
	char dir[64], path[96], socket[96];
	struct al_skey key;
	struct al_loop *loop;
	struct al_timer *guard;
	struct ledger *ledger;
	struct stream *stream;
	struct al_stream_limits limits;
	size_t entry_len; /* bytes of each entry */
	uint64_t durable;
	uint64_t wanted; /* the loop stops when all is there */
	size_t behind;   /* followers not yet at `wanted` */
};

struct reader {
	struct fixture *f;
	struct al_follow *follow;
	uint64_t entries, head;
	struct al_edge edge;
};

static char filler[60000];

/* Entry i: its number, then filler. */
static inline struct al_slice entry_bytes(const struct fixture *f, uint64_t i, char *out)
{
	int len = snprintf(out, 64, "entry %llu ", (unsigned long long)i);

	memcpy(out + len, filler, f->entry_len);
	return al_slice_of(out, (size_t)len + f->entry_len);
}

static inline void check_done(struct fixture *f)
{
	if (f->durable == f->wanted && f->behind == 0)
		al_loop_stop(f->loop);
}

static inline void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct fixture *f = arg;

	stream_publish(f->stream, batch);
	f->durable = batch->checkpoint.size;
	check_done(f);
}

static inline enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	static char want[sizeof(filler) + 64];
	struct reader *r = arg;
	struct al_hash leaf = al_leaf_hash(bytes);

	assert_int_equal(index, r->entries);
	assert_true(al_slice_eq(bytes, entry_bytes(r->f, index, want)));
	al_edge_push(&r->edge, &leaf);
	r->entries++;
	return AL_OK;
}

static inline void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct reader *r = arg;
	struct al_hash root = al_edge_root(&r->edge);

	(void)note;
	assert_int_equal(cp->size, r->entries);
	assert_true(al_hash_eq(&root, &cp->root));
	if (r->head < r->f->wanted && cp->size == r->f->wanted)
		r->f->behind--;
	r->head = cp->size;
	check_done(r->f);
}

static const struct al_follow_ops ops = { .entry = on_entry, .head = on_head };

static inline void on_guard(void *arg)
{
	(void)arg;
	fail_msg("timed out");
}

static inline void reader_start(struct fixture *f, struct reader *r)
{
	struct al_follow_conf conf = { .address = f->socket, .key = f->key.pub };

	*r = (struct reader){ .f = f };
	al_edge_init(&r->edge);
	f->behind += f->wanted > 0;
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, r, &r->follow), AL_OK);
}

static inline void run(struct fixture *f)
{
	if (f->durable == f->wanted && f->behind == 0)
		return;
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
	assert_int_equal(f->durable, f->wanted);
	assert_int_equal(f->behind, 0);
}

/* Queue entries up to `size`; `readers` have to get there too. */
static inline void grow(struct fixture *f, uint64_t size, size_t readers)
{
	static char bytes[sizeof(filler) + 64];

	for (uint64_t i = f->wanted; i < size; i++)
		assert_int_equal(ledger_append(f->ledger, i, entry_bytes(f, i, bytes), NULL, NULL), AL_OK);
	f->wanted = size;
	f->behind += readers;
}

static inline void serve(struct fixture *f, bool create)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->durable = ledger_head(f->ledger, NULL).size;
	assert_int_equal(stream_open(f->loop, &f->limits, f->ledger, &f->stream), AL_OK);
	assert_int_equal(stream_listen_local(f->stream, f->socket), AL_OK);
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

static inline void unserve(struct fixture *f)
{
	ledger_close(f->ledger);
	stream_free(f->stream);
	f->ledger = NULL;
	f->stream = NULL;
	/* What the ledger had posted goes out with the last round of the loop. */
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK || al_timer_new(f->loop, on_guard, f, &f->guard) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &f->key) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_stream.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	(void)snprintf(f->socket, sizeof(f->socket), "%s/log.sock", f->dir);
	f->entry_len = 200;
	f->limits = AL_STREAM_LIMITS;
	serve(f, true);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	static const char *const names[] = { "ledger.db", "ledger.db.lock", "ledger.db-wal", "ledger.db-shm",
					     "log.sock" };
	struct fixture *f = *state;
	char name[128];

	unserve(f);
	al_timer_free(f->guard);
	al_loop_free(f->loop);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(name, sizeof(name), "%s/%s", f->dir, names[i]);
		(void)unlink(name);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

#endif
