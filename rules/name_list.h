/* SPDX-License-Identifier: MIT */
/*
 * name_list.h -- the names in an object's lists of one attribute, one by one: "mnt-by: A-MNT, B-MNT" and the lines of that
 * attribute behind it.
 */
#ifndef RULES_NAME_LIST_H
#define RULES_NAME_LIST_H

#include "alamo/rpsl/object.h"

struct name_list {
	const char *attr;
	struct al_slice text; /* not looked at yet; the object's */
	struct al_slice rest; /* the rest of the line in hand */
};

struct name_list name_list_of(const struct al_object *object, const char *attr);
/* False: that was the last. */
bool name_list_next(struct name_list *list, struct al_slice *name);

#endif
