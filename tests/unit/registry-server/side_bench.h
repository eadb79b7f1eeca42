/* SPDX-License-Identifier: MIT */
/* side_bench.h -- a ledger with what it may forget, asked and waited for. For tests only. */
#ifndef TESTS_SIDE_BENCH_H
#define TESTS_SIDE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "../said.h"

#include "ledger/engine.h"
#include "ledger/ledger_adopt.h"
#include "ledger/ledger_side.h"
#include "sign/signer.h"

static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", ".lock" };

struct fixture {
	char dir[64];
	char path[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger;
	uint64_t next; /* entry */
	/* what the last call answered */
	enum al_err err;
	uint64_t id, total;
	size_t rows;
	struct ledger_queued first, last;
	char text[8192];
	uint8_t hash[AL_HASH_LEN];
};

static inline void start(struct fixture *f, bool create)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->next = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
}

static inline void stop(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/side"), &f->key) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_side.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char name[128];

	stop(f);
	al_loop_free(f->loop);
	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- calls, and waiting for them ---- */

static inline void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct fixture *f = arg;

	f->err = err;
	assert_true((err == AL_OK) == (result != NULL));
	if (err == AL_OK) {
		f->id = result->queued.id;
		f->total = result->total;
		f->rows = result->row_count;
		if (f->rows > 0) {
			f->first = result->rows[0];
			f->last = result->rows[f->rows - 1];
		}
		assert_int_equal(al_slice_copy(result->text, f->text, sizeof(f->text)), AL_OK);
		memcpy(f->hash, result->hash, sizeof(f->hash));
	}
	al_loop_stop(f->loop);
}

static inline enum al_err answer_of(struct fixture *f, enum al_err queued)
{
	assert_int_equal(queued, AL_OK);
	al_loop_run(f->loop);
	return f->err;
}

static inline void on_entry(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct fixture *f = arg;

	(void)receipt;
	f->err = err;
	al_loop_stop(f->loop);
}

static inline void append(struct fixture *f, const char *object, const char *text, const uint8_t *queue_hash)
{
	struct ledger_attachment side = { .object = al_slice_str(object), .text = al_slice_str(text) };
	struct ledger_extra extra = { &side, object != NULL, queue_hash };
	char entry[64];

	(void)snprintf(entry, sizeof(entry), "entry number %llu", (unsigned long long)f->next);
	crypto_hash_sha256(side.hash, (const unsigned char *)side.text.ptr, side.text.len);
	assert_int_equal(ledger_append_with(f->ledger, f->next++, al_slice_str(entry), &extra, on_entry, f), AL_OK);
	al_loop_run(f->loop);
	assert_int_equal(f->err, AL_OK);
}

static inline enum al_err get(struct fixture *f, const char *object)
{
	return answer_of(f, ledger_side_get(f->ledger, al_slice_str(object), on_side, f));
}

static inline enum al_err erase(struct fixture *f, const char *object, const struct ledger_once *once)
{
	return answer_of(f, ledger_side_erase(f->ledger, al_slice_str(object), once, on_side, f));
}

static inline enum al_err add(struct fixture *f, uint64_t number, const char *text)
{
	uint8_t hash[AL_HASH_LEN] = { 0 }, same[AL_HASH_LEN];
	struct ledger_asking asking;
	char label[64];

	memcpy(hash, &number, sizeof(number));
	(void)snprintf(label, sizeof(label), "ask-%llu [inet6num] fca1::/48", (unsigned long long)number);
	memcpy(same, hash, sizeof(same));
	asking = (struct ledger_asking){ 1000 + number,      hash,         same, al_slice_str(label),
					 al_slice_str(text), AL_S("key=1") };
	return answer_of(f, ledger_queue_add(f->ledger, &asking, on_side, f));
}

static inline enum al_err list(struct fixture *f)
{
	return answer_of(f, ledger_queue_list(f->ledger, on_side, f));
}

/* Do the ledger's files, as they lie there now, contain the text? */
static inline bool on_disk(const struct fixture *f, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		struct al_buf bytes;
		char name[128], chunk[4096];
		size_t len;
		FILE *file;

		(void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
		file = fopen(name, "rb");
		if (file == NULL)
			continue;
		al_buf_init(&bytes, 1u << 30);
		while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
			al_buf_put(&bytes, chunk, len);
		assert_int_equal(bytes.err, AL_OK);
		(void)fclose(file);
		found = found || (bytes.len > 0 && memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL);
		al_buf_release(&bytes);
	}
	return found;
}

#endif
