/* SPDX-License-Identifier: MIT */
/*
 * cmd_invite.c -- `alamo invite`: a word with which somebody else joins.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "invite.h"

struct options {
	const char *vouch;
	struct registry registry;
};

static bool is_loopback(const char *server)
{
	return strncmp(server, "127.", 4) == 0 || strncmp(server, "[::1]", 5) == 0 ||
	       strncmp(server, "localhost", 9) == 0;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct invite invite = { .vouch = "" };
	struct client *client;
	struct network network;
	char word[INVITE_MAX];
	enum al_err err;

	(void)words;
	if (options->vouch != NULL && invite_mntner(al_slice_str(options->vouch), invite.vouch) != AL_OK)
		return command_fail(CLI_USAGE, "--vouch: \"%s\" is no maintainer's name, as FISHER-MNT",
				    options->vouch);
	err = network_open(&options->registry, &client, &network);
	if (err != AL_OK)
		return command_exit(err);
	err = al_slice_copy(al_slice_str(client_server(client)), invite.server, sizeof(invite.server));
	client_close(client);
	snprintf(invite.vkey, sizeof(invite.vkey), "%s", network.vkey);
	if (err == AL_OK)
		err = invite_format(&invite, word);
	if (err != AL_OK)
		return command_fail(CLI_USAGE, "the registry's address is too long for an invitation");
	if (is_loopback(invite.server))
		fprintf(stderr,
			"alamo: %s is an address of this machine alone: use --server for one that others reach\n",
			invite.server);
	printf("alamo join %s\n", word);
	return CLI_DONE;
}

static const struct command_form forms[] = { { NULL, "", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "vouch",
	  .arg = "MNTNER",
	  OPTION_AT(struct options, vouch),
	  .meaning = "your maintainer, which vouches for the newcomer: `alamo join` then makes an offer for `alamo "
		     "vouch`" },
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_invite = {
	.name = "invite",
	.group = GROUP_MEMBER,
	.help = "a line with which somebody else joins this network",
	.notes = "The line holds the registry's address and its log key as it is pinned here, so that whoever joins "
		 "with it needs\n"
		 "no first contact on trust. It holds no secret.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
