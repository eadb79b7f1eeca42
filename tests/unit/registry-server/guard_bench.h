/* SPDX-License-Identifier: MIT */
/* guard_bench.h -- a guard and its file, and trees that share a beginning. For tests only. */
#ifndef TESTS_GUARD_BENCH_H
#define TESTS_GUARD_BENCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../syncs.h"
#include "alamo/tlog/keys.h"
#include "sign/guard.h"

struct fixture {
	char dir[64];
	char path[96];
	struct al_skey key;
	struct al_tree *ours;   /* 40 entries */
	struct al_tree *theirs; /* the same up to 10, then others */
	struct guard guard;
};

static inline struct al_tree *tree_make(unsigned same, unsigned count)
{
	struct al_tree *tree;

	assert_int_equal(al_tree_new(&tree), AL_OK);
	for (unsigned i = 0; i < count; i++) {
		char text[32];
		struct al_hash leaf;

		(void)snprintf(text, sizeof(text), "%s %u", i < same ? "entry" : "other", i);
		leaf = al_leaf_hash(al_slice_str(text));
		assert_int_equal(al_tree_push(tree, &leaf), AL_OK);
	}
	return tree;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (syncs == NULL)
		syncs_begin();
	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_guard.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "%s/log.guard", f->dir);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	f->ours = tree_make(40, 40);
	f->theirs = tree_make(10, 40);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_CREATE, &f->guard), AL_OK);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	guard_close(&f->guard);
	(void)unlink(f->path);
	(void)rmdir(f->dir);
	al_tree_free(f->ours);
	al_tree_free(f->theirs);
	free(f);
	return 0;
}

static inline struct al_checkpoint at(const struct al_tree *tree, uint64_t size)
{
	return (struct al_checkpoint){ size, al_tree_root(tree, size) };
}

typedef enum al_err (*guard_fn)(struct guard *guard, const struct guard_step *step);

static inline enum al_err step(struct fixture *f, guard_fn fn, const struct al_tree *tree, uint64_t base, uint64_t size)
{
	struct al_hash proof[AL_PROOF_MAX];
	struct guard_step s = { .base = base, .next = at(tree, size), .proof = proof };

	if (base > 0 && base < size)
		s.proof_count = al_tree_consistency(tree, base, size, proof);
	return fn(&f->guard, &s);
}

static inline enum al_err begin(struct fixture *f, const struct al_tree *tree, uint64_t size)
{
	return step(f, guard_begin, tree, f->guard.kept.size, size);
}

static inline enum al_err advance(struct fixture *f, const struct al_tree *tree, uint64_t base, uint64_t size)
{
	return step(f, guard_advance, tree, base, size);
}

static inline void assert_state(const struct fixture *f, uint64_t kept, uint64_t last)
{
	struct al_checkpoint k = at(f->ours, kept), l = at(f->ours, last);

	assert_int_equal(f->guard.kept.size, kept);
	assert_int_equal(f->guard.last.size, last);
	assert_true(al_hash_eq(&f->guard.kept.root, &k.root) && al_hash_eq(&f->guard.last.root, &l.root));
}

static inline enum al_err reopen(struct fixture *f, enum guard_mode mode)
{
	guard_close(&f->guard);
	return guard_open(f->path, &f->key.pub, mode, &f->guard);
}

static inline void store(struct fixture *f)
{
	assert_int_equal(guard_write(&f->guard), AL_OK);
	assert_int_equal(guard_sync(&f->guard), AL_OK);
}

/* A ledger with `kept` entries, and a signature for `last` after it. */
static inline void signed_up_to(struct fixture *f, uint64_t kept, uint64_t last)
{
	assert_int_equal(begin(f, f->ours, 0), AL_OK);
	if (kept > 0) {
		assert_int_equal(advance(f, f->ours, 0, kept), AL_OK);
		guard_keep(&f->guard);
	}
	if (last > kept)
		assert_int_equal(advance(f, f->ours, kept, last), AL_OK);
	store(f);
	assert_state(f, kept, last);
}

#endif
