/* SPDX-License-Identifier: MIT */
/*
 * reload.c -- see reload.h. The loop's thread.
 */
#include "reload.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/buf.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/net/notify.h"
#include "opener.h"

#define REASON_MAX (PATH_MAX + 256)
#define OPENER_GONE "the process that opens alamo.conf is gone: a restart reads it"
#define KEYS_MAX 32768 /* bytes of what changed, in a message */
#define PATHS_MAX (1 + AL_SERVICE_FILES_MAX)

struct reload {
	const struct al_service_def *def;
	struct al_conf *conf;
	void *const *self;
	/* Absolute: alamo.conf's, then those of the daemon's files, empty where it has none. */
	char paths[PATHS_MAX][PATH_MAX];
	const char *of[PATHS_MAX]; /* them, as the opener takes them */
	size_t count;
	int fds[PATHS_MAX];     /* -1: none */
	int numbers[PATHS_MAX]; /* why not: an errno */
	size_t answered;
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

static const char *path_failed(const struct reload *reload, size_t at, char message[static REASON_MAX])
{
	(void)snprintf(message, REASON_MAX, "%s: %s", reload->paths[at], strerror(reload->numbers[at]));
	return message;
}

/* NULL: the daemon has taken all of them. */
static const char *files_take(const struct reload *reload, char message[static REASON_MAX])
{
	for (size_t i = 1; i < reload->count; i++)
		if (reload->fds[i] < 0 && reload->paths[i][0] != '\0')
			return path_failed(reload, i, message);
	return reload->count > 1 ? reload->def->read(*reload->self, reload->fds + 1) : NULL;
}

static void fds_close(struct reload *reload)
{
	for (size_t i = 0; i < reload->count; i++) {
		if (reload->fds[i] >= 0)
			(void)close(reload->fds[i]);
		reload->fds[i] = -1;
	}
	reload->answered = 0;
}

static void conf_read(struct reload *reload)
{
	char message[REASON_MAX];
	struct al_conf *next;
	const char *why;
	int fd = reload->fds[0];

	if (fd < 0) {
		say_refused(path_failed(reload, 0, message));
		return;
	}
	reload->fds[0] = -1; /* closed by who reads it */
	if (al_conf_load_fd(fd, reload->paths[0], &next, message, sizeof(message)) != AL_OK) {
		say_refused(message);
		return;
	}
	why = files_take(reload, message);
	if (why == NULL && reload->def->reload != NULL)
		why = reload->def->reload(*reload->self, next);
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
	size_t at = reload->answered;
	enum al_err err = opener_take(reload->opener, &reload->fds[at]);

	(void)socket;
	(void)what;
	if (err == AL_EAGAIN)
		return;
	if (err != AL_OK && err != AL_ESYS) {
		(void)event_del(reload->on_answer);
		al_log(AL_LOG_ERROR, "opener", "reason=\"it ended: a restart reads alamo.conf\"");
		if (reload->asked > 0) /* with a question in hand, to which somebody waits for an answer */
			say_refused(OPENER_GONE);
		reload->asked = 0;
		return;
	}
	reload->numbers[at] = err == AL_ESYS ? errno : 0;
	reload->answered++;
	if (reload->answered < reload->count)
		return;
	if (reload->asked > 0)
		reload->asked--;
	conf_read(reload);
	fds_close(reload);
}

enum al_err reload_read(struct reload *reload)
{
	char message[REASON_MAX];
	const char *why;

	for (size_t i = 1; i < reload->count; i++) {
		if (reload->paths[i][0] != '\0')
			reload->fds[i] = open(reload->paths[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		reload->numbers[i] = errno;
	}
	why = files_take(reload, message);
	fds_close(reload);
	if (why != NULL)
		al_log(AL_LOG_ERROR, "file-refused", "reason=\"%s\"", why);
	return why == NULL ? AL_OK : AL_EINVAL;
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

/* The working directory may be another one later. */
static enum al_err paths_find(struct reload *reload, const char *path)
{
	const struct al_service_def *def = reload->def;
	char copy[PATH_MAX];
	enum al_err err = al_slice_copy(al_slice_str(path), copy, sizeof(copy));

	assert(def->file_count <= AL_SERVICE_FILES_MAX);
	reload->count = 1 + def->file_count;
	for (size_t i = 0; err == AL_OK && i < reload->count; i++) {
		const char *value = i == 0 ? basename(copy)
					   : al_conf_str(reload->conf, def->section, def->files[i - 1]);

		reload->of[i] = reload->paths[i];
		if (value[0] != '\0')
			err = al_conf_path(reload->conf, value, reload->paths[i], sizeof(reload->paths[i]));
	}
	return err;
}

enum al_err reload_new(struct al_loop *loop, const struct al_service_def *def, struct al_conf *conf, const char *path,
		       void *const *self, struct reload **out)
{
	struct reload *reload = calloc(1, sizeof(*reload));
	enum al_err err;

	if (reload == NULL)
		return AL_ENOMEM;
	*reload = (struct reload){ .def = def, .conf = conf, .self = self, .fds = { -1, -1, -1, -1, -1 } };
	al_metric_add(&refused);
	al_metric_add(&waiting);
	err = paths_find(reload, path);
	if (err == AL_OK)
		err = opener_start(reload->of, reload->count, &reload->opener);
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
