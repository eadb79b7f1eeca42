/* SPDX-License-Identifier: MIT */
/*
 * backup_private.c -- everything of an authority's folder but the log, which is
 * elsewhere, and what is made anew at each start. tar packs and unpacks it.
 *
 * log.guard stays out: it would vouch for a ledger that is older than what was signed. So does the zones' snapshot,
 * which is made again.
 */
#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "process.h"
#include "seal.h"

#define NAMES_MAX 256

/* Of run/: what a start does not make anew by itself, or not the same. */
static const char *const kept[] = { "run/side", "run/seen.*", "run/roa*", "run/evidence" };

struct names {
	char *name[NAMES_MAX];
	size_t count;
};

static void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
}

static bool names_add(struct names *names, const char *name)
{
	if (names->count >= NAMES_MAX)
		return false;
	names->name[names->count] = strdup(name);
	return names->name[names->count] != NULL && ++names->count > 0;
}

/* Is `name` in the folder the path, or begins with it (ledger.db-wal)? */
static bool is_of(const char *dir, const char *name, const char *path)
{
	char whole[PATH_MAX];

	return path[0] != '\0' && file_join(dir, name, whole, sizeof(whole)) == AL_OK &&
	       strncmp(whole, path, strlen(path)) == 0;
}

static bool wanted(const struct backup_authority *a, bool keys, const char *name)
{
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, "run") == 0)
		return false;
	if (!keys && strcmp(name, "keys") == 0)
		return false;
	return !is_of(a->dir, name, a->ledger) && !is_of(a->dir, name, a->publish);
}

static bool list_folder(const struct backup_authority *a, bool keys, struct names *names)
{
	DIR *list = opendir(a->dir);
	const struct dirent *entry;
	bool good = list != NULL;

	while (good && (entry = readdir(list)) != NULL)
		if (wanted(a, keys, entry->d_name))
			good = names_add(names, entry->d_name);
	if (list != NULL)
		closedir(list);
	return good;
}

static bool list_run(const struct backup_authority *a, struct names *names)
{
	bool good = true;

	for (size_t i = 0; i < AL_COUNT(kept); i++) {
		char pattern[PATH_MAX];
		glob_t found;

		if (file_join(a->dir, kept[i], pattern, sizeof(pattern)) != AL_OK)
			return false;
		if (glob(pattern, 0, NULL, &found) != 0)
			continue;
		for (size_t j = 0; good && j < found.gl_pathc; j++)
			good = names_add(names, found.gl_pathv[j] + strlen(a->dir) + 1);
		globfree(&found);
	}
	return good;
}

static int tar_run(const char *const argv[], struct al_slice input, struct al_buf *output)
{
	int status = 0;

	if (process_run(argv, input, false, output, &status) != AL_OK || status != 0)
		return command_fail(CLI_REFUSED, status == 127 ? "tar cannot be started" : "tar ended with %d", status);
	return CLI_DONE;
}

int backup_private_take(const struct backup_authority *a, bool keys, struct al_buf *out)
{
	const char *argv[NAMES_MAX + 9] = {
		"tar", "-C", a->dir, "--exclude=keys/log.guard", "--exclude=keys/dns/zones.snapshot", "-cf", "-", "--"
	};
	struct names names = { .count = 0 };
	int code;

	if (!list_folder(a, keys, &names) || !list_run(a, &names)) {
		code = command_fail(CLI_REFUSED, "%s: there is too much in it, or it cannot be read", a->dir);
	} else {
		for (size_t i = 0; i < names.count; i++)
			argv[8 + i] = names.name[i];
		code = tar_run(argv, al_slice_of(NULL, 0), out);
	}
	names_free(&names);
	if (code == CLI_DONE && out->err != AL_OK)
		code = command_fail(CLI_REFUSED, "what is private is larger than %u MiB", SEAL_MAX >> 20);
	return code;
}

int backup_private_put(struct al_slice tar, const char *dir)
{
	const char *const argv[] = { "tar", "-C", dir, "-xpf", "-", NULL };

	return tar_run(argv, tar, NULL);
}

int backup_passphrase(const char *path, struct al_buf *out)
{
	enum al_err err = file_read(path, out);
	struct al_slice line, rest = al_buf_view(out);

	if (err != AL_OK)
		return command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	if (!al_slice_line(&rest, &line) || line.len < SEAL_PASSPHRASE_MIN)
		return command_fail(
			CLI_USAGE,
			"%s: its first line is the passphrase, and has at least %d characters (`openssl rand "
			"-base64 24 > FILE` makes one)",
			path, SEAL_PASSPHRASE_MIN);
	out->len = line.len;
	return CLI_DONE;
}
