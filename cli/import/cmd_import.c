/*
 * cmd_import.c -- `alamo import`: take over the objects of another registry.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "file.h"
#include "import.h"
#include "settings.h"

#define USAGE "FILE... | dn42 DIR  [--key HOSTMASTER-KEY] [--report FILE] [--server HOST:PORT]"
#define FILE_MAX (256u << 20)

struct options {
	const char *key, *report, *server;
	char **files;
	int count;
};

static int files_read(const struct options *options, const struct network *network, struct import *import)
{
	struct al_buf text;
	enum al_err err = AL_OK;
	int code = CLI_DONE;

	if (options->count == 2 && strcmp(options->files[0], "dn42") == 0) {
		err = import_tree(import, options->files[1], al_slice_str(network->source));
		return err == AL_OK ? CLI_DONE
				    : command_fail(CLI_USAGE, "%s: %s", options->files[1],
						   err == AL_ESYS ? strerror(errno) : al_err_name(err));
	}
	al_buf_init(&text, FILE_MAX);
	for (int i = 0; i < options->count && code == CLI_DONE; i++) {
		al_buf_reset(&text);
		if (file_read(options->files[i], &text) != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", options->files[i], strerror(errno));
		else
			err = import_read(import, al_buf_view(&text), al_slice_str(network->source));
		if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", options->files[i], al_err_name(err));
	}
	al_buf_release(&text);
	return code;
}

static int report_write(const struct options *options, const struct import *import)
{
	struct al_buf out;
	int code = CLI_DONE;

	al_buf_init(&out, FILE_MAX);
	if (options->report != NULL) {
		import_report(import, true, &out);
		if (out.err != AL_OK || file_write(options->report, al_buf_view(&out), 0644) != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", options->report, strerror(errno));
		al_buf_reset(&out);
	}
	import_report(import, options->report == NULL, &out);
	command_print_remote(al_buf_view(&out));
	al_buf_release(&out);
	return code;
}

static int import_run(const struct options *options, struct client *client, const char *key)
{
	struct network network;
	struct submit submit = { client, &network, { key }, 1, false };
	struct import import;
	enum al_err err = network_ask(client, &network);
	int code;

	if (err != AL_OK)
		return err == AL_ECLOSED ? CLI_OFFLINE : CLI_REFUSED;
	import_init(&import);
	code = files_read(options, &network, &import);
	if (code == CLI_DONE) {
		err = import_order(&import);
		if (err == AL_OK)
			err = import_send(&import, &submit);
		code = report_write(options, &import);
		if (err != AL_OK)
			code = err == AL_ECLOSED ? CLI_OFFLINE
						 : command_fail(CLI_USAGE, "stopped: %s", al_err_name(err));
	}
	if (code == CLI_DONE && import.count > 0 && import_count(&import, IMPORT_REFUSED) == import.count)
		code = CLI_REFUSED;
	import_release(&import);
	return code;
}

int cmd_import(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "report", required_argument, NULL, 'r' },
		{ "server", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = { 0 };
	struct client *client = NULL;
	char key[SETTING_MAX];
	int option, code;
	enum al_err err;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'k')
			options.key = optarg;
		else if (option == 'r')
			options.report = optarg;
		else if (option == 's')
			options.server = optarg;
		else
			return command_usage("import", USAGE);
	}
	options.files = argv + optind;
	options.count = argc - optind;
	if (options.count == 0)
		return command_usage("import", USAGE);
	if (settings_key(options.key, key) != AL_OK)
		return CLI_USAGE;
	err = client_open(options.server, &client);
	if (err != AL_OK)
		return err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
	code = import_run(&options, client, key);
	client_close(client);
	return code;
}
