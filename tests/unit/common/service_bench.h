/* SPDX-License-Identifier: MIT */
/*
 * service_bench.h -- a small daemon in a child process, its configuration, what it says and how it is told to read that
 * again. For tests only.
 */
#ifndef TESTS_SERVICE_BENCH_H
#define TESTS_SERVICE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loopback.h"

#include <event2/buffer.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "alamo/base/log.h"
#include "alamo/net/bind.h"
#include "alamo/net/metrics.h"
#include "alamo/net/service.h"

static char dir[] = "/tmp/alamo-service-XXXXXX";
static char conf_path[64];
static char endpoints_path[96];

/* ---- the daemon: echo over TCP, /metrics over HTTP ---- */

struct echo {
	struct al_listener *listener;
	struct al_http *http;
};

static inline void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	char bytes[256];
	int len;
	(void)user;
	while ((len = evbuffer_remove(in, bytes, sizeof(bytes))) > 0)
		al_conn_write(conn, bytes, (size_t)len);
	if (eof)
		al_conn_finish(conn);
}

static inline enum al_err echo_start(struct al_service *service, void **self)
{
	static const struct al_conn_ops ops = { .data = on_data };
	static const struct al_listener_conf conf = {
		.name = "echo", .max_conns = 10, .max_per_source = 10, .in_max = 100, .out_max = 1000, .idle_ms = 60000
	};
	static struct echo echo;
	*self = &echo;
	enum al_err err = al_listener_new(al_service_loop(service), &conf, &ops, NULL, &echo.listener);
	if (err == AL_OK)
		err = al_service_listen(service, echo.listener, "whois", "port", "whois");
	if (err == AL_OK)
		err = al_http_new(al_service_loop(service), &echo.http);
	if (err == AL_OK)
		err = al_http_route(echo.http, "/metrics", al_metrics_http, NULL);
	if (err == AL_OK)
		err = al_service_http(service, echo.http, "whois", "http-port", "rdap");
	if (err == AL_OK)
		al_service_ready(service);
	return err;
}

static inline void echo_stop(void *self)
{
	struct echo *echo = self;
	al_listener_free(echo->listener);
	al_http_free(echo->http);
}

/* A place for each of [whois] max-per-source; an idle time of 13 s it does not like. */
static const char *echo_reload(void *self, const struct al_conf *next)
{
	struct echo *echo = self;
	size_t places = (size_t)al_conf_u64(next, "whois", "max-per-source");
	const struct al_listener_limits limits = { 10, places, 60000, 0 };
	if (al_conf_u64(next, "whois", "idle-seconds") == 13)
		return "thirteen seconds";
	al_listener_limit(echo->listener, &limits);
	return NULL;
}

static const struct al_service_def echo_def = {
	.name = "test-echod", .start = echo_start, .stop = echo_stop, .section = "whois", .reload = echo_reload
};

/* ---- children ---- */

struct child {
	pid_t pid;
	FILE *ready;  /* what it says on its -r descriptor */
	FILE *output; /* stdout and stderr */
};

static inline struct child spawn(const struct al_service_def *def, const char *option)
{
	int ready[2];
	int output[2];
	struct child child;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(output), 0);
	fflush(NULL);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		char fd[12];
		char name[] = "test";
		char c[] = "-c", r[] = "-r", opt[16];
		snprintf(fd, sizeof(fd), "%d", ready[1]);
		snprintf(opt, sizeof(opt), "%s", option != NULL ? option : "");
		char *argv[] = { name, c, conf_path, r, fd, option != NULL ? opt : NULL, NULL };
		close(ready[0]);
		dup2(output[1], STDOUT_FILENO);
		dup2(output[1], STDERR_FILENO);
		alarm(60);
		int code = al_service_main(option != NULL ? 6 : 5, argv, def);
		fflush(NULL);
		_exit(code);
	}
	close(ready[1]);
	close(output[1]);
	child.ready = fdopen(ready[0], "r");
	child.output = fdopen(output[0], "r");
	assert_non_null(child.ready);
	assert_non_null(child.output);
	return child;
}

/* Exit code; *output, when asked for, gets what was said. */
static inline int reap(struct child *child, char *output, size_t cap)
{
	int status;
	char waste[1024];
	size_t len = output != NULL ? fread(output, 1, cap - 1, child->output) : 0;
	if (output != NULL)
		output[len] = '\0';
	while (fread(waste, 1, sizeof(waste), child->output) > 0)
		;
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	fclose(child->ready);
	fclose(child->output);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline void write_conf(const char *text)
{
	FILE *file = fopen(conf_path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Reads "endpoint NAME ADDR:PORT" lines up to "ready"; keeps them without the first word. */
static inline void read_ready(struct child *child, char *out, size_t cap)
{
	char line[128];
	size_t len = 0;
	out[0] = '\0';
	while (fgets(line, sizeof(line), child->ready) != NULL) {
		if (strcmp(line, "ready\n") == 0)
			return;
		assert_int_equal(strncmp(line, "endpoint ", 9), 0);
		len += (size_t)snprintf(out + len, cap - len, "%s", line + 9);
		assert_true(len < cap);
	}
	fail_msg("never ready");
}

static inline uint16_t port_of(const char *endpoints, const char *name)
{
	const char *at = strstr(endpoints, name);
	assert_non_null(at);
	at = strstr(at, "127.0.0.1:");
	assert_non_null(at);
	unsigned long port = strtoul(at + strlen("127.0.0.1:"), NULL, 10);
	assert_true(port > 0 && port < 65536);
	return (uint16_t)port;
}

static inline int group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf_path, sizeof(conf_path), "%s/alamo.conf", dir);
	snprintf(endpoints_path, sizeof(endpoints_path), "%s/run/endpoints.d/test-echod", dir);
	return 0;
}

static inline int group_teardown(void **state)
{
	char path[128];
	(void)state;
	unlink(endpoints_path);
	unlink(conf_path);
	snprintf(path, sizeof(path), "%s/run/endpoints.d", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/run", dir);
	rmdir(path);
	return rmdir(dir);
}

#define ANY_PORTS "[network]\nlisten = 127.0.0.1\n[whois]\nport = 0\nhttp-port = 0\n"

static inline void read_endpoints(char *out, size_t cap)
{
	FILE *file = fopen(endpoints_path, "r");
	assert_non_null(file);
	out[fread(out, 1, cap - 1, file)] = '\0';
	fclose(file);
}

/* What it said up to a line that has `word` in it; that line with all before it. */
static inline void read_until(struct child *child, const char *word, char *out, size_t cap)
{
	size_t len = 0;
	char line[1024];
	out[0] = '\0';
	while (fgets(line, sizeof(line), child->output) != NULL) {
		len += (size_t)snprintf(out + len, cap - len, "%s", line);
		assert_true(len < cap);
		if (strstr(line, word) != NULL)
			return;
	}
	fail_msg("never said: %s", word);
}

/* As an editor saves: another file in its place. Then SIGHUP. */
static inline void reload(struct child *child, const char *text, const char *until, char *out, size_t cap)
{
	char other[80];
	snprintf(other, sizeof(other), "%s.new", conf_path);
	FILE *file = fopen(other, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(other, conf_path), 0);
	assert_int_equal(kill(child->pid, SIGHUP), 0);
	read_until(child, until, out, cap);
}

#endif
