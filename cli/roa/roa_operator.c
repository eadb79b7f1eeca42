/* SPDX-License-Identifier: MIT */
/*
 * roa_operator.c -- `alamo roa key`, `held` and `release`: what the authority's operator does on its machine.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "log/log_read.h"
#include "roa.h"
#include "roa_key.h"

int roa_key(const struct words *words, const void *options)
{
	char path[PATH_MAX];
	struct al_skey log;
	int code;

	(void)options;
	if (file_join(words->word[0], "keys/log.key", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", words->word[0]);
	code = log_read_secret(path, &log);
	if (code != CLI_DONE)
		return code;
	code = roa_key_make(words->word[0], &log);
	al_skey_wipe(&log);
	if (code == CLI_DONE)
		puts("keys/roa.key signs route origins once alamo-rpkid is started again.");
	return code;
}

/* run/roa.held: "WORD VALUE" lines (rpki-lite/gate.c). CLI_REFUSED, silently: nothing is held. */
static int held_read(const char *dir, struct al_buf *text)
{
	char path[PATH_MAX];

	if (file_join(dir, "run/roa.held", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	if (file_read(path, text) == AL_OK)
		return CLI_DONE;
	if (errno != ENOENT)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	puts("nothing is held back");
	return CLI_REFUSED;
}

int roa_held(const struct words *words, const void *options)
{
	struct al_buf text;
	int code;

	(void)options;
	al_buf_init(&text, 4096);
	code = held_read(words->word[0], &text);
	if (code == CLI_DONE)
		command_print_remote(al_buf_view(&text));
	al_buf_release(&text);
	return code;
}

static bool serial_find(struct al_slice text, uint64_t *out)
{
	struct al_slice line, word;

	while (al_slice_cut(&text, '\n', &line))
		if (al_slice_cut(&line, ' ', &word) && al_slice_is(word, "serial"))
			return al_slice_u64(line, UINT32_MAX, out) == AL_OK;
	return false;
}

/* Names what was looked at: a set that comes between looking and saying is held all the same. */
int roa_release(const struct words *words, const void *options)
{
	char path[PATH_MAX], name[32];
	struct al_buf text;
	uint64_t held = 0, meant = 0;
	int code;

	(void)options;
	if (al_slice_u64(al_slice_str(words->word[1]), UINT32_MAX, &meant) != AL_OK)
		return command_fail(CLI_USAGE, "\"%s\" is no serial: `alamo roa held` says it", words->word[1]);
	al_buf_init(&text, 4096);
	code = held_read(words->word[0], &text);
	if (code == CLI_DONE && (!serial_find(al_buf_view(&text), &held) || held != meant))
		code = command_fail(CLI_REFUSED, "serial %llu is held back, not %llu: look at it first",
				    (unsigned long long)held, (unsigned long long)meant);
	al_buf_release(&text);
	if (code != CLI_DONE)
		return code;
	(void)snprintf(name, sizeof(name), "%llu\n", (unsigned long long)meant);
	if (file_join(words->word[0], "run/roa.release", path, sizeof(path)) != AL_OK ||
	    file_write(path, al_slice_str(name), 0644) != AL_OK)
		return command_fail(CLI_REFUSED, "%s/run/roa.release: %s", words->word[0], strerror(errno));
	puts("released: routers get it within a second");
	return CLI_DONE;
}
