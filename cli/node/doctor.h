/* SPDX-License-Identifier: MIT */
/*
 * doctor.h -- a node, looked at point by point.
 */
#ifndef CLI_NODE_DOCTOR_H
#define CLI_NODE_DOCTOR_H

#include "log/log_read.h"
#include "node_view.h"

enum doctor_how { DOCTOR_GOOD, DOCTOR_WARN, DOCTOR_BAD };

#define DOCTOR_FINDINGS_MAX (NODE_PEERS_MAX * 3 + 16)
struct doctor_finding {
	enum doctor_how how;
	char what[NODE_TEXT_MAX]; /* "session EVE-R1" */
	char text[NODE_TEXT_MAX]; /* a sentence without its dot */
	char mend[NODE_TEXT_MAX]; /* the command that mends it; empty: nothing to do */
};

struct doctor {
	struct doctor_finding findings[DOCTOR_FINDINGS_MAX];
	size_t count;
	enum doctor_how worst;
};

/* Settings, log, files, firewall, address, clock; of each link handshake, session, MTU; origins, names. Large: zeroed, on the heap. */
void doctor_examine(const char *root, const struct log_read_options *where, struct doctor *out);

#endif
