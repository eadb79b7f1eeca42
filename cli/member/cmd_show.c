/* SPDX-License-Identifier: MIT */
/*
 * cmd_show.c -- questions at the request port: `alamo show`, `free`, `head`.
 */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "fetch.h"
#include "network.h"

struct options {
	struct registry registry;
};

/* WORD and the words behind it as one line; NULL: said. The caller frees it. */
static char *question(const char *word, const struct words *words)
{
	struct al_buf buf;
	char *line;

	al_buf_init(&buf, 4096);
	al_buf_str(&buf, word);
	for (size_t i = 0; i < words->count; i++)
		al_buf_printf(&buf, " %s", words->word[i]);
	line = al_buf_take(&buf, NULL);
	if (line != NULL && strchr(line, '\n') == NULL)
		return line;
	command_fail(CLI_USAGE, "%s: the question is %s", word, line == NULL ? "too long" : "one line");
	free(line);
	return NULL;
}

/* ---- show ---- */

static int show(struct client *client, const char *wanted, struct al_buf *out)
{
	struct al_slice text = AL_S("");
	enum al_err err = fetch_object(client, wanted, out);

	if (err != AL_ENOTFOUND)
		return command_exit(err);
	(void)answer_is_error(al_buf_view(out), &text);
	return command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
}

static int show_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct client *client;
	struct network network;
	struct al_buf out;
	char *wanted = question("", words);
	enum al_err err;
	int code;

	if (wanted == NULL)
		return CLI_USAGE;
	al_buf_init(&out, 2 * CLIENT_ANSWER_MAX);
	err = network_open(&options->registry, &client, &network);
	code = err == AL_OK ? show(client, wanted + 1, &out) : command_exit(err);
	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&out));
	client_close(client);
	al_buf_release(&out);
	free(wanted);
	return code;
}

/* ---- free, head ---- */

/* `check` looks at the answer before it is shown. */
static int question_run(const char *word, const struct words *words, const struct registry *registry,
			int (*check)(const struct network *network, struct al_slice answer))
{
	struct client *client = NULL;
	struct network network;
	struct al_buf answer;
	char *line = question(word, words);
	enum al_err err;
	int code;

	if (line == NULL)
		return CLI_USAGE;
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = network_open(registry, &client, &network);
	code = err == AL_OK ? fetch_answer(client, line, &answer) : command_exit(err);
	if (code == CLI_DONE && check != NULL)
		code = check(&network, al_buf_view(&answer));
	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&answer));
	client_close(client);
	al_buf_release(&answer);
	free(line);
	return code;
}

static int free_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	return question_run("free", words, &options->registry, NULL);
}

static int head_check(const struct network *network, struct al_slice answer)
{
	struct al_checkpoint head;

	if (al_checkpoint_open(answer, &network->key, &head) == AL_OK)
		return CLI_DONE;
	return command_fail(CLI_UNVERIFIED, "the checkpoint is not signed by %s", network->vkey);
}

static int head_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	return question_run("head", words, &options->registry, head_check);
}

static const struct option_row rows[] = { REGISTRY_ROWS(struct options, registry) };

static const struct command_form show_forms[] = { { NULL, "CLASS KEY...", NULL, show_run } };

const struct command command_show = {
	.name = "show",
	.group = GROUP_MEMBER,
	.help = "one object from the registry, to look at or to edit and submit",
	.notes = "The line \"% prev: N\" says which version it is: `alamo submit` refuses to overwrite a newer one.",
	COMMAND_FORMS(show_forms),
	COMMAND_OPTIONS(rows, struct options),
};

static const struct command_form free_forms[] = { { NULL, "asn|LEN [4]", NULL, free_run } };

const struct command command_free = {
	.name = "free",
	.group = GROUP_MEMBER,
	.help = "what would be given to the next who asks: an AS number, or a prefix of that length",
	COMMAND_FORMS(free_forms),
	COMMAND_OPTIONS(rows, struct options),
};

static const struct command_form head_forms[] = { { NULL, "", NULL, head_run } };

const struct command command_head = {
	.name = "head",
	.group = GROUP_LOG,
	.help = "the newest signed checkpoint",
	COMMAND_FORMS(head_forms),
	COMMAND_OPTIONS(rows, struct options),
};
