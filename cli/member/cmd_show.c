/*
 * cmd_show.c -- questions: `alamo show`, `free`, `head` at the request port,
 * `alamo whois` at the WHOIS server.
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
	const char *server, *whois;
};

/* WORD and the words behind it, separated by blanks. */
static char *words_join(const char *word, const struct words *words)
{
	struct al_buf line;

	al_buf_init(&line, 4096);
	al_buf_str(&line, word);
	for (size_t i = 0; i < words->count; i++) {
		if (line.len > 0)
			al_buf_u8(&line, ' ');
		al_buf_str(&line, words->word[i]);
	}
	return al_buf_take(&line, NULL);
}

static int question_ask(const char *server, const char *line)
{
	struct client *client = NULL;
	struct al_buf answer;
	struct al_slice text;
	enum al_err err = client_open(server, &client);
	int code = CLI_DONE;

	if (err != AL_OK)
		return err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = client_ask(client, line, &answer);
	if (err != AL_OK) {
		code = err == AL_ECLOSED ? CLI_OFFLINE : CLI_REFUSED;
	} else if (answer_is_error(al_buf_view(&answer), &text)) {
		code = command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
	} else {
		command_print_remote(al_buf_view(&answer));
	}
	al_buf_release(&answer);
	client_close(client);
	return code;
}

static int question(const char *word, const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char *line = words_join(word, words);
	int code;

	if (line == NULL || strchr(line, '\n') != NULL)
		code = command_fail(CLI_USAGE, "%s: the question is %s", word, line == NULL ? "too long" : "one line");
	else
		code = question_ask(options->server, line);
	free(line);
	return code;
}

static int show_run(const struct words *words, const void *options)
{
	return question("show", words, options);
}

static int free_run(const struct words *words, const void *options)
{
	return question("free", words, options);
}

static int head_run(const struct words *words, const void *options)
{
	return question("head", words, options);
}

static const struct option_row server_rows[] = { OPTION_SERVER(struct options, server) };

static const struct command_form show_forms[] = { { NULL, "CLASS KEY...", NULL, show_run } };

const struct command command_show = {
	.name = "show",
	.group = GROUP_MEMBER,
	.help = "one object from the registry",
	COMMAND_FORMS(show_forms),
	COMMAND_OPTIONS(server_rows, struct options),
};

static const struct command_form free_forms[] = { { NULL, "asn|LEN", NULL, free_run } };

const struct command command_free = {
	.name = "free",
	.group = GROUP_MEMBER,
	.help = "what would be given to the next who asks: an AS number, or a prefix of that length",
	COMMAND_FORMS(free_forms),
	COMMAND_OPTIONS(server_rows, struct options),
};

static const struct command_form head_forms[] = { { NULL, "", NULL, head_run } };

const struct command command_head = {
	.name = "head",
	.group = GROUP_LOG,
	.help = "the newest signed checkpoint",
	COMMAND_FORMS(head_forms),
	COMMAND_OPTIONS(server_rows, struct options),
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
	enum al_err err = settings_split(server, "43", host, port);

	if (err != AL_OK)
		return command_fail(CLI_USAGE, "the WHOIS server's address must be HOST:PORT");
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
	char *text, *query;
	struct al_buf line;
	int code;

	if (settings_whois(options->whois, server) != AL_OK)
		return CLI_USAGE;
	text = words_join("", words);
	al_buf_init(&line, 4096);
	al_buf_printf(&line, "%s\r\n", text != NULL ? text : "");
	query = al_buf_take(&line, NULL);
	code = query == NULL || text == NULL ? command_fail(CLI_USAGE, "the query is too long")
					     : whois_ask(server, query);
	free(query);
	free(text);
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
