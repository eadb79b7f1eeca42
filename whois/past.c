/* SPDX-License-Identifier: MIT */
/* past.c -- a second state, folded out of the versions that the history has. */
#include "past.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/request.h"
#include "entries.h"
#include "growth.h"
#include "history.h"

struct whois_past {
	uint64_t most;
	pthread_mutex_t lock;   /* of what follows; held for one piece of work */
	struct al_state *state; /* NULL: nothing is kept */
	struct whois_index *index;
	struct whois_growth growth;
	struct al_edge edge;
	uint64_t serial; /* next version to read */
	const void *who; /* on his way, or who keeps it; NULL: nobody */
	bool kept;       /* by him */
	unsigned idle_s;
};

enum al_err whois_past_new(uint64_t most, struct whois_past **out)
{
	struct whois_past *past = calloc(1, sizeof(*past));

	if (past == NULL || pthread_mutex_init(&past->lock, NULL) != 0) {
		free(past);
		return AL_ENOMEM;
	}
	past->most = most;
	*out = past;
	return AL_OK;
}

static void forget(struct whois_past *past)
{
	if (past->state != NULL)
		al_state_free(past->state);
	whois_index_free(past->index);
	whois_growth_release(&past->growth);
	past->state = NULL;
	past->index = NULL;
}

void whois_past_free(struct whois_past *past)
{
	if (past == NULL)
		return;
	forget(past);
	pthread_mutex_destroy(&past->lock);
	free(past);
}

/* Entries of the log that are not younger than that. */
static uint64_t size_at(const struct whois_view *view, uint64_t time)
{
	uint64_t low = 0, high = view->head.size;
	struct whois_entry entry;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (whois_entries_get(view->entries, mid, &entry) == AL_OK && entry.time <= time)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

enum al_err whois_past_size(const struct whois_past *past, const struct whois_view *present, struct al_moment moment,
			    uint64_t *size)
{
	uint64_t newest;

	if (past == NULL || present->history == NULL || present->entries == NULL ||
	    whois_history_error(present->history) != AL_OK ||
	    whois_entries_count(present->entries) < present->head.size)
		return AL_EUNSUPPORTED;
	newest = al_state_time(present->state);
	if (al_moment_ahead(&moment, newest > present->date ? newest : present->date))
		return AL_ENOTFOUND;
	*size = moment.size > 0 ? moment.size : size_at(present, moment.time);
	if (*size == 0 || *size > present->head.size)
		return AL_ENOTFOUND;
	return past->most > 0 && whois_history_first(present->history, *size) - 1 > past->most ? AL_ELIMIT : AL_OK;
}

unsigned whois_past_number(enum al_err err)
{
	switch (err) {
	case AL_EUNSUPPORTED:
		return 114;
	case AL_EINVAL:
	case AL_ENOTFOUND:
		return 120;
	case AL_ELIMIT:
		return 121;
	default:
		return 0;
	}
}

static void change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct whois_past *past = arg;

	whois_index_change(past->index, old, now);
	whois_growth_change(&past->growth, old, now);
}

static enum al_err begin(struct whois_past *past)
{
	enum al_err err = al_state_new(&past->state);

	if (err == AL_OK)
		err = whois_index_new(&past->index);
	if (err != AL_OK)
		return err;
	al_state_observe(past->state, change, past);
	al_edge_init(&past->edge);
	past->serial = 1;
	return AL_OK;
}

static enum al_err object_of(const struct whois_version *version, struct al_object **out)
{
	const struct al_object head = { .index = version->index,
					.time = version->time,
					.created = version->created,
					.cls = (uint8_t)version->cls,
					.deleted = version->deleted };

	return al_object_new(&head, version->text, version->key, out);
}

/* The versions of the next entry, at most AL_REQUEST_OBJECTS_MAX as requests have. */
static enum al_err read_versions(struct whois_past *past, const struct whois_view *present, struct al_object **objects,
				 size_t *count)
{
	uint64_t index = al_state_size(past->state);
	struct whois_version version;
	struct al_buf buf;
	enum al_err err = AL_OK;

	al_buf_init(&buf, WHOIS_HISTORY_RECORD_MAX);
	while (err == AL_OK && *count < AL_REQUEST_OBJECTS_MAX &&
	       past->serial <= whois_history_last(present->history)) {
		err = whois_history_read(present->history, past->serial, &buf, &version);
		if (err == AL_OK && version.index != index)
			break;
		if (err == AL_OK)
			err = object_of(&version, &objects[*count]);
		if (err == AL_OK) {
			++*count;
			past->serial++;
		}
	}
	al_buf_release(&buf);
	return err;
}

/* One entry more. */
static enum al_err go_on(struct whois_past *past, const struct whois_view *present, unsigned *work)
{
	struct al_object *objects[AL_REQUEST_OBJECTS_MAX];
	struct whois_entry entry;
	size_t count = 0;
	enum al_err err = whois_entries_get(present->entries, al_state_size(past->state), &entry);

	if (err == AL_OK)
		err = read_versions(past, present, objects, &count);
	if (err == AL_OK)
		err = al_state_put(past->state, objects, count, entry.time);
	if (err == AL_OK)
		al_edge_push(&past->edge, &entry.leaf);
	for (size_t i = 0; i < count; i++)
		al_object_unref(objects[i]);
	*work += 1 + (unsigned)count;
	return err == AL_OK ? whois_index_error(past->index) : err;
}

static void view_of(const struct whois_past *past, const struct whois_view *present, struct whois_view *view)
{
	*view = (struct whois_view){ .state = past->state,
				     .index = past->index,
				     .history = present->history,
				     .entries = present->entries,
				     .growth = &past->growth,
				     .site = present->site,
				     .at = past->edge.size,
				     .head = { .size = past->edge.size, .root = al_edge_root(&past->edge) } };
}

static enum al_err step(struct whois_past *past, const struct whois_view *present, uint64_t size, const void *who,
			struct whois_view *view)
{
	unsigned work = 0;
	enum al_err err = AL_OK;

	if (past->who != NULL && past->who != who)
		return AL_EAGAIN;
	past->idle_s = 0;
	if (past->state != NULL && al_state_size(past->state) > size)
		forget(past);
	if (past->state == NULL)
		err = begin(past);
	while (err == AL_OK && al_state_size(past->state) < size && work < WHOIS_PAST_PIECE)
		err = go_on(past, present, &work);
	if (err == AL_OK && al_state_size(past->state) < size) {
		past->who = who;
		return AL_EAGAIN;
	}
	past->who = NULL;
	if (err == AL_OK)
		view_of(past, present, view);
	else
		forget(past);
	return err;
}

enum al_err whois_past_step(struct whois_past *past, const struct whois_view *present, uint64_t size, const void *who,
			    struct whois_view *view)
{
	enum al_err err;

	/* Whoever has it has more to do than to wait for. */
	if (pthread_mutex_trylock(&past->lock) != 0)
		return AL_EAGAIN;
	err = step(past, present, size, who, view);
	if (err != AL_OK)
		pthread_mutex_unlock(&past->lock);
	return err;
}

void whois_past_done(struct whois_past *past)
{
	pthread_mutex_unlock(&past->lock);
}

void whois_past_keep(struct whois_past *past, const void *who)
{
	past->who = who;
	past->kept = true;
	pthread_mutex_unlock(&past->lock);
}

void whois_past_leave(struct whois_past *past, const void *who)
{
	if (past == NULL)
		return;
	pthread_mutex_lock(&past->lock);
	if (past->who == who) {
		past->who = NULL;
		past->kept = false;
	}
	pthread_mutex_unlock(&past->lock);
}

void whois_past_tick(struct whois_past *past)
{
	pthread_mutex_lock(&past->lock);
	past->idle_s++;
	if (!past->kept && past->idle_s >= WHOIS_PAST_LOST_S)
		past->who = NULL;
	if (past->who == NULL && past->idle_s >= WHOIS_PAST_KEEP_S)
		forget(past);
	pthread_mutex_unlock(&past->lock);
}
