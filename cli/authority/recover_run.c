/* SPDX-License-Identifier: MIT */
/*
 * recover_run.c -- alamo-registryd's recovery as a child, whose words come by us: a line that shows progress is ended
 * before they are printed.
 *
 * How far it is comes in messages of notified.h: X_ALAMO_STEP, X_ALAMO_DONE and X_ALAMO_TOTAL
 * (registry-server/ledger/recover.c).
 */
#include "recover_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "notified.h"
#include "progress.h"

#define CHECKING "checking" /* the step before entries are taken */
#define STEP_MAX 16
#define NAME_MAX_LEN 64

struct recovery {
	const char *what;
	pid_t pid;
	int out, err, says; /* what it prints, and what it tells; -1: ended */
	struct al_buf message;
	struct progress progress;
	char step[STEP_MAX]; /* that is shown; "": none was told */
	char name[NAME_MAX_LEN];
};

/* ---- signals ---- */

static volatile sig_atomic_t child; /* 0: none */

/* At a terminal Ctrl-C reaches it anyway. It ends, and we stay, to say what that means. */
static void on_signal(int number)
{
	int was = errno;

	if (child != 0)
		(void)kill((pid_t)child, number);
	errno = was;
}

static const int numbers[] = { SIGINT, SIGTERM };

static void signals_take(struct sigaction was[static AL_COUNT(numbers)])
{
	const struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		if (sigaction(numbers[i], NULL, &was[i]) == 0 && was[i].sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
}

static void signals_give_back(const struct sigaction was[static AL_COUNT(numbers)])
{
	for (size_t i = 0; i < AL_COUNT(numbers); i++)
		(void)sigaction(numbers[i], &was[i], NULL);
}

/* ---- the child ---- */

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Never returns. */
static void registry_exec(const char *const words[], pid_t parent, int out, int err, int says)
{
	char number[16];

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)snprintf(number, sizeof(number), "fd:%d", says);
	if (getppid() == parent && dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0 &&
	    fcntl(says, F_SETFD, 0) == 0 && setenv("NOTIFY_SOCKET", number, 1) == 0)
		(void)execvp(words[0], (char *const *)(uintptr_t)words); /* as POSIX has it: not written to */
	_exit(127);
}

static enum al_err registry_start(struct recovery *r, const char *const words[])
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, says = -1;
	pid_t parent = getpid();

	(void)fflush(stdout);
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 && notified_open(&r->says, &says) == AL_OK) {
		r->pid = fork();
		if (r->pid == 0)
			registry_exec(words, parent, out[1], err[1], says);
	}
	child = r->pid > 0 ? r->pid : 0;
	fd_close(&out[1]);
	fd_close(&err[1]);
	fd_close(&says);
	r->out = out[0];
	r->err = err[0];
	return r->pid > 0 ? AL_OK : AL_ESYS;
}

/* ---- what it says ---- */

static uint64_t number_of(struct al_slice message, const char *name)
{
	struct al_slice value;
	uint64_t number = 0;

	if (!notified_field(message, name, &value) || al_slice_u64(value, UINT64_MAX, &number) != AL_OK)
		return 0;
	return number;
}

static void message_show(struct recovery *r, struct al_slice message)
{
	uint64_t done = number_of(message, "X_ALAMO_DONE");
	struct al_slice step;

	if (!notified_field(message, "X_ALAMO_STEP", &step))
		return;
	if (!al_slice_is(step, r->step)) {
		if (al_slice_copy(step, r->step, sizeof(r->step)) != AL_OK)
			return;
		(void)snprintf(r->name, sizeof(r->name), "%s%s", r->what,
			       al_slice_is(step, CHECKING) ? ", " CHECKING : "");
		progress_end(&r->progress);
		progress_begin(&r->progress, r->name, "entries", done);
	}
	progress_step(&r->progress, done, number_of(message, "X_ALAMO_TOTAL"));
}

static void messages_take(struct recovery *r)
{
	enum al_err err;

	while ((err = notified_next(r->says, &r->message)) == AL_OK)
		message_show(r, al_buf_view(&r->message));
	if (err != AL_EAGAIN)
		fd_close(&r->says);
}

static void pass_on(int *fd, FILE *to)
{
	char chunk[4096];
	ssize_t got = read(*fd, chunk, sizeof(chunk));

	if (got > 0) {
		progress_break();
		(void)fwrite(chunk, 1, (size_t)got, to);
		(void)fflush(to);
	} else if (got == 0 || errno != EINTR) {
		fd_close(fd);
	}
}

/* Until it has closed both of its streams. */
static void registry_hear(struct recovery *r)
{
	while (r->out >= 0 || r->err >= 0) {
		struct pollfd fds[] = { { r->out, POLLIN, 0 }, { r->err, POLLIN, 0 }, { r->says, POLLIN, 0 } };

		if (poll(fds, AL_COUNT(fds), -1) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		if (fds[2].revents != 0)
			messages_take(r);
		if (fds[0].revents != 0)
			pass_on(&r->out, stdout);
		if (fds[1].revents != 0)
			pass_on(&r->err, stderr);
	}
}

/* Its exit code, or 128 and its signal. */
static int registry_end(struct recovery *r)
{
	int status = 0;

	fd_close(&r->out);
	fd_close(&r->err);
	fd_close(&r->says);
	while (r->pid > 0 && waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	child = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int code_of(enum al_err err, int status, const char *program)
{
	if (err != AL_OK || status == 127)
		return command_fail(CLI_REFUSED, "%s cannot be started", program);
	if (status == 128 + SIGINT || status == 128 + SIGTERM)
		return RECOVER_INTERRUPTED;
	return status == 0 ? CLI_DONE : CLI_REFUSED;
}

int recover_run(const char *what, const char *dir, const char *from, const char *side)
{
	char program[PATH_MAX], conf[PATH_MAX];
	struct recovery r = { .what = what, .pid = -1, .out = -1, .err = -1, .says = -1 };
	struct sigaction was[AL_COUNT(numbers)];
	enum al_err err;
	int status;

	if (file_join(dir, "alamo.conf", conf, sizeof(conf)) != AL_OK ||
	    file_program("alamo-registryd", program, sizeof(program)) != AL_OK)
		return command_fail(CLI_REFUSED, "path too long");
	const char *const words[] = { program, "-c", conf, "--recover", from, side, NULL };

	al_buf_init(&r.message, NOTIFIED_MAX);
	signals_take(was);
	err = registry_start(&r, words);
	if (err == AL_OK)
		registry_hear(&r);
	status = registry_end(&r);
	progress_end(&r.progress);
	signals_give_back(was);
	al_buf_release(&r.message);
	return code_of(err, status, program);
}
