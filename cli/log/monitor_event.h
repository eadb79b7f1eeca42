/* SPDX-License-Identifier: MIT */
/*
 * monitor_event.h -- what a monitor has seen, as JSON: one event an entry (docs/formats.md, "Event of a monitor").
 *
 * The event has all that is needed to check it without asking anybody: the entry, its place in the tree, and the
 * checkpoint. The proof is made when the checkpoint is there, which is after its entries.
 */
#ifndef CLI_MONITOR_EVENT_H
#define CLI_MONITOR_EVENT_H

#include <jansson.h>

#include "alamo/rpsl/sshsig.h"
#include "alamo/rpsl/state.h"
#include "alamo/tlog/note.h"

#define EVENT_ID_MAX 64 /* with its NUL */

/* Who watches what; the names are borrowed. */
struct monitor_watch {
	const char *log; /* origin */
	const char *mnt;
};

struct monitor_event {
	json_t *json; /* NULL: nothing of interest so far */
	uint64_t index, time;
	struct al_buf entry; /* the bytes */
};

/* An entry that touches what is watched. */
void monitor_event_begin(struct monitor_event *event, const struct monitor_watch *watch, uint64_t index, uint64_t time,
			 bool own);
/* Who signed it. */
void monitor_event_signer(struct monitor_event *event, const struct al_sshkey *signer);
/* One object of it. `before` NULL: there was none. */
void monitor_event_add(struct monitor_event *event, const struct al_object *before, const struct al_object *now);
/* The entry is over. */
void monitor_event_end(struct monitor_event *event, struct al_slice entry);
/* The proof under the verified checkpoint that `note` is. AL_ENOMEM. */
AL_MUST_USE enum al_err monitor_event_prove(struct monitor_event *event, const struct al_tree *tree, uint64_t size,
					    struct al_slice note);
void monitor_event_release(struct monitor_event *event);

/* ni:///sha-256;... (RFC 6920) of these bytes: the event's name, the same whoever tells of it, and whenever. */
void monitor_event_id(struct al_slice bytes, char id[static EVENT_ID_MAX]);
void monitor_event_id_of(const uint8_t hash[static AL_HASH_LEN], char id[static EVENT_ID_MAX]);

#endif
