/* SPDX-License-Identifier: MIT */
/* replica_bench.h -- a follower with a state, and the stream server over a log in memory. For tests only. */
#ifndef TESTS_COMMON_REPLICA_BENCH_H
#define TESTS_COMMON_REPLICA_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../guard.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../folder.h"
#include "alamo/follow/follow.h"
#include "alamo/follow/stream.h"
#include "alamo/net/conf.h"
#include "alamo/rpsl/entry.h"
#include "alamo/rpsl/state.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"

#define LOG_SIZE 9
#define DAY_S 86400

struct fixture {
	char dir[64], seen[160];
	struct al_loop *loop;
	struct al_timer *guard;
	struct al_conf *conf;
	struct al_skey key;
	struct al_buf entry[LOG_SIZE];
	bool changing;  /* between begin and end */
	size_t batches; /* of them */
	struct al_tree *tree;
	struct al_stream *stream;
	struct al_replica *replica;
	/* what the replica said */
	size_t heads;
	uint64_t first, last;
	struct al_freshness age;
	size_t ages;
	bool stop_at_age;
	uint64_t stop_at;
	bool timed_out;
	/* of a follower without a state */
	struct al_object *object; /* the newest; reference */
	size_t objects;
};

/* ---- a log ---- */

/* Of a kind that followers hash and pass over; but the second and the third are of objects, the third of an edit. */
static inline void entry_make(struct al_buf *out, uint64_t index)
{
	static const char *const bodies[LOG_SIZE] = {
		[1] = "request: test\nprev: none\n\ndomain: a.test\nnserver: ns.test\nmnt-by: A-MNT\nsource: T1\n\n"
		      "person: Ann\nnic-hdl: ANN-T1\nmnt-by: A-MNT\nsource: T1\n",
		[2] = "request: test\nprev: none\n\ndomain: a.test\nextend: x\nnserver: ns2.test\nsource: T1\n",
	};
	static const char results[] = { AL_CREATE, AL_CREATE };
	struct al_entry entry = {
		.index = index, .time = 1764000000 + index, .kind = AL_S("test"), .body = AL_S("x\n")
	};

	if (bodies[index] != NULL) {
		entry.kind = AL_S("request");
		entry.result = al_slice_of(results, index == 1 ? 2 : 1);
		entry.body = al_slice_str(bodies[index]);
	}
	al_buf_init(out, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, out), AL_OK);
}

/* `date` 0: none. */
static inline void note_make(const struct fixture *f, const struct al_skey *key, uint64_t size, uint64_t date,
			     struct al_buf *out)
{
	struct al_checkpoint cp = { size, al_tree_root(f->tree, size) };
	struct al_skey dating;
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_buf_init(out, 4096);
	al_checkpoint_format(al_slice_str(key->pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), key, out);
	al_skey_dating(key, &dating);
	if (date > 0)
		al_cosign(al_buf_view(&text), &dating, date, out);
	al_buf_release(&text);
}

/* Three entries and a head at a time. */
static inline enum al_err read_log(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct fixture *f = source;
	struct al_slice entries[LOG_SIZE];
	uint64_t end = (from / 3 + 1) * 3;
	struct al_stream_batch batch = { .first = from, .count = end - from, .entries = entries };
	struct al_buf note;

	(void)max_bytes;
	for (uint64_t i = from; i < end; i++)
		entries[i - from] = al_buf_view(&f->entry[i]);
	note_make(f, &f->key, end, 0, &note);
	batch.note = al_buf_view(&note);
	done(token, AL_OK, &batch);
	al_buf_release(&note);
	return AL_OK;
}

static inline void serve(struct fixture *f, uint64_t size, uint64_t date)
{
	char path[96];
	struct al_buf note;

	note_make(f, &f->key, size, date, &note);
	assert_int_equal(al_stream_new(f->loop, &AL_STREAM_LIMITS, read_log, f, size, al_buf_view(&note), &f->stream),
			 AL_OK);
	(void)snprintf(path, sizeof(path), "%s/run/log.sock", f->dir);
	assert_int_equal(al_listener_unix(al_stream_local(f->stream), path), AL_OK);
	al_buf_release(&note);
}

static inline void grow(struct fixture *f, uint64_t from, uint64_t end)
{
	struct al_slice entries[LOG_SIZE];
	struct al_stream_batch batch = { .first = from, .count = end - from, .entries = entries };
	struct al_buf note;

	for (uint64_t i = from; i < end; i++)
		entries[i - from] = al_buf_view(&f->entry[i]);
	note_make(f, &f->key, end, 0, &note);
	batch.note = al_buf_view(&note);
	al_stream_publish(f->stream, &batch);
	al_buf_release(&note);
}

/* ---- the replica ---- */

static inline void on_begin(void *arg)
{
	struct fixture *f = arg;

	assert_false(f->changing);
	f->changing = true;
}

static inline void on_end(void *arg)
{
	struct fixture *f = arg;

	assert_true(f->changing);
	f->changing = false;
	f->batches++;
}

static inline void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	const struct fixture *f = arg;

	(void)old;
	(void)now;
	assert_true(f->changing);
}

static inline void on_head(void *arg, const struct al_state *state, const struct al_checkpoint *cp,
			   struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_true(al_replica_caught_up(f->replica));
	assert_int_equal(state != NULL ? al_state_size(state) : cp->size, cp->size);
	assert_int_equal(al_checkpoint_open(note, &f->key.pub, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	if (f->heads++ == 0)
		f->first = cp->size;
	f->last = cp->size;
	if (cp->size == f->stop_at)
		al_loop_stop(f->loop);
}

static inline void on_age(void *arg, const struct al_freshness *freshness)
{
	struct fixture *f = arg;

	f->age = *freshness;
	f->ages++;
	if (f->stop_at_age)
		al_loop_stop(f->loop);
}

static inline void follow_with(struct fixture *f, const struct al_replica_ops *ops)
{
	f->heads = f->ages = 0;
	assert_int_equal(al_replica_new(f->loop, f->conf, ops, f, &f->replica), AL_OK);
	assert_false(al_replica_caught_up(f->replica));
}

static inline void follow(struct fixture *f)
{
	static const struct al_replica_ops ops = {
		.begin = on_begin, .end = on_end, .change = on_change, .head = on_head, .age = on_age
	};

	follow_with(f, &ops);
}

static inline void on_guard(void *arg)
{
	struct fixture *f = arg;

	f->timed_out = true;
	al_loop_stop(f->loop);
}

static inline void run_to(struct fixture *f, uint64_t size)
{
	f->stop_at = size;
	f->stop_at_age = size == 0;
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
	assert_false(f->timed_out);
}

static inline void leave(struct fixture *f)
{
	al_replica_free(f->replica);
	f->replica = NULL;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char path[128], why[256];
	struct al_buf vkey;
	FILE *file;

	if (f == NULL || sodium_init() < 0)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_replica.XXXXXX");
	if (mkdtemp(f->dir) == NULL || al_loop_new(&f->loop) != AL_OK ||
	    al_timer_new(f->loop, on_guard, f, &f->guard) != AL_OK || al_tree_new(&f->tree) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/log"), &f->key) != AL_OK)
		return -1;
	for (uint64_t i = 0; i < LOG_SIZE; i++) {
		struct al_hash leaf;

		entry_make(&f->entry[i], i);
		leaf = al_leaf_hash(al_buf_view(&f->entry[i]));
		if (al_tree_push(f->tree, &leaf) != AL_OK)
			return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/keys", f->dir);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof(path), "%s/run", f->dir);
	(void)mkdir(path, 0755);
	(void)snprintf(f->seen, sizeof(f->seen), "%s/run/seen.%s", f->dir, program_invocation_short_name);
	(void)snprintf(path, sizeof(path), "%s/keys/log.pub", f->dir);
	al_buf_init(&vkey, 1024);
	al_vkey_format(&f->key.pub, &vkey);
	if (al_note_save(path, al_buf_view(&vkey), false) != AL_OK)
		return -1;
	al_buf_release(&vkey);
	(void)snprintf(path, sizeof(path), "%s/alamo.conf", f->dir);
	file = fopen(path, "we");
	if (file == NULL || fputs("[network]\nname = test\n[log]\nstale-seconds = 60\n", file) < 0 || fclose(file) != 0)
		return -1;
	*state = f;
	return al_conf_load(path, &f->conf, why, sizeof(why)) == AL_OK ? 0 : -1;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	/* Whatever the test was about: what began has ended. */
	if (f->changing)
		return -1;
	al_replica_free(f->replica);
	al_object_unref(f->object);
	al_stream_free(f->stream);
	al_conf_free(f->conf);
	for (size_t i = 0; i < LOG_SIZE; i++)
		al_buf_release(&f->entry[i]);
	al_tree_free(f->tree);
	al_timer_free(f->guard);
	al_loop_free(f->loop);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
