/* SPDX-License-Identifier: MIT */
/*
 * plan.c -- from the plan's text to the texts of the first requests.
 */
#include "plan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/rpsl/object.h"
#include "member/answer.h"
#include "member/pin.h"

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

unsigned plan_line(struct al_slice text, struct al_slice first, struct al_slice line)
{
	struct al_slice at;
	unsigned number = 0, begin = 0;

	while (al_slice_line(&text, &at)) {
		number++;
		if (begin == 0 && al_slice_eq(at, first))
			begin = number;
		if (begin > 0 && al_slice_trim(at).len == 0)
			break;
		if (begin > 0 && al_slice_eq(at, line))
			return number;
	}
	return begin;
}

/* Line of attribute `name` in the object, or of its first one. */
static enum al_err names_fail(struct al_slice text, struct al_slice object, const char *name, struct plan_error *why,
			      const char *reason)
{
	struct al_slice rest = object, first, line;

	(void)al_slice_line(&rest, &first);
	rest = object;
	while (al_slice_line(&rest, &line))
		if (al_slice_casestarts(line, name) && line.len > strlen(name) && line.ptr[strlen(name)] == ':')
			break;
	why->line = plan_line(text, first, line);
	snprintf(why->text, sizeof(why->text), "%s", reason);
	return AL_EINVAL;
}

/* "alamo", "example.org" */
static bool is_tld(const char *name)
{
	char canonical[AL_NAME_MAX + 1];

	return al_name_canon(al_slice_str(name), canonical) == AL_OK;
}

static enum al_err plan_names(struct al_slice text, struct plan *plan, struct plan_error *why)
{
	struct draft *draft = &plan->draft;
	size_t at = object_find(draft, "registry", AL_S(""));
	struct al_slice hostmaster, value;

	snprintf(why->text, sizeof(why->text), "there is no registry object");
	if (at == draft->count)
		return AL_EINVAL;
	object_move(draft, at, 0);
	value = raw_value(draft->objects[0], "registry");
	if (al_slice_copy(value, plan->name, sizeof(plan->name)) != AL_OK || !pin_name_ok(plan->name))
		return names_fail(text, draft->objects[0], "registry", why,
				  "the registry's name is 1 to 63 letters, digits, '-', '.' and '_'");
	for (char *c = plan->name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	value = raw_value(draft->objects[0], "tld");
	if (value.len == 0)
		return names_fail(text, draft->objects[0], "registry", why, "the registry object has no tld");
	if (al_slice_copy(value, plan->tld, sizeof(plan->tld)) != AL_OK || !is_tld(plan->tld))
		return names_fail(text, draft->objects[0], "tld", why, "tld: is no domain name");
	hostmaster = raw_value(draft->objects[0], "mnt-by");
	at = object_find(draft, "mntner", hostmaster);
	if (hostmaster.len == 0 || at == draft->count)
		return names_fail(text, draft->objects[0], "mnt-by", why,
				  "the registry's maintainer (mnt-by) is not in the plan");
	object_move(draft, at, 1);
	return AL_OK;
}

enum al_err plan_parse(struct al_slice text, struct plan *out, struct plan_error *why)
{
	enum al_err err;

	memset(out, 0, sizeof(*out));
	*why = (struct plan_error){ .text = "there is no object in it" };
	err = draft_parse(text, &out->draft);
	if (err != AL_OK)
		return err;
	err = plan_names(text, out, why);
	if (err != AL_OK)
		plan_release(out);
	return err;
}

/* An object's report: its lines as they were sent, each complaint below the line that it is about. */
static bool body_complaint(struct al_slice text, struct al_slice *body, struct al_slice *first, struct al_slice *last,
			   struct plan_error *out)
{
	struct al_slice line, error;

	while (al_slice_line(body, &line)) {
		struct al_slice alone = line;

		if (answer_error(&alone, &error)) {
			out->line = first->len > 0 ? plan_line(text, *first, *last) : 0;
			snprintf(out->text, sizeof(out->text), "%.*s", AL_FMT(error));
			return true;
		}
		if (al_slice_trim(line).len > 0 && !al_slice_starts(line, "***")) {
			*first = first->len == 0 ? line : *first;
			*last = line;
		}
	}
	return false;
}

bool plan_complaint(struct al_slice text, struct al_slice *rest, struct plan_error *out)
{
	struct answer_object object;

	while (answer_next(rest, &object)) {
		struct al_slice first = { NULL, 0 }, last = { NULL, 0 };

		if (!object.succeeded && body_complaint(text, &object.body, &first, &last, out))
			return true;
	}
	return false;
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
