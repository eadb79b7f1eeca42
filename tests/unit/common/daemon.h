/* SPDX-License-Identifier: MIT */
/*
 * daemon.h -- a daemon that follows a log on a thread of its own, behind the real stream server over a log in memory,
 * and how it is asked. It is not confined here, or nobody could look for what it leaves behind.
 */
#ifndef TESTS_DAEMON_H
#define TESTS_DAEMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../folder.h"
#include "loopback.h"

#include "alamo/follow/stream.h"
#include "alamo/net/sandbox.h"
#include "alamo/net/service.h"
#include "alamo/rpsl/entry.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/tree.h"
#include "alamo/tlog/witness.h"

#define LOG_MAX 16
#define TIME UINT64_C(1764547200)
#define AGE_S 7200
#define ENDPOINTS 4

/* What is run. */
struct daemon_def {
	const struct al_service_def *service;
	const char *base; /* of its configuration */
	const char *last; /* endpoint that it opens */
};

static struct world {
	const struct daemon_def *def;
	char dir[40], path[96], confined[128];
	struct al_skey key;
	struct al_buf entry[LOG_MAX];
	uint64_t size, dates;
	struct al_tree *tree;
	struct al_stream *stream;
	struct al_service *service;
	pthread_t daemon;
	int code, ready;
	FILE *said;
	struct {
		char name[32];
		uint16_t port;
	} endpoints[ENDPOINTS];
	sem_t done;
	const char *add; /* objects of the next entry */
	bool silent;     /* nobody can follow the log, until on_voice() */
} world;

/* What is asked for, instead of being had. */
enum al_err al_sandbox(const struct al_conf *conf, const struct al_sandbox_path *paths, size_t count)
{
	struct al_buf text;
	enum al_err err;

	(void)conf;
	al_buf_init(&text, sizeof(world.confined));
	for (size_t i = 0; i < count; i++)
		al_buf_printf(&text, "%s%s ", paths[i].access == AL_SANDBOX_WRITE ? "+" : "", paths[i].key);
	err = al_slice_copy(al_buf_view(&text), world.confined, sizeof(world.confined));
	al_buf_release(&text);
	return err;
}

static inline const char *path_of(const char *name)
{
	(void)snprintf(world.path, sizeof(world.path), "%s/%s", world.dir, name);
	return world.path;
}

static inline void write_conf(const char *lines)
{
	FILE *file = fopen(path_of("alamo.conf"), "we");

	assert_non_null(file);
	assert_true(fprintf(file, "%s%s", world.def->base, lines) > 0);
	assert_int_equal(fclose(file), 0);
}

/* ---- the log; once the daemon runs, on its loop ---- */

static inline void append(const char *objects)
{
	static const char results[] = { AL_CREATE, AL_CREATE };
	struct al_entry entry = { .index = world.size, .time = TIME + world.size, .kind = AL_S("request") };
	struct al_buf *bytes = &world.entry[world.size++], body;
	struct al_hash leaf;

	al_buf_init(&body, 65536);
	al_buf_printf(&body, "request: test\nprev: none\n\n%s", objects);
	entry.body = al_buf_view(&body);
	entry.result = al_slice_of(results, strstr(objects, "\n\n") != NULL ? 2 : 1);
	al_buf_init(bytes, AL_ENTRY_MAX);
	if (al_entry_encode(&entry, bytes) != AL_OK)
		abort();
	leaf = al_leaf_hash(al_buf_view(bytes));
	if (al_tree_push(world.tree, &leaf) != AL_OK)
		abort();
	al_buf_release(&body);
}

/* `date` 0: none. */
static inline void note_make(uint64_t size, uint64_t date, struct al_buf *out)
{
	struct al_checkpoint cp = { size, al_tree_root(world.tree, size) };
	struct al_skey dating;
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_buf_init(out, 4096);
	al_checkpoint_format(al_slice_str(world.key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &world.key, out);
	al_skey_dating(&world.key, &dating);
	if (date > 0)
		al_cosign(al_buf_view(&text), &dating, date, out);
	al_buf_release(&text);
}

static inline enum al_err read_log(void *source, uint64_t from, size_t max_bytes, al_stream_read_fn done, void *token)
{
	struct al_slice entries[LOG_MAX];
	struct al_stream_batch batch = { .first = from, .count = world.size - from, .entries = entries };
	struct al_buf note;

	(void)source;
	(void)max_bytes;
	for (uint64_t i = from; i < world.size; i++)
		entries[i - from] = al_buf_view(&world.entry[i]);
	note_make(world.size, 0, &note);
	batch.note = al_buf_view(&note);
	done(token, AL_OK, &batch);
	al_buf_release(&note);
	return AL_OK;
}

/* One entry more, which was appended before. */
static inline void on_more(void *arg)
{
	struct al_slice entry = al_buf_view(&world.entry[world.size]);
	struct al_stream_batch batch = { .first = world.size, .count = 1, .entries = &entry };
	struct al_buf note;

	(void)arg;
	note_make(++world.size, 0, &note);
	batch.note = al_buf_view(&note);
	al_stream_publish(world.stream, &batch);
	al_buf_release(&note);
	(void)sem_post(&world.done);
}

static inline void on_add(void *arg)
{
	append(world.add);
	world.size--;
	on_more(arg);
}

static inline void on_date(void *arg)
{
	struct al_buf note;

	(void)arg;
	note_make(world.size, al_now_s() - AGE_S + ++world.dates, &note);
	al_stream_dated(world.stream, world.size, al_buf_view(&note));
	al_buf_release(&note);
	(void)sem_post(&world.done);
}

static inline void on_loop(void (*fn)(void *arg))
{
	assert_int_equal(al_loop_post(al_service_loop(world.service), fn, NULL), AL_OK);
	assert_true(guard_wait(&world.done));
}

static inline void add(const char *objects)
{
	world.add = objects;
	on_loop(on_add);
}

/* ---- the daemon ---- */

static inline enum al_err speak(void)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "%s/run/log.sock", world.dir);
	return al_listener_unix(al_stream_local(world.stream), path);
}

static inline void on_voice(void *arg)
{
	(void)arg;
	if (speak() != AL_OK)
		abort();
	(void)sem_post(&world.done);
}

static inline void on_silence(void *arg)
{
	(void)arg;
	al_stream_free(world.stream);
	world.stream = NULL;
	(void)sem_post(&world.done);
}

static inline enum al_err start(struct al_service *service, void **self)
{
	struct al_buf note;
	enum al_err err;

	world.service = service;
	note_make(world.size, 0, &note);
	err = al_stream_new(al_service_loop(service), &AL_STREAM_LIMITS, read_log, NULL, world.size, al_buf_view(&note),
			    &world.stream);
	if (err == AL_OK && !world.silent)
		err = speak();
	al_buf_release(&note);
	return err == AL_OK ? world.def->service->start(service, self) : err;
}

static inline void stop(void *self)
{
	world.def->service->stop(self);
	al_stream_free(world.stream);
}

static inline void *run(void *arg)
{
	struct al_service_def def = *world.def->service;
	char program[] = "daemon", c[] = "-c", r[] = "-r", conf[96], fd[12];
	char *argv[] = { program, c, conf, r, fd, NULL };

	(void)snprintf(conf, sizeof(conf), "%s/alamo.conf", world.dir);
	(void)snprintf(fd, sizeof(fd), "%d", world.ready);
	def.start = start;
	def.stop = stop;
	world.code = al_service_main(5, argv, &def);
	return arg;
}

static inline uint16_t port_of(const char *endpoint)
{
	for (size_t i = 0; i < ENDPOINTS; i++)
		if (strcmp(world.endpoints[i].name, endpoint) == 0)
			return world.endpoints[i].port;
	fail();
	return 0;
}

static inline void endpoint_add(const char *name, unsigned port)
{
	size_t i = 0;

	while (i < ENDPOINTS && world.endpoints[i].port != 0)
		i++;
	assert_true(i < ENDPOINTS && port != 0);
	(void)strcpy(world.endpoints[i].name, name);
	world.endpoints[i].port = (uint16_t)port;
}

/* Lines of what it says to who started it, to the first that is `last`. */
static inline bool hear(const char *last)
{
	char line[128], name[32];
	unsigned port;

	while (fgets(line, sizeof(line), world.said) != NULL) {
		if (sscanf(line, "endpoint %31s 127.0.0.1:%u", name, &port) == 2)
			endpoint_add(name, port);
		if (strncmp(line, last, strlen(last)) == 0)
			return true;
	}
	return false;
}

static inline void begin(void)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	world.ready = ends[1];
	world.said = fdopen(ends[0], "r");
	assert_non_null(world.said);
	memset(world.endpoints, 0, sizeof(world.endpoints));
	assert_int_equal(pthread_create(&world.daemon, NULL, run, NULL), 0);
}

static inline int ended(void)
{
	assert_int_equal(pthread_join(world.daemon, NULL), 0);
	(void)fclose(world.said);
	return world.code;
}

/* It listens. */
static inline void up(void)
{
	char last[64];

	begin();
	(void)snprintf(last, sizeof(last), "endpoint %s ", world.def->last);
	assert_true(hear(last));
}

static inline void down(void)
{
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(ended(), 0);
}

/* Empty: it ended before its end. */
static inline const char *answer_to(uint16_t port, const char *question)
{
	static char answer[1u << 20];
	int fd = client_connect(port);

	(void)send(fd, question, strlen(question), MSG_NOSIGNAL);
	if (client_drain(fd, answer, sizeof(answer)) < 0)
		answer[0] = '\0';
	(void)close(fd);
	return answer;
}

static inline const char *get_at(const char *endpoint, const char *path)
{
	char question[256];

	(void)snprintf(question, sizeof(question), "GET %s HTTP/1.1\r\nHost: w.test\r\nConnection: close\r\n\r\n",
		       path);
	return answer_to(port_of(endpoint), question);
}

/* What comes after something else: 20 seconds are far more than it takes. */
static inline void comes(const char *(*ask)(const char *what), const char *what, const char *want, bool there)
{
	const struct timespec nap = { .tv_nsec = 10000000 };

	for (int i = 0; i < GUARD_S * 100; i++) {
		if ((strstr(ask(what), want) != NULL) == there)
			return;
		(void)nanosleep(&nap, NULL);
	}
	print_error("%s: %s\n%s\n", what, want, ask(what));
	fail();
}

static inline void says(const char *text, const char *want)
{
	if (strstr(text, want) == NULL) {
		print_error("no \"%s\" in\n%s\n", want, text);
		fail();
	}
}

/* Reads on until it has come. */
static inline void reads(int fd, const char *want)
{
	char got[65536] = "";
	size_t len = 0;

	do {
		ssize_t n = recv(fd, got + len, sizeof(got) - 1 - len, 0);

		if (n <= 0)
			print_error("no \"%s\" in\n%s\n", want, got);
		assert_true(n > 0);
		len += (size_t)n;
		got[len] = '\0';
	} while (strstr(got, want) == NULL);
}

/* What it writes to its log from now on, to log_end(). */
static inline int log_begin(void)
{
	int was = dup(STDERR_FILENO), file = open(path_of("said"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(was >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	(void)close(file);
	return was;
}

static inline const char *log_text(const char *unused)
{
	static char text[65536];
	FILE *file = fopen(path_of("said"), "re");

	(void)unused;
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	(void)fclose(file);
	return text;
}

static inline void log_end(int was)
{
	assert_true(dup2(was, STDERR_FILENO) >= 0);
	(void)close(was);
}

/* ---- a folder for each ---- */

static inline void write_key(void)
{
	struct al_buf text;

	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &world.key), AL_OK);
	al_buf_init(&text, 1024);
	al_vkey_format(&world.key.pub, &text);
	assert_int_equal(al_note_save(path_of("keys/log.pub"), al_buf_view(&text), false), AL_OK);
	al_buf_release(&text);
}

/* A folder and an empty log. */
static inline void world_open(const struct daemon_def *def)
{
	memset(&world, 0, sizeof(world));
	world.def = def;
	(void)strcpy(world.dir, "/tmp/alamo-daemon-XXXXXX");
	assert_non_null(mkdtemp(world.dir));
	assert_int_equal(mkdir(path_of("keys"), 0700), 0);
	assert_int_equal(mkdir(path_of("run"), 0700), 0);
	assert_int_equal(sem_init(&world.done, 0, 0), 0);
	assert_int_equal(al_tree_new(&world.tree), AL_OK);
	write_key();
}

static inline int teardown(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < world.size; i++)
		al_buf_release(&world.entry[i]);
	al_tree_free(world.tree);
	assert_int_equal(sem_destroy(&world.done), 0);
	(void)folder_remove(world.dir);
	return 0;
}

#endif
