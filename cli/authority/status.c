/* SPDX-License-Identifier: MIT */
/*
 * status.c -- each daemon's /metrics, found by run/endpoints.d, and the disk.
 */
#include "status.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"
#include "alamo/net/conf.h"
#include "alamo/net/loop.h"
#include "command.h"
#include "expiry.h"
#include "file.h"
#include "json.h"
#include "roa/http_get.h"

#define METRICS_MAX (1u << 20)
#define BEHIND_MOST 1000 /* entries: more is no moment's lag */
#define QUEUE_MANY 5000  /* requests: half of what fits */
#define DAY 86400u
#define KEY_LATE_S 3600u
#define MIB (1024u * 1024u)

const char *const status_words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct look {
	const char *dir;
	const struct al_conf *conf;
	struct status *out;
	struct al_buf metrics; /* of the daemon that is looked at */
};

/* ---- points ---- */

int status_rank(enum status_how how)
{
	return how == STATUS_UNKNOWN ? 2 : how == STATUS_CRITICAL ? 3 : (int)how;
}

static void point(struct status *out, enum status_how how, const char *what, const char *fmt, ...) AL_PRINTF(4, 5);
static void point(struct status *out, enum status_how how, const char *what, const char *fmt, ...)
{
	struct status_point *one;
	va_list args;

	if (status_rank(how) > status_rank(out->worst))
		out->worst = how;
	if (out->count == STATUS_POINTS_MAX)
		return;
	one = &out->points[out->count++];
	one->how = how;
	snprintf(one->what, sizeof(one->what), "%s", what);
	va_start(args, fmt);
	vsnprintf(one->text, sizeof(one->text), fmt, args);
	va_end(args);
}

/* ---- metrics ---- */

/* The value of a line "NAME VALUE"; 0 when there is none. */
static uint64_t metric(const struct look *look, const char *name)
{
	struct al_slice rest = al_buf_view(&look->metrics), line, head;
	uint64_t value = 0;

	while (al_slice_line(&rest, &line))
		if (al_slice_cut(&line, ' ', &head) && al_slice_is(head, name))
			return al_slice_u64(line, UINT64_MAX, &value) == AL_OK ? value : 0;
	return 0;
}

/* Its HTTP address, out of run/endpoints.d/PROGRAM. */
static bool address_find(const struct look *look, const char *program, const char *endpoint, char *out, size_t cap)
{
	char name[64], path[PATH_MAX];
	struct al_buf text;
	struct al_slice rest, line, head;
	bool found = false;

	al_buf_init(&text, 65536);
	snprintf(name, sizeof(name), "run/endpoints.d/%s", program);
	if (file_join(look->dir, name, path, sizeof(path)) == AL_OK && file_read(path, &text) == AL_OK) {
		rest = al_buf_view(&text);
		while (!found && al_slice_line(&rest, &line))
			found = al_slice_cut(&line, ' ', &head) && al_slice_is(head, endpoint);
	}
	if (found)
		snprintf(out, cap, "http://%.*s", AL_FMT(line));
	al_buf_release(&text);
	return found;
}

/* Is alamo.conf on the disk what it runs with, as far as it has been told (SIGHUP)? */
static void conf_look(const struct look *look, const char *program)
{
	uint64_t keys = metric(look, "alamo_conf_waiting");

	if (metric(look, "alamo_conf_refused") != 0)
		point(look->out, STATUS_WARNING, "configuration",
		      "%s has refused alamo.conf and goes on with what it had; its log says why", program);
	if (keys != 0)
		point(look->out, STATUS_WARNING, "configuration",
		      "%s waits for a restart to take %" PRIu64 " key%s of alamo.conf", program, keys,
		      keys == 1 ? "" : "s");
}

/* Fills look->metrics, or says what is wrong. */
static bool daemon_ask(struct look *look, const char *what, const char *program, const char *endpoint)
{
	char url[128];

	al_buf_reset(&look->metrics);
	if (!address_find(look, program, endpoint, url, sizeof(url))) {
		point(look->out, STATUS_CRITICAL, what,
		      "%s has not been up: no run/endpoints.d/%s, or no right to read it", program, program);
		return false;
	}
	if (http_get(url, "/metrics", &look->metrics) == AL_OK) {
		conf_look(look, program);
		return true;
	}
	point(look->out, STATUS_CRITICAL, what, "%s does not answer at %s", program, url);
	return false;
}

/* ---- what is looked at ---- */

/* Something that is good until `end`; 0: there is none. */
static void expiry_look(struct look *look, const char *what, uint64_t since, uint64_t end, const char *mend)
{
	static const enum status_how hows[] = {
		[EXPIRY_GOOD] = STATUS_OK,
		[EXPIRY_HALF] = STATUS_WARNING,
		[EXPIRY_LAST] = STATUS_CRITICAL,
	};
	uint64_t now = al_now_s(), left = end > now ? end - now : 0;
	enum expiry judged = expiry_judge(since, end, now);

	if (end != 0)
		point(look->out, hows[judged], what, "ends in %" PRIu64 " days %" PRIu64 " hours%s%s", left / DAY,
		      left % DAY / 3600,
		      judged == EXPIRY_GOOD   ? ""
		      : judged == EXPIRY_HALF ? ", half of its life is over: "
					      : ": ",
		      judged == EXPIRY_GOOD ? "" : mend);
}

/* Half of the time that a request may wait is time to look at it. */
static void queue_look(struct look *look)
{
	uint64_t waiting = metric(look, "alamo_registry_queue_waiting"), now = al_now_s();
	uint64_t oldest = metric(look, "alamo_registry_queue_oldest_seconds");
	uint64_t age = oldest != 0 && now > oldest ? now - oldest : 0;
	uint64_t most = al_conf_u64(look->conf, "registry", "queue-days") * DAY;
	bool late = (most != 0 && age > most / 2) || waiting > QUEUE_MANY;

	if (waiting == 0)
		point(look->out, STATUS_OK, "queue", "no request waits for the hostmaster");
	else
		point(look->out, late ? STATUS_WARNING : STATUS_OK, "queue",
		      "%" PRIu64 " request%s for the hostmaster, the oldest for %" PRIu64 " days %" PRIu64 " hours%s",
		      waiting, waiting == 1 ? " waits" : "s wait", age / DAY, age % DAY / 3600,
		      late ? ": alamo queue list" : "");
	point(look->out, STATUS_OK, "budgets",
	      "turned away since start, by a budget of: source %" PRIu64 ", network %" PRIu64 ", key %" PRIu64
	      ", maintainer %" PRIu64,
	      metric(look, "alamo_registry_unpaid_total{budget=\"source\"}"),
	      metric(look, "alamo_registry_unpaid_total{budget=\"network\"}"),
	      metric(look, "alamo_registry_unpaid_total{budget=\"key\"}"),
	      metric(look, "alamo_registry_unpaid_total{budget=\"maintainer\"}"));
}

static void registry_look(struct look *look)
{
	uint64_t published, memory, most = al_conf_u64(look->conf, "registry", "max-memory");

	if (!daemon_ask(look, "registry", "alamo-registryd", "log-http"))
		return;
	look->out->size = metric(look, "alamo_registry_log_entries");
	published = metric(look, "alamo_registry_published_size");
	point(look->out, published + BEHIND_MOST < look->out->size ? STATUS_WARNING : STATUS_OK, "registry",
	      "%" PRIu64 " entries, %" PRIu64 " published; since start %" PRIu64 " requests accepted, %" PRIu64
	      " refused; clients %" PRIu64 ", followers %" PRIu64,
	      look->out->size, published, metric(look, "alamo_registry_requests_accepted_total"),
	      metric(look, "alamo_registry_requests_refused_total"),
	      metric(look, "alamo_connections_open{listener=\"requests\"}"),
	      metric(look, "alamo_connections_open{listener=\"stream\"}") +
		      metric(look, "alamo_connections_open{listener=\"stream-local\"}"));
	memory = metric(look, "process_resident_memory_bytes") / MIB;
	point(look->out,
	      most == 0 || memory < most / 5 * 4 ? STATUS_OK
	      : memory < most                    ? STATUS_WARNING
						 : STATUS_CRITICAL,
	      "memory", "%" PRIu64 " MiB of the registry; with %" PRIu64 " it stores nothing more (max-memory)", memory,
	      most);
	if (metric(look, "alamo_registry_clock_ahead_seconds") != 0)
		point(look->out, STATUS_CRITICAL, "clock",
		      "the system's clock has jumped ahead by %" PRIu64
		      " s: nothing is stored until it is right (clock-jump-seconds)",
		      metric(look, "alamo_registry_clock_ahead_seconds"));
	/* Beyond its day, whoever pinned the roots takes it for held back. */
	expiry_look(look, "log keys", metric(look, "alamo_registry_keys_since_seconds"),
		    metric(look, "alamo_registry_keys_end_seconds"),
		    "alamo keys rotate, or draft --after, makes the next note; start alamo-registryd again then");
	queue_look(look);
}

static void follower_look(struct look *look, const char *what, const char *program, const char *listener)
{
	char clients[64];
	uint64_t size = metric(look, "alamo_log_size"), behind = look->out->size > size ? look->out->size - size : 0;
	enum status_how how = STATUS_OK;
	const char *wrong = "";

	snprintf(clients, sizeof(clients), "alamo_connections_open{listener=\"%s\"}", listener);
	if (metric(look, "alamo_log_stale") != 0) {
		how = STATUS_CRITICAL;
		wrong = "; what it serves is old";
	} else if (metric(look, "alamo_log_up") == 0) {
		how = STATUS_WARNING;
		wrong = "; it has no connection to the log";
	} else if (behind > BEHIND_MOST) {
		how = STATUS_WARNING;
		wrong = "; it does not keep up";
	}
	point(look->out, how, what,
	      "%s shows %" PRIu64 " entries, %" PRIu64 " behind, dated %" PRIu64 " s ago; clients %" PRIu64 "%s",
	      program, size, behind, metric(look, "alamo_log_age_seconds"), metric(look, clients), wrong);
}

/* Rolls take their steps by themselves, once a minute: one that is not taken has stopped all that are behind it. */
static void dns_keys_look(struct look *look)
{
	uint64_t moving = metric(look, "alamo_dns_keys_moving"), next = metric(look, "alamo_dns_keys_next_seconds");
	bool late = next != 0 && next + KEY_LATE_S < al_now_s();
	char at[AL_TIME_STRLEN];

	al_time_format(next, at);
	if (moving == 0)
		point(look->out, STATUS_OK, "dns keys", "every key is in use, none is on its way");
	else
		point(look->out, late ? STATUS_WARNING : STATUS_OK, "dns keys",
		      "%" PRIu64 " on their way, the next step %s %s: alamo keys dns status", moving,
		      late ? "should have been at" : "is at", at);
}

/* Each is made anew at half of its time, so half is counted of what is left when a tenth of it is over. */
static void signatures_look(struct look *look)
{
	uint64_t since = metric(look, "alamo_dns_signatures_since_seconds");
	uint64_t end = metric(look, "alamo_dns_signatures_end_seconds");

	expiry_look(look, "dns signatures", end > since ? since + (end - since) / 10 : since, end,
		    "alamo-rootd does not sign anew; its log says why");
}

static void dns_look(struct look *look)
{
	if (!daemon_ask(look, "dns", "alamo-rootd", "dns-http"))
		return;
	follower_look(look, "dns", "alamo-rootd", "dns");
	signatures_look(look);
	dns_keys_look(look);
}

static void origins_look(struct look *look)
{
	uint64_t held;

	if (!daemon_ask(look, "origins", "alamo-rpkid", "roas"))
		return;
	follower_look(look, "origins", "alamo-rpkid", "rtr");
	held = metric(look, "alamo_rpki_held_routes");
	if (metric(look, "alamo_rpki_held") != 0)
		point(look->out, STATUS_WARNING, "origins held",
		      "a step that takes %" PRIu64 " routes away waits: alamo roa held %s", held, look->dir);
	if (metric(look, "alamo_rpki_stale") != 0)
		point(look->out, STATUS_CRITICAL, "origins age",
		      "nothing is served any more: what there is is too old");
	expiry_look(look, "origins key", metric(look, "alamo_rpki_key_since_seconds"),
		    metric(look, "alamo_rpki_key_not_after_seconds"),
		    "alamo roa key makes the next one; start alamo-rpkid again then");
	expiry_look(look, "origins certificate", metric(look, "alamo_rpki_certificate_since_seconds"),
		    metric(look, "alamo_rpki_certificate_end_seconds"),
		    "once there is another in [rpki] tls-certificate, reload alamo-rpkid");
}

static void disk_look(struct look *look)
{
	uint64_t least = al_conf_u64(look->conf, "registry", "min-free-disk"), free_mib, all_mib;
	struct statvfs fs;
	enum status_how how;

	if (statvfs(look->dir, &fs) != 0) {
		point(look->out, STATUS_UNKNOWN, "disk", "%s: %s", look->dir, strerror(errno));
		return;
	}
	free_mib = (uint64_t)fs.f_bavail * fs.f_frsize / MIB;
	all_mib = (uint64_t)fs.f_blocks * fs.f_frsize / MIB;
	how = free_mib < least                                   ? STATUS_CRITICAL
	      : free_mib < least * 10 || free_mib < all_mib / 20 ? STATUS_WARNING
								 : STATUS_OK;
	point(look->out, how, "disk",
	      "%" PRIu64 " of %" PRIu64 " MiB are free; with less than %" PRIu64
	      " nothing more is stored (min-free-disk)",
	      free_mib, all_mib, least);
}

int status_examine(const char *dir, struct status *out)
{
	char path[PATH_MAX], message[512];
	struct al_conf *conf;
	struct look look = { .dir = dir, .out = out };

	*out = (struct status){ .worst = STATUS_OK };
	if (file_join(dir, "alamo.conf", path, sizeof(path)) != AL_OK ||
	    al_conf_load(path, &conf, message, sizeof(message)) != AL_OK) {
		(void)command_fail(CLI_REFUSED, "%s is no authority that can be read: %s", dir, message);
		out->worst = STATUS_UNKNOWN;
		return STATUS_UNKNOWN;
	}
	look.conf = conf;
	al_buf_init(&look.metrics, METRICS_MAX);
	registry_look(&look);
	if (daemon_ask(&look, "whois", "alamo-whoisd", "rdap"))
		follower_look(&look, "whois", "alamo-whoisd", "whois");
	dns_look(&look);
	origins_look(&look);
	disk_look(&look);
	al_buf_release(&look.metrics);
	al_conf_free(conf);
	return (int)out->worst;
}

/* ---- shown ---- */

/* First what is worst: many who watch show one line only. */
static void status_print(const struct status *status)
{
	const struct status_point *worst = NULL;

	for (size_t i = 0; i < status->count; i++)
		if (worst == NULL || status_rank(status->points[i].how) > status_rank(worst->how))
			worst = &status->points[i];
	if (worst == NULL || worst->how == STATUS_OK)
		printf("ALAMO OK: %" PRIu64 " entries | entries=%" PRIu64 "\n", status->size, status->size);
	else
		printf("ALAMO %s: %s: %s | entries=%" PRIu64 "\n", status_words[status->worst], worst->what,
		       worst->text, status->size);
	for (size_t i = 0; i < status->count; i++)
		printf("%-8s %-15s %s\n", status_words[status->points[i].how], status->points[i].what,
		       status->points[i].text);
}

static int status_json(const struct status *status)
{
	json_t *list = json_array();

	for (size_t i = 0; i < status->count; i++) {
		const struct status_point *one = &status->points[i];

		(void)json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "what", one->what, "state",
							    status_words[one->how], "text", one->text));
	}
	return json_out(json_pack("{s:s, s:I, s:o}", "state", status_words[status->worst], "entries",
				  (json_int_t)status->size, "points", list));
}

int status_show(const char *dir, bool json)
{
	struct status status;
	int code = status_examine(dir, &status);

	if (status.count == 0)
		return code;
	if (json)
		(void)status_json(&status);
	else
		status_print(&status);
	return code;
}
