/* SPDX-License-Identifier: MIT */
/*
 * history.h -- every version that every object ever had.
 *
 * Versions stand one behind the other in a file that has no name: it is made
 * anew by following the log and goes with the process. Memory holds sixteen
 * bytes a version. A version's serial is its place in the whole log, from 1
 * and without gaps: what NRTM counts in. Its number is its place among the
 * versions of its object, from 1. Threads may read it while none changes it (share.h).
 */
#ifndef WHOIS_HISTORY_H
#define WHOIS_HISTORY_H

#include "alamo/rpsl/state.h"

#define WHOIS_HISTORY_RECORD_MAX (1u << 20) /* bytes of one version */

struct whois_history;

struct whois_version {
	uint64_t serial;
	uint64_t number; /* 1: the object's first */
	uint64_t index;  /* log index of the entry that made it */
	uint64_t time;   /* of that entry */
	uint64_t created;
	uint64_t prev; /* serial of the version before; 0: none */
	uint64_t jump; /* serial of one further back, see history.c */
	enum al_class cls;
	bool deleted;         /* text is what was deleted */
	struct al_slice key;  /* in the caller's buffer */
	struct al_slice text; /* the same */
};

/* `folder` gets the file. */
AL_MUST_USE enum al_err whois_history_new(const char *folder, struct whois_history **out);
void whois_history_free(struct whois_history *history); /* NULL is allowed */
/* An al_change_fn. */
void whois_history_change(void *history, const struct al_object *old, const struct al_object *now);
/* AL_EIO, AL_ENOMEM once a version could not be kept: nothing is answered from then on. */
enum al_err whois_history_error(const struct whois_history *history);
uint64_t whois_history_last(const struct whois_history *history); /* newest serial; 0: none */

/* AL_ENOTFOUND: no such serial. `buf` is reset and holds key and text. */
AL_MUST_USE enum al_err whois_history_read(const struct whois_history *history, uint64_t serial, struct al_buf *buf,
					   struct whois_version *out);
/* Serial of this very version of an object; 0: not known. */
uint64_t whois_history_serial(const struct whois_history *history, const struct al_object *object);
/* First serial of the entry with that index, or of the next one that has any; the one behind the last: there is none. */
uint64_t whois_history_first(const struct whois_history *history, uint64_t index);
/* The version that the log had, at that size, of the object whose newest version has that serial. AL_ENOTFOUND: none yet. */
AL_MUST_USE enum al_err whois_history_before(const struct whois_history *history, uint64_t newest, uint64_t size,
					     struct al_buf *buf, struct whois_version *out);
/* Version `number` of the object whose newest version has that serial. AL_ENOTFOUND. */
AL_MUST_USE enum al_err whois_history_number(const struct whois_history *history, uint64_t newest, uint64_t number,
					     struct al_buf *buf, struct whois_version *out);

#endif
