/* SPDX-License-Identifier: MIT */
/*
 * engine_pg_side.c -- contact texts and control requests.
 *
 * In a batch of entries nothing is asked: what is to go there need not be there.
 */
#include "engine_pg.h"

#define REMEMBERED_MAX 100000 /* control requests of one day */

/* ---- contact texts ---- */

static enum al_err side_put(struct engine *engine, const struct ledger_attachment *side, uint64_t index)
{
	struct pg_args args = { .count = 0 };
	uint64_t count;

	pg_arg_bytes(&args, side->object);
	pg_arg_hash(&args, side->hash);
	pg_arg_u64(&args, index);
	pg_arg_bytes(&args, side->text);
	return pg_change(pg_of(engine),
			 "INSERT INTO side (object, hash, idx, text) VALUES ($1, $2, $3, $4) ON CONFLICT (object)"
			 " DO UPDATE SET hash = excluded.hash, idx = excluded.idx, text = excluded.text",
			 &args, &count);
}

static enum al_err side_remove(struct engine *engine, struct al_slice object)
{
	struct pg_args args = { .count = 0 };
	uint64_t count;
	enum al_err err;

	pg_arg_bytes(&args, object);
	err = pg_change(pg_of(engine), "DELETE FROM side WHERE object = $1", &args, &count);
	return err == AL_OK && count == 0 ? AL_ENOTFOUND : err;
}

static enum al_err side_get(struct engine *engine, struct al_slice object, uint8_t hash[static AL_HASH_LEN],
			    struct al_buf *text)
{
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	pg_arg_bytes(&args, object);
	err = pg_ask(pg_of(engine), "SELECT hash, text FROM side WHERE object = $1", &args, &result);
	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK) {
		engine_hash(pg_cell(result, 0, 0), hash);
		al_buf_slice(text, pg_cell(result, 0, 1));
		err = text->err;
	}
	PQclear(result);
	return err;
}

/* ---- control requests ---- */

/* AL_OK: it may be remembered. */
static enum al_err once_look(struct pg_engine *db, const struct ledger_once *once)
{
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	pg_arg_hash(&args, once->hash);
	err = pg_ask(db, "SELECT count(*) FILTER (WHERE hash = $1), count(*) FROM control", &args, &result);
	if (err == AL_OK && pg_u64(result, 0, 0) > 0)
		err = AL_EEXIST;
	else if (err == AL_OK && pg_u64(result, 0, 1) >= REMEMBERED_MAX)
		err = AL_EAGAIN;
	PQclear(result);
	return err;
}

static enum al_err side_once(struct engine *engine, const struct ledger_once *once)
{
	struct pg_engine *db = pg_of(engine);
	struct pg_args expire = { .count = 0 }, add = { .count = 0 };
	uint64_t count;
	enum al_err err;

	pg_arg_u64(&expire, once->now);
	err = pg_change(db, "DELETE FROM control WHERE until < $1", &expire, &count);
	if (err == AL_OK)
		err = once_look(db, once);
	if (err != AL_OK)
		return err;
	pg_arg_hash(&add, once->hash);
	pg_arg_u64(&add, once->until);
	return pg_change(db, "INSERT INTO control (hash, until) VALUES ($1, $2)", &add, &count);
}

/* ---- erasing ---- */

/*
 * A deleted row stays in its page until something else needs the room. TRUNCATE gives the tables new files, and the
 * old ones are emptied by the commit, whoever still reads an old snapshot.
 */
static enum al_err side_scrub(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);
	enum al_err err = pg_speak(db);

	if (err != AL_OK)
		return err;
	return pg_err(pg_script(db, "CREATE TEMP TABLE side_kept ON COMMIT DROP AS SELECT * FROM side;"
				    "CREATE TEMP TABLE queue_kept ON COMMIT DROP AS SELECT * FROM queue;"
				    "CREATE TEMP TABLE queue_who_kept ON COMMIT DROP AS SELECT * FROM queue_who;"
				    "TRUNCATE side, queue, queue_who;"
				    "INSERT INTO side SELECT * FROM side_kept;"
				    "INSERT INTO queue SELECT * FROM queue_kept;"
				    "INSERT INTO queue_who SELECT * FROM queue_who_kept"));
}

/* What the server has written before (WAL, archives, standbys) is its administrator's (docs/formats.md, "Erasing"). */
static enum al_err side_purge(struct engine *engine)
{
	(void)engine;
	return AL_OK;
}

const struct engine_side_ops pg_side_ops = {
	.put = side_put,
	.remove = side_remove,
	.get = side_get,
	.once = side_once,
	.scrub = side_scrub,
	.purge = side_purge,
	.each = pg_side_each,
	.clear = pg_side_clear,
	.add = pg_side_add,
	.save = engine_rows_save,
	.adopt = engine_rows_adopt,
};
