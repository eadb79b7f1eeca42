/*
 * command.h -- what every subcommand of `alamo` shares: exit codes, words on
 * standard error, the table's row.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "alamo/base/buf.h"

/* Exit codes of the program (docs/man/alamo.1). */
enum cli_exit {
	CLI_DONE = 0,
	CLI_REFUSED = 1, /* by the registry; or, on this machine, by the operating system */
	CLI_USAGE = 2,
	CLI_OFFLINE = 3,    /* no connection */
	CLI_UNVERIFIED = 4, /* a signature, hash or proof is wrong */
};

struct command {
	const char *name;
	int (*run)(int argc, char **argv); /* argv[0] is the subcommand; returns an exit code */
	const char *arguments;
	const char *help; /* one line */
};

/* "alamo: TEXT" on standard error; returns `code`. */
int command_fail(enum cli_exit code, const char *fmt, ...) AL_PRINTF(2, 3);
/* "usage: alamo NAME ARGUMENTS" on standard error; returns CLI_USAGE. */
int command_usage(const char *name, const char *arguments);
/* Bytes on standard output, flushed. */
void command_print(struct al_slice text);
/* Remote text on standard output: control bytes but LF and TAB become '?'. */
void command_print_remote(struct al_slice text);

int cmd_init(int argc, char **argv);
int cmd_up(int argc, char **argv);
int cmd_join(int argc, char **argv);
int cmd_submit(int argc, char **argv);
int cmd_receipt(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_whois(int argc, char **argv);
int cmd_free(int argc, char **argv);
int cmd_head(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_mirror(int argc, char **argv);
int cmd_witness(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_recover(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_contact(int argc, char **argv);

#endif
