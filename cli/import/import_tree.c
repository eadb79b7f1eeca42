/* SPDX-License-Identifier: MIT */
/*
 * import_tree.c -- a registry kept as a tree of files, one object each, as
 * dn42's: DIR/data/CLASS/KEY. Files come in the order of their names; links
 * and what is too large are left out, as the report says, and hidden files.
 */
#include "import.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <errno.h>
#include <fts.h>
#include <string.h>

#include "file.h"

#define OBJECT_FILE_MAX (1u << 20) /* bytes of one object's file */
#define TREE_DEPTH_MAX 4

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The file's name below the folder that is read. */
static const char *shown_name(const FTSENT *entry)
{
	const char *name = strstr(entry->fts_path, "/data/");

	return name != NULL ? name + 1 : entry->fts_path;
}

/* Why a thing in the tree is not read; NULL: it is. */
static const char *passed_over(const FTSENT *entry)
{
	if (entry->fts_info == FTS_SL || entry->fts_info == FTS_SLNONE)
		return "a link, which is not followed";
	if (entry->fts_info != FTS_F)
		return "no plain file";
	return entry->fts_statp->st_size > OBJECT_FILE_MAX ? "a file larger than 1 MiB" : NULL;
}

static enum al_err tree_file(struct import *import, const FTSENT *entry, struct al_slice source, struct al_buf *text)
{
	const char *why = passed_over(entry);
	enum al_err err;

	al_buf_reset(text);
	if (entry->fts_info == FTS_D || entry->fts_info == FTS_DP || entry->fts_name[0] == '.')
		return AL_OK;
	if (why != NULL)
		return import_leave_out(import, shown_name(entry), why);
	err = file_read(entry->fts_accpath, text);
	return err == AL_OK ? import_read(import, al_buf_view(text), source) : err;
}

enum al_err import_tree(struct import *import, const char *dir, struct al_slice source)
{
	char data[4096];
	char *roots[] = { data, NULL };
	enum al_err err = file_join(dir, "data", data, sizeof(data));
	struct al_buf text;
	FTSENT *entry;
	FTS *tree;

	if (err != AL_OK)
		return err;
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	if (tree == NULL)
		return AL_ESYS;
	al_buf_init(&text, OBJECT_FILE_MAX);
	while (err == AL_OK && (entry = fts_read(tree)) != NULL) {
		if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
			errno = entry->fts_errno;
			err = AL_ESYS;
		} else if (entry->fts_info == FTS_D && entry->fts_level >= TREE_DEPTH_MAX) {
			(void)fts_set(tree, entry, FTS_SKIP);
			err = import_leave_out(import, shown_name(entry), "a folder too deep in the tree");
		} else {
			err = tree_file(import, entry, source, &text);
		}
	}
	al_buf_release(&text);
	(void)fts_close(tree);
	return err;
}
