/* SPDX-License-Identifier: MIT */
/*
 * roa_serve.c -- `alamo roa serve`: `fetch` again and again, and an alamo-rpkid that serves what is verified to routers.
 *
 * The daemon is a child with a configuration of its own in DIR. It gets SIGTERM from the kernel when we end, however
 * that is, and we end when it does.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/tlog/keys.h"
#include "file.h"
#include "roa.h"

#define EVERY_S 60

static int put(const char *dir, const char *name, struct al_slice bytes)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK || file_write(path, bytes, 0644) != AL_OK)
		return command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
	return CLI_DONE;
}

static int folder(const char *dir, const char *name)
{
	char path[PATH_MAX];

	if (file_join(dir, name, path, sizeof(path)) != AL_OK || (mkdir(path, 0755) != 0 && errno != EEXIST))
		return command_fail(CLI_REFUSED, "%s/%s: %s", dir, name, strerror(errno));
	return CLI_DONE;
}

/* The brake is the fetcher's here: what it lets into the folder is served. */
static int conf_put(const struct roa_options *options, const struct al_vkey *log)
{
	uint64_t port = options->port.given ? options->port.value : 323;
	uint64_t http = options->http_port.given ? options->http_port.value : 0;
	const char *listen = options->listen != NULL ? options->listen : "127.0.0.1, ::1";
	struct al_buf conf, key;
	int code;

	al_buf_init(&conf, 4096);
	al_buf_init(&key, AL_NOTE_MAX);
	al_log_key_format(log, &key);
	al_buf_printf(&conf,
		      "# Written by `alamo roa serve` at each start.\n[network]\nlisten = %s\n[log]\nkey = log.pub\n"
		      "[rpki]\nport = %llu\nhttp-port = %llu\nsource = .\nbrake-percent = 100\n",
		      listen, (unsigned long long)port, (unsigned long long)http);
	code = conf.err == AL_OK && key.err == AL_OK && strpbrk(listen, "\r\n") == NULL
		       ? folder(options->into, "run")
		       : command_fail(CLI_USAGE, "--listen: addresses separated by commas, on one line");
	if (code == CLI_DONE)
		code = put(options->into, "log.pub", al_buf_view(&key));
	if (code == CLI_DONE)
		code = put(options->into, "alamo.conf", al_buf_view(&conf));
	al_buf_release(&conf);
	al_buf_release(&key);
	return code;
}

static int daemon_start(const struct roa_options *options, pid_t *out)
{
	char program[PATH_MAX], conf[PATH_MAX];
	char *argv[] = { program, (char[]){ "-c" }, conf, NULL };
	pid_t pid, parent;

	if (file_program("alamo-rpkid", program, sizeof(program)) != AL_OK ||
	    file_join(options->into, "alamo.conf", conf, sizeof(conf)) != AL_OK)
		return command_fail(CLI_REFUSED, "the path is too long");
	parent = getpid();
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent) {
			(void)execvp(program, argv);
			(void)command_fail(CLI_REFUSED, "%s: %s: it belongs beside alamo, or in PATH", program,
					   strerror(errno));
		}
		_exit(127);
	}
	if (pid < 0)
		return command_fail(CLI_REFUSED, "alamo-rpkid: %s", strerror(errno));
	*out = pid;
	return CLI_DONE;
}

/* Until a signal ends us, or the daemon its own life. What the fetches say goes to standard error. */
static int serve_loop(const struct words *words, const struct roa_options *options, pid_t daemon)
{
	uint64_t every = options->every.given ? options->every.value : EVERY_S;

	for (;;) {
		for (uint64_t second = 0; second < every; second++) {
			(void)sleep(1);
			if (waitpid(daemon, NULL, WNOHANG) == daemon)
				return command_fail(CLI_REFUSED, "alamo-rpkid ended");
		}
		(void)roa_fetch(words, options);
	}
}

int roa_serve(const struct words *words, const void *arg)
{
	const struct roa_options *options = arg;
	struct al_vkey log;
	pid_t pid = 0;
	int code = log_read_key(options->log_key, &log);

	if (code == CLI_DONE && mkdir(options->into, 0755) != 0 && errno != EEXIST)
		code = command_fail(CLI_REFUSED, "%s: %s", options->into, strerror(errno));
	if (code == CLI_DONE)
		code = conf_put(options, &log);
	if (code != CLI_DONE)
		return code;
	/* Before the first fetch, which may wait long: routers are answered from what was kept, or held until there is something. */
	code = daemon_start(options, &pid);
	if (code == CLI_DONE)
		(void)roa_fetch(words, options);
	return code == CLI_DONE ? serve_loop(words, options, pid) : code;
}
