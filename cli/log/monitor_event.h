/* SPDX-License-Identifier: MIT */
/*
 * monitor_event.h -- what a monitor has seen, handed to a program: one event an entry, as JSON on its standard input.
 *
 * The event has all that is needed to check it against any copy of the log: the entry's index and its bytes.
 */
#ifndef CLI_MONITOR_EVENT_H
#define CLI_MONITOR_EVENT_H

#include <jansson.h>

#include "alamo/rpsl/sshsig.h"
#include "alamo/rpsl/state.h"

struct monitor_event {
	const char *command; /* words, separated by blanks; NULL: nobody is told */
	json_t *event;       /* of the entry in hand; NULL: nothing of interest so far */
	uint64_t failed;     /* events that the program did not take */
};

/* An entry that touches what is watched. */
void monitor_event_begin(struct monitor_event *me, uint64_t index, uint64_t time, bool own,
			 const struct al_sshkey *signers, size_t count);
/* One object of it. `before` NULL: there was none. */
void monitor_event_add(struct monitor_event *me, const struct al_object *before, const struct al_object *now);
/* The entry is over: the program is run, and waited for. It says itself what it lacks; a status other than 0 is counted. */
void monitor_event_end(struct monitor_event *me, struct al_slice entry);

#endif
