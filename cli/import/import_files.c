/* SPDX-License-Identifier: MIT */
/* import_files.c -- what the words of a command name: files of RPSL, or "dn42" and a tree. */
#include "command.h"

#include <errno.h>
#include <string.h>

#include "file.h"
#include "import.h"

bool import_is_tree(const struct words *words)
{
	return words->count == 2 && strcmp(words->word[0], "dn42") == 0;
}

int import_files(const struct words *words, struct al_slice source, struct import *import)
{
	struct al_buf text;
	enum al_err err = AL_OK;
	int code = CLI_DONE;

	if (import_is_tree(words)) {
		err = import_tree(import, words->word[1], source);
		return err == AL_OK ? CLI_DONE
				    : command_fail(CLI_USAGE, "%s: %s", words->word[1],
						   err == AL_ESYS ? strerror(errno) : al_err_name(err));
	}
	al_buf_init(&text, IMPORT_FILE_MAX);
	for (size_t i = 0; i < words->count && code == CLI_DONE; i++) {
		al_buf_reset(&text);
		if (file_read(words->word[i], &text) != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", words->word[i], strerror(errno));
		else
			err = import_read(import, al_buf_view(&text), source);
		if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s: %s", words->word[i], al_err_name(err));
	}
	al_buf_release(&text);
	return code;
}
