/* SPDX-License-Identifier: MIT */
/*
 * cmd_network.c -- `alamo network`: the networks that are known here, and by which key.
 */
#include "command.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "pin.h"

struct options {
	struct registry registry;
};

static void pin_print(const struct pin *pin)
{
	printf("network   %s\nsource    %s\nlog key   %s\n", pin->name, pin->source, pin->vkey);
	for (size_t i = 0; i < pin->server_count; i++)
		printf("server    %s\n", pin->servers[i]);
}

static int run_show(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct client *client;
	struct network network;
	static struct pin pin; /* large */
	enum al_err err = network_open(&options->registry, &client, &network);

	(void)words;
	if (err != AL_OK)
		return command_exit(err);
	client_close(client);
	err = pin_load(network.name, &pin);
	if (err == AL_OK)
		pin_print(&pin);
	return command_exit(err);
}

static int run_list(const struct words *words, const void *options)
{
	static struct pin pin;
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *dir = home_path(HOME_CONFIG, "networks", path) == AL_OK ? opendir(path) : NULL;
	bool first = true;
	enum al_err err = AL_OK;

	(void)words;
	(void)options;
	while (err == AL_OK && dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!pin_name_ok(entry->d_name))
			continue;
		err = pin_load(entry->d_name, &pin);
		if (err != AL_OK)
			break;
		if (!first)
			putchar('\n');
		first = false;
		pin_print(&pin);
	}
	if (dir != NULL)
		closedir(dir);
	return command_exit(err);
}

static int run_forget(const struct words *words, const void *options)
{
	const char *name = words->word[0];
	char rest[PATH_MAX], path[PATH_MAX];

	(void)options;
	if (!pin_name_ok(name))
		return command_fail(CLI_USAGE, "no network can be called \"%s\"", name);
	snprintf(rest, sizeof(rest), "networks/%s", name);
	if (home_path(HOME_CONFIG, rest, path) != AL_OK || (unlink(path) != 0 && errno == ENOENT))
		return command_fail(CLI_REFUSED, "the network \"%s\" is not known here", name);
	if (access(path, F_OK) == 0)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	printf("The next contact with \"%s\" is a first one again.\n", name);
	return CLI_DONE;
}

static const struct command_form forms[] = {
	{ "show", "", "asks the registry, compares, and prints what is pinned", run_show },
	{ "list", "", "prints every network that is known here", run_list },
	{ "forget", "NAME", "forgets a network's key: its next contact is a first one", run_forget },
};

static const struct option_row rows[] = {
	{ .name = "server",
	  .letter = 's',
	  .arg = "HOST:PORT",
	  .verbs = "show",
	  OPTION_AT(struct options, registry.server),
	  .meaning = "the registry's request port",
	  .fallback = "$ALAMO_SERVER, `server` in the configuration, 127.0.0.1:4343" },
	{ .name = "pin",
	  .arg = "VKEY|FILE",
	  .verbs = "show",
	  OPTION_AT(struct options, registry.pin),
	  .meaning = "the log key that the registry must have" },
};

const struct command command_network = {
	.name = "network",
	.group = GROUP_MEMBER,
	.help = "the networks that are known here, and their log keys",
	.notes = "A log key is pinned at the first contact with a registry, and compared at every later one.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
