/* SPDX-License-Identifier: MIT */
/*
 * completion.c -- completion scripts for shells, out of the tables.
 *
 * The scripts stand alone: they hold every name and do not run this program.
 */
#include "option.h"

#include <string.h>

/* What a value or word is, for a shell: a file, a folder, or nothing that it could know. */
static const char *action_of(const char *arg, const char *file, const char *folder)
{
	if (strstr(arg, "FILE") != NULL || strstr(arg, "PATH") != NULL || strstr(arg, "NOTE") != NULL ||
	    strstr(arg, "ANSWER") != NULL || strstr(arg, "CHECKPOINT") != NULL || strstr(arg, "OUT") != NULL ||
	    strstr(arg, ".pub") != NULL)
		return file;
	return strstr(arg, "DIR") != NULL ? folder : "";
}

/* "bash|zsh" as "bash zsh". */
static void choices_put(const char *words, struct al_buf *out)
{
	for (; *words != '\0'; words++)
		al_buf_u8(out, *words == '|' ? ' ' : (uint8_t)*words);
}

/* ---- bash ---- */

static void bash_value(const struct command *command, const struct option_row *row, struct al_buf *out)
{
	const char *action;

	if (row->arg == NULL)
		return;
	al_buf_printf(out, "\t'%s --%s'", command->name, row->name);
	if (row->letter != '\0')
		al_buf_printf(out, "|'%s -%c'", command->name, row->letter);
	action = row->choice ? "" : action_of(row->arg, "-f", "-d");
	al_buf_printf(out, ") COMPREPLY=($(compgen %s", action);
	if (row->choice) {
		al_buf_str(out, "-W '");
		choices_put(row->arg, out);
		al_buf_u8(out, '\'');
	} else if (action[0] == '\0') {
		al_buf_str(out, "-W ''");
	}
	al_buf_str(out, " -- \"$word\")); return ;;\n");
}

static void bash_command(const struct command *command, struct al_buf *out)
{
	bool files = false, folders = false;

	al_buf_printf(out, "\t%s)\n\t\toptions='--help", command->name);
	for (size_t i = 0; i < command->option_count; i++)
		al_buf_printf(out, " --%s", command->options[i].name);
	al_buf_str(out, "'\n\t\tverbs='");
	for (size_t i = 0; i < command->form_count; i++) {
		if (command->forms[i].verb != NULL)
			al_buf_printf(out, "%s%s", i > 0 ? " " : "", command->forms[i].verb);
		files = files || action_of(command->forms[i].words, "-f", "")[0] != '\0';
		folders = folders || action_of(command->forms[i].words, "", "-d")[0] != '\0';
	}
	al_buf_printf(out, "'\n\t\twords='%s' ;;\n", files ? "-f" : folders ? "-d" : "");
}

void completion_bash(struct al_buf *out)
{
	al_buf_str(out, "# Completion of alamo(1) for bash: alamo completion bash >/etc/bash_completion.d/alamo\n"
			"_alamo() {\n"
			"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
			"\tlocal command=${COMP_WORDS[1]} options='' verbs='' words=''\n"
			"\tCOMPREPLY=()\n"
			"\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W 'help --version");
	for (size_t i = 0; i < command_count; i++)
		al_buf_printf(out, " %s", commands[i]->name);
	al_buf_str(out, "' -- \"$word\"))\n\t\treturn\n\tfi\n\tcase \"$command $before\" in\n");
	for (size_t i = 0; i < command_count; i++)
		for (size_t k = 0; k < commands[i]->option_count; k++)
			bash_value(commands[i], &commands[i]->options[k], out);
	al_buf_str(out, "\tesac\n\tcase $command in\n");
	for (size_t i = 0; i < command_count; i++)
		bash_command(commands[i], out);
	al_buf_str(out, "\tesac\n"
			"\tif [[ $word == -* ]]; then\n"
			"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
			"\telif [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$verbs\" ]; then\n"
			"\t\tCOMPREPLY=($(compgen -W \"$verbs\" $words -- \"$word\"))\n"
			"\telif [ -n \"$words\" ]; then\n"
			"\t\tCOMPREPLY=($(compgen $words -- \"$word\"))\n"
			"\tfi\n"
			"}\n"
			"complete -o filenames -o bashdefault -F _alamo alamo\n");
}

/* ---- zsh ---- */

/* Inside '...': quotes out; inside [...] and :...: their own delimiters escaped. */
static void zsh_text(const char *text, struct al_buf *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			al_buf_str(out, "'\\'");
		else if (strchr("[]:\\", *text) != NULL)
			al_buf_u8(out, '\\');
		al_buf_u8(out, (uint8_t)*text);
	}
}

static void zsh_option(const struct option_row *row, struct al_buf *out)
{
	al_buf_printf(out, "\t\t\t'%s--%s[", row->kind == OPTION_LIST ? "*" : "", row->name);
	zsh_text(row->meaning, out);
	al_buf_u8(out, ']');
	if (row->arg != NULL) {
		al_buf_u8(out, ':');
		zsh_text(row->arg, out);
		al_buf_u8(out, ':');
		if (row->choice) {
			al_buf_u8(out, '(');
			choices_put(row->arg, out);
			al_buf_u8(out, ')');
		} else {
			al_buf_str(out, action_of(row->arg, "_files", "_files -/"));
		}
	}
	al_buf_str(out, "' \\\n");
}

static void zsh_command(const struct command *command, struct al_buf *out)
{
	const char *action = "";
	bool verbs = false;

	al_buf_printf(out, "\t%s)\n\t\t_arguments -S \\\n", command->name);
	for (size_t i = 0; i < command->option_count; i++)
		zsh_option(&command->options[i], out);
	for (size_t i = 0; i < command->form_count; i++) {
		verbs = verbs || command->forms[i].verb != NULL;
		if (action[0] == '\0')
			action = action_of(command->forms[i].words, "_files", "_files -/");
	}
	if (verbs) {
		al_buf_str(out, "\t\t\t'1:verb:(");
		for (size_t i = 0; i < command->form_count; i++)
			if (command->forms[i].verb != NULL)
				al_buf_printf(out, "%s%s", i > 0 ? " " : "", command->forms[i].verb);
		al_buf_str(out, ")' \\\n");
	}
	al_buf_printf(out, "\t\t\t'(- *)--help[prints what the command takes]' '*:word:%s' ;;\n", action);
}

void completion_zsh(struct al_buf *out)
{
	al_buf_str(out, "#compdef alamo\n"
			"# Completion of alamo(1) for zsh: alamo completion zsh >${fpath[1]}/_alamo\n"
			"_alamo() {\n"
			"\tlocal -a names\n"
			"\tnames=(\n\t\t'help:the list of commands'\n");
	for (size_t i = 0; i < command_count; i++) {
		al_buf_printf(out, "\t\t'%s:", commands[i]->name);
		zsh_text(commands[i]->help, out);
		al_buf_str(out, "'\n");
	}
	al_buf_str(out, "\t)\n"
			"\tif (( CURRENT == 2 )); then\n\t\t_describe command names\n\t\treturn\n\tfi\n"
			"\tlocal command=$words[2]\n"
			"\tshift words\n\t(( CURRENT-- ))\n"
			"\tcase $command in\n");
	for (size_t i = 0; i < command_count; i++)
		zsh_command(commands[i], out);
	al_buf_str(out, "\tesac\n}\n_alamo \"$@\"\n");
}
