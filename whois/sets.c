/* SPDX-License-Identifier: MIT */
/* sets.c -- sets by name, and what stands in one of them. */
#include "sets.h"

#include "expand.h"
#include "spell.h"

const struct al_object *whois_set_get(const struct whois_view *view, struct al_slice name)
{
	static const enum al_class classes[] = { AL_AS_SET, AL_ROUTE_SET };
	const struct al_object *set = NULL;
	struct al_buf key;
	size_t i;

	al_buf_init(&key, 256);
	for (i = 0; i < AL_COUNT(classes) && set == NULL; i++)
		if (whois_key_canon(classes[i], name, &key) == AL_OK)
			set = al_state_get(view->state, classes[i], al_buf_view(&key));
	al_buf_release(&key);
	return set;
}

struct direct {
	const struct al_object *set;
	struct whois_members *members;
	enum al_err err;
};

/* Who claims to be in the set: the class attribute, an AS number or a prefix as text. */
static bool direct_take(const struct al_object *object, void *arg)
{
	struct direct *direct = arg;

	if (whois_set_takes(direct->set, object))
		direct->err = whois_members_name(direct->members,
						 al_object_attr(object, al_class_name((enum al_class)object->cls)));
	return direct->err == AL_OK;
}

static void direct_by_ref(const struct whois_view *view, struct direct *direct)
{
	static const enum al_class of_as_set[] = { AL_AUT_NUM }, of_route_set[] = { AL_ROUTE, AL_ROUTE6 };
	bool as_set = direct->set->cls == AL_AS_SET;
	const enum al_class *classes = as_set ? of_as_set : of_route_set;
	size_t i, count = as_set ? AL_COUNT(of_as_set) : AL_COUNT(of_route_set);

	if (al_object_attr(direct->set, "mbrs-by-ref").len == 0)
		return;
	for (i = 0; i < count && direct->err == AL_OK; i++)
		whois_index_find(view->index, classes[i], AL_S("member-of"), al_object_key(direct->set), direct_take,
				 direct);
}

enum al_err whois_set_direct(const struct whois_view *view, const struct al_object *set, struct whois_members *members)
{
	static const char *const attrs[] = { "members", "mp-members" };
	struct direct direct = { set, members, AL_OK };
	struct al_slice value;
	size_t i;

	for (i = 0; i < AL_COUNT(attrs); i++) {
		struct whois_values values = { al_object_text(set), { NULL, 0 }, attrs[i] };

		while (direct.err == AL_OK && whois_values_next(&values, &value))
			direct.err = whois_members_name(members, value);
	}
	if (direct.err == AL_OK)
		direct_by_ref(view, &direct);
	whois_members_sort(members);
	return direct.err;
}
