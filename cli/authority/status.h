/* SPDX-License-Identifier: MIT */
/*
 * status.h -- an authority, looked at from its machine: what its daemons say of themselves, its disk, what expires.
 *
 * States are a Nagios plugin's, and so are the exit codes.
 */
#ifndef CLI_AUTHORITY_STATUS_H
#define CLI_AUTHORITY_STATUS_H

#include "alamo/base/base.h"

enum status_how { STATUS_OK, STATUS_WARNING, STATUS_CRITICAL, STATUS_UNKNOWN };
extern const char *const status_words[];
int status_rank(enum status_how how); /* the higher the worse */

#define STATUS_POINTS_MAX 24
struct status_point {
	enum status_how how;
	char what[24];  /* "whois" */
	char text[200]; /* numbers, and what is wrong with them */
};

struct status {
	struct status_point points[STATUS_POINTS_MAX];
	size_t count;
	enum status_how worst; /* CRITICAL is worse than UNKNOWN */
	uint64_t size;         /* of the log; 0: the registry did not say */
};

/* Exit code: the worst, or STATUS_UNKNOWN when there is no authority in `dir` (said on standard error). */
int status_examine(const char *dir, struct status *out);
/* `alamo status DIR` */
int status_show(const char *dir, bool json);

#endif
