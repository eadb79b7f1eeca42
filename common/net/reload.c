/* SPDX-License-Identifier: MIT */
/*
 * reload.c -- see reload.h. The loop's thread.
 */
#include "reload.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alamo/base/buf.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/net/notify.h"
#include "opener.h"

#define REASON_MAX (PATH_MAX + 256)
#define OPENER_GONE "the process that opens alamo.conf is gone: a restart reads it"
#define KEYS_MAX 32768 /* bytes of what changed, in a message */

struct reload {
	const struct al_service_def *def;
	struct al_conf *conf;
	void *const *self;
	char path[PATH_MAX]; /* absolute */
	struct opener *opener;
	struct event *on_hangup, *on_answer;
	unsigned asked; /* questions without an answer */
};

static struct al_metric refused = {
	.name = "alamo_conf_refused",
	.help = "1: alamo.conf was refused when it was last read; what was there before goes on",
	.gauge = true,
};
static struct al_metric waiting = {
	.name = "alamo_conf_waiting",
	.help = "Keys of alamo.conf that were changed and wait for a restart",
	.gauge = true,
};

/* What the manager knows, and then what `alamo reload` tells: fields that begin with X_ are the sender's own. */
static void say_refused(const char *reason)
{
	char status[2 * REASON_MAX + 128];

	al_metric_set(&refused, 1);
	al_log(AL_LOG_ERROR, "reload-refused", "reason=\"%s\"", reason);
	(void)snprintf(status, sizeof(status), "READY=1\nSTATUS=configuration refused: %s\nX_ALAMO_REFUSED=%s\n",
		       reason, reason);
	al_notify(status);
}

/* ---- a file that is good ---- */

struct tally {
	const char *section; /* of the daemon */
	uint64_t taken, waiting;
	struct al_buf keys; /* a line each */
};

static void key_changed(void *arg, const char *section, const char *key, const char *value, bool live)
{
	struct tally *tally = arg;

	if (strcmp(section, tally->section) != 0 && strcmp(section, "network") != 0 && strcmp(section, "log") != 0)
		return; /* another daemon's */
	tally->taken += live;
	tally->waiting += !live;
	if (live)
		al_buf_printf(&tally->keys, "X_ALAMO_TAKEN=[%s] %s = %s\n", section, key, value);
	else
		al_buf_printf(&tally->keys, "X_ALAMO_WAITS=[%s] %s\n", section, key);
	if (live)
		al_log(AL_LOG_INFO, "reload-key", "section=%s key=%s value=\"%s\"", section, key, value);
	else
		al_log(AL_LOG_WARN, "reload-waits", "section=%s key=%s reason=\"needs a restart\"", section, key);
}

/* A list that does not fit is left out: the log has it. */
static void say_taken(struct tally *tally)
{
	struct al_slice keys = tally->keys.err == AL_OK ? al_buf_view(&tally->keys) : AL_S("X_ALAMO_TAKEN=...\n");
	struct al_buf said;
	char *text;

	al_buf_init(&said, KEYS_MAX + 256);
	al_buf_printf(&said, "READY=1\nSTATUS=configuration read again%s\n%.*s",
		      tally->waiting == 0 ? "" : "; some of it needs a restart", AL_FMT(keys));
	text = al_buf_take(&said, NULL);
	if (text != NULL)
		al_notify(text);
	free(text);
	al_buf_release(&tally->keys);
}

static void take(struct reload *reload, struct al_conf *next)
{
	struct tally tally = { .section = reload->def->section };

	al_buf_init(&tally.keys, KEYS_MAX);
	al_conf_differ(reload->conf, next, key_changed, &tally);
	al_conf_take(reload->conf, next);
	al_log_least(al_log_level_of(al_conf_str(reload->conf, "log", "level")));
	al_metric_set(&refused, 0);
	al_metric_set(&waiting, tally.waiting);
	al_log(AL_LOG_INFO, "reloaded", "taken=%" PRIu64 " waiting=%" PRIu64, tally.taken, tally.waiting);
	say_taken(&tally);
}

static void file_read(struct reload *reload, int fd)
{
	char message[REASON_MAX];
	struct al_conf *next;
	const char *why;

	if (al_conf_load_fd(fd, reload->path, &next, message, sizeof(message)) != AL_OK) {
		say_refused(message);
		return;
	}
	why = reload->def->reload != NULL ? reload->def->reload(*reload->self, next) : NULL;
	if (why == NULL)
		take(reload, next);
	else
		say_refused(why);
	al_conf_free(next);
}

/* ---- signals and answers ---- */

static void on_answer(evutil_socket_t socket, short what, void *arg)
{
	struct reload *reload = arg;
	char message[REASON_MAX];
	int fd = -1;
	enum al_err err = opener_take(reload->opener, &fd);

	(void)socket;
	(void)what;
	if ((err == AL_OK || err == AL_ESYS) && reload->asked > 0)
		reload->asked--;
	if (err == AL_OK) {
		file_read(reload, fd);
	} else if (err == AL_ESYS) {
		(void)snprintf(message, sizeof(message), "%s: %s", reload->path, strerror(errno));
		say_refused(message);
	} else if (err != AL_EAGAIN) {
		(void)event_del(reload->on_answer);
		al_log(AL_LOG_ERROR, "opener", "reason=\"it ended: a restart reads alamo.conf\"");
		if (reload->asked > 0) /* with a question in hand, to which somebody waits for an answer */
			say_refused(OPENER_GONE);
		reload->asked = 0;
	}
}

/* Signals that come faster than files are read are one: each question that is asked is answered. */
static void on_hangup(evutil_socket_t number, short what, void *arg)
{
	struct reload *reload = arg;
	struct timespec now;
	char text[64];
	enum al_err err = opener_ask(reload->opener);

	(void)number;
	(void)what;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld%06ld\n", (long long)now.tv_sec,
		       now.tv_nsec / 1000);
	reload->asked += err == AL_OK;
	if (err != AL_EAGAIN)
		al_notify(text);
	if (err != AL_OK && err != AL_EAGAIN)
		say_refused(OPENER_GONE);
}

static enum al_err events_open(struct reload *reload, struct al_loop *loop)
{
	struct event_base *base = al_loop_base(loop);

	reload->on_hangup = evsignal_new(base, SIGHUP, on_hangup, reload);
	reload->on_answer = event_new(base, opener_socket(reload->opener), EV_READ | EV_PERSIST, on_answer, reload);
	if (reload->on_hangup == NULL || reload->on_answer == NULL)
		return AL_ENOMEM;
	return event_add(reload->on_hangup, NULL) == 0 && event_add(reload->on_answer, NULL) == 0 ? AL_OK : AL_ESYS;
}

enum al_err reload_new(struct al_loop *loop, const struct al_service_def *def, struct al_conf *conf, const char *path,
		       void *const *self, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	char copy[PATH_MAX];
	enum al_err err;

	if (reload == NULL)
		return AL_ENOMEM;
	*reload = (struct reload){ .def = def, .conf = conf, .self = self };
	al_metric_add(&refused);
	al_metric_add(&waiting);
	err = al_slice_copy(al_slice_str(path), copy, sizeof(copy));
	if (err == AL_OK) /* the working directory may be another one by then */
		err = al_conf_path(conf, basename(copy), reload->path, sizeof(reload->path));
	if (err == AL_OK)
		err = opener_start(reload->path, &reload->opener);
	if (err == AL_OK)
		err = events_open(reload, loop);
	if (err != AL_OK)
		reload_free(reload);
	else
		*out = reload;
	return err;
}

void reload_free(struct reload *reload)
{
	if (reload == NULL)
		return;
	if (reload->on_hangup != NULL)
		event_free(reload->on_hangup);
	if (reload->on_answer != NULL)
		event_free(reload->on_answer);
	opener_stop(reload->opener);
	free(reload);
}
