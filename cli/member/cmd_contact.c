/* SPDX-License-Identifier: MIT */
/*
 * cmd_contact.c -- `alamo contact`: the texts behind roles and persons.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "consent.h"
#include "contact.h"
#include "authority/control.h"
#include "fetch.h"
#include "file.h"
#include "json.h"
#include "settings.h"

#define SHOW_FOR_S 300

struct options {
	struct registry registry;
	const char *key, *object;
	bool json;
};

struct contact {
	struct submit submit;
	struct network network;
	char key[SETTING_MAX];
	bool json;
	const char *handle;
	const char *file, *object; /* set only */
};

/* "WORD HANDLE" asked. */
static enum al_err ask(const struct contact *c, const char *word, struct al_buf *answer)
{
	char question[256];
	int len = snprintf(question, sizeof(question), "%s %s", word, c->handle);

	if (len < 0 || (size_t)len >= sizeof(question) || strchr(c->handle, '\n') != NULL)
		return AL_EINVAL;
	return client_ask(c->submit.client, question, answer);
}

/* ---- show ---- */

struct shown {
	struct al_slice object;  /* "person ANN-ALAMO" */
	struct al_slice contact; /* "sha256:...", or "none" */
	struct al_slice state;   /* present, erased, none */
	struct al_slice text;
};

/* "% object: ...", "% contact: ...", "% state: ...", the text. */
static void shown_parse(struct al_slice answer, struct shown *out)
{
	struct al_slice line, name, rest = answer;

	*out = (struct shown){ .text = answer };
	while (al_slice_line(&rest, &line) && al_slice_starts(line, "% ")) {
		line = al_slice_from(line, 2);
		(void)al_slice_cut(&line, ':', &name);
		line = al_slice_trim(line);
		if (al_slice_is(name, "object"))
			out->object = line;
		else if (al_slice_is(name, "contact"))
			out->contact = line;
		else if (al_slice_is(name, "state"))
			out->state = line;
		out->text = rest;
	}
}

static int shown_json(const struct shown *shown)
{
	json_t *root = json_object(), *attributes = json_array();
	struct al_slice rest = shown->text, line, name;

	while (al_slice_line(&rest, &line)) {
		json_t *row = json_object();

		(void)al_slice_cut(&line, ':', &name);
		json_object_set_new(row, "name", json_slice(name));
		json_object_set_new(row, "value", json_slice(al_slice_trim(line)));
		json_array_append_new(attributes, row);
	}
	json_object_set_new(root, "object", json_slice(shown->object));
	json_object_set_new(root, "contact", json_slice(shown->contact));
	json_object_set_new(root, "state", json_slice(shown->state));
	json_object_set_new(root, "attributes", attributes);
	return json_out(root);
}

/* A text that is not for everybody is asked for again, with a signature. */
static enum al_err ask_signed(const struct contact *c, struct al_buf *answer)
{
	char what[256];
	int len = snprintf(what, sizeof(what), "contact-show %s", c->handle);

	if (len < 0 || (size_t)len >= sizeof(what))
		return AL_EINVAL;
	al_buf_reset(answer);
	return control_ask(&c->submit, what, SHOW_FOR_S, answer);
}

static int contact_show(struct contact *c)
{
	struct al_buf answer;
	struct al_slice text;
	struct shown shown;
	char hash[CONTACT_HASH_LEN];
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = ask(c, "contact", &answer);
	shown_parse(al_buf_view(&answer), &shown);
	if (err == AL_OK && al_slice_starts(shown.state, "for ")) {
		err = ask_signed(c, &answer);
		shown_parse(al_buf_view(&answer), &shown);
	}
	contact_hash(shown.text, hash);
	if (err != AL_OK)
		code = command_exit(err);
	else if (answer_is_error(al_buf_view(&answer), &text))
		code = command_fail(CLI_REFUSED, "%.*s", AL_FMT(text));
	else if (shown.object.len == 0) /* refused: it says why */
		code = command_fail(CLI_REFUSED, "%.*s", AL_FMT(al_buf_view(&answer)));
	else if (shown.text.len > 0 && !al_slice_is(shown.contact, hash))
		code = command_fail(CLI_UNVERIFIED, "the text is not what the log's hash names");
	else if (c->json)
		code = shown_json(&shown);
	else
		command_print_remote(al_buf_view(&answer));
	al_buf_release(&answer);
	return code;
}

/* ---- set ---- */

/* The present role or person as the registry gives it, with its version: one object, the one that was asked for. */
static int object_fetch(const struct contact *c, struct al_buf *object)
{
	static const char *const classes[] = { "person", "role" };
	char wanted[256];

	for (size_t i = 0; i < AL_COUNT(classes); i++) {
		snprintf(wanted, sizeof(wanted), "%s %s", classes[i], c->handle);

		enum al_err err = fetch_object(c->submit.client, wanted, object);

		if (err != AL_ENOTFOUND)
			return command_exit(err);
	}
	return command_fail(CLI_REFUSED, "there is no role or person %s: make one with `alamo submit`", c->handle);
}

/* The same from a file of one's own. */
static int object_read(const struct contact *c, struct al_buf *object)
{
	char wanted[2][256];

	if (file_read(c->object, object) != AL_OK)
		return command_fail(CLI_USAGE, "%s: %s", c->object, strerror(errno));
	snprintf(wanted[0], sizeof(wanted[0]), "person %s", c->handle);
	snprintf(wanted[1], sizeof(wanted[1]), "role %s", c->handle);
	if (draft_is_alone(al_buf_view(object), wanted[0]) || draft_is_alone(al_buf_view(object), wanted[1]))
		return CLI_DONE;
	return command_fail(CLI_USAGE, "%s is not the role or person %s alone", c->object, c->handle);
}

/* Only what was seen is signed. */
static int consent(const struct contact *c, struct al_slice input)
{
	char instead[640];

	if (c->object != NULL)
		return CLI_DONE;
	snprintf(instead, sizeof(instead),
		 "save the object (alamo show person %.200s >OBJECT), read it, and give it with --object OBJECT",
		 c->handle);
	return consent_ask(input, "Sign this?", instead) ? CLI_DONE : CLI_USAGE;
}

static int block_read(const struct contact *c, struct al_buf *block)
{
	struct al_buf bytes;
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&bytes, 1u << 20);
	err = file_read(c->file, &bytes);
	if (err != AL_OK) {
		code = command_fail(CLI_USAGE, "%s: %s", c->file, err == AL_ELIMIT ? "too large" : strerror(errno));
	} else {
		err = contact_block(al_buf_view(&bytes), block);
		if (err == AL_ELIMIT)
			code = command_fail(CLI_USAGE, "%s: too large for a contact block", c->file);
		else if (err != AL_OK)
			code = command_fail(
				CLI_USAGE,
				"%s: lines of a name, a colon and a value are expected, without salt:", c->file);
	}
	al_buf_release(&bytes);
	return code;
}

static int draft_send(const struct contact *c, struct al_slice input)
{
	struct al_buf answer;
	struct draft draft;
	int code;
	enum al_err err = draft_parse(input, &draft);

	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "%s does not answer like a registry", client_server(c->submit.client));
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = submit_send(&c->submit, &draft, &answer);
	draft_release(&draft);
	if (err != AL_OK) {
		code = command_exit(err);
	} else {
		command_print_remote(al_buf_view(&answer));
		code = answer_accepted(al_buf_view(&answer)) ? CLI_DONE : CLI_REFUSED;
	}
	al_buf_release(&answer);
	return code;
}

static int contact_set(struct contact *c)
{
	struct al_buf object, block, input;
	int code;

	al_buf_init(&object, CLIENT_ANSWER_MAX);
	al_buf_init(&block, 1u << 21);
	al_buf_init(&input, CLIENT_ANSWER_MAX);
	code = block_read(c, &block);
	if (code == CLI_DONE)
		code = c->object != NULL ? object_read(c, &object) : object_fetch(c, &object);
	if (code == CLI_DONE && contact_draft(al_buf_view(&object), al_buf_view(&block), &input) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s does not answer like a registry", client_server(c->submit.client));
	if (code == CLI_DONE)
		code = consent(c, al_buf_view(&input));
	if (code == CLI_DONE)
		code = draft_send(c, al_buf_view(&input));
	al_buf_release(&input);
	al_buf_release(&block);
	al_buf_release(&object);
	return code;
}

/* ---- erase ---- */

static int contact_erase(struct contact *c)
{
	char what[256];
	int len = snprintf(what, sizeof(what), "contact-erase %s", c->handle);

	if (len < 0 || (size_t)len >= sizeof(what) || strchr(c->handle, '\n') != NULL)
		return command_fail(CLI_USAGE, "no role or person is called \"%s\"", c->handle);
	return control_send(&c->submit, what);
}

/* ---- the command ---- */

static int contact_run(const struct words *words, const void *arg, int (*verb)(struct contact *c))
{
	const struct options *options = arg;
	struct contact c = { .json = options->json,
			     .object = options->object,
			     .handle = words->word[0],
			     .file = words->count > 1 ? words->word[1] : NULL };
	enum al_err err;
	int code;

	if (settings_key(options->key, c.key) != AL_OK)
		return CLI_USAGE;
	c.submit.keys[0] = c.key;
	c.submit.key_count = 1;
	err = network_open(&options->registry, &c.submit.client, &c.network);
	c.submit.network = &c.network;
	code = err == AL_OK ? verb(&c) : command_exit(err);
	client_close(c.submit.client);
	return code;
}

static int run_show(const struct words *words, const void *options)
{
	return contact_run(words, options, contact_show);
}

static int run_set(const struct words *words, const void *options)
{
	return contact_run(words, options, contact_set);
}

static int run_erase(const struct words *words, const void *options)
{
	return contact_run(words, options, contact_erase);
}

static const struct command_form forms[] = {
	{ "show", "HANDLE",
	  "prints the contact text, after comparing it with the log's hash; asks for it with a signature if it is not "
	  "for everybody",
	  run_show },
	{ "set", "HANDLE FILE", "makes the attribute lines in FILE the contact text", run_set },
	{ "erase", "HANDLE", "has the registry forget the text", run_erase },
};

static const struct option_row rows[] = {
	OPTION_KEY(struct options, key, "show set erase",
		   "the SSH key that signs; `show` signs where the text is not for everybody"),
	{ .name = "object",
	  .arg = "FILE",
	  .verbs = "set",
	  OPTION_AT(struct options, object),
	  .meaning = "the present role or person, as you have read it; without this it is fetched, shown, and asked "
		     "about" },
	{ .name = "json",
	  .letter = 'j',
	  .verbs = "show",
	  OPTION_AT(struct options, json),
	  .meaning = "prints the text as JSON" },
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_contact = {
	.name = "contact",
	.group = GROUP_MEMBER,
	.help = "the contact text of a role or person, beside the log",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
