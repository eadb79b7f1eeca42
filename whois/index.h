/* SPDX-License-Identifier: MIT */
/*
 * index.h -- inverse index: (class, attribute, value) -> the objects that say so.
 *
 * Covers every attribute that the schema marks AL_INVERSE, and the names of
 * roles and persons word by word; "origin" and "member-of" are among them, so prefixes of an AS and members by reference
 * come from here too. Prefix look-ups need no index of ours: the state has
 * tries.
 *
 * It keeps pointers to the state's objects, one reference each, and no text:
 * keys are 64-bit keyed hashes, and a hit counts only after the object itself
 * was looked at. Fed by the replica's change callback, while nobody reads
 * (share.h), so no query ever sees half of an entry; between changes any
 * number of threads may.
 */
#ifndef WHOIS_INDEX_H
#define WHOIS_INDEX_H

#include "alamo/rpsl/state.h"
#include "parts.h"

struct whois_index;

AL_MUST_USE enum al_err whois_index_new(struct whois_index **out);
void whois_index_free(struct whois_index *index); /* NULL is allowed */

/* An al_change_fn; `index` is a struct whois_index. */
void whois_index_change(void *index, const struct al_object *old, const struct al_object *now);
/* AL_ENOMEM once a change could not be taken in: the index is no longer complete, and the process must end. */
enum al_err whois_index_error(const struct whois_index *index);
/* Changes taken in so far: what was read from the state is as good as ever while this is the same. */
uint64_t whois_index_changes(const struct whois_index *index);
/* How many objects a find of the same would look at. */
size_t whois_index_count(const struct whois_index *index, enum al_class cls, struct al_slice attr,
			 struct al_slice value);
size_t whois_index_size(const struct whois_index *index); /* pointers held */

/*
 * Objects of `cls` whose attribute `attr` has `value` (ASCII case-insensitive;
 * of nserver the name or the address, of auth type and key), in the order of
 * their last change.
 */
void whois_index_find(const struct whois_index *index, enum al_class cls, struct al_slice attr, struct al_slice value,
		      al_object_fn visit, void *arg);

/*
 * The same in pieces, as long as nothing changes: looks at `most` objects from
 * the *at-th on (0 at first) and moves *at. False once all were looked at.
 */
bool whois_index_find_some(const struct whois_index *index, enum al_class cls, struct al_slice attr,
			   struct al_slice value, size_t *at, size_t most, al_object_fn visit, void *arg);

#endif
