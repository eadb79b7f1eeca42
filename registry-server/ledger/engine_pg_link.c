/* SPDX-License-Identifier: MIT */
/*
 * engine_pg_link.c -- one connection, and a deadline of our own on every answer.
 *
 * libpq by itself waits for a frozen server as long as its kernel answers.
 */
#include "engine_pg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "alamo/net/loop.h"

#define SILENCE_MS 4000 /* no byte for so long while we wait for an answer: the connection is given up */
#define OPTIONS_MAX 64
#define WHAT_MAX 40 /* bytes of a statement in the log */
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_BYTEA_ARRAY 1001
/* SQLSTATE (PostgreSQL's manual, appendix A) */
#define STATE_GUARD "22012"  /* division_by_zero: what our statements do when `head` is not theirs */
#define STATE_CANCEL "57014" /* query_canceled: a commit that waited for its standby may stand all the same */

struct pg_engine *pg_of(struct engine *engine)
{
	return (struct pg_engine *)engine;
}

enum al_err pg_err(enum al_err err)
{
	return err == AL_ECLOSED ? AL_EIO : err;
}

/* ---- arguments and results ---- */

static void arg_add(struct pg_args *args, Oid type, const char *bytes, size_t len)
{
	args->types[args->count] = type;
	args->bytes[args->count] = bytes;
	args->lengths[args->count] = (int)len;
	args->count++;
}

void pg_arg_u64(struct pg_args *args, uint64_t value)
{
	al_set_u64(args->numbers[args->count], value <= INT64_MAX ? value : INT64_MAX);
	arg_add(args, OID_INT8, NULL, 8);
}

void pg_arg_bytes(struct pg_args *args, struct al_slice bytes)
{
	arg_add(args, OID_BYTEA, bytes.len > 0 ? bytes.ptr : "", bytes.len);
}

void pg_arg_hash(struct pg_args *args, const uint8_t hash[static AL_HASH_LEN])
{
	pg_arg_bytes(args, al_slice_of(hash, AL_HASH_LEN));
}

void pg_arg_array(struct pg_args *args, const struct pg_array *array)
{
	arg_add(args, OID_BYTEA_ARRAY, (const char *)array->bytes.ptr, array->bytes.len);
}

uint64_t pg_u64(const PGresult *result, int row, int column)
{
	return PQgetlength(result, row, column) == 8 ? al_get_u64((const uint8_t *)PQgetvalue(result, row, column)) : 0;
}

struct al_slice pg_cell(const PGresult *result, int row, int column)
{
	return al_slice_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

/* ---- what the server says ---- */

static void complain(const char *what, const char *text)
{
	char quoted[AL_LOG_QUOTE_LEN];

	al_log(AL_LOG_ERROR, "ledger-sql", "what=\"%.*s\" reason=%s", WHAT_MAX, what,
	       al_log_quote(al_slice_trim(al_slice_str(text)), quoted));
}

/* A commit that did not wait for its standby is told by a warning only. */
static void on_notice(void *arg, const PGresult *notice)
{
	struct pg_engine *db = arg;
	const char *weight = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (weight == NULL || strcmp(weight, "WARNING") != 0)
		return;
	complain("warning", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
	db->doubt = true;
}

/* Nobody can say whether it was done, or it was not and another server has to be asked. */
static bool state_is_doubt(const char *state)
{
	static const char *const begins[] = { "08", "25006", "40", "55P03", STATE_CANCEL, "57P" };

	for (size_t i = 0; state != NULL && i < AL_COUNT(begins); i++)
		if (strncmp(state, begins[i], strlen(begins[i])) == 0)
			return true;
	return state == NULL;
}

static enum al_err result_err(const struct pg_engine *db, const char *text, const PGresult *result)
{
	const char *state;

	switch (PQresultStatus(result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return AL_OK;
	case PGRES_PIPELINE_ABORTED: /* the one before it has the reason */
		return AL_EIO;
	default:
		break;
	}
	state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (state != NULL && strcmp(state, STATE_GUARD) == 0)
		return AL_ESTALE;
	complain(text, result != NULL ? PQresultErrorMessage(result) : PQerrorMessage(db->pg));
	return state_is_doubt(state) ? AL_ECLOSED : AL_EIO;
}

/* ---- waiting ---- */

static enum al_err lost(struct pg_engine *db, const char *text, const char *reason)
{
	complain(text, reason);
	pg_drop(db);
	return AL_ECLOSED;
}

/* A result can be taken without waiting. */
static enum al_err await(struct pg_engine *db, const char *text)
{
	struct pollfd fd = { .fd = PQsocket(db->pg) };
	int unsent, rc;

	for (;;) {
		unsent = PQflush(db->pg);
		if (unsent < 0 || PQconsumeInput(db->pg) == 0)
			return lost(db, text, PQerrorMessage(db->pg));
		if (unsent == 0 && PQisBusy(db->pg) == 0)
			return AL_OK;
		fd.events = (short)(POLLIN | (unsent > 0 ? POLLOUT : 0));
		rc = poll(&fd, 1, SILENCE_MS);
		if (rc == 0)
			return lost(db, text, "no answer in time");
		if (rc < 0 && errno != EINTR)
			return lost(db, text, strerror(errno));
	}
}

static enum al_err send_one(struct pg_engine *db, const char *text, const struct pg_args *args)
{
	const char *values[PG_ARGS];
	int forms[PG_ARGS], count = args != NULL ? args->count : 0;

	for (int i = 0; i < count; i++) {
		values[i] = args->bytes[i] != NULL ? args->bytes[i] : (const char *)args->numbers[i];
		forms[i] = 1;
	}
	if (PQsendQueryParams(db->pg, text, count, count > 0 ? args->types : NULL, values,
			      count > 0 ? args->lengths : NULL, forms, 1) == 1)
		return AL_OK;
	return lost(db, text, PQerrorMessage(db->pg));
}

/* The results of one statement, up to the NULL that ends them: the last is kept. */
static enum al_err take_one(struct pg_engine *db, const char *text, PGresult **out)
{
	PGresult *result = NULL, *more;
	enum al_err err = await(db, text), found = AL_OK;

	while (err == AL_OK && (more = PQgetResult(db->pg)) != NULL) {
		PQclear(result);
		result = more;
		if (found == AL_OK)
			found = result_err(db, text, result);
		err = await(db, text);
	}
	if (err == AL_OK && db->pg != NULL && PQstatus(db->pg) != CONNECTION_OK)
		err = lost(db, text, "the server has ended the session");
	if (err == AL_OK)
		err = found;
	if (err == AL_OK && out != NULL)
		*out = result;
	else
		PQclear(result);
	return err;
}

/* What was answered beside a warning is not believed; nor is a session that has spoken of doubt gone on with. */
static enum al_err conclude(struct pg_engine *db, enum al_err err, PGresult **out)
{
	if (err == AL_OK && db->doubt) {
		if (out != NULL) {
			PQclear(*out);
			*out = NULL;
		}
		err = AL_ECLOSED;
	}
	if (err == AL_ECLOSED)
		pg_drop(db);
	return err;
}

enum al_err pg_run(struct pg_engine *db, const char *text, const struct pg_args *args, PGresult **out)
{
	enum al_err err;

	if (db->pg == NULL)
		return AL_ECLOSED;
	db->doubt = false;
	err = send_one(db, text, args);
	if (err == AL_OK)
		err = take_one(db, text, out);
	return conclude(db, err, out);
}

enum al_err pg_script(struct pg_engine *db, const char *text)
{
	enum al_err err;

	if (db->pg == NULL)
		return AL_ECLOSED;
	db->doubt = false;
	err = PQsendQuery(db->pg, text) == 1 ? take_one(db, text, NULL) : lost(db, text, PQerrorMessage(db->pg));
	return conclude(db, err, NULL);
}

/* ---- one transaction in one round trip ---- */

static enum al_err send_all(struct pg_engine *db, const struct pg_write *writes, const char *last,
			    const struct pg_args *args)
{
	enum al_err err = AL_OK;

	for (const struct pg_write *write = writes; err == AL_OK && write != NULL; write = write->next)
		err = send_one(db, write->text, &write->args);
	if (err == AL_OK)
		err = send_one(db, last, args);
	if (err == AL_OK && PQpipelineSync(db->pg) != 1)
		err = lost(db, last, PQerrorMessage(db->pg));
	return err;
}

/* Each statement's results end with NULL, all of them with the sync, behind which they are durable. */
static enum al_err take_all(struct pg_engine *db, const struct pg_write *writes, const char *last, PGresult **out)
{
	enum al_err found = AL_OK, err;

	for (const struct pg_write *write = writes; write != NULL; write = write->next) {
		err = take_one(db, write->text, NULL);
		if (err == AL_ECLOSED)
			return err;
		if (found == AL_OK)
			found = err;
	}
	err = take_one(db, last, out);
	if (found == AL_OK)
		found = err;
	if (err != AL_ECLOSED)
		err = await(db, "sync");
	if (err != AL_OK || found == AL_ECLOSED)
		return AL_ECLOSED;
	PQclear(PQgetResult(db->pg)); /* the sync */
	return found;
}

enum al_err pg_run_all(struct pg_engine *db, const struct pg_write *writes, const char *last,
		       const struct pg_args *args, PGresult **out)
{
	enum al_err err = AL_ECLOSED;

	*out = NULL;
	if (db->pg == NULL)
		return err;
	db->doubt = false;
	if (PQenterPipelineMode(db->pg) == 1)
		err = send_all(db, writes, last, args);
	if (err == AL_OK)
		err = take_all(db, writes, last, out);
	if (db->pg != NULL && PQexitPipelineMode(db->pg) != 1)
		err = AL_ECLOSED;
	if (err == AL_ECLOSED && *out != NULL) {
		PQclear(*out);
		*out = NULL;
	}
	return conclude(db, err, out);
}

/* ---- connecting ---- */

static bool option_given(const PQconninfoOption *options, const char *key)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, key) == 0)
			return options->val != NULL && options->val[0] != '\0';
	return false;
}

/* The URL's own words, and ours where it has none. */
static PGconn *dial(const struct pg_engine *db, PQconninfoOption *options)
{
	const char *const ours[][2] = {
		{ "target_session_attrs", "read-write" }, { "connect_timeout", "2" }, /* for each host */
		{ "tcp_user_timeout", "3000" },           { "keepalives_idle", "2" },
		{ "keepalives_interval", "1" },           { "keepalives_count", "3" },
	};
	const char *keys[OPTIONS_MAX], *values[OPTIONS_MAX];
	size_t count = 0;

	for (const PQconninfoOption *option = options; option->keyword != NULL; option++)
		if (option->val != NULL && count + AL_COUNT(ours) + 2 < OPTIONS_MAX) {
			keys[count] = option->keyword;
			values[count++] = option->val;
		}
	for (size_t i = 0; i < AL_COUNT(ours); i++)
		if (!option_given(options, ours[i][0])) {
			keys[count] = ours[i][0];
			values[count++] = ours[i][1];
		}
	keys[count] = "application_name";
	values[count++] = db->name;
	keys[count] = values[count] = NULL;
	return PQconnectdbParams(keys, values, 0);
}

/*
 * A writer that is frozen or cut off loses its session, and with it the place: the server looks for it, and ends
 * what says nothing (pg_beat() does). `on` waits for the standby where one is synchronous.
 */
static const char session[] =
	"SET client_min_messages = warning; SET tcp_keepalives_idle = 2; SET tcp_keepalives_interval = 1;"
	"SET tcp_keepalives_count = 3; SET tcp_user_timeout = 3000; SET lock_timeout = 3000; SET statement_timeout = 0;"
	"SET idle_session_timeout = 5000; SET idle_in_transaction_session_timeout = 5000;"
	"SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
	" WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)";
static const char safety[] =
	"SELECT (current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on')::int::int8,"
	" (current_setting('synchronous_standby_names') <> '')::int::int8";

static enum al_err session_begin(struct pg_engine *db)
{
	PGresult *result = NULL;
	enum al_err err = pg_script(db, session);

	if (err == AL_OK)
		err = pg_run(db, safety, NULL, &result);
	if (err == AL_OK && pg_u64(result, 0, 0) != 1) {
		complain("session", "the server runs with fsync or full_page_writes off: it may lose what it confirms");
		err = AL_EUNSUPPORTED;
	} else if (err == AL_OK && pg_u64(result, 0, 1) != 1 && !db->alone) {
		db->alone = true;
		al_log(AL_LOG_WARN, "ledger-standby",
		       "reason=\"no synchronous standby is named: what is confirmed is on one machine only\"");
	}
	PQclear(result);
	return err;
}

enum al_err pg_connect(struct pg_engine *db)
{
	PQconninfoOption *options = PQconninfoParse(db->where, NULL);
	enum al_err err;

	if (options == NULL) {
		complain("connect", "not a connection URL of PostgreSQL");
		return AL_EUNSUPPORTED;
	}
	pg_drop(db);
	db->pg = dial(db, options);
	PQconninfoFree(options);
	if (PQstatus(db->pg) != CONNECTION_OK || PQsetnonblocking(db->pg, 1) != 0)
		return lost(db, "connect", PQerrorMessage(db->pg));
	(void)PQsetNoticeReceiver(db->pg, on_notice, db);
	err = session_begin(db);
	if (err != AL_OK)
		pg_drop(db);
	return err;
}

void pg_drop(struct pg_engine *db)
{
	PQfinish(db->pg);
	db->pg = NULL;
}
