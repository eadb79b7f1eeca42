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
	size_t notes;          /* seen, newest first */
	uint64_t limit;        /* what is larger came while we looked */
	ledger_check_fn visit; /* NULL: nobody wants to know */
	ledger_seen_fn seen;   /* likewise */
	void *arg;             /* of that one of them that is there */
	struct al_buf text;    /* what a note must start with */
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
	enum al_err err;

	if (index >= c->limit)
		return AL_ELIMIT;
	if (index != al_tree_size(c->tree))
		return bad("entry-missing", al_tree_size(c->tree));
	if (!al_slice_eq(leaf, al_slice_of(hash.b, sizeof(hash.b))))
		return bad("entry", index);
	err = al_tree_push(c->tree, &hash);
	if (err == AL_OK && c->seen != NULL)
		c->seen(c->arg, index + 1, c->limit);
	return err == AL_OK && c->visit != NULL ? c->visit(c->arg, index, body) : err;
}

static enum al_err check_note(void *arg, uint64_t size, struct al_slice note)
{
	struct check *c = arg;
	struct al_checkpoint cp = { .size = size }, signed_cp;

	if (size > c->limit)
		return AL_OK;
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
	al_buf_reset(c->note);
	al_buf_slice(c->note, note);
	return c->note->err;
}

/* Those below the limit that are not in the tree yet. */
static enum al_err check_entries(struct check *c, struct engine *engine)
{
	enum al_err err = engine->ops->each_entry(engine, al_tree_size(c->tree), check_entry, c);

	return err == AL_ELIMIT && al_tree_size(c->tree) == c->limit ? AL_OK : err;
}

enum al_err ledger_check_more(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
			      struct al_checkpoint *head, struct al_buf *note, ledger_check_fn visit, void *arg)
{
	struct check c = { .key = key, .tree = tree, .head = head, .note = note, .visit = visit, .arg = arg };
	struct al_buf newest;
	enum al_err err = engine->ops->size(engine, &c.limit);

	if (err != AL_OK || c.limit == head->size)
		return err;
	if (c.limit < head->size)
		return AL_EFORK;
	al_buf_init(&c.text, AL_NOTE_MAX);
	al_buf_init(&newest, AL_NOTE_MAX);
	err = check_entries(&c, engine);
	if (err == AL_OK)
		err = engine->ops->note(engine, c.limit, &newest);
	if (err == AL_OK)
		err = check_note(&c, c.limit, al_buf_view(&newest));
	al_buf_release(&newest);
	al_buf_release(&c.text);
	return err == AL_ENOTFOUND ? bad("checkpoint-missing", c.limit) : err;
}

enum al_err ledger_check_same(struct engine *engine, const struct al_checkpoint *head, struct al_slice note)
{
	struct al_buf stored;
	enum al_err err = AL_OK;

	if (head->size == 0)
		return AL_OK;
	al_buf_init(&stored, AL_NOTE_MAX);
	err = engine->ops->note(engine, head->size, &stored);
	if (err == AL_ENOTFOUND || (err == AL_OK && !al_slice_eq(al_buf_view(&stored), note)))
		err = AL_EFORK;
	al_buf_release(&stored);
	return err;
}

enum al_err ledger_check(struct engine *engine, const struct al_vkey *key, struct al_tree *tree,
			 struct al_checkpoint *head, struct al_buf *note, ledger_seen_fn seen, void *arg)
{
	struct check c = { .key = key, .tree = tree, .head = head, .note = note, .seen = seen, .arg = arg };
	enum al_err err;

	al_buf_init(&c.text, AL_NOTE_MAX);
	*head = (struct al_checkpoint){ .size = 0, .root = al_tree_root(tree, 0) };
	err = engine->ops->check(engine);
	if (err == AL_OK)
		err = engine->ops->size(engine, &c.limit);
	if (err == AL_OK)
		err = check_entries(&c, engine);
	if (err == AL_OK)
		err = engine->ops->each_note(engine, check_note, &c);
	if (err == AL_OK && c.notes == 0 && al_tree_size(tree) != 0)
		err = bad("checkpoint-missing", al_tree_size(tree));
	al_buf_release(&c.text);
	return err;
}
