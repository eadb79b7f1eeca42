/*
 * cmd_log.c -- `alamo log tail|show|grep`: read the log with one's own eyes.
 *
 * The log is read from its first entry in any case: what is shown has been
 * verified, and a part of a log cannot be.
 */
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/rpsl/entry.h"
#include "log_read.h"

#define USAGE \
	"tail [--from N] [--once] | show INDEX | grep TEXT  [--dir DIR] [--stream HOST:PORT|PATH] [--key VKEY|FILE]"
#define TAIL_BEFORE 10 /* entries shown of those before the present head */

enum what { TAIL, SHOW, GREP };

struct reading {
	struct log_read read;
	enum what what;
	uint64_t index; /* tail: from here; show: this one */
	bool given;     /* --from */
	bool once;
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
	fflush(stdout);
	return AL_OK;
}

static bool number_read(const char *text, uint64_t *out)
{
	return al_slice_u64(al_slice_str(text), UINT64_MAX, out) == AL_OK;
}

static bool words_read(int argc, char **argv, struct reading *r)
{
	if (argc < 1)
		return false;
	if (strcmp(argv[0], "tail") == 0) {
		r->what = TAIL;
		return argc == 1;
	}
	if (argc != 2 || r->given)
		return false;
	if (strcmp(argv[0], "grep") == 0) {
		r->what = GREP;
		r->text = al_slice_str(argv[1]);
		return r->text.len > 0;
	}
	r->what = SHOW;
	return strcmp(argv[0], "show") == 0 && number_read(argv[1], &r->index);
}

static int options_read(int argc, char **argv, struct reading *r, struct log_read_options *where)
{
	static const struct option longs[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "stream", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 'r' },
		{ "from", required_argument, NULL, 'f' },
		{ "once", no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'd')
			where->dir = optarg;
		else if (option == 's')
			where->stream = optarg;
		else if (option == 'k')
			where->key = optarg;
		else if (option == 'r')
			where->server = optarg;
		else if (option == 'o')
			r->once = true;
		else if (option == 'f')
			r->given = number_read(optarg, &r->index);
		good = good && option != '?' && (option != 'f' || r->given);
	}
	return good && words_read(argc - optind, argv + optind, r) ? CLI_DONE : command_usage("log", USAGE);
}

int cmd_log(int argc, char **argv)
{
	struct log_read_options where = { 0 };
	struct reading r = { .once = false };
	int code = options_read(argc, argv, &r, &where);

	if (code != CLI_DONE)
		return code;
	code = log_read_begin(&r.read, &where);
	if (code == CLI_DONE) {
		r.read.follow = r.what == TAIL && !r.once;
		if (r.what == TAIL && !r.given)
			r.index = r.read.target > TAIL_BEFORE ? r.read.target - TAIL_BEFORE : 0;
		code = log_read_run(&r.read, entry_look, &r);
	}
	if (code == CLI_DONE && !r.found && r.what == SHOW)
		code = command_fail(CLI_REFUSED, "the log ends before entry %llu", (unsigned long long)r.index);
	else if (code == CLI_DONE && !r.found && r.what == GREP)
		code = CLI_REFUSED;
	log_read_release(&r.read);
	return code;
}
