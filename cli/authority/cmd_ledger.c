/* SPDX-License-Identifier: MIT */
/*
 * cmd_ledger.c -- `alamo ledger copy`: the ledger into another engine.
 * alamo-registryd does it, because only that opens the ledger.
 */
#include "command.h"

#include <limits.h>

#include "file.h"
#include "process.h"

struct options {
	const char *dir;
};

static int copy(const struct words *argument, const void *arg)
{
	const struct options *options = arg;
	char program[PATH_MAX], conf[PATH_MAX];
	int status = 0;

	if (file_join(options->dir != NULL ? options->dir : ".", "alamo.conf", conf, sizeof(conf)) != AL_OK ||
	    file_program("alamo-registryd", program, sizeof(program)) != AL_OK)
		return command_fail(CLI_REFUSED, "path too long");
	const char *const words[] = { program, "-c", conf, "--copy", argument->word[0], argument->word[1], NULL };

	if (process_run(words, al_slice_of(NULL, 0), false, NULL, &status) != AL_OK || status == 127)
		return command_fail(CLI_REFUSED, "%s cannot be started", program);
	return status == 0 ? CLI_DONE : CLI_REFUSED;
}

static const struct command_form forms[] = {
	{ "copy", "FROM TO", "all of a ledger, proved equal, to a place where there is none", copy }
};

static const struct option_row rows[] = {
	{ .name = "dir",
	  .arg = "DIR",
	  .fallback = "this one",
	  OPTION_AT(struct options, dir),
	  .meaning = "folder with alamo.conf, whose log key both have to prove themselves by" },
};

const struct command command_ledger = {
	.name = "ledger",
	.group = GROUP_AUTHORITY,
	.help = "move the ledger to another engine",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
