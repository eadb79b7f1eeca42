/* SPDX-License-Identifier: MIT */
/*
 * test_service.c -- a small daemon in a child process: options, endpoints,
 * "ready", signals and exit codes.
 */
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

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	char bytes[256];
	int len;
	(void)user;
	while ((len = evbuffer_remove(in, bytes, sizeof(bytes))) > 0)
		al_conn_write(conn, bytes, (size_t)len);
	if (eof)
		al_conn_finish(conn);
}

static enum al_err echo_start(struct al_service *service, void **self)
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

static void echo_stop(void *self)
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

static struct child spawn(const struct al_service_def *def, const char *option)
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
static int reap(struct child *child, char *output, size_t cap)
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

static void write_conf(const char *text)
{
	FILE *file = fopen(conf_path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Reads "endpoint NAME ADDR:PORT" lines up to "ready"; keeps them without the first word. */
static void read_ready(struct child *child, char *out, size_t cap)
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

static uint16_t port_of(const char *endpoints, const char *name)
{
	const char *at = strstr(endpoints, name);
	assert_non_null(at);
	at = strstr(at, "127.0.0.1:");
	assert_non_null(at);
	unsigned long port = strtoul(at + strlen("127.0.0.1:"), NULL, 10);
	assert_true(port > 0 && port < 65536);
	return (uint16_t)port;
}

static int group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf_path, sizeof(conf_path), "%s/alamo.conf", dir);
	snprintf(endpoints_path, sizeof(endpoints_path), "%s/run/endpoints.d/test-echod", dir);
	return 0;
}

static int group_teardown(void **state)
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

/* ---- tests ---- */

#define ANY_PORTS "[network]\nlisten = 127.0.0.1\n[whois]\nport = 0\nhttp-port = 0\n"

static void read_endpoints(char *out, size_t cap)
{
	FILE *file = fopen(endpoints_path, "r");
	assert_non_null(file);
	out[fread(out, 1, cap - 1, file)] = '\0';
	fclose(file);
}

static void test_life(void **state)
{
	char said[512];
	char filed[512];
	char answer[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	read_endpoints(filed, sizeof(filed));
	assert_string_equal(said, filed);

	int fd = client_connect(port_of(said, "whois "));
	client_say(fd, "hello");
	client_expect(fd, "hello");
	int http = client_connect(port_of(said, "rdap "));
	client_say(http, "GET /metrics HTTP/1.0\r\n\r\n");
	assert_true(client_drain(http, answer, sizeof(answer)) > 0);
	assert_non_null(strstr(answer, "\nalamo_connections_open{listener=\"echo\"} 1\n"));
	close(http);

	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, answer, sizeof(answer)), 0);
	assert_non_null(strstr(answer, " info test-echod event=signal number=15\n"));
	close(fd);
}

static void test_ports_are_found_again(void **state)
{
	char first[512];
	char again[512];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, first, sizeof(first));
	kill(child.pid, SIGINT);
	assert_int_equal(reap(&child, NULL, 0), 0);

	child = spawn(&echo_def, NULL);
	read_ready(&child, again, sizeof(again));
	assert_string_equal(first, again);

	/* A second one, while the first has them, finds others. */
	struct child other = spawn(&echo_def, NULL);
	read_ready(&other, again, sizeof(again));
	assert_true(port_of(first, "whois ") != port_of(again, "whois "));
	kill(child.pid, SIGTERM);
	kill(other.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
	assert_int_equal(reap(&other, NULL, 0), 0);
}

static void test_addresses_share_the_port(void **state)
{
	char said[512];
	(void)state;
	write_conf("[network]\nlisten = 127.0.0.1\n[whois]\nlisten = 127.0.0.1, 127.0.0.2, ::1\nport = 0\nhttp-port = "
		   "0\n");
	unlink(endpoints_path);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	char want[64];
	snprintf(want, sizeof(want), "whois 127.0.0.2:%u\n", (unsigned)port_of(said, "whois "));
	assert_non_null(strstr(said, want));
	snprintf(want, sizeof(want), "whois [::1]:%u\n", (unsigned)port_of(said, "whois "));
	if (strstr(said, "::1") != NULL)
		assert_non_null(strstr(said, want));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

static void test_taken_port_is_fatal(void **state)
{
	char said[512];
	char text[256];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	snprintf(text, sizeof(text), "[network]\nlisten = 127.0.0.1\n[whois]\nport = %u\n",
		 (unsigned)port_of(said, "whois "));
	write_conf(text);
	struct child other = spawn(&echo_def, NULL);
	assert_int_equal(reap(&other, said, sizeof(said)), 1);
	assert_non_null(strstr(said, " event=start-failed error=exists\n"));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

static void test_check_prints_the_configuration(void **state)
{
	char said[16384];
	(void)state;
	write_conf("[whois]\nport = 7\n");
	struct child child = spawn(&echo_def, "-n");
	assert_int_equal(reap(&child, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "[whois]\n"));
	assert_non_null(strstr(said, "\nport = 7\n"));

	write_conf("[whois]\nport = seven\n");
	child = spawn(&echo_def, "-n");
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "/alamo.conf:2: port: \"seven\""));
	child = spawn(&echo_def, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, " error test-echod event=config reason="));
}

static void test_options(void **state)
{
	char said[4096];
	(void)state;
	write_conf(ANY_PORTS);
	static const struct {
		const char *option, *says;
		int code;
	} rows[] = {
		{ "-V", "test-echod ", 0 },
		{ "--version", "test-echod ", 0 },
		{ "-h", "usage: test-echod ", 0 },
		{ "--help", "usage: test-echod ", 0 },
		{ "-x", "", 2 },
		{ "--x", "", 2 },
		{ "word", "", 2 },
		{ "-r99x", "", 2 },
	};

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct child child = spawn(&echo_def, rows[i].option);

		assert_int_equal(reap(&child, said, sizeof(said)), rows[i].code);
		assert_int_equal(strncmp(said, rows[i].says, strlen(rows[i].says)), 0);
	}
}

/* ---- SIGHUP ---- */

/* What it said up to a line that has `word` in it; that line with all before it. */
static void read_until(struct child *child, const char *word, char *out, size_t cap)
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
static void reload(struct child *child, const char *text, const char *until, char *out, size_t cap)
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

static bool takes_one_more(uint16_t port)
{
	char word[8];
	int fd = client_connect(port);
	ssize_t len;
	client_say(fd, "x");
	len = recv(fd, word, sizeof(word), 0);
	close(fd);
	return len == 1;
}

static void test_reload(void **state)
{
	char said[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	uint16_t port = port_of(said, "whois ");
	int fd = client_connect(port);
	client_say(fd, "before");
	client_expect(fd, "before");
	assert_true(takes_one_more(port));

	reload(&child, ANY_PORTS "max-per-source = 1\nrdap-url = http://x/\n[dns]\nidle-seconds = 5\n",
	       "event=reloaded", said, sizeof(said));
	assert_non_null(strstr(said, "event=reload-key section=whois key=max-per-source value=\"1\"\n"));
	assert_non_null(strstr(said, "event=reloaded taken=2 waiting=0\n"));
	assert_null(strstr(said, "section=dns")); /* not its own */
	assert_false(takes_one_more(port));
	client_say(fd, "still here");
	client_expect(fd, "still here");

	/* Back, and what cannot change: it is named, and stays. */
	reload(&child, "[network]\nname = other\nlisten = 127.0.0.1\n[whois]\nport = 0\nhttp-port = 0\n",
	       "event=reloaded", said, sizeof(said));
	assert_non_null(strstr(said, " warn test-echod event=reload-waits section=network key=name reason="));
	assert_non_null(strstr(said, "event=reloaded taken=2 waiting=1\n"));
	assert_true(takes_one_more(port));
	client_say(fd, "as ever");
	client_expect(fd, "as ever");
	close(fd);
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

/* Nothing of a file with a mistake is taken; the mistake has its line. */
static void test_reload_refused(void **state)
{
	static const struct {
		const char *file, *says;
	} rows[] = {
		{ ANY_PORTS "max-per-source = 1\nport = 1\n", "/alamo.conf:7: port is given twice\"\n" },
		{ ANY_PORTS "max-per-source = 1\nidle-seconds = never\n", "/alamo.conf:7: idle-seconds: " },
		{ ANY_PORTS "max-per-source = 1\nidle-seconds = 13\n", "reason=\"thirteen seconds\"\n" },
	};
	char said[8192], answer[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	uint16_t port = port_of(said, "whois "), http_port = port_of(said, "rdap ");
	int fd = client_connect(port);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		reload(&child, rows[i].file, "event=reload-refused", answer, sizeof(answer));
		assert_non_null(strstr(answer, rows[i].says));
		assert_true(takes_one_more(port));
	}
	int http = client_connect(http_port);
	client_say(http, "GET /metrics HTTP/1.0\r\n\r\n");
	assert_true(client_drain(http, answer, sizeof(answer)) > 0);
	assert_non_null(strstr(answer, "\nalamo_conf_refused 1\n"));
	close(http);

	/* A file that is not there, and one that is none. */
	unlink(conf_path);
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	read_until(&child, "event=reload-refused", answer, sizeof(answer));
	assert_non_null(strstr(answer, "/alamo.conf: No such file or directory\"\n"));
	assert_int_equal(mkfifo(conf_path, 0600), 0);
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	read_until(&child, "event=reload-refused", answer, sizeof(answer));
	assert_non_null(strstr(answer, "/alamo.conf: is no regular file\"\n"));

	reload(&child, ANY_PORTS, "event=reloaded", answer, sizeof(answer));
	assert_non_null(strstr(answer, "event=reloaded taken=0 waiting=0\n"));
	client_say(fd, "all the time");
	client_expect(fd, "all the time");
	close(fd);
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

/* ---- files beside the configuration ---- */

/* The first says "good"; the second is not given, the third may be. */
static const char *files_read(void *self, const int *fds)
{
	char text[8] = "";
	(void)self;
	if (fds[1] != -1 || read(fds[0], text, sizeof(text) - 1) < 0)
		return "another file";
	return strcmp(text, "good") == 0 ? NULL : "no good file";
}

static enum al_err files_start(struct al_service *service, void **self)
{
	enum al_err err = al_service_read(service);
	return err == AL_OK ? echo_start(service, self) : err;
}

static void files_stop(void *self)
{
	if (self != NULL)
		echo_stop(self);
}

static void file_write(const char *name, const char *text)
{
	char path[96];
	FILE *file;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_files_are_read_again(void **state)
{
	static const char *const keys[] = { "tls-certificate", "tls-key", "tls-client-ca" };
	static const struct al_service_def def = { .name = "test-echod",
						   .start = files_start,
						   .stop = files_stop,
						   .section = "rpki",
						   .files = keys,
						   .file_count = AL_COUNT(keys),
						   .read = files_read };
	const char *conf = ANY_PORTS "[rpki]\ntls-certificate = first\ntls-client-ca = third\n";
	char said[8192], path[96];
	struct child child;
	(void)state;
	file_write("first", "bad");
	file_write("third", "");
	write_conf(conf);
	child = spawn(&def, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=file-refused reason=\"no good file\"\n"));

	file_write("first", "good");
	child = spawn(&def, NULL);
	read_ready(&child, said, sizeof(said));
	reload(&child, conf, "event=reloaded", said, sizeof(said));
	file_write("first", "bad");
	reload(&child, conf, "event=reload-refused", said, sizeof(said));
	assert_non_null(strstr(said, "reason=\"no good file\"\n"));
	snprintf(path, sizeof(path), "%s/third", dir);
	assert_int_equal(unlink(path), 0);
	reload(&child, conf, "event=reload-refused", said, sizeof(said));
	assert_non_null(strstr(said, "/third: No such file or directory\"\n"));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
	snprintf(path, sizeof(path), "%s/first", dir);
	assert_int_equal(unlink(path), 0);
}

/* Many at once, and the last file is the one that counts in the end. */
static void test_reload_again_and_again(void **state)
{
	char said[65536];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	for (int i = 0; i < 200; i++)
		assert_int_equal(kill(child.pid, SIGHUP), 0);
	reload(&child, ANY_PORTS "idle-seconds = 7\n", "key=idle-seconds value=\"7\"", said, sizeof(said));
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

/* ---- the service manager ---- */

/* A datagram of the manager's socket; "" when none comes. */
static void manager_hears(int fd, char *out, size_t cap)
{
	struct pollfd one = { fd, POLLIN, 0 };
	ssize_t len = poll(&one, 1, 20000) == 1 ? recv(fd, out, cap - 1, 0) : 0;

	assert_true(len >= 0);
	out[len] = '\0';
}

static int manager_listen(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void test_manager_is_told(void **state)
{
	char path[96], said[512];
	unsigned alive = 0;
	int manager;

	(void)state;
	snprintf(path, sizeof(path), "%s/notify", dir);
	manager = manager_listen(path);
	write_conf(ANY_PORTS);
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	struct child child = spawn(&echo_def, NULL);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_int_equal(strncmp(said, "READY=1\n", 8), 0);
	for (; alive < 3; alive++) {
		manager_hears(manager, said, sizeof(said));
		assert_string_equal(said, "WATCHDOG=1\n");
	}
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_int_equal(strncmp(said, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_string_equal(said, "READY=1\nSTATUS=configuration read again\n");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	do
		manager_hears(manager, said, sizeof(said));
	while (strcmp(said, "WATCHDOG=1\n") == 0);
	assert_string_equal(said, "STOPPING=1\n");
	assert_int_equal(reap(&child, NULL, 0), 0);
	close(manager);
	unlink(path);
}

/* A manager that is not there is no reason not to start. */
static void test_manager_is_gone(void **state)
{
	static const char *const names[] = { "/nonexistent/notify", "relative", "@", "" };
	char said[512];

	(void)state;
	write_conf(ANY_PORTS);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		struct child child = spawn(&echo_def, NULL);

		unsetenv("NOTIFY_SOCKET");
		read_ready(&child, said, sizeof(said));
		assert_int_equal(kill(child.pid, SIGTERM), 0);
		assert_int_equal(reap(&child, said, sizeof(said)), 0);
		assert_non_null(strstr(said, " warn test-echod event=notify "));
	}
}

/* In the journal a line has its weight, and neither a second time nor a second name; elsewhere it has both. */
static void test_journal(void **state)
{
	char stream[64], said[4096];
	int ends[2];
	struct stat st;

	(void)state;
	for (int journal = 0; journal < 2; journal++) {
		assert_int_equal(pipe(ends), 0);
		assert_int_equal(fstat(ends[1], &st), 0);
		snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
			 (uintmax_t)st.st_ino + (journal ? 0 : 1));
		fflush(NULL);
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			dup2(ends[1], STDERR_FILENO);
			setenv("JOURNAL_STREAM", stream, 1);
			al_log_init("test", AL_LOG_DEBUG);
			al_log(AL_LOG_ERROR, "bad", "a=1");
			al_log(AL_LOG_WARN, "odd", "%s", "");
			al_log(AL_LOG_INFO, "good", "b=2");
			al_log(AL_LOG_DEBUG, "dull", "%s", "");
			_exit(0);
		}
		close(ends[1]);
		FILE *file = fdopen(ends[0], "r");

		assert_non_null(file);
		said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
		fclose(file);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (journal)
			assert_string_equal(said, "<3>event=bad a=1\n<4>event=odd\n<6>event=good b=2\n<7>event=dull\n");
		else
			assert_non_null(strstr(said, "Z error test event=bad a=1\n"));
	}
}

/* Who has a port is named by whom may see it. */
static void test_holder(void **state)
{
	char who[AL_BIND_HOLDER_LEN], wanted[64], why[AL_BIND_WHY_LEN];
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int kinds[] = { SOCK_STREAM, SOCK_DGRAM };

	(void)state;
	snprintf(wanted, sizeof(wanted), "PID %ld (unit_common_tes)", (long)getpid());
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		int fd = socket(AF_INET, kinds[i] | SOCK_CLOEXEC, 0);

		addr.sin_port = 0;
		assert_true(fd >= 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_true(kinds[i] == SOCK_DGRAM || listen(fd, 1) == 0);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
		assert_true(al_bind_holder(ntohs(addr.sin_port), who));
		assert_string_equal(who, wanted);
		al_bind_why(EADDRINUSE, AL_S("127.0.0.1"), ntohs(addr.sin_port), why);
		assert_non_null(strstr(why, wanted));
		close(fd);
		assert_false(al_bind_holder(ntohs(addr.sin_port), who));
	}
}

static void test_why_not_here(void **state)
{
	static const struct {
		int number;
		uint16_t port;
		const char *why;
	} rows[] = {
		{ EACCES, 1023, "port 1023 needs CAP_NET_BIND_SERVICE: " },
		{ EPERM, 53, "port 53 needs CAP_NET_BIND_SERVICE: " },
		{ EACCES, 1024, "port 1024 is not allowed here" },
		{ EADDRNOTAVAIL, 53, "192.0.2.1 is not an address of this machine" },
		{ EAFNOSUPPORT, 53, "192.0.2.1: this machine does not speak that protocol" },
		{ ENOBUFS, 53, "192.0.2.1 port 53: No buffer space available" },
	};
	char why[AL_BIND_WHY_LEN], wanted[AL_BIND_WHY_LEN + 32];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		errno = 0;
		al_bind_failed("test", AL_S("192.0.2.1"), rows[i].port, rows[i].number);
		assert_int_equal(errno, rows[i].number);
		al_bind_why(rows[i].number, AL_S("192.0.2.1"), rows[i].port, why);
		assert_memory_equal(why, rows[i].why, strlen(rows[i].why));
		snprintf(wanted, sizeof(wanted), "error %s\n", why);
		assert_string_equal(al_bind_report(), wanted);
	}
	al_bind_failed("test", AL_S("192.0.2.1"), 1, EADDRINUSE);
	assert_ptr_equal(strstr(al_bind_report(), "taken 1\nerror port 1 at 192.0.2.1 is taken by "), al_bind_report());
}

/* ---- daemons that fail ---- */

static enum al_err refuse_start(struct al_service *service, void **self)
{
	(void)service;
	(void)self;
	return AL_EIO;
}

static void refuse_stop(void *self)
{
	al_log(AL_LOG_INFO, "stop-called", "self=%d", self != NULL);
}

static void fail_later(void *service)
{
	al_service_fail(service);
}

static enum al_err doomed_start(struct al_service *service, void **self)
{
	*self = service;
	return al_loop_post(al_service_loop(service), fail_later, service);
}

static void test_failures(void **state)
{
	static const struct al_service_def refuse = { .name = "test-refused",
						      .start = refuse_start,
						      .stop = refuse_stop };
	static const struct al_service_def doomed = { .name = "test-doomed",
						      .start = doomed_start,
						      .stop = refuse_stop };
	char said[4096];
	(void)state;
	write_conf("");
	struct child child = spawn(&refuse, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=stop-called self=0\n"));
	assert_non_null(strstr(said, "event=start-failed error=storage-failed\n"));
	child = spawn(&doomed, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=stop-called self=1\n"));
}

/* ---- log lines ---- */

static void test_log_quote(void **state)
{
	char out[AL_LOG_QUOTE_LEN];
	char text[300];
	(void)state;
	assert_string_equal(al_log_quote(AL_S("plain text"), out), "\"plain text\"");
	assert_string_equal(al_log_quote(AL_S("a\"b\\c\n\xff"), out), "\"a\\\"b\\\\c\\x0a\\xff\"");
	assert_string_equal(al_log_quote(AL_S(""), out), "\"\"");
	memset(text, 'x', sizeof(text));
	al_log_quote(al_slice_of(text, 100), out);
	assert_int_equal(strlen(out), 102);
	al_log_quote(al_slice_of(text, 101), out);
	assert_string_equal(out + strlen(out) - 5, "x...\"");
	memset(text, '\1', sizeof(text));
	al_log_quote(al_slice_of(text, sizeof(text)), out);
	assert_true(strlen(out) < AL_LOG_QUOTE_LEN);
	assert_string_equal(out + strlen(out) - 8, "\\x01...\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_ports_are_found_again),
		cmocka_unit_test(test_addresses_share_the_port),
		cmocka_unit_test(test_taken_port_is_fatal),
		cmocka_unit_test(test_check_prints_the_configuration),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_refused),
		cmocka_unit_test(test_reload_again_and_again),
		cmocka_unit_test(test_files_are_read_again),
		cmocka_unit_test(test_manager_is_told),
		cmocka_unit_test(test_manager_is_gone),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_holder),
		cmocka_unit_test(test_why_not_here),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_log_quote),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
