/* SPDX-License-Identifier: MIT */
/*
 * turns.c -- a ring of sources that wait, and in each a ring of its turns.
 *
 * A timer without delay runs a few pieces and goes back to the loop, so that
 * sockets, HTTP and the log get theirs between them.
 */
#include "turns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define PIECES 2 /* of work before the loop gets its turn */

struct whois_turn_source {
	struct al_prefix key;
	size_t members;
	struct whois_turn *waiting;
	struct whois_turn_source *prev, *next; /* in the ring, while somebody waits */
	UT_hash_handle hh;
};

struct whois_turns {
	whois_turn_fn run;
	struct al_timer *timer;
	struct whois_turn_source *sources; /* all, by address */
	struct whois_turn_source *ring;
	bool running;
};

enum al_err whois_turn_join(struct whois_turns *turns, const struct al_prefix *addr, struct whois_turn *turn)
{
	struct al_prefix key = *addr;
	struct whois_turn_source *source = NULL;

	if (key.bits == 128)
		al_prefix_truncate(&key, 64);
	HASH_FIND(hh, turns->sources, &key, sizeof(key), source);
	if (source == NULL) {
		source = calloc(1, sizeof(*source));
		if (source == NULL)
			return AL_ENOMEM;
		source->key = key;
		HASH_ADD(hh, turns->sources, key, sizeof(key), source);
		if (source->hh.tbl == NULL) {
			free(source);
			return AL_ENOMEM;
		}
	}
	source->members++;
	*turn = (struct whois_turn){ .turns = turns, .source = source };
	return AL_OK;
}

static void line_up(struct whois_turn *turn)
{
	struct whois_turn_source *source = turn->source;

	if (source->waiting == NULL)
		DL_APPEND(turn->turns->ring, source);
	DL_APPEND(source->waiting, turn);
	turn->waiting = true;
}

static void step_out(struct whois_turn *turn)
{
	struct whois_turn_source *source = turn->source;

	DL_DELETE(source->waiting, turn);
	turn->waiting = false;
	if (source->waiting == NULL)
		DL_DELETE(turn->turns->ring, source);
}

void whois_turn_leave(struct whois_turn *turn)
{
	if (turn->waiting)
		step_out(turn);
	if (--turn->source->members > 0)
		return;
	HASH_DEL(turn->turns->sources, turn->source);
	free(turn->source);
}

static void run_one(struct whois_turn *turn)
{
	struct whois_turns *turns = turn->turns;

	turns->running = true;
	if (turns->run(turn) && !turn->waiting)
		line_up(turn);
	turns->running = false;
	if (turns->ring != NULL)
		al_timer_set(turns->timer, 0);
}

void whois_turn_take(struct whois_turn *turn)
{
	if (turn->waiting)
		return;
	if (turn->turns->ring == NULL && !turn->turns->running)
		run_one(turn);
	else
		line_up(turn);
}

static void turns_fired(void *arg)
{
	struct whois_turns *turns = arg;

	for (int i = 0; i < PIECES && turns->ring != NULL; i++) {
		struct whois_turn_source *source = turns->ring;
		struct whois_turn *turn = source->waiting;

		assert(turn != NULL); /* a source is in the ring while somebody waits */
		/* To the end of both rings before it runs: whatever it does, the others come first. */
		step_out(turn);
		if (source->waiting != NULL) {
			DL_DELETE(turns->ring, source);
			DL_APPEND(turns->ring, source);
		}
		run_one(turn);
	}
}

enum al_err whois_turns_new(struct al_loop *loop, whois_turn_fn run, struct whois_turns **out)
{
	struct whois_turns *turns = calloc(1, sizeof(*turns));
	enum al_err err;

	if (turns == NULL)
		return AL_ENOMEM;
	turns->run = run;
	err = al_timer_new(loop, turns_fired, turns, &turns->timer);
	if (err != AL_OK) {
		free(turns);
		return err;
	}
	*out = turns;
	return AL_OK;
}

void whois_turns_free(struct whois_turns *turns)
{
	if (turns == NULL)
		return;
	al_timer_free(turns->timer);
	free(turns);
}
