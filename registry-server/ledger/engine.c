/* SPDX-License-Identifier: MIT */
/*
 * engine.c -- which engine a ledger is in.
 */
#include "engine.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/base/log.h"
#ifdef ALAMO_POSTGRESQL
#include "engine_pg.h"
#endif
#include "engine_sqlite.h"

#define COMMIT_TRIES 300
#define COMMIT_PAUSE_NS 100000000

bool engine_is_path(const char *where)
{
	return strstr(where, "://") == NULL;
}

const char *engine_label(const char *where, char out[static ENGINE_LABEL_MAX])
{
	const char *host = strstr(where, "://"), *at;
	size_t scheme = host != NULL ? (size_t)(host - where) + 3 : 0;

	host = where + scheme;
	at = scheme > 0 ? memchr(host, '@', strcspn(host, "/?")) : NULL;
	if (at != NULL)
		host = at + 1;
	(void)snprintf(out, ENGINE_LABEL_MAX, "%.*s%.*s", (int)scheme, where,
		       (int)(scheme > 0 ? strcspn(host, "?") : strlen(host)), host);
	return out;
}

static bool is_postgresql(const char *where)
{
	return strncmp(where, "postgresql://", 13) == 0 || strncmp(where, "postgres://", 11) == 0;
}

static enum al_err open_other(const char *where, bool create, bool lead, struct engine **out)
{
#ifdef ALAMO_POSTGRESQL
	if (is_postgresql(where))
		return lead ? engine_pg_open(where, create, out) : engine_pg_follow(where, out);
#else
	(void)create;
	(void)lead;
	(void)out;
#endif
	al_log(AL_LOG_ERROR, "ledger-engine", "reason=\"%.*s:// is not %s: [registry] ledger is %s\"",
	       (int)strcspn(where, ":"), where,
	       is_postgresql(where) ? "built in (install libpq-dev, build again)" : "known",
	       "the path of an SQLite file, or postgresql://...");
	return AL_EUNSUPPORTED;
}

enum al_err engine_open(const char *where, bool create, struct engine **out)
{
	return engine_is_path(where) ? engine_sqlite_open(where, create, out) : open_other(where, create, true, out);
}

enum al_err engine_follow(const char *where, struct engine **out)
{
	return engine_is_path(where) ? engine_sqlite_open(where, false, out) : open_other(where, false, false, out);
}

void engine_close(struct engine *engine)
{
	if (engine != NULL)
		engine->ops->close(engine);
}

enum al_err engine_commit_soon(struct engine *engine)
{
	enum al_err err = engine->ops->commit(engine);

	for (int i = 0; i < COMMIT_TRIES && err == AL_EAGAIN; i++) {
		(void)nanosleep(&(struct timespec){ .tv_nsec = COMMIT_PAUSE_NS }, NULL);
		err = engine->ops->commit(engine);
	}
	return err == AL_EAGAIN ? AL_EIO : err;
}

void engine_hash(struct al_slice stored, uint8_t out[static AL_HASH_LEN])
{
	if (stored.len == AL_HASH_LEN)
		memcpy(out, stored.ptr, AL_HASH_LEN);
}

void engine_queued(struct ledger_queued *out, uint64_t id, uint64_t time, struct al_slice label, struct al_slice hash)
{
	*out = (struct ledger_queued){ .id = id, .time = time };
	(void)snprintf(out->label, sizeof(out->label), "%.*s", AL_FMT(label));
	engine_hash(hash, out->hash);
}
