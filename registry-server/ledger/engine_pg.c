/* SPDX-License-Identifier: MIT */
/*
 * engine_pg.c -- entries, checkpoints, and transactions.
 */
#include "engine_pg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"

#define PAGE 1000 /* rows of one answer */
#define OID_BYTEA 17
#define ARRAY_COUNT_AT 12 /* where the number of elements stands in an array */

/* No row of `head` that is as we left it: 1 / 0, which undoes all that was said with it. */
#define OURS(condition, change)              \
	"WITH h AS (UPDATE head SET " change \
	"turn = turn + 1 WHERE turn = $1 AND epoch = $2 AND writer = $3" condition " RETURNING 1)"
#define GUARD " SELECT 1 / (SELECT count(*) FROM h)"

static const char add_batch[] = OURS(" AND size = $4",
				     "size = $5, ") ", e AS (INSERT INTO entry SELECT $4 + o - 1, l, b FROM h,"
						    " unnest($6, $7) WITH ORDINALITY AS u (l, b, o)),"
						    " c AS (INSERT INTO checkpoint SELECT $5, $8 FROM h)" GUARD;
static const char add_turn[] = OURS("", "") GUARD;

/* ---- what a batch keeps until it is durable ---- */

static void array_begin(struct pg_array *array)
{
	al_buf_reset(&array->bytes);
	array->count = 0;
	al_buf_u32(&array->bytes, 1); /* dimensions */
	al_buf_u32(&array->bytes, 0); /* no NULL in it */
	al_buf_u32(&array->bytes, OID_BYTEA);
	al_buf_u32(&array->bytes, 0); /* the number: see array_add() */
	al_buf_u32(&array->bytes, 1); /* the first one's index */
}

static enum al_err array_add(struct pg_array *array, const void *bytes, size_t len)
{
	al_buf_string(&array->bytes, bytes, len);
	if (array->bytes.err == AL_OK)
		al_set_u32(array->bytes.ptr + ARRAY_COUNT_AT, ++array->count);
	return array->bytes.err;
}

static void writes_free(struct pg_engine *db)
{
	struct pg_write *write;

	while ((write = db->first_write) != NULL) {
		db->first_write = write->next;
		free(write);
	}
	db->last_write = NULL;
}

static enum al_err write_keep(struct pg_engine *db, const char *text, const struct pg_args *args)
{
	struct pg_write *write;
	size_t len = 0;

	for (int i = 0; i < args->count; i++)
		len += (size_t)args->lengths[i];
	write = calloc(1, sizeof(*write) + len);
	if (write == NULL)
		return AL_ENOMEM;
	write->text = text;
	write->args = *args;
	len = 0;
	for (int i = 0; i < args->count; i++) {
		if (args->bytes[i] == NULL)
			continue;
		memcpy(write->bytes + len, args->bytes[i], (size_t)args->lengths[i]);
		write->args.bytes[i] = write->bytes + len;
		len += (size_t)args->lengths[i];
	}
	if (db->last_write == NULL)
		db->first_write = write;
	else
		db->last_write->next = write;
	db->last_write = write;
	return AL_OK;
}

static void batch_forget(struct pg_engine *db)
{
	writes_free(db);
	al_buf_reset(&db->note);
	array_begin(&db->leaves);
	array_begin(&db->bodies);
	db->next = db->size;
	db->state = PG_NONE;
}

void pg_close(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);

	pg_drop(db);
	writes_free(db);
	al_buf_release(&db->leaves.bytes);
	al_buf_release(&db->bodies.bytes);
	al_buf_release(&db->note);
	free(db->where);
	free(db);
}

/* ---- asking ---- */

static enum al_err reconnect(struct pg_engine *db)
{
	if (db->pg != NULL)
		return AL_OK;
	return db->leads ? pg_regain(db) : pg_connect(db);
}

enum al_err pg_ask(struct pg_engine *db, const char *text, const struct pg_args *args, PGresult **out)
{
	enum al_err err = AL_ECLOSED;

	*out = NULL;
	if (db->state == PG_SPEAKING || db->lost)
		return pg_err(pg_run(db, text, args, out));
	for (int try = 0; err == AL_ECLOSED && try < 2; try++) {
		err = reconnect(db);
		if (err == AL_OK)
			err = pg_run(db, text, args, out);
	}
	return pg_err(err);
}

static enum al_err pg_check(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);
	PGresult *result;
	enum al_err err = pg_ask(db,
				 "SELECT (size = (SELECT coalesce(max(idx) + 1, 0) FROM entry))::int::int8 FROM head",
				 NULL, &result);

	if (err == AL_OK && (PQntuples(result) != 1 || pg_u64(result, 0, 0) != 1)) {
		al_log(AL_LOG_ERROR, "ledger-damaged", "what=head");
		err = AL_EVERIFY;
	}
	PQclear(result);
	return err;
}

/* To lead, the epoch was written: that is confirmed, and all before it. */
static enum al_err pg_settle(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);

	if (!db->leads)
		return pg_err(pg_confirm(db));
	return db->lost ? AL_EIO : AL_OK;
}

static enum al_err pg_size(struct engine *engine, uint64_t *size)
{
	struct pg_engine *db = pg_of(engine);
	PGresult *result;
	enum al_err err;

	if (db->state != PG_NONE) {
		*size = db->next;
		return AL_OK;
	}
	err = pg_ask(db, "SELECT size FROM head", NULL, &result);
	if (err == AL_OK)
		*size = pg_u64(result, 0, 0);
	PQclear(result);
	return err;
}

/* ---- transactions ---- */

static void args_ours(const struct pg_engine *db, struct pg_args *args)
{
	*args = (struct pg_args){ .count = 0 };
	pg_arg_u64(args, db->turn);
	pg_arg_u64(args, db->epoch);
	pg_arg_bytes(args, al_slice_of(db->writer, sizeof(db->writer)));
}

static enum al_err fence(struct pg_engine *db, enum al_err err)
{
	if (err == AL_ESTALE && !db->fenced) {
		db->fenced = true;
		al_log(AL_LOG_ERROR, "ledger-fenced", "size=%" PRIu64 " epoch=%" PRIu64, db->size, db->epoch);
	}
	return err;
}

static enum al_err pg_begin(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);
	enum al_err err;

	if (!db->leads || db->fenced)
		return AL_ESTALE;
	if (db->lost) { /* of a batch that was given up */
		err = pg_regain(db);
		if (err != AL_OK)
			return pg_err(err);
		db->lost = false;
		db->size = db->seen_size;
		db->turn = db->seen_turn;
	}
	batch_forget(db);
	db->state = PG_BEGUN;
	return AL_OK;
}

static enum al_err pg_append(struct engine *engine, uint64_t index, const struct al_hash *leaf, struct al_slice body)
{
	struct pg_engine *db = pg_of(engine);
	enum al_err err;

	if (index != db->next)
		return AL_ESTALE;
	if (db->state != PG_BEGUN && db->state != PG_BATCH)
		return AL_EINVAL;
	db->state = PG_BATCH;
	err = array_add(&db->leaves, leaf->b, sizeof(leaf->b));
	if (err == AL_OK)
		err = array_add(&db->bodies, body.ptr, body.len);
	if (err == AL_OK)
		db->next++;
	return err;
}

static enum al_err pg_add_note(struct engine *engine, uint64_t size, struct al_slice note)
{
	struct pg_engine *db = pg_of(engine);

	if (size != db->next)
		return AL_ESTALE;
	al_buf_reset(&db->note);
	al_buf_slice(&db->note, note);
	return db->note.err;
}

enum al_err pg_speak(struct pg_engine *db)
{
	static const struct pg_write begin = { .text = "BEGIN" };
	struct pg_args args;
	PGresult *result;
	enum al_err err;

	if (db->state == PG_SPEAKING)
		return AL_OK;
	if (db->state != PG_BEGUN)
		return AL_EINVAL;
	err = reconnect(db);
	if (err != AL_OK)
		return pg_err(err);
	args_ours(db, &args);
	err = fence(db, pg_run_all(db, &begin, add_turn, &args, &result));
	PQclear(result);
	db->state = PG_SPEAKING;
	return pg_err(err);
}

enum al_err pg_change(struct pg_engine *db, const char *text, const struct pg_args *args, uint64_t *count)
{
	PGresult *result = NULL;
	enum al_err err;

	*count = 1;
	if (db->state == PG_BATCH)
		return write_keep(db, text, args);
	err = pg_speak(db);
	if (err == AL_OK)
		err = pg_run(db, text, args, &result);
	if (err == AL_OK && al_slice_u64(al_slice_str(PQcmdTuples(result)), UINT64_MAX, count) != AL_OK)
		*count = 0;
	PQclear(result);
	return pg_err(err);
}

static enum al_err batch_say(struct pg_engine *db)
{
	struct pg_args args;
	PGresult *result;
	enum al_err err;

	args_ours(db, &args);
	pg_arg_u64(&args, db->size);
	pg_arg_u64(&args, db->next);
	pg_arg_array(&args, &db->leaves);
	pg_arg_array(&args, &db->bodies);
	pg_arg_bytes(&args, al_buf_view(&db->note));
	err = pg_run_all(db, db->first_write, add_batch, &args, &result);
	PQclear(result);
	return err;
}

/* Whether it is there, once that can be known; a batch that is not there is said again. */
static enum al_err commit_settle(struct pg_engine *db)
{
	enum al_err err = pg_regain(db);

	if (err != AL_OK)
		return err;
	db->lost = false;
	if (db->seen_turn == db->turn + 1 && db->seen_size == db->next)
		return AL_OK;
	if (db->seen_turn != db->turn || db->seen_size != db->size)
		return AL_ESTALE;
	return db->state == PG_BATCH ? batch_say(db) : AL_EIO;
}

static enum al_err commit_say(struct pg_engine *db)
{
	enum al_err err = AL_ECLOSED;

	if (db->lost)
		return commit_settle(db);
	if (db->state == PG_SPEAKING)
		return db->pg != NULL ? pg_script(db, "COMMIT") : AL_EIO; /* lost before it: nothing was done */
	if (db->pg != NULL)
		err = batch_say(db);
	return err;
}

static enum al_err pg_commit(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);
	enum al_err err = db->state == PG_BEGUN ? AL_OK : fence(db, commit_say(db));

	if (err == AL_ECLOSED) {
		db->lost = true;
		return AL_EAGAIN;
	}
	if (err == AL_OK) {
		db->turn += db->state != PG_BEGUN;
		db->size = db->next;
		batch_forget(db);
	}
	return err;
}

static void pg_rollback(struct engine *engine)
{
	struct pg_engine *db = pg_of(engine);

	if (db->pg != NULL && PQtransactionStatus(db->pg) != PQTRANS_IDLE && pg_script(db, "ROLLBACK") != AL_OK)
		pg_drop(db);
	batch_forget(db);
}

/* ---- reading ---- */

/* A page of rows; two numbers say which. */
static enum al_err page(struct pg_engine *db, const char *text, uint64_t first, uint64_t second, PGresult **out)
{
	struct pg_args args = { .count = 0 };

	pg_arg_u64(&args, first);
	pg_arg_u64(&args, second);
	return pg_ask(db, text, &args, out);
}

static enum al_err pg_each_entry(struct engine *engine, uint64_t from, engine_entry_fn visit, void *arg)
{
	enum al_err err = AL_OK;
	int rows = PAGE;

	while (err == AL_OK && rows == PAGE) {
		PGresult *result;

		err = page(pg_of(engine), "SELECT idx, leaf, body FROM entry WHERE idx >= $1 ORDER BY idx LIMIT $2",
			   from, PAGE, &result);
		rows = PQntuples(result);
		for (int i = 0; err == AL_OK && i < rows; i++) {
			from = pg_u64(result, i, 0) + 1;
			err = visit(arg, from - 1, pg_cell(result, i, 1), pg_cell(result, i, 2));
		}
		PQclear(result);
	}
	return err;
}

static enum al_err pg_each_note(struct engine *engine, engine_note_fn visit, void *arg)
{
	uint64_t below = INT64_MAX;
	enum al_err err = AL_OK;
	int rows = PAGE;

	while (err == AL_OK && rows == PAGE) {
		PGresult *result;

		err = page(pg_of(engine),
			   "SELECT size, note FROM checkpoint WHERE size < $1 ORDER BY size DESC LIMIT $2", below, PAGE,
			   &result);
		rows = PQntuples(result);
		for (int i = 0; err == AL_OK && i < rows; i++) {
			below = pg_u64(result, i, 0);
			err = visit(arg, below, pg_cell(result, i, 1));
		}
		PQclear(result);
	}
	return err;
}

static enum al_err pg_find_note(struct engine *engine, uint64_t least, uint64_t most, bool newest, uint64_t *size)
{
	PGresult *result;
	enum al_err err;

	if (least > most)
		return AL_ENOTFOUND;
	err = page(pg_of(engine),
		   newest ? "SELECT size FROM checkpoint WHERE size BETWEEN $1 AND $2 ORDER BY size DESC LIMIT 1"
			  : "SELECT size FROM checkpoint WHERE size BETWEEN $1 AND $2 ORDER BY size LIMIT 1",
		   least, most, &result);
	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK)
		*size = pg_u64(result, 0, 0);
	PQclear(result);
	return err;
}

static enum al_err pg_note(struct engine *engine, uint64_t size, struct al_buf *note)
{
	PGresult *result;
	enum al_err err = page(pg_of(engine), "SELECT note FROM checkpoint WHERE size = $1 LIMIT $2", size, 1, &result);

	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK) {
		al_buf_slice(note, pg_cell(result, 0, 0));
		err = note->err;
	}
	PQclear(result);
	return err;
}

const struct engine_ops pg_ops = {
	.close = pg_close,
	.discard = pg_discard,
	.lead = pg_lead,
	.beat = pg_beat,
	.check = pg_check,
	.settle = pg_settle,
	.size = pg_size,
	.begin = pg_begin,
	.append = pg_append,
	.add_note = pg_add_note,
	.commit = pg_commit,
	.rollback = pg_rollback,
	.each_entry = pg_each_entry,
	.each_note = pg_each_note,
	.find_note = pg_find_note,
	.note = pg_note,
	.side = &pg_side_ops,
	.queue = &pg_queue_ops,
};
