/* SPDX-License-Identifier: MIT */
/*
 * copy_rig.h -- a folder with a ledger of ENTRIES + 1 entries that was signed in steps, and what was said of a copy of it.
 * For tests only.
 */
#ifndef TESTS_COPY_RIG_H
#define TESTS_COPY_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../folder.h"
#include "../said.h"

#include "authority_folder.h"
#include "ledger/ledger_copy.h"
#include "ledger/ledger_side.h"
#include "sign/signer.h"

#define ENTRIES 3000u /* more than one commit's */

struct fixture {
	char dir[40], path[96], conf[96], from[96], to[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger;
	uint64_t durable, wanted;
	uint64_t notes[200]; /* sizes of the checkpoints that were told */
	size_t note_count;
	bool has_side;
	struct said said;
	int manager; /* hears how far a recovery is */
};

static inline const char *path_of(struct fixture *f, const char *name)
{
	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

/* ---- a ledger with something in it ---- */

static inline void on_commit(void *arg, const struct ledger_batch *batch)
{
	struct fixture *f = arg;

	assert_true(f->note_count < AL_COUNT(f->notes));
	f->notes[f->note_count++] = f->durable = batch->checkpoint.size;
	if (f->durable == f->wanted)
		al_loop_stop(f->loop);
}

static inline struct al_slice entry_text(uint64_t index, char out[static 64])
{
	return al_slice_of(out, (size_t)snprintf(out, 64, "entry number %llu", (unsigned long long)index));
}

static inline void append(struct fixture *f, uint64_t until)
{
	struct ledger_attachment side = { .object = AL_S("person A"), .hash = { 7 }, .text = AL_S("contact") };
	struct ledger_extra extra = { &side, true, NULL };
	char text[64];

	for (uint64_t i = f->durable; i < until; i++)
		assert_int_equal(
			ledger_append_with(f->ledger, i, entry_text(i, text), i == 0 ? &extra : NULL, NULL, NULL),
			AL_OK);
	f->wanted = until;
	al_loop_run(f->loop);
	assert_int_equal(f->durable, until);
}

static inline void ledger_up(struct fixture *f, const char *path, bool create)
{
	struct ledger_opts opts = {
		.path = path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->durable = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, on_commit, f), AL_OK);
}

static inline void ledger_down(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_copy.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(mkdir(path_of(f, "keys"), 0700), 0);
	log_key_write(f->dir, &f->key);
	folder_write(f->dir, "alamo.conf", AL_S("[registry]\nledger = from.db\n"));
	(void)strcpy(f->conf, path_of(f, "alamo.conf"));
	(void)strcpy(f->from, path_of(f, "from.db"));
	(void)strcpy(f->to, path_of(f, "to.db"));
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	ledger_up(f, f->from, true);
	for (uint64_t size = 1; size <= 10; size++)
		append(f, size);
	append(f, ENTRIES);
	append(f, ENTRIES + 1);
	ledger_down(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	al_loop_free(f->loop);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

/* For ledger_load(): entry after entry, all as they were appended. */
static inline enum al_err on_entry(void *arg, uint64_t index, struct al_slice entry)
{
	uint64_t *next = arg;
	char text[64];

	assert_int_equal(index, (*next)++);
	assert_true(al_slice_eq(entry, entry_text(index, text)));
	return AL_OK;
}

/* ---- copies ---- */

static inline int copy(struct fixture *f, const char *from, const char *to)
{
	int code;

	said_begin(&f->said);
	code = ledger_copy_main(f->conf, from, to);
	(void)said_end(&f->said);
	return code;
}

static inline bool has_said(const struct fixture *f, const char *what)
{
	return strstr(f->said.text, what) != NULL;
}

#endif
