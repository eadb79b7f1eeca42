/* SPDX-License-Identifier: MIT */
/*
 * The byte-exact examples of docs/formats.md: three entries, their checkpoint,
 * a receipt and the stream that carries them, all from one fixed key. The
 * files in tests/vectors/ are the truth; UPDATE=1 in the environment writes
 * them anew. tests/integration/test_vectors.py reads them with other code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/entry.h"
#include "alamo/follow/follow.h"
#include "alamo/rpsl/request.h"
#include "alamo/rpsl/sshsig.h"
#include "alamo/tlog/witness.h"

#include "../read_file.h"

#define ENTRIES 3
#define DATE 1764000060

struct sample {
	struct al_skey key;
	struct al_buf entry[ENTRIES];
	struct al_slice views[ENTRIES];
	struct al_hash leaf[ENTRIES];
	struct al_tree *tree;
	struct al_buf note;
	struct al_buf dated;
	struct al_buf receipt;
	struct al_buf stream;
};

/* A request that adds one set, signed by the key of 32 bytes 0x11. */
static void entry_make(struct al_buf *out, uint64_t index)
{
	uint8_t seed[32];
	struct al_entry entry = {
		.index = index, .time = 1764000000 + index, .kind = AL_S("request"), .result = AL_S("c")
	};
	struct al_buf body;
	size_t text_len;

	memset(seed, 0x11, sizeof(seed));
	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_printf(&body,
		      "request: vector-%u\nprev: none\n\nas-set: AS-VECTOR%u\nmnt-by: VECTOR-MNT\nsource: TEST\n",
		      (unsigned)index, (unsigned)index);
	text_len = body.len;
	al_sshsig_sign(seed, AL_S("registry@test"), al_slice_head(al_buf_view(&body), text_len), &body);
	entry.body = al_buf_view(&body);
	al_buf_init(out, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, out), AL_OK);
	al_buf_release(&body);
}

static void receipt_make(struct sample *s)
{
	struct al_hash proof[AL_PROOF_MAX];
	size_t count = al_tree_inclusion(s->tree, 1, ENTRIES, proof);

	al_buf_init(&s->receipt, 8192);
	al_receipt_format(1, proof, count, al_buf_view(&s->note), AL_S(""), &s->receipt);
}

/* The seed is the 32 bytes 00 01 .. 1f; the key's id as c2sp.org/signed-note has it. */
static void key_make(struct al_skey *key)
{
	static const char name[] = "registry.test/log";
	uint8_t secret[64], text[sizeof(name) + 1 + 32], hash[32];

	for (int i = 0; i < 32; i++)
		key->seed[i] = (uint8_t)i;
	assert_int_equal(crypto_sign_ed25519_seed_keypair(key->pub.pk, secret, key->seed), 0);
	memcpy(key->pub.name, name, sizeof(name));
	memcpy(text, name, sizeof(name) - 1);
	text[sizeof(name) - 1] = '\n';
	text[sizeof(name)] = 1;
	memcpy(text + sizeof(name) + 1, key->pub.pk, 32);
	assert_int_equal(crypto_hash_sha256(hash, text, sizeof(text)), 0);
	memcpy(key->pub.id, hash, 4);
}

static void sample_make(struct sample *s)
{
	struct al_checkpoint cp = { .size = ENTRIES };
	struct al_skey dating;
	struct al_buf text;

	memset(s, 0, sizeof(*s));
	key_make(&s->key);
	assert_int_equal(al_tree_new(&s->tree), AL_OK);
	for (unsigned i = 0; i < ENTRIES; i++) {
		entry_make(&s->entry[i], i);
		s->views[i] = al_buf_view(&s->entry[i]);
		s->leaf[i] = al_leaf_hash(s->views[i]);
		assert_int_equal(al_tree_push(s->tree, &s->leaf[i]), AL_OK);
	}
	cp.root = al_tree_root(s->tree, ENTRIES);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&s->note, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(s->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &s->key, &s->note);
	al_buf_init(&s->dated, AL_NOTE_MAX);
	al_skey_dating(&s->key, &dating);
	al_buf_slice(&s->dated, al_buf_view(&s->note));
	al_cosign(al_buf_view(&text), &dating, DATE, &s->dated);
	al_buf_release(&text);
	receipt_make(s);
	al_buf_init(&s->stream, 2 * AL_FRAME_MAX);
	al_frame_put(&s->stream, AL_FRAME_TIP, al_buf_view(&s->dated));
	assert_int_equal(al_frame_put_entries(&s->stream, 0, s->views, ENTRIES), ENTRIES);
	al_frame_put(&s->stream, AL_FRAME_HEAD, al_buf_view(&s->note));
	al_frame_put(&s->stream, AL_FRAME_PING, al_slice_of(NULL, 0));
	assert_int_equal(s->stream.err, AL_OK);
}

static void sample_free(struct sample *s)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		al_buf_release(&s->entry[i]);
	al_tree_free(s->tree);
	al_buf_release(&s->note);
	al_buf_release(&s->dated);
	al_buf_release(&s->receipt);
	al_buf_release(&s->stream);
}

static void check_file(const char *name, struct al_slice want)
{
	char path[512];
	struct al_buf got;

	(void)snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	if (getenv("UPDATE") != NULL) {
		FILE *file = fopen(path, "wb");

		assert_non_null(file);
		assert_int_equal(fwrite(want.ptr, 1, want.len, file), want.len);
		assert_int_equal(fclose(file), 0);
	}
	al_buf_init(&got, READ_FILE_MAX);
	assert_true(read_file(name, &got));
	if (!al_slice_eq(al_buf_view(&got), want))
		fail_msg("%s differs", path);
	al_buf_release(&got);
}

static void formats(void **state)
{
	struct al_buf vkey;
	struct sample s;

	(void)state;
	sample_make(&s);
	al_buf_init(&vkey, 1024);
	al_vkey_format(&s.key.pub, &vkey);
	al_buf_str(&vkey, "\n");
	check_file("vectors/checkpoint/log.pub", al_buf_view(&vkey));
	check_file("vectors/checkpoint/checkpoint.txt", al_buf_view(&s.note));
	check_file("vectors/checkpoint/dated.txt", al_buf_view(&s.dated));
	check_file("vectors/checkpoint/receipt.txt", al_buf_view(&s.receipt));
	check_file("vectors/stream/stream.bin", al_buf_view(&s.stream));
	al_buf_release(&vkey);
	sample_free(&s);
}

/* What the files say is what a client believes. */
static void believed(void **state)
{
	struct al_checkpoint cp;
	struct al_slice rest;
	struct al_frame frame;
	struct al_vkey dating;
	struct sample s;
	uint64_t index, date;

	(void)state;
	sample_make(&s);
	assert_int_equal(al_checkpoint_open(al_buf_view(&s.note), &s.key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, ENTRIES);
	assert_int_equal(al_receipt_open(al_buf_view(&s.receipt), &s.key.pub, &s.leaf[1], &index, &cp), AL_OK);
	assert_int_equal(index, 1);
	assert_int_equal(al_receipt_open(al_buf_view(&s.receipt), &s.key.pub, &s.leaf[2], &index, &cp), AL_EVERIFY);
	dating = al_vkey_dating(&s.key.pub);
	assert_int_equal(al_cosigned(al_buf_view(&s.dated), &dating, &date), AL_OK);
	assert_int_equal(date, DATE);
	assert_int_equal(al_cosigned(al_buf_view(&s.note), &dating, &date), AL_ENOTFOUND);
	rest = al_buf_view(&s.stream);
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_TIP);
	assert_true(al_slice_eq(frame.body, al_buf_view(&s.dated)));
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_ENTRIES);
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_HEAD);
	assert_true(al_slice_eq(frame.body, al_buf_view(&s.note)));
	assert_int_equal(al_frame_next(&rest, &frame), AL_OK);
	assert_int_equal(frame.kind, AL_FRAME_PING);
	assert_int_equal(rest.len, 0);
	sample_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(formats), cmocka_unit_test(believed) };

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
