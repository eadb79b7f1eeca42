/* SPDX-License-Identifier: MIT */
/*
 * monitor_told.c -- see monitor_told.h.
 */
#include "monitor_told.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/save.h"
#include "alamo/net/loop.h"
#include "command.h"
#include "file.h"
#include "monitor_text.h"
#include "process.h"
#include "roa/http_get.h"

/* ---- ways to tell; each in its outlet's thread ---- */

static bool exec_give(void *arg, struct al_slice event)
{
	const struct monitor_told *told = arg;
	int status = 0;
	enum al_err err = process_run_line(told->ways.exec, event, &status);

	if (err != AL_OK)
		(void)command_fail(CLI_REFUSED, "--exec: %s cannot be run (%s)", told->ways.exec, al_err_name(err));
	else if (status != 0)
		(void)command_fail(CLI_REFUSED, "--exec: %s gave %d", told->ways.exec, status);
	return err == AL_OK && status == 0;
}

static bool webhook_give(void *arg, struct al_slice event)
{
	const struct monitor_told *told = arg;
	int status = 0;
	enum al_err err = http_post(told->ways.webhook, "application/json", event, &status);
	bool ok = err == AL_OK && status >= 200 && status < 300;

	if (err != AL_OK)
		(void)command_fail(CLI_OFFLINE, "--webhook: no answer from %s (%s)", told->ways.webhook,
				   al_err_name(err));
	else if (!ok)
		(void)command_fail(CLI_REFUSED, "--webhook: %s answers %d", told->ways.webhook, status);
	return ok;
}

/* sendmail(8): the recipients are in the message, and a line with a dot does not end it. */
static bool mail_give(void *arg, struct al_slice event)
{
	const struct monitor_told *told = arg;
	const char *const argv[] = { told->sendmail, "-t", "-i", NULL };
	int status = 0;
	enum al_err err = process_run(argv, event, false, NULL, &status);

	if (err != AL_OK)
		(void)command_fail(CLI_REFUSED, "--mail: %s cannot be run (%s): $SENDMAIL names another program",
				   told->sendmail, al_err_name(err));
	else if (status != 0)
		(void)command_fail(CLI_REFUSED, "--mail: %s gave %d", told->sendmail, status);
	return err == AL_OK && status == 0;
}

/* ---- from open to close ---- */

static int state_take(struct monitor_told *told)
{
	const char *dir = told->ways.state;
	char path[PATH_MAX];

	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return command_fail(CLI_REFUSED, "%s: %s", dir, strerror(errno));
	if (file_join(dir, "lock", path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "the path is too long");
	told->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (told->lock < 0)
		return command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	return flock(told->lock, LOCK_EX | LOCK_NB) == 0
		       ? CLI_DONE
		       : command_fail(CLI_REFUSED, "%s is in use by another monitor", dir);
}

static int ways_check(const struct monitor_ways *ways)
{
	if (ways->webhook != NULL && !http_post_url_ok(ways->webhook))
		return command_fail(CLI_USAGE, "--webhook: %s is not http[s]://HOST[:PORT][/PATH]", ways->webhook);
	if (ways->mail != NULL && !monitor_mail_address_ok(ways->mail))
		return command_fail(CLI_USAGE, "--mail: %s is not one plain address", ways->mail);
	if ((ways->webhook != NULL || ways->mail != NULL) && ways->state == NULL)
		return command_fail(CLI_USAGE,
				    "%s: give --state DIR too, so that nothing is sent again after a restart",
				    ways->webhook != NULL ? "--webhook" : "--mail");
	return CLI_DONE;
}

/* One of them, if it is wanted. */
static int way_open(struct outlet_conf *conf, const char *name, const char *whom,
		    bool (*give)(void *arg, struct al_slice event), struct outlet **out)
{
	conf->name = name;
	conf->whom = whom;
	conf->give = give;
	return whom != NULL ? outlet_open(conf, out) : CLI_DONE;
}

int monitor_told_open(struct monitor_told *told, const struct monitor_ways *ways, const struct monitor_watch *watch,
		      uint64_t since, bool once)
{
	struct outlet_conf conf = {
		.arg = told, .dir = ways->state, .log = watch->log, .mnt = watch->mnt, .since = since, .once = once
	};
	const char *sendmail = getenv("SENDMAIL");
	int code = ways_check(ways);

	*told = (struct monitor_told){ .ways = *ways, .watch = *watch, .lock = -1 };
	told->sendmail = sendmail != NULL && sendmail[0] != '\0' ? sendmail : "/usr/sbin/sendmail";
	told->feed.next = since;
	told->feed.dirty = ways->atom != NULL;
	if (code == CLI_DONE && ways->state != NULL)
		code = state_take(told);
	if (code == CLI_DONE)
		code = way_open(&conf, "exec", ways->exec, exec_give, &told->exec);
	if (code == CLI_DONE)
		code = way_open(&conf, "webhook", ways->webhook, webhook_give, &told->webhook);
	if (code == CLI_DONE)
		code = way_open(&conf, "mail", ways->mail, mail_give, &told->mail);
	return code;
}

/* ---- all of them ---- */

#define OUTLETS(told)                                       \
	{                                                   \
		(told)->exec, (told)->webhook, (told)->mail \
	}

bool monitor_told_any(const struct monitor_told *told)
{
	return monitor_told_next(told) != UINT64_MAX;
}

static uint64_t outlets_next(const struct monitor_told *told)
{
	struct outlet *const all[] = OUTLETS(told);
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL && outlet_next(all[i]) < next)
			next = outlet_next(all[i]);
	return next;
}

uint64_t monitor_told_remembered(const struct monitor_told *told)
{
	return told->ways.state != NULL ? outlets_next(told) : UINT64_MAX;
}

uint64_t monitor_told_next(const struct monitor_told *told)
{
	uint64_t next = outlets_next(told);

	return told->ways.atom != NULL && told->feed.next < next ? told->feed.next : next;
}

/* To one of them: an entry, or the outcome of a request. */
static void outlet_tell(struct outlet *o, const struct monitor_event *event, const char *hash, struct al_slice text)
{
	if (o != NULL && hash != NULL)
		outlet_put_request(o, hash, text);
	else if (o != NULL)
		outlet_put(o, event->index, text);
}

/* The same for a program and a web server. */
static bool json_tell(struct monitor_told *told, const struct monitor_event *event, const char *hash)
{
	char *text = json_dumps(event->json, JSON_COMPACT);

	if (text == NULL)
		return false;
	outlet_tell(told->exec, event, hash, al_slice_str(text));
	outlet_tell(told->webhook, event, hash, al_slice_str(text));
	free(text);
	return true;
}

static bool mail_tell(struct monitor_told *told, const struct monitor_event *event, const char *hash)
{
	struct al_buf message;
	bool ok;

	if (told->mail == NULL)
		return true;
	al_buf_init(&message, SIZE_MAX);
	monitor_mail_put(event, told->ways.mail, al_now_s(), &message);
	ok = message.err == AL_OK;
	if (ok)
		outlet_tell(told->mail, event, hash, al_buf_view(&message));
	al_buf_release(&message);
	return ok;
}

bool monitor_told_put(struct monitor_told *told, const struct monitor_event *event)
{
	bool ok = json_tell(told, event, NULL) && mail_tell(told, event, NULL);

	if (told->ways.atom == NULL || event->index < told->feed.next)
		return ok;
	told->feed.next = event->index + 1;
	return ok && monitor_feed_add(&told->feed, event) == AL_OK;
}

static bool in_feed(const struct monitor_told *told, const char *hash)
{
	for (size_t i = 0; i < told->in_feed_count; i++)
		if (strcmp(told->in_feed[i], hash) == 0)
			return true;
	return told->ways.atom == NULL || told->in_feed_count == OUTLET_ASKED_MAX;
}

bool monitor_told_has_request(const struct monitor_told *told, const char *hash)
{
	struct outlet *const all[] = OUTLETS(told);

	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL && !outlet_has_request(all[i], hash))
			return false;
	return in_feed(told, hash);
}

bool monitor_told_put_request(struct monitor_told *told, const char *hash, const struct monitor_event *event)
{
	bool ok = json_tell(told, event, hash) && mail_tell(told, event, hash);

	if (in_feed(told, hash))
		return ok;
	told->in_feed[told->in_feed_count++] = hash;
	return ok && monitor_feed_add(&told->feed, event) == AL_OK;
}

bool monitor_told_present(struct monitor_told *told, uint64_t log_s)
{
	struct al_buf text;
	enum al_err err;
	time_t before;

	if (!told->feed.dirty)
		return true;
	before = file_date(told->ways.atom);
	al_buf_init(&text, SIZE_MAX);
	monitor_feed_put(&told->feed, &told->watch, log_s, &text);
	err = text.err;
	if (err == AL_OK)
		err = al_save(told->ways.atom, al_buf_view(&text), 0644, AL_SAVE_SEEN);
	if (err == AL_OK && !file_date_after(told->ways.atom, before))
		err = AL_EIO;
	al_buf_release(&text);
	told->feed.dirty = err != AL_OK;
	if (err != AL_OK)
		(void)command_fail(CLI_REFUSED, "--atom: %s: %s", told->ways.atom,
				   err == AL_EIO ? strerror(errno) : al_err_name(err));
	return err == AL_OK;
}

bool monitor_told_behind(const struct monitor_told *told)
{
	struct outlet *const all[] = OUTLETS(told);

	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL && outlet_behind(all[i]))
			return true;
	return false;
}

void monitor_told_again(struct monitor_told *told)
{
	struct outlet *const all[] = OUTLETS(told);

	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL)
			outlet_again(all[i]);
}

uint64_t monitor_told_close(struct monitor_told *told)
{
	uint64_t failed = outlet_close(told->exec);

	failed += outlet_close(told->webhook) + outlet_close(told->mail);
	monitor_feed_release(&told->feed);
	if (told->lock >= 0)
		(void)close(told->lock);
	*told = (struct monitor_told){ .lock = -1 };
	return failed;
}
