/* SPDX-License-Identifier: MIT */
/*
 * report.c -- messages of a decision, collected in order.
 */
#include "alamo/base/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/text.h"

#define REPORT_MAX 4096     /* kept items */
#define REPORT_TEXT_MAX 512 /* bytes of one message */

void al_report_init(struct al_report *report)
{
	*report = (struct al_report){ .items = NULL };
}

void al_report_release(struct al_report *report)
{
	for (size_t i = 0; i < report->count; i++)
		free(report->items[i].text);
	free(report->items);
	al_report_init(report);
}

/* Doubling growth at powers of two, so that no capacity has to be kept. */
static bool report_grow(struct al_report *report)
{
	size_t count = report->count;
	struct al_message *grown;

	if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
		return true;
	grown = realloc(report->items, (count == 0 ? 8 : count * 2) * sizeof(*grown));
	if (grown == NULL)
		return false;
	report->items = grown;
	return true;
}

void al_report_add(struct al_report *report, enum al_severity severity, unsigned object, unsigned line,
		   const char *clause, const char *fmt, ...)
{
	char said[REPORT_TEXT_MAX], text[REPORT_TEXT_MAX];
	struct al_message *item;
	va_list args;
	char *copy;

	if (report == NULL)
		return;
	if (severity == AL_ERROR)
		report->errors++;
	if (report->count >= REPORT_MAX)
		return;
	va_start(args, fmt);
	(void)vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	al_text_clean(al_slice_str(said), text, sizeof(text)); /* messages quote what others wrote */
	copy = al_slice_dup(al_slice_str(text));
	if (copy == NULL || !report_grow(report)) {
		free(copy);
		report->err = AL_ENOMEM;
		return;
	}
	item = &report->items[report->count++];
	*item = (struct al_message){ severity, object, line, clause, copy };
}
