/* SPDX-License-Identifier: MIT */
/*
 * test_engine.c -- what every engine promises: what stands where is compared
 * inside it, a transaction is all or nothing; and which one a text chooses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ledger/engine.h"

struct fixture {
	char dir[64];
	char path[96];
	struct engine *engine;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/alamo-engine-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	assert_int_equal(engine_open(f->path, true, &f->engine), AL_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "", "-wal", "-shm", ".lock" };
	struct fixture *f = *state;
	char path[128];

	engine_close(f->engine);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, names[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

static enum al_err append(struct engine *engine, uint64_t index)
{
	const struct al_slice body = AL_S("body");
	const struct al_hash leaf = al_leaf_hash(body);

	return engine->ops->append(engine, index, &leaf, body);
}

static uint64_t size_of(struct engine *engine)
{
	uint64_t size = 99;

	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	return size;
}

static void test_compare_and_set(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(size_of(engine), 0);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_ESTALE);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(append(engine, 0), AL_ESTALE);
	assert_int_equal(append(engine, 2), AL_ESTALE);
	assert_int_equal(append(engine, 1), AL_OK);
	assert_int_equal(size_of(engine), 2);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_ESTALE);
	assert_int_equal(engine->ops->add_note(engine, 3, AL_S("note")), AL_ESTALE);
	assert_int_equal(engine->ops->add_note(engine, 2, AL_S("note")), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(size_of(engine), 2);
}

/* What was taken back is not counted: the next transaction begins where the store is. */
static void test_rollback(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct al_buf note;

	al_buf_init(&note, 100);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_OK);
	engine->ops->rollback(engine);
	assert_int_equal(size_of(engine), 0);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_ESTALE);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_OK);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->note(engine, 1, &note), AL_ENOTFOUND);
	assert_int_equal(size_of(engine), 0);
}

/* Another process's work is seen, whatever this one remembers. */
static void test_after_reopening(void **state)
{
	struct fixture *f = *state;
	struct engine *second;

	assert_int_equal(engine_open(f->path, false, &second), AL_EAGAIN);
	assert_int_equal(f->engine->ops->begin(f->engine), AL_OK);
	assert_int_equal(append(f->engine, 0), AL_OK);
	assert_int_equal(f->engine->ops->commit(f->engine), AL_OK);
	engine_close(f->engine);
	assert_int_equal(engine_open(f->path, false, &f->engine), AL_OK);
	assert_int_equal(size_of(f->engine), 1);
	assert_int_equal(f->engine->ops->begin(f->engine), AL_OK);
	assert_int_equal(append(f->engine, 0), AL_ESTALE);
	assert_int_equal(append(f->engine, 1), AL_OK);
	f->engine->ops->rollback(f->engine);
}

/* ---- the queue ---- */

struct ask {
	uint64_t time;
	uint8_t text, same; /* first bytes of the hashes */
	const char *who;
};

/* In a transaction of its own. */
static enum al_err ask(struct engine *engine, const struct ask *ask, uint64_t share, uint64_t *id)
{
	const uint8_t hash[AL_HASH_LEN] = { ask->text }, same[AL_HASH_LEN] = { ask->same };
	const struct ledger_asking asking = {
		ask->time, hash, same, AL_S("label"), AL_S("text"), al_slice_str(ask->who)
	};
	struct ledger_queued row = { .id = 0 };
	enum al_err err;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	err = engine->ops->side->queue_add(engine, &asking, share, &row);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	*id = row.id;
	return err;
}

static struct ledger_queue_status status_of(struct engine *engine, uint8_t text, enum al_err expected)
{
	const uint8_t hash[AL_HASH_LEN] = { text };
	struct ledger_queue_status status;

	assert_int_equal(engine->ops->side->queue_status(engine, hash, &status), expected);
	return status;
}

static uint64_t waiting(struct engine *engine)
{
	struct ledger_queued rows[4];
	uint64_t total;
	size_t count;

	assert_int_equal(engine->ops->side->queue_list(engine, rows, AL_COUNT(rows), &count, &total), AL_OK);
	assert_true(count == total || (count == AL_COUNT(rows) && total > count));
	return total;
}

static void test_each_has_a_share(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id;

	for (uint8_t i = 0; i < 2; i++)
		assert_int_equal(ask(engine, &(struct ask){ 1, i, i, "source=a network=n key=1" }, 2, &id), AL_OK);
	/* By any word of it, whatever the others are. */
	assert_int_equal(ask(engine, &(struct ask){ 1, 7, 7, "source=a network=o key=2" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 7, 7, "source=b network=o key=1" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 2, 2, "source=b network=n key=2" }, 2, &id), AL_OK);
	/* A network has several shares, and an end too. */
	for (uint8_t i = 3; i < 2 * LEDGER_QUEUE_NETWORK; i++)
		assert_int_equal(ask(engine, &(struct ask){ 1, i, i, "network=n" }, 2, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 1, 60, 60, "network=n source=c" }, 2, &id), AL_EDENIED);
	assert_int_equal(ask(engine, &(struct ask){ 1, 60, 60, "network=m source=c" }, 2, &id), AL_OK);
	/* What waits already is answered, whoever's share is full. */
	assert_int_equal(ask(engine, &(struct ask){ 9, 0, 99, "source=a" }, 2, &id), AL_OK);
	assert_int_equal(id, 1);
	assert_int_equal(ask(engine, &(struct ask){ 9, 99, 1, "source=a" }, 2, &id), AL_OK);
	assert_int_equal(id, 2);
}

static void test_refused_with_a_reason(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	const struct al_slice nobody = al_slice_of(NULL, 0);
	uint64_t id, count;

	(void)status_of(engine, 1, AL_ENOTFOUND);
	assert_int_equal(ask(engine, &(struct ask){ 5, 1, 1, "key=1" }, 9, &id), AL_OK);
	assert_true(status_of(engine, 1, AL_OK).waiting && status_of(engine, 1, AL_OK).id == id);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->queue_drop(engine, id + 1, nobody, 6, AL_S("no"), &count), AL_ENOTFOUND);
	assert_int_equal(engine->ops->side->queue_drop(engine, id, nobody, 6, AL_S("too large"), &count), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(count, 1);
	assert_false(status_of(engine, 1, AL_OK).waiting);
	assert_int_equal(status_of(engine, 1, AL_OK).time, 6);
	assert_string_equal(status_of(engine, 1, AL_OK).reason, "too large");
	/* The share is free again; asked anew, it waits. */
	assert_int_equal(ask(engine, &(struct ask){ 7, 2, 2, "key=1" }, 1, &id), AL_OK);
	assert_int_equal(ask(engine, &(struct ask){ 7, 1, 1, "key=2" }, 1, &id), AL_OK);
	assert_true(status_of(engine, 1, AL_OK).waiting);
}

static void test_refused_all_at_once(void **state)
{
	static const struct ask asks[] = {
		{ 1, 1, 1, "source=a network=n key=1 mntner=A" }, { 1, 2, 2, "source=b network=n key=1 mntner=A" },
		{ 1, 3, 3, "source=a network=n key=2 mntner=B" }, { 1, 4, 4, "source=c network=n key=3 mntner=C" },
		{ 1, 5, 5, "source=d network=o key=4 mntner=A" },
	};
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id, count;

	for (size_t i = 0; i < AL_COUNT(asks); i++)
		assert_int_equal(ask(engine, &asks[i], 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->queue_drop(engine, 0, AL_S("key=9"), 2, AL_S("no"), &count), AL_ENOTFOUND);
	assert_int_equal(engine->ops->side->queue_drop(engine, 0, AL_S("from=x"), 2, AL_S("no"), &count), AL_ENOTFOUND);
	/* Of the same source, key or maintainer as number 1; sharing a network is no reason. */
	assert_int_equal(engine->ops->side->queue_drop(engine, 0, AL_S("from=1"), 2, AL_S("spam"), &count), AL_OK);
	assert_int_equal(count, 4);
	assert_int_equal(waiting(engine), 1);
	assert_true(status_of(engine, 4, AL_OK).waiting);
	assert_string_equal(status_of(engine, 5, AL_OK).reason, "spam");
	assert_int_equal(engine->ops->side->queue_drop(engine, 0, AL_S("network=n"), 2, AL_S("no"), &count), AL_OK);
	assert_int_equal(count, 1);
	engine->ops->rollback(engine);
	assert_int_equal(waiting(engine), 5);
	(void)status_of(engine, 9, AL_ENOTFOUND);
}

static void test_waits_for_so_long(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	uint64_t id, count;

	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(ask(engine, &(struct ask){ 10u * i, i, i, "key=1" }, 9, &id), AL_OK);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->queue_expire(engine, 10, 40, &count), AL_OK);
	assert_int_equal(count, 0);
	assert_int_equal(engine->ops->side->queue_expire(engine, 30, 40, &count), AL_OK);
	assert_int_equal(count, 2);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(waiting(engine), 1);
	assert_int_equal(status_of(engine, 1, AL_OK).time, 40);
	assert_true(status_of(engine, 3, AL_OK).waiting);
	/* What was refused is remembered for a while, too. */
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->queue_expire(engine, 31, 41 + LEDGER_QUEUE_DONE_S, &count), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	(void)status_of(engine, 1, AL_ENOTFOUND);
	assert_false(status_of(engine, 3, AL_OK).waiting);
}

/* ---- which one ---- */

static void test_which_engine(void **state)
{
	struct engine *engine = NULL;

	(void)state;
	assert_true(engine_is_path("ledger.db") && engine_is_path("/srv/a:b/ledger.db"));
	assert_false(engine_is_path("postgresql://db.example.net/alamo"));
	assert_int_equal(engine_open("postgresql://db.example.net/alamo", true, &engine), AL_EUNSUPPORTED);
	assert_int_equal(engine_open("postgresql:///alamo", false, &engine), AL_EUNSUPPORTED);
	assert_null(engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_compare_and_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rollback, setup, teardown),
		cmocka_unit_test_setup_teardown(test_after_reopening, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_has_a_share, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_with_a_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_all_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_for_so_long, setup, teardown),
		cmocka_unit_test(test_which_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
