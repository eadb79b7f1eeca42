/* SPDX-License-Identifier: MIT */
/*
 * log_ahead.c -- an entry's signatures cost more than all the rest of it and need nothing of what is before it, so that
 * all cores may work on them.
 */
#include "log_ahead.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/ahead.h"
#include "decision.h"

#define WAITING_MAX (8u << 20) /* bytes of entries that nobody has looked at */

struct piece {
	struct al_ahead_item item;
	uint64_t index;
	void *made;
	size_t len;
	char bytes[];
};

struct log_ahead {
	struct log_read *read;
	struct al_ahead *queue;
	enum al_err err; /* what ended it */
};

static void piece_work(void *arg, struct al_ahead_item *item)
{
	const struct log_ahead *ahead = arg;
	struct piece *piece = (struct piece *)item;

	piece->made = ahead->read->ahead(ahead->read, al_slice_of(piece->bytes, piece->len));
}

static void piece_give(struct log_ahead *ahead, struct al_ahead_item *item)
{
	struct piece *piece = (struct piece *)item;
	struct log_read *read = ahead->read;

	read->made = piece->made;
	if (ahead->err == AL_OK)
		ahead->err = read->entry(read->arg, piece->index, al_slice_of(piece->bytes, piece->len));
	if (read->made != NULL)
		read->unmade(read->made);
	read->made = NULL;
	free(piece);
}

enum al_err log_ahead_put(struct log_ahead *ahead, uint64_t index, struct al_slice bytes)
{
	struct piece *piece = malloc(sizeof(*piece) + bytes.len);
	struct al_ahead_item *done;

	if (piece == NULL)
		return AL_ENOMEM;
	*piece = (struct piece){ .index = index, .len = bytes.len };
	memcpy(piece->bytes, bytes.ptr, bytes.len);
	al_ahead_put(ahead->queue, &piece->item, sizeof(*piece) + bytes.len);
	while ((done = al_ahead_take(ahead->queue)) != NULL)
		piece_give(ahead, done);
	return ahead->err;
}

enum al_err log_ahead_settle(struct log_ahead *ahead)
{
	struct al_ahead_item *done;

	while ((done = al_ahead_wait(ahead->queue)) != NULL)
		piece_give(ahead, done);
	return ahead->err;
}

enum al_err log_ahead_new(struct log_read *read, struct log_ahead **out)
{
	static const struct al_ahead_ops ops = { .name = "ahead", .work = piece_work, .most = WAITING_MAX };
	struct log_ahead *ahead = calloc(1, sizeof(*ahead));
	enum al_err err;

	if (ahead == NULL)
		return AL_ENOMEM;
	ahead->read = read;
	err = al_ahead_new(al_ahead_threads(sysconf(_SC_NPROCESSORS_ONLN)), &ops, ahead, &ahead->queue);
	if (err == AL_OK)
		*out = ahead;
	else
		free(ahead);
	return err;
}

void log_ahead_free(struct log_ahead *ahead)
{
	struct al_ahead_item *item;

	if (ahead == NULL)
		return;
	ahead->err = ahead->err != AL_OK ? ahead->err : AL_ECLOSED;
	al_ahead_stop(ahead->queue);
	while ((item = al_ahead_take(ahead->queue)) != NULL)
		piece_give(ahead, item);
	al_ahead_free(ahead->queue);
	free(ahead);
}

/* ---- an audit ---- */

static void *request_read(const struct log_read *read, struct al_slice bytes)
{
	return audit_read(bytes, al_slice_str(read->ns));
}

static void request_free(void *made)
{
	decision_free(made);
}

void log_ahead_audit(struct log_read *read)
{
	read->ahead = request_read;
	read->unmade = request_free;
}

enum al_err log_ahead_audited(struct log_read *read, struct audit *audit, struct al_slice bytes)
{
	struct decision *request = read->made;

	read->made = NULL;
	return audit_entry_read(audit, bytes, request);
}
