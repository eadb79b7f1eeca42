/* SPDX-License-Identifier: MIT */
/*
 * engine_pg.h -- the engine in a PostgreSQL database (docs/formats.md, "Ledger
 * in PostgreSQL"): all that is said to it. Private to engine*.c.
 *
 * One row says how large the log is and who may write: `head`. Whoever begins to write raises its epoch and puts
 * his own name there; each transaction moves that row on by compare-and-set, so an earlier writer's next one
 * finds no row and is refused, whatever he believes.
 *
 * A transaction whose answer was lost is settled by asking, and only behind a write of our own: what a primary
 * shows after a crash may be on no standby, but a write that was confirmed confirms all before it.
 *
 * engine_pg_link.c is the connection, with a deadline for every answer; engine_pg_open.c who writes; engine_pg.c
 * entries, checkpoints and transactions; engine_pg_side.c, _queue.c and _rows.c what may be forgotten.
 */
#ifndef REGISTRY_ENGINE_PG_H
#define REGISTRY_ENGINE_PG_H

#include <libpq-fe.h>

#include "engine.h"

#define PG_ARGS 8
#define PG_WRITER_LEN 16
#define PG_VERSION 1

/* bytea[] in PostgreSQL's binary form, as it grows. */
struct pg_array {
	struct al_buf bytes;
	uint32_t count;
};

/* Arguments of one statement, in binary form; bytes are borrowed. All zero: none. */
struct pg_args {
	int count;
	Oid types[PG_ARGS];
	const char *bytes[PG_ARGS]; /* NULL: numbers[] has it */
	int lengths[PG_ARGS];
	uint8_t numbers[PG_ARGS][8];
};
void pg_arg_u64(struct pg_args *args, uint64_t value); /* int8; above INT64_MAX: that */
void pg_arg_bytes(struct pg_args *args, struct al_slice bytes);
void pg_arg_array(struct pg_args *args, const struct pg_array *array);
void pg_arg_hash(struct pg_args *args, const uint8_t hash[static AL_HASH_LEN]);

/* A statement of a batch, with its bytes, until the batch is durable. */
struct pg_write {
	struct pg_write *next;
	const char *text;
	struct pg_args args;
	char bytes[];
};

enum pg_transaction {
	PG_NONE,
	PG_BEGUN,    /* nothing was said yet */
	PG_BATCH,    /* entries: all is kept here until commit(), which says it in one round trip */
	PG_SPEAKING, /* side tables alone: a transaction of the server's, in which answers matter */
};

struct pg_engine {
	struct engine face; /* first: an engine is one of these */
	char *where;
	PGconn *pg;                    /* NULL: not connected */
	uint8_t writer[PG_WRITER_LEN]; /* our name in `head`, by chance */
	char name[64];                 /* of our sessions, with it */
	bool leads;                    /* `head` had our name when it was last written */
	bool fenced;                   /* and it has another's now */
	bool alone;                    /* it was said that there is no synchronous standby */
	bool doubt;                    /* the server has warned while it answered */
	uint64_t free_ms;              /* since when nobody was seen to write; 0: somebody was */
	bool locked;                   /* this session has the place of the writer */
	uint64_t size, turn;           /* of `head`, durable */
	uint64_t epoch;                /* of this session */
	uint64_t seen_size, seen_turn; /* what pg_regain() has found */
	uint64_t next;                 /* inside a transaction: the first index that is not stored */
	enum pg_transaction state;
	bool lost; /* its commit was said and not answered */
	struct pg_array leaves, bodies;
	struct al_buf note;
	struct pg_write *first_write, *last_write;
};

AL_MUST_USE enum al_err engine_pg_open(const char *where, bool create, struct engine **out);
AL_MUST_USE enum al_err engine_pg_follow(const char *where, struct engine **out);

/* ---- engine_pg_link.c ---- */

struct pg_engine *pg_of(struct engine *engine);
/* With a session as we want it. AL_ECLOSED: not now. AL_EUNSUPPORTED: a server that may lose what it confirms. */
AL_MUST_USE enum al_err pg_connect(struct pg_engine *db);
void pg_drop(struct pg_engine *db);
/*
 * One statement and its result, which the caller clears (NULL out: not wanted). AL_ECLOSED: no answer in time, or
 * none that can be believed, the connection is gone. AL_ESTALE: our guard in the statement. AL_EIO: refused.
 */
AL_MUST_USE enum al_err pg_run(struct pg_engine *db, const char *text, const struct pg_args *args, PGresult **out);
/* Several statements without arguments. */
AL_MUST_USE enum al_err pg_script(struct pg_engine *db, const char *text);
/* All of `writes` and then `last` as one transaction in one round trip; `out` is the result of `last`. As pg_run(). */
AL_MUST_USE enum al_err pg_run_all(struct pg_engine *db, const struct pg_write *writes, const char *last,
				   const struct pg_args *args, PGresult **out);
uint64_t pg_u64(const PGresult *result, int row, int column);
struct al_slice pg_cell(const PGresult *result, int row, int column);
/* AL_EIO for AL_ECLOSED: what those above engine.h know. */
enum al_err pg_err(enum al_err err);

/* ---- engine_pg_open.c ---- */

extern const char pg_schema[];
void pg_close(struct engine *engine);
void pg_discard(struct engine *engine);
enum al_err pg_lead(struct engine *engine, uint64_t patience_ms);
enum al_err pg_beat(struct engine *engine);
/*
 * After the connection was lost: connect, and write our epoch. AL_OK: seen_size and seen_turn are what is durable.
 * AL_ECLOSED: not yet. AL_ESTALE: another writes, for good.
 */
AL_MUST_USE enum al_err pg_regain(struct pg_engine *db);
/*
 * What was read on this connection is confirmed by the standby, where one is synchronous. AL_ECLOSED: there is no
 * connection, or no answer in time.
 */
AL_MUST_USE enum al_err pg_confirm(struct pg_engine *db);

/* ---- engine_pg.c ---- */

extern const struct engine_ops pg_ops;
/* Inside a transaction of side tables: says BEGIN when nothing was said yet. */
AL_MUST_USE enum al_err pg_speak(struct pg_engine *db);
/* A statement on side tables, in whatever transaction there is; *count rows were changed, in a batch always 1. */
AL_MUST_USE enum al_err pg_change(struct pg_engine *db, const char *text, const struct pg_args *args, uint64_t *count);
/* For a question that is also asked outside of transactions. */
AL_MUST_USE enum al_err pg_ask(struct pg_engine *db, const char *text, const struct pg_args *args, PGresult **out);

/* ---- the tables that may forget ---- */

extern const struct engine_side_ops pg_side_ops;
extern const struct engine_queue_ops pg_queue_ops;
enum al_err pg_side_each(struct engine *engine, engine_row_fn visit, void *arg);
enum al_err pg_side_clear(struct engine *engine);
enum al_err pg_side_add(struct engine *engine, const struct engine_row *row);

#endif
