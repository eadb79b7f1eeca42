/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c -- `alamo import`: take over the objects of another registry.
 */
#include "command.h"

#include <errno.h>
#include <string.h>

#include "file.h"
#include "import.h"
#include "settings.h"

struct options {
	struct registry registry;
	const char *key, *report;
	bool dry_run;
};

static int report_write(const struct options *options, const struct import *import)
{
	struct al_buf out;
	int code = CLI_DONE;

	al_buf_init(&out, IMPORT_FILE_MAX);
	if (options->report != NULL) {
		import_report(import, true, &out);
		if (out.err != AL_OK || file_write(options->report, al_buf_view(&out), 0644) != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", options->report, strerror(errno));
		al_buf_reset(&out);
	}
	import_report(import, options->report == NULL || options->dry_run, &out);
	command_print_remote(al_buf_view(&out));
	al_buf_release(&out);
	return code;
}

static int import_run(const struct words *words, const struct options *options, struct client *client,
		      const struct network *network, const char *key)
{
	struct submit submit = {
		.client = client, .network = network, .keys = { key }, .key_count = 1, .dry_run = options->dry_run
	};
	struct import import;
	enum al_err err;
	int code;

	import_init(&import);
	code = import_files(words, al_slice_str(network->source), &import);
	if (code == CLI_DONE) {
		err = import_order(&import);
		if (err == AL_OK)
			err = import_guard(&import, client, network->source);
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

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct client *client = NULL;
	struct network network;
	char key[SETTING_MAX] = "";
	enum al_err err;
	int code;

	if (!options->dry_run && settings_key(options->key, key) != AL_OK)
		return CLI_USAGE;
	err = network_open(&options->registry, &client, &network);
	if (err != AL_OK)
		return command_exit(err);
	code = import_run(words, options, client, &network, key);
	client_close(client);
	return code;
}

static const struct command_form forms[] = { { NULL, "FILE...", NULL, run } };

static const struct option_row rows[] = {
	OPTION_KEY(struct options, key, NULL, "the hostmaster's SSH key, DIR/keys/hostmaster of the authority"),
	{ .name = "report",
	  .arg = "FILE",
	  OPTION_AT(struct options, report),
	  .meaning = "writes the complete report there; only the table is printed then" },
	{ .name = "dry-run",
	  OPTION_AT(struct options, dry_run),
	  .meaning = "prints what would be sent and what would not, and why; sends nothing" },
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_import = {
	.name = "import",
	.group = GROUP_HOSTMASTER,
	.help = "take over objects of another registry",
	.notes = "`alamo import dn42 DIR` reads the files below DIR/data, one object each.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
