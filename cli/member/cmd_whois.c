/* SPDX-License-Identifier: MIT */
/*
 * cmd_whois.c -- `alamo whois`: ask the WHOIS server.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "network.h"
#include "settings.h"
#include "whois_client.h"

struct options {
	struct registry registry;
	const char *whois;
	const char *at;
};

static int whois_ask(const char *server, const char *query)
{
	struct al_buf answer;
	const char *why = "";
	struct al_slice text;
	enum al_err err;
	int code = CLI_USAGE;

	al_buf_init(&answer, WHOIS_MAX);
	err = whois_query(server, query, &answer, &why);
	if (err == AL_OK) {
		command_print_remote(al_buf_view(&answer));
		code = answer_is_error(al_buf_view(&answer), &text) ? CLI_REFUSED : CLI_DONE;
	} else if (err != AL_EINVAL) {
		code = command_fail(CLI_OFFLINE, "no answer from the WHOIS server at %s: %s", server, why);
	}
	al_buf_release(&answer);
	return code;
}

/* Who is asked: what was said, with the port that the registry names; else all of it from the registry. Exit code. */
static int server_find(const struct options *options, char out[static SETTING_MAX])
{
	char said[SETTING_MAX] = "", host[SETTING_MAX], port[16], found[16];
	struct client *client;
	struct network network;
	enum al_err err = AL_OK;

	if (options->registry.server == NULL)
		err = settings_whois(options->whois, said);
	if (err != AL_OK)
		return CLI_USAGE;
	if (said[0] != '\0' && settings_split(said, NULL, host, port) != AL_EINVAL)
		return al_slice_copy(al_slice_str(said), out, SETTING_MAX) == AL_OK ? CLI_DONE : CLI_USAGE;
	err = network_open(&options->registry, &client, &network);
	if (err != AL_OK)
		return command_exit(err);
	err = network_endpoint(&network, client_server(client), "whois", out, SETTING_MAX);
	client_close(client);
	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "the registry names no WHOIS server: --whois HOST:PORT");
	if (said[0] == '\0')
		return CLI_DONE;
	/* The host that was said, at that port. */
	if (settings_split(out, NULL, host, found) != AL_OK ||
	    settings_peer("the WHOIS server", said, found, host, port) != AL_OK)
		return CLI_USAGE;
	snprintf(out, SETTING_MAX, strchr(host, ':') != NULL ? "[%.900s]:%s" : "%.900s:%s", host, port);
	return CLI_DONE;
}

static int whois_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char server[SETTING_MAX];
	struct al_buf line;
	char *query;
	int code;

	if (options->whois != NULL && options->registry.server != NULL)
		return command_fail(
			CLI_USAGE,
			"whois: --whois is the WHOIS server, --server the registry that names one: one of them");
	al_buf_init(&line, 4096);
	if (options->at != NULL)
		al_buf_printf(&line, "--at %s ", options->at);
	for (size_t i = 0; i < words->count; i++)
		al_buf_printf(&line, "%s%s", i > 0 ? " " : "", words->word[i]);
	query = al_buf_take(&line, NULL);
	if (query == NULL)
		return command_fail(CLI_USAGE, "the query is too long");
	code = server_find(options, server);
	if (code == CLI_DONE)
		code = whois_ask(server, query);
	free(query);
	return code;
}

static const struct command_form forms[] = { { NULL, "QUERY...", NULL, whois_run } };

static const struct option_row rows[] = {
	{ .name = "whois",
	  .arg = "HOST[:PORT]",
	  OPTION_AT(struct options, whois),
	  .meaning = "the WHOIS server",
	  .fallback = "$ALAMO_WHOIS, `whois` in the configuration, the one that the registry names" },
	{ .name = "at",
	  .arg = "SIZE|DATE",
	  OPTION_AT(struct options, at),
	  .meaning = "asks for what was so when the log had that size, or at the end of that day" },
	{ .name = "server",
	  .arg = "HOST:PORT",
	  OPTION_AT(struct options, registry.server),
	  .meaning = "the registry that names its WHOIS server",
	  .fallback = "$ALAMO_SERVER, `server` in the configuration, 127.0.0.1:4343" },
	{ .name = "pin",
	  .arg = "VKEY|FILE",
	  OPTION_AT(struct options, registry.pin),
	  .meaning = "the log key that the registry must have" },
};

const struct command command_whois = {
	.name = "whois",
	.group = GROUP_MEMBER,
	.help = "ask the WHOIS server",
	.notes = "Words like -i or -r are the query's own; of the form --brief, they stand behind a word --.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
	.flags_are_words = true,
};
