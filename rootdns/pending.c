/* SPDX-License-Identifier: MIT */
/*
 * pending.c -- see pending.h.
 */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>
#include <utlist.h>

#include "texts.h"
#include "zone_build.h"

struct turn;

struct note {
	UT_hash_handle hh;
	struct note *prev, *next; /* of the same maintainer, by rising index */
	struct turn *turn;
	struct al_object *object; /* reference */
	uint64_t index;           /* of the newest change that a zone shows */
	uint64_t first;           /* of the oldest that is not shown yet */
	bool lost;
	size_t key_len;
	char key[]; /* class, then the object's key */
};

/* A maintainer who has something waiting. */
struct turn {
	UT_hash_handle hh;
	struct turn *prev, *next; /* in the order of turns */
	struct note *notes;
	bool lost;
	size_t key_len;
	char key[];
};

struct pending {
	struct texts *texts;
	struct al_object *registry; /* reference; NULL: none */
	struct note *notes;         /* by key */
	struct turn *turns;         /* by maintainer */
	struct turn *queue;
	struct turn *last; /* whose turn the newest entry was noted for, */
	uint64_t last_index;
	struct zone_plan *plan; /* of the newest job; NULL before the first */
	bool plan_changed;
	uint64_t plan_index;
};

enum al_err pending_new(const char *folder, struct pending **out)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	enum al_err err;

	if (pending == NULL)
		return AL_ENOMEM;
	err = texts_new(folder, &pending->texts);
	if (err != AL_OK) {
		free(pending);
		return err;
	}
	*out = pending;
	return AL_OK;
}

static void turn_leave(struct pending *pending, struct note *note)
{
	struct turn *turn = note->turn;

	if (turn == NULL)
		return;
	DL_DELETE(turn->notes, note);
	note->turn = NULL;
	if (turn->notes != NULL)
		return;
	if (pending->last == turn)
		pending->last = NULL;
	DL_DELETE(pending->queue, turn);
	HASH_DEL(pending->turns, turn);
	free(turn);
}

/* The maintainer of an object; what has none waits in a turn of its own kind. */
static struct turn *turn_of(struct pending *pending, const struct al_object *object)
{
	struct al_slice mnt = al_object_attr(object, "mnt-by");
	struct turn *turn = NULL;

	if (pending->last != NULL && pending->last_index == object->index)
		return pending->last; /* one entry, one turn */
	HASH_FIND(hh, pending->turns, mnt.ptr, mnt.len, turn);
	if (turn == NULL) {
		turn = calloc(1, sizeof(*turn) + mnt.len + 1);
		if (turn == NULL)
			return NULL;
		turn->key_len = mnt.len;
		if (mnt.len > 0)
			memcpy(turn->key, mnt.ptr, mnt.len);
		HASH_ADD_KEYPTR(hh, pending->turns, turn->key, turn->key_len, turn);
		if (turn->lost) {
			free(turn);
			return NULL;
		}
		DL_APPEND(pending->queue, turn);
	}
	pending->last = turn;
	pending->last_index = object->index;
	return turn;
}

static void note_free(struct pending *pending, struct note *note)
{
	turn_leave(pending, note);
	HASH_DEL(pending->notes, note);
	al_object_unref(note->object);
	free(note);
}

static void notes_clear(struct pending *pending)
{
	struct note *note, *next;

	HASH_ITER(hh, pending->notes, note, next)
	note_free(pending, note);
}

void pending_free(struct pending *pending)
{
	if (pending == NULL)
		return;
	notes_clear(pending);
	zone_plan_free(pending->plan);
	al_object_unref(pending->registry);
	texts_free(pending->texts);
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

/* At the end of its maintainer's notes, with the newest version. */
static bool note_renew(struct pending *pending, struct note *note, const struct al_object *now)
{
	struct turn *turn;

	/* First the new place: leaving the old one may end that turn. */
	turn = turn_of(pending, now);
	if (turn == NULL)
		return false;
	if (note->turn == turn)
		DL_DELETE(turn->notes, note);
	else
		turn_leave(pending, note);
	DL_APPEND(turn->notes, note);
	note->turn = turn;
	al_object_unref(note->object);
	note->object = al_object_ref(now);
	note->index = now->index;
	return true;
}

static enum al_err note(struct pending *pending, const struct al_object *now)
{
	struct note *note;

	if (!noted(pending, now, &note))
		return AL_ENOMEM;
	if (note == NULL) {
		note = note_new(now);
		if (note != NULL)
			HASH_ADD_KEYPTR(hh, pending->notes, note->key, note->key_len, note);
		if (note == NULL || note->lost) {
			free(note);
			return AL_ENOMEM;
		}
		note->first = now->index;
	}
	return note_renew(pending, note, now) ? AL_OK : AL_ENOMEM;
}

static void note_registry(struct pending *pending, const struct al_object *now)
{
	if (!zone_plan_same(pending->registry, now)) {
		pending->plan_changed = true;
		pending->plan_index = now->index;
	}
	al_object_unref(pending->registry);
	pending->registry = now->deleted ? NULL : al_object_ref(now);
}

unsigned pending_classes(void)
{
	return zone_build_classes() | 1u << AL_REGISTRY;
}

enum al_err pending_object(struct pending *pending, const struct al_object *now)
{
	const struct al_object *old;
	enum al_err err;

	if (now->cls == AL_REGISTRY) {
		note_registry(pending, now);
		return AL_OK;
	}
	err = texts_get(pending->texts, (enum al_class)now->cls, al_object_key(now), &old);
	if (err == AL_OK && !zone_build_same(old, now))
		err = note(pending, now);
	return err == AL_OK ? texts_put(pending->texts, now) : err;
}

const struct al_object *pending_present(const void *arg, enum al_class cls, struct al_slice key)
{
	const struct pending *pending = arg;
	const struct al_object *object;

	if (cls == AL_REGISTRY)
		return pending->registry;
	return texts_get(pending->texts, cls, key, &object) == AL_OK ? object : NULL;
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
	enum al_err err = zone_plan_new(registry, AL_S(""), &own);

	if (err == AL_OK) {
		zone_plan_free(pending->plan);
		pending->plan = own;
		pending->plan_changed = false;
		/* The builder's is its own: it lives in another thread. */
		err = zone_plan_new(registry, AL_S(""), &out->plan);
	}
	out->changed_at = pending->plan_index;
	return err;
}

static size_t weight_of(const struct al_object *object)
{
	return 1 + object->text_len / 512;
}

/* The oldest entry of a turn. */
static size_t gather_turn(struct gather *gather, struct turn *turn)
{
	struct note *note = turn->notes, *next;
	uint64_t index = note->index;
	size_t weight = 0;

	for (; note != NULL && note->index == index; note = next) {
		next = note->next;
		weight += weight_of(note->object);
		gather_add(gather, note->object, note->index);
		note_free(gather->pending, note); /* with the last one the turn goes */
	}
	return weight;
}

/* An entry of each maintainer in turn, until the job is large enough. */
static void gather_turns(struct gather *gather, size_t most)
{
	struct pending *pending = gather->pending;
	size_t weight = 0;

	while (pending->queue != NULL && weight < most && gather->err == AL_OK) {
		struct turn *turn = pending->queue;

		/* To the end of the queue first: taking its last entry ends it. */
		DL_DELETE(pending->queue, turn);
		DL_APPEND(pending->queue, turn);
		weight += gather_turn(gather, turn);
	}
}

/* Everything before this entry is in the zones. */
static uint64_t first_waiting(const struct pending *pending, uint64_t size)
{
	for (const struct note *note = pending->notes; note != NULL; note = note->hh.next)
		size = note->first < size ? note->first : size;
	return size;
}

enum al_err pending_take(struct pending *pending, uint64_t size, struct build_job *out)
{
	struct gather gather = { .pending = pending, .err = AL_OK };
	struct build_job job = { .size = size };
	enum al_err err;

	if (pending->registry == NULL)
		return AL_ENOTFOUND;
	if (pending->plan == NULL || pending->plan_changed) {
		gather.err = plan_renew(pending, pending->registry, &job);
		if (gather.err == AL_OK) {
			err = texts_each(pending->texts, gather_living, &gather);
			gather.err = gather.err == AL_OK ? err : gather.err;
		}
	}
	gather_turns(&gather, job.plan != NULL ? SIZE_MAX : PENDING_JOB_WEIGHT);
	if (gather.err != AL_OK) {
		source_list_free(gather.sources);
		zone_plan_free(job.plan);
		return gather.err;
	}
	job.sources = gather.sources;
	job.more = pending->notes != NULL;
	if (job.more)
		job.size = first_waiting(pending, job.size);
	*out = job;
	return AL_OK;
}
