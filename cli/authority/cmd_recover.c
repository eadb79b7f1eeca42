/* SPDX-License-Identifier: MIT */
/*
 * cmd_recover.c -- `alamo recover`: bring a restored ledger forward from
 * another copy of its log. alamo-registryd does it, because only that opens
 * the ledger.
 */
#include "command.h"

#include <limits.h>

#include "file.h"
#include "log/log_read.h"
#include "process.h"

struct options {
	const char *from;
};

static int run(const struct words *argument, const void *arg)
{
	const struct options *options = arg;
	char program[PATH_MAX], conf[PATH_MAX], address[PATH_MAX];
	int status = 0, code;

	code = log_read_address(options->from, NULL, address);
	if (code != CLI_DONE)
		return code;
	if (file_join(argument->word[0], "alamo.conf", conf, sizeof(conf)) != AL_OK ||
	    file_program("alamo-registryd", program, sizeof(program)) != AL_OK)
		return command_fail(CLI_REFUSED, "path too long");
	const char *const words[] = { program, "-c", conf, "--recover", address, NULL };

	if (process_run(words, al_slice_of(NULL, 0), false, NULL, &status) != AL_OK || status == 127)
		return command_fail(CLI_REFUSED, "%s cannot be started", program);
	return status == 0 ? CLI_DONE : CLI_REFUSED;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "from",
	  .arg = "HOST:PORT|PATH",
	  .needed = true,
	  OPTION_AT(struct options, from),
	  .meaning = "the log stream of another copy: a mirror's, for example" },
};

const struct command command_recover = {
	.name = "recover",
	.group = GROUP_AUTHORITY,
	.help = "bring a restored ledger forward from another copy of the log",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
