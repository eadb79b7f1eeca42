/* SPDX-License-Identifier: MIT */
/*
 * engine_rows.c -- the tables that may forget, from one engine to another. A
 * backup's file is SQLite's whichever engine a ledger is in, so that it can be restored into any.
 */
#include "engine.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "engine_sqlite.h"

/* A ledger without entries, for as long as a copy takes. */
#define SCRATCH_SUFFIX ".scratch"

static enum al_err row_add(void *arg, const struct engine_row *row)
{
	struct engine *to = arg;

	return to->ops->side->add(to, row);
}

enum al_err engine_rows_copy(struct engine *from, struct engine *to)
{
	enum al_err err = to->ops->begin(to);

	if (err == AL_OK)
		err = to->ops->side->clear(to);
	if (err == AL_OK)
		err = from->ops->side->each(from, row_add, to);
	if (err == AL_OK)
		err = engine_commit_soon(to);
	if (err != AL_OK)
		to->ops->rollback(to);
	return err;
}

static enum al_err scratch_open(const char *path, char name[static PATH_MAX], struct engine **out)
{
	enum al_err err;

	if (snprintf(name, PATH_MAX, "%s" SCRATCH_SUFFIX, path) >= PATH_MAX - 16)
		return AL_ELIMIT;
	engine_sqlite_remove(name);
	err = engine_sqlite_open(name, true, out);
	if (err != AL_OK)
		engine_sqlite_remove(name);
	return err;
}

enum al_err engine_rows_save(struct engine *engine, const char *path)
{
	struct engine *scratch = NULL;
	char name[PATH_MAX];
	enum al_err err = scratch_open(path, name, &scratch);

	if (err == AL_OK)
		err = engine_rows_copy(engine, scratch);
	if (err == AL_OK)
		err = scratch->ops->side->save(scratch, path);
	if (scratch != NULL)
		scratch->ops->discard(scratch);
	return err;
}

enum al_err engine_rows_adopt(struct engine *engine, const char *path)
{
	struct engine *scratch = NULL;
	char name[PATH_MAX];
	enum al_err err = access(path, R_OK) == 0 ? scratch_open(path, name, &scratch) : AL_ENOTFOUND;

	if (err != AL_OK)
		return err;
	err = scratch->ops->side->adopt(scratch, path);
	if (err == AL_OK)
		err = engine_rows_copy(scratch, engine);
	scratch->ops->discard(scratch);
	return err;
}
