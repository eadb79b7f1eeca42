/* SPDX-License-Identifier: MIT */
/*
 * test_registry.c -- the daemon as one: founded, started and stopped in
 * processes of its own, and what it shows of its log on the way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_rig.h"

#include "../common/loopback.h"
#include "../folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "authority_folder.h"
#include "genesis.h"
#include "registry.h"

static const char founding[] = "registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a "
			       "fca1:0:a::53\nmnt-by: HOST-MNT\nsource: TEST\n\n"
			       "mntner: HOST-MNT\nauth: @0@\nmnt-by: HOST-MNT\nsource: TEST\n";

struct world {
	struct registry_rig rig; /* of which the people are wanted, to sign */
	struct al_skey key;
	char dir[40], path[96];
	pid_t daemon;
	uint16_t requests, http;
};

static const char *path_of(struct world *w, const char *name)
{
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static int ended(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void found(struct world *w)
{
	struct al_buf raw;
	pid_t pid;

	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none none\n", founding, "0", &raw);
	folder_write(w->dir, "founding", al_buf_view(&raw));
	al_buf_release(&raw);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char conf[96], file[96], *files[] = { file };

		(void)strcpy(file, path_of(w, "founding"));
		(void)strcpy(conf, path_of(w, "alamo.conf"));
		_exit(genesis_main(conf, files, 1));
	}
	assert_int_equal(ended(pid), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	registry_rig_start(&w->rig);
	(void)strcpy(w->dir, "/tmp/alamo-registryd-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(mkdir(path_of(w, "keys"), 0700), 0);
	folder_write(w->dir, "alamo.conf",
		     AL_S("[network]\nname = test\nlisten = 127.0.0.1\n[registry]\nrequest-port = 0\nstream-port = 0\n"
			  "http-port = 0\nmin-free-disk = 0\n"));
	log_key_write(w->dir, &w->key);
	found(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	registry_rig_stop(&w->rig);
	(void)folder_remove(w->dir);
	free(w);
	return 0;
}

/* "endpoint NAME 127.0.0.1:PORT" lines, up to "ready". */
static void up(struct world *w)
{
	char line[128], name[32];
	int ready[2];
	unsigned port;
	FILE *said;

	assert_int_equal(pipe(ready), 0);
	w->daemon = fork();
	assert_true(w->daemon >= 0);
	if (w->daemon == 0) {
		char program[] = "alamo-registryd", c[] = "-c", r[] = "-r", conf[96], fd[12];
		char *argv[] = { program, c, conf, r, fd, NULL };

		(void)close(ready[0]);
		(void)strcpy(conf, path_of(w, "alamo.conf"));
		(void)snprintf(fd, sizeof(fd), "%d", ready[1]);
		(void)alarm(60);
		_exit(al_service_main(5, argv, &registry_service));
	}
	(void)close(ready[1]);
	said = fdopen(ready[0], "r");
	assert_non_null(said);
	w->requests = w->http = 0;
	while (fgets(line, sizeof(line), said) != NULL && strcmp(line, "ready\n") != 0)
		if (sscanf(line, "endpoint %31s 127.0.0.1:%u", name, &port) == 2) {
			w->requests = strcmp(name, "requests") == 0 ? (uint16_t)port : w->requests;
			w->http = strcmp(name, "log-http") == 0 ? (uint16_t)port : w->http;
		}
	(void)fclose(said);
	assert_true(w->requests != 0 && w->http != 0);
}

static void down(struct world *w)
{
	assert_int_equal(kill(w->daemon, SIGTERM), 0);
	assert_int_equal(ended(w->daemon), 0);
}

static const char *ask(uint16_t port, struct al_slice text)
{
	static char answer[65536];
	int fd = client_connect(port);

	client_send(fd, text.ptr, text.len);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_true(client_drain(fd, answer, sizeof(answer)) > 0);
	(void)close(fd);
	return answer;
}

static const char *get(const struct world *w, const char *path)
{
	char request[128];
	const char *body;

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
	body = strstr(ask(w->http, al_slice_str(request)), "\r\n\r\n");
	assert_non_null(body);
	return body + 4;
}

/* The size that a checkpoint signs; UINT64_MAX: it is none of ours. */
static uint64_t size_of(const struct world *w, struct al_slice note)
{
	struct al_checkpoint cp;

	return al_checkpoint_open(note, &w->key.pub, &cp) == AL_OK ? cp.size : UINT64_MAX;
}

static uint64_t size_of_file(struct world *w)
{
	uint64_t size = UINT64_MAX;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	if (al_note_load(path_of(w, "run/checkpoint"), &note) == AL_OK)
		size = size_of(w, al_buf_view(&note));
	al_buf_release(&note);
	return size;
}

/* The file and what is published follow the log; 10 seconds are far more than it takes. */
static void shows(struct world *w, uint64_t size)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	bool shown = false;

	for (int i = 0; i < 1000 && !shown; i++) {
		shown = size_of_file(w) == size && size_of(w, al_slice_str(get(w, "/checkpoint"))) == size;
		if (!shown)
			(void)nanosleep(&pause, NULL);
	}
	assert_true(shown);
}

static void the_log_is_shown(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	up(w);
	shows(w, 1);
	says(ask(w->requests, AL_S("show mntner HOST-MNT\n")), "mntner:         HOST-MNT\n");
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	says(get(w, "/metrics"), "\nalamo_registry_");
	down(w);
	/* What was accepted is there again; what stood in the file is made anew. */
	assert_int_equal(unlink(path_of(w, "run/checkpoint")), 0);
	up(w);
	says(ask(w->requests, al_buf_view(&raw)), "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	shows(w, 2);
	down(w);
	al_buf_release(&raw);
}

/* A host without room stores nothing, says so, and goes on; and it is no reason to end that somebody has the log saved. */
static void without_room(void **state)
{
	struct world *w = *state;
	struct al_buf raw;

	folder_write(w->dir, "alamo.conf",
		     AL_S("[network]\nname = test\nlisten = 127.0.0.1\n[registry]\nrequest-port = 0\nstream-port = 0\n"
			  "http-port = 0\nmin-free-disk = 1000000000\n"));
	up(w);
	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, "prev: none\n", ALICE, "1", &raw);
	says(ask(w->requests, al_buf_view(&raw)), "the registry's disk is nearly full");
	assert_int_equal(kill(w->daemon, SIGUSR1), 0);
	shows(w, 1);
	down(w);
	al_buf_release(&raw);
}

/* A ledger is of one key: with another one nothing is opened. */
static void another_key_opens_nothing(void **state)
{
	struct world *w = *state;
	pid_t pid;

	log_key_write(w->dir, &w->key);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char program[] = "alamo-registryd", c[] = "-c", conf[96], *argv[] = { program, c, conf, NULL };

		(void)strcpy(conf, path_of(w, "alamo.conf"));
		(void)alarm(60);
		_exit(al_service_main(3, argv, &registry_service));
	}
	assert_int_equal(ended(pid), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_log_is_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(without_room, setup, teardown),
		cmocka_unit_test_setup_teardown(another_key_opens_nothing, setup, teardown),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
