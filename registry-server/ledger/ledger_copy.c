/* SPDX-License-Identifier: MIT */
/*
 * ledger_copy.c -- every entry, every checkpoint as it was signed, and what may
 * be forgotten; then the copy is read again from its beginning.
 *
 * Nobody may write to either meanwhile: both engines are opened as by a registry.
 */
#include "ledger_copy.h"

#include <inttypes.h>
#include <stdio.h>

#include "alamo/base/log.h"
#include "alamo/net/conf.h"
#include "alamo/follow/follow.h"
#include "ledger_adopt.h"
#include "ledger_check.h"
#include "ledger_writer.h"

#define PLACE_BYTES 8192

struct copy {
	struct ledger *from, *to;
	uint64_t next_note; /* size of the next checkpoint */
	uint64_t notes;
};

static enum al_err note_copy(struct copy *c, uint64_t size)
{
	struct al_buf note;
	enum al_err err;

	al_buf_init(&note, AL_NOTE_MAX);
	err = c->from->engine->ops->note(c->from->engine, size, &note);
	if (err == AL_OK)
		err = ledger_adopt_head(c->to, al_buf_view(&note));
	al_buf_release(&note);
	c->notes++;
	return err;
}

static enum al_err entry_copy(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	struct copy *c = arg;
	enum al_err err = ledger_adopt(c->to, index, body);

	(void)leaf;
	/* A walk may not be interrupted by another question: the checkpoint is for entries_copy(). */
	return err == AL_OK && index + 1 == c->next_note ? AL_ELIMIT : err;
}

/* Checkpoint by checkpoint: each is a commit, as it was. */
static enum al_err entries_copy(struct copy *c)
{
	const struct engine_ops *ops = c->from->engine->ops;
	uint64_t size = c->from->head.size, at = 0;
	enum al_err err = AL_OK;

	while (err == AL_OK && at < size) {
		err = ops->find_note(c->from->engine, at + 1, size, false, &c->next_note);
		if (err == AL_OK)
			err = ops->each_entry(c->from->engine, at, entry_copy, c);
		at = c->next_note;
		if (err == AL_ELIMIT)
			err = note_copy(c, at);
	}
	return err;
}

/* The copy's own store, from the beginning, under the key; and its newest checkpoint is the other's, byte for byte. */
static enum al_err prove(const struct copy *c)
{
	struct al_checkpoint head;
	struct al_tree *tree = NULL;
	struct al_buf note;
	enum al_err err = al_tree_new(&tree);

	al_buf_init(&note, AL_NOTE_MAX);
	if (err == AL_OK)
		err = ledger_check(c->to->engine, &c->to->key, tree, &head, &note, NULL, NULL);
	if (err == AL_OK && !al_slice_eq(al_buf_view(&note), al_buf_view(&c->from->note)))
		err = AL_EVERIFY;
	al_buf_release(&note);
	al_tree_free(tree);
	return err;
}

static enum al_err copy_run(struct copy *c, const struct ledger_opts *opts, const char *from, const char *to)
{
	struct ledger_opts one = *opts, other = *opts;
	enum al_err err;

	one.path = from;
	other.path = to;
	other.create = true;
	err = ledger_open(&one, &c->from);
	if (err == AL_OK)
		err = ledger_open(&other, &c->to);
	if (err == AL_OK)
		err = entries_copy(c);
	if (err == AL_OK)
		err = engine_rows_copy(c->from->engine, c->to->engine);
	return err == AL_OK ? prove(c) : err;
}

int ledger_copy_main(const char *conf_path, const char *from, const char *to)
{
	struct copy c = { .notes = 0 };
	struct al_conf *conf = NULL;
	struct al_vkey key;
	char message[256], places[2][PLACE_BYTES];
	struct ledger_opts opts = { .key = &key };
	enum al_err err = al_conf_load(conf_path, &conf, message, sizeof(message));

	al_log_init("alamo-registryd", AL_LOG_WARN);
	if (err != AL_OK) {
		(void)fprintf(stderr, "%s\n", message);
		return 2;
	}
	err = al_conf_log_key(conf, &key);
	if (err == AL_OK)
		err = ledger_place(conf, from, places[0], sizeof(places[0]));
	if (err == AL_OK)
		err = ledger_place(conf, to, places[1], sizeof(places[1]));
	if (err == AL_OK)
		err = copy_run(&c, &opts, places[0], places[1]);
	if (err == AL_OK)
		printf("copied: %" PRIu64 " entries and %" PRIu64
		       " checkpoints; the copy was read again and proves the same newest checkpoint\n",
		       c.from->head.size, c.notes);
	else
		(void)fprintf(stderr, "not copied: %s%s\n", al_err_name(err),
			      err == AL_EEXIST   ? " (there is a ledger with entries at the second place)"
			      : err == AL_EAGAIN ? " (a registry has one of them open: stop it first)"
						 : "");
	ledger_close(c.to);
	ledger_close(c.from);
	al_conf_free(conf);
	return err == AL_OK ? 0 : 1;
}
