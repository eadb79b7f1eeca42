/*
 * cmd_whois.c -- `alamo whois`: ask the WHOIS server.
 */
#include "command.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "settings.h"

#define WHOIS_MAX (64u << 20) /* bytes of an answer: a route list of a whole registry fits */
#define WHOIS_MS 30000

struct options {
	const char *whois;
};

/* Sends the whole query (short: it fits the socket's buffer) and reads until the server closes. */
static enum al_err whois_talk(int fd, const char *query, struct al_buf *answer)
{
	char chunk[16384];

	if (send(fd, query, strlen(query), MSG_NOSIGNAL) != (ssize_t)strlen(query))
		return AL_ECLOSED;
	while (answer->err == AL_OK) {
		struct pollfd wait = { fd, POLLIN, 0 };
		ssize_t got;

		if (poll(&wait, 1, WHOIS_MS) == 0)
			return AL_ECLOSED;
		got = recv(fd, chunk, sizeof(chunk), 0);
		if (got == 0)
			return AL_OK;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return AL_ECLOSED;
		if (got > 0)
			al_buf_put(answer, chunk, (size_t)got);
	}
	return answer->err;
}

static int whois_ask(const char *server, const char *query)
{
	char host[SETTING_MAX], port[16];
	struct al_buf answer;
	const char *why = "it closed the connection";
	struct al_slice text;
	int fd = -1, code = CLI_DONE;
	enum al_err err = settings_peer("the WHOIS server", server[0] != '\0' ? server : "127.0.0.1", "4043", host,
					port);

	if (err != AL_OK)
		return CLI_USAGE;
	al_buf_init(&answer, WHOIS_MAX);
	err = client_connect(host, port, &fd, &why);
	if (err == AL_OK)
		err = whois_talk(fd, query, &answer);
	if (err != AL_OK) {
		code = command_fail(CLI_OFFLINE, "no answer from the WHOIS server at %s: %s", server, why);
	} else {
		command_print_remote(al_buf_view(&answer));
		code = answer_is_error(al_buf_view(&answer), &text) ? CLI_REFUSED : CLI_DONE;
	}
	if (fd >= 0)
		close(fd);
	al_buf_release(&answer);
	return code;
}

static int whois_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char server[SETTING_MAX];
	struct al_buf line;
	char *query;
	int code;

	if (settings_whois(options->whois, server) != AL_OK)
		return CLI_USAGE;
	al_buf_init(&line, 4096);
	for (size_t i = 0; i < words->count; i++)
		al_buf_printf(&line, "%s%s", i > 0 ? " " : "", words->word[i]);
	al_buf_str(&line, "\r\n");
	query = al_buf_take(&line, NULL);
	code = query == NULL ? command_fail(CLI_USAGE, "the query is too long") : whois_ask(server, query);
	free(query);
	return code;
}

static const struct command_form whois_forms[] = { { NULL, "QUERY...", NULL, whois_run } };

static const struct option_row whois_rows[] = {
	{ .name = "whois",
	  .arg = "HOST:PORT",
	  OPTION_AT(struct options, whois),
	  .meaning = "the WHOIS server",
	  .fallback = "$ALAMO_WHOIS, `whois` in the configuration, 127.0.0.1:4043" },
};

const struct command command_whois = {
	.name = "whois",
	.group = GROUP_MEMBER,
	.help = "ask the WHOIS server",
	.notes = "Words like -i or -r are the query's own; of the form --brief, they stand behind a word --.",
	COMMAND_FORMS(whois_forms),
	COMMAND_OPTIONS(whois_rows, struct options),
	.flags_are_words = true,
};
