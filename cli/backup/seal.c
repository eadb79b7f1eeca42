/* SPDX-License-Identifier: MIT */
/*
 * seal.c -- what is in a backup and is nobody else's business.
 */
#include "seal.h"

#include <sodium.h>
#include <string.h>

#include "alamo/base/wire.h"

#define MAGIC "alamo-sealed 1\n"
#define CHUNK 65536u
#define SEALED_CHUNK (CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES)
/* What a stranger's file may ask of this machine. */
#define OPS_MOST 16u
#define MEMORY_MOST (1u << 30)

const struct seal_cost seal_cost_moderate = { crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE };

struct head {
	unsigned char salt[crypto_pwhash_SALTBYTES];
	struct seal_cost cost;
	unsigned char stream[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
};

typedef unsigned char stream_key[crypto_secretstream_xchacha20poly1305_KEYBYTES];

static enum al_err key_derive(const struct head *head, struct al_slice passphrase, stream_key key)
{
	return crypto_pwhash(key, sizeof(stream_key), passphrase.ptr, passphrase.len, head->salt, head->cost.ops,
			     (size_t)head->cost.memory, crypto_pwhash_ALG_ARGON2ID13) == 0
		       ? AL_OK
		       : AL_ENOMEM;
}

static void head_put(const struct head *head, struct al_buf *out)
{
	al_buf_str(out, MAGIC);
	al_buf_put(out, head->salt, sizeof(head->salt));
	al_buf_u64(out, head->cost.ops);
	al_buf_u64(out, head->cost.memory);
	al_buf_put(out, head->stream, sizeof(head->stream));
}

static enum al_err chunks_put(crypto_secretstream_xchacha20poly1305_state *state, struct al_slice plain,
			      struct al_buf *out)
{
	unsigned char sealed[SEALED_CHUNK];
	bool last;

	do {
		size_t length = plain.len < CHUNK ? plain.len : CHUNK;

		last = length == plain.len;
		(void)crypto_secretstream_xchacha20poly1305_push(
			state, sealed, NULL, (const unsigned char *)plain.ptr, length, NULL, 0,
			last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
		al_buf_put(out, sealed, length + crypto_secretstream_xchacha20poly1305_ABYTES);
		plain = al_slice_of(plain.ptr + length, plain.len - length);
	} while (!last);
	return out->err;
}

enum al_err seal(struct al_slice plain, struct al_slice passphrase, const struct seal_cost *cost, struct al_buf *out)
{
	struct head head = { .cost = *cost };
	crypto_secretstream_xchacha20poly1305_state state;
	stream_key key;
	enum al_err err;

	randombytes_buf(head.salt, sizeof(head.salt));
	err = key_derive(&head, passphrase, key);
	if (err == AL_OK) {
		(void)crypto_secretstream_xchacha20poly1305_init_push(&state, head.stream, key);
		head_put(&head, out);
		err = chunks_put(&state, plain, out);
	}
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&state, sizeof(state));
	return err;
}

/* ---- opening ---- */

static enum al_err head_take(struct al_reader *r, struct head *head)
{
	struct al_slice magic = al_read_bytes(r, sizeof(MAGIC) - 1);
	struct al_slice salt = al_read_bytes(r, sizeof(head->salt));
	struct al_slice stream;

	head->cost.ops = al_read_u64(r);
	head->cost.memory = al_read_u64(r);
	stream = al_read_bytes(r, sizeof(head->stream));
	if (r->err != AL_OK || !al_slice_is(magic, MAGIC) || head->cost.ops < crypto_pwhash_OPSLIMIT_MIN ||
	    head->cost.ops > OPS_MOST || head->cost.memory < crypto_pwhash_MEMLIMIT_MIN ||
	    head->cost.memory > MEMORY_MOST)
		return AL_EINVAL;
	memcpy(head->salt, salt.ptr, sizeof(head->salt));
	memcpy(head->stream, stream.ptr, sizeof(head->stream));
	return AL_OK;
}

/* The last chunk says that it is; nothing comes behind it. */
static enum al_err chunks_open(crypto_secretstream_xchacha20poly1305_state *state, struct al_slice sealed,
			       struct al_buf *out)
{
	unsigned char plain[CHUNK];
	unsigned char tag = 0;

	while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
		size_t length = sealed.len < SEALED_CHUNK ? sealed.len : SEALED_CHUNK;
		unsigned long long got = 0;

		if (crypto_secretstream_xchacha20poly1305_pull(state, plain, &got, &tag,
							       (const unsigned char *)sealed.ptr, length, NULL, 0) != 0)
			return AL_EVERIFY;
		al_buf_put(out, plain, (size_t)got);
		sealed = al_slice_of(sealed.ptr + length, sealed.len - length);
	}
	sodium_memzero(plain, sizeof(plain));
	return sealed.len == 0 ? out->err : AL_EVERIFY;
}

enum al_err seal_open(struct al_slice sealed, struct al_slice passphrase, struct al_buf *out)
{
	crypto_secretstream_xchacha20poly1305_state state;
	struct al_reader r = al_reader_of(sealed.ptr, sealed.len);
	struct head head;
	stream_key key;
	enum al_err err = head_take(&r, &head);

	if (err == AL_OK)
		err = key_derive(&head, passphrase, key);
	if (err != AL_OK)
		return err;
	if (crypto_secretstream_xchacha20poly1305_init_pull(&state, head.stream, key) != 0)
		err = AL_EVERIFY;
	else
		err = chunks_open(&state, al_slice_of((const char *)r.ptr, r.left), out);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&state, sizeof(state));
	return err;
}
