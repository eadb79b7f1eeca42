/*
 * cmd_queue.c -- `alamo queue`: requests that wait for the hostmaster.
 *
 * Approving signs bytes that came over the network: they are shown first, and
 * nothing is signed without a yes.
 */
#include "command.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "member/answer.h"
#include "control.h"
#include "settings.h"

#define USAGE \
	"list | show N | approve N [--yes] | refuse N REASON  [--key HOSTMASTER-KEY] [--server HOST:PORT] [--json]"

struct queue {
	struct submit submit;
	struct network network;
	char key[SETTING_MAX];
	const char *server;
	bool json;
	bool yes;
	int argc; /* the words behind the verb */
	char **argv;
};

static int exit_of(enum al_err err)
{
	return err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
}

/* Asks; what is no error is in `answer`. */
static int ask(const struct queue *q, const char *question, struct al_buf *answer)
{
	struct al_slice text;
	enum al_err err = client_ask(q->submit.client, question, answer);

	if (err != AL_OK)
		return exit_of(err);
	if (answer_is_error(al_buf_view(answer), &text))
		return command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
	return CLI_DONE;
}

static bool number_ok(const char *text)
{
	uint64_t number;

	return al_slice_u64(al_slice_str(text), INT64_MAX, &number) == AL_OK;
}

/* ---- list, show ---- */

static json_t *json_text(struct al_slice text)
{
	json_t *value = json_stringn(text.ptr != NULL ? text.ptr : "", text.len);

	return value != NULL ? value : json_null();
}

/* "3 2026-12-01T00:00:00Z ask-1 [inet6num] fca1:100:7::/48 and 2 more" */
static int list_json(struct al_slice answer)
{
	json_t *rows = json_array();
	struct al_slice line;
	char *text;

	while (al_slice_line(&answer, &line)) {
		struct al_slice id, time, name;
		uint64_t number;
		json_t *row;

		if (!al_slice_word(&line, "", &id) || al_slice_u64(id, INT64_MAX, &number) != AL_OK ||
		    !al_slice_word(&line, "", &time) || !al_slice_word(&line, "", &name))
			continue;
		row = json_object();
		json_object_set_new(row, "id", json_integer((json_int_t)number));
		json_object_set_new(row, "time", json_text(time));
		json_object_set_new(row, "request", json_text(name));
		json_object_set_new(row, "objects", json_text(al_slice_trim(line)));
		json_array_append_new(rows, row);
	}
	text = json_dumps(rows, JSON_INDENT(2));
	json_decref(rows);
	if (text == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	puts(text);
	free(text);
	return CLI_DONE;
}

static int queue_list(struct queue *q)
{
	struct al_buf answer;
	int code;

	if (q->argc != 0)
		return command_usage("queue", USAGE);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = ask(q, "queue", &answer);
	if (code == CLI_DONE && q->json)
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

	if (q->argc < 1 || !number_ok(q->argv[0]))
		return command_usage("queue", USAGE);
	(void)snprintf(question, sizeof(question), "queue %s", q->argv[0]);
	code = ask(q, question, answer);
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
	struct al_buf answer;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = q->argc == 1 ? fetch(q, &answer, &request) : command_usage("queue", USAGE);
	if (code == CLI_DONE)
		command_print_remote(request);
	al_buf_release(&answer);
	return code;
}

/* ---- approve, refuse ---- */

static bool confirmed(const struct queue *q)
{
	char line[16] = "";

	if (q->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		command_fail(CLI_USAGE, "nobody to ask here: read it with `alamo queue show %s`, then add --yes",
			     q->argv[0]);
		return false;
	}
	fputs("\nSign this as the hostmaster? [yes/no] ", stderr);
	return fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "yes\n") == 0;
}

static int send_signed(const struct queue *q, const struct draft *draft)
{
	struct al_buf answer;
	enum al_err err;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = submit_send(&q->submit, draft, &answer);
	if (err != AL_OK) {
		code = exit_of(err);
	} else {
		command_print_remote(al_buf_view(&answer));
		code = answer_accepted(al_buf_view(&answer)) ? CLI_DONE : CLI_REFUSED;
	}
	al_buf_release(&answer);
	return code;
}

static int queue_approve(struct queue *q)
{
	struct al_slice request = { NULL, 0 };
	struct draft draft;
	struct al_buf answer;
	int code;

	if (q->argc != 1)
		return command_usage("queue", USAGE);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	code = fetch(q, &answer, &request);
	if (code == CLI_DONE) {
		if (!q->yes)
			command_print_remote(request);
		if (!confirmed(q))
			code = CLI_USAGE;
		else if (draft_parse(request, &draft) != AL_OK || draft.signatures.len == 0)
			code = command_fail(CLI_REFUSED, "what waits as number %s is no signed request", q->argv[0]);
	}
	if (code == CLI_DONE) {
		code = send_signed(q, &draft);
		draft_release(&draft);
	}
	al_buf_release(&answer);
	return code;
}

static int queue_refuse(struct queue *q)
{
	struct al_buf what;
	char *line;
	int code;

	if (q->argc < 2 || !number_ok(q->argv[0]))
		return command_usage("queue", USAGE);
	al_buf_init(&what, 4096);
	al_buf_str(&what, "queue-refuse");
	for (int i = 0; i < q->argc; i++)
		al_buf_printf(&what, " %s", q->argv[i]);
	line = al_buf_take(&what, NULL);
	if (line == NULL || strchr(line, '\n') != NULL)
		code = command_fail(CLI_USAGE, "the reason is one line, and not a long one");
	else
		code = control_send(&q->submit, line);
	free(line);
	return code;
}

/* ---- the command ---- */

static const struct {
	const char *word;
	int (*run)(struct queue *q);
} verbs[] = {
	{ "list", queue_list },
	{ "show", queue_show },
	{ "approve", queue_approve },
	{ "refuse", queue_refuse },
};

static int options_read(int argc, char **argv, struct queue *q)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ "yes", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 },
	};
	const char *key = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "k:s:", options, NULL)) != -1) {
		switch (option) {
		case 'k':
			key = optarg;
			break;
		case 's':
			q->server = optarg;
			break;
		case 'j':
			q->json = true;
			break;
		case 'y':
			q->yes = true;
			break;
		default:
			return command_usage("queue", USAGE);
		}
	}
	if (optind == argc || settings_key(key, q->key) != AL_OK)
		return command_usage("queue", USAGE);
	q->submit.keys[0] = q->key;
	q->submit.key_count = 1;
	q->argc = argc - optind - 1;
	q->argv = argv + optind + 1;
	return CLI_DONE;
}

int cmd_queue(int argc, char **argv)
{
	struct queue q = { .server = NULL };
	int code = options_read(argc, argv, &q);
	enum al_err err;

	if (code != CLI_DONE)
		return code;
	for (size_t i = 0; i < AL_COUNT(verbs); i++) {
		if (strcmp(argv[optind], verbs[i].word) != 0)
			continue;
		err = client_open(q.server, &q.submit.client);
		if (err == AL_OK)
			err = network_ask(q.submit.client, &q.network);
		q.submit.network = &q.network;
		code = err == AL_OK ? verbs[i].run(&q) : exit_of(err);
		client_close(q.submit.client);
		return code;
	}
	return command_usage("queue", USAGE);
}
