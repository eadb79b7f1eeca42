/* SPDX-License-Identifier: MIT */
/*
 * cmd_witness.c -- `alamo witness`: remember a log's newest checkpoint, and
 * cosign what continues it.
 */
#include "command.h"

#include <errno.h>
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

#define LISTENS_MAX 8

struct options {
	const char *dir, *key, *name;
	struct option_list listens, log;
	struct al_vkey logs[AL_WITNESS_LOGS_MAX]; /* made of `log` */
};

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
	const struct al_witness_conf conf = { options->dir, key, options->logs, options->log.count };

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
	for (size_t i = 0; code == CLI_DONE && i < options->listens.count; i++)
		code = serve_listen(bind_http, server, options->listens.values[i], "witness");
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

static int run(const struct words *words, const void *arg)
{
	struct options options = *(const struct options *)arg;
	struct al_skey key;
	int code = CLI_DONE;

	options.dir = words->word[0];
	al_log_init("alamo-witness", AL_LOG_INFO);
	for (size_t i = 0; code == CLI_DONE && i < options.log.count; i++)
		code = log_read_key(options.log.values[i], &options.logs[i]);
	if (code == CLI_DONE)
		code = key_take(&options, &key);
	if (code != CLI_DONE)
		return code;
	code = witness_run(&options, &key);
	al_skey_wipe(&key);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "listen",
	  .arg = "ADDRESS:PORT",
	  .needed = true,
	  .most = LISTENS_MAX,
	  OPTION_AT(struct options, listens),
	  .meaning = "where the witness listens" },
	{ .name = "key",
	  .letter = 'k',
	  .arg = "FILE",
	  .needed = true,
	  OPTION_AT(struct options, key),
	  .meaning = "the witness's key; it is made when it is not there" },
	{ .name = "log",
	  .arg = "VKEY|FILE",
	  .needed = true,
	  .most = AL_WITNESS_LOGS_MAX,
	  OPTION_AT(struct options, log),
	  .meaning = "key of a log that is watched" },
	{ .name = "name",
	  .arg = "NAME",
	  OPTION_AT(struct options, name),
	  .meaning = "name of the key",
	  .fallback = "HOSTNAME/witness" },
};

const struct command command_witness = {
	.name = "witness",
	.group = GROUP_LOG,
	.help = "cosign checkpoints that continue what was seen",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
