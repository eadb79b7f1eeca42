/* SPDX-License-Identifier: MIT */
/*
 * main.c -- `alamo`: finds the command and says whether its words got out.
 */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"

static int help_print(int argc, char **argv)
{
	const struct command *command = argc > 0 ? command_find(argv[0]) : NULL;
	struct al_buf text;

	if (argc > 0 && command == NULL)
		return command_fail(CLI_USAGE, "no such command: %s (see `alamo help`)", argv[0]);
	al_buf_init(&text, 65536);
	if (command != NULL)
		help_command(command, &text);
	else
		help_commands(&text);
	command_print(al_buf_view(&text));
	al_buf_release(&text);
	return CLI_DONE;
}

static int unknown(const char *name)
{
	struct nearest nearest = { .typed = name };

	for (size_t i = 0; i < command_count; i++)
		nearest_offer(&nearest, commands[i]->name);
	if (nearest.best != NULL)
		return command_fail(CLI_USAGE, "no such command: %s: is it %s? (see `alamo help`)", name, nearest.best);
	return command_fail(CLI_USAGE, "no such command: %s (see `alamo help`)", name);
}

static int run(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		(void)help_print(0, NULL);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help_print(argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("alamo " ALAMO_VERSION);
		return CLI_DONE;
	}
	command = command_find(argv[1]);
	return command != NULL ? command_run(command, argc - 2, argv + 2) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	int code;

	signal(SIGPIPE, SIG_IGN);
	code = run(argc, argv);
	/* What was done is done, but whoever reads has not got all of it. */
	return command_output_ok() || code != CLI_DONE ? code : CLI_REFUSED;
}
