/* SPDX-License-Identifier: MIT */
/*
 * test_guard.c -- what the signer's memory lets through, and its file when it
 * is torn, old, foreign or missing.
 */
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

static struct al_tree *tree_make(unsigned same, unsigned count)
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

static int setup(void **state)
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

static int teardown(void **state)
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

static struct al_checkpoint at(const struct al_tree *tree, uint64_t size)
{
	return (struct al_checkpoint){ size, al_tree_root(tree, size) };
}

typedef enum al_err (*guard_fn)(struct guard *guard, const struct guard_step *step);

static enum al_err step(struct fixture *f, guard_fn fn, const struct al_tree *tree, uint64_t base, uint64_t size)
{
	struct al_hash proof[AL_PROOF_MAX];
	struct guard_step s = { .base = base, .next = at(tree, size), .proof = proof };

	if (base > 0 && base < size)
		s.proof_count = al_tree_consistency(tree, base, size, proof);
	return fn(&f->guard, &s);
}

static enum al_err begin(struct fixture *f, const struct al_tree *tree, uint64_t size)
{
	return step(f, guard_begin, tree, f->guard.kept.size, size);
}

static enum al_err advance(struct fixture *f, const struct al_tree *tree, uint64_t base, uint64_t size)
{
	return step(f, guard_advance, tree, base, size);
}

static void assert_state(const struct fixture *f, uint64_t kept, uint64_t last)
{
	struct al_checkpoint k = at(f->ours, kept), l = at(f->ours, last);

	assert_int_equal(f->guard.kept.size, kept);
	assert_int_equal(f->guard.last.size, last);
	assert_true(al_hash_eq(&f->guard.kept.root, &k.root) && al_hash_eq(&f->guard.last.root, &l.root));
}

static enum al_err reopen(struct fixture *f, enum guard_mode mode)
{
	guard_close(&f->guard);
	return guard_open(f->path, &f->key.pub, mode, &f->guard);
}

static void store(struct fixture *f)
{
	assert_int_equal(guard_write(&f->guard), AL_OK);
	assert_int_equal(guard_sync(&f->guard), AL_OK);
}

/* A ledger with `kept` entries, and a signature for `last` after it. */
static void signed_up_to(struct fixture *f, uint64_t kept, uint64_t last)
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

/* ---- while it runs ---- */

static void goes_on(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 7, 7);
	for (uint64_t size = 8; size <= 40; size++) {
		assert_int_equal(advance(f, f->ours, size - 1, size), AL_OK);
		assert_state(f, size - 1, size);
		if (size % 2 == 0)
			guard_keep(&f->guard); /* or the next one says it */
	}
}

static void smaller_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->ours, 10, 15), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 20, 19), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 0, 0), AL_ESTALE);
	assert_int_equal(advance(f, f->ours, 19, 30), AL_ESTALE);
	assert_state(f, 20, 20);
}

static void equal_size_needs_the_same_root(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->theirs, 20, 20), AL_EFORK);
	assert_int_equal(advance(f, f->ours, 20, 20), AL_OK);
	/* The same when the last one is not yet known to be durable, and the ledger says that it is. */
	assert_int_equal(advance(f, f->ours, 20, 25), AL_OK);
	assert_int_equal(advance(f, f->theirs, 25, 25), AL_EFORK);
	assert_state(f, 20, 25);
}

static void another_history_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->theirs, 20, 30), AL_EFORK);
	assert_state(f, 20, 20);
}

static void proof_must_hold(void **state)
{
	struct fixture *f = *state;
	struct al_hash proof[AL_PROOF_MAX];
	struct guard_step s = { .base = 20, .next = at(f->ours, 30), .proof = proof };

	signed_up_to(f, 20, 20);
	s.proof_count = al_tree_consistency(f->ours, 20, 30, proof);
	s.proof_count--;
	assert_int_equal(guard_advance(&f->guard, &s), AL_EFORK);
	s.proof_count++;
	proof[0].b[3] ^= 1;
	assert_int_equal(guard_advance(&f->guard, &s), AL_EFORK);
	proof[0].b[3] ^= 1;
	assert_int_equal(guard_advance(&f->guard, &s), AL_OK);
}

static void gap_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(advance(f, f->ours, 21, 30), AL_EINVAL);
	assert_int_equal(advance(f, f->ours, 20, 30), AL_OK);
	assert_int_equal(advance(f, f->ours, 25, 35), AL_EINVAL);
	assert_state(f, 20, 30);
}

/* The commit failed: what was signed is replaced, as long as nobody said that it is durable. */
static void failed_commit(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 10, 10);
	assert_int_equal(advance(f, f->theirs, 10, 30), AL_OK);
	assert_int_equal(advance(f, f->ours, 10, 15), AL_OK);
	assert_state(f, 10, 15);
	guard_keep(&f->guard);
	assert_int_equal(advance(f, f->ours, 10, 20), AL_ESTALE);
	assert_int_equal(advance(f, f->theirs, 15, 20), AL_EFORK);
}

/* ---- at the start ---- */

static void restart_after_each_moment(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 25);
	/* signed, not committed | committed | committed, and the guard's newest slot torn */
	for (uint64_t found = 20; found <= 30; found += 5) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 25);
		assert_int_equal(begin(f, f->ours, found), AL_OK);
		assert_state(f, found, found);
		assert_int_equal(advance(f, f->ours, found, found + 1), AL_OK);
	}
}

static void restored_backup_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	for (uint64_t found = 0; found < 20; found++) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_int_equal(begin(f, f->ours, found), AL_ESTALE);
		assert_state(f, 20, 20);
	}
	assert_int_equal(begin(f, f->theirs, 20), AL_EFORK);
	assert_int_equal(begin(f, f->theirs, 30), AL_EFORK);
	/* Proved from another size than what is remembered, it proves nothing. */
	assert_int_equal(step(f, guard_begin, f->ours, 19, 20), AL_EINVAL);
	assert_int_equal(step(f, guard_begin, f->ours, 19, 30), AL_EINVAL);
	assert_int_equal(step(f, guard_begin, f->ours, 21, 30), AL_EINVAL);
	assert_int_equal(begin(f, f->ours, 20), AL_OK);
}

/* ---- the file ---- */

static void file_flip(const struct fixture *f, off_t at_byte)
{
	int fd = open(f->path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0 && pread(fd, &byte, 1, at_byte) == 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, at_byte), 1);
	close(fd);
}

/* Every byte of the slot that was being written, torn: the one on the disk stands. */
static void torn_slot(void **state)
{
	struct fixture *f = *state;
	const uint8_t *sum;
	off_t slot, used;

	signed_up_to(f, 20, 20);
	slot = (off_t)f->guard.slot * GUARD_STRIDE;
	/* As often as it is written before the next sync, it is the same one. */
	assert_int_equal(advance(f, f->ours, 20, 25), AL_OK);
	assert_int_equal(guard_write(&f->guard), AL_OK);
	guard_keep(&f->guard);
	assert_int_equal(advance(f, f->ours, 25, 30), AL_OK);
	assert_int_equal(guard_write(&f->guard), AL_OK);
	assert_int_equal((off_t)f->guard.slot * GUARD_STRIDE, slot);
	sum = memmem(f->guard.slot_text.ptr, GUARD_SLOT, "\nsum ", 5);
	assert_non_null(sum);
	used = sum - f->guard.slot_text.ptr + 5 + 64;
	for (off_t i = 0; i < used; i++) {
		file_flip(f, slot + i);
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 20);
		file_flip(f, slot + i);
	}
	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 25, 30);
	/* The next one is written over the older slot. */
	assert_int_equal((off_t)f->guard.slot * GUARD_STRIDE, GUARD_STRIDE - slot);
}

/* Without any sync: the process died, the machine did not. */
static void unsynced_is_read_back(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 5, 5);
	for (uint64_t size = 6; size <= 40; size++) {
		assert_int_equal(advance(f, f->ours, size - 1, size), AL_OK);
		assert_int_equal(guard_write(&f->guard), AL_OK);
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, size - 1, size);
	}
}

static void damaged_file_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	file_flip(f, 20);
	file_flip(f, GUARD_STRIDE + 20);
	assert_int_equal(reopen(f, GUARD_USE), AL_EVERIFY);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_EVERIFY);
	assert_int_equal(truncate(f->path, 5), 0);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_EVERIFY);
	f->guard.fd = -1;
}

/* Both slots are what `text` says, with a sum that is right but for its last `cut` digits, which are not there. */
static void slots_write(const struct fixture *f, const char *text, size_t cut)
{
	uint8_t sum[crypto_hash_sha256_BYTES];
	char slot[GUARD_SLOT + 1], hex[2 * sizeof(sum) + 1];
	int fd = open(f->path, O_WRONLY | O_CLOEXEC), len;

	assert_true(fd >= 0);
	(void)crypto_hash_sha256(sum, (const unsigned char *)text, strlen(text));
	(void)sodium_bin2hex(hex, sizeof(hex), sum, sizeof(sum));
	hex[2 * sizeof(sum) - cut] = '\0';
	memset(slot, ' ', sizeof(slot));
	len = snprintf(slot, sizeof(slot), "%ssum %s\n", text, hex);
	assert_true(len > 0 && len < GUARD_SLOT);
	slot[len] = ' ';
	slot[GUARD_SLOT - 1] = '\n';
	for (off_t i = 0; i < 2; i++)
		assert_int_equal(pwrite(fd, slot, GUARD_SLOT, i * GUARD_STRIDE), GUARD_SLOT);
	close(fd);
}

/* What nobody but another program has written: its sum is right, and it is none all the same. */
static void another_form_is_refused(void **state)
{
	static const struct {
		const char *from, *to;
		size_t cut;
		enum al_err err;
	} rows[] = {
		{ "alamo", "alamo", 0, AL_OK },
		{ "alamo", "Alamo", 0, AL_EVERIFY },
		{ "\nserial ", "\nserial x", 0, AL_EVERIFY },
		{ "\nserial ", "\nnumber ", 0, AL_EVERIFY },
		{ "\nkey ", "\nkey x", 0, AL_EVERIFY },
		{ "\nkey ", "\nkex ", 0, AL_EVERIFY },
		{ "\nkept 20", "\nkept 21", 0, AL_EVERIFY },
		{ "\nkept 20", "\nkept 20x", 0, AL_EVERIFY },
		{ "\nkept ", "\nlast ", 0, AL_EVERIFY },
		{ "\nlast 20 ", "\nlast 20 AAAA", 0, AL_EVERIFY },
		{ "\nlast ", "\nmost ", 0, AL_EVERIFY },
		{ "\nlast 20", "\nlast 21", 0, AL_OK },
		{ "alamo", "alamo", 2, AL_EVERIFY },
		{ "alamo", "alamo", 64, AL_EVERIFY },
	};
	struct fixture *f = *state;
	char good[GUARD_SLOT + 1], text[GUARD_SLOT + 64];

	signed_up_to(f, 20, 20);
	memcpy(good, f->guard.slot_text.ptr, GUARD_SLOT);
	good[GUARD_SLOT] = '\0';
	strstr(good, "\nsum ")[1] = '\0';
	guard_close(&f->guard);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *at = strstr(good, rows[i].from);

		assert_non_null(at);
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, rows[i].to,
			       at + strlen(rows[i].from));
		slots_write(f, text, rows[i].cut);
		assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), rows[i].err);
		if (rows[i].err == AL_OK)
			guard_close(&f->guard);
	}
	f->guard.fd = -1;
}

static void other_key_is_refused(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	assert_int_equal(reopen(f, GUARD_USE), AL_EVERIFY);
}

/* The next key of the same log remembers what the one before it signed, and goes on there. */
static void the_next_key_goes_on(void **state)
{
	struct fixture *f = *state;
	static struct al_keys keys;
	struct al_vkey next;
	struct al_skey other;

	signed_up_to(f, 20, 20);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &other), AL_OK);
	keys.log_count = 2;
	keys.log[0] = (struct al_keys_log){ f->key.pub, 0, true, at(f->ours, 20) };
	keys.log[1] = (struct al_keys_log){ .key = other.pub, .from = 20 };
	next = other.pub;
	next.past = &keys;
	f->key.pub = next;
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(reopen(f, GUARD_USE), AL_OK);
		assert_state(f, 20, 20);
		assert_int_equal(begin(f, f->ours, 19), AL_ESTALE);
		assert_int_equal(begin(f, f->ours, 20), AL_OK);
		store(f);
	}
	assert_int_equal(advance(f, f->ours, 20, 21), AL_OK);
}

/* Made for a log that was not signed yet: the next start finds that, and not nothing. */
static void a_new_one_is_found_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 0, 0);
	assert_int_equal(begin(f, f->theirs, 0), AL_OK);
	assert_int_equal(advance(f, f->ours, 0, 9), AL_OK);
	assert_state(f, 0, 9);
}

static void creation_is_explicit(void **state)
{
	struct fixture *f = *state;

	signed_up_to(f, 20, 20);
	assert_int_equal(reopen(f, GUARD_CREATE), AL_EEXIST);
	assert_int_equal(unlink(f->path), 0);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_ENOTFOUND);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_OK);
	/* An adoption that was not finished is none. */
	assert_int_equal(advance(f, f->ours, 0, 10), AL_EINVAL);
	assert_int_equal(reopen(f, GUARD_USE), AL_ENOTFOUND);
	assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_ADOPT, &f->guard), AL_OK);
	assert_int_equal(begin(f, f->ours, 12), AL_OK);
	assert_int_equal(advance(f, f->ours, 12, 13), AL_OK);
	store(f);
	assert_int_equal(reopen(f, GUARD_USE), AL_OK);
	assert_state(f, 12, 13);
}

/* The bytes, and the name in its folder, wherever that is; later the bytes alone. */
static void what_is_on_the_disk(void **state)
{
	struct fixture *f = *state;
	char here[256];

	guard_close(&f->guard);
	assert_non_null(getcwd(here, sizeof(here)));
	for (unsigned relative = 0; relative < 2; relative++) {
		assert_int_equal(unlink(f->path), 0);
		syncs->count = 0;
		assert_int_equal(chdir(f->dir), 0);
		assert_int_equal(guard_open(relative ? "log.guard" : f->path, &f->key.pub, GUARD_CREATE, &f->guard),
				 AL_OK);
		assert_int_equal(chdir(here), 0);
		assert_true(syncs_has(f->path));
		assert_true(syncs_has(f->dir));
		syncs->count = 0;
		assert_int_equal(begin(f, f->ours, 0), AL_OK);
		assert_int_equal(guard_write(&f->guard), AL_OK);
		assert_int_equal(syncs->count, 0);
		assert_int_equal(guard_sync(&f->guard), AL_OK);
		assert_int_equal(syncs->count, 1);
		assert_true(syncs_has(f->path));
		assert_int_equal(guard_sync(&f->guard), AL_OK); /* nothing is new */
		assert_int_equal(syncs->count, 1);
		guard_close(&f->guard);
		/* What is read may not be on the disk yet. */
		syncs->count = 0;
		assert_int_equal(guard_open(f->path, &f->key.pub, GUARD_USE, &f->guard), AL_OK);
		assert_int_equal(syncs->count, 1);
		guard_close(&f->guard);
	}
	f->guard.fd = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(smaller_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_size_needs_the_same_root, setup, teardown),
		cmocka_unit_test_setup_teardown(another_history_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(proof_must_hold, setup, teardown),
		cmocka_unit_test_setup_teardown(gap_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(restart_after_each_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(restored_backup_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(torn_slot, setup, teardown),
		cmocka_unit_test_setup_teardown(unsynced_is_read_back, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(another_form_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(other_key_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(the_next_key_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_one_is_found_again, setup, teardown),
		cmocka_unit_test_setup_teardown(creation_is_explicit, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_on_the_disk, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
