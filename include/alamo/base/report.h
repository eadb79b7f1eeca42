/* SPDX-License-Identifier: MIT */
/*
 * report.h -- what a decision has to say to the member, line by line.
 *
 * Every message belongs to an object of the request (or to none) and to a
 * line inside that object (or to none), so that the answer can show it under
 * the attribute that it is about. Errors name the clause that refused.
 */
#ifndef ALAMO_REPORT_H
#define ALAMO_REPORT_H

#include "alamo/base/slice.h"

enum al_severity { AL_INFO, AL_WARNING, AL_ERROR };

#define AL_REPORT_WHOLE ((unsigned)-1) /* not about one object, or not about one line */

struct al_message {
	enum al_severity severity;
	unsigned object;    /* 0-based, or AL_REPORT_WHOLE */
	unsigned line;      /* 0-based line of the object's raw text, or AL_REPORT_WHOLE */
	const char *clause; /* constant, "POLICY-AUTH"; NULL for infos; of a warning: older rules, in an audit */
	char *text;         /* owned by the report; one line */
};

struct al_report {
	struct al_message *items;
	size_t count;
	size_t errors;   /* how many items are AL_ERROR */
	enum al_err err; /* AL_ENOMEM when an item was lost */
};

void al_report_init(struct al_report *report);
void al_report_release(struct al_report *report);
/* `report` may be NULL: then nothing is kept. At most 4,096 items are kept; all errors are counted. */
void al_report_add(struct al_report *report, enum al_severity severity, unsigned object, unsigned line,
		   const char *clause, const char *fmt, ...) AL_PRINTF(6, 7);

#endif
