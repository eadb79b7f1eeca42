/* SPDX-License-Identifier: MIT */
/*
 * help.c -- --help, out of the tables.
 */
#include "option.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 26 /* where meanings begin */
#define WIDTH 96

static const char *const group_titles[GROUP_COUNT] = {
	[GROUP_MEMBER] = "Members",      [GROUP_LOG] = "The log",        [GROUP_HOSTMASTER] = "Hostmaster",
	[GROUP_AUTHORITY] = "Authority", [GROUP_OTHER] = "This program",
};

/* Words of `text` from column `at` on, further lines indented to COLUMN. */
static void text_put(struct al_buf *out, size_t at, const char *text)
{
	struct al_slice rest = al_slice_str(text), word;
	bool first = true;

	if (at + 2 > COLUMN) {
		al_buf_u8(out, '\n');
		at = 0;
	}
	al_buf_printf(out, "%*s", (int)(COLUMN - at), "");
	at = COLUMN;
	while (al_slice_word(&rest, "", &word)) {
		if (!first && at + 1 + word.len > WIDTH) {
			al_buf_printf(out, "\n%*s", COLUMN, "");
			at = COLUMN;
			first = true;
		}
		al_buf_str(out, first ? "" : " ");
		al_buf_slice(out, word);
		at += word.len + (first ? 0 : 1);
		first = false;
	}
	al_buf_u8(out, '\n');
}

static void usage_put(const struct command *command, const struct command_form *form, struct al_buf *out)
{
	bool more = false;

	al_buf_printf(out, "alamo %s", command->name);
	if (form->verb != NULL)
		al_buf_printf(out, " %s", form->verb);
	if (form->words[0] != '\0')
		al_buf_printf(out, " %s", form->words);
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_row *row = &command->options[i];

		if (!option_fits(row, form))
			continue;
		if (row->needed)
			al_buf_printf(out, " --%s %s", row->name, row->arg);
		more = more || !row->needed;
	}
	al_buf_str(out, more ? " [OPTION]...\n" : "\n");
}

static void option_put(const struct option_row *row, struct al_buf *out)
{
	size_t start = out->len;
	struct al_buf text;

	al_buf_str(out, "  ");
	if (row->letter != '\0')
		al_buf_printf(out, "-%c, ", row->letter);
	al_buf_printf(out, "--%s%s%s", row->name, row->arg != NULL ? " " : "", row->arg != NULL ? row->arg : "");
	start = out->len - start;
	al_buf_init(&text, 4096);
	if (row->verbs != NULL)
		al_buf_printf(&text, "(%s) ", row->verbs);
	al_buf_str(&text, row->meaning);
	if (row->kind == OPTION_NUMBER && row->most > 0)
		al_buf_printf(&text, ", %llu to %llu", (unsigned long long)row->least, (unsigned long long)row->most);
	if (row->kind == OPTION_LIST)
		al_buf_str(&text, "; may be given again");
	if (row->fallback != NULL)
		al_buf_printf(&text, " [default: %s]", row->fallback);
	al_buf_u8(&text, '\0');
	text_put(out, start, text.err == AL_OK ? (const char *)text.ptr : row->meaning);
	al_buf_release(&text);
}

void help_command(const struct command *command, struct al_buf *out)
{
	for (size_t i = 0; i < command->form_count; i++) {
		al_buf_str(out, i == 0 ? "usage: " : "       ");
		usage_put(command, &command->forms[i], out);
	}
	al_buf_printf(out, "\n%s\n%s", command->help, command->forms[0].verb != NULL ? "\n" : "");
	for (size_t i = 0; i < command->form_count; i++) {
		const struct command_form *form = &command->forms[i];
		size_t start = out->len;

		if (form->verb == NULL || form->help == NULL)
			continue;
		al_buf_printf(out, "  %s%s%s", form->verb, form->words[0] != '\0' ? " " : "", form->words);
		text_put(out, out->len - start, form->help);
	}
	al_buf_str(out, "\nOptions:\n");
	for (size_t i = 0; i < command->option_count; i++)
		option_put(&command->options[i], out);
	al_buf_str(out, "  -h, --help");
	text_put(out, strlen("  -h, --help"), "prints this");
	if (command->notes != NULL)
		al_buf_printf(out, "\n%s\n", command->notes);
}

void help_commands(struct al_buf *out)
{
	al_buf_str(out, "usage: alamo COMMAND [WORD]... [OPTION]...\n");
	for (size_t group = 0; group < GROUP_COUNT; group++) {
		al_buf_printf(out, "\n%s\n", group_titles[group]);
		for (size_t i = 0; i < command_count; i++)
			if (commands[i]->group == group)
				al_buf_printf(out, "  %-11s %s\n", commands[i]->name, commands[i]->help);
	}
	al_buf_str(out, "\n`alamo COMMAND --help` prints words and options, alamo(1) more. The registry is --server "
			"HOST:PORT,\n"
			"else ALAMO_SERVER, else `server` in ~/.config/alamo/config, else 127.0.0.1:4343.\n"
			"Exit codes: 0 done, 1 refused, 2 usage, 3 no connection, 4 verification failed.\n");
}
