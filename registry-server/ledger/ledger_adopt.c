/* SPDX-License-Identifier: MIT */
/*
 * ledger_adopt.c -- one transaction a checkpoint, as the writer would have done it.
 *
 * Invariant: a transaction is open exactly while the tree is larger than the head.
 */
#include "ledger_adopt.h"

#include <assert.h>

#include "ledger_writer.h"

void ledger_adopt_edge(const struct ledger *ledger, struct al_edge *out)
{
	al_tree_edge(ledger->tree, out);
}

static enum al_err give_up(struct ledger *ledger, enum al_err err)
{
	ledger->engine->ops->rollback(ledger->engine);
	al_tree_truncate(ledger->tree, ledger->head.size);
	return err;
}

enum al_err ledger_adopt(struct ledger *ledger, uint64_t index, struct al_slice entry)
{
	struct al_hash leaf = al_leaf_hash(entry);
	enum al_err err = AL_OK;

	assert(!ledger->started);
	if (index != al_tree_size(ledger->tree))
		return AL_ESTALE;
	if (index == ledger->head.size)
		err = ledger->engine->ops->begin(ledger->engine);
	if (err == AL_OK)
		err = ledger->engine->ops->append(ledger->engine, index, &leaf, entry);
	if (err == AL_OK)
		err = al_tree_push(ledger->tree, &leaf);
	return err == AL_OK ? AL_OK : give_up(ledger, err);
}

enum al_err ledger_adopt_head(struct ledger *ledger, struct al_slice note)
{
	uint64_t size = al_tree_size(ledger->tree);
	struct al_hash root = al_tree_root(ledger->tree, size);
	struct al_checkpoint cp;
	enum al_err err;

	if (size == ledger->head.size)
		return AL_OK;
	if (al_checkpoint_open(note, &ledger->key, &cp) != AL_OK || cp.size != size || !al_hash_eq(&cp.root, &root))
		return give_up(ledger, AL_EVERIFY);
	err = ledger->engine->ops->add_note(ledger->engine, size, note);
	if (err == AL_OK)
		err = engine_commit_soon(ledger->engine);
	if (err != AL_OK)
		return give_up(ledger, err);
	ledger->head = cp;
	al_buf_reset(&ledger->note);
	al_buf_slice(&ledger->note, note);
	return ledger->note.err;
}

enum al_err ledger_adopt_side(struct ledger *ledger, const char *path)
{
	return ledger->engine->ops->side->adopt(ledger->engine, path);
}

enum al_err ledger_adopt_begin(struct ledger *ledger, const struct ledger_signer *signer)
{
	return signer->begin(signer->arg, ledger->tree, al_buf_view(&ledger->note));
}
