/* SPDX-License-Identifier: MIT */
/*
 * cmd_queue.c -- `alamo queue`: requests that wait for the hostmaster.
 *
 * Approving signs bytes that came over the network: see consent.h.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member/answer.h"
#include "member/consent.h"
#include "member/fetch.h"
#include "control.h"
#include "json.h"
#include "settings.h"

struct options {
	struct registry registry;
	const char *key, *hash;
	const char *source, *sender_key, *mntner, *all_from; /* refuse-all: whose */
	bool json;
};

struct queue {
	struct submit submit;
	struct network network;
	char key[SETTING_MAX];
	const struct options *options;
	struct words words; /* behind the verb */
};

static bool number_ok(const char *text)
{
	uint64_t number;

	return al_slice_u64(al_slice_str(text), INT64_MAX, &number) == AL_OK;
}

static int number_fail(const char *text)
{
	return command_fail(CLI_USAGE, "\"%s\" is no number of `alamo queue list`", text);
}

/* ---- list, show ---- */

/* "3 2026-12-01T00:00:00Z ask-1 [inet6num] fca1:100:7::/48 and 2 more" */
static int list_json(struct al_slice answer)
{
	json_t *rows = json_array();
	struct al_slice line;

	while (al_slice_line(&answer, &line)) {
		struct al_slice id, time, name;
		uint64_t number;
		json_t *row;

		if (!al_slice_word(&line, "", &id) || al_slice_u64(id, INT64_MAX, &number) != AL_OK ||
		    !al_slice_word(&line, "", &time) || !al_slice_word(&line, "", &name))
			continue;
		row = json_object();
		json_object_set_new(row, "id", json_integer((json_int_t)number));
		json_object_set_new(row, "time", json_slice(time));
		json_object_set_new(row, "request", json_slice(name));
		json_object_set_new(row, "objects", json_slice(al_slice_trim(line)));
		json_array_append_new(rows, row);
	}
	return json_out(rows);
}

static int queue_list(struct queue *q)
{
	struct al_buf answer;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = fetch_answer(q->submit.client, "queue", &answer);
	if (code == CLI_DONE && q->options->json)
		code = list_json(al_buf_view(&answer));
	else if (code == CLI_DONE)
		command_print_remote(al_buf_view(&answer));
	al_buf_release(&answer);
	return code;
}

/* Request N with its signatures; the line about it is cut off. */
static int fetch(struct queue *q, struct al_buf *answer, struct al_slice *request)
{
	char question[64];
	struct al_slice line;
	int code;

	if (!number_ok(q->words.word[0]))
		return number_fail(q->words.word[0]);
	(void)snprintf(question, sizeof(question), "queue %s", q->words.word[0]);
	code = fetch_answer(q->submit.client, question, answer);
	if (code != CLI_DONE)
		return code;
	*request = al_buf_view(answer);
	if (!al_slice_line(request, &line) || !al_slice_starts(line, "% "))
		return command_fail(CLI_REFUSED, "%s does not answer like a registry", client_server(q->submit.client));
	return CLI_DONE;
}

static int queue_show(struct queue *q)
{
	struct al_slice request = { NULL, 0 };
	char hash[CONSENT_HASH_LEN];
	struct al_buf answer;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = fetch(q, &answer, &request);
	if (code == CLI_DONE) {
		consent_hash(request, hash);
		command_print_remote(request);
		printf("%% to sign this: alamo queue approve %s --hash %s\n", q->words.word[0], hash);
	}
	al_buf_release(&answer);
	return code;
}

/* ---- approve, refuse ---- */

/* These very bytes: by the hash that `queue show` printed, or by a yes at the terminal. Exit code. */
static int consent(const struct queue *q, struct al_slice request)
{
	char hash[CONSENT_HASH_LEN], instead[256];

	consent_hash(request, hash);
	if (q->options->hash != NULL && strcmp(q->options->hash, hash) != 0)
		return command_fail(
			CLI_UNVERIFIED,
			"what waits as number %s is not what was shown: its hash is %s. Nothing was signed.",
			q->words.word[0], hash);
	if (q->options->hash != NULL)
		return consent_visible(request) ? CLI_DONE : CLI_REFUSED;
	snprintf(instead, sizeof(instead),
		 "read it with `alamo queue show %s`, then approve it with the --hash that stands at its end",
		 q->words.word[0]);
	return consent_ask(request, "Sign this as the hostmaster?", instead) ? CLI_DONE : CLI_USAGE;
}

/* Signed by somebody else than the hostmaster: whoever runs the authority has the right key in its folder. */
static void key_hint(const struct queue *q, struct al_slice answer)
{
	if (answer_has(answer, "(POLICY-ASK)") || answer_has(answer, "(AUTH-MNT)"))
		fprintf(stderr,
			"alamo: signed with %s, which is not the hostmaster's key: that is keys/hostmaster in the "
			"authority's "
			"folder (--key FILE)\n",
			q->key);
}

static int send_signed(const struct queue *q, const struct draft *draft)
{
	struct al_buf answer;
	enum al_err err;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = submit_send(&q->submit, draft, &answer);
	if (err != AL_OK) {
		code = command_exit(err);
	} else {
		command_print_remote(al_buf_view(&answer));
		code = answer_accepted(al_buf_view(&answer)) ? CLI_DONE : CLI_REFUSED;
		if (code == CLI_REFUSED)
			key_hint(q, al_buf_view(&answer));
	}
	al_buf_release(&answer);
	return code;
}

static int request_sign(const struct queue *q, struct al_slice request)
{
	struct draft draft;
	int code = consent(q, request);

	if (code != CLI_DONE)
		return code;
	if (draft_parse(request, &draft) != AL_OK)
		return command_fail(CLI_REFUSED, "what waits as number %s is no request", q->words.word[0]);
	code = draft.signatures.len > 0
		       ? send_signed(q, &draft)
		       : command_fail(CLI_REFUSED, "what waits as number %s is not signed", q->words.word[0]);
	draft_release(&draft);
	return code;
}

static int queue_approve(struct queue *q)
{
	struct al_slice request = { NULL, 0 };
	struct al_buf answer;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = fetch(q, &answer, &request);
	if (code == CLI_DONE)
		code = request_sign(q, request);
	al_buf_release(&answer);
	return code;
}

/* "queue-refuse 3 REASON" to the registry, signed. */
static int refuse(struct queue *q, struct al_buf *what)
{
	char *line;
	int code;

	for (size_t i = 0; i < q->words.count; i++)
		al_buf_printf(what, " %s", q->words.word[i]);
	line = al_buf_take(what, NULL);
	if (line == NULL || strchr(line, '\n') != NULL)
		code = command_fail(CLI_USAGE, "the reason is one line, and not a long one");
	else
		code = control_send(&q->submit, line);
	free(line);
	return code;
}

static int queue_refuse(struct queue *q)
{
	struct al_buf what;

	if (!number_ok(q->words.word[0]))
		return number_fail(q->words.word[0]);
	al_buf_init(&what, 4096);
	al_buf_str(&what, "queue-refuse");
	return refuse(q, &what);
}

static int queue_refuse_all(struct queue *q)
{
	const struct {
		const char *word, *value;
	} whose[] = {
		{ "source", q->options->source },
		{ "key", q->options->sender_key },
		{ "mntner", q->options->mntner },
		{ "from", q->options->all_from },
	};
	struct al_buf what;
	size_t given = 0;

	al_buf_init(&what, 4096);
	al_buf_str(&what, "queue-refuse-all");
	for (size_t i = 0; i < AL_COUNT(whose); i++) {
		given += whose[i].value != NULL;
		if (whose[i].value != NULL)
			al_buf_printf(&what, " %s=%s", whose[i].word, whose[i].value);
	}
	if (given == 1)
		return refuse(q, &what);
	al_buf_release(&what);
	return command_fail(CLI_USAGE, "say whose: one of --source, --sender-key, --mntner and --all-from");
}

/* ---- status, for whoever asked ---- */

static int queue_status(struct queue *q)
{
	char question[200];
	struct al_buf answer;
	int code;

	(void)snprintf(question, sizeof(question), "queue-status %s", q->words.word[0]);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = fetch_answer(q->submit.client, question, &answer);
	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&answer));
	al_buf_release(&answer);
	return code;
}

/* ---- the command ---- */

static int queue_run(const struct words *words, const void *arg, int (*verb)(struct queue *q))
{
	const struct options *options = arg;
	struct queue q = { .options = options, .words = *words };
	enum al_err err;
	int code;

	if (settings_key(options->key, q.key) != AL_OK)
		return CLI_USAGE;
	q.submit.keys[0] = q.key;
	q.submit.key_count = 1;
	err = network_open(&options->registry, &q.submit.client, &q.network);
	q.submit.network = &q.network;
	code = err == AL_OK ? verb(&q) : command_exit(err);
	client_close(q.submit.client);
	return code;
}

static int run_list(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_list);
}

static int run_show(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_show);
}

static int run_approve(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_approve);
}

static int run_refuse(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_refuse);
}

static int run_refuse_all(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_refuse_all);
}

static int run_status(const struct words *words, const void *options)
{
	return queue_run(words, options, queue_status);
}

static const struct command_form forms[] = {
	{ "list", "", "a line for each: number, time, name, objects", run_list },
	{ "show", "N", "prints the request", run_show },
	{ "approve", "N", "shows it, asks, signs it as the hostmaster and sends it", run_approve },
	{ "refuse", "N REASON...", "takes it off the queue", run_refuse },
	{ "refuse-all", "REASON...", "takes all that one sender has there off the queue", run_refuse_all },
	{ "status", "HASH", "what became of a request that had to wait, by the hash that its sender was told",
	  run_status },
};

static const struct option_row rows[] = {
	OPTION_KEY(struct options, key, "approve refuse refuse-all",
		   "the hostmaster's SSH key, DIR/keys/hostmaster of the authority"),
	{ .name = "hash",
	  .arg = "HASH",
	  .verbs = "approve",
	  OPTION_AT(struct options, hash),
	  .meaning = "signs without asking, if these are the bytes that `queue show` printed this hash of" },
	{ .name = "source",
	  .arg = "ADDRESS",
	  .verbs = "refuse-all",
	  OPTION_AT(struct options, source),
	  .meaning = "all from that IPv4 address or IPv6 /64" },
	{ .name = "sender-key",
	  .arg = "FINGERPRINT",
	  .verbs = "refuse-all",
	  OPTION_AT(struct options, sender_key),
	  .meaning = "all that the key signed, as SHA256:..." },
	{ .name = "mntner",
	  .arg = "NAME",
	  .verbs = "refuse-all",
	  OPTION_AT(struct options, mntner),
	  .meaning = "all in the name of that maintainer" },
	{ .name = "all-from",
	  .arg = "N",
	  .verbs = "refuse-all",
	  OPTION_AT(struct options, all_from),
	  .meaning = "all that share source, key or maintainer with request N" },
	{ .name = "json",
	  .letter = 'j',
	  .verbs = "list",
	  OPTION_AT(struct options, json),
	  .meaning = "prints the list as JSON" },
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_queue = {
	.name = "queue",
	.group = GROUP_HOSTMASTER,
	.help = "requests that wait for the hostmaster",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
