/* SPDX-License-Identifier: MIT */
/*
 * fetch.c -- questions to the registry that is pinned.
 */
#include "fetch.h"

#include "answer.h"
#include "command.h"
#include "draft.h"

#define QUESTION_MAX 8192

int fetch_answer(struct client *client, const char *question, struct al_buf *answer)
{
	struct al_slice text;
	enum al_err err = client_ask(client, question, answer);

	if (err != AL_OK)
		return command_exit(err);
	if (answer_is_error(al_buf_view(answer), &text))
		return command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
	return CLI_DONE;
}

/* "WORD CLASS KEY" asked. AL_ENOTFOUND with what the registry says in `answer`. */
static enum al_err word_ask(struct client *client, const char *word, const char *wanted, struct al_buf *answer)
{
	struct al_slice text;
	struct al_buf line;
	enum al_err err;

	al_buf_init(&line, QUESTION_MAX);
	al_buf_printf(&line, "%s %s", word, wanted);
	al_buf_u8(&line, '\0');
	err = line.err != AL_OK ? line.err : client_ask(client, (const char *)line.ptr, answer);
	al_buf_release(&line);
	return err == AL_OK && answer_is_error(al_buf_view(answer), &text) ? AL_ENOTFOUND : err;
}

/* "prev: 17"; empty for what never was. */
static void prev_put(struct al_slice answer, struct al_buf *out)
{
	struct al_slice line, value;
	uint64_t number;

	while (al_slice_line(&answer, &line)) {
		if (!al_slice_starts(line, "prev:"))
			continue;
		value = al_slice_trim(al_slice_from(line, sizeof("prev:") - 1));
		if (al_slice_u64(value, UINT64_MAX, &number) == AL_OK)
			al_buf_printf(out, "%% prev: %.*s\n", AL_FMT(value));
		return;
	}
}

/* First the version, then the text: a change between the two makes the version old, and is noticed when it is sent. */
enum al_err fetch_object(struct client *client, const char *wanted, struct al_buf *out)
{
	struct al_buf answer;
	enum al_err err;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	al_buf_reset(out);
	err = word_ask(client, "prev", wanted, &answer);
	if (err == AL_OK) {
		prev_put(al_buf_view(&answer), out);
		err = word_ask(client, "show", wanted, &answer);
	}
	if (err == AL_OK && !draft_is_alone(al_buf_view(&answer), wanted)) {
		command_fail(CLI_UNVERIFIED, "%s answers with something else than %s", client_server(client), wanted);
		err = AL_EVERIFY;
	}
	if (err == AL_ENOTFOUND)
		al_buf_reset(out);
	if (err == AL_OK || err == AL_ENOTFOUND)
		al_buf_slice(out, al_buf_view(&answer));
	al_buf_release(&answer);
	return err;
}
