/* SPDX-License-Identifier: MIT */
/*
 * cmd_backup.c -- `alamo backup`: a copy of a running authority from which it can be made again.
 *
 * What is beside the log is saved first, then the log: so every object that the first speaks of is in the second.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alamo/net/conf.h"
#include "authority/up_lock.h"
#include "backup.h"
#include "file.h"
#include "log/log_read.h"
#include "seal.h"

#define SAVE_SECONDS 60 /* the registry has so long for what it keeps beside the log */

struct options {
	const char *passphrase;
	bool plain, no_keys;
};

/* ---- the authority ---- */

int backup_authority(const char *dir, struct backup_authority *out)
{
	static char real[PATH_MAX];
	struct al_conf *conf = NULL;
	char path[PATH_MAX], key[PATH_MAX], why[256] = "path too long";
	enum al_err err;

	*out = (struct backup_authority){ .dir = real };
	if (realpath(dir, real) == NULL)
		return command_fail(CLI_USAGE, "%s: %s", dir, strerror(errno));
	if (file_join(real, "alamo.conf", path, sizeof(path)) != AL_OK ||
	    al_conf_load(path, &conf, why, sizeof(why)) != AL_OK)
		return command_fail(CLI_USAGE, "%s", why);
	err = al_conf_path(conf, al_conf_str(conf, "registry", "ledger"), out->ledger, PATH_MAX);
	if (err == AL_OK)
		err = al_conf_path(conf, "run/side", out->side, PATH_MAX);
	if (err == AL_OK)
		err = al_conf_path(conf, al_conf_str(conf, "log", "socket"), out->stream, PATH_MAX);
	if (err == AL_OK && al_conf_str(conf, "registry", "publish")[0] != '\0')
		err = al_conf_path(conf, al_conf_str(conf, "registry", "publish"), out->publish, PATH_MAX);
	if (err == AL_OK)
		err = al_conf_path(conf, al_conf_str(conf, "log", "key"), key, PATH_MAX);
	al_conf_free(conf);
	return err == AL_OK ? log_read_key(key, &out->key) : command_fail(CLI_USAGE, "a path is too long");
}

/* ---- what is beside the log ---- */

static int side_save(const struct backup_authority *a)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	char lock[PATH_MAX];
	pid_t pid;

	if (snprintf(lock, sizeof(lock), "%s.lock", a->ledger) >= (int)sizeof(lock))
		return command_fail(CLI_USAGE, "the path is too long");
	if (up_lock_pid(lock, &pid) != AL_OK)
		return command_fail(
			CLI_OFFLINE,
			"%s is not running, and this is a copy of a running one: `alamo up %s`, then again. "
			"A stopped authority's folder can be copied as it is (cp -a), keys/log.guard with it.",
			a->dir, a->dir);
	if (unlink(a->side) != 0 && errno != ENOENT)
		return command_fail(CLI_REFUSED, "%s: %s", a->side, strerror(errno));
	if (kill(pid, SIGUSR1) != 0)
		return command_fail(CLI_REFUSED, "the registry (process %ld) cannot be asked: %s", (long)pid,
				    strerror(errno));
	for (unsigned i = 0; i < SAVE_SECONDS * 20; i++) {
		if (access(a->side, R_OK) == 0)
			return CLI_DONE;
		(void)nanosleep(&pause, NULL);
	}
	return command_fail(CLI_REFUSED, "the registry did not write %s; its log says why", a->side);
}

/* ---- what is private ---- */

/* In place of the former one, in whichever form that was. */
static int private_write(const char *to, const char *name, const char *other, struct al_slice bytes)
{
	char path[PATH_MAX], former[PATH_MAX];

	if (file_join(to, name, path, sizeof(path)) != AL_OK || file_join(to, other, former, sizeof(former)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	if (file_write(path, bytes, 0600) != AL_OK)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	(void)unlink(former);
	return CLI_DONE;
}

/* Opened again before it counts. */
static int sealed_write(const char *to, struct al_slice tar, struct al_slice passphrase)
{
	struct al_buf sealed, again;
	enum al_err err;
	int code;

	al_buf_init(&sealed, SEAL_MAX + (SEAL_MAX >> 8));
	al_buf_init(&again, SEAL_MAX);
	err = seal(tar, passphrase, &seal_cost_moderate, &sealed);
	if (err == AL_OK)
		err = seal_open(al_buf_view(&sealed), passphrase, &again);
	if (err == AL_OK && !al_slice_eq(al_buf_view(&again), tar))
		err = AL_EVERIFY;
	code = err == AL_OK ? private_write(to, BACKUP_SEALED, BACKUP_PLAIN, al_buf_view(&sealed))
			    : command_fail(CLI_REFUSED, "what is private cannot be sealed (%s)", al_err_name(err));
	al_buf_release(&sealed);
	al_buf_release(&again);
	return code;
}

static int private_save(const struct backup_authority *a, const char *to, const struct options *options,
			struct al_slice passphrase)
{
	struct al_buf tar;
	int code;

	al_buf_init(&tar, SEAL_MAX);
	code = backup_private_take(a, !options->no_keys, &tar);
	if (code == CLI_DONE && options->passphrase != NULL)
		code = sealed_write(to, al_buf_view(&tar), passphrase);
	else if (code == CLI_DONE)
		code = private_write(to, BACKUP_PLAIN, BACKUP_SEALED, al_buf_view(&tar));
	al_buf_release(&tar);
	return code;
}

/* ---- the command ---- */

static int folder_take(const char *to, int *lock)
{
	char path[PATH_MAX];

	if (mkdir(to, 0700) != 0 && errno != EEXIST)
		return command_fail(CLI_REFUSED, "%s: %s", to, strerror(errno));
	if (file_join(to, "lock", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return flock(*lock, LOCK_EX | LOCK_NB) == 0 ? CLI_DONE
						    : command_fail(CLI_REFUSED, "%s is in use by another backup", to);
}

static void report(const char *dir, const char *to, const struct options *options, const struct backup_log *log)
{
	printf("log      %" PRIu64 " entries, %" PRIu64 " of them new; all read again and verified\n", log->head.size,
	       log->head.size - log->before);
	printf("private  %s/%s: %sconfiguration, contact texts, queue\n", to,
	       options->passphrase != NULL ? BACKUP_SEALED : BACKUP_PLAIN, options->no_keys ? "no keys; " : "keys, ");
	printf("Restore  alamo restore %s %s%s\n", to, dir,
	       options->passphrase != NULL ? " --passphrase-file FILE" : "");
}

static int backup(const char *dir, const char *to, const struct options *options, struct al_slice passphrase)
{
	struct backup_authority authority;
	struct backup_log log = { .before = 0 };
	int lock = -1, code;

	code = backup_authority(dir, &authority);
	if (code == CLI_DONE)
		code = folder_take(to, &lock);
	if (code == CLI_DONE)
		code = side_save(&authority);
	if (code == CLI_DONE)
		code = private_save(&authority, to, options, passphrase);
	if (code == CLI_DONE)
		code = backup_log_take(&authority, to, &log);
	if (code == CLI_DONE)
		report(dir, to, options, &log);
	if (lock >= 0)
		close(lock);
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct al_buf passphrase;
	int code = CLI_DONE;

	if ((options->passphrase != NULL) + options->plain + options->no_keys != 1)
		return command_fail(
			CLI_USAGE,
			"the keys that sign for the network are in a backup: say --passphrase-file FILE (they "
			"are sealed), --plain (TO is kept as safe as the keys), or --no-keys (they are kept "
			"elsewhere)");
	(void)umask(0077);
	al_buf_init(&passphrase, 4096);
	if (options->passphrase != NULL)
		code = backup_passphrase(options->passphrase, &passphrase);
	if (code == CLI_DONE)
		code = backup(words->word[0], words->word[1], options, al_buf_view(&passphrase));
	al_buf_release(&passphrase);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR TO", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "passphrase-file",
	  .arg = "FILE",
	  OPTION_AT(struct options, passphrase),
	  .meaning = "seals keys, configuration and contact texts with the file's first line" },
	{ .name = "plain",
	  OPTION_AT(struct options, plain),
	  .meaning = "leaves them readable: TO is as secret as the keys" },
	{ .name = "no-keys",
	  OPTION_AT(struct options, no_keys),
	  .meaning = "leaves the keys out; contact texts are in it, and readable" },
};

const struct command command_backup = {
	.name = "backup",
	.group = GROUP_AUTHORITY,
	.help = "copy a running authority, so that it can be made again",
	.notes = "TO grows with each backup. What is sealed or plain is replaced.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
