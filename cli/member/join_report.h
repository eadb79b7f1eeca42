/* SPDX-License-Identifier: MIT */
/*
 * join_report.h -- what a newcomer is told.
 */
#ifndef CLI_JOIN_REPORT_H
#define CLI_JOIN_REPORT_H

#include "network.h"

struct join_report {
	struct client *client;
	const struct network *network;
	const char *name;     /* "FISHER" */
	const char *domain;   /* that was asked for; NULL: none */
	const char *key;      /* file */
	struct al_slice auth; /* its public part */
	struct al_slice answer;
	bool settled; /* the configuration names this registry */
};

/* Writes the configuration of the new member; true if it names this registry now, so that commands need no options. */
bool join_settings(const struct join_report *report);

/* It is done (or would be): the new member's numbers, and what may be typed next. */
void join_welcome(const struct join_report *report);
/* It is refused: in a few words where the reason is a plain one, else as the registry says it. */
void join_refused(const struct join_report *report);
/* Either as JSON. */
void join_json(const struct join_report *report);

#endif
