/*
 * pending.c -- see pending.h.
 */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

struct note {
	UT_hash_handle hh;
	struct al_object *object; /* reference */
	uint64_t index;           /* of the newest change that a zone shows */
	bool lost;
	size_t key_len;
	char key[]; /* class, then the object's key */
};

struct pending {
	struct note *notes;
	struct zone_plan *plan; /* of the newest job; NULL before the first */
	bool plan_changed;
	uint64_t plan_index;
	enum al_err err; /* sticky */
};

enum al_err pending_new(struct pending **out)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (pending == NULL)
		return AL_ENOMEM;
	*out = pending;
	return AL_OK;
}

static void note_free(struct note *note)
{
	al_object_unref(note->object);
	free(note);
}

static void notes_clear(struct pending *pending)
{
	struct note *note, *next;

	HASH_ITER(hh, pending->notes, note, next)
	{
		HASH_DEL(pending->notes, note);
		note_free(note);
	}
}

void pending_free(struct pending *pending)
{
	if (pending == NULL)
		return;
	notes_clear(pending);
	zone_plan_free(pending->plan);
	free(pending);
}

static struct note *note_new(const struct al_object *object)
{
	struct al_slice key = al_object_key(object);
	struct note *note = calloc(1, sizeof(*note) + key.len + 1);

	if (note == NULL)
		return NULL;
	note->key[0] = (char)object->cls;
	if (key.len > 0)
		memcpy(note->key + 1, key.ptr, key.len);
	note->key_len = key.len + 1;
	return note;
}

static bool noted(const struct pending *pending, const struct al_object *object, struct note **found)
{
	struct note *probe = note_new(object);

	*found = NULL;
	if (probe == NULL)
		return false;
	HASH_FIND(hh, pending->notes, probe->key, probe->key_len, *found);
	free(probe);
	return true;
}

void pending_note(struct pending *pending, const struct al_object *old, const struct al_object *now)
{
	struct note *note;

	if (now->cls == AL_REGISTRY && !zone_plan_same(old, now)) {
		pending->plan_changed = true;
		pending->plan_index = now->index;
	}
	if (!zone_build_concerns(now) || zone_build_same(old, now))
		return;
	if (!noted(pending, now, &note)) {
		pending->err = AL_ENOMEM;
		return;
	}
	if (note == NULL) {
		note = note_new(now);
		if (note != NULL)
			HASH_ADD_KEYPTR(hh, pending->notes, note->key, note->key_len, note);
		if (note == NULL || note->lost) {
			free(note);
			pending->err = AL_ENOMEM;
			return;
		}
	}
	al_object_unref(note->object);
	note->object = al_object_ref(now);
	note->index = now->index;
}

/* ---- jobs ---- */

struct gather {
	struct pending *pending;
	struct source *sources;
	enum al_err err;
};

static void gather_add(struct gather *gather, const struct al_object *object, uint64_t index)
{
	struct source *source;

	if (gather->err == AL_OK)
		gather->err = source_new(gather->pending->plan, object, index, &source);
	if (gather->err != AL_OK)
		return;
	source->next = gather->sources;
	gather->sources = source;
}

/* Living objects that did not change: their part of a serial is older than the plan's. */
static bool gather_living(const struct al_object *object, void *arg)
{
	struct gather *gather = arg;
	struct note *note;

	if (!noted(gather->pending, object, &note))
		gather->err = AL_ENOMEM;
	else if (note == NULL && !zone_build_same(NULL, object))
		gather_add(gather, object, 0);
	return gather->err == AL_OK;
}

static enum al_err plan_renew(struct pending *pending, const struct al_object *registry, struct build_job *out)
{
	struct zone_plan *own;
	enum al_err err = zone_plan_new(registry, &own);

	if (err == AL_OK) {
		zone_plan_free(pending->plan);
		pending->plan = own;
		pending->plan_changed = false;
		/* The builder's is its own: it lives in another thread. */
		err = zone_plan_new(registry, &out->plan);
	}
	out->changed_at = pending->plan_index;
	return err;
}

enum al_err pending_take(struct pending *pending, const struct al_state *state, struct build_job *out)
{
	static const enum al_class classes[] = { AL_DOMAIN, AL_INETNUM, AL_INET6NUM };
	const struct al_object *registry = al_state_registry(state);
	struct gather gather = { .pending = pending, .err = pending->err };
	struct build_job job = { .size = al_state_size(state) };
	struct note *note, *next;

	if (registry == NULL)
		return AL_ENOTFOUND;
	if (gather.err == AL_OK && (pending->plan == NULL || pending->plan_changed)) {
		gather.err = plan_renew(pending, registry, &job);
		for (size_t i = 0; i < AL_COUNT(classes) && gather.err == AL_OK; i++)
			al_state_each(state, classes[i], gather_living, &gather);
	}
	HASH_ITER(hh, pending->notes, note, next)
	gather_add(&gather, note->object, note->index);
	if (gather.err != AL_OK) {
		source_list_free(gather.sources);
		zone_plan_free(job.plan);
		return gather.err;
	}
	notes_clear(pending);
	job.sources = gather.sources;
	*out = job;
	return AL_OK;
}
