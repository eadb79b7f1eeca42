/* SPDX-License-Identifier: MIT */
/*
 * roa_compare.c -- `alamo roa compare`: what each member of a registry under dn42's rules gets here, told before.
 */
#include "command.h"

#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "file.h"
#include "roa.h"

#define FILTER_FILE_MAX (1u << 20)
#define OUT_MAX (256u << 20)

static int filter_file(struct dn42_filter *filter, const char *path)
{
	struct al_buf text;
	unsigned line = 0;
	enum al_err err;
	int code = CLI_DONE;

	al_buf_init(&text, FILTER_FILE_MAX);
	if (file_read(path, &text) != AL_OK) {
		code = command_fail(CLI_USAGE, "%s: %s; dn42's rules are needed: --filter FILE", path, strerror(errno));
	} else {
		err = dn42_filter_read(filter, al_buf_view(&text), &line);
		if (err == AL_EINVAL)
			code = command_fail(CLI_USAGE, "%s:%u: no rule; one is NUMBER permit|deny PREFIX MINLEN MAXLEN",
					    path, line);
		else if (err != AL_OK)
			code = command_fail(CLI_USAGE, "%s:%u: %s; at most %u rules are read", path, line,
					    al_err_name(err), DN42_FILTER_MAX);
	}
	al_buf_release(&text);
	return code;
}

/* Those named; of a tree its own, when none is. */
static int filters_read(const struct words *words, const struct roa_options *options, struct dn42_filter *filter)
{
	static const char *const own[] = { "data/filter.txt", "data/filter6.txt" };
	bool tree = import_is_tree(words);
	int code = CLI_DONE;
	char path[PATH_MAX];

	if (options->filters.count == 0 && !tree)
		return command_fail(CLI_USAGE, "dn42's rules are needed: --filter FILE, once for each family");
	for (size_t i = 0; i < options->filters.count && code == CLI_DONE; i++)
		code = filter_file(filter, options->filters.values[i]);
	for (size_t i = 0; options->filters.count == 0 && i < AL_COUNT(own) && code == CLI_DONE; i++)
		code = file_join(words->word[1], own[i], path, sizeof(path)) == AL_OK
			       ? filter_file(filter, path)
			       : command_fail(CLI_USAGE, "%s: the path is too long", words->word[1]);
	if (code == CLI_DONE && (!dn42_filter_has(filter, 32) || !dn42_filter_has(filter, 128)))
		code = command_fail(CLI_USAGE, "no rule for %s: --filter FILE, once for each family",
				    dn42_filter_has(filter, 32) ? "IPv6" : "IPv4");
	return code;
}

/* ---- letters ---- */

static const char letter_head[] = "Route origins of yours that change with the move from dn42's rules. A record is for "
				  "the route itself and, up to\n"
				  "its maximum length, for more specific ones; what has no valid record is dropped by "
				  "routers. Without `max-length:`\n"
				  "a record here is for the route alone.\n\n";

/* A maintainer's name is letters, digits, '-' and '_': also as the name of a file. */
static int letter_write(const char *dir, struct al_slice mntner, struct al_slice rows)
{
	char name[128], path[PATH_MAX];
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, OUT_MAX);
	al_buf_str(&text, letter_head);
	al_buf_slice(&text, rows);
	(void)snprintf(name, sizeof(name), "%.*s.txt", AL_FMT(mntner));
	if (text.err != AL_OK || file_join(dir, name, path, sizeof(path)) != AL_OK ||
	    file_write(path, al_buf_view(&text), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
	al_buf_release(&text);
	return code;
}

/* Every member's rows, on standard output or each in a file. */
static int members_tell(const struct compare *compare, const char *dir)
{
	struct al_buf out;
	int code = CLI_DONE;

	if (dir != NULL && mkdir(dir, 0755) != 0 && errno != EEXIST)
		return command_fail(CLI_REFUSED, "%s: %s", dir, strerror(errno));
	al_buf_init(&out, OUT_MAX);
	for (size_t at = 0; at < compare->share_count && code == CLI_DONE;) {
		struct al_slice mntner = compare->shares[at].mntner;

		al_buf_reset(&out);
		compare_member(compare, &at, &out);
		if (dir != NULL) {
			code = letter_write(dir, mntner, al_buf_view(&out));
		} else {
			command_print(AL_S("\n"));
			command_print_remote(al_buf_view(&out));
		}
	}
	al_buf_release(&out);
	return code;
}

static int told(const struct import *import, const struct compare *compare, const struct roa_options *options)
{
	struct al_buf out;
	int code;

	al_buf_init(&out, OUT_MAX);
	compare_table(compare, &out);
	command_print_remote(al_buf_view(&out));
	code = members_tell(compare, options->letters);
	al_buf_reset(&out);
	compare_unread(import, &out);
	command_print_remote(al_buf_view(&out));
	al_buf_release(&out);
	return code;
}

int roa_compare(const struct words *words, const void *arg)
{
	const struct roa_options *options = arg;
	struct dn42_filter filter = { .rules = NULL };
	struct compare compare = { .rows = NULL };
	struct import import;
	int code = filters_read(words, options, &filter);

	import_init(&import);
	if (code == CLI_DONE)
		code = import_files(words, AL_S("DN42"), &import);
	if (code == CLI_DONE && compare_run(&import, &filter, &compare) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE)
		code = told(&import, &compare, options);
	compare_release(&compare);
	import_release(&import);
	dn42_filter_release(&filter);
	return code;
}
