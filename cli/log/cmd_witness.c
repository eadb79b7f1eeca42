/*
 * cmd_witness.c -- `alamo witness`: remember a log's newest checkpoint, and
 * cosign what continues it.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/mirror.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"
#include "file.h"
#include "log_read.h"
#include "serve.h"

#define USAGE "DIR --listen ADDRESS:PORT --key FILE --log VKEY|FILE [--log ...] [--name NAME]"
#define LISTENS_MAX 8

struct options {
	const char *dir, *key, *name;
	const char *listens[LISTENS_MAX];
	size_t listen_count;
	struct al_vkey logs[AL_WITNESS_LOGS_MAX];
	size_t log_count;
};

static int options_read(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "key", required_argument, NULL, 'k' },
		{ "log", required_argument, NULL, 'g' },
		{ "name", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'k') {
			options->key = optarg;
		} else if (option == 'n') {
			options->name = optarg;
		} else if (option == 'l' && options->listen_count < LISTENS_MAX) {
			options->listens[options->listen_count++] = optarg;
		} else if (option == 'g' && options->log_count < AL_WITNESS_LOGS_MAX) {
			code = log_read_key(optarg, &options->logs[options->log_count++]);
			if (code != CLI_DONE)
				return code;
		} else {
			return command_usage("witness", USAGE);
		}
	}
	if (argc - optind != 1 || options->listen_count == 0 || options->key[0] == '\0' || options->log_count == 0)
		return command_usage("witness", USAGE);
	options->dir = argv[optind];
	return CLI_DONE;
}

/* ---- the key ---- */

static int key_make(const struct options *options, struct al_skey *key)
{
	char host[256] = "", name[300];
	struct al_buf text;
	int code = CLI_DONE;

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(name, sizeof(name), "%s/witness", host[0] != '\0' ? host : "localhost");
	if (al_witness_skey_generate(al_slice_str(options->name != NULL ? options->name : name), key) != AL_OK)
		return command_fail(CLI_USAGE, "no key can be called that");
	al_buf_init(&text, 4096);
	al_witness_skey_format(key, &text);
	al_buf_str(&text, "\n");
	if (text.err != AL_OK || file_write(options->key, al_buf_view(&text), 0400) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", options->key, strerror(errno));
	if (text.ptr != NULL)
		sodium_memzero(text.ptr, text.len);
	al_buf_release(&text);
	return code;
}

static int key_take(const struct options *options, struct al_skey *key)
{
	struct stat info;
	struct al_buf text;
	int code = CLI_DONE;
	enum al_err err;

	al_buf_init(&text, 4096);
	err = file_read(options->key, &text);
	if (err == AL_ENOTFOUND) {
		code = key_make(options, key);
	} else if (err != AL_OK) {
		code = command_fail(CLI_REFUSED, "%s: %s", options->key, strerror(errno));
	} else if (al_witness_skey_parse(al_slice_trim(al_buf_view(&text)), key) != AL_OK) {
		code = command_fail(CLI_USAGE, "%s holds no key of a witness", options->key);
	} else if (options->name != NULL && strcmp(options->name, key->pub.name) != 0) {
		code = command_fail(CLI_USAGE, "the key in %s is called %s", options->key, key->pub.name);
	} else if (stat(options->key, &info) == 0 && (info.st_mode & 077) != 0) {
		al_log(AL_LOG_WARN, "witness-key", "path=%s is readable by others", options->key);
	}
	if (text.ptr != NULL)
		sodium_memzero(text.ptr, text.len);
	al_buf_release(&text);
	return code;
}

/* The line that goes into policies, on standard output and as a file. */
static int key_show(const struct options *options, const struct al_skey *key)
{
	char path[PATH_MAX];
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, 4096);
	al_witness_vkey_format(&key->pub, &text);
	al_buf_str(&text, "\n");
	printf("witness %.*s", AL_FMT(al_buf_view(&text)));
	fflush(stdout);
	if (file_join(options->dir, "witness.pub", path, sizeof(path)) != AL_OK ||
	    al_note_save(path, al_buf_view(&text), true) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: witness.pub cannot be written", options->dir);
	al_buf_release(&text);
	return code;
}

/* ---- serving ---- */

static enum al_err bind_http(void *object, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_witness_listen(object, addr, port, bound);
}

static int witness_open(const struct options *options, const struct al_skey *key, struct al_loop *loop,
			struct al_witness_server **server)
{
	const struct al_witness_conf conf = { options->dir, key, options->logs, options->log_count };

	switch (al_witness_new(loop, &conf, server)) {
	case AL_OK:
		return CLI_DONE;
	case AL_EVERIFY:
		return command_fail(CLI_UNVERIFIED, "%s: what it remembers of a log is damaged", options->dir);
	case AL_EAGAIN:
		return command_fail(CLI_REFUSED, "%s is in use by another process", options->dir);
	case AL_EINVAL:
		return command_fail(CLI_USAGE, "two --log with the same origin");
	default:
		return command_fail(CLI_REFUSED, "%s cannot be opened", options->dir);
	}
}

static int witness_run(const struct options *options, const struct al_skey *key)
{
	struct al_witness_server *server = NULL;
	struct al_loop *loop = NULL;
	int code = al_loop_new(&loop) == AL_OK ? CLI_DONE : CLI_REFUSED;

	if (code == CLI_DONE)
		code = witness_open(options, key, loop, &server);
	if (code == CLI_DONE)
		code = key_show(options, key);
	for (size_t i = 0; code == CLI_DONE && i < options->listen_count; i++)
		code = serve_listen(bind_http, server, options->listens[i], "witness");
	if (code == CLI_DONE) {
		puts("ready");
		fflush(stdout);
		serve_run(loop);
	}
	al_witness_free(server);
	if (loop != NULL)
		al_loop_free(loop);
	return code;
}

int cmd_witness(int argc, char **argv)
{
	struct options options = { .key = "" };
	struct al_skey key;
	int code = options_read(argc, argv, &options);

	al_log_init("alamo-witness", AL_LOG_INFO);
	if (code == CLI_DONE)
		code = key_take(&options, &key);
	if (code != CLI_DONE)
		return code;
	code = witness_run(&options, &key);
	al_skey_wipe(&key);
	return code;
}
