/* SPDX-License-Identifier: MIT */
/*
 * engine_sqlite_rows.c -- rows of the tables that may forget, out and in
 * (struct engine_row). Prepared as they are used: that is seldom.
 */
#include "engine_sqlite.h"

static const struct {
	const char *list, *add;
	int texts, numbers;
} tables[ENGINE_TABLES] = {
	[ENGINE_SIDE] = { "SELECT object, hash, text, idx FROM side ORDER BY object",
			  "INSERT INTO side (object, hash, text, idx) VALUES (CAST(?1 AS TEXT), ?2, ?3, ?4)", 2, 1 },
	[ENGINE_CONTROL] = { "SELECT hash, until FROM control ORDER BY hash",
			     "INSERT INTO control (hash, until) VALUES (?1, ?2)", 0, 1 },
	[ENGINE_QUEUE] = { "SELECT hash, label, text, same, id, time FROM queue ORDER BY id",
			   "INSERT INTO queue (hash, label, text, same, id, time)"
			   " VALUES (?1, CAST(?2 AS TEXT), ?3, ?4, ?5, ?6)",
			   3, 2 },
	[ENGINE_QUEUE_WHO] = { "SELECT who, id, bytes FROM queue_who ORDER BY who, id",
			       "INSERT INTO queue_who (who, id, bytes) VALUES (CAST(?1 AS TEXT), ?2, ?3)", 0, 2 },
	[ENGINE_QUEUE_DONE] = { "SELECT hash, reason, time FROM queue_done ORDER BY hash",
				"INSERT INTO queue_done (hash, reason, time) VALUES (?1, CAST(?2 AS TEXT), ?3)", 1, 1 },
};

static enum al_err each_row(struct sqlite_engine *db, enum engine_table table, engine_row_fn visit, void *arg)
{
	sqlite3_stmt *stmt = NULL;
	enum al_err err = sqlite_prepare(db, &tables[table].list, 1, &stmt);

	while (err == AL_OK && (err = sqlite_row(db, stmt)) == AL_OK) {
		struct engine_row row = { .table = table, .key = sqlite_column(stmt, 0) };
		int column = 1;

		for (int i = 0; i < tables[table].texts; i++)
			row.texts[i] = sqlite_column(stmt, column++);
		for (int i = 0; i < tables[table].numbers; i++)
			row.numbers[i] = (uint64_t)sqlite3_column_int64(stmt, column++);
		err = visit(arg, &row);
	}
	(void)sqlite3_finalize(stmt);
	return err == AL_ENOTFOUND ? AL_OK : err;
}

enum al_err sqlite_side_each(struct engine *engine, engine_row_fn visit, void *arg)
{
	enum al_err err = AL_OK;

	for (int table = 0; err == AL_OK && table < ENGINE_TABLES; table++)
		err = each_row(sqlite_of(engine), (enum engine_table)table, visit, arg);
	return err;
}

enum al_err sqlite_side_clear(struct engine *engine)
{
	struct sqlite_engine *db = sqlite_of(engine);
	static const char text[] = "DELETE FROM side; DELETE FROM control; DELETE FROM queue; DELETE FROM queue_who;"
				   "DELETE FROM queue_done";
	int rc = sqlite3_exec(db->sql, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? AL_OK : sqlite_fail(db, "clear", rc);
}

enum al_err sqlite_side_add(struct engine *engine, const struct engine_row *row)
{
	struct sqlite_engine *db = sqlite_of(engine);
	sqlite3_stmt *stmt = NULL;
	enum al_err err = sqlite_prepare(db, &tables[row->table].add, 1, &stmt);
	int at = 1;

	if (err == AL_OK) {
		sqlite_bind_blob(stmt, at++, row->key);
		for (int i = 0; i < tables[row->table].texts; i++)
			sqlite_bind_blob(stmt, at++, row->texts[i]);
		for (int i = 0; i < tables[row->table].numbers; i++)
			sqlite_bind_u64(stmt, at++, row->numbers[i]);
		err = sqlite_run(db, stmt);
	}
	(void)sqlite3_finalize(stmt);
	return err;
}
