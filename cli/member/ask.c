/* SPDX-License-Identifier: MIT */
/*
 * ask.c -- questions to a person at a terminal.
 */
#include "ask.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool ask_possible(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool ask_line(const char *prompt, const char *fallback, char *out, size_t cap)
{
	char line[1024];
	struct al_slice typed;

	for (;;) {
		if (fallback != NULL)
			fprintf(stderr, "%s [%s]: ", prompt, fallback);
		else
			fprintf(stderr, "%s: ", prompt);
		if (fgets(line, sizeof(line), stdin) == NULL)
			return false;
		typed = al_slice_trim(al_slice_str(line));
		if (typed.len == 0 && fallback != NULL)
			typed = al_slice_str(fallback);
		if (typed.len > 0 && al_slice_copy(typed, out, cap) == AL_OK)
			return true;
	}
}

bool ask_yes(const char *prompt)
{
	char line[16];

	return ask_line(prompt, "n", line, sizeof(line)) && (line[0] == 'y' || line[0] == 'Y');
}
