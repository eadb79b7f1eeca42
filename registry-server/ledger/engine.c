/* SPDX-License-Identifier: MIT */
/*
 * engine.c -- which engine a ledger is in.
 */
#include "engine.h"

#include <string.h>

#include "alamo/base/log.h"
#include "engine_sqlite.h"

bool engine_is_path(const char *where)
{
	return strstr(where, "://") == NULL;
}

enum al_err engine_open(const char *where, bool create, struct engine **out)
{
	if (engine_is_path(where))
		return engine_sqlite_open(where, create, out);
	al_log(AL_LOG_ERROR, "ledger-engine",
	       "reason=\"%.*s:// is not built in: [registry] ledger is the path of an SQLite file\"",
	       (int)strcspn(where, ":"), where);
	return AL_EUNSUPPORTED;
}

void engine_close(struct engine *engine)
{
	if (engine != NULL)
		engine->ops->close(engine);
}
