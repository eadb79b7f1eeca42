/* SPDX-License-Identifier: MIT */
/*
 * process.c -- run another program with bytes in and bytes out.
 *
 * posix_spawn and one poll loop, so that neither side can block the other.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_WORDS 16
#define LINE_LEN 1024 /* bytes, with an end for each word */

static void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int process_spawn(const char *const argv[], int in, int out, bool merge, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char *const *words = (char *const *)(uintptr_t)argv; /* as POSIX has it: not written to */
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (merge)
		posix_spawn_file_actions_adddup2(&actions, out >= 0 ? out : STDOUT_FILENO, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	error = posix_spawnp(pid, words[0], &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Moves bytes until the program has closed its output (or, without one, taken its input). */
static void process_pump(int in, int out, struct al_slice input, struct al_buf *output)
{
	if (in >= 0)
		(void)fcntl(in, F_SETFL, O_NONBLOCK);
	while (in >= 0 || out >= 0) {
		struct pollfd fds[2] = { { in, POLLOUT, 0 }, { out, POLLIN, 0 } };
		char chunk[16384];

		if (in >= 0 && input.len == 0) {
			fd_close(&in);
			continue;
		}
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (in >= 0 && fds[0].revents != 0) {
			ssize_t put = write(in, input.ptr, input.len);

			if (put > 0)
				input = al_slice_from(input, (size_t)put);
			else if (put < 0 && errno != EAGAIN && errno != EINTR)
				fd_close(&in);
		}
		if (out >= 0 && fds[1].revents != 0) {
			ssize_t got = read(out, chunk, sizeof(chunk));

			if (got > 0)
				al_buf_put(output, chunk, (size_t)got);
			else if (got == 0 || errno != EINTR)
				fd_close(&out);
		}
	}
	fd_close(&in);
	fd_close(&out);
}

enum al_err process_run(const char *const argv[], struct al_slice input, bool merge, struct al_buf *output, int *status)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	pid_t pid = -1;
	int code = 0, error;

	if (pipe2(to, O_CLOEXEC) != 0 || (output != NULL && pipe2(from, O_CLOEXEC) != 0)) {
		fd_close(&to[0]);
		fd_close(&to[1]);
		return AL_ESYS;
	}
	error = process_spawn(argv, to[0], from[1], merge, &pid);
	fd_close(&to[0]);
	fd_close(&from[1]);
	if (error != 0) {
		fd_close(&to[1]);
		fd_close(&from[0]);
		errno = error;
		*status = 127;
		return error == ENOENT ? AL_ENOTFOUND : AL_ESYS;
	}
	process_pump(to[1], from[0], input, output);
	while (waitpid(pid, &code, 0) < 0 && errno == EINTR)
		;
	*status = WIFEXITED(code) ? WEXITSTATUS(code) : 128 + WTERMSIG(code);
	return output != NULL ? output->err : AL_OK;
}

enum al_err process_run_line(const char *line, struct al_slice input, int *status)
{
	const char *argv[LINE_WORDS + 1] = { NULL };
	struct al_slice rest = al_slice_str(line), word;
	char words[LINE_LEN];
	size_t count = 0, used = 0;

	while (al_slice_word(&rest, "", &word)) {
		if (count == LINE_WORDS || al_slice_copy(word, words + used, sizeof(words) - used) != AL_OK)
			return AL_EINVAL;
		argv[count++] = words + used;
		used += word.len + 1;
	}
	return count > 0 ? process_run(argv, input, false, NULL, status) : AL_EINVAL;
}
