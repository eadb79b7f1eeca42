/*
 * cmd_show.c -- questions: `alamo show`, `free`, `head` at the request port,
 * `alamo whois` at the WHOIS server.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
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

/* The one option --NAME VALUE; the rest of the words stays in argv from optind on. */
static int option_read(int argc, char **argv, const char *name, const char **value)
{
	const struct option options[] = { { name, required_argument, NULL, 'o' }, { NULL, 0, NULL, 0 } };
	int option;

	*value = NULL;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option != 'o')
			return CLI_USAGE;
		*value = optarg;
	}
	return CLI_DONE;
}

/* WORD and the words of argv[first..], separated by blanks. */
static char *words_join(const char *word, int argc, char **argv, int first)
{
	struct al_buf line;

	al_buf_init(&line, 4096);
	al_buf_str(&line, word);
	for (int i = first; i < argc; i++) {
		if (line.len > 0)
			al_buf_u8(&line, ' ');
		al_buf_str(&line, argv[i]);
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

static int question_words(int argc, char **argv, const char *word, int least, const char *usage)
{
	const char *server;
	char *line;
	int code = option_read(argc, argv, "server", &server);

	if (code != CLI_DONE || argc - optind < least)
		return command_usage(word, usage);
	line = words_join(word, argc, argv, optind);
	if (line == NULL)
		return command_fail(CLI_USAGE, "the question is too long");
	code = strchr(line, '\n') != NULL ? command_usage(word, usage) : question_ask(server, line);
	free(line);
	return code;
}

int cmd_show(int argc, char **argv)
{
	return question_words(argc, argv, "show", 2, "[--server HOST:PORT] CLASS KEY");
}

int cmd_free(int argc, char **argv)
{
	return question_words(argc, argv, "free", 1, "[--server HOST:PORT] asn|LEN");
}

int cmd_head(int argc, char **argv)
{
	return question_words(argc, argv, "head", 0, "[--server HOST:PORT]");
}

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

int cmd_whois(int argc, char **argv)
{
	static const char usage[] = "[--whois HOST:PORT] QUERY";
	char server[SETTING_MAX];
	const char *option;
	char *words, *query;
	struct al_buf line;
	int code = option_read(argc, argv, "whois", &option);

	if (code != CLI_DONE || optind == argc)
		return command_usage("whois", usage);
	if (settings_whois(option, server) != AL_OK)
		return command_usage("whois", usage);
	words = words_join("", argc, argv, optind);
	al_buf_init(&line, 4096);
	al_buf_printf(&line, "%s\r\n", words != NULL ? words : "");
	query = al_buf_take(&line, NULL);
	code = query == NULL || words == NULL ? command_fail(CLI_USAGE, "the query is too long")
					      : whois_ask(server, query);
	free(query);
	free(words);
	return code;
}
