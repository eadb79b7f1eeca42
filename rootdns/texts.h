/* SPDX-License-Identifier: MIT */
/*
 * texts.h -- the living objects that zones are made of, as they stand in the log.
 *
 * They are read when an object changes, to see what changed, and all of them when the plan does; so they stand in a file
 * without a name (alamo/base/spool.h), and memory has thirty-two bytes for each. The file has every version that was followed.
 * One thread owns them.
 */
#ifndef ROOTDNS_TEXTS_H
#define ROOTDNS_TEXTS_H

#include "alamo/rpsl/state.h" /* al_object_fn */

struct texts;

/* `folder` gets the file. */
AL_MUST_USE enum al_err texts_new(const char *folder, struct texts **out);
void texts_free(struct texts *texts); /* NULL is allowed */

/* *out: class, key and text of the living object, until the next call; NULL: there is none. AL_EIO: the file is broken. */
AL_MUST_USE enum al_err texts_get(struct texts *texts, enum al_class cls, struct al_slice key,
				  const struct al_object **out);
/* The newest version, which may be a tombstone. AL_EIO: the disk is full or broken. */
AL_MUST_USE enum al_err texts_put(struct texts *texts, const struct al_object *now);
/* All of them, as texts_get() gives them, in no order. */
AL_MUST_USE enum al_err texts_each(struct texts *texts, al_object_fn visit, void *arg);

#endif
