/* SPDX-License-Identifier: MIT */
/*
 * ledger_rig.c -- a ledger under test and the model beside it (ledger_rig.h).
 *
 * The bytes of an entry follow from its seed, so the model keeps eight bytes an
 * entry and can still tell every byte.
 */
#include "ledger_rig.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/engine_sqlite.h"
#include "ledger/ledger_writer.h"
#include "sign/signer.h"

#define ENTRY_MAX 60000

static uint64_t entry_seed(uint64_t seed, uint64_t index)
{
	uint64_t state = seed ^ index * 0x9e3779b97f4a7c15u;

	return powercut_random(&state);
}

/* Mostly as long as a small object, at times of a few pages, seldom nearly the longest. */
static size_t entry_make(uint64_t seed, uint8_t out[static ENTRY_MAX])
{
	uint64_t state = seed, kind = powercut_below(&state, 200);
	size_t len = 40 + (size_t)powercut_below(&state, kind == 0 ? ENTRY_MAX - 40 : kind < 8 ? 9000 : 600);

	for (size_t i = 0; i < len; i += 8) {
		uint64_t word = powercut_random(&state);

		memcpy(out + i, &word, len - i < 8 ? len - i : 8);
	}
	return len;
}

static bool entry_is(uint64_t seed, struct al_slice body)
{
	uint8_t bytes[ENTRY_MAX];

	return al_slice_eq(body, al_slice_of(bytes, entry_make(seed, bytes)));
}

/* ---- life ---- */

bool rig_init(struct rig *rig, uint64_t seed)
{
	memset(rig, 0, sizeof(*rig));
	rig->random = seed;
	(void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/test_ledger.XXXXXX");
	if (al_loop_new(&rig->loop) != AL_OK || al_skey_generate(AL_S("registry.test/ledger"), &rig->key) != AL_OK ||
	    mkdtemp(rig->dir) == NULL)
		return false;
	(void)snprintf(rig->path, sizeof(rig->path), "%s/ledger.db", rig->dir);
	return true;
}

void rig_release(struct rig *rig)
{
	char name[128];

	assert_true(rig->ledger == NULL);
	al_loop_free(rig->loop);
	(void)snprintf(name, sizeof(name), "%s.lock", rig->path);
	(void)unlink(name);
	(void)rmdir(rig->dir);
	free(rig->seeds);
	powercut_release();
}

void rig_forget(struct rig *rig)
{
	rig->acked = 0;
	rig->released = (struct al_checkpoint){ .size = 0 };
	rig->try_count = 0;
}

static void model_add(struct rig *rig, uint64_t index, uint64_t seed)
{
	if (index >= rig->cap) {
		size_t cap = rig->cap != 0 ? rig->cap * 2 : 1024;
		uint64_t *grown = realloc(rig->seeds, cap * sizeof(*grown));

		assert_true(grown != NULL && index < cap);
		rig->seeds = grown;
		rig->cap = cap;
	}
	rig->seeds[index] = seed;
}

static void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct rig *rig = arg;

	assert_true(batch->checkpoint.size == batch->first + batch->count);
	rig->released = batch->checkpoint;
	rig->commits++;
}

static void on_done(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct rig *rig = arg;
	const struct rig_try *last = &rig->tries[rig->try_count - 1];

	if (err == AL_OK) {
		assert_true(receipt->index == rig->acked && rig->acked < rig->released.size);
		model_add(rig, rig->acked, entry_seed(last->seed, rig->acked));
		rig->acked++;
	} else {
		rig->failed++;
	}
	if (--rig->waiting == 0)
		al_loop_stop(rig->loop);
}

static enum al_err start(struct rig *rig)
{
	if (rig->checkpoint_pages > 0)
		engine_sqlite_checkpoint_pages(rig->ledger->engine, rig->checkpoint_pages);
	if (rig->threaded)
		return ledger_start(rig->ledger, rig->loop, on_commit, rig);
	rig->ledger->loop = rig->loop;
	rig->ledger->commit = on_commit;
	rig->ledger->arg = rig;
	rig->ledger->started = true;
	return AL_OK;
}

enum al_err rig_open(struct rig *rig, bool create)
{
	struct ledger_opts opts = {
		.path = rig->path, .key = &rig->key.pub, .signer = signer_local(&rig->key), .create = create
	};
	enum al_err err = ledger_open(&opts, &rig->ledger);

	return err == AL_OK ? start(rig) : err;
}

void rig_resume(struct rig *rig)
{
	ledger_resume(rig->ledger);
	assert_int_equal(ledger_head(rig->ledger, NULL).size, rig->acked);
}

void rig_close(struct rig *rig)
{
	if (rig->ledger == NULL)
		return;
	if (!rig->threaded)
		rig->ledger->started = false; /* no thread to join */
	ledger_close(rig->ledger);
	rig->ledger = NULL;
	/* What was posted and not delivered. */
	al_loop_stop(rig->loop);
	al_loop_run(rig->loop);
}

/* ---- appending ---- */

size_t rig_batch(struct rig *rig)
{
	uint64_t kind = powercut_below(&rig->random, 64);

	if (kind < 32)
		return 1;
	return 1 + (size_t)powercut_below(&rig->random, kind < 60 ? 10 : kind < 63 ? 60 : 300);
}

static struct rig_try *try_begin(struct rig *rig)
{
	/* Those that an acknowledgement has passed over cannot come back. */
	if (rig->try_count > 0 && rig->tries[rig->try_count - 1].start < rig->acked)
		rig->try_count = 0;
	assert_true(rig->try_count < RIG_TRIES);
	rig->tries[rig->try_count] = (struct rig_try){ powercut_random(&rig->random), rig->acked, rig->acked };
	return &rig->tries[rig->try_count++];
}

bool rig_append(struct rig *rig, size_t count)
{
	struct rig_try *try = try_begin(rig);
	uint8_t bytes[ENTRY_MAX];

	rig->failed = 0;
	for (size_t i = 0; i < count; i++) {
		size_t len = entry_make(entry_seed(try->seed, try->end), bytes);

		if (ledger_append(rig->ledger, try->end, al_slice_of(bytes, len), on_done, rig) != AL_OK) {
			rig->failed++;
			break;
		}
		try->end++;
		rig->waiting++;
	}
	if (!rig->threaded && rig->waiting > 0) {
		pthread_mutex_lock(&rig->ledger->lock);
		ledger_writer_turn(rig->ledger);
		pthread_mutex_unlock(&rig->ledger->lock);
	}
	if (rig->waiting > 0)
		al_loop_run(rig->loop);
	assert_true(rig->waiting == 0);
	return rig->failed == 0;
}

/* ---- checking ---- */

struct comparison {
	const struct rig *rig;
	struct al_tree *tree;
	bool possible[RIG_TRIES]; /* the try still explains what is not acknowledged */
	bool different;
};

static enum al_err compare_entry(void *arg, uint64_t index, struct al_slice body)
{
	struct comparison *c = arg;
	const struct rig *rig = c->rig;
	struct al_hash leaf = al_leaf_hash(body);

	if (index < rig->acked) {
		c->different = c->different || !entry_is(rig->seeds[index], body);
	} else {
		for (size_t i = 0; i < rig->try_count; i++)
			c->possible[i] = c->possible[i] && index < rig->tries[i].end &&
					 entry_is(entry_seed(rig->tries[i].seed, index), body);
	}
	return al_tree_push(c->tree, &leaf);
}

/* The try that explains entries [acked, size), or NULL. Alone on its thread, a commit is one try: all or nothing. */
static const struct rig_try *explanation(const struct comparison *c, uint64_t size)
{
	const struct rig *rig = c->rig;

	for (size_t i = 0; i < rig->try_count; i++)
		if (c->possible[i] && (rig->threaded ? size <= rig->tries[i].end : size == rig->tries[i].end))
			return &rig->tries[i];
	return NULL;
}

static enum rig_verdict judge(struct rig *rig, const struct comparison *c, enum al_err err)
{
	struct al_checkpoint head = ledger_head(rig->ledger, NULL);
	const struct rig_try *try = NULL;
	struct al_hash root;

	if (err != AL_OK)
		return RIG_UNREADABLE;
	if (c->different)
		return RIG_DIFFERENT;
	if (head.size < rig->acked || al_tree_size(c->tree) != head.size)
		return RIG_LOST;
	if (head.size > rig->acked && (try = explanation(c, head.size)) == NULL)
		return RIG_DIFFERENT;
	root = al_tree_root(c->tree, rig->released.size);
	if (rig->released.size > 0 && !al_hash_eq(&root, &rig->released.root))
		return RIG_FORKED;
	for (; rig->acked < head.size; rig->acked++)
		model_add(rig, rig->acked, entry_seed(try->seed, rig->acked));
	rig->released = head;
	return RIG_SOUND;
}

enum rig_verdict rig_compare(struct rig *rig)
{
	struct comparison c = { .rig = rig };
	enum rig_verdict verdict;
	enum al_err err = al_tree_new(&c.tree);

	assert_true(err == AL_OK);
	for (size_t i = 0; i < rig->try_count; i++)
		c.possible[i] = true;
	err = ledger_load(rig->ledger, compare_entry, &c);
	verdict = judge(rig, &c, err);
	al_tree_free(c.tree);
	return verdict;
}

enum rig_verdict rig_check(struct rig *rig)
{
	enum rig_verdict verdict = rig_open(rig, false) == AL_OK ? rig_compare(rig) : RIG_UNREADABLE;

	/* What was found is now durable, and nothing else can still come. */
	if (verdict == RIG_SOUND)
		rig->try_count = 0;
	return verdict;
}
