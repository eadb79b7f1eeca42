/* SPDX-License-Identifier: MIT */
/*
 * cmd_up.c -- `alamo up`: the four daemons of one directory, supervised.
 *
 * At a terminal, and with --detach, the daemons' log goes to DIR/run/log: there
 * are people who want to read. Else it is on standard error, for who collects it.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "file.h"
#include "supervise.h"
#include "up_lock.h"

struct options {
	bool detach;
	const char *user;
};

struct up {
	const char *dir;
	struct supervise_opts supervise;
	char log_path[PATH_MAX];
	int ready; /* pipe to the process that waits for us; -1: nobody does */
};

static int log_open(struct up *up)
{
	if (file_join(up->dir, "run", up->log_path, sizeof(up->log_path)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	if (mkdir(up->log_path, 0755) != 0 && errno != EEXIST) /* restored without it */
		return command_fail(CLI_REFUSED, "%s: %s", up->log_path, strerror(errno));
	if (file_join(up->dir, "run/log", up->log_path, sizeof(up->log_path)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	up->supervise.log_path = up->log_path;
	up->supervise.log_fd = open(up->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (up->supervise.log_fd < 0)
		return command_fail(CLI_REFUSED, "%s: %s", up->log_path, strerror(errno));
	return CLI_DONE;
}

/* Everything is up: who waits may go, and nothing of ours is at their terminal any more. */
static void detached_ready(void *arg)
{
	struct up *up = arg;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)command_output_ok();
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		close(null);
	}
	(void)dup2(up->supervise.log_fd, STDERR_FILENO);
	(void)!write(up->ready, "y", 1);
	close(up->ready);
	up->ready = -1;
}

static void terminal_ready(void *arg)
{
	const struct up *up = arg;

	printf("log %s\nCtrl-C stops it; with --detach it would stay, until `alamo down %s`\n", up->log_path, up->dir);
	(void)command_output_ok();
}

static int daemons_run(struct up *up)
{
	int lock = up_lock_take(up->dir), code;

	if (lock < 0)
		return CLI_REFUSED;
	code = supervise(&up->supervise, up->dir, supervise_programs, SUPERVISE_PROGRAMS);
	close(lock);
	return code;
}

/* The parent waits until the child is ready, or is gone with its exit code. */
static int detach(struct up *up)
{
	int ends[2], status = 0;
	char byte;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return command_fail(CLI_REFUSED, "pipe: %s", strerror(errno));
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return command_fail(CLI_REFUSED, "fork: %s", strerror(errno));
	if (pid == 0) {
		(void)setsid();
		close(ends[0]);
		up->ready = ends[1];
		up->supervise.ready = detached_ready;
		return daemons_run(up);
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) == 1) {
		printf("log %s\nIt stays up: `alamo down %s` stops it\n", up->log_path, up->dir);
		return CLI_DONE;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : CLI_REFUSED;
}

/* For good: also the daemons' identity. */
static int user_become(const struct passwd *user)
{
	if (user->pw_uid == geteuid())
		return CLI_DONE;
	if (geteuid() != 0)
		return command_fail(CLI_REFUSED, "only root can run the authority as another user, %s", user->pw_name);
	if (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
		return command_fail(CLI_REFUSED, "cannot become %s: %s", user->pw_name, strerror(errno));
	return CLI_DONE;
}

/* Root is never taken by accident: who means it says so. */
static int user_choose(const char *name)
{
	const struct passwd *user;

	if (name == NULL && geteuid() != 0)
		return CLI_DONE;
	if (name == NULL)
		name = getenv("ALAMO_USER");
	if (name == NULL)
		return command_fail(CLI_USAGE,
				    "as root, say whom the daemons run as: --user NAME, whose the directory is "
				    "(--user root if it has to be)");
	user = getpwnam(name);
	return user != NULL ? user_become(user) : command_fail(CLI_USAGE, "there is no user %s", name);
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct up up = { .dir = words->word[0], .ready = -1, .supervise = { .log_fd = -1 } };
	char conf[PATH_MAX];
	int code = user_choose(options->user);

	if (code != CLI_DONE)
		return code;
	if (file_join(up.dir, "alamo.conf", conf, sizeof(conf)) != AL_OK || access(conf, R_OK) != 0)
		return command_fail(CLI_REFUSED, "%s is no authority: there is no alamo.conf (see `alamo init`)",
				    up.dir);
	al_log_init("alamo", AL_LOG_INFO);
	up.supervise.arg = &up;
	if (options->detach || isatty(STDERR_FILENO)) {
		code = log_open(&up);
		up.supervise.ready = terminal_ready;
	}
	if (code == CLI_DONE)
		code = options->detach ? detach(&up) : daemons_run(&up);
	if (up.supervise.log_fd >= 0)
		close(up.supervise.log_fd);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "detach",
	  .letter = 'd',
	  OPTION_AT(struct options, detach),
	  .meaning = "returns when everything is up, and leaves it running until `alamo down DIR`" },
	{ .name = "user",
	  .arg = "NAME",
	  OPTION_AT(struct options, user),
	  .meaning = "whom the daemons run as; root has to say it",
	  .fallback = "who runs this; root: $ALAMO_USER" },
};

const struct command command_up = {
	.name = "up",
	.group = GROUP_AUTHORITY,
	.help = "run the authority's four daemons until SIGTERM",
	.notes = "At a terminal, and with --detach, the daemons' log is DIR/run/log; else it is on standard error.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
