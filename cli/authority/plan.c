/*
 * plan.c -- from the plan's text to the texts of the first requests.
 */
#include "plan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "alamo/rpsl/object.h"

#define PLAN_REQUEST_BYTES 40960 /* room for header and signature below AL_REQUEST_MAX */

/* First value of `name` in a raw object that has no continuation lines there. */
static struct al_slice raw_value(struct al_slice object, const char *name)
{
	struct al_slice value = AL_S("");

	(void)al_attr_find(&object, name, &value);
	return value;
}

/* Moves the object at `at` to position `to` (to <= at). */
static void object_move(struct draft *draft, size_t at, size_t to)
{
	struct al_slice object = draft->objects[at];

	memmove(&draft->objects[to + 1], &draft->objects[to], (at - to) * sizeof(object));
	draft->objects[to] = object;
}

/* Index of the object of class `name` whose key is `key` (empty: any), or count. */
static size_t object_find(const struct draft *draft, const char *name, struct al_slice key)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct al_slice value = raw_value(draft->objects[i], name);

		if (al_slice_casestarts(draft->objects[i], name) && value.len > 0 &&
		    (key.len == 0 || al_slice_caseeq(value, key)))
			return i;
	}
	return draft->count;
}

static enum al_err plan_names(struct plan *plan, const char **why)
{
	struct draft *draft = &plan->draft;
	size_t at = object_find(draft, "registry", AL_S(""));
	struct al_slice hostmaster;

	*why = "there is no registry object";
	if (at == draft->count)
		return AL_EINVAL;
	object_move(draft, at, 0);
	*why = "the registry object has no tld";
	if (al_slice_copy(raw_value(draft->objects[0], "registry"), plan->name, sizeof(plan->name)) != AL_OK ||
	    al_slice_copy(raw_value(draft->objects[0], "tld"), plan->tld, sizeof(plan->tld)) != AL_OK ||
	    plan->tld[0] == '\0')
		return AL_EINVAL;
	for (char *c = plan->name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	*why = "the registry's maintainer is not in the plan";
	hostmaster = raw_value(draft->objects[0], "mnt-by");
	at = object_find(draft, "mntner", hostmaster);
	if (hostmaster.len == 0 || at == draft->count)
		return AL_EINVAL;
	object_move(draft, at, 1);
	return AL_OK;
}

enum al_err plan_parse(struct al_slice text, struct plan *out, const char **why)
{
	enum al_err err;

	memset(out, 0, sizeof(*out));
	*why = "there is no object in it";
	err = draft_parse(text, &out->draft);
	if (err != AL_OK)
		return err;
	err = plan_names(out, why);
	if (err != AL_OK)
		plan_release(out);
	return err;
}

void plan_release(struct plan *plan)
{
	draft_release(&plan->draft);
}

void plan_fill(struct al_slice text, struct al_slice key, struct al_buf *out)
{
	const char *mark;

	while (text.len > 0 && (mark = memmem(text.ptr, text.len, PLAN_KEY_MARK, strlen(PLAN_KEY_MARK))) != NULL) {
		size_t before = (size_t)(mark - text.ptr);

		al_buf_slice(out, al_slice_head(text, before));
		al_buf_slice(out, key);
		text = al_slice_from(text, before + strlen(PLAN_KEY_MARK));
	}
	al_buf_slice(out, text);
}

bool plan_request(const struct plan *plan, unsigned number, size_t *from, struct al_buf *out)
{
	struct draft part = plan->draft;
	struct draft_head head = { .prev = AL_S("none") };
	char name[32];

	if (*from >= plan->draft.count)
		return false;
	part.objects += *from;
	part.count = draft_fit(&plan->draft, *from, PLAN_REQUEST_BYTES, DRAFT_OBJECTS_MAX);
	*from += part.count;
	snprintf(name, sizeof(name), "genesis-%u", number);
	head.name = name;
	draft_text(&part, &head, out);
	return true;
}
