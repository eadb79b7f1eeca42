/*
 * main.c -- `alamo`: the table of subcommands.
 */
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command commands[] = {
	{ "init", cmd_init, "DIR [--plan FILE] [--ports default|any|standard] [--listen ADDRESSES]",
	  "make a new authority in an empty directory" },
	{ "up", cmd_up, "DIR", "run the authority's four daemons until SIGTERM" },
	{ "join", cmd_join, "--name FISHER [--key FILE] [--domain NAME] [--host NAME=ADDRESS]... [--len N] [--json]",
	  "become a member: maintainer, AS number, prefix, route, name" },
	{ "submit", cmd_submit, "FILE... [--key FILE]... [--print] [--dry-run] [--json] [--receipt FILE]",
	  "sign objects and send them" },
	{ "receipt", cmd_receipt,
	  "verify FILE --key VKEY|FILE [--entry FILE] [--request FILE] [--print] | "
	  "save ANSWER OUT --request FILE --key VKEY|FILE",
	  "prove offline that a request is in the log" },
	{ "show", cmd_show, "CLASS KEY", "one object from the registry" },
	{ "whois", cmd_whois, "[--whois HOST:PORT] QUERY", "ask the WHOIS server" },
	{ "free", cmd_free, "asn|LEN", "what would be given to the next who asks" },
	{ "head", cmd_head, "", "the newest signed checkpoint" },
	{ "verify", cmd_verify, "[DIR] [--stream HOST:PORT|PATH] [--key VKEY|FILE] [--pin FILE]",
	  "check the whole log: tree, checkpoints, signatures" },
	{ "audit", cmd_audit, "[DIR] [--stream HOST:PORT|PATH] [--key VKEY|FILE] [--json]",
	  "decide the whole log again: does every entry follow the rules?" },
	{ "queue", cmd_queue, "list [--json] | show N | approve N [--yes] | refuse N REASON  [--key HOSTMASTER-KEY]",
	  "requests that wait for the hostmaster" },
	{ "contact", cmd_contact, "show HANDLE [--json] | set HANDLE FILE | erase HANDLE  [--key FILE]",
	  "the contact text of a role or person, beside the log" },
	{ "log", cmd_log, "tail [--from N] [--once] | show INDEX | grep TEXT  [--dir DIR] [--stream HOST:PORT|PATH]",
	  "entries of the log, verified" },
	{ "monitor", cmd_monitor, "--mnt NAME [--key OWN.pub]... [--since N] [--once] [DIR] [--stream HOST:PORT|PATH]",
	  "what happens to a maintainer's objects, and who signed it" },
	{ "mirror", cmd_mirror,
	  "DIR --from HOST:PORT --key VKEY|FILE [--listen ADDRESS:PORT]... [--http ADDRESS:PORT] [--once]",
	  "keep a verified copy of a log, and serve it" },
	{ "witness", cmd_witness, "DIR --listen ADDRESS:PORT --key FILE --log VKEY|FILE... [--name NAME]",
	  "cosign checkpoints that continue what was seen" },
	{ "keys", cmd_keys,
	  "make-root FILE | draft NOTE --log VKEY|FILE --not-after DATE | sign NOTE --key FILE | show NOTE | "
	  "verify NOTE --root VKEY|FILE...",
	  "the offline root keys, and their note on what the log's key is" },
	{ "recover", cmd_recover, "DIR --from HOST:PORT|PATH",
	  "bring a restored ledger forward from another copy of the log" },
	{ "import", cmd_import, "FILE... | dn42 DIR  [--key HOSTMASTER-KEY] [--report FILE]",
	  "take over objects of another registry" },
};

static void help_print(FILE *to)
{
	fputs("usage: alamo COMMAND ...\n\n", to);
	for (size_t i = 0; i < AL_COUNT(commands); i++)
		fprintf(to, "  %-8s %s\n           alamo %s %s\n", commands[i].name, commands[i].help, commands[i].name,
			commands[i].arguments);
	fputs("\nThe registry is --server HOST:PORT, else ALAMO_SERVER, else `server` in ~/.config/alamo/config,\n"
	      "else 127.0.0.1:4343. Exit codes: 0 done, 1 refused, 2 usage, 3 no connection, 4 verification failed.\n",
	      to);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_print(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		help_print(stdout);
		return CLI_DONE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("alamo " ALAMO_VERSION);
		return CLI_DONE;
	}
	for (size_t i = 0; i < AL_COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0) {
			if (argc > 2 && strcmp(argv[2], "--help") == 0) {
				printf("usage: alamo %s %s\n%s\n", commands[i].name, commands[i].arguments,
				       commands[i].help);
				return CLI_DONE;
			}
			return commands[i].run(argc - 1, argv + 1);
		}
	return command_fail(CLI_USAGE, "no such command: %s (see `alamo help`)", argv[1]);
}
