/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <string.h>

#include <sodium.h>

#include "alamo/base/wire.h"

#define SIGNED_MAX (16 + 2 + MESH_RECORD_HOPS * (MESH_KEY_LEN + 2) + MESH_KEY_LEN)

static const char context[] = "alamesh-hop-v1";

static bool seen_before(const struct mesh_record *record, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (memcmp(record->hop[i].key, record->hop[at].key, MESH_KEY_LEN) == 0)
			return true;
	return false;
}

enum al_err mesh_record_read(struct al_slice bytes, struct mesh_record *out)
{
	struct al_reader reader = al_reader_of(bytes.ptr, bytes.len);
	struct mesh_record record = { 0 };
	uint8_t version = al_read_u8(&reader);

	if (reader.err == AL_OK && version != 1)
		return AL_EUNSUPPORTED;
	record.hops = al_read_u8(&reader);
	record.seqno = al_read_u16(&reader);
	record.cost = al_read_u32(&reader);
	if (record.hops < 1 || record.hops > MESH_RECORD_HOPS || reader.left != (size_t)record.hops * MESH_RECORD_HOP)
		return AL_EINVAL;
	for (size_t i = 0; i < record.hops; i++) {
		record.hop[i].key = (const uint8_t *)al_read_bytes(&reader, MESH_KEY_LEN).ptr;
		record.hop[i].port = al_read_u16(&reader);
		record.hop[i].sig = (const uint8_t *)al_read_bytes(&reader, crypto_sign_BYTES).ptr;
		if (seen_before(&record, i))
			return AL_EINVAL;
	}
	if (!al_reader_done(&reader))
		return AL_EINVAL;
	*out = record;
	return AL_OK;
}

/* What is signed so far; hops are appended as one walks along. */
struct signed_text {
	uint8_t bytes[SIGNED_MAX];
	size_t len;
};

static void put(struct signed_text *text, const void *bytes, size_t len)
{
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
}

static void begin(struct signed_text *text, uint16_t seqno)
{
	text->len = 0;
	put(text, context, sizeof(context) - 1);
	al_set_u16(text->bytes + text->len, seqno);
	text->len += 2;
}

static void put_hop(struct signed_text *text, const uint8_t *key, uint16_t port)
{
	put(text, key, MESH_KEY_LEN);
	al_set_u16(text->bytes + text->len, port);
	text->len += 2;
}

enum al_err mesh_record_verify(const struct mesh_record *record, const uint8_t anchor[static MESH_KEY_LEN],
			       const uint8_t to[static MESH_KEY_LEN])
{
	struct signed_text text;

	if (memcmp(record->hop[0].key, anchor, MESH_KEY_LEN) != 0)
		return AL_EVERIFY;
	begin(&text, record->seqno);
	for (size_t i = 0; i < record->hops; i++) {
		const struct mesh_record_hop *hop = &record->hop[i];

		put_hop(&text, hop->key, hop->port);
		put(&text, i + 1u < record->hops ? record->hop[i + 1].key : to, MESH_KEY_LEN);
		if (crypto_sign_verify_detached(hop->sig, text.bytes, text.len, hop->key) != 0)
			return AL_EVERIFY;
		text.len -= MESH_KEY_LEN;
	}
	return AL_OK;
}

enum al_err mesh_record_write(const struct mesh_record *heard, const uint8_t secret[static 64], uint16_t port,
			      const uint8_t to[static MESH_KEY_LEN], uint16_t seqno, uint32_t cost, struct al_buf *out)
{
	const uint8_t *key = secret + 32; /* libsodium keeps the public half there */
	size_t before = heard != NULL ? heard->hops : 0;
	uint8_t sig[crypto_sign_BYTES];
	struct signed_text text;

	if (before >= MESH_RECORD_HOPS)
		return AL_ELIMIT;
	if (heard != NULL)
		seqno = heard->seqno; /* the anchor's; nobody else's word */
	begin(&text, seqno);
	al_buf_u8(out, 1);
	al_buf_u8(out, (uint8_t)(before + 1));
	al_buf_u16(out, seqno);
	al_buf_u32(out, cost);
	for (size_t i = 0; i < before; i++) {
		put_hop(&text, heard->hop[i].key, heard->hop[i].port);
		al_buf_put(out, heard->hop[i].key, MESH_KEY_LEN);
		al_buf_u16(out, heard->hop[i].port);
		al_buf_put(out, heard->hop[i].sig, crypto_sign_BYTES);
	}
	put_hop(&text, key, port);
	put(&text, to, MESH_KEY_LEN);
	(void)crypto_sign_detached(sig, NULL, text.bytes, text.len, secret);
	al_buf_put(out, key, MESH_KEY_LEN);
	al_buf_u16(out, port);
	al_buf_put(out, sig, sizeof(sig));
	return out->err;
}
