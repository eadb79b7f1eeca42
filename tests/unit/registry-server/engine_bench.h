/* SPDX-License-Identifier: MIT */
/* engine_bench.h -- an engine of each kind, and its queue. For tests only. */
#ifndef TESTS_ENGINE_BENCH_H
#define TESTS_ENGINE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engines.h"
#include "ledger/engine.h"
#include "ledger/queue.h"

#define ENGINE_TESTS_MAX 32

struct fixture {
	const char *kind;
	char dir[64];
	char where[ENGINE_WHERE_MAX];
	struct engine *engine;
};

/* *state is the kind. */
static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->kind = *state;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/alamo-engine-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	engine_place_make(f->kind, f->dir, f->where);
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_OK);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	engine_close(f->engine);
	engine_place_drop(f->kind, f->where);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static inline enum al_err append(struct engine *engine, uint64_t index)
{
	const struct al_slice body = AL_S("body");
	const struct al_hash leaf = al_leaf_hash(body);

	return engine->ops->append(engine, index, &leaf, body);
}

static inline uint64_t size_of(struct engine *engine)
{
	uint64_t size = 99;

	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	return size;
}

struct ask {
	uint64_t time;
	uint8_t text, same; /* first bytes of the hashes */
	const char *who;
};

/* In a transaction of its own. */
static inline enum al_err ask(struct engine *engine, const struct ask *ask, uint64_t share, uint64_t *id)
{
	const uint8_t hash[AL_HASH_LEN] = { ask->text }, same[AL_HASH_LEN] = { ask->same };
	const struct ledger_asking asking = {
		ask->time, hash, same, AL_S("label"), AL_S("text"), al_slice_str(ask->who)
	};
	struct ledger_queued row = { .id = 0 };
	enum al_err err;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	err = queue_add(engine, &asking, share, &row);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	*id = row.id;
	return err;
}

static inline struct ledger_queue_status status_of(struct engine *engine, uint8_t text, enum al_err expected)
{
	const uint8_t hash[AL_HASH_LEN] = { text };
	struct ledger_queue_status status;

	assert_int_equal(queue_status(engine, hash, &status), expected);
	return status;
}

static inline uint64_t waiting(struct engine *engine)
{
	struct ledger_queued rows[4];
	uint64_t total;
	size_t count;

	assert_int_equal(queue_list(engine, rows, AL_COUNT(rows), &count, &total), AL_OK);
	assert_true(count == total || (count == AL_COUNT(rows) && total > count));
	return total;
}

static inline enum al_err drop(struct engine *engine, uint64_t id, struct al_slice who, uint64_t now,
			       struct al_slice reason, uint64_t *count)
{
	const struct engine_refusal refusal = { now, reason };

	return queue_drop(engine, id, who, &refusal, count);
}

static inline void commit_of(struct engine *engine, uint64_t first, uint64_t count, const char *note)
{
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	for (uint64_t i = 0; i < count; i++)
		assert_int_equal(append(engine, first + i), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, first + count, al_slice_str(note)), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

#define EACH(name)                                 \
	{                                          \
#name, name, setup, teardown, NULL \
	}

/* All of them, once for each kind of engine that is built in. */
static inline int each_kind(const struct CMUnitTest *of_each, size_t count)
{
	struct CMUnitTest tests[ENGINE_TESTS_MAX];
	int failed = 0;

	assert_true(count <= ENGINE_TESTS_MAX);
	for (size_t kind = 0; kind < engine_kind_count; kind++) {
		memcpy(tests, of_each, count * sizeof(tests[0]));
		for (size_t i = 0; i < count; i++)
			tests[i].initial_state = (void *)(uintptr_t)engine_kinds[kind];
		failed += _cmocka_run_group_tests(engine_kinds[kind], tests, count, NULL, NULL);
	}
	engines_stop();
	return failed;
}

#endif
