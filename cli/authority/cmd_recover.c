/* SPDX-License-Identifier: MIT */
/*
 * cmd_recover.c -- `alamo recover`: bring a restored ledger forward from
 * another copy of its log. alamo-registryd does it, because only that opens
 * the ledger.
 */
#include "command.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/backup.h"
#include "backup/log_fetch.h"
#include "file.h"
#include "log/log_read.h"
#include "recover_run.h"

struct options {
	const char *from;
};

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A folder with tiles, a backup (log/), or a mirror that publishes (tiles/). */
static int from_folder(const char *dir, const char *folder)
{
	static const char *const places[] = { ".", "log", "tiles" };

	for (size_t i = 0; i < AL_COUNT(places); i++) {
		char log[PATH_MAX], tiles[PATH_MAX];

		if (file_join(folder, places[i], log, sizeof(log)) == AL_OK &&
		    file_join(log, "tile", tiles, sizeof(tiles)) == AL_OK && is_folder(tiles))
			return recover_run("recover", dir, log, NULL);
	}
	return command_fail(CLI_USAGE,
			    "%s has no published log: neither tile/ nor log/tile/ nor tiles/tile/ is there "
			    "(a mirror's folder: have `alamo mirror` serve it, and give its address)",
			    folder);
}

/* Kept in run/fetched, so that a second try goes on where this one ended. */
static int from_web(const char *dir, const char *url)
{
	struct backup_authority authority;
	char folder[PATH_MAX];
	int code = backup_authority(dir, &authority);

	if (code == CLI_DONE && file_join(dir, "run/fetched", folder, sizeof(folder)) != AL_OK)
		code = command_fail(CLI_USAGE, "the path is too long");
	if (code == CLI_DONE)
		code = log_fetch(url, &authority.key, folder);
	if (code == CLI_DONE)
		code = recover_run("recover", dir, folder, NULL);
	if (code == CLI_DONE)
		file_remove_tree(folder, false);
	return code;
}

static int recover(const char *dir, const struct options *options)
{
	char address[PATH_MAX];
	int code;

	if (strncmp(options->from, "http://", 7) == 0)
		return from_web(dir, options->from);
	if (is_folder(options->from))
		return from_folder(dir, options->from);
	code = log_read_address(options->from, NULL, address);
	return code == CLI_DONE ? recover_run("recover", dir, address, NULL) : code;
}

static int run(const struct words *argument, const void *arg)
{
	int code = recover(argument->word[0], arg);

	if (code == RECOVER_INTERRUPTED)
		code = command_fail(
			CLI_REFUSED,
			"interrupted: the ledger has what was verified so far, and the same command goes on");
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "from",
	  .arg = "HOST:PORT|PATH|URL",
	  .needed = true,
	  OPTION_AT(struct options, from),
	  .meaning =
		  "another copy of the log: a log stream's address or socket, a folder with the published log (also a "
		  "backup's), or http:// where it is published" },
};

const struct command command_recover = {
	.name = "recover",
	.group = GROUP_AUTHORITY,
	.help = "bring a restored ledger forward from another copy of the log",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
