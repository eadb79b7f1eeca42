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

#include "origin_backlog.h"
#include "origin_zone.h"
#include "texts.h"
#include "zone_build.h"

/* What of the zones a note concerns. */
#define NOTE_NAMES 1u   /* the object's own */
#define NOTE_ORIGINS 2u /* origin look-ups */

struct turn;

struct note {
	UT_hash_handle hh;
	struct note *prev, *next; /* of the same maintainer, by rising index */
	struct turn *turn;
	struct al_object *object; /* reference */
	uint64_t index;           /* of the newest change that a zone shows */
	uint64_t first;           /* of the oldest that is not shown yet */
	uint8_t what;             /* NOTE_... */
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
	char *zone;                  /* of origin look-ups; NULL: there is none */
	struct origin_fold *origins; /* NULL likewise */
	struct origin_backlog backlog;
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

static enum al_err origins_open(struct pending *pending, struct al_slice zone)
{
	pending->zone = al_slice_dup(zone);
	return pending->zone != NULL ? origin_fold_new(&pending->origins) : AL_ENOMEM;
}

enum al_err pending_new(const char *folder, struct al_slice origins, struct pending **out)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	enum al_err err;

	if (pending == NULL)
		return AL_ENOMEM;
	err = texts_new(folder, &pending->texts);
	if (err == AL_OK && origins.len > 0)
		err = origins_open(pending, origins);
	if (err != AL_OK) {
		pending_free(pending);
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
	origin_fold_free(pending->origins);
	origin_backlog_clear(&pending->backlog);
	free(pending->zone);
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

static enum al_err note(struct pending *pending, const struct al_object *now, unsigned what)
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
	note->what = (uint8_t)(note->what | what);
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

unsigned pending_classes(const struct pending *pending)
{
	return zone_build_classes() | 1u << AL_REGISTRY | (pending->origins != NULL ? origin_fold_classes() : 0);
}

enum al_err pending_object(struct pending *pending, const struct al_object *now)
{
	const struct al_object *old;
	bool shown = false;
	unsigned what = 0;
	enum al_err err;

	if (now->cls == AL_REGISTRY) {
		note_registry(pending, now);
		return AL_OK;
	}
	err = texts_get(pending->texts, (enum al_class)now->cls, al_object_key(now), &old);
	if (err == AL_OK && pending->origins != NULL)
		err = origin_fold_change(pending->origins, old, now, &shown);
	if (err == AL_OK)
		what = (zone_build_same(old, now) ? 0 : NOTE_NAMES) | (shown ? NOTE_ORIGINS : 0);
	if (what != 0)
		err = note(pending, now, what);
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
	struct origin_zone origins; /* its `zone` PLAN_NONE: there is none */
	struct origin_nodes nodes;
	bool everything; /* a new plan: all nodes, whatever changed */
	enum al_err err;
};

static void gather_source(struct gather *gather, struct source *source)
{
	source->next = gather->sources;
	gather->sources = source;
}

static void gather_add(struct gather *gather, const struct al_object *object, uint64_t index)
{
	struct source *source;

	if (gather->err == AL_OK)
		gather->err = source_new(gather->pending->plan, object, index, &source);
	if (gather->err == AL_OK)
		gather_source(gather, source);
}

static void gather_asn(struct gather *gather, const struct al_object *object)
{
	struct source *source;

	if (gather->err == AL_OK)
		gather->err = origin_zone_asn(&gather->origins, object, &source);
	if (gather->err == AL_OK)
		gather_source(gather, source);
}

/* Some wait for jobs to come, when they are more than one job: a route that covers thousands is one entry. */
static void nodes_bound(struct gather *gather, size_t before, uint64_t index)
{
	struct origin_nodes *nodes = &gather->nodes;
	size_t added = nodes->count - before;

	if (added <= PENDING_JOB_WEIGHT || gather->err != AL_OK)
		return;
	gather->err = origin_backlog_add(&gather->pending->backlog, nodes->items + before, added, index);
	nodes->count = before;
}

/* How many names of them it concerns. */
static size_t gather_origins(struct gather *gather, const struct al_object *object, uint64_t index)
{
	const struct origin_fold *fold = gather->pending->origins;
	size_t before = gather->nodes.count, added;
	struct al_prefix prefix;

	if (gather->origins.zone == PLAN_NONE)
		return 0;
	if (index > gather->origins.index)
		gather->origins.index = index;
	if (object->cls == AL_AUT_NUM)
		gather_asn(gather, object);
	else if (gather->everything || al_object_prefix(object, &prefix) != AL_OK)
		return 0;
	else if (object->cls == AL_ROUTE || object->cls == AL_ROUTE6)
		origin_nodes_of_route(fold, &prefix, &gather->nodes);
	else
		origin_nodes_of_block(fold, &prefix, &gather->nodes);
	added = gather->nodes.count - before;
	nodes_bound(gather, before, index);
	return added;
}

/* When all that changed is known: several changes may concern one node. */
static void gather_nodes(struct gather *gather)
{
	struct source *source;

	origin_nodes_sort(&gather->nodes);
	if (gather->err == AL_OK)
		gather->err = gather->nodes.err;
	for (size_t i = 0; i < gather->nodes.count && gather->err == AL_OK; i++) {
		gather->err = origin_zone_node(&gather->origins, &gather->nodes.items[i], &source);
		if (gather->err != AL_OK)
			break;
		if (gather->everything && source->deleted)
			source_list_free(source); /* nothing was said before */
		else
			gather_source(gather, source);
	}
	origin_nodes_release(&gather->nodes);
}

/* Living objects that did not change: their part of a serial is older than the plan's. */
static bool gather_living(const struct al_object *object, void *arg)
{
	struct gather *gather = arg;
	struct note *note;

	if (!noted(gather->pending, object, &note))
		gather->err = AL_ENOMEM;
	else if ((note == NULL || (note->what & NOTE_NAMES) == 0) && !zone_build_same(NULL, object))
		gather_add(gather, object, 0);
	if (object->cls == AL_AUT_NUM && gather->origins.zone != PLAN_NONE && gather->err == AL_OK && note == NULL)
		gather_asn(gather, object);
	return gather->err == AL_OK;
}

static enum al_err plan_renew(struct pending *pending, const struct al_object *registry, struct build_job *out)
{
	struct zone_plan *own;
	const struct al_slice origins = pending->zone != NULL ? al_slice_str(pending->zone) : AL_S("");
	enum al_err err = zone_plan_new(registry, origins, &own);

	if (err == AL_OK) {
		zone_plan_free(pending->plan);
		pending->plan = own;
		pending->plan_changed = false;
		/* The builder's is its own: it lives in another thread. */
		err = zone_plan_new(registry, origins, &out->plan);
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
		if ((note->what & NOTE_NAMES) != 0)
			gather_add(gather, note->object, note->index);
		if ((note->what & NOTE_ORIGINS) != 0)
			weight += gather_origins(gather, note->object, note->index);
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
	size = origin_backlog_first(&pending->backlog, size);
	for (const struct note *note = pending->notes; note != NULL; note = note->hh.next)
		size = note->first < size ? note->first : size;
	return size;
}

/* With a new plan everything, else a bounded piece of what waits. */
static void gather_job(struct gather *gather, struct build_job *job)
{
	struct pending *pending = gather->pending;
	enum al_err err;

	gather->everything = pending->plan == NULL || pending->plan_changed;
	if (gather->everything)
		gather->err = plan_renew(pending, pending->registry, job);
	if (gather->err != AL_OK)
		return;
	gather->origins = (struct origin_zone){ .plan = pending->plan,
						.zone = zone_plan_origins(pending->plan),
						.fold = pending->origins,
						.registry = al_object_key(pending->registry) };
	if (gather->everything && gather->origins.zone != PLAN_NONE)
		origin_nodes_all(pending->origins, &gather->nodes);
	if (gather->everything) {
		origin_backlog_clear(&pending->backlog);
		err = texts_each(pending->texts, gather_living, gather);
		gather->err = gather->err == AL_OK ? err : gather->err;
	}
	gather_turns(gather, gather->everything ? SIZE_MAX : PENDING_JOB_WEIGHT);
	origin_backlog_take(&pending->backlog, PENDING_JOB_WEIGHT, &gather->nodes, &gather->origins.index);
	gather_nodes(gather);
}

enum al_err pending_take(struct pending *pending, uint64_t size, struct build_job *out)
{
	struct gather gather = { .pending = pending, .err = AL_OK };
	struct build_job job = { .size = size };

	if (pending->registry == NULL)
		return AL_ENOTFOUND;
	gather_job(&gather, &job);
	if (gather.err != AL_OK) {
		source_list_free(gather.sources);
		zone_plan_free(job.plan);
		return gather.err;
	}
	job.sources = gather.sources;
	job.more = pending->notes != NULL || pending->backlog.first != NULL;
	if (job.more)
		job.size = first_waiting(pending, job.size);
	*out = job;
	return AL_OK;
}
