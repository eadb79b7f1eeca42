/* SPDX-License-Identifier: MIT */
/*
 * option.c -- argv against a command's table.
 *
 * First the options are taken out, wherever they stand; what is left are the
 * words, the first of which may be a verb. Only then is it known whether an
 * option belongs to that verb, so that is looked at last.
 */
#include "option.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "nearest.h"

struct parse {
	const struct command *command;
	int argc;
	char **argv;
	int next;
	bool given[64]; /* by row */
	void *options;
	struct typed *out;
	struct al_buf *why;
};

static enum al_err refuse(const struct parse *p, const char *fmt, ...) AL_PRINTF(2, 3);

static enum al_err refuse(const struct parse *p, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_buf_printf(p->why, "%s%s%s: %s", p->command->name,
		      p->out->form != NULL && p->out->form->verb != NULL ? " " : "",
		      p->out->form != NULL && p->out->form->verb != NULL ? p->out->form->verb : "", text);
	return AL_EINVAL;
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* ---- values ---- */

/* Is `value` one of the words in "bash|zsh"? */
static bool choice_has(const char *words, const char *value)
{
	struct al_slice rest = al_slice_str(words), word;

	while (rest.len > 0) {
		(void)al_slice_cut(&rest, '|', &word);
		if (al_slice_is(word, value))
			return true;
	}
	return false;
}

static enum al_err number_take(const struct parse *p, const struct option_row *row, const char *value,
			       struct option_number *out)
{
	uint64_t most = row->most > 0 ? row->most : UINT64_MAX;

	if (al_slice_u64(al_slice_str(value), most, &out->value) == AL_OK && out->value >= row->least) {
		out->given = true;
		return AL_OK;
	}
	if (most < UINT64_MAX)
		return refuse(p, "--%s: %llu to %llu, not \"%s\"", row->name, (unsigned long long)row->least,
			      (unsigned long long)most, value);
	return refuse(p, "--%s: a number%s, not \"%s\"", row->name, row->least > 0 ? " above 0" : "", value);
}

static enum al_err list_take(const struct parse *p, const struct option_row *row, const char *value,
			     struct option_list *out)
{
	size_t most = row->most > 0 ? row->most : OPTION_LIST_MAX;

	if (out->count >= most)
		return refuse(p, "--%s: at most %zu of them", row->name, most);
	out->values[out->count++] = value;
	return AL_OK;
}

static enum al_err value_take(struct parse *p, const struct option_row *row, const char *value)
{
	void *field = (char *)p->options + row->at;
	size_t number = (size_t)(row - p->command->options);

	if (p->given[number] && row->kind != OPTION_LIST)
		return refuse(p, "--%s is there twice", row->name);
	p->given[number] = true;
	if (row->choice && !choice_has(row->arg, value))
		return refuse(p, "--%s: one of %s, not \"%s\"", row->name, row->arg, value);
	if (value != NULL && value[0] == '\0')
		return refuse(p, "--%s: %s is empty", row->name, row->arg);
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return AL_OK;
	case OPTION_TEXT:
		*(const char **)field = value;
		return AL_OK;
	case OPTION_NUMBER:
		return number_take(p, row, value, field);
	case OPTION_LIST:
		return list_take(p, row, value, field);
	}
	return AL_EINVAL;
}

/* ---- one option ---- */

static const struct option_row *row_by_name(const struct command *command, struct al_slice name)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (al_slice_is(name, command->options[i].name))
			return &command->options[i];
	return NULL;
}

static const struct option_row *row_by_letter(const struct command *command, char letter)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (letter != '\0' && command->options[i].letter == letter)
			return &command->options[i];
	return NULL;
}

static enum al_err option_unknown(const struct parse *p, const char *word)
{
	char name[64];
	struct nearest nearest = { .typed = name };

	if (al_slice_starts(al_slice_str(word), "--") == false)
		return refuse(p, "there is no option %s", word);
	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	for (size_t i = 0; i < p->command->option_count; i++)
		nearest_offer(&nearest, p->command->options[i].name);
	if (nearest.best != NULL)
		return refuse(p, "there is no option --%s: is it --%s?", name, nearest.best);
	return refuse(p, "there is no option --%s", name);
}

/* The option's value stands behind it: as the next word unless `glued`. */
static enum al_err option_value(struct parse *p, const struct option_row *row, const char *glued)
{
	if (row->kind == OPTION_FLAG)
		return glued == NULL ? value_take(p, row, NULL) : refuse(p, "--%s takes no value", row->name);
	if (glued == NULL && (p->next == p->argc || strncmp(p->argv[p->next], "--", 2) == 0))
		return refuse(p, "--%s: %s is missing behind it", row->name, row->arg);
	return value_take(p, row, glued != NULL ? glued : p->argv[p->next++]);
}

static enum al_err option_long(struct parse *p, char *word)
{
	struct al_slice rest = al_slice_str(word + 2), name;
	bool glued = al_slice_cut(&rest, '=', &name);
	const struct option_row *row = row_by_name(p->command, name);

	if (row == NULL)
		return option_unknown(p, word);
	return option_value(p, row, glued ? rest.ptr : NULL);
}

/* "-k FILE", "-kFILE"; one letter each. */
static enum al_err option_short(struct parse *p, char *word)
{
	const struct option_row *row = row_by_letter(p->command, word[1]);

	if (row == NULL || (row->kind == OPTION_FLAG && word[2] != '\0'))
		return option_unknown(p, word);
	return option_value(p, row, word[2] != '\0' ? word + 2 : NULL);
}

/* A word like "-i" that the table does not know, where the query is somebody else's. */
static bool flag_passes(const struct command *command, const char *word)
{
	return command->flags_are_words && word[1] != '-' && strcmp(word, "-h") != 0 &&
	       (row_by_letter(command, word[1]) == NULL || word[2] != '\0');
}

static enum al_err word_take(struct parse *p, char *word, bool *ended)
{
	bool dash = word[0] == '-' && word[1] != '\0' && !*ended;

	if (!dash || flag_passes(p->command, word)) {
		p->out->words.word[p->out->words.count++] = word;
		return AL_OK;
	}
	if (strcmp(word, "--") == 0) {
		*ended = true;
		return AL_OK;
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
		p->out->help = true;
		return AL_OK;
	}
	return word[1] == '-' ? option_long(p, word) : option_short(p, word);
}

/* ---- verbs and words ---- */

static void verbs_put(const struct command *command, struct al_buf *out)
{
	for (size_t i = 0; i < command->form_count; i++)
		al_buf_printf(out, "%s%s",
			      i == 0                         ? ""
			      : i + 1 == command->form_count ? " or "
							     : ", ",
			      command->forms[i].verb);
}

static enum al_err verb_unknown(const struct parse *p, const char *word)
{
	struct nearest nearest = { .typed = word };
	struct al_buf verbs;
	enum al_err err;

	al_buf_init(&verbs, 1024);
	verbs_put(p->command, &verbs);
	for (size_t i = 0; word != NULL && i < p->command->form_count; i++)
		nearest_offer(&nearest, p->command->forms[i].verb);
	if (word == NULL)
		err = refuse(p, "a word is missing: %.*s", AL_FMT(al_buf_view(&verbs)));
	else if (nearest.best != NULL)
		err = refuse(p, "\"%s\" is none of %.*s: is it %s?", word, AL_FMT(al_buf_view(&verbs)), nearest.best);
	else
		err = refuse(p, "\"%s\" is none of %.*s", word, AL_FMT(al_buf_view(&verbs)));
	al_buf_release(&verbs);
	return err;
}

/* A form without a verb is taken when no verb fits. */
static enum al_err form_find(struct parse *p)
{
	struct words *words = &p->out->words;
	const struct command_form *bare = NULL;

	for (size_t i = 0; i < p->command->form_count; i++) {
		const struct command_form *form = &p->command->forms[i];

		if (form->verb == NULL) {
			bare = form;
		} else if (words->count > 0 && strcmp(form->verb, words->word[0]) == 0) {
			p->out->form = form;
			words->word++;
			words->count--;
			return AL_OK;
		}
	}
	p->out->form = bare;
	return bare != NULL ? AL_OK : verb_unknown(p, words->count > 0 ? words->word[0] : NULL);
}

/* "CLASS KEY... [DIR]": the words in brackets may be left out, "..." repeats. */
static enum al_err words_check(const struct parse *p)
{
	const struct words *words = &p->out->words;
	struct al_slice rest = al_slice_str(p->out->form->words), name;
	size_t places = 0;

	while (al_slice_word(&rest, "", &name)) {
		if (name.ptr[0] != '[' && words->count <= places)
			return refuse(p, "%.*s is missing", AL_FMT(name));
		if (al_slice_ends(name, "...") || al_slice_ends(name, "...]"))
			return AL_OK;
		places++;
	}
	if (words->count <= places)
		return AL_OK;
	return refuse(p, places == 0 ? "there is nothing to say behind it: \"%s\"" : "one word too many: \"%s\"",
		      words->word[places]);
}

bool option_fits(const struct option_row *row, const struct command_form *form)
{
	struct al_slice rest = al_slice_str(row->verbs), verb;

	if (row->verbs == NULL)
		return true;
	while (al_slice_word(&rest, "", &verb))
		if (form->verb != NULL && al_slice_is(verb, form->verb))
			return true;
	return false;
}

static enum al_err options_check(const struct parse *p)
{
	for (size_t i = 0; i < p->command->option_count; i++) {
		const struct option_row *row = &p->command->options[i];

		if (p->given[i] && !option_fits(row, p->out->form))
			return refuse(p, "--%s is for %s", row->name, row->verbs);
		if (!p->given[i] && row->needed && option_fits(row, p->out->form))
			return refuse(p, "--%s %s is missing", row->name, row->arg);
	}
	return AL_OK;
}

enum al_err option_parse(const struct command *command, int argc, char **argv, struct typed *out, void *options,
			 struct al_buf *why)
{
	struct parse p = { .command = command, .argc = argc, .argv = argv, .options = options, .out = out, .why = why };
	bool ended = false;
	enum al_err err = AL_OK;

	assert(command->option_count <= AL_COUNT(p.given));
	*out = (struct typed){ .words = { argv, 0 } }; /* words move to the front */
	while (err == AL_OK && !out->help && p.next < argc)
		err = word_take(&p, argv[p.next++], &ended);
	if (err != AL_OK || out->help)
		return err;
	err = form_find(&p);
	if (err == AL_OK)
		err = words_check(&p);
	return err == AL_OK ? options_check(&p) : err;
}

int command_run(const struct command *command, int argc, char **argv)
{
	void *options = calloc(1, command->size > 0 ? command->size : 1);
	struct typed typed;
	struct al_buf text;
	int code;

	if (options == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	al_buf_init(&text, 65536);
	if (option_parse(command, argc, argv, &typed, options, &text) != AL_OK) {
		code = command_fail(CLI_USAGE, "%.*s (alamo %s --help)", AL_FMT(al_buf_view(&text)), command->name);
	} else if (typed.help) {
		help_command(command, &text);
		command_print(al_buf_view(&text));
		code = CLI_DONE;
	} else {
		code = typed.form->run(&typed.words, options);
	}
	al_buf_release(&text);
	free(options);
	return code;
}
