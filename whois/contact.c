/* SPDX-License-Identifier: MIT */
/*
 * contact.c -- looks at the object, then at its organisation, then at its maintainers, then one block
 * up; every step is to a larger block, so that the walk ends. Whoever is named
 * for abuse on that way comes before all others on it.
 */
#include "contact.h"

static const char *const for_abuse[] = { "abuse-c", NULL };
static const char *const for_others[] = { "admin-c", "tech-c", "zone-c", NULL };

static struct al_slice own(const struct al_object *object, const char *const *attrs)
{
	struct al_slice handle = { NULL, 0 };

	for (; *attrs != NULL && handle.len == 0; attrs++)
		handle = al_object_attr(object, *attrs);
	return handle;
}

struct al_slice whois_contact_own(const struct al_object *object)
{
	struct al_slice handle = own(object, for_abuse);

	return handle.len > 0 ? handle : own(object, for_others);
}

static struct al_slice of_maintainers(const struct whois_view *view, const struct al_object *object,
				      const char *const *attrs)
{
	struct whois_values values = { al_object_text(object), { NULL, 0 }, "mnt-by" };
	struct al_slice handle = { NULL, 0 }, name;

	while (handle.len == 0 && whois_values_next(&values, &name)) {
		const struct al_object *mntner = al_state_get(view->state, AL_MNTNER, name);

		if (mntner != NULL)
			handle = own(mntner, attrs);
	}
	return handle;
}

static struct al_slice of_organisation(const struct whois_view *view, const struct al_object *object,
				       const char *const *attrs)
{
	struct al_slice name = al_object_attr(object, "org"), none = { NULL, 0 };
	const struct al_object *organisation = name.len > 0 ? al_state_get(view->state, AL_ORGANISATION, name) : NULL;

	return organisation != NULL ? own(organisation, attrs) : none;
}

/* The block that the object lies in; of a block the next larger one. */
static const struct al_object *above(const struct whois_view *view, const struct al_object *object)
{
	struct al_prefix prefix;
	uint32_t asn;

	if (al_object_prefix(object, &prefix) == AL_OK)
		return al_state_covering_inet(view->state, &prefix,
					      object->cls == AL_INETNUM || object->cls == AL_INET6NUM);
	if (object->cls == AL_AUT_NUM && al_object_asn(object, &asn) == AL_OK)
		return al_state_as_block(view->state, asn);
	return NULL;
}

static struct al_slice search(const struct whois_view *view, const struct al_object *object, const char *const *attrs)
{
	struct al_slice handle = { NULL, 0 };

	while (object != NULL && handle.len == 0) {
		handle = own(object, attrs);
		if (handle.len == 0)
			handle = of_organisation(view, object, attrs);
		if (handle.len == 0)
			handle = of_maintainers(view, object, attrs);
		object = above(view, object);
	}
	return handle;
}

struct al_slice whois_contact_of(const struct whois_view *view, const struct al_object *object)
{
	struct al_slice handle = search(view, object, for_abuse);

	return handle.len > 0 ? handle : search(view, object, for_others);
}
