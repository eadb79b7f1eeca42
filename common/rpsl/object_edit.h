/* SPDX-License-Identifier: MIT */
/*
 * object_edit.h -- a change of some lines: what `extend:` and `shrink:` make of an object (docs/protocol.md).
 */
#ifndef COMMON_OBJECT_EDIT_H
#define COMMON_OBJECT_EDIT_H

#include "alamo/rpsl/object.h"

/*
 * `present` and `edit` are canonical lines of one class; the result is appended to `out`. To extend adds lines behind
 * the last one of their attribute, lists without the items that are there, and puts a single attribute in the place of
 * the one before; to shrink takes out, items of lists and lines of other attributes. Primary keys and `source:` of the edit are passed
 * over. AL_ENOTFOUND: to shrink by *missing, which is not there.
 */
AL_MUST_USE enum al_err object_edit(enum al_class cls, struct al_slice present, struct al_slice edit, bool shrink,
				    struct al_buf *out, struct al_slice *missing);

/* One canonical line: the value begins at the column, behind a longer name after one blank (docs/formats.md). */
void object_put_attr(struct al_buf *out, const char *name, struct al_slice value);

#endif
