/* SPDX-License-Identifier: MIT */
/*
 * cmd_submit.c -- `alamo submit`: sign objects and send them.
 *
 * Each file is one request. A file that is signed already is sent as it is;
 * --key then adds another maintainer's signature to the same text.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/object.h"
#include "alamo/rpsl/request.h"
#include "answer.h"
#include "answer_json.h"
#include "file.h"
#include "parts.h"
#include "referrers.h"
#include "settings.h"
#include "submit.h"

struct options {
	struct option_list keys;
	struct registry registry;
	const char *receipt;
	bool print, dry_run, json;
};

struct job {
	struct submit submit;
	struct network network;
	bool print;
	bool json;
};

static int draft_read(const char *path, struct draft *out)
{
	struct al_buf bytes;
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&bytes, 1u << 20);
	err = file_read(path, &bytes);
	if (err != AL_OK) {
		code = command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	} else {
		err = draft_parse(al_buf_view(&bytes), out);
		if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", path,
					    err == AL_ELIMIT ? "too many objects for one request" : "no object in it");
	}
	al_buf_release(&bytes);
	return code;
}

struct heard {
	const struct job *job;
	bool accepted;
};

static void answer_show(void *arg, struct al_slice answer)
{
	struct heard *heard = arg;

	if (heard->job->json)
		answer_json(answer);
	else
		command_print_remote(answer);
	heard->accepted = answer_accepted(answer) || al_slice_starts(answer, "No operation");
}

/* One object in several requests. */
static int parts_submit(const struct job *job, const struct submit *submit, const struct draft *draft)
{
	struct heard heard = { .job = job };
	enum al_err err;

	if (job->print || submit->dry_run || submit->receipt != NULL)
		return command_fail(CLI_USAGE, "the object does not fit one request and is sent in several: "
					       "--print, --dry-run and --receipt are for one");
	err = parts_send(submit, draft, answer_show, &heard);
	if (err == AL_OK && heard.accepted)
		return CLI_DONE;
	if (err == AL_OK)
		return command_fail(CLI_REFUSED,
				    "the parts before were taken: send the file again when this one is mended");
	if (job->json)
		answer_json_failed(command_exit(err));
	return command_exit(err);
}

/* In an object as it was typed. */
static bool names_servers(struct al_slice raw)
{
	struct al_raw_attr attr;
	unsigned line = 0;
	enum al_err err;

	while (al_raw_next(&raw, &line, &attr, &err))
		if (err == AL_OK && al_slice_caseeq(attr.name, AL_S("nserver")))
			return true;
	return false;
}

/* Whether its own servers serve a domain is what the registry does not look at. The answer has the draft's objects in order. */
static void domains_say(const struct draft *draft, struct al_slice answer)
{
	struct answer_object object;

	for (size_t i = 0; i < draft->count && answer_next(&answer, &object); i++)
		if (al_slice_is(object.cls, "domain") &&
		    (al_slice_is(object.action, "Create") || al_slice_is(object.action, "Modify")) &&
		    names_servers(draft->objects[i]))
			fprintf(stderr, "alamo: do its name servers serve it? `alamo domain check %.*s`\n",
				AL_FMT(object.key));
}

/* What came of a request that the registry has answered. */
static int answer_tell(const struct job *job, const struct draft *draft, struct al_slice answer)
{
	uint64_t index;

	if (job->json)
		answer_json(answer);
	else
		command_print_remote(answer);
	if (!answer_accepted(answer)) {
		if (!job->json)
			referrers_say(&job->network, client_server(job->submit.client), answer);
		return CLI_REFUSED;
	}
	if (answer_index(answer, &index) != AL_OK)
		return job->submit.receipt == NULL
			       ? CLI_DONE
			       : command_fail(CLI_REFUSED, "nothing was changed, so there is no receipt");
	if (!job->json)
		domains_say(draft, answer);
	return CLI_DONE;
}

static int draft_submit(const struct job *job, const struct draft *draft)
{
	struct submit submit = job->submit;
	char fallback[SETTING_MAX];
	struct al_buf out;
	enum al_err err = AL_OK;
	int code = CLI_DONE;

	if (submit.key_count == 0 && draft->signatures.len == 0) {
		err = settings_key(NULL, fallback);
		submit.keys[0] = fallback;
		submit.key_count = 1;
	}
	if (err == AL_OK && parts_needed(draft))
		return parts_submit(job, &submit, draft);
	al_buf_init(&out, CLIENT_ANSWER_MAX);
	if (err == AL_OK)
		err = job->print ? submit_build(&submit, draft, &out) : submit_send(&submit, draft, &out);
	if (err != AL_OK) {
		code = command_exit(err);
		if (job->json)
			answer_json_failed(code);
	} else if (job->print) {
		command_print(al_buf_view(&out));
	} else {
		code = answer_tell(job, draft, al_buf_view(&out));
	}
	al_buf_release(&out);
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct job job = { .submit.receipt = options->receipt, .print = options->print, .json = options->json };
	int code = CLI_DONE;
	enum al_err err;

	if (options->receipt != NULL && (words->count > 1 || options->print || options->dry_run))
		return command_fail(CLI_USAGE, "--receipt is for one file that is sent");
	job.submit.dry_run = options->dry_run;
	job.submit.key_count = options->keys.count;
	for (size_t i = 0; i < options->keys.count; i++)
		job.submit.keys[i] = options->keys.values[i];
	err = network_open(&options->registry, &job.submit.client, &job.network);
	code = command_exit(err);
	if (err != AL_OK && job.json)
		answer_json_failed(code);
	job.submit.network = &job.network;
	for (size_t i = 0; i < words->count && code == CLI_DONE; i++) {
		struct draft draft = { .count = 0 };

		code = draft_read(words->word[i], &draft);
		if (code != CLI_DONE)
			break;
		code = draft_submit(&job, &draft);
		draft_release(&draft);
	}
	client_close(job.submit.client);
	return code;
}

static const struct command_form forms[] = { { NULL, "FILE...", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "key",
	  .letter = 'k',
	  .arg = "FILE",
	  .most = SUBMIT_KEYS_MAX,
	  OPTION_AT(struct options, keys),
	  .meaning = "a private SSH key, or a public one whose private part an agent has; each signs",
	  .fallback = "$ALAMO_KEY, `key` in the configuration, ~/.ssh/id_ed25519" },
	{ .name = "print",
	  .letter = 'p',
	  OPTION_AT(struct options, print),
	  .meaning = "prints the signed request instead of sending it" },
	{ .name = "dry-run",
	  .letter = 'n',
	  OPTION_AT(struct options, dry_run),
	  .meaning = "has the registry decide and answer without changing anything" },
	{ .name = "receipt",
	  .letter = 'r',
	  .arg = "FILE",
	  OPTION_AT(struct options, receipt),
	  .meaning = "keeps the receipt with its entry there" },
	OPTION_JSON(struct options, json),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_submit = {
	.name = "submit",
	.group = GROUP_MEMBER,
	.help = "sign objects and send them",
	.notes = "FILE - is standard input. Each file is one request; one object that is larger than a request is sent "
		 "in parts.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
