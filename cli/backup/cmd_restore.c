/* SPDX-License-Identifier: MIT */
/*
 * cmd_restore.c -- `alamo restore`: an authority out of a backup, in an empty folder.
 *
 * The ledger is made by alamo-registryd, which reads and verifies the log of the
 * backup as it would another copy's. A new guard begins with what that has.
 */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority/recover_run.h"
#include "backup.h"
#include "file.h"
#include "seal.h"

struct options {
	const char *passphrase;
};

static bool there(const char *dir, const char *name, char path[static PATH_MAX])
{
	return file_join(dir, name, path, PATH_MAX) == AL_OK && access(path, F_OK) == 0;
}

/* rmdir() is the question whether it is empty. */
static int folder_check(const char *dir)
{
	if (rmdir(dir) != 0 && errno != ENOENT)
		return command_fail(CLI_REFUSED, errno == ENOTEMPTY ? "%s is not empty" : "%s cannot be replaced", dir);
	return mkdir(dir, 0755) == 0 ? CLI_DONE : command_fail(CLI_REFUSED, "%s: %s", dir, strerror(errno));
}

static int unseal(const char *path, const char *passphrase_file, struct al_buf *tar)
{
	struct al_buf sealed, passphrase;
	enum al_err err;
	int code;

	if (passphrase_file == NULL)
		return command_fail(CLI_USAGE, "%s is sealed: --passphrase-file FILE", path);
	al_buf_init(&sealed, SEAL_MAX + (SEAL_MAX >> 8));
	al_buf_init(&passphrase, 4096);
	code = backup_passphrase(passphrase_file, &passphrase);
	if (code == CLI_DONE && file_read(path, &sealed) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	if (code == CLI_DONE) {
		err = seal_open(al_buf_view(&sealed), al_buf_view(&passphrase), tar);
		if (err == AL_EVERIFY)
			code = command_fail(CLI_UNVERIFIED, "%s: not this passphrase, or the file is damaged", path);
		else if (err != AL_OK)
			code = command_fail(CLI_REFUSED, "%s cannot be opened (%s)", path, al_err_name(err));
	}
	al_buf_release(&sealed);
	al_buf_release(&passphrase);
	return code;
}

static int private_read(const char *from, const struct options *options, struct al_buf *tar)
{
	char path[PATH_MAX];

	if (there(from, BACKUP_SEALED, path))
		return unseal(path, options->passphrase, tar);
	if (!there(from, BACKUP_PLAIN, path))
		return command_fail(CLI_USAGE, "%s is no backup: it has neither " BACKUP_SEALED " nor " BACKUP_PLAIN,
				    from);
	return file_read(path, tar) == AL_OK ? CLI_DONE : command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
}

/* *made: the folder is there now, and nothing in it is older. */
static int private_restore(const char *from, const char *dir, const struct options *options, bool *made)
{
	struct al_buf tar;
	int code;

	al_buf_init(&tar, SEAL_MAX);
	code = private_read(from, options, &tar);
	if (code == CLI_DONE)
		code = folder_check(dir);
	*made = code == CLI_DONE;
	if (code == CLI_DONE)
		code = backup_private_put(al_buf_view(&tar), dir);
	al_buf_release(&tar);
	return code;
}

static int ledger_restore(const char *from, const char *dir)
{
	char key[PATH_MAX], log[PATH_MAX], side[PATH_MAX], run[PATH_MAX];

	if (file_join(from, BACKUP_LOG, log, sizeof(log)) != AL_OK || file_join(dir, "run", run, sizeof(run)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	(void)mkdir(run, 0755);
	if (!there(dir, "keys/log.key", key))
		return command_fail(
			CLI_REFUSED,
			"the backup was made without keys: bring them to %s/keys, then `alamo recover %s --from "
			"%s`",
			dir, dir, from);
	return recover_run("restore", dir, log, there(dir, "run/side", side) ? side : NULL);
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

static void signals_take(void)
{
	static const int numbers[] = { SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = on_interrupt }, was;

	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		if (sigaction(numbers[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
}

/* The folder was empty, or not there, and nothing in it is new: half of an authority is no use to anybody. */
static int restore(const char *from, const char *dir, const struct options *options)
{
	bool made = false;
	int code;

	signals_take();
	code = private_restore(from, dir, options, &made);
	if (interrupted && made) /* whatever tar, which Ctrl-C reaches too, has made of it */
		code = RECOVER_INTERRUPTED;
	else if (code == CLI_DONE)
		code = ledger_restore(from, dir);
	if (code == RECOVER_INTERRUPTED) {
		file_remove_tree(dir, false);
		code = command_fail(CLI_REFUSED, "interrupted: %s is removed again", dir);
	}
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const char *from = words->word[0], *dir = words->word[1];
	int code = restore(from, dir, arg);

	if (code == CLI_DONE)
		printf("What was accepted after the backup is not here. If a mirror, a published log or another backup "
		       "has "
		       "more, take it in first:\n  alamo recover %s --from COPY\nThen: alamo up %s\n",
		       dir, dir);
	return code;
}

static const struct command_form forms[] = { { NULL, "FROM DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "passphrase-file",
	  .arg = "FILE",
	  OPTION_AT(struct options, passphrase),
	  .meaning = "opens what was sealed with the file's first line" },
};

const struct command command_restore = {
	.name = "restore",
	.group = GROUP_AUTHORITY,
	.help = "make an authority again from a backup, in an empty folder",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
