/* SPDX-License-Identifier: MIT */
/*
 * cmd_mirror.c -- `alamo mirror`: keep a verified copy of a log, and serve it.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/mirror.h"
#include "log_read.h"
#include "progress.h"
#include "serve.h"
#include "settings.h"

#define LISTENS_MAX 8
#define CONNECT_MS 5000 /* --once: no connection for so long: give up */
#define DROPS_MAX 3     /* --once: connections lost without progress */

struct options {
	const char *dir, *from, *key, *http;
	struct option_list listens;
	struct option_number stale;
	bool once;
};

struct mirroring {
	struct al_loop *loop;
	struct al_mirror *mirror;
	struct al_timer *timer; /* --once only, else NULL */
	char address[PATH_MAX];
	bool ready;
	bool linked;
	unsigned drops;
	uint64_t patience_ms;     /* --once: connected, and no verified head */
	struct progress progress; /* --once */
	uint64_t tip;             /* how far the source's log goes */
	bool ended;               /* by us, and not by a signal */
	int code;
};

static void end(struct mirroring *m, int code)
{
	m->code = code;
	m->ended = true;
	al_loop_stop(m->loop);
}

static void ready_say(struct mirroring *m)
{
	if (m->ready)
		return;
	m->ready = true;
	puts("ready");
	fflush(stdout);
}

static void on_head(void *arg, uint64_t size)
{
	struct mirroring *m = arg;

	m->drops = 0;
	if (m->timer != NULL) {
		al_timer_set(m->timer, m->patience_ms);
		progress_step(&m->progress, size, m->tip);
	} else {
		ready_say(m);
	}
}

static void on_tip(void *arg, uint64_t size)
{
	struct mirroring *m = arg;

	m->tip = size;
}

static void on_present(void *arg)
{
	struct mirroring *m = arg;

	if (m->timer != NULL && al_mirror_size(m->mirror) > 0)
		end(m, CLI_DONE);
}

static void on_link(void *arg, bool up)
{
	struct mirroring *m = arg;

	if (m->timer == NULL)
		return;
	if (up && !m->linked)
		al_timer_set(m->timer, m->patience_ms);
	m->linked = m->linked || up;
	if (!up && ++m->drops >= DROPS_MAX)
		end(m, command_fail(CLI_UNVERIFIED,
				    "%s is no log stream, or one that breaks off (a registry's is on port 4344)",
				    m->address));
}

static void on_fork(void *arg, const char *text)
{
	struct mirroring *m = arg;

	m->code = command_fail(CLI_UNVERIFIED, "%s", text);
	/* What is verified is served on: somebody has to have it. */
	if (m->timer != NULL)
		end(m, m->code);
}

static void on_failed(void *arg, enum al_err err)
{
	end(arg, command_fail(CLI_REFUSED, "the copy cannot be written (%s)", al_err_name(err)));
}

static void on_time(void *arg)
{
	struct mirroring *m = arg;

	if (m->linked)
		end(m, command_fail(CLI_UNVERIFIED, "the stream at %s gives no head that verifies", m->address));
	else
		end(m, command_fail(CLI_OFFLINE, "no connection to the log stream at %s", m->address));
}

static int mirror_open(struct mirroring *m, const struct options *options, const struct al_vkey *key)
{
	const struct al_mirror_conf conf = {
		.dir = options->dir,
		.from = m->address,
		.key = *key,
		.stale_s = options->stale.value,
		.head = on_head,
		.link = on_link,
		.tip = on_tip,
		.present = on_present,
		.fork = on_fork,
		.failed = on_failed,
		.arg = m,
	};
	enum al_err err = al_loop_new(&m->loop);

	if (err == AL_OK && options->once)
		err = al_timer_new(m->loop, on_time, m, &m->timer);
	if (err == AL_OK)
		err = al_mirror_new(m->loop, &conf, &m->mirror);
	switch (err) {
	case AL_OK:
		return CLI_DONE;
	case AL_EVERIFY:
		return command_fail(CLI_UNVERIFIED,
				    "%s is damaged: what it has is not what its checkpoint signs. "
				    "Move it away and let it be fetched again.",
				    options->dir);
	case AL_EDENIED:
		return command_fail(CLI_USAGE, "%s is a copy of another log (%s/log.pub)", options->dir, options->dir);
	case AL_EAGAIN:
		return command_fail(CLI_REFUSED, "%s is in use by another process", options->dir);
	default:
		return command_fail(CLI_REFUSED, "%s: %s", options->dir, al_err_name(err));
	}
}

static enum al_err bind_stream(void *object, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_mirror_listen(object, addr, port, bound);
}

static enum al_err bind_http(void *object, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_mirror_http(object, addr, port, bound);
}

static int mirror_run(struct mirroring *m, const struct options *options)
{
	int code = CLI_DONE;

	for (size_t i = 0; code == CLI_DONE && i < options->listens.count; i++)
		code = serve_listen(bind_stream, m->mirror, options->listens.values[i], "stream");
	if (code == CLI_DONE && options->http != NULL)
		code = serve_listen(bind_http, m->mirror, options->http, "log-http");
	if (code != CLI_DONE)
		return code;
	if (m->timer != NULL)
		al_timer_set(m->timer, CONNECT_MS);
	else if (al_mirror_size(m->mirror) > 0)
		ready_say(m);
	if (m->timer != NULL)
		progress_begin(&m->progress, "mirror", "entries", al_mirror_size(m->mirror));
	serve_run(m->loop);
	progress_end(&m->progress);
	if (m->timer != NULL && !m->ended)
		m->code = command_fail(CLI_REFUSED,
				       "interrupted: what is there is whole, and the same command goes on from it");
	printf("size %llu\n", (unsigned long long)al_mirror_size(m->mirror));
	return m->code;
}

static int run(const struct words *words, const void *arg)
{
	struct options options = *(const struct options *)arg;
	struct mirroring m = { .code = CLI_DONE };
	struct al_vkey key;
	int code;

	options.dir = words->word[0];
	al_log_init("alamo-mirror", AL_LOG_INFO);
	code = settings_patience(&m.patience_ms) == AL_OK ? CLI_DONE : CLI_USAGE;
	if (code == CLI_DONE)
		code = log_read_key(options.key, &key);
	if (code == CLI_DONE)
		code = log_read_address(options.from, NULL, m.address);
	if (code == CLI_DONE)
		code = mirror_open(&m, &options, &key);
	if (code == CLI_DONE)
		code = mirror_run(&m, &options);
	al_mirror_free(m.mirror);
	al_timer_free(m.timer);
	if (m.loop != NULL)
		al_loop_free(m.loop);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "from",
	  .arg = "HOST:PORT|PATH",
	  .needed = true,
	  OPTION_AT(struct options, from),
	  .meaning = "the log stream that is copied" },
	{ .name = "key",
	  .letter = 'k',
	  .arg = "VKEY|FILE",
	  .needed = true,
	  OPTION_AT(struct options, key),
	  .meaning = "the log's key" },
	{ .name = "listen",
	  .arg = "ADDRESS:PORT",
	  .most = LISTENS_MAX,
	  OPTION_AT(struct options, listens),
	  .meaning = "offers the log stream there" },
	{ .name = "http",
	  .arg = "ADDRESS:PORT",
	  OPTION_AT(struct options, http),
	  .meaning = "offers the published log there (c2sp.org/tlog-tiles)" },
	OPTION_STALE(struct options, stale),
	{ .name = "once", OPTION_AT(struct options, once), .meaning = "ends when there is no more" },
};

const struct command command_mirror = {
	.name = "mirror",
	.group = GROUP_LOG,
	.help = "keep a verified copy of a log, and serve it",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
