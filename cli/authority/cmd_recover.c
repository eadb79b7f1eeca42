/*
 * cmd_recover.c -- `alamo recover`: bring a restored ledger forward from
 * another copy of its log. alamo-registryd does it, because only that opens
 * the ledger.
 */
#include "command.h"

#include <getopt.h>
#include <limits.h>

#include "file.h"
#include "log/log_read.h"
#include "process.h"

#define USAGE "DIR --from HOST:PORT|PATH"

int cmd_recover(int argc, char **argv)
{
	static const struct option longs[] = { { "from", required_argument, NULL, 'f' }, { NULL, 0, NULL, 0 } };
	char program[PATH_MAX], conf[PATH_MAX], address[PATH_MAX];
	const char *from = NULL;
	int option, status = 0, code;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option != 'f')
			return command_usage("recover", USAGE);
		from = optarg;
	}
	if (argc - optind != 1 || from == NULL)
		return command_usage("recover", USAGE);
	code = log_read_address(from, NULL, address);
	if (code != CLI_DONE)
		return code;
	if (file_join(argv[optind], "alamo.conf", conf, sizeof(conf)) != AL_OK ||
	    file_program("alamo-registryd", program, sizeof(program)) != AL_OK)
		return command_fail(CLI_REFUSED, "path too long");
	const char *const words[] = { program, "-c", conf, "--recover", address, NULL };

	if (process_run(words, al_slice_of(NULL, 0), false, NULL, &status) != AL_OK || status == 127)
		return command_fail(CLI_REFUSED, "%s cannot be started", program);
	return status == 0 ? CLI_DONE : CLI_REFUSED;
}
