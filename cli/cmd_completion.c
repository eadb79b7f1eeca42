/* SPDX-License-Identifier: MIT */
/*
 * cmd_completion.c -- `alamo completion`: scripts for bash and zsh.
 */
#include "command.h"

#define SCRIPT_MAX (1u << 18)

static int script_print(void (*make)(struct al_buf *out))
{
	struct al_buf script;
	int code = CLI_DONE;

	al_buf_init(&script, SCRIPT_MAX);
	make(&script);
	if (script.err == AL_OK)
		command_print(al_buf_view(&script));
	else
		code = command_fail(CLI_REFUSED, "%s", al_err_name(script.err));
	al_buf_release(&script);
	return code;
}

static int bash_print(const struct words *words, const void *options)
{
	(void)words;
	(void)options;
	return script_print(completion_bash);
}

static int zsh_print(const struct words *words, const void *options)
{
	(void)words;
	(void)options;
	return script_print(completion_zsh);
}

static const struct command_form forms[] = {
	{ "bash", "", "for /etc/bash_completion.d or ~/.local/share/bash-completion/completions/alamo", bash_print },
	{ "zsh", "", "for a file _alamo in a folder of fpath", zsh_print },
};

const struct command command_completion = {
	.name = "completion",
	.group = GROUP_OTHER,
	.help = "a completion script for your shell",
	COMMAND_FORMS(forms),
};
