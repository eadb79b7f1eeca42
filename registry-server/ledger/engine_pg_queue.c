/* SPDX-License-Identifier: MIT */
/*
 * engine_pg_queue.c -- what waits for the hostmaster, who sent it, and what
 * became of it.
 */
#include "engine_pg.h"

#define TEXT(value) #value
#define NUMBER(value) TEXT(value)

#define COLUMNS "SELECT id, time, label, hash FROM queue "
/* What `which` chooses leaves all tables at once; its hash stays, with time $1 and reason $2. $3 is for `which`. */
#define DROP(which)                                                                  \
	"WITH gone AS (DELETE FROM queue WHERE " which " RETURNING id, hash),"       \
	" w AS (DELETE FROM queue_who WHERE id IN (SELECT id FROM gone))"            \
	" INSERT INTO queue_done (hash, time, reason) SELECT hash, $1, $2 FROM gone" \
	" ON CONFLICT (hash) DO UPDATE SET time = excluded.time, reason = excluded.reason"

/* ---- looking ---- */

static void row_take(const PGresult *result, int at, struct ledger_queued *out)
{
	struct al_slice label = al_slice_head(pg_cell(result, at, 2), LEDGER_LABEL_MAX - 1),
			hash = pg_cell(result, at, 3);

	*out = (struct ledger_queued){ .id = pg_u64(result, at, 0), .time = pg_u64(result, at, 1) };
	if (al_slice_copy(label, out->label, sizeof(out->label)) != AL_OK)
		out->label[0] = '\0';
	for (size_t i = 0; i < AL_HASH_LEN && i < hash.len; i++)
		out->hash[i] = (uint8_t)hash.ptr[i];
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

static enum al_err row_by_hash(struct pg_engine *db, const char *text, const uint8_t hash[static AL_HASH_LEN],
			       struct ledger_queued *row)
{
	struct pg_args args = { .count = 0 };

	pg_arg_hash(&args, hash);
	return row_by(db, text, &args, row, NULL);
}

enum al_err pg_queue_find(struct engine *engine, const uint8_t hash[static AL_HASH_LEN], uint64_t *id)
{
	struct ledger_queued row;
	enum al_err err = row_by_hash(pg_of(engine), COLUMNS "WHERE hash = $1", hash, &row);

	if (err == AL_OK)
		*id = row.id;
	return err;
}

enum al_err pg_queue_get(struct engine *engine, uint64_t id, struct ledger_queued *out, struct al_buf *text)
{
	struct pg_args args = { .count = 0 };

	pg_arg_u64(&args, id);
	return row_by(pg_of(engine), "SELECT id, time, label, hash, text FROM queue WHERE id = $1", &args, out, text);
}

/* Two numbers of one row: how many, how many bytes. */
static enum al_err sums(struct pg_engine *db, const char *text, const struct pg_args *args, uint64_t *rows,
			uint64_t *bytes)
{
	PGresult *result;
	enum al_err err = pg_ask(db, text, args, &result);

	if (err == AL_OK) {
		*rows = pg_u64(result, 0, 0);
		*bytes = pg_u64(result, 0, 1);
	}
	PQclear(result);
	return err;
}

static enum al_err sums_all(struct pg_engine *db, uint64_t *rows, uint64_t *bytes)
{
	return sums(db, "SELECT count(*), coalesce(sum(length(text)), 0)::int8 FROM queue", NULL, rows, bytes);
}

enum al_err pg_queue_list(struct engine *engine, struct ledger_queued *rows, size_t cap, size_t *count, uint64_t *total)
{
	struct pg_engine *db = pg_of(engine);
	struct pg_args args = { .count = 0 };
	PGresult *result;
	uint64_t bytes;
	enum al_err err = sums_all(db, total, &bytes);

	*count = 0;
	if (err != AL_OK)
		return err;
	pg_arg_u64(&args, cap);
	err = pg_ask(db, COLUMNS "ORDER BY id LIMIT $1", &args, &result);
	for (int i = 0; err == AL_OK && i < PQntuples(result); i++)
		row_take(result, i, &rows[(*count)++]);
	PQclear(result);
	return err;
}

static enum al_err refused_look(struct pg_engine *db, const uint8_t hash[static AL_HASH_LEN],
				struct ledger_queue_status *status)
{
	struct pg_args args = { .count = 0 };
	PGresult *result;
	enum al_err err;

	pg_arg_hash(&args, hash);
	err = pg_ask(db, "SELECT time, reason FROM queue_done WHERE hash = $1", &args, &result);
	if (err == AL_OK && PQntuples(result) == 0)
		err = AL_ENOTFOUND;
	if (err == AL_OK) {
		status->time = pg_u64(result, 0, 0);
		err = al_slice_copy(al_slice_head(pg_cell(result, 0, 1), LEDGER_REASON_MAX - 1), status->reason,
				    sizeof(status->reason));
	}
	PQclear(result);
	return err;
}

enum al_err pg_queue_status(struct engine *engine, const uint8_t hash[static AL_HASH_LEN],
			    struct ledger_queue_status *status)
{
	struct ledger_queued row;
	enum al_err err = row_by_hash(pg_of(engine), COLUMNS "WHERE hash = $1", hash, &row);

	*status = (struct ledger_queue_status){ .waiting = err == AL_OK };
	if (err == AL_OK) {
		status->id = row.id;
		status->time = row.time;
	}
	return err == AL_ENOTFOUND ? refused_look(pg_of(engine), hash, status) : err;
}

/* ---- adding ---- */

/* Is there room for so much more, of everybody's and of each one's share? */
static enum al_err room(struct pg_engine *db, const struct ledger_asking *asking, uint64_t share)
{
	struct al_slice rest = asking->who, who;
	uint64_t rows, bytes;
	enum al_err err = sums_all(db, &rows, &bytes);

	if (err == AL_OK && (rows >= LEDGER_QUEUE_ROWS || bytes + asking->text.len > LEDGER_QUEUE_BYTES))
		err = AL_ELIMIT;
	while (err == AL_OK && al_slice_word(&rest, "", &who)) {
		uint64_t most = al_slice_starts(who, "network=") ? share * LEDGER_QUEUE_NETWORK : share;
		struct pg_args args = { .count = 0 };

		pg_arg_bytes(&args, who);
		err = sums(db, "SELECT count(*), coalesce(sum(bytes), 0)::int8 FROM queue_who WHERE who = $1", &args,
			   &rows, &bytes);
		if (err == AL_OK && (rows >= most || bytes + asking->text.len > most * LEDGER_QUEUE_ROW_BYTES))
			err = AL_EDENIED;
	}
	return err;
}

static enum al_err insert_row(struct pg_engine *db, const struct ledger_asking *asking, uint64_t *id)
{
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

static enum al_err insert(struct pg_engine *db, const struct ledger_asking *asking, uint64_t *id)
{
	struct al_slice rest = asking->who, who;
	enum al_err err = insert_row(db, asking, id);
	uint64_t count;

	while (err == AL_OK && al_slice_word(&rest, "", &who)) {
		struct pg_args args = { .count = 0 };

		pg_arg_bytes(&args, who);
		pg_arg_u64(&args, *id);
		pg_arg_u64(&args, asking->text.len);
		err = pg_change(db, "INSERT INTO queue_who (who, id, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
				&args, &count);
	}
	return err;
}

enum al_err pg_queue_add(struct engine *engine, const struct ledger_asking *asking, uint64_t share,
			 struct ledger_queued *row)
{
	struct pg_engine *db = pg_of(engine);
	enum al_err err = row_by_hash(db, COLUMNS "WHERE hash = $1", asking->hash, row);

	if (err == AL_ENOTFOUND)
		err = row_by_hash(db, COLUMNS "WHERE same = $1", asking->same, row);
	if (err != AL_ENOTFOUND)
		return err;
	err = room(db, asking, share);
	if (err == AL_OK)
		err = insert(db, asking, &row->id);
	for (size_t i = 0; i < AL_HASH_LEN; i++)
		row->hash[i] = asking->hash[i];
	return err;
}

/* ---- taking away ---- */

/* What was refused long ago, or before very many others, is forgotten. */
static enum al_err done_trim(struct pg_engine *db, uint64_t now)
{
	struct pg_args args = { .count = 0 };
	uint64_t count;

	pg_arg_u64(&args, now > LEDGER_QUEUE_DONE_S ? now - LEDGER_QUEUE_DONE_S : 0);
	return pg_change(db,
			 "DELETE FROM queue_done WHERE time < $1 OR hash IN"
			 " (SELECT hash FROM queue_done ORDER BY time DESC OFFSET " NUMBER(LEDGER_QUEUE_DONE) ")",
			 &args, &count);
}

static enum al_err drop(struct pg_engine *db, const char *text, const struct pg_args *args, uint64_t now,
			uint64_t *count)
{
	enum al_err err = pg_change(db, text, args, count);

	if (err == AL_OK && *count == 0)
		return AL_ENOTFOUND;
	return err == AL_OK ? done_trim(db, now) : err;
}

static void drop_args(struct pg_args *args, uint64_t now, struct al_slice reason)
{
	*args = (struct pg_args){ .count = 0 };
	pg_arg_u64(args, now);
	pg_arg_bytes(args, reason);
}

enum al_err pg_queue_expire(struct engine *engine, uint64_t before, uint64_t now, uint64_t *count)
{
	struct pg_args look = { .count = 0 }, args;
	struct ledger_queued row;
	enum al_err err;

	*count = 0;
	pg_arg_u64(&look, before);
	err = row_by(pg_of(engine), COLUMNS "WHERE time < $1 LIMIT 1", &look, &row, NULL);
	if (err != AL_OK)
		return err == AL_ENOTFOUND ? AL_OK : err;
	drop_args(&args, now, AL_S("nobody has decided in time"));
	pg_arg_u64(&args, before);
	return drop(pg_of(engine), DROP("time < $3"), &args, now, count);
}

enum al_err pg_queue_drop(struct engine *engine, uint64_t id, struct al_slice who, uint64_t now, struct al_slice reason,
			  uint64_t *count)
{
	struct pg_args args;
	bool from = al_slice_starts(who, "from=");

	if (from && al_slice_u64(al_slice_from(who, sizeof("from=") - 1), INT64_MAX, &id) != AL_OK)
		return AL_ENOTFOUND;
	drop_args(&args, now, reason);
	if (who.len > 0 && !from) {
		pg_arg_bytes(&args, who);
		return drop(pg_of(engine), DROP("id IN (SELECT id FROM queue_who WHERE who = $3)"), &args, now, count);
	}
	pg_arg_u64(&args, id);
	return drop(pg_of(engine),
		    from ? DROP("id IN (SELECT id FROM queue_who WHERE who IN (SELECT who FROM queue_who WHERE id = $3"
				" AND who NOT LIKE 'network=%'))")
			 : DROP("id = $3"),
		    &args, now, count);
}

enum al_err pg_queue_forget(struct engine *engine, const uint8_t hash[static AL_HASH_LEN])
{
	struct pg_args args = { .count = 0 };
	uint64_t count;

	pg_arg_hash(&args, hash);
	return pg_change(pg_of(engine),
			 "WITH gone AS (DELETE FROM queue WHERE hash = $1 RETURNING id)"
			 " DELETE FROM queue_who WHERE id IN (SELECT id FROM gone)",
			 &args, &count);
}
