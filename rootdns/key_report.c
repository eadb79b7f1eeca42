/* SPDX-License-Identifier: MIT */
/*
 * key_report.c -- see key_report.h. Builder's thread, whenever a key has moved.
 */
#include "key_report.h"

#include <inttypes.h>

#include "alamo/base/wire.h"
#include "alamo/net/metrics.h"
#include "kept.h"
#include "zone_names.h"

#define LINE_MOST (DNAME_TEXT_MAX + 128)

static struct al_metric metric_moving = { .name = "alamo_dns_keys_moving",
					  .help = "Keys of zones that are not in use yet, or not any more.",
					  .gauge = true };
static struct al_metric metric_next = { .name = "alamo_dns_keys_next_seconds",
					.help = "When the first of them takes its next step, Unix time; 0: none does.",
					.gauge = true };

const char *key_role_name(bool set)
{
	return set ? "ksk" : "zsk";
}

void key_report_begin(struct key_report *report)
{
	*report = (struct key_report){ .moving = 0 };
	al_buf_init(&report->text, (size_t)PLAN_ZONES_MAX * ZONE_KEYS_MAX * LINE_MOST);
	al_metric_add(&metric_moving);
	al_metric_add(&metric_next);
}

static void ahead(const struct zone_keys *keys, struct key_step out[static ZONE_KEYS_MAX])
{
	struct key_time times[ZONE_KEYS_MAX], *pointers[ZONE_KEYS_MAX];

	for (size_t i = 0; i < keys->count; i++) {
		times[i] = keys->all[i].time;
		pointers[i] = &times[i];
	}
	key_ahead(pointers, keys->count, out);
}

void key_report_add(struct key_report *report, const struct dname *apex, const struct zone_keys *keys)
{
	struct key_step steps[ZONE_KEYS_MAX];
	char name[DNAME_TEXT_MAX];

	(void)dname_text(apex->b, name);
	ahead(keys, steps);
	for (size_t i = 0; i < keys->count; i++) {
		const struct zone_key *key = &keys->all[i];
		const struct key_step *next = &steps[i];
		bool moves = next->state != STATE_COUNT;

		al_buf_printf(&report->text, "%s %s %u %u %s %" PRIu64 " %s %" PRIu64 "\n", name,
			      key_role_name(key->time.kind != KIND_ZSK), key->tag, KEY_ALGORITHM,
			      key_state_name(key->time.state), key->time.since,
			      moves ? key_state_name(next->state) : "-", moves ? next->at : 0);
		report->moving += key->time.state == STATE_PUBLISHED || key->time.state == STATE_RETIRED;
		if (moves && (report->next == 0 || next->at < report->next))
			report->next = next->at;
	}
}

enum al_err key_report_end(struct key_report *report, const char *dir)
{
	enum al_err err = report->text.err;

	if (err == AL_OK && dir != NULL)
		err = kept_put(dir, KEY_REPORT, 0644, report->text.ptr, report->text.len);
	al_metric_set(&metric_moving, report->moving);
	al_metric_set(&metric_next, report->next);
	al_buf_release(&report->text);
	return err;
}
