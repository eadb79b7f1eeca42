/* SPDX-License-Identifier: MIT */
/*
 * roa_fetch.c -- `alamo roa fetch`: verified files for a router, by cron or timer.
 *
 *   state -> sources -> set -> brake -> files beside the old ones, checked by bird -> swap -> state -> reload
 *
 * Whatever goes wrong, what was there stays; the exit code says what it was.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/net/loop.h"
#include "alamo/tlog/witness.h"
#include "file.h"
#include "origin_brake.h"
#include "origin_file.h"
#include "origin_set.h"
#include "process.h"
#include "roa.h"
#include "roa_source.h"
#include "roa_state.h"

#define BRAKE_PERCENT 25
#define CLOCK_UNSET_S 1700000000u /* earlier than this is no time, but a clock that nobody has set */
#define FILE_MAX_BYTES ((size_t)1 << 30)

struct fetch {
	const struct roa_options *options;
	struct roa_state state;
	struct roa_sources sources;
	struct al_policy *witnesses;
	struct al_vkey log;
	struct al_buf text;  /* of the new set */
	struct vrp_set *set; /* it */
	bool changed;        /* a file has other bytes than before */
};

/* ---- what to believe ---- */

static int policy_read(const char *path, struct al_policy **out)
{
	struct al_buf text;
	char why[256];
	int code = CLI_DONE;

	al_buf_init(&text, 65536);
	if (file_read(path, &text) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", path, strerror(errno));
	else if (al_policy_parse(al_buf_view(&text), out, why, sizeof(why)) != AL_OK)
		code = command_fail(CLI_USAGE, "%s: %s", path, why);
	al_buf_release(&text);
	return code;
}

int roa_policy(const char *path, struct al_policy **out)
{
	*out = NULL;
	return path != NULL ? policy_read(path, out) : CLI_DONE;
}

uint64_t roa_clock(void)
{
	uint64_t now = al_now_s();

	return now < CLOCK_UNSET_S ? 0 : now;
}

static int fetch_set(struct fetch *f)
{
	const struct origin_head *head = &f->sources.chosen->head;
	int code;

	if (head->bytes > ORIGIN_SET_MAX)
		return command_fail(CLI_UNVERIFIED, "a set of %llu bytes", (unsigned long long)head->bytes);
	al_buf_init(&f->text, (size_t)head->bytes + 1);
	code = roa_sources_set(&f->sources, &f->state, &f->text);
	if (code == CLI_DONE && origin_set_read(al_buf_view(&f->text), head->changed, &f->set) != AL_OK)
		code = command_fail(CLI_UNVERIFIED, "the set is signed, but no list of records");
	return code;
}

static int fetch_brake(const struct fetch *f)
{
	unsigned percent = f->options->brake.given ? (unsigned)f->options->brake.value : BRAKE_PERCENT;
	size_t lost = f->state.set != NULL ? origin_lost(f->state.set, f->set, NULL) : 0;

	if (lost == 0 || f->options->release || !origin_brake(f->state.set, lost, percent))
		return CLI_DONE;
	return command_fail(CLI_REFUSED,
			    "held: serial %u takes %zu of %zu routes away: the last set stays; --release lets it out",
			    f->set->serial, lost, f->state.set->vrps);
}

/* ---- files ---- */

static int path_of(const struct fetch *f, const char *name, const char *suffix, char out[static PATH_MAX])
{
	int len = snprintf(out, PATH_MAX, "%s/%s%s", f->options->into, name, suffix);

	return len > 0 && len < PATH_MAX ? CLI_DONE : command_fail(CLI_USAGE, "%s: the path is too long", name);
}

static bool same_as_file(const char *path, struct al_slice bytes)
{
	struct al_buf had;
	bool same;

	al_buf_init(&had, FILE_MAX_BYTES);
	same = file_read(path, &had) == AL_OK && al_slice_eq(al_buf_view(&had), bytes);
	al_buf_release(&had);
	return same;
}

/* How bird would read it: as its configuration's own include, or inside of a protocol of one family. */
static int bird_check(const struct fetch *f, const char *name, const char *file)
{
	const char *family = strstr(name, "bird2-4") != NULL ? "4" : strstr(name, "bird2-6") != NULL ? "6" : NULL;
	char conf[PATH_MAX];
	const char *argv[] = { "bird", "-p", "-c", conf, NULL };
	struct al_buf text, said;
	int status = 0, code = path_of(f, name, ".check", conf);
	enum al_err err;

	if (code != CLI_DONE || strstr(name, "bird2") == NULL)
		return code;
	al_buf_init(&text, 3 * PATH_MAX);
	al_buf_init(&said, 65536);
	al_buf_str(&text, "router id 192.0.2.1;\nprotocol device {}\n");
	if (family != NULL)
		al_buf_printf(&text, "roa%s table t;\nprotocol static {\nroa%s { table t; };\ninclude \"%s\";\n}\n",
			      family, family, file);
	else
		al_buf_printf(&text, "include \"%s\";\n", file);
	if (text.err != AL_OK || file_write(conf, al_buf_view(&text), 0644) != AL_OK)
		code = command_fail(CLI_REFUSED, "%s: %s", conf, strerror(errno));
	err = code == CLI_DONE ? process_run(argv, AL_S(""), true, &said, &status) : AL_OK;
	if (err != AL_ENOTFOUND && (err != AL_OK || status != 0)) /* where there is no bird, none reads it */
		code = command_fail(CLI_REFUSED, "bird does not take %s: the last set stays\n%.*s", name,
				    AL_FMT(al_buf_view(&said)));
	(void)unlink(conf);
	al_buf_release(&text);
	al_buf_release(&said);
	return code;
}

/* NAME.new, if it is another one than NAME, and good. */
static int file_make(struct fetch *f, const struct origin_file_def *def)
{
	const struct origin_head *head = &f->sources.chosen->head;
	struct origin_meta meta = {
		.network = head->log, .size = head->cp.size, .generated = head->generated, .expires = head->expires
	};
	char path[PATH_MAX], next[PATH_MAX], real[PATH_MAX];
	struct al_buf bytes;
	int code = path_of(f, def->name, "", path);

	if (code == CLI_DONE)
		code = path_of(f, def->name, ".new", next);
	if (code != CLI_DONE)
		return code;
	al_buf_init(&bytes, FILE_MAX_BYTES);
	def->write(&bytes, f->set, &meta);
	if (bytes.err != AL_OK) {
		code = command_fail(CLI_REFUSED, "%s: %s", def->name, al_err_name(bytes.err));
	} else if (!same_as_file(path, al_buf_view(&bytes))) {
		f->changed = f->changed || !def->dated;
		if (file_write(next, al_buf_view(&bytes), 0644) != AL_OK || realpath(next, real) == NULL)
			code = command_fail(CLI_REFUSED, "%s: %s", next, strerror(errno));
		else
			code = bird_check(f, def->name, real);
	}
	al_buf_release(&bytes);
	return code;
}

static bool file_wanted(const struct option_list *wanted, enum origin_file_kind kind)
{
	bool preset = kind == ORIGIN_JSON || kind == ORIGIN_BIRD2 || kind == ORIGIN_BIRD2_4 || kind == ORIGIN_BIRD2_6;

	for (size_t i = 0; i < wanted->count; i++)
		if (strcmp(wanted->values[i], origin_files[kind].name) == 0)
			return true;
	return wanted->count == 0 && preset;
}

/* What does not exist was not made, since it would have been the same. */
static int file_swap(const struct fetch *f, const struct origin_file_def *def, bool keep)
{
	char path[PATH_MAX], next[PATH_MAX] = "";
	int code = path_of(f, def->name, "", path);

	if (code == CLI_DONE)
		code = path_of(f, def->name, ".new", next);
	if (code == CLI_DONE && (keep ? rename(next, path) : unlink(next)) != 0 && errno != ENOENT)
		code = command_fail(CLI_REFUSED, "%s: %s", next, strerror(errno));
	return code;
}

/* All of them are there and good before the first is swapped. */
static int fetch_files(struct fetch *f)
{
	int code = CLI_DONE, swapped = CLI_DONE;

	for (int kind = 0; kind < ORIGIN_FILE_COUNT && code == CLI_DONE; kind++)
		if (file_wanted(&f->options->files, (enum origin_file_kind)kind))
			code = file_make(f, &origin_files[kind]);
	for (int kind = 0; kind < ORIGIN_FILE_COUNT && swapped == CLI_DONE; kind++)
		if (file_wanted(&f->options->files, (enum origin_file_kind)kind))
			swapped = file_swap(f, &origin_files[kind], code == CLI_DONE);
	return code != CLI_DONE ? code : swapped;
}

static int files_known(const struct option_list *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		bool known = false;

		for (int kind = 0; kind < ORIGIN_FILE_COUNT; kind++)
			known = known || strcmp(origin_files[kind].name, wanted->values[i]) == 0;
		if (!known)
			return command_fail(CLI_USAGE, "there is no file %s", wanted->values[i]);
	}
	return CLI_DONE;
}

/* ---- reloading ---- */

/* DIR/reload is there from before the swap until the router has read what is new: a reload that failed is tried again. */
static int fetch_reload(const struct fetch *f)
{
	char mark[PATH_MAX];
	int status = 0;

	if (f->options->reload == NULL || path_of(f, "reload", "", mark) != CLI_DONE || access(mark, F_OK) != 0)
		return CLI_DONE;
	if (process_run_line(f->options->reload, AL_S(""), &status) != AL_OK || status != 0)
		return command_fail(CLI_REFUSED, "--reload: %s gave %d: it is tried again next time",
				    f->options->reload, status);
	(void)unlink(mark);
	return CLI_DONE;
}

static int fetch_mark(const struct fetch *f)
{
	char mark[PATH_MAX];

	if (f->options->reload == NULL || path_of(f, "reload", "", mark) != CLI_DONE)
		return CLI_DONE;
	if (file_write(mark, AL_S(""), 0644) != AL_OK)
		return command_fail(CLI_REFUSED, "%s: %s", mark, strerror(errno));
	return CLI_DONE;
}

/* ---- all of it ---- */

static int fetch_run(struct fetch *f, const struct words *urls)
{
	struct origin_pin pin = { .log = &f->log, .witnesses = f->witnesses, .now = roa_clock() };
	size_t need = f->options->need.given ? (size_t)f->options->need.value : 1;
	int code = roa_state_load(&f->state, &f->log);

	if (code == CLI_DONE && f->state.note.len != 0) {
		pin.last = &f->state.head;
		pin.key_version = f->state.key_version;
	}
	if (code == CLI_DONE)
		code = roa_sources_ask(&f->sources, urls, need, &pin, &f->state);
	if (code == CLI_DONE)
		code = fetch_set(f);
	if (code == CLI_DONE)
		code = fetch_brake(f);
	if (code == CLI_DONE && (f->state.set == NULL || f->state.set->size != f->set->size))
		code = fetch_mark(f);
	if (code == CLI_DONE)
		code = fetch_files(f);
	if (code == CLI_DONE)
		code = roa_state_save(f->options->into, al_buf_view(&f->sources.chosen->note), al_buf_view(&f->text));
	if (code == CLI_DONE)
		code = fetch_reload(f);
	if (code == CLI_DONE)
		printf("%s: size %llu, serial %u, %zu records%s\n", f->sources.chosen->head.log,
		       (unsigned long long)f->sources.chosen->head.cp.size, f->set->serial, f->set->count,
		       f->changed ? "" : ", as before");
	return code;
}

int roa_fetch(const struct words *words, const void *arg)
{
	const struct roa_options *options = arg;
	struct fetch f = { .options = options };
	int code = log_read_key(options->log_key, &f.log);

	if (code == CLI_DONE)
		code = files_known(&options->files);
	if (code == CLI_DONE)
		code = roa_policy(options->witnesses, &f.witnesses);
	if (code == CLI_DONE && mkdir(options->into, 0755) != 0 && errno != EEXIST)
		code = command_fail(CLI_REFUSED, "%s: %s", options->into, strerror(errno));
	roa_state_init(&f.state, options->into);
	if (code == CLI_DONE)
		code = fetch_run(&f, words);
	roa_sources_release(&f.sources);
	roa_state_release(&f.state);
	al_policy_free(f.witnesses);
	al_buf_release(&f.text);
	vrp_set_unref(f.set);
	return code;
}
