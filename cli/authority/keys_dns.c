/* SPDX-License-Identifier: MIT */
/*
 * keys_dns.c -- see keys_dns.h.
 *
 * The daemon makes the keys, not this program: they are its user's, in a folder that is its own.
 */
#include "keys_dns.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"
#include "command.h"
#include "file.h"
#include "json.h"

#define REPORT "run/dns-keys"
#define ORDER "run/dns-roll"
#define TAKEN "run/dns-roll.taken"
#define REPORT_MAX (16u << 20)
#define TAKE_MS 10000u  /* alamo-rootd looks once a second; it may be making zones */
#define MAKE_MS 300000u /* what it has taken it is at work on */
#define LOOK_NS 20000000
#define LATE_S 300u /* it looks at keys once a minute */

/* A line of the report; the slices are in its text. */
struct row {
	struct al_slice zone, role, state, next;
	uint64_t tag, algorithm, since, at;
};

static bool row_read(struct al_slice line, struct row *out)
{
	struct al_slice tag, algorithm, since, at, more;
	struct al_slice *const words[] = { &out->zone,  &out->role, &tag,       &algorithm,
					   &out->state, &since,     &out->next, &at };

	for (size_t i = 0; i < AL_COUNT(words); i++)
		if (!al_slice_word(&line, "", words[i]))
			return false;
	return !al_slice_word(&line, "", &more) && al_slice_u64(tag, UINT16_MAX, &out->tag) == AL_OK &&
	       al_slice_u64(algorithm, UINT8_MAX, &out->algorithm) == AL_OK &&
	       al_slice_u64(since, INT64_MAX, &out->since) == AL_OK && al_slice_u64(at, INT64_MAX, &out->at) == AL_OK;
}

/* The next line of a report that report_read() has looked at. */
static bool row_next(struct al_slice *rest, struct row *out)
{
	struct al_slice line;

	return al_slice_line(rest, &line) && row_read(line, out);
}

static int report_read(const char *dir, struct al_buf *out)
{
	struct al_slice rest, line;
	char path[PATH_MAX];
	struct row row;

	if (file_join(dir, REPORT, path, sizeof(path)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", dir);
	al_buf_reset(out);
	if (file_read(path, out) != AL_OK)
		return command_fail(CLI_REFUSED, "%s: %s%s", path, strerror(errno),
				    errno == ENOENT ? ": has alamo-rootd run there?" : "");
	rest = al_buf_view(out);
	while (al_slice_line(&rest, &line))
		if (!row_read(line, &row))
			return command_fail(CLI_REFUSED, "%s is damaged: start alamo-rootd again, which writes it",
					    path);
	return CLI_DONE;
}

/* ---- shown ---- */

static bool late(const struct row *row)
{
	return row->at != 0 && row->at + LATE_S < al_now_s();
}

static void row_print(const struct row *row, int width)
{
	char since[AL_TIME_STRLEN], at[AL_TIME_STRLEN];

	al_time_format(row->since, since);
	printf("%-*.*s  %-3.*s  %5" PRIu64 "  %3" PRIu64 "  %-9.*s  %s", width, AL_FMT(row->zone), AL_FMT(row->role),
	       row->tag, row->algorithm, AL_FMT(row->state), since);
	if (row->at != 0) {
		al_time_format(row->at, at);
		printf("  %.*s at %s", AL_FMT(row->next), at);
	}
	putchar('\n');
}

static int zone_width(struct al_slice report)
{
	struct row row;
	size_t width = strlen("zone");

	while (row_next(&report, &row))
		width = row.zone.len > width ? row.zone.len : width;
	return (int)width;
}

static void rows_print(struct al_slice report, bool (*fits)(const struct row *row, const void *arg), const void *arg)
{
	int width = zone_width(report);
	struct row row;

	printf("%-*s  %-3s  %5s  %3s  %-9s  %-20s  %s\n", width, "zone", "key", "tag", "alg", "state", "since", "next");
	while (row_next(&report, &row))
		if (fits(&row, arg))
			row_print(&row, width);
}

static json_t *time_json(uint64_t at)
{
	char text[AL_TIME_STRLEN];

	al_time_format(at, text);
	return json_string(text);
}

static json_t *row_json(const struct row *row)
{
	json_t *next = row->at == 0 ? json_null()
				    : json_pack("{s:o, s:o}", "state", json_slice(row->next), "at", time_json(row->at));

	return json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o}", "zone", json_slice(row->zone), "role",
			 json_slice(row->role), "tag", (json_int_t)row->tag, "algorithm", (json_int_t)row->algorithm,
			 "state", json_slice(row->state), "since", time_json(row->since), "next", next);
}

static int rows_json(struct al_slice report, bool (*fits)(const struct row *row, const void *arg), const void *arg)
{
	json_t *list = json_array();
	struct row row;

	while (row_next(&report, &row))
		if (fits(&row, arg))
			(void)json_array_append_new(list, row_json(&row));
	return json_out(list);
}

static int rows_show(struct al_slice report, bool json, bool (*fits)(const struct row *row, const void *arg),
		     const void *arg)
{
	if (json)
		return rows_json(report, fits, arg);
	rows_print(report, fits, arg);
	return CLI_DONE;
}

static bool every_row(const struct row *row, const void *arg)
{
	(void)row;
	(void)arg;
	return true;
}

static int status(const char *dir, bool json)
{
	struct al_slice rest;
	struct al_buf report;
	struct row row;
	int code;

	al_buf_init(&report, REPORT_MAX);
	code = report_read(dir, &report);
	if (code == CLI_DONE)
		code = rows_show(al_buf_view(&report), json, every_row, NULL);
	rest = al_buf_view(&report);
	while (code == CLI_DONE && row_next(&rest, &row))
		if (late(&row))
			code = command_fail(CLI_REFUSED,
					    "key %" PRIu64 " of %.*s is late: alamo-rootd does not run there", row.tag,
					    AL_FMT(row.zone));
	al_buf_release(&report);
	return code;
}

/* ---- a roll ---- */

struct roll {
	const char *dir, *role;
	const char *zone; /* NULL: every one */
	struct al_buf order;
};

/* "alamo" is "alamo.", and "." the root. */
static bool zone_is(struct al_slice name, const char *typed)
{
	struct al_slice other = al_slice_str(typed);

	if (other.len > 1 && al_slice_ends(other, "."))
		other.len--;
	if (name.len > 1)
		name.len--;
	return al_slice_caseeq(name, other);
}

static bool asked_for(const struct row *row, const struct roll *roll)
{
	return al_slice_is(row->role, roll->role) && (roll->zone == NULL || zone_is(row->zone, roll->zone));
}

static bool on_its_way(const struct row *row, const void *arg)
{
	return asked_for(row, arg) && al_slice_is(row->state, "published");
}

static bool has_next(struct al_slice report, const struct roll *roll, struct al_slice zone, struct row *out)
{
	while (row_next(&report, out))
		if (al_slice_eq(out->zone, zone) && on_its_way(out, roll))
			return true;
	return false;
}

/* A line for each zone that has no key on its way; those that have are named. */
static int order_make(struct roll *roll, struct al_slice report)
{
	struct al_slice rest = report;
	struct row row, next;
	bool known = false;

	while (row_next(&rest, &row)) {
		if (!asked_for(&row, roll) || !al_slice_is(row.state, "active"))
			continue;
		known = true;
		if (!has_next(report, roll, row.zone, &next))
			al_buf_printf(&roll->order, "%.*s %s\n", AL_FMT(row.zone), roll->role);
		else
			fprintf(stderr,
				"alamo: the next %s of %.*s is on its way already (%" PRIu64 "): one at a time\n",
				roll->role, AL_FMT(row.zone), next.tag);
	}
	if (!known && roll->zone != NULL)
		return command_fail(CLI_USAGE, "there is no zone \"%s\" here: `alamo keys dns status %s`", roll->zone,
				    roll->dir);
	if (roll->order.err != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	return roll->order.len > 0 ? CLI_DONE : CLI_REFUSED;
}

/* Until the file is gone. */
static bool gone_within(const char *path, uint64_t ms)
{
	uint64_t end = al_now_ms() + ms;

	while (access(path, F_OK) == 0) {
		if (al_now_ms() >= end)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = LOOK_NS }, NULL);
	}
	return true;
}

static int order_send(const struct roll *roll)
{
	char order[PATH_MAX], taken[PATH_MAX];

	if (file_join(roll->dir, ORDER, order, sizeof(order)) != AL_OK ||
	    file_join(roll->dir, TAKEN, taken, sizeof(taken)) != AL_OK)
		return command_fail(CLI_USAGE, "%s: the path is too long", roll->dir);
	if (access(order, F_OK) == 0)
		return command_fail(CLI_REFUSED, "%s: another order waits for alamo-rootd", order);
	if (file_write(order, al_buf_view(&roll->order), 0644) != AL_OK)
		return command_fail(CLI_REFUSED, "%s: %s", order, strerror(errno));
	if (!gone_within(order, TAKE_MS) && unlink(order) == 0)
		return command_fail(CLI_OFFLINE, "alamo-rootd does not run in %s: nothing was begun", roll->dir);
	if (!gone_within(taken, MAKE_MS))
		return command_fail(CLI_REFUSED, "%s stays: the log of alamo-rootd says why", taken);
	return CLI_DONE;
}

/* Has every key that was ordered been made? */
static int order_made(const struct roll *roll, struct al_slice report)
{
	struct al_slice rest = al_buf_view(&roll->order), line, zone;
	struct row next;

	while (al_slice_line(&rest, &line))
		if (al_slice_word(&line, "", &zone) && !has_next(report, roll, zone, &next))
			return command_fail(CLI_REFUSED, "%.*s has got no key: the log of alamo-rootd says why",
					    AL_FMT(zone));
	return CLI_DONE;
}

static int roll_run(struct roll *roll, bool json)
{
	struct al_buf report;
	int code;

	al_buf_init(&report, REPORT_MAX);
	al_buf_init(&roll->order, REPORT_MAX);
	code = report_read(roll->dir, &report);
	if (code == CLI_DONE)
		code = order_make(roll, al_buf_view(&report));
	if (code == CLI_DONE)
		code = order_send(roll);
	if (code == CLI_DONE)
		code = report_read(roll->dir, &report);
	if (code == CLI_DONE)
		code = order_made(roll, al_buf_view(&report));
	if (code == CLI_DONE)
		code = rows_show(al_buf_view(&report), json, on_its_way, roll);
	al_buf_release(&roll->order);
	al_buf_release(&report);
	return code;
}

int keys_dns(const struct words *words, bool json)
{
	const char *what = words->word[0], *role = words->word[words->count - 1];
	struct roll roll = { .dir = words->word[1], .role = role, .zone = words->count == 4 ? words->word[2] : NULL };

	if (strcmp(what, "status") == 0 && words->count == 2)
		return status(words->word[1], json);
	if (strcmp(what, "status") == 0)
		return command_fail(CLI_USAGE, "keys dns status DIR: one word too many: \"%s\"", words->word[2]);
	if (strcmp(what, "roll") != 0)
		return command_fail(CLI_USAGE, "keys dns: \"%s\" is neither status nor roll", what);
	if (words->count < 3 || (strcmp(role, "ksk") != 0 && strcmp(role, "zsk") != 0))
		return command_fail(CLI_USAGE, "which key, ksk or zsk? alamo keys dns roll DIR [ZONE] ksk|zsk");
	return roll_run(&roll, json);
}
