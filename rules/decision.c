/* SPDX-License-Identifier: MIT */
/*
 * decision.c -- the flow of one decision as one readable function.
 */
#include "decision.h"

#include <stdlib.h>
#include <string.h>

#define BYTE_STEPS 3 /* a byte in steps of the rules, as the tariff has both */

struct decision *decision_new(void)
{
	struct decision *decision = malloc(sizeof(*decision));

	if (decision == NULL)
		return NULL;
	memset(decision, 0, offsetof(struct decision, auto_views));
	al_request_init(&decision->request);
	al_report_init(&decision->report);
	return decision;
}

void decision_free(struct decision *decision)
{
	if (decision == NULL)
		return;
	for (size_t i = 0; decision->objects != NULL && i < decision->request.object_count; i++)
		al_object_unref(decision->objects[i]);
	free(decision->objects);
	free(decision->actions);
	al_request_release(&decision->request);
	al_report_release(&decision->report);
	free(decision);
}

static void check_expiry(struct decision *d)
{
	char text[AL_TIME_STRLEN];

	if (d->request.not_after == 0 || d->time <= d->request.not_after)
		return;
	al_time_format(d->request.not_after, text);
	al_report_add(&d->report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, "REQUEST-EXPIRED",
		      "the request was only good until %s", text);
}

static const struct al_object *present_object(const void *state, enum al_class cls, struct al_slice key)
{
	return al_state_get(state, cls, key);
}

/* A few bytes may make a large version: it costs what a request that had all of it would. */
static void count_edit(struct decision *d, size_t i)
{
	size_t sent = d->request.objects[i].len;

	if (d->objects[i] != NULL && d->objects[i]->text_len > 2 * sent)
		d->work += (d->objects[i]->text_len - sent) * BYTE_STEPS;
}

/* Texts to objects, placeholders filled, edits applied. */
static enum al_err build_objects(struct decision *d, const struct al_state *state)
{
	const struct al_object *registry = al_state_registry(state);

	for (size_t i = 0; i < d->request.object_count; i++) {
		struct al_build build = {
			.raw = d->request.objects[i],
			.number = (unsigned)i,
			.autos = d->auto_views,
			.auto_count = d->auto_count,
			.source = registry != NULL ? al_object_key(registry) : (struct al_slice){ NULL, 0 },
			.index = d->index,
			.time = d->time,
			.present = present_object,
			.arg = state,
			.stored = d->audit,
		};
		bool deletes;
		enum al_err err = al_object_build(&build, &d->report, &d->objects[i], &deletes);

		if (err == AL_ENOMEM)
			return err;
		count_edit(d, i);
	}
	return AL_OK;
}

/* The living object that a text names which did not build, by what its key says; NULL: none, or it cannot be told. */
static const struct al_object *named_by(struct al_slice raw, const struct al_state *state)
{
	const struct al_object *found = NULL;
	struct al_slice line, name;
	struct al_buf typed, key;
	enum al_class cls;

	if (al_object_class(raw, &cls) != AL_OK)
		return NULL;
	al_buf_init(&typed, 1000);
	al_buf_init(&key, 1000);
	while (al_slice_line(&raw, &line)) {
		const struct al_attr_rule *rule;

		if (!al_slice_cut(&line, ':', &name))
			continue;
		rule = al_class_rule(cls, name);
		if (rule == NULL || (rule->flags & AL_PRIMARY) == 0)
			continue;
		(void)al_slice_cut(&line, '#', &name);
		al_buf_slice(&typed, al_slice_trim(name));
		al_buf_u8(&typed, ' ');
	}
	if (al_key_canon(cls, al_slice_trim(al_buf_view(&typed)), &key) == AL_OK)
		found = al_state_get(state, cls, al_buf_view(&key));
	al_buf_release(&typed);
	al_buf_release(&key);
	return found;
}

/* What the request does to each object: by what there is now. */
static void name_actions(struct decision *d, const struct al_state *state)
{
	for (size_t i = 0; i < d->request.object_count; i++) {
		const struct al_object *now = d->objects[i], *old = NULL;

		if (now != NULL)
			old = al_state_get(state, (enum al_class)now->cls, al_object_key(now));
		if (now != NULL && now->deleted)
			d->actions[i] = AL_DELETE;
		else if (now != NULL && old != NULL)
			d->actions[i] = al_slice_eq(al_object_text(now), al_object_text(old)) ? AL_NO_OPERATION
											      : AL_MODIFY;
		else if (now == NULL && named_by(d->request.objects[i], state) != NULL)
			d->actions[i] = AL_MODIFY;
		else
			d->actions[i] = AL_CREATE;
		d->changes = d->changes || d->actions[i] != AL_NO_OPERATION;
	}
}

enum al_err decision_read(struct decision *d, struct al_slice raw, struct al_slice ns)
{
	enum al_err err;

	d->request.stored = d->audit;
	err = al_request_parse(raw, &d->request, &d->report);

	if (err != AL_OK)
		return err == AL_ENOMEM ? err : AL_OK;
	d->decoded = true;
	verify_signatures(d, ns);
	return AL_OK;
}

enum al_err decision_judge(struct decision *d, const struct al_state *state, struct space *space, uint64_t now)
{
	enum al_err err;

	d->index = al_state_size(state);
	d->time = now > al_state_time(state) ? now : al_state_time(state);
	if (d->time < space_time(space))
		d->time = space_time(space); /* the clock was set back: log time was not */
	if (d->decoded)
		check_expiry(d);
	if (d->report.errors > 0 || d->report.err != AL_OK)
		return d->report.err;
	space_advance(space, d->time);
	d->objects = calloc(d->request.object_count, sizeof(struct al_object *));
	d->actions = calloc(d->request.object_count + 1, 1);
	if (d->objects == NULL || d->actions == NULL)
		return AL_ENOMEM;
	err = allot_placeholders(d, state, space);
	if (err == AL_OK)
		err = build_objects(d, state);
	if (err != AL_OK)
		return err;
	name_actions(d, state);
	policy_decide(d, state, space);
	d->accepted = d->report.errors == 0 && d->report.err == AL_OK;
	return d->report.err;
}

enum al_err decision_encode(const struct decision *d, struct al_buf *out)
{
	struct al_entry entry = {
		.index = d->index,
		.time = d->time,
		.kind = AL_S("request"),
		.result = al_slice_str(d->actions),
		.auto_count = d->auto_count,
		.body = al_buf_view(&d->request.bytes),
	};

	for (size_t i = 0; i < d->auto_count; i++)
		entry.autos[i] = d->auto_views[i];
	return al_entry_encode(&entry, out);
}
