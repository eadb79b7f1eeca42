/* SPDX-License-Identifier: MIT */
/*
 * attach.c -- texts beside the log, seen from a decision. Loop thread.
 *
 * A text belongs to one object. When the object's contact: changes or the
 * object goes, its former text is deleted in the same transaction.
 */
#include "attach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum al_err attach_name(const struct al_object *object, char out[static LEDGER_OBJECT_MAX])
{
	int len = snprintf(out, LEDGER_OBJECT_MAX, "%s %.*s", al_class_name((enum al_class)object->cls),
			   AL_FMT(al_object_key(object)));

	return len > 0 && len < LEDGER_OBJECT_MAX ? AL_OK : AL_ELIMIT;
}

const struct al_object *attach_holder(const struct al_state *state, struct al_slice handle)
{
	static const enum al_class classes[] = { AL_PERSON, AL_ROLE };
	const struct al_object *found = NULL;
	struct al_buf key;

	al_buf_init(&key, 600);
	for (size_t i = 0; found == NULL && i < AL_COUNT(classes); i++) {
		al_buf_reset(&key);
		if (al_key_canon(classes[i], handle, &key) == AL_OK)
			found = al_state_get(state, classes[i], al_buf_view(&key));
	}
	al_buf_release(&key);
	return found;
}

/* ---- contacts ---- */

static bool has_contact(const struct al_object *object)
{
	return object->cls == AL_PERSON || object->cls == AL_ROLE;
}

/* The rules have matched blocks and hashes; here they only find each other again. */
static const struct al_contact *block_of(const struct decision *d, const struct al_object *object)
{
	const struct al_request *r = &d->request;

	for (size_t i = 0; i < r->contact_count; i++) {
		struct al_buf text;
		bool same;

		al_buf_init(&text, 64);
		al_buf_str(&text, "sha256:");
		al_buf_base64(&text, r->contact[i].hash, AL_HASH_LEN);
		same = al_slice_eq(al_object_attr(object, "contact"), al_buf_view(&text)) &&
		       al_slice_caseeq(r->contact[i].handle, al_object_key(object));
		al_buf_release(&text);
		if (same)
			return &r->contact[i];
	}
	return NULL;
}

/* Does the entry leave the object's former text without use? */
static bool supersedes(const struct al_object *now, const struct al_object *old)
{
	struct al_slice before = old != NULL ? al_object_attr(old, "contact") : (struct al_slice){ NULL, 0 };

	return before.len > 0 && (now->deleted || !al_slice_eq(al_object_attr(now, "contact"), before));
}

static enum al_err collect_one(const struct decision *d, const struct al_state *state, const struct al_object *now,
			       struct attach *out)
{
	const struct al_object *old = al_state_get(state, (enum al_class)now->cls, al_object_key(now));
	const struct al_contact *block = now->deleted ? NULL : block_of(d, now);
	struct ledger_attachment *side = &out->sides[out->count];
	enum al_err err;

	if (block == NULL && !supersedes(now, old))
		return AL_OK;
	err = attach_name(now, out->names[out->count]);
	if (err != AL_OK)
		return err;
	side->object = al_slice_str(out->names[out->count]);
	if (block != NULL) {
		side->text = block->text;
		memcpy(side->hash, block->hash, AL_HASH_LEN);
	}
	out->count++;
	return AL_OK;
}

enum al_err attach_collect(const struct decision *d, const struct al_state *state, struct attach *out)
{
	size_t count = 0;
	enum al_err err = AL_OK;

	*out = (struct attach){ .count = 0 };
	for (size_t i = 0; i < d->request.object_count; i++)
		count += has_contact(d->objects[i]);
	if (count == 0)
		return AL_OK;
	out->sides = calloc(count, sizeof(*out->sides));
	out->names = calloc(count, sizeof(*out->names));
	if (out->sides == NULL || out->names == NULL)
		err = AL_ENOMEM;
	for (size_t i = 0; err == AL_OK && i < d->request.object_count; i++)
		if (has_contact(d->objects[i]))
			err = collect_one(d, state, d->objects[i], out);
	if (err != AL_OK)
		attach_release(out);
	return err;
}

void attach_release(struct attach *attach)
{
	free(attach->sides);
	free(attach->names);
	*attach = (struct attach){ .count = 0 };
}

enum al_err attach_append(const struct decision *d, const struct al_state *state, struct ledger *ledger,
			  struct al_slice entry, ledger_done_fn done, void *arg)
{
	struct attach attach;
	struct ledger_extra extra;
	enum al_err err = attach_collect(d, state, &attach);

	if (err != AL_OK)
		return err;
	extra = (struct ledger_extra){ attach.sides, attach.count, d->request.hash };
	err = ledger_append_with(ledger, d->index, entry, &extra, done, arg);
	attach_release(&attach);
	return err;
}

/* ---- the queue ---- */

bool attach_asks(const struct decision *d)
{
	size_t asks = 0;

	for (size_t i = 0; i < d->report.count; i++) {
		const struct al_message *message = &d->report.items[i];

		asks += message->severity == AL_ERROR && message->clause != NULL &&
			(strcmp(message->clause, "POLICY-ASK") == 0 || strcmp(message->clause, "POLICY-RATE") == 0);
	}
	return asks > 0 && asks == d->report.errors && d->report.err == AL_OK;
}

void attach_label(const struct decision *d, char out[static LEDGER_LABEL_MAX])
{
	const struct al_object *first = d->objects[0];
	char more[32] = "";

	if (d->request.object_count > 1)
		(void)snprintf(more, sizeof(more), " and %zu more", d->request.object_count - 1);
	(void)snprintf(out, LEDGER_LABEL_MAX, "%.*s [%s] %.*s%s", AL_FMT(d->request.name),
		       al_class_name((enum al_class)first->cls), AL_FMT(al_slice_head(al_object_key(first), 80)), more);
}
