/* SPDX-License-Identifier: MIT */
/*
 * command.h -- what every subcommand of `alamo` shares: exit codes, words on
 * standard error, its table.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "option.h"

/* Exit codes of the program (docs/man/alamo.1). */
enum cli_exit {
	CLI_DONE = 0,
	CLI_REFUSED = 1, /* by the registry; or, on this machine, by the operating system */
	CLI_USAGE = 2,
	CLI_OFFLINE = 3,    /* no connection */
	CLI_UNVERIFIED = 4, /* a signature, hash or proof is wrong */
};

/* "alamo: TEXT" on standard error, further lines of it indented; returns `code`. */
int command_fail(enum cli_exit code, const char *fmt, ...) AL_PRINTF(2, 3);
/* The exit code for what went wrong, and was said, between us and the registry; else a file or key of ours. */
int command_exit(enum al_err err);
/* Bytes on standard output, flushed. */
void command_print(struct al_slice text);
/* Remote text on standard output: control bytes but LF and TAB become '?'. */
void command_print_remote(struct al_slice text);
/* Flushes standard output: did everything so far get out? The first time it did not, that is said. */
bool command_output_ok(void);

#endif
