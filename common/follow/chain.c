/* SPDX-License-Identifier: MIT */
/*
 * chain.c -- from frames to verified entries.
 *
 * Invariant: edge and note are one verified state; pending holds exactly the
 * entries [edge.size, edge.size + pending_count), or after CHAIN_NEW those just
 * before edge.size.
 */
#include "chain.h"

#include <assert.h>
#include <string.h>

#include "alamo/follow/follow.h"
#include "alamo/base/wire.h"
#include "alamo/tlog/keys.h"
#include "alamo/tlog/tile.h"
#include "alamo/tlog/witness.h"

void chain_init(struct chain *chain, const struct al_vkey *key)
{
	*chain = (struct chain){ .key = *key, .dating = al_vkey_dating(key) };
	al_edge_init(&chain->edge);
	al_buf_init(&chain->note, AL_NOTE_MAX);
	al_buf_init(&chain->pending, CHAIN_PENDING_MAX);
	al_buf_init(&chain->leaves, (size_t)CHAIN_PENDING_MAX * AL_HASH_LEN / 2); /* an entry is two bytes at least */
	for (size_t i = 0; i < CHAIN_KNOWN; i++)
		al_buf_init(&chain->known[i].note, AL_NOTE_MAX);
}

enum al_err chain_resume(struct chain *chain, const struct al_edge *edge, struct al_slice note)
{
	struct al_hash root = al_edge_root(edge);
	struct al_checkpoint cp;
	enum al_err err = al_checkpoint_open(note, &chain->key, &cp);

	if (err == AL_OK && (cp.size != edge->size || !al_hash_eq(&cp.root, &root)))
		err = AL_EVERIFY;
	if (err != AL_OK)
		return err;
	chain->edge = *edge;
	al_buf_reset(&chain->note);
	al_buf_slice(&chain->note, note);
	return chain->note.err;
}

enum al_err chain_know(struct chain *chain, size_t i, struct al_slice note)
{
	struct chain_known *known = &chain->known[i];
	struct al_checkpoint cp;
	enum al_err err = al_checkpoint_open(note, &chain->key, &cp);

	if (err != AL_OK)
		return err;
	al_buf_reset(&known->note);
	al_buf_slice(&known->note, note);
	known->cp = cp;
	return known->note.err;
}

struct al_slice chain_ours(const struct chain *chain)
{
	return al_buf_view(chain->denied != NULL ? &chain->denied->note : &chain->note);
}

void chain_release(struct chain *chain)
{
	al_buf_release(&chain->note);
	al_buf_release(&chain->pending);
	al_buf_release(&chain->leaves);
	for (size_t i = 0; i < CHAIN_KNOWN; i++)
		al_buf_release(&chain->known[i].note);
}

uint64_t chain_wanted(const struct chain *chain)
{
	return chain->rechecking ? 0 : chain->edge.size;
}

void chain_drop(struct chain *chain)
{
	/* A large catch-up must not keep its memory for ever. */
	if (chain->pending.cap > AL_FRAME_MAX) {
		al_buf_release(&chain->pending);
		al_buf_release(&chain->leaves);
	}
	al_buf_reset(&chain->pending);
	al_buf_reset(&chain->leaves);
	chain->pending_count = 0;
	al_edge_init(&chain->other);
}

void chain_begin(struct chain *chain)
{
	chain_drop(chain);
	chain->tip = 0;
}

void chain_recheck(struct chain *chain, bool on)
{
	chain->rechecking = on;
}

bool chain_next(struct al_slice *rest, struct al_slice *entry)
{
	return rest->len > 0 && al_bundle_next(rest, entry) == AL_OK;
}

struct al_hash chain_leaf(const struct chain *chain, uint64_t i)
{
	struct al_hash leaf;

	assert((i + 1) * sizeof(leaf.b) <= chain->leaves.len);
	memcpy(leaf.b, chain->leaves.ptr + i * sizeof(leaf.b), sizeof(leaf.b));
	return leaf;
}

/* Of a re-check nothing is kept but the tree. */
static void other_push(struct chain *chain, struct al_slice entry)
{
	struct al_hash leaf = al_leaf_hash(entry);

	al_edge_push(&chain->other, &leaf);
	if (chain->other.size == chain->edge.size)
		chain->other_root = al_edge_root(&chain->other);
}

enum al_err chain_entries(struct chain *chain, struct al_slice body)
{
	struct al_reader r = al_reader_of(body.ptr, body.len);
	uint64_t first = al_read_u64(&r);
	struct al_slice entries = al_slice_of(r.ptr, r.left);
	struct al_slice rest = entries, entry;
	uint64_t count = 0;

	if (r.err != AL_OK || entries.len == 0)
		return AL_EINVAL;
	if (first != (chain->rechecking ? chain->other.size : chain->edge.size + chain->pending_count))
		return AL_EINVAL;
	for (; rest.len > 0; count++)
		if (al_bundle_next(&rest, &entry) != AL_OK)
			return AL_EINVAL;
	if (UINT64_MAX - first <= count)
		return AL_EINVAL;
	if (chain->rechecking) {
		for (rest = entries; chain_next(&rest, &entry);)
			other_push(chain, entry);
		return AL_OK;
	}
	al_buf_slice(&chain->pending, entries);
	if (chain->pending.err != AL_OK)
		return chain->pending.err;
	chain->pending_count += count;
	return AL_OK;
}

static enum chain_verdict recheck_head(struct chain *chain, const struct al_checkpoint *cp)
{
	struct al_hash root = al_edge_root(&chain->other), ours;

	if (cp->size != chain->other.size)
		return CHAIN_BAD;
	if (!al_hash_eq(&root, &cp->root))
		return CHAIN_MISMATCH;
	if (cp->size < chain->edge.size)
		return CHAIN_SAME;
	ours = al_edge_root(&chain->edge);
	return al_hash_eq(&ours, &chain->other_root) ? CHAIN_SOUND : CHAIN_FORK;
}

/* A note that verifies: when was it so? True: later than we knew. */
static bool take_date(struct chain *chain, uint64_t size, struct al_slice note)
{
	uint64_t date;

	if (al_cosigned(note, &chain->dating, &date) != AL_OK || date <= chain->date)
		return false;
	chain->date = date;
	chain->date_size = size;
	return true;
}

static enum chain_verdict keep_note(struct chain *chain, struct al_slice note)
{
	al_buf_reset(&chain->note);
	al_buf_slice(&chain->note, note);
	return chain->note.err == AL_OK ? CHAIN_NEW : CHAIN_NOMEM;
}

/* Of two notes of the same checkpoint the one that says when: stored heads have no date, the tip has one. */
static struct al_slice better_note(const struct chain *chain, const struct al_checkpoint *cp, struct al_slice note)
{
	const struct chain_known *tip = &chain->known[CHAIN_TIP];
	uint64_t date;

	return tip->cp.size != cp->size || al_cosigned(note, &chain->dating, &date) == AL_OK ? note
											     : al_buf_view(&tip->note);
}

/* The known checkpoint of exactly this tree's size, if its root is another. */
static const struct chain_known *denied_by(const struct chain *chain, const struct al_edge *edge)
{
	struct al_hash root;

	for (size_t i = 0; i < CHAIN_KNOWN; i++) {
		if (chain->known[i].cp.size != edge->size)
			continue;
		root = al_edge_root(edge);
		if (!al_hash_eq(&root, &chain->known[i].cp.root))
			return &chain->known[i];
	}
	return NULL;
}

/* A head at our own size. */
static enum chain_verdict same_size(struct chain *chain, const struct al_checkpoint *cp, struct al_slice note)
{
	struct al_hash root = al_edge_root(&chain->edge);
	bool first = chain->note.len == 0;

	if (!al_hash_eq(&root, &cp->root))
		return first ? CHAIN_BAD : CHAIN_FORK;
	/* The first head of an empty log is news; of later ones only the date is. */
	if (take_date(chain, cp->size, note) || first)
		return keep_note(chain, note) == CHAIN_NOMEM ? CHAIN_NOMEM : first ? CHAIN_NEW : CHAIN_SAME;
	return CHAIN_SAME;
}

enum chain_verdict chain_tip(struct chain *chain, struct al_slice note, struct al_checkpoint *cp)
{
	const struct al_checkpoint *known = &chain->known[CHAIN_TIP].cp;
	struct al_hash root = al_edge_root(&chain->edge);

	if (al_checkpoint_open(note, &chain->key, cp) != AL_OK)
		return CHAIN_BAD;
	if (cp->size == chain->edge.size && chain->note.len > 0 && !al_hash_eq(&root, &cp->root))
		return CHAIN_FORK;
	chain->tip = cp->size > chain->tip ? cp->size : chain->tip;
	(void)take_date(chain, cp->size, note);
	if (cp->size < known->size || (cp->size == known->size && !al_hash_eq(&cp->root, &known->root)))
		return CHAIN_SAME;
	return chain_know(chain, CHAIN_TIP, note) == AL_OK ? CHAIN_SAME : CHAIN_NOMEM;
}

/* By this key and its past, does all count that the key of before has vouched for? */
static bool all_holds(const struct chain *chain, const struct al_vkey *key)
{
	struct al_checkpoint cp;
	bool holds = chain->note.len == 0 || al_checkpoint_open(al_buf_view(&chain->note), key, &cp) == AL_OK;

	for (size_t i = 0; holds && i < CHAIN_KNOWN; i++)
		holds = chain->known[i].note.len == 0 ||
			al_checkpoint_open(al_buf_view(&chain->known[i].note), key, &cp) == AL_OK;
	return holds;
}

enum al_err chain_keys(struct chain *chain, struct al_slice note)
{
	struct al_vkey next;
	enum al_err err = al_log_key_next(note, &chain->key, &next);

	if (err != AL_OK)
		return err;
	if (!all_holds(chain, &next))
		return AL_EVERIFY;
	chain->key = next;
	chain->dating = al_vkey_dating(&next);
	return AL_OK;
}

bool chain_at_tip(const struct chain *chain)
{
	return !chain->rechecking && chain->edge.size >= chain->tip;
}

enum chain_verdict chain_head(struct chain *chain, struct al_slice note, struct al_checkpoint *cp)
{
	struct al_slice rest = al_buf_view(&chain->pending), entry;
	struct al_edge edge = chain->edge;
	struct al_checkpoint head;
	struct al_hash root;
	const struct chain_known *denied = NULL;

	if (al_checkpoint_open(note, &chain->key, &head) != AL_OK)
		return CHAIN_BAD;
	*cp = head;
	if (chain->rechecking)
		return recheck_head(chain, &head);
	if (head.size < edge.size)
		return CHAIN_BEHIND;
	if (head.size == edge.size)
		return chain->pending_count == 0 ? same_size(chain, &head, note) : CHAIN_BAD;
	if (head.size != edge.size + chain->pending_count)
		return CHAIN_BAD;
	al_buf_reset(&chain->leaves);
	while (chain_next(&rest, &entry)) {
		struct al_hash leaf = al_leaf_hash(entry);

		al_buf_put(&chain->leaves, leaf.b, sizeof(leaf.b));
		al_edge_push(&edge, &leaf);
		if (denied == NULL)
			denied = denied_by(chain, &edge);
	}
	root = al_edge_root(&edge);
	if (!al_hash_eq(&root, &head.root))
		return CHAIN_MISMATCH;
	if (denied != NULL) {
		chain->denied = denied;
		return CHAIN_FORK;
	}
	if (chain->leaves.err != AL_OK || keep_note(chain, better_note(chain, &head, note)) != CHAIN_NEW)
		return CHAIN_NOMEM;
	(void)take_date(chain, head.size, note);
	chain->edge = edge;
	return CHAIN_NEW;
}
