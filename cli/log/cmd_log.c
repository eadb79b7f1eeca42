/* SPDX-License-Identifier: MIT */
/*
 * cmd_log.c -- `alamo log tail|show|grep`: read the log with one's own eyes.
 *
 * The log is read from its first entry in any case: what is shown has been
 * verified, and a part of a log cannot be.
 */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/rpsl/entry.h"
#include "log_read.h"

#define TAIL_BEFORE 10 /* entries shown of those before the present head */

enum what { TAIL, SHOW, GREP };

struct options {
	struct log_read_options where;
	struct option_number from;
	bool once;
};

struct reading {
	struct log_read read;
	enum what what;
	uint64_t index;       /* tail: from here; show: this one */
	struct al_slice text; /* grep */
	bool found;
};

static void time_say(uint64_t seconds, char out[static 32])
{
	time_t at = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&at, &tm) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(out, 32, "%llu", (unsigned long long)seconds);
}

/* "entry 17 2026-11-01T10:00:00Z request cm", the first line of anything about an entry. */
static void head_print(const struct al_entry *entry, const char *end)
{
	char when[32];

	time_say(entry->time, when);
	printf("entry %llu %s %.*s %.*s%s", (unsigned long long)entry->index, when, AL_FMT(entry->kind),
	       AL_FMT(entry->result), end);
}

/* A line of the body that holds the text; ASCII case does not matter. */
static bool holds(struct al_slice line, struct al_slice text)
{
	for (size_t i = 0; i + text.len <= line.len; i++)
		if (al_slice_caseeq(al_slice_head(al_slice_from(line, i), text.len), text))
			return true;
	return false;
}

static void entry_grep(struct reading *r, const struct al_entry *entry)
{
	struct al_slice rest = entry->body, line;

	while (al_slice_line(&rest, &line)) {
		if (!holds(line, r->text))
			continue;
		r->found = true;
		head_print(entry, ": ");
		command_print_remote(line);
		putchar('\n');
	}
	for (size_t i = 0; i < entry->auto_count; i++) {
		if (!holds(entry->autos[i].value, r->text))
			continue;
		r->found = true;
		head_print(entry, ": ");
		printf("%.*s is ", AL_FMT(entry->autos[i].token));
		command_print_remote(entry->autos[i].value);
		putchar('\n');
	}
}

static enum al_err entry_look(void *arg, uint64_t index, struct al_slice bytes)
{
	struct reading *r = arg;
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err != AL_OK) {
		command_fail(CLI_UNVERIFIED, "entry %llu is malformed", (unsigned long long)index);
		return err;
	}
	if (r->what == GREP) {
		entry_grep(r, &entry);
	} else if (r->what == SHOW && index == r->index) {
		command_print_remote(bytes);
		r->found = true;
		log_read_finish(&r->read, CLI_DONE);
	} else if (r->what == TAIL && index >= r->index) {
		r->found = true;
		head_print(&entry, "\n");
		command_print_remote(entry.body);
		putchar('\n');
	}
	if (!command_output_ok()) /* whoever reads has gone, or the disk is full: so that was all */
		log_read_finish(&r->read, CLI_REFUSED);
	return AL_OK;
}

static bool number_read(const char *text, uint64_t *out)
{
	return al_slice_u64(al_slice_str(text), UINT64_MAX, out) == AL_OK;
}

/* `r` says what is looked for. */
static int reading_run(struct reading *r, const struct options *options)
{
	int code = log_read_begin(&r->read, &options->where);

	if (code == CLI_DONE) {
		r->read.follow = r->what == TAIL && !options->once;
		if (r->what == TAIL && !options->from.given)
			r->index = r->read.target > TAIL_BEFORE ? r->read.target - TAIL_BEFORE : 0;
		code = log_read_run(&r->read, entry_look, r);
	}
	if (code == CLI_DONE && !r->found && r->what == SHOW)
		code = command_fail(CLI_REFUSED, "the log ends before entry %llu", (unsigned long long)r->index);
	else if (code == CLI_DONE && !r->found && r->what == GREP)
		code = CLI_REFUSED;
	log_read_release(&r->read);
	return code;
}

static int run_tail(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct reading r = { .what = TAIL, .index = options->from.value };

	(void)words;
	return reading_run(&r, options);
}

static int run_show(const struct words *words, const void *options)
{
	struct reading r = { .what = SHOW };

	if (!number_read(words->word[0], &r.index))
		return command_fail(CLI_USAGE, "\"%s\" is no index of an entry: they count from 0", words->word[0]);
	return reading_run(&r, options);
}

static int run_grep(const struct words *words, const void *options)
{
	struct reading r = { .what = GREP, .text = al_slice_str(words->word[0]) };

	if (r.text.len == 0)
		return command_fail(CLI_USAGE, "TEXT is empty");
	return reading_run(&r, options);
}

static const struct command_form forms[] = {
	{ "tail", "", "shows the last ten entries, and waits for more", run_tail },
	{ "show", "INDEX", "prints one entry as it is hashed", run_show },
	{ "grep", "TEXT", "prints lines that hold the text, in any case of letters", run_grep },
};

static const struct option_row rows[] = {
	{ .name = "from",
	  .arg = "N",
	  .verbs = "tail",
	  OPTION_AT(struct options, from),
	  .meaning = "begins with this entry" },
	{ .name = "once", .verbs = "tail", OPTION_AT(struct options, once), .meaning = "does not wait for more" },
	{ .name = "dir",
	  .arg = "DIR",
	  OPTION_AT(struct options, where.dir),
	  .meaning = "folder of an authority: its log" },
	LOG_READ_ROWS(struct options, where),
};

const struct command command_log = {
	.name = "log",
	.group = GROUP_LOG,
	.help = "entries of the log, verified",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
