/* SPDX-License-Identifier: MIT */
/*
 * ledger_check.c -- re-verification of a whole ledger. Runs before the writer
 * thread exists.
 */
#include "ledger_check.h"

#include <inttypes.h>

#include "alamo/base/log.h"

#define SIGNATURES_CHECKED 4096

struct check {
	const struct al_vkey *key;
	struct al_tree *tree;
	struct al_checkpoint *head;
	struct al_buf *note;
	size_t notes;       /* seen, newest first */
	struct al_buf text; /* what a note must start with */
};

static enum al_err bad(const char *what, uint64_t at)
{
	al_log(AL_LOG_ERROR, "ledger-damaged", "what=%s at=%" PRIu64, what, at);
	return AL_EVERIFY;
}

static enum al_err check_entry(void *arg, uint64_t index, struct al_slice leaf, struct al_slice body)
{
	struct check *c = arg;
	struct al_hash hash = al_leaf_hash(body);

	if (index != al_tree_size(c->tree))
		return bad("entry-missing", al_tree_size(c->tree));
	if (!al_slice_eq(leaf, al_slice_of(hash.b, sizeof(hash.b))))
		return bad("entry", index);
	return al_tree_push(c->tree, &hash);
}

static enum al_err check_note(void *arg, uint64_t size, struct al_slice note)
{
	struct check *c = arg;
	struct al_checkpoint cp = { .size = size }, signed_cp;

	if (c->notes == 0 && size != al_tree_size(c->tree))
		return bad("checkpoint-missing", al_tree_size(c->tree));
	if (size == 0 || size > al_tree_size(c->tree))
		return bad("checkpoint-size", size);
	cp.root = al_tree_root(c->tree, size);
	al_buf_reset(&c->text);
	al_checkpoint_format(al_slice_str(c->key->name), &cp, &c->text);
	al_buf_str(&c->text, "\n");
	if (c->text.err != AL_OK)
		return c->text.err;
	if (!al_slice_eq(al_slice_head(note, c->text.len), al_buf_view(&c->text)))
		return bad("checkpoint", size);
	if (c->notes < SIGNATURES_CHECKED && al_checkpoint_open(note, c->key, &signed_cp) != AL_OK)
		return bad("checkpoint-signature", size);
	if (c->notes++ > 0)
		return AL_OK;
	*c->head = cp;
	al_buf_slice(c->note, note);
	return c->note->err;
}

enum al_err ledger_check(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
			 struct al_checkpoint *head, struct al_buf *note)
{
	struct check c = { .key = key, .tree = tree, .head = head, .note = note };
	enum al_err err;

	al_buf_init(&c.text, AL_NOTE_MAX);
	*head = (struct al_checkpoint){ .size = 0, .root = al_tree_root(tree, 0) };
	err = engine->ops->check(engine);
	if (err == AL_OK)
		err = engine->ops->each_entry(engine, 0, check_entry, &c);
	if (err == AL_OK)
		err = engine->ops->each_note(engine, check_note, &c);
	if (err == AL_OK && c.notes == 0 && al_tree_size(tree) != 0)
		err = bad("checkpoint-missing", al_tree_size(tree));
	al_buf_release(&c.text);
	return err;
}
