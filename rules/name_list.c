/* SPDX-License-Identifier: MIT */
/*
 * name_list.c -- see name_list.h.
 */
#include "name_list.h"

struct name_list name_list_of(const struct al_object *object, const char *attr)
{
	return (struct name_list){ .attr = attr, .text = al_object_text(object) };
}

bool name_list_next(struct name_list *list, struct al_slice *name)
{
	if (list->rest.len == 0 && !al_attr_find(&list->text, list->attr, &list->rest))
		return false;
	(void)al_slice_cut(&list->rest, ',', name);
	*name = al_slice_trim(*name);
	return true;
}
