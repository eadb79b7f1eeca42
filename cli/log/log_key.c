/* SPDX-License-Identifier: MIT */
/*
 * log_key.c -- a log's key as it is typed: itself, or a file with it, or with a keys note; and a secret key out of its file.
 * Beside log_read.c, which asks the network.
 */
#include "log_read.h"

#include <errno.h>
#include <string.h>

#include "alamo/tlog/keys.h"
#include "command.h"
#include "file.h"

int log_read_key(const char *typed, struct al_vkey *key)
{
	struct al_buf text;
	int code = CLI_DONE;

	if (al_vkey_parse(al_slice_str(typed), key) == AL_OK)
		return CLI_DONE;
	al_buf_init(&text, AL_NOTE_MAX);
	if (file_read(typed, &text) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is neither a verifier key nor a file with one", typed);
	else if (al_log_key_parse(al_buf_view(&text), key) != AL_OK)
		code = command_fail(CLI_USAGE, "%s holds neither a verifier key nor a keys note", typed);
	al_buf_release(&text);
	return code;
}

int log_read_secret(const char *path, struct al_skey *key)
{
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, 4096);
	if (file_read(path, &text) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	else if (al_skey_parse(al_slice_trim(al_buf_view(&text)), key) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is no secret key", path);
	if (text.ptr != NULL)
		explicit_bzero(text.ptr, text.len);
	al_buf_release(&text);
	return code;
}
