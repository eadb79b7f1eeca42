/* SPDX-License-Identifier: MIT */
/*
 * engine_pg_rows.c -- rows of the tables that may forget, out and in
 * (struct engine_row).
 */
#include "engine_pg.h"

#include <inttypes.h>
#include <stdio.h>

/* Columns in the order of the row: key, texts, numbers. The order is by the key, from which the next page goes on. */
static const struct {
	const char *name, *columns, *order;
	int texts, numbers;
} tables[ENGINE_TABLES] = {
	[ENGINE_SIDE] = { "side", "object, hash, text, idx", "object", 2, 1 },
	[ENGINE_CONTROL] = { "control", "hash, until", "hash", 0, 1 },
	[ENGINE_QUEUE] = { "queue", "hash, label, text, same, id, time", "id", 3, 2 },
	[ENGINE_QUEUE_WHO] = { "queue_who", "who, id, bytes", "who, id", 0, 2 },
	[ENGINE_QUEUE_DONE] = { "queue_done", "hash, reason, time", "hash", 1, 1 },
};

#define PAGE 500
#define STATEMENT_MAX 256

static void row_take(const PGresult *result, int at, struct engine_row *row)
{
	int column = 0;

	row->key = pg_cell(result, at, column++);
	for (int i = 0; i < tables[row->table].texts; i++)
		row->texts[i] = pg_cell(result, at, column++);
	for (int i = 0; i < tables[row->table].numbers; i++)
		row->numbers[i] = pg_u64(result, at, column++);
}

/* The tables have at most 100,000 rows, and one writer: this one. */
static enum al_err each_row(struct pg_engine *db, enum engine_table table, engine_row_fn visit, void *arg)
{
	char text[STATEMENT_MAX];
	enum al_err err = AL_OK;
	int rows = PAGE;

	(void)snprintf(text, sizeof(text), "SELECT %s FROM %s ORDER BY %s LIMIT $1 OFFSET $2", tables[table].columns,
		       tables[table].name, tables[table].order);
	for (uint64_t offset = 0; err == AL_OK && rows == PAGE; offset += PAGE) {
		struct pg_args args = { .count = 0 };
		PGresult *result;

		pg_arg_u64(&args, PAGE);
		pg_arg_u64(&args, offset);
		err = pg_ask(db, text, &args, &result);
		rows = PQntuples(result);
		for (int i = 0; err == AL_OK && i < rows; i++) {
			struct engine_row row = { .table = table };

			row_take(result, i, &row);
			err = visit(arg, &row);
		}
		PQclear(result);
	}
	return err;
}

enum al_err pg_side_each(struct engine *engine, engine_row_fn visit, void *arg)
{
	enum al_err err = AL_OK;

	for (int table = 0; err == AL_OK && table < ENGINE_TABLES; table++)
		err = each_row(pg_of(engine), (enum engine_table)table, visit, arg);
	return err;
}

enum al_err pg_side_clear(struct engine *engine)
{
	const struct pg_args none = { .count = 0 };
	uint64_t count;

	return pg_change(pg_of(engine), "TRUNCATE side, control, queue, queue_who, queue_done", &none, &count);
}

enum al_err pg_side_add(struct engine *engine, const struct engine_row *row)
{
	static const char *const places[] = {
		"$1", "$1, $2", "$1, $2, $3", "$1, $2, $3, $4", "$1, $2, $3, $4, $5", "$1, $2, $3, $4, $5, $6"
	};
	struct pg_args args = { .count = 0 };
	char text[STATEMENT_MAX];
	uint64_t count;
	enum al_err err;

	pg_arg_bytes(&args, row->key);
	for (int i = 0; i < tables[row->table].texts; i++)
		pg_arg_bytes(&args, row->texts[i]);
	for (int i = 0; i < tables[row->table].numbers; i++)
		pg_arg_u64(&args, row->numbers[i]);
	(void)snprintf(text, sizeof(text), "INSERT INTO %s (%s) VALUES (%s)", tables[row->table].name,
		       tables[row->table].columns, places[args.count - 1]);
	err = pg_change(pg_of(engine), text, &args, &count);
	/* A number is never given again. */
	if (err == AL_OK && row->table == ENGINE_QUEUE) {
		struct pg_args id = { .count = 0 };
		PGresult *result;

		pg_arg_u64(&id, row->numbers[0]);
		err = pg_ask(pg_of(engine), "SELECT setval(pg_get_serial_sequence('queue', 'id'), $1)", &id, &result);
		PQclear(result);
	}
	return err;
}
