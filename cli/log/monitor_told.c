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

#include "command.h"
#include "file.h"
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
	if (ways->webhook != NULL && ways->state == NULL)
		return command_fail(CLI_USAGE, "--webhook: give --state DIR too, so that nothing is sent again after a "
					       "restart");
	return CLI_DONE;
}

int monitor_told_open(struct monitor_told *told, const struct monitor_ways *ways, const struct monitor_watch *watch,
		      uint64_t since, bool once)
{
	struct outlet_conf conf = {
		.arg = told, .dir = ways->state, .log = watch->log, .mnt = watch->mnt, .since = since, .once = once
	};
	int code = ways_check(ways);

	*told = (struct monitor_told){ .ways = *ways, .watch = *watch, .lock = -1 };
	if (code == CLI_DONE && ways->state != NULL)
		code = state_take(told);
	if (code == CLI_DONE && ways->exec != NULL) {
		conf.name = "exec";
		conf.whom = ways->exec;
		conf.give = exec_give;
		code = outlet_open(&conf, &told->exec);
	}
	if (code == CLI_DONE && ways->webhook != NULL) {
		conf.name = "webhook";
		conf.whom = ways->webhook;
		conf.give = webhook_give;
		code = outlet_open(&conf, &told->webhook);
	}
	return code;
}

/* ---- all of them ---- */

#define OUTLETS(told)                         \
	{                                     \
		(told)->exec, (told)->webhook \
	}

bool monitor_told_any(const struct monitor_told *told)
{
	return told->exec != NULL || told->webhook != NULL;
}

uint64_t monitor_told_next(const struct monitor_told *told)
{
	struct outlet *const all[] = OUTLETS(told);
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL && outlet_next(all[i]) < next)
			next = outlet_next(all[i]);
	return next;
}

bool monitor_told_put(struct monitor_told *told, const struct monitor_event *event)
{
	struct outlet *const all[] = OUTLETS(told);
	char *text = json_dumps(event->json, JSON_COMPACT);

	if (text == NULL)
		return false;
	for (size_t i = 0; i < AL_COUNT(all); i++)
		if (all[i] != NULL)
			outlet_put(all[i], event->index, al_slice_str(text));
	free(text);
	return true;
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

	failed += outlet_close(told->webhook);
	if (told->lock >= 0)
		(void)close(told->lock);
	*told = (struct monitor_told){ .lock = -1 };
	return failed;
}
