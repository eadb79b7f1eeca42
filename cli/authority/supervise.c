/* SPDX-License-Identifier: MIT */
/*
 * supervise.c -- keep the daemons running until a signal says stop.
 *
 * One thread, one poll loop: a signalfd (SIGCHLD, SIGTERM, SIGINT) and one
 * pipe a daemon. A daemon is its own process group, so that a terminal's
 * Ctrl-C reaches only us and the order of stopping is ours; it dies with us
 * by PR_SET_PDEATHSIG.
 */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/bind.h"
#include "alamo/net/loop.h"
#include "command.h"
#include "endpoints.h"
#include "file.h"
#include "notified.h"

#define DELAY_LEAST_MS 50
#define DELAY_MOST_MS 5000
#define STEADY_MS 2000 /* up for so long: the next death starts from DELAY_LEAST_MS again */
#define STOP_MS 10000  /* then SIGKILL */
#define PID_MS 1000    /* after which a pid file is tried again that could not be written */

#define ASKED_MAX 8

const char *const supervise_programs[SUPERVISE_PROGRAMS] = { "alamo-registryd", "alamo-whoisd", "alamo-rootd",
							     "alamo-rpkid" };

struct daemon {
	const char *name;
	pid_t pid; /* 0: not running */
	int pipe;  /* -1: none */
	int says;  /* what it says while it runs (notified.h); -1: nothing */
	struct endpoints said;
	bool was_ready;
	uint64_t due_ms;     /* when to start; UINT64_MAX: not yet */
	uint64_t pid_due_ms; /* when to write its pid file; UINT64_MAX: it is written, or nothing runs */
	uint64_t started_ms;
	uint64_t delay_ms;
	uint64_t asked_us[ASKED_MAX]; /* when it was asked to read alamo.conf again, and has not answered: in order */
	size_t asked_count;
};

struct supervisor {
	const char *dir;
	const struct supervise_opts *opts;
	struct daemon daemons[SUPERVISE_MAX];
	size_t count;
	int signals; /* signalfd */
	sigset_t old_mask;
	bool announced;
	const struct daemon *failed; /* did not start, with exit code `code` */
	bool stopping;
	int code;
};

/* ---- one daemon ---- */

static bool pid_path(const struct supervisor *s, const struct daemon *daemon, char path[static PATH_MAX])
{
	char name[128];

	snprintf(name, sizeof(name), "run/%s.pid", daemon->name);
	return file_join(s->dir, name, path, PATH_MAX) == AL_OK;
}

static void pid_file_remove(const struct supervisor *s, struct daemon *daemon)
{
	char path[PATH_MAX];

	daemon->pid_due_ms = UINT64_MAX;
	if (pid_path(s, daemon, path))
		(void)unlink(path);
}

/* A full disk is no reason to be without one for ever: others signal by it. Said once. */
static void pid_file_write(const struct supervisor *s, struct daemon *daemon)
{
	bool again = daemon->pid_due_ms != UINT64_MAX;
	char path[PATH_MAX], text[32];

	daemon->pid_due_ms = UINT64_MAX;
	snprintf(text, sizeof(text), "%ld\n", (long)daemon->pid);
	if (!pid_path(s, daemon, path) || file_write(path, al_slice_str(text), 0644) == AL_OK)
		return;
	daemon->pid_due_ms = al_now_ms() + PID_MS;
	if (!again)
		al_log(AL_LOG_WARN, "pid-file", "path=%s error=%s", path, strerror(errno));
}

/* In the child: never returns. `out` is the descriptor for "ready", `says` for what comes later. */
static void daemon_exec(const struct supervisor *s, const struct daemon *daemon, pid_t parent, int out, int says)
{
	char program[PATH_MAX], conf[PATH_MAX], number[16];

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	(void)setpgid(0, 0);
	(void)sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	(void)fcntl(out, F_SETFD, 0);
	if (s->opts->log_fd >= 0) { /* and nothing of the terminal, or pipe, that we were started at */
		(void)dup2(s->opts->log_fd, STDOUT_FILENO);
		(void)dup2(s->opts->log_fd, STDERR_FILENO);
	}
	snprintf(number, sizeof(number), "fd:%d", says);
	if (says >= 0 && fcntl(says, F_SETFD, 0) == 0)
		(void)setenv("NOTIFY_SOCKET", number, 1);
	snprintf(number, sizeof(number), "%d", out);
	if (file_program(daemon->name, program, sizeof(program)) == AL_OK &&
	    file_join(s->dir, "alamo.conf", conf, sizeof(conf)) == AL_OK)
		execlp(program, daemon->name, "-c", conf, "-r", number, (char *)NULL);
	fprintf(stderr, "alamo: cannot run %s: %s\n", program, strerror(errno));
	_exit(127);
}

static void daemon_silent(struct daemon *daemon)
{
	if (daemon->says >= 0)
		close(daemon->says);
	daemon->says = -1;
}

static void daemon_start(struct supervisor *s, struct daemon *daemon)
{
	int ends[2], says = -1;
	pid_t parent = getpid(), pid;

	daemon->due_ms = al_now_ms() + DELAY_MOST_MS; /* in case that fails here */
	if (pipe2(ends, O_CLOEXEC) != 0) {
		al_log(AL_LOG_ERROR, "daemon-start", "program=%s error=%s", daemon->name, strerror(errno));
		return;
	}
	if (notified_open(&daemon->says, &says) != AL_OK)
		al_log(AL_LOG_WARN, "notify", "reason=\"%s: `alamo reload` will not hear %s\"", strerror(errno),
		       daemon->name);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		daemon_exec(s, daemon, parent, ends[1], says);
	close(ends[1]);
	if (says >= 0)
		close(says);
	if (pid < 0) {
		al_log(AL_LOG_ERROR, "daemon-start", "program=%s error=%s", daemon->name, strerror(errno));
		close(ends[0]);
		daemon_silent(daemon);
		return;
	}
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	endpoints_reset(&daemon->said);
	daemon->pid = pid;
	daemon->pipe = ends[0];
	daemon->due_ms = UINT64_MAX;
	daemon->started_ms = al_now_ms();
	daemon->asked_count = 0;
	pid_file_write(s, daemon);
}

static void daemon_pipe_close(struct daemon *daemon)
{
	if (daemon->pipe >= 0)
		close(daemon->pipe);
	daemon->pipe = -1;
}

/* ---- endpoints ---- */

/* A line for each service: "whois 127.0.0.1:4043, [::1]:4043". */
static void endpoints_show(struct al_slice lines)
{
	struct al_slice line, name, before = { NULL, 0 };
	struct al_buf out;

	al_buf_init(&out, 1u << 20);
	while (al_slice_line(&lines, &line)) {
		(void)al_slice_cut(&line, ' ', &name);
		if (al_slice_eq(name, before))
			al_buf_str(&out, ", ");
		else
			al_buf_printf(&out, "%s%.*s ", out.len > 0 ? "\n" : "", AL_FMT(name));
		al_buf_slice(&out, line);
		before = name;
	}
	al_buf_str(&out, "\n");
	command_print(al_buf_view(&out));
	al_buf_release(&out);
}

static void endpoints_write(const struct supervisor *s)
{
	char path[PATH_MAX];
	struct al_buf all;

	al_buf_init(&all, 1u << 20);
	for (size_t i = 0; i < s->count; i++)
		al_buf_slice(&all, al_buf_view(&s->daemons[i].said.lines));
	if (file_join(s->dir, "run/endpoints", path, sizeof(path)) != AL_OK ||
	    file_write(path, al_buf_view(&all), 0644) != AL_OK)
		al_log(AL_LOG_WARN, "endpoints", "path=%s error=%s", path, strerror(errno));
	if (!s->announced)
		endpoints_show(al_buf_view(&all));
	al_buf_release(&all);
}

static void daemon_ready(struct supervisor *s, struct daemon *daemon)
{
	daemon->was_ready = true;
	daemon_pipe_close(daemon);
	for (size_t i = 1; i < s->count; i++)
		if (daemon == &s->daemons[0] && s->daemons[i].pid == 0 && s->daemons[i].due_ms == UINT64_MAX)
			s->daemons[i].due_ms = 0;
	for (size_t i = 0; i < s->count; i++)
		if (!s->daemons[i].said.ready)
			return;
	endpoints_write(s);
	if (!s->announced) {
		command_print(AL_S("ready\n"));
		if (s->opts->ready != NULL)
			s->opts->ready(s->opts->arg);
	}
	s->announced = true;
}

static void daemon_read(struct supervisor *s, struct daemon *daemon)
{
	char chunk[4096];
	ssize_t got = read(daemon->pipe, chunk, sizeof(chunk));

	if (got > 0 && endpoints_feed(&daemon->said, al_slice_of(chunk, (size_t)got)))
		daemon_ready(s, daemon);
	else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
		daemon_pipe_close(daemon);
}

/* ---- what they say while they run ---- */

/* What became of alamo.conf, for `alamo reload`, which knows by the moment that it is told of its own question. */
static void outcome_write(const struct supervisor *s, const struct daemon *daemon, uint64_t us, struct al_slice message)
{
	char path[PATH_MAX] = "";
	struct al_buf text;

	al_buf_init(&text, NOTIFIED_MAX + 64);
	al_buf_printf(&text, "MONOTONIC_USEC=%llu\n", (unsigned long long)us);
	al_buf_slice(&text, message);
	if (notified_path(s->dir, daemon->name, path, sizeof(path)) != AL_OK || text.err != AL_OK ||
	    file_write(path, al_buf_view(&text), 0640) != AL_OK)
		al_log(AL_LOG_WARN, "reload-file", "path=%s error=%s", path, strerror(errno));
	al_buf_release(&text);
}

/* Each question is answered, in order. */
static void daemon_said(const struct supervisor *s, struct daemon *daemon, struct al_slice message)
{
	struct al_slice value;
	uint64_t us;

	if (notified_field(message, "RELOADING", &value)) {
		if (daemon->asked_count < ASKED_MAX && notified_field(message, "MONOTONIC_USEC", &value) &&
		    al_slice_u64(value, UINT64_MAX, &us) == AL_OK)
			daemon->asked_us[daemon->asked_count++] = us;
	} else if (notified_field(message, "READY", &value) && daemon->asked_count > 0) {
		outcome_write(s, daemon, daemon->asked_us[0], message);
		memmove(daemon->asked_us, daemon->asked_us + 1, --daemon->asked_count * sizeof(daemon->asked_us[0]));
	}
}

static void daemon_hear(const struct supervisor *s, struct daemon *daemon)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, NOTIFIED_MAX);
	while ((err = notified_next(daemon->says, &text)) == AL_OK)
		daemon_said(s, daemon, al_buf_view(&text));
	al_buf_release(&text);
	if (err != AL_EAGAIN)
		daemon_silent(daemon);
}

/* ---- signals ---- */

static void daemon_died(struct supervisor *s, struct daemon *daemon, int status)
{
	bool by_signal = WIFSIGNALED(status);
	int number = by_signal ? WTERMSIG(status) : WEXITSTATUS(status);

	daemon->pid = 0;
	pid_file_remove(s, daemon);
	daemon_pipe_close(daemon);
	daemon_silent(daemon);
	if (s->stopping)
		return;
	if (!daemon->was_ready && !by_signal) {
		s->failed = daemon;
		s->code = number;
		s->stopping = true;
		return;
	}
	if (al_now_ms() - daemon->started_ms >= STEADY_MS)
		daemon->delay_ms = DELAY_LEAST_MS;
	al_log(AL_LOG_WARN, "daemon-died", "program=%s %s=%d restart_ms=%llu", daemon->name,
	       by_signal ? "signal" : "code", number, (unsigned long long)daemon->delay_ms);
	daemon->due_ms = al_now_ms() + daemon->delay_ms;
	daemon->delay_ms = daemon->delay_ms * 2 < DELAY_MOST_MS ? daemon->delay_ms * 2 : DELAY_MOST_MS;
}

static void children_reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < s->count; i++)
			if (s->daemons[i].pid == pid)
				daemon_died(s, &s->daemons[i], status);
}

static void signals_read(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGCHLD)
			children_reap(s);
		else
			s->stopping = true;
}

/* ---- the loop ---- */

static int wait_ms(const struct supervisor *s)
{
	uint64_t now = al_now_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < s->count; i++) {
		const struct daemon *daemon = &s->daemons[i];
		uint64_t due = daemon->pid == 0 ? daemon->due_ms : daemon->pid_due_ms;

		next = due < next ? due : next;
	}
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)(next - now);
}

static void supervisor_step(struct supervisor *s)
{
	struct pollfd fds[2 * SUPERVISE_MAX + 1];

	for (size_t i = 0; i < s->count; i++) {
		fds[2 * i] = (struct pollfd){ s->daemons[i].pipe, POLLIN, 0 };
		fds[2 * i + 1] = (struct pollfd){ s->daemons[i].says, POLLIN, 0 };
	}
	fds[2 * s->count] = (struct pollfd){ s->signals, POLLIN, 0 };
	if (poll(fds, 2 * s->count + 1, wait_ms(s)) < 0 && errno != EINTR) {
		s->code = command_fail(CLI_REFUSED, "poll: %s", strerror(errno));
		s->stopping = true;
		return;
	}
	/* What a daemon said before it died is read before its death is seen. */
	for (size_t i = 0; i < s->count; i++) {
		if (fds[2 * i].revents != 0 && s->daemons[i].pipe == fds[2 * i].fd)
			daemon_read(s, &s->daemons[i]);
		if (fds[2 * i + 1].revents != 0)
			daemon_hear(s, &s->daemons[i]);
	}
	if (fds[2 * s->count].revents != 0)
		signals_read(s);
	for (size_t i = 0; i < s->count && !s->stopping; i++)
		if (s->daemons[i].pid == 0 && s->daemons[i].due_ms <= al_now_ms())
			daemon_start(s, &s->daemons[i]);
		else if (s->daemons[i].pid != 0 && s->daemons[i].pid_due_ms <= al_now_ms())
			pid_file_write(s, &s->daemons[i]);
}

/* Waits until `daemon` is gone or `until` is over. */
static void daemon_wait(struct supervisor *s, const struct daemon *daemon, uint64_t until)
{
	while (daemon->pid != 0 && al_now_ms() < until) {
		struct pollfd fd = { s->signals, POLLIN, 0 };

		(void)poll(&fd, 1, (int)(until - al_now_ms()));
		signals_read(s);
	}
}

/* Followers first, the registry last. */
static void supervisor_stop(struct supervisor *s)
{
	uint64_t until = al_now_ms() + STOP_MS;

	s->stopping = true;
	for (size_t i = s->count; i > 0; i--) {
		struct daemon *daemon = &s->daemons[i - 1];

		if (daemon->pid == 0)
			continue;
		(void)kill(daemon->pid, SIGTERM);
		daemon_wait(s, daemon, until);
		if (daemon->pid == 0)
			continue;
		al_log(AL_LOG_ERROR, "daemon-kill", "program=%s pid=%ld", daemon->name, (long)daemon->pid);
		(void)kill(daemon->pid, SIGKILL);
		daemon_wait(s, daemon, al_now_ms() + 1000);
	}
}

static bool supervisor_open(struct supervisor *s, const struct supervise_opts *opts, const char *dir,
			    const char *const programs[], size_t count)
{
	sigset_t mask;

	*s = (struct supervisor){ .dir = dir, .opts = opts, .count = count < SUPERVISE_MAX ? count : SUPERVISE_MAX };
	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	for (size_t i = 0; i < s->count; i++) {
		struct daemon *daemon = &s->daemons[i];

		daemon->name = programs[i];
		daemon->pipe = -1;
		daemon->says = -1;
		daemon->due_ms = i == 0 ? 0 : UINT64_MAX;
		daemon->pid_due_ms = UINT64_MAX;
		daemon->delay_ms = DELAY_LEAST_MS;
		endpoints_init(&daemon->said);
	}
	return s->signals >= 0;
}

/* Last of all, below whatever the others say while they stop. */
static int failure_say(const struct supervisor *s)
{
	const struct daemon *daemon = s->failed;
	char holder[AL_BIND_HOLDER_LEN];

	/* The daemon could not see who it is: it is confined. */
	if (daemon->said.taken != 0 && al_bind_holder(daemon->said.taken, holder))
		return command_fail(CLI_REFUSED, "%s did not start: port %u is taken by %s", daemon->name,
				    (unsigned)daemon->said.taken, holder);
	if (daemon->said.error[0] != '\0')
		return command_fail(CLI_REFUSED, "%s did not start: %s", daemon->name, daemon->said.error);
	return command_fail(CLI_REFUSED, "%s did not start (exit code %d): %s", daemon->name, s->code,
			    s->opts->log_path != NULL ? s->opts->log_path : "its lines above say why");
}

int supervise(const struct supervise_opts *opts, const char *dir, const char *const programs[], size_t count)
{
	struct supervisor s;

	if (!supervisor_open(&s, opts, dir, programs, count))
		return command_fail(CLI_REFUSED, "signalfd: %s", strerror(errno));
	while (!s.stopping)
		supervisor_step(&s);
	supervisor_stop(&s);
	if (s.failed != NULL)
		s.code = failure_say(&s);
	for (size_t i = 0; i < s.count; i++)
		endpoints_release(&s.daemons[i].said);
	close(s.signals);
	return s.code;
}
