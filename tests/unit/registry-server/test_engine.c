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
		cmocka_unit_test(test_which_engine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
