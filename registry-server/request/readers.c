/* SPDX-License-Identifier: MIT */
/*
 * readers.c -- requests are read ahead by threads (alamo/base/ahead.h), and their results posted to the loop.
 *
 * A reading's decision belongs to the thread that has it in hand, and to the
 * loop before and after.
 */
#include "readers.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alamo/base/ahead.h"

#define QUEUED_MAX (8u << 20) /* bytes that nobody has looked at */

struct reading {
	struct al_ahead_item item;
	struct decision *decision; /* NULL: it only waits for its turn */
	readers_done_fn done;
	void (*after)(void *arg); /* then instead of done */
	void *arg;
	enum al_err err;
	size_t len;
	char raw[];
};

struct readers {
	struct al_loop *loop;
	struct al_slice ns;
	struct al_ahead *ahead;
	size_t out;         /* readings that have not come back; the loop's */
	atomic_bool posted; /* drain() is on its way to the loop */
};

static void reading_done(struct readers *readers, struct reading *reading)
{
	readers->out--;
	if (reading->decision != NULL)
		reading->done(reading->arg, reading->decision, reading->err);
	else
		reading->after(reading->arg);
	free(reading);
}

/* What is read from now on posts anew, so what is out now is all that may be taken without one. */
static void drain(void *arg)
{
	struct readers *readers = arg;
	struct al_ahead_item *item;

	atomic_store(&readers->posted, false);
	for (size_t most = readers->out; most > 0 && (item = al_ahead_take(readers->ahead)) != NULL; most--)
		reading_done(readers, (struct reading *)item);
}

static void on_ready(void *arg)
{
	struct readers *readers = arg;

	if (atomic_exchange(&readers->posted, true))
		return;
	/* Without the post nobody would ever be answered; memory comes back when other threads move on. */
	while (al_loop_post(readers->loop, drain, readers) != AL_OK)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static void on_work(void *arg, struct al_ahead_item *item)
{
	const struct readers *readers = arg;
	struct reading *reading = (struct reading *)item;

	if (reading->decision != NULL)
		reading->err = decision_read(reading->decision, al_slice_of(reading->raw, reading->len), readers->ns);
}

/* ---- putting in ---- */

static void reading_put(struct readers *readers, struct reading *reading)
{
	readers->out++;
	al_ahead_put(readers->ahead, &reading->item, reading->len);
}

enum al_err readers_put(struct readers *readers, struct decision *decision, struct al_slice raw, readers_done_fn done,
			void *arg)
{
	struct reading *reading = malloc(sizeof(*reading) + raw.len);

	if (reading == NULL)
		return AL_ENOMEM;
	*reading = (struct reading){ .decision = decision, .done = done, .arg = arg, .len = raw.len };
	if (raw.len > 0)
		memcpy(reading->raw, raw.ptr, raw.len);
	reading_put(readers, reading);
	return AL_OK;
}

bool readers_after(struct readers *readers, void (*fn)(void *arg), void *arg)
{
	struct reading *reading = readers->out > 0 ? malloc(sizeof(*reading)) : NULL;

	if (reading == NULL)
		return false;
	*reading = (struct reading){ .after = fn, .arg = arg };
	reading_put(readers, reading);
	return true;
}

/* ---- life ---- */

enum al_err readers_new(struct al_loop *loop, unsigned threads, struct al_slice ns, struct readers **out)
{
	static const struct al_ahead_ops ops = {
		.name = "reader", .work = on_work, .ready = on_ready, .most = QUEUED_MAX
	};
	struct readers *readers = calloc(1, sizeof(*readers));
	enum al_err err;

	if (readers == NULL)
		return AL_ENOMEM;
	readers->loop = loop;
	readers->ns = ns;
	err = al_ahead_new(threads, &ops, readers, &readers->ahead);
	if (err != AL_OK) {
		free(readers);
		return err;
	}
	*out = readers;
	return AL_OK;
}

void readers_free(struct readers *readers)
{
	struct al_ahead_item *item;

	if (readers == NULL)
		return;
	al_ahead_stop(readers->ahead);
	while ((item = al_ahead_take(readers->ahead)) != NULL) {
		((struct reading *)item)->err = AL_ECLOSED;
		reading_done(readers, (struct reading *)item);
	}
	al_ahead_free(readers->ahead);
	free(readers);
}
