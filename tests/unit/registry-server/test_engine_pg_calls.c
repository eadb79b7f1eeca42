/* SPDX-License-Identifier: MIT */
/*
 * test_engine_pg_calls.c -- PostgreSQL's engine: calls out of order, and while the server is away; tables by the page; what is
 * damaged, and what a session says.
 */
#include "engine_pg_bench.h"

#ifdef ALAMO_POSTGRESQL

/* ---- out of order ---- */

static enum al_err put(struct engine *engine)
{
	const struct ledger_attachment side = { AL_S("person A"), { 1 }, AL_S("x") };

	return engine->ops->side->put(engine, &side, 0);
}

static enum al_err append(struct engine *engine, uint64_t index)
{
	const struct al_hash leaf = al_leaf_hash(AL_S("body"));

	return engine->ops->append(engine, index, &leaf, AL_S("body"));
}

static void test_nothing_without_a_beginning(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct al_buf text;
	uint8_t hash[AL_HASH_LEN];

	assert_int_equal(append(engine, 0), AL_EINVAL);
	assert_int_equal(put(engine), AL_EINVAL);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 1), AL_ESTALE);
	/* A transaction of tables has no entries. */
	assert_int_equal(put(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_EINVAL);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_EINVAL);
	al_buf_init(&text, 100);
	assert_int_equal(engine->ops->side->get(engine, AL_S("person A"), hash, &text), AL_OK);
	assert_true(al_slice_is(al_buf_view(&text), "x"));
	assert_int_equal(hash[0], 1);
	al_buf_release(&text);
}

/* ---- much at once ---- */

struct counted {
	uint64_t next, bytes;
};

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	struct counted *counted = arg;

	assert_int_equal(index, counted->next++);
	assert_int_equal(leaf.len, AL_HASH_LEN);
	counted->bytes += body.len;
	return AL_OK;
}

/* More than a socket takes in one go; and more than a batch may have, which is refused before anything is said. */
static void test_much_at_once(void **state)
{
	static char large[65535];
	const struct al_hash leaf = { { 1 } };
	struct engine *engine = ((struct fixture *)*state)->engine;
	struct counted counted = { .next = 0 };
	enum al_err err = AL_OK;
	uint64_t size = 0;

	memset(large, 'l', sizeof(large));
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	for (uint64_t i = 0; i < 200; i++)
		assert_int_equal(engine->ops->append(engine, i, &leaf, al_slice_of(large, sizeof(large))), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 200, AL_S("note")), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
	assert_int_equal(engine->ops->each_entry(engine, 0, on_entry, &counted), AL_OK);
	assert_int_equal(counted.next, 200);
	assert_int_equal(counted.bytes, 200 * sizeof(large));
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	for (uint64_t i = 200; i < 500 && err == AL_OK; i++)
		err = engine->ops->append(engine, i, &leaf, al_slice_of(large, sizeof(large)));
	assert_int_equal(err, AL_ELIMIT);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->size(engine, &size), AL_OK);
	assert_int_equal(size, 200);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 200), AL_OK);
	engine->ops->rollback(engine);
}

/* ---- while the server is away ---- */

static enum al_err begin_in_the_end(struct engine *engine)
{
	enum al_err err = engine->ops->begin(engine);

	for (int i = 0; i < 600 && err == AL_EIO; i++) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		err = engine->ops->begin(engine);
	}
	return err;
}

/* A transaction that can be begun without it fails with the first word; one behind a lost batch is not begun. */
static void test_away(void **state)
{
	struct engine *engine = ((struct fixture *)*state)->engine;

	assert_int_equal(engine->ops->begin(engine), AL_OK);
	engine_server_crash();
	assert_int_equal(put(engine), AL_EIO);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(append(engine, 0), AL_OK);
	assert_int_equal(engine->ops->add_note(engine, 1, AL_S("note")), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_EAGAIN);
	engine->ops->rollback(engine);
	assert_int_equal(engine->ops->begin(engine), AL_EIO);
	engine_server_start();
	assert_int_equal(begin_in_the_end(engine), AL_OK);
	assert_int_equal(put(engine), AL_OK);
	assert_int_equal(engine->ops->commit(engine), AL_OK);
}

/* ---- what is damaged ---- */

static void is_damaged(struct fixture *f)
{
	said_begin(&f->said);
	assert_int_equal(f->engine->ops->check(f->engine), AL_EVERIFY);
	(void)said_end(&f->said);
	assert_non_null(strstr(f->said.text, "error alamo event=ledger-damaged what=head\n"));
}

static void test_a_head_of_other_entries(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(f->engine->ops->check(f->engine), AL_OK);
	assert_true(engine_sql(f->where, "UPDATE head SET size = 1"));
	is_damaged(f);
	assert_true(engine_sql(f->where, "UPDATE head SET size = 0"));
	assert_int_equal(f->engine->ops->check(f->engine), AL_OK);
	assert_true(engine_sql(f->where, "DELETE FROM head"));
	is_damaged(f);
}

/* ---- by the page ---- */

struct rows {
	uint64_t count, sum, stop;
};

static enum al_err on_row(void *arg, const struct engine_row *row)
{
	struct rows *rows = arg;

	if (row->table != ENGINE_CONTROL)
		return AL_EINVAL;
	rows->count++;
	rows->sum += row->numbers[0];
	return rows->count == rows->stop ? AL_EDENIED : AL_OK;
}

static void test_rows_by_the_page(void **state)
{
	static const uint64_t counts[] = { 499, 500, 501, 1000, 1001 };
	struct fixture *f = *state;
	char sql[300];

	for (size_t i = 0; i < AL_COUNT(counts); i++) {
		struct rows rows = { .count = 0 };

		(void)snprintf(sql, sizeof(sql),
			       "DELETE FROM control; INSERT INTO control (hash, until)"
			       " SELECT sha256(convert_to(n::text, 'UTF8')), n FROM generate_series(1, %d) AS n",
			       (int)counts[i]);
		assert_true(engine_sql(f->where, sql));
		assert_int_equal(f->engine->ops->side->each(f->engine, on_row, &rows), AL_OK);
		assert_int_equal(rows.count, counts[i]);
		assert_int_equal(rows.sum, counts[i] * (counts[i] + 1) / 2);
		rows = (struct rows){ .stop = 7 };
		assert_int_equal(f->engine->ops->side->each(f->engine, on_row, &rows), AL_EDENIED);
		assert_int_equal(rows.count, 7);
	}
}

/* So many control requests of one day are remembered. */
static void test_a_full_day(void **state)
{
	struct fixture *f = *state;
	struct engine *engine = f->engine;
	struct ledger_once once = { .hash = { 7 }, .until = 5000, .now = 4000 };

	assert_true(engine_sql(f->where, "INSERT INTO control (hash, until)"
					 " SELECT sha256(convert_to(n::text, 'UTF8')), 5000"
					 " FROM generate_series(1, 99999) AS n"));
	for (unsigned i = 0; i < 2; i++) {
		once.hash[1] = (uint8_t)i;
		assert_int_equal(engine->ops->begin(engine), AL_OK);
		assert_int_equal(engine->ops->side->once(engine, &once), i == 0 ? AL_OK : AL_EAGAIN);
		assert_int_equal(engine->ops->commit(engine), AL_OK);
	}
	once.now = 5001;
	assert_int_equal(engine->ops->begin(engine), AL_OK);
	assert_int_equal(engine->ops->side->once(engine, &once), AL_OK);
	engine->ops->rollback(engine);
}

/* ---- what is said ---- */

/* That there is one machine only is said once, not with each connection. */
static void test_no_standby(void **state)
{
	struct fixture *f = *state;
	struct engine *second;
	uint64_t size;

	said_begin(&f->said);
	assert_int_equal(engine_follow(f->where, &second), AL_OK);
	(void)said_end(&f->said);
	assert_non_null(
		strstr(f->said.text, "warn alamo event=ledger-standby reason=\"no synchronous standby is named"));
	assert_true(engine_sql(f->where, end_sessions));
	said_begin(&f->said);
	assert_int_equal(second->ops->size(second, &size), AL_OK);
	(void)said_end(&f->said);
	assert_null(strstr(f->said.text, "ledger-standby"));
	engine_close(second);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_nothing_without_a_beginning),
		EACH(test_much_at_once),
		EACH(test_away),
		EACH(test_a_head_of_other_entries),
		EACH(test_rows_by_the_page),
		EACH(test_a_full_day),
		EACH(test_no_standby),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	engines_stop();
	return failed;
}

#else
int main(void)
{
	return 0; /* this build has no such engine */
}
#endif
