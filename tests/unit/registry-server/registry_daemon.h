/* SPDX-License-Identifier: MIT */
/*
 * registry_daemon.h -- an authority in a folder, founded, and its daemon in a process of its own: started, asked, stopped.
 * For tests only.
 */
#ifndef TESTS_REGISTRY_DAEMON_H
#define TESTS_REGISTRY_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_rig.h"

#include "../common/loopback.h"
#include "../folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "authority_folder.h"
#include "genesis.h"
#include "registry.h"

struct world {
	struct registry_rig rig; /* of which the people are wanted, to sign */
	struct al_skey key;
	char dir[40], path[96];
	pid_t daemon;
	FILE *ready; /* where the daemon says where it is, and that it is ready */
	uint16_t requests, http;
};

static inline const char *path_of(struct world *w, const char *name)
{
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static inline int ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline void found(struct world *w)
{
	struct al_buf raw;
	pid_t pid;

	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none none\n", AUTHORITY_FOUNDING, "0", &raw);
	folder_write(w->dir, "founding", al_buf_view(&raw));
	al_buf_release(&raw);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char conf[96], file[96], *files[] = { file };

		(void)strcpy(file, path_of(w, "founding"));
		(void)strcpy(conf, path_of(w, "alamo.conf"));
		exit(genesis_main(conf, files, 1)); /* a sanitizer looks for leaks then */
	}
	assert_int_equal(ended(pid), 0);
}

/* alamo.conf, with more lines in its [registry]. */
static inline void conf_write(struct world *w, const char *more)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
		       "[network]\nname = test\nlisten = 127.0.0.1\n[registry]\nrequest-port = 0\nstream-port = 0\n"
		       "http-port = 0\n%s\n",
		       more);
	folder_write(w->dir, "alamo.conf", al_slice_str(text));
}

/* A folder with a key and such a configuration, which stays there until teardown(). */
static inline struct world *world_new(const char *more)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	registry_rig_start(&w->rig);
	(void)strcpy(w->dir, "/tmp/alamo-registryd-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(mkdir(path_of(w, "keys"), 0700), 0);
	conf_write(w, more);
	log_key_write(w->dir, &w->key);
	return w;
}

static inline int setup(void **state)
{
	*state = world_new("min-free-disk = 0");
	found(*state);
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	registry_rig_stop(&w->rig);
	(void)folder_remove(w->dir);
	free(w);
	return 0;
}

/* A daemon of this configuration, which says to `ready` (-1: to nobody) where it is, and to the file "said" what happens. */
static inline pid_t daemon_start(struct world *w, int ready)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char program[] = "alamo-registryd", c[] = "-c", r[] = "-r", conf[96], fd[12];
		char *argv[] = { program, c, conf, r, fd, NULL };

		if (freopen(path_of(w, "said"), "w", stderr) == NULL)
			_exit(99);
		(void)strcpy(conf, path_of(w, "alamo.conf"));
		(void)snprintf(fd, sizeof(fd), "%d", ready);
		(void)alarm(60);
		exit(al_service_main(ready >= 0 ? 5 : 3, argv, &registry_service)); /* likewise */
	}
	return pid;
}

/* "endpoint NAME 127.0.0.1:PORT" lines, up to `last`, which comes. */
static inline void ready_read(struct world *w, const char *last)
{
	char line[128], name[32];
	bool all = false;
	unsigned port;

	while (!all && fgets(line, sizeof(line), w->ready) != NULL) {
		if (sscanf(line, "endpoint %31s 127.0.0.1:%u", name, &port) == 2) {
			w->requests = strcmp(name, "requests") == 0 ? (uint16_t)port : w->requests;
			w->http = strcmp(name, "log-http") == 0 ? (uint16_t)port : w->http;
		}
		all = al_slice_starts(al_slice_str(line), last);
	}
	assert_true(all && w->http != 0);
}

static inline void up_until(struct world *w, const char *last)
{
	int ready[2];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	w->requests = w->http = 0;
	w->daemon = daemon_start(w, ready[1]);
	(void)close(ready[1]);
	w->ready = fdopen(ready[0], "r");
	assert_non_null(w->ready);
	ready_read(w, last);
}

static inline void up(struct world *w)
{
	up_until(w, "ready\n");
	assert_int_not_equal(w->requests, 0);
}

static inline int down_by(struct world *w, int number)
{
	assert_int_equal(kill(w->daemon, number), 0);
	(void)fclose(w->ready);
	return ended(w->daemon);
}

static inline void down(struct world *w)
{
	assert_int_equal(down_by(w, SIGTERM), 0);
}

static inline const char *ask(uint16_t port, struct al_slice text)
{
	static char answer[65536];
	int fd = client_connect(port);

	client_send(fd, text.ptr, text.len);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(client_drain(fd, answer, sizeof(answer)) > 0);
	(void)close(fd);
	return answer;
}

static inline const char *get(const struct world *w, const char *path)
{
	char request[128];
	const char *body;

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	body = strstr(ask(w->http, al_slice_str(request)), "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

/* The size that a checkpoint signs; UINT64_MAX: it is none of ours. */
static inline uint64_t size_of(const struct world *w, struct al_slice note)
{
	struct al_checkpoint cp;

	return al_checkpoint_open(note, &w->key.pub, &cp) == AL_OK ? cp.size : UINT64_MAX;
}

static inline void pause_shortly(void)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	(void)nanosleep(&pause, NULL);
}

/* What the daemon writes to its log comes to say this. */
static inline void comes_to_say(struct world *w, const char *what)
{
	struct al_buf said;
	bool comes = false;

	al_buf_init(&said, 1u << 20);
	for (int i = 0; i < GUARD_MS / 10 && !comes; i++) {
		al_buf_reset(&said);
		assert_int_equal(al_note_load(path_of(w, "said"), &said), AL_OK);
		al_buf_u8(&said, 0);
		comes = strstr((const char *)said.ptr, what) != NULL;
		if (!comes)
			pause_shortly();
	}
	if (!comes)
		fail_msg("\"%s\" is not in the log:\n%s", what, (const char *)said.ptr);
	al_buf_release(&said);
}

static inline void reload(struct world *w, const char *more, const char *said)
{
	conf_write(w, more);
	assert_int_equal(kill(w->daemon, SIGHUP), 0);
	comes_to_say(w, said);
}

static inline uint64_t size_of_file(struct world *w)
{
	uint64_t size = UINT64_MAX;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	if (al_note_load(path_of(w, "run/checkpoint"), &note) == AL_OK)
		size = size_of(w, al_buf_view(&note));
	al_buf_release(&note);
	return size;
}

/* The file and what is published follow the log. */
static inline void shows(struct world *w, uint64_t size)
{
	bool shown = false;

	for (int i = 0; i < GUARD_MS / 10 && !shown; i++) {
		shown = size_of_file(w) == size && size_of(w, al_slice_str(get(w, "/checkpoint"))) == size;
		if (!shown)
			pause_shortly();
	}
	assert_true(shown);
}

#endif
