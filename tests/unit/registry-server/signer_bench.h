/* SPDX-License-Identifier: MIT */
/* signer_bench.h -- a folder with a key, its signer in a process, and a tree that it signs. For tests only. */
#ifndef TESTS_SIGNER_BENCH_H
#define TESTS_SIGNER_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../guard.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../said.h"
#define SYNCS_NAMED false /* the signer may not look */
#include "../syncs.h"

#include "alamo/net/conf.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"
#include "sign/signer.h"
#include "sign/signer_wire.h"

struct fixture {
	char dir[40], path[96];
	struct al_skey key;
	struct al_conf *conf;
	struct al_tree *tree;
	struct al_buf note;
	struct signer *signer;
	struct ledger_signer face;
	struct said said;
};

static const char *path_of(struct fixture *f, const char *name)
{
	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

static inline void key_write(struct fixture *f)
{
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_skey_format(&f->key, &text);
	al_buf_str(&text, "\n");
	assert_int_equal(al_note_save(path_of(f, "keys/log.key"), al_buf_view(&text), false), AL_OK);
	assert_int_equal(chmod(f->path, 0600), 0);
	al_buf_release(&text);
}

static inline void tree_grow(struct al_tree *tree, const char *word, unsigned size)
{
	for (unsigned i = (unsigned)al_tree_size(tree); i < size; i++) {
		char text[32];
		struct al_hash leaf;

		(void)snprintf(text, sizeof(text), "%s %u", word, i);
		leaf = al_leaf_hash(al_slice_str(text));
		assert_int_equal(al_tree_push(tree, &leaf), AL_OK);
	}
}

static inline struct al_checkpoint head_of(const struct al_tree *tree)
{
	uint64_t size = al_tree_size(tree);

	return (struct al_checkpoint){ size, al_tree_root(tree, size) };
}

static inline enum al_err start(struct fixture *f, enum guard_mode mode)
{
	enum al_err err = signer_start(f->conf, mode, &f->signer);

	if (err == AL_OK)
		f->face = signer_face(f->signer);
	return err;
}

static inline void stop(struct fixture *f)
{
	signer_stop(f->signer);
	f->signer = NULL;
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char message[256];

	assert_non_null(f);
	if (syncs == NULL)
		syncs_begin();
	(void)strcpy(f->dir, "/tmp/test_signer.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(mkdir(path_of(f, "keys"), 0700), 0);
	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &f->key), AL_OK);
	key_write(f);
	assert_int_equal(al_note_save(path_of(f, "alamo.conf"), AL_S("[registry]\n"), false), AL_OK);
	assert_int_equal(al_conf_load(f->path, &f->conf, message, sizeof(message)), AL_OK);
	assert_int_equal(al_tree_new(&f->tree), AL_OK);
	al_buf_init(&f->note, AL_NOTE_MAX);
	assert_int_equal(start(f, GUARD_CREATE), AL_OK);
	assert_int_equal(f->face.begin(f->face.arg, f->tree, al_slice_of(NULL, 0)), AL_OK);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	static const char *const names[] = { "keys/log.key", "keys/log.guard", "keys", "alamo.conf", "" };
	struct fixture *f = *state;

	stop(f);
	for (size_t i = 0; i < AL_COUNT(names); i++)
		(void)remove(path_of(f, names[i]));
	al_conf_free(f->conf);
	al_tree_free(f->tree);
	al_buf_release(&f->note);
	free(f);
	return 0;
}

/* The tree grows to `size`, is signed, and the note is right; not yet known to be durable. */
static inline enum al_err sign(struct fixture *f, unsigned size)
{
	uint64_t base = al_tree_size(f->tree);
	struct al_checkpoint head, got;
	enum al_err err;

	tree_grow(f->tree, "entry", size);
	al_buf_reset(&f->note);
	err = f->face.sign(f->face.arg, f->tree, base, &f->note);
	if (err != AL_OK)
		return err;
	head = head_of(f->tree);
	assert_int_equal(al_checkpoint_open(al_buf_view(&f->note), &f->key.pub, &got), AL_OK);
	assert_int_equal(got.size, head.size);
	assert_true(al_hash_eq(&got.root, &head.root));
	return AL_OK;
}

static inline void sign_and_keep(struct fixture *f, unsigned size)
{
	assert_int_equal(sign(f, size), AL_OK);
	f->face.kept(f->face.arg);
}

#endif
