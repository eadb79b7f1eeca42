/* SPDX-License-Identifier: MIT */
/*
 * cmd_reload.c -- `alamo reload`: the daemons that `alamo up` runs read alamo.conf again, and each says what it took.
 */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/net/loop.h"
#include "file.h"
#include "notified.h"
#include "settings.h"
#include "supervise.h"
#include "up_lock.h"

#define LOOK_MS 20

enum outcome {
	OUTCOME_NONE, /* not yet */
	OUTCOME_TAKEN,
	OUTCOME_WAITS, /* some of it, for a restart */
	OUTCOME_REFUSED,
	OUTCOME_GONE, /* it does not run */
};

struct asked {
	const char *program;
	pid_t pid;
	enum outcome outcome;
};

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* Its process, out of run/PROGRAM.pid; 0: none runs. */
static pid_t pid_of(const char *dir, const char *program)
{
	char name[128], path[PATH_MAX];
	struct al_buf text;
	uint64_t number = 0;

	al_buf_init(&text, 64);
	(void)snprintf(name, sizeof(name), "run/%s.pid", program);
	if (file_join(dir, name, path, sizeof(path)) != AL_OK || file_read(path, &text) != AL_OK ||
	    al_slice_u64(al_slice_trim(al_buf_view(&text)), INT32_MAX, &number) != AL_OK)
		number = 0;
	al_buf_release(&text);
	return (pid_t)number;
}

static void line_print(const char *program, const char *head, struct al_slice text)
{
	printf("%-16s %s", program, head);
	command_print_remote(text);
	putchar('\n');
}

/* Every key that the message has, and what it comes to. */
static enum outcome message_print(const char *program, struct al_slice message)
{
	enum outcome outcome = OUTCOME_TAKEN;
	struct al_slice line, head;
	size_t lines = 0;

	for (; al_slice_line(&message, &line); lines += al_slice_starts(head, "X_ALAMO_")) {
		(void)al_slice_cut(&line, '=', &head);
		if (al_slice_is(head, "X_ALAMO_TAKEN")) {
			line_print(program, "", line);
		} else if (al_slice_is(head, "X_ALAMO_WAITS")) {
			line_print(program, "needs a restart: ", line);
			outcome = OUTCOME_WAITS;
		} else if (al_slice_is(head, "X_ALAMO_REFUSED")) {
			line_print(program, "refused: ", line);
			outcome = OUTCOME_REFUSED;
		}
	}
	if (lines == 0)
		line_print(program, "", AL_S("nothing changed"));
	return outcome;
}

/* Is there an answer to the question of `since_us`? */
static enum outcome outcome_read(const char *dir, const char *program, uint64_t since_us)
{
	char path[PATH_MAX];
	struct al_buf text;
	struct al_slice value;
	uint64_t us = 0;
	enum outcome outcome = OUTCOME_NONE;

	al_buf_init(&text, NOTIFIED_MAX + 64);
	if (notified_path(dir, program, path, sizeof(path)) == AL_OK && file_read(path, &text) == AL_OK &&
	    notified_field(al_buf_view(&text), "MONOTONIC_USEC", &value) &&
	    al_slice_u64(value, UINT64_MAX, &us) == AL_OK && us >= since_us)
		outcome = message_print(program, al_buf_view(&text));
	al_buf_release(&text);
	return outcome;
}

static void ask(struct asked *asked, const char *dir)
{
	asked->pid = pid_of(dir, asked->program);
	if (asked->pid > 0 && kill(asked->pid, SIGHUP) == 0)
		return;
	line_print(asked->program, "does not run", AL_S(""));
	asked->outcome = OUTCOME_GONE;
}

/* True: it needs to be waited for. */
static bool look(struct asked *asked, const char *dir, uint64_t since_us)
{
	if (asked->outcome == OUTCOME_NONE)
		asked->outcome = outcome_read(dir, asked->program, since_us);
	if (asked->outcome != OUTCOME_NONE)
		return false;
	if (kill(asked->pid, 0) == 0)
		return true;
	line_print(asked->program, "ended before it answered; a new start reads alamo.conf", AL_S(""));
	asked->outcome = OUTCOME_GONE;
	return false;
}

static int report(const struct asked asked[], size_t count)
{
	int code = CLI_DONE;

	for (size_t i = 0; i < count; i++) {
		if (asked[i].outcome == OUTCOME_NONE)
			code = command_fail(CLI_OFFLINE, "%s does not answer; its log may say why", asked[i].program);
		else if (asked[i].outcome == OUTCOME_GONE)
			code = CLI_OFFLINE;
		else if (asked[i].outcome != OUTCOME_TAKEN && code == CLI_DONE)
			code = CLI_REFUSED;
	}
	return code;
}

static int run(const struct words *words, const void *options)
{
	const char *dir = words->word[0];
	struct asked asked[SUPERVISE_PROGRAMS] = { { .program = NULL } };
	size_t waiting;
	uint64_t since_us = now_us(), patience_ms, until;
	pid_t pid;

	(void)options;
	if (settings_patience(&patience_ms) != AL_OK)
		return CLI_USAGE;
	if (up_lock_holder(dir, &pid) != AL_OK)
		return command_fail(CLI_REFUSED,
				    "%s is not up by `alamo up`: systemd has `systemctl reload 'alamo-*d.service'`",
				    dir);
	for (size_t i = 0; i < SUPERVISE_PROGRAMS; i++) {
		asked[i].program = supervise_programs[i];
		ask(&asked[i], dir);
	}
	for (until = al_now_ms() + patience_ms;;) {
		waiting = 0;
		for (size_t i = 0; i < SUPERVISE_PROGRAMS; i++)
			waiting += look(&asked[i], dir, since_us);
		if (waiting == 0 || al_now_ms() >= until)
			break;
		(void)poll(NULL, 0, LOOK_MS);
	}
	return report(asked, SUPERVISE_PROGRAMS);
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

const struct command command_reload = {
	.name = "reload",
	.group = GROUP_AUTHORITY,
	.help = "the daemons that `alamo up` runs read alamo.conf again",
	.notes = "Exits 1 if one refuses the file or needs a restart for some of it, 3 if one does not run or answer.",
	COMMAND_FORMS(forms),
};
