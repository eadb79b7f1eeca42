/* SPDX-License-Identifier: MIT */
/*
 * subject.c -- complaints of the rules, under the line that they are about.
 */
#include "subject.h"

#include <stdarg.h>
#include <stdio.h>

/* Line of the first attribute `attr` in the member's text. */
static unsigned raw_line(struct al_slice raw, const char *attr)
{
	struct al_slice line, name;
	unsigned number = 0;

	for (; al_slice_line(&raw, &line); number++)
		if (al_slice_cut(&line, ':', &name) && al_slice_caseis(name, attr))
			return number;
	return AL_REPORT_WHOLE;
}

void policy_refuse(struct policy *policy, const struct subject *subject, const char *attr, const char *clause,
		   const char *fmt, ...)
{
	struct decision *d = policy->d;
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_report_add(&d->report, AL_ERROR, subject->number,
		      attr != NULL ? raw_line(d->request.objects[subject->number], attr) : AL_REPORT_WHOLE, clause,
		      "%s", text);
}

void policy_warn(struct policy *policy, const struct subject *subject, const char *attr, const char *fmt, ...)
{
	struct decision *d = policy->d;
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_report_add(&d->report, AL_WARNING, subject->number, raw_line(d->request.objects[subject->number], attr),
		      NULL, "%s", text);
}

void policy_built(const struct policy *policy, const struct al_buf *text)
{
	if (text->err == AL_ENOMEM)
		policy->d->report.err = AL_ENOMEM;
}
