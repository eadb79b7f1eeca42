/* SPDX-License-Identifier: MIT */
/*
 * test_queue_fails.c -- what is kept beside the log and cannot be stored: a file whose tables refuse what is written to
 * them.
 */
#include "queue_bench.h"

/* ---- it cannot be stored ---- */

static const struct {
	const char *what; /* SQLite does that it refuses */
	int number;
} refusals[] = {
	{ "INSERT ON queue", 0 },     { "INSERT ON queue_who", 0 },  { "DELETE ON queue", 1 },
	{ "DELETE ON queue_who", 1 }, { "INSERT ON queue_done", 1 }, { "DELETE ON queue_done", 1 },
	{ "DELETE ON side", 2 },      { "INSERT ON control", 2 },    { "DELETE ON control", 2 },
};

static enum al_err change(struct fixture *f, int number)
{
	struct ledger_once once = { .hash = { 8 }, .until = 5000, .now = 4000 };

	if (number == 0)
		return add(f, 2, 2000);
	if (number == 1)
		return answer_of(f, ledger_queue_drop(f->rig.ledger, 1, AL_S("no"), NULL, on_side, f));
	return answer_of(f, ledger_side_erase(f->rig.ledger, AL_S("person A"), &once, on_side, f));
}

/* One request waits, one was refused years ago, a contact is there, and a control request that is long over. */
static const char filled[] =
	"DELETE FROM queue; DELETE FROM queue_who; DELETE FROM queue_done; DELETE FROM side; DELETE FROM control;"
	"INSERT INTO queue (id, time, hash, label, text) VALUES (1, 1000, zeroblob(32), 'x', x'61');"
	"INSERT INTO queue_who VALUES ('key=1', 1, 1);"
	"INSERT INTO queue_done VALUES (randomblob(32), 5, 'no');"
	"INSERT INTO side (object, hash, text, idx) VALUES ('person A', zeroblob(32), x'61', 0);"
	"INSERT INTO control VALUES (zeroblob(32), 3000);";

static int rows_of(const struct fixture *f)
{
	static const char query[] =
		"SELECT (SELECT count(*) FROM queue) * 1000 + (SELECT count(*) FROM queue_who) * 100"
		" + (SELECT count(*) FROM side) * 10 + (SELECT count(*) FROM control)";
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int rows;

	assert_int_equal(sqlite3_open(f->rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	rows = sqlite3_column_int(stmt, 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return rows;
}

/* What waited before the start is counted from the start on. */
static void counted_at_the_start(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(metric("alamo_registry_queue_waiting"), 0);
	reopen(f, filled);
	assert_int_equal(metric("alamo_registry_queue_waiting"), 1);
	assert_int_equal(metric("alamo_registry_queue_oldest_seconds"), 1000);
}

/* What somebody still reads in the write-ahead log is not erased; when he is gone it is, with what was there before. */
static void not_while_it_is_read(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;

	reopen(f, filled);
	assert_int_equal(sqlite3_open(f->rig.path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN; SELECT count(*) FROM side", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(answer_of(f, ledger_side_erase(f->rig.ledger, AL_S("person A"), NULL, on_side, f)), AL_EIO);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(answer_of(f, ledger_side_erase(f->rig.ledger, AL_S("person A"), NULL, on_side, f)),
			 AL_ENOTFOUND);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
}

/* What was asked in the same turn is told the same, though it had its answer. */
static void all_are_told(void **state)
{
	struct fixture *f = *state;
	struct order order;

	change_tables(f, "CREATE TRIGGER refusal BEFORE INSERT ON queue BEGIN SELECT RAISE(ABORT, 'refused'); END;");
	hold(f, &order);
	assert_int_equal(ledger_queue_list(f->rig.ledger, on_look, &order), AL_OK);
	assert_int_equal(add_queue(f, &(struct ask){ .number = 1 }), AL_OK);
	said_begin(&f->said);
	f->rig.holding = false;
	while (f->answers < 2)
		al_loop_run(f->rig.loop);
	says(said_end(&f->said), "event=ledger-side err=storage-failed\n");
	assert_int_equal(order.looked, AL_EIO);
	assert_int_equal(f->err, AL_EIO);
}

/* Whichever statement fails, nothing was done, and all that were asked in this turn are told so. */
static void all_or_nothing(void **state)
{
	struct fixture *f = *state;
	char sql[2000];

	for (size_t i = 0; i < AL_COUNT(refusals); i++) {
		(void)snprintf(sql, sizeof(sql),
			       "%s CREATE TRIGGER refusal BEFORE %s BEGIN SELECT RAISE(ABORT, 'refused'); END;", filled,
			       refusals[i].what);
		reopen(f, sql);
		said_begin(&f->said);
		assert_int_equal(change(f, refusals[i].number), AL_EIO);
		says(said_end(&f->said), "event=ledger-side err=storage-failed\n");
		assert_int_equal(list(f), AL_OK);
		assert_int_equal(f->total, 1);
		reopen(f, "DROP TRIGGER refusal;");
		ledger_close(f->rig.ledger);
		f->rig.ledger = NULL;
		assert_int_equal(rows_of(f), 1111);
		reopen(f, NULL);
		assert_int_equal(change(f, refusals[i].number), AL_OK);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counted_at_the_start),
		TEST(all_or_nothing),
		TEST(all_are_told),
		TEST(not_while_it_is_read),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
