/* SPDX-License-Identifier: MIT */
/*
 * gate.c -- the brake's state and its two files. Thread: the loop's.
 *
 * Invariant: `reference` is a set that was served within the last GATE_WINDOW_S seconds, or the only one there was;
 * `last` is what was looked at last, and of the reference's records at most `gone_most` are not in it. As no more routes
 * are lost than records are gone, nearly every step is found harmless by what it changes, and not by all that changed
 * within the window.
 */
#include "gate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/tlog/note_file.h"

#include "origin_brake.h"

#define PATH_LEN 4200

struct gate {
	struct gate_conf conf;
	const struct vrp_set *reference; /* counted; NULL: none yet */
	uint64_t reference_s;
	const struct vrp_set *last; /* counted; NULL as long as the reference is */
	size_t gone_most;
	uint32_t held;   /* serial; 0: nothing is held */
	uint64_t held_s; /* since when anything is */
	size_t lost, of; /* of the step that is too much */
};

static struct al_metric metric_held = { .name = "alamo_rpki_held",
					.help = "1 while a set is held back because it takes too many routes away",
					.gauge = true };
static struct al_metric metric_lost = { .name = "alamo_rpki_held_routes",
					.help = "Routes that the set that is held back would take away",
					.gauge = true };

enum al_err gate_new(const struct gate_conf *conf, struct gate **out)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		return AL_ENOMEM;
	gate->conf = *conf;
	al_metric_add(&metric_held);
	al_metric_add(&metric_lost);
	*out = gate;
	return AL_OK;
}

void gate_limit(struct gate *gate, unsigned percent, uint64_t release_s)
{
	gate->conf.percent = percent;
	gate->conf.release_s = release_s;
}

void gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	vrp_set_unref(gate->reference);
	vrp_set_unref(gate->last);
	free(gate);
}

bool gate_holds(const struct gate *gate)
{
	return gate->held != 0;
}

static const char *file_path(const struct gate *gate, const char *name, char out[static PATH_LEN])
{
	(void)snprintf(out, PATH_LEN, "%s/%s", gate->conf.dir, name);
	return out;
}

static void last_set(struct gate *gate, const struct vrp_set *last)
{
	const struct vrp_set *old = gate->last;

	gate->last = vrp_set_ref(last);
	vrp_set_unref(old);
}

/* What steps are measured by from now on. */
static void reference_set(struct gate *gate, const struct vrp_set *reference, uint64_t now_s)
{
	const struct vrp_set *old = gate->reference;

	gate->reference = vrp_set_ref(reference);
	gate->reference_s = now_s;
	gate->gone_most = 0;
	last_set(gate, reference);
	vrp_set_unref(old);
}

/* For the operator: what waits, and until when. */
static void held_write(const struct gate *gate, const struct vrp_set *newest)
{
	char path[PATH_LEN];
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_buf_printf(&text, "serial %" PRIu32 "\nsize %" PRIu64 "\nrecords %zu of %zu\nlost %zu\n", newest->serial,
		      newest->size, newest->vrps, gate->of, gate->lost);
	if (al_note_save(file_path(gate, "roa.held", path), al_buf_view(&text), false) != AL_OK)
		al_log(AL_LOG_WARN, "held-file", "path=%s errno=%d", path, errno);
	al_buf_release(&text);
}

static void gate_hold(struct gate *gate, const struct vrp_set *newest, uint64_t now_s)
{
	bool first = gate->held == 0, changed = gate->held != newest->serial;

	if (first)
		gate->held_s = now_s;
	gate->held = newest->serial;
	al_metric_set(&metric_held, 1);
	al_metric_set(&metric_lost, gate->lost);
	if (!changed)
		return;
	held_write(gate, newest);
	al_log(AL_LOG_ERROR, "set-held",
	       "serial=%" PRIu32 " size=%" PRIu64 " lost=%zu of=%zu percent=%u seconds=%" PRIu64
	       "; routers keep the last set until `alamo roa release`",
	       newest->serial, newest->size, gate->lost, gate->of, gate->conf.percent, gate->conf.release_s);
}

/* `accepted`: the loss was looked at, or was waited for. What is left is the measure from then on. */
static void gate_let(struct gate *gate, const struct vrp_set *newest, uint64_t now_s, bool accepted, const char *why)
{
	char path[PATH_LEN];

	if (gate->held != 0) {
		al_log(AL_LOG_WARN, "set-released", "serial=%" PRIu32 " lost=%zu why=%s", newest->serial, gate->lost,
		       why);
		(void)unlink(file_path(gate, "roa.held", path));
		(void)unlink(file_path(gate, "roa.release", path));
		gate->held = 0;
		al_metric_set(&metric_held, 0);
		al_metric_set(&metric_lost, 0);
	}
	if (!accepted && gate->reference != NULL && now_s - gate->reference_s < GATE_WINDOW_S)
		return;
	reference_set(gate, newest, now_s);
}

/* Did the operator release this serial? One that he has not seen stays. */
static bool gate_released(const struct gate *gate, uint32_t serial)
{
	char path[PATH_LEN];
	struct al_buf text;
	uint64_t named = 0;

	al_buf_init(&text, 64);
	if (al_note_load(file_path(gate, "roa.release", path), &text) != AL_OK ||
	    al_slice_u64(al_slice_trim(al_buf_view(&text)), UINT32_MAX, &named) != AL_OK)
		named = 0;
	al_buf_release(&text);
	return named == serial;
}

/* Does the way from `before` take too much away? *gone as of origin_lost(). */
static bool gate_steep(struct gate *gate, const struct vrp_set *before, const struct vrp_set *newest, size_t *gone)
{
	gate->lost = origin_lost(before, newest, gone);
	gate->of = before->vrps;
	return origin_brake(before, gate->lost, gate->conf.percent);
}

/* The same from the reference: counted only when the bound does not say it. */
static bool reference_steep(struct gate *gate, const struct vrp_set *newest)
{
	size_t step;

	(void)gate_steep(gate, gate->last, newest, &step);
	last_set(gate, newest);
	gate->gone_most += step;
	return (gate->held != 0 || origin_brake(gate->reference, gate->gone_most, gate->conf.percent)) &&
	       gate_steep(gate, gate->reference, newest, &gate->gone_most);
}

bool gate_pass(struct gate *gate, const struct vrp_set *served, const struct vrp_set *newest, uint64_t now_s)
{
	if (served == NULL) {
		gate_let(gate, newest, now_s, false, "first");
		return true;
	}
	if (gate->reference == NULL)
		reference_set(gate, served, now_s);
	if (!reference_steep(gate, newest) && (served == gate->reference || !gate_steep(gate, served, newest, NULL))) {
		gate_let(gate, newest, now_s, false, "harmless");
		return true;
	}
	if (gate->held != 0 && gate_released(gate, newest->serial)) {
		gate_let(gate, newest, now_s, true, "operator");
		return true;
	}
	if (gate->held != 0 && gate->conf.release_s != 0 && now_s - gate->held_s >= gate->conf.release_s) {
		gate_let(gate, newest, now_s, true, "time");
		return true;
	}
	gate_hold(gate, newest, now_s);
	return false;
}
