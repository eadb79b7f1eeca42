/* SPDX-License-Identifier: MIT */
/*
 * cmd_down.c -- `alamo down`: stop what `alamo up` runs in a directory.
 */
#include "command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "alamo/net/loop.h"
#include "up_lock.h"

#define PATIENCE_MS 30000

static int run(const struct words *words, const void *options)
{
	const char *dir = words->word[0];
	uint64_t until = al_now_ms() + PATIENCE_MS;
	pid_t pid = 0, still = 0;
	enum al_err err = up_lock_holder(dir, &pid);

	(void)options;
	if (err == AL_ENOTFOUND)
		return command_fail(CLI_REFUSED, "%s is not up", dir);
	if (err != AL_OK || kill(pid, SIGTERM) != 0)
		return command_fail(CLI_REFUSED, "%s: %s", dir, strerror(errno));
	while (up_lock_holder(dir, &still) == AL_OK && still == pid) {
		if (al_now_ms() >= until)
			return command_fail(CLI_REFUSED, "%s does not stop: process %ld is still there", dir,
					    (long)pid);
		(void)poll(NULL, 0, 50);
	}
	printf("down\n");
	return CLI_DONE;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

const struct command command_down = {
	.name = "down",
	.group = GROUP_AUTHORITY,
	.help = "stop the authority that `alamo up` runs",
	COMMAND_FORMS(forms),
};
