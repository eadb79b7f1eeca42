/* SPDX-License-Identifier: MIT */
/*
 * lookup.h -- from a query to the objects that answer it.
 *
 * A view is what one answer is computed from: state, index and the verified
 * head that both show. They do not change while a piece of work is done
 * (share.h), and a look-up is a part of one; the pointers in a result are
 * borrowed and good until the state changes.
 */
#ifndef WHOIS_LOOKUP_H
#define WHOIS_LOOKUP_H

#include "alamo/tlog/note.h"
#include "index.h"
#include "query.h"

#define WHOIS_OBJECTS_MAX 10000u /* in one answer */
#define WHOIS_CONTACTS_MAX 500u  /* in one answer to -b, which is written in one go */

struct whois_closures;
struct whois_entries;
struct whois_past;
struct whois_history;

struct whois_view {
	const struct al_state *state;
	const struct whois_index *index;
	struct whois_closures *closures;     /* expansions kept; NULL: none */
	const struct whois_history *history; /* every version; NULL: not kept */
	const struct whois_entries *entries; /* and who signed it; NULL: not kept */
	struct whois_past *past;             /* earlier states; NULL: none */
	const struct whois_growth *growth;   /* objects by day; NULL: not counted */
	const struct whois_site *site;       /* for pages; NULL: nothing is known of it */
	struct al_checkpoint head;           /* size 0: nothing verified yet */
	uint64_t at;                         /* this is the past, of that size; 0: the present */
	uint64_t date;                       /* newest that the log signed, Unix seconds; 0: it dates nothing */
	uint64_t stale_s;                    /* nothing newer was heard for so long; 0: it is fresh */
};

/* Serial of the newest version that it shows, or shows as deleted; 0: none, or they are not kept. */
uint64_t whois_view_last(const struct whois_view *view);
/* Name of the registry ("ALAMO"); "registry" while there is none. */
struct al_slice whois_view_source(const struct whois_view *view);

struct whois_result {
	const struct al_object **items; /* owned array of borrowed objects */
	size_t count, cap;
	size_t most;        /* WHOIS_OBJECTS_MAX when 0 */
	bool truncated;     /* there are more than that */
	bool match_ignored; /* -x -l -L -m -M with a key that is no prefix */
	bool key_changed;   /* host bits were cleared: looked for `key` */
	struct al_prefix key;
	enum al_err err; /* AL_ENOMEM: an object was lost */
};

void whois_result_init(struct whois_result *result);
void whois_result_release(struct whois_result *result);
/* An al_object_fn that appends; false once the result is full. */
bool whois_result_add(const struct al_object *object, void *result);

/*
 * WHOIS_LOOKUP and WHOIS_INVERSE. AL_OK with the objects, of which there may
 * be none; AL_EINVAL with *error; AL_ENOMEM.
 */
AL_MUST_USE enum al_err whois_lookup(const struct whois_view *view, const struct whois_query *query,
				     struct whois_result *result, struct whois_error *error);
/* The prefix part alone: objects of one class by their relation to `key`. */
void whois_lookup_prefix(const struct whois_view *view, enum al_class cls, const struct al_prefix *key,
			 enum whois_match match, struct whois_result *result);

#endif
