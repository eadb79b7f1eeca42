/* SPDX-License-Identifier: MIT */
/*
 * engine_pg_queue.c -- what waits for the hostmaster, who sent it, and what
 * became of it.
 */
#include "engine_pg.h"

#define COLUMNS "SELECT id, time, label, hash FROM queue "
/* What `which` chooses leaves both tables at once; its hash stays, with time $2 and reason $3. $1 is for `which`. */
#define REFUSE(which)                                                                \
	"WITH gone AS (DELETE FROM queue WHERE " which " RETURNING id, hash),"       \
	" w AS (DELETE FROM queue_who WHERE id IN (SELECT id FROM gone))"            \
	" INSERT INTO queue_done (hash, time, reason) SELECT hash, $2, $3 FROM gone" \
	" ON CONFLICT (hash) DO UPDATE SET time = excluded.time, reason = excluded.reason"
/* The same, and nothing of it stays. */
#define FORGET(which)                                                     \
	"WITH gone AS (SELECT id FROM queue WHERE " which "),"            \
	" w AS (DELETE FROM queue_who WHERE id IN (SELECT id FROM gone))" \
	" DELETE FROM queue WHERE id IN (SELECT id FROM gone)"
#define BOTH(which)                          \
	{                                    \
		FORGET(which), REFUSE(which) \
	}
#define OF_WHO "id IN (SELECT id FROM queue_who WHERE who = $1)"
#define OF_SENDER                                                                               \
	"id IN (SELECT id FROM queue_who WHERE who IN (SELECT who FROM queue_who WHERE id = $1" \
	" AND who NOT LIKE 'network=%'))"

/* ---- looking ---- */

static void row_take(const PGresult *result, int at, struct ledger_queued *out)
{
	engine_queued(out, pg_u64(result, at, 0), pg_u64(result, at, 1), pg_cell(result, at, 2),
		      pg_cell(result, at, 3));
}

static enum al_err row_by(struct pg_engine *db, const char *text, const struct pg_args *args, struct ledger_queued *row,
			  struct al_buf *whole)
{
	PGresult *result;
	enum al_err err = pg_ask(db, text, args, &result);

	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK)
		row_take(result, 0, row);
	if (err == AL_OK && whole != NULL) {
		al_buf_slice(whole, pg_cell(result, 0, 4));
		err = whole->err;
	}
	PQclear(result);
	return err;
}

static enum al_err queue_row(struct engine *engine, enum engine_by by, const uint8_t hash[static AL_HASH_LEN],
			     struct ledger_queued *row)
{
	struct pg_args args = { .count = 0 };

	pg_arg_hash(&args, hash);
	return row_by(pg_of(engine), by == ENGINE_SAME ? COLUMNS "WHERE same = $1" : COLUMNS "WHERE hash = $1", &args,
		      row, NULL);
}

static enum al_err queue_get(struct engine *engine, uint64_t id, struct ledger_queued *out, struct al_buf *text)
{
	struct pg_args args = { .count = 0 };

	pg_arg_u64(&args, id);
	return row_by(pg_of(engine), "SELECT id, time, label, hash, text FROM queue WHERE id = $1", &args, out, text);
}

static enum al_err queue_sums(struct engine *engine, struct al_slice who, uint64_t *rows, uint64_t *bytes)
{
	static const char all[] = "SELECT count(*), coalesce(sum(length(text)), 0)::int8 FROM queue",
			  one[] = "SELECT count(*), coalesce(sum(bytes), 0)::int8 FROM queue_who WHERE who = $1";
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	if (who.len > 0)
		pg_arg_bytes(&args, who);
	err = pg_ask(pg_of(engine), who.len > 0 ? one : all, &args, &result);
	if (err == AL_OK) {
		*rows = pg_u64(result, 0, 0);
		*bytes = pg_u64(result, 0, 1);
	}
	PQclear(result);
	return err;
}

static enum al_err queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count)
{
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	*count = 0;
	pg_arg_u64(&args, cap);
	err = pg_ask(pg_of(engine), COLUMNS "ORDER BY id LIMIT $1", &args, &result);
	for (int i = 0; err == AL_OK && i < PQntuples(result); i++)
		row_take(result, i, &rows[(*count)++]);
	PQclear(result);
	return err;
}

static enum al_err queue_refusal(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], uint64_t *time,
				 char reason[static LEDGER_REASON_MAX])
{
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	pg_arg_hash(&args, hash);
	err = pg_ask(pg_of(engine), "SELECT time, reason FROM queue_done WHERE hash = $1", &args, &result);
	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK) {
		*time = pg_u64(result, 0, 0);
		err = al_slice_copy(al_slice_head(pg_cell(result, 0, 1), LEDGER_REASON_MAX - 1), reason,
				    LEDGER_REASON_MAX);
	}
	PQclear(result);
	return err;
}

/* ---- adding ---- */

static enum al_err queue_insert(struct engine *engine, const struct ledger_asking *asking, uint64_t *id)
{
	struct pg_engine *db = pg_of(engine);
	struct pg_args args = { .count = 0 };
	PGresult *result = NULL;
	enum al_err err = pg_speak(db);

	if (err != AL_OK)
		return err;
	pg_arg_u64(&args, asking->time);
	pg_arg_hash(&args, asking->hash);
	pg_arg_bytes(&args, asking->label);
	pg_arg_bytes(&args, asking->text);
	pg_arg_hash(&args, asking->same);
	err = pg_ask(db, "INSERT INTO queue (time, hash, label, text, same) VALUES ($1, $2, $3, $4, $5) RETURNING id",
		     &args, &result);
	if (err == AL_OK)
		*id = pg_u64(result, 0, 0);
	PQclear(result);
	return err;
}

static enum al_err queue_count(struct engine *engine, struct al_slice who, uint64_t id, uint64_t bytes)
{
	struct pg_args args = { .count = 0 };
	uint64_t count;

	pg_arg_bytes(&args, who);
	pg_arg_u64(&args, id);
	pg_arg_u64(&args, bytes);
	return pg_change(pg_of(engine),
			 "INSERT INTO queue_who (who, id, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", &args,
			 &count);
}

/* ---- taking away ---- */

static enum al_err any_before(struct pg_engine *db, uint64_t time)
{
	struct pg_args args = { .count = 0 };
	struct ledger_queued row;

	pg_arg_u64(&args, time);
	return row_by(db, COLUMNS "WHERE time < $1 LIMIT 1", &args, &row, NULL);
}

static enum al_err queue_remove(struct engine *engine, const struct engine_rows *which,
				const struct engine_refusal *refusal, uint64_t *count)
{
	static const char *const texts[][2] = {
		[ENGINE_ID] = BOTH("id = $1"), [ENGINE_BEFORE] = BOTH("time < $1"), [ENGINE_HASH] = BOTH("hash = $1"),
		[ENGINE_WHO] = BOTH(OF_WHO),   [ENGINE_SENDER] = BOTH(OF_SENDER),
	};
	struct pg_args args = { .count = 0 };
	/* Asked once a minute: without anything to do, no transaction is begun for it. */
	enum al_err err = which->by == ENGINE_BEFORE ? any_before(pg_of(engine), which->number) : AL_OK;

	*count = 0;
	if (err != AL_OK)
		return err;
	if (which->by == ENGINE_HASH)
		pg_arg_hash(&args, which->hash);
	else if (which->by == ENGINE_WHO)
		pg_arg_bytes(&args, which->who);
	else
		pg_arg_u64(&args, which->number);
	if (refusal != NULL) {
		pg_arg_u64(&args, refusal->time);
		pg_arg_bytes(&args, refusal->reason);
	}
	err = pg_change(pg_of(engine), texts[which->by][refusal != NULL], &args, count);
	return err == AL_OK && *count == 0 ? AL_ENOTFOUND : err;
}

static enum al_err queue_trim(struct engine *engine, uint64_t before, uint64_t most)
{
	struct pg_args args = { .count = 0 };
	uint64_t count;

	pg_arg_u64(&args, before);
	pg_arg_u64(&args, most);
	return pg_change(pg_of(engine),
			 "DELETE FROM queue_done WHERE time < $1 OR hash IN"
			 " (SELECT hash FROM queue_done ORDER BY time DESC OFFSET $2)",
			 &args, &count);
}

const struct engine_queue_ops pg_queue_ops = {
	.row = queue_row,
	.get = queue_get,
	.list = queue_list,
	.sums = queue_sums,
	.insert = queue_insert,
	.count = queue_count,
	.remove = queue_remove,
	.refusal = queue_refusal,
	.trim = queue_trim,
};
