/* SPDX-License-Identifier: MIT */
/*
 * sshsig.c -- SSH signatures over Ed25519, plain and FIDO, with libsodium.
 *
 * The blob (PROTOCOL.sshsig): "SSHSIG", u32 version, string key, string
 * namespace, string reserved, string hash name, string signature. What is
 * signed is another blob: "SSHSIG", string namespace, string reserved, string
 * hash name, string H(message). Reserved stands there as empty whatever the
 * first blob says, so only an empty one is let in.
 */
#include "alamo/rpsl/sshsig.h"

#include <sodium.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "alamo/base/wire.h"
#include "sshsig_parts.h"

#define MAGIC "SSHSIG"
#define MAGIC_LEN 6
#define VERSION 1
#define TYPE_ED25519 "ssh-ed25519"
#define TYPE_FIDO "sk-ssh-ed25519@openssh.com"
#define ARMOR_BEGIN "-----BEGIN SSH SIGNATURE-----"
#define ARMOR_END "-----END SSH SIGNATURE-----"
#define ARMOR_COLUMNS 70 /* as ssh-keygen wraps */
#define BLOB_MAX 4096    /* bytes; large enough to recognise an RSA key and say so */
#define ARMOR_TEXT_MAX (BLOB_MAX * 4 / 3 + 4)
#define KEY_BLOB_MAX 1024
#define TO_SIGN_MAX 256 /* namespace, hash and lengths */
#define FLAG_USER_PRESENT 0x01

struct signature {
	struct al_sshkey key;
	struct al_slice ns;
	bool sha512; /* else sha256 */
	uint8_t sig[crypto_sign_BYTES];
	uint8_t flags; /* FIDO */
	uint32_t counter;
};

/* ---- keys ---- */

static const char *key_type(const struct al_sshkey *key)
{
	return key->fido ? TYPE_FIDO : TYPE_ED25519;
}

/* `blob` is the whole wire form of a public key. */
static enum al_err key_decode(struct al_slice blob, struct al_sshkey *out)
{
	struct al_reader r = al_reader_of(blob.ptr, blob.len);
	struct al_slice type = al_read_string(&r), pk, app;
	struct al_sshkey key = { 0 };

	if (r.err != AL_OK)
		return AL_EINVAL;
	if (!al_slice_is(type, TYPE_ED25519) && !al_slice_is(type, TYPE_FIDO))
		return AL_EUNSUPPORTED;
	key.fido = al_slice_is(type, TYPE_FIDO);
	pk = al_read_string(&r);
	if (pk.len != sizeof(key.pk))
		return AL_EINVAL;
	memcpy(key.pk, pk.ptr, sizeof(key.pk));
	if (key.fido) {
		app = al_read_string(&r);
		if (app.len == 0 || memchr(app.ptr, '\0', app.len) != NULL ||
		    al_slice_copy(app, key.app, sizeof(key.app)) != AL_OK)
			return AL_EINVAL;
	}
	if (!al_reader_done(&r))
		return AL_EINVAL;
	*out = key;
	return AL_OK;
}

static void key_encode(const struct al_sshkey *key, struct al_buf *out)
{
	al_buf_string(out, key_type(key), strlen(key_type(key)));
	al_buf_string(out, key->pk, sizeof(key->pk));
	if (key->fido)
		al_buf_string(out, key->app, strlen(key->app));
}

enum al_err al_sshkey_parse(struct al_slice line, struct al_sshkey *out)
{
	struct al_slice type, text, inner;
	struct al_sshkey key;
	struct al_reader r;
	uint8_t blob[KEY_BLOB_MAX];
	enum al_err err;
	size_t len;

	if (!al_slice_word(&line, "", &type) || !al_slice_word(&line, "", &text))
		return AL_EINVAL;
	if (!al_slice_is(type, TYPE_ED25519) && !al_slice_is(type, TYPE_FIDO))
		return al_slice_starts(type, "ssh-") || al_slice_starts(type, "sk-") || al_slice_starts(type, "ecdsa-")
			       ? AL_EUNSUPPORTED
			       : AL_EINVAL;
	if (al_slice_base64(text, blob, sizeof(blob), &len) != AL_OK)
		return AL_EINVAL;
	/* The word in front and the type inside must agree. */
	r = al_reader_of(blob, len);
	inner = al_read_string(&r);
	if (!al_slice_eq(inner, type))
		return AL_EINVAL;
	err = key_decode(al_slice_of(blob, len), &key);
	if (err != AL_OK)
		return err;
	*out = key;
	return AL_OK;
}

void al_sshkey_format(const struct al_sshkey *key, struct al_buf *out)
{
	struct al_buf blob;

	al_buf_init(&blob, KEY_BLOB_MAX);
	key_encode(key, &blob);
	if (blob.err != AL_OK && out->err == AL_OK)
		out->err = blob.err;
	al_buf_str(out, key_type(key));
	al_buf_str(out, " ");
	al_buf_base64(out, blob.ptr, blob.len);
	al_buf_release(&blob);
}

bool al_sshkey_sound(const struct al_sshkey *key)
{
	return crypto_core_ed25519_is_valid_point(key->pk) == 1;
}

bool al_sshkey_eq(const struct al_sshkey *a, const struct al_sshkey *b)
{
	return a->fido == b->fido && memcmp(a->pk, b->pk, sizeof(a->pk)) == 0 && strcmp(a->app, b->app) == 0;
}

void al_sshkey_fingerprint(const struct al_sshkey *key, char out[static AL_SSH_FINGERPRINT_LEN])
{
	static const char prefix[] = "SHA256:";
	const char *type = key_type(key);
	const struct al_slice words[] = {
		al_slice_str(type),
		al_slice_of(key->pk, sizeof(key->pk)),
		al_slice_str(key->app),
	};
	size_t count = key->fido ? AL_COUNT(words) : AL_COUNT(words) - 1;
	struct al_slice parts[2 * AL_COUNT(words)];
	uint8_t digest[AL_HASH_LEN], lens[AL_COUNT(words)][4];

	for (size_t i = 0; i < count; i++) {
		al_set_u32(lens[i], (uint32_t)words[i].len);
		parts[2 * i] = al_slice_of(lens[i], sizeof(lens[i]));
		parts[2 * i + 1] = words[i];
	}
	al_sha256(parts, 2 * count, digest);
	memcpy(out, prefix, sizeof(prefix) - 1);
	(void)sodium_bin2base64(out + sizeof(prefix) - 1, AL_SSH_FINGERPRINT_LEN - (sizeof(prefix) - 1), digest,
				sizeof(digest), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

/* ---- signatures ---- */

enum al_err sshsig_armor_decode(struct al_slice armored, uint8_t *blob, size_t cap, size_t *len)
{
	struct al_slice rest = al_slice_trim(armored), line;
	struct al_buf text;
	enum al_err err = AL_EINVAL;

	if (!al_slice_line(&rest, &line) || !al_slice_is(line, ARMOR_BEGIN))
		return AL_EINVAL;
	al_buf_init(&text, ARMOR_TEXT_MAX);
	while (al_slice_line(&rest, &line) && !al_slice_is(line, ARMOR_END))
		al_buf_slice(&text, line);
	if (al_slice_is(line, ARMOR_END) && rest.len == 0)
		err = text.err != AL_OK ? text.err : al_slice_base64(al_buf_view(&text), blob, cap, len);
	al_buf_release(&text);
	return err;
}

/* The inner signature: string type, string 64 bytes, and for FIDO u8 flags and u32 counter. */
static enum al_err inner_decode(struct al_slice blob, struct signature *out)
{
	struct al_reader r = al_reader_of(blob.ptr, blob.len);
	struct al_slice type = al_read_string(&r);
	struct al_slice sig = al_read_string(&r);

	if (r.err != AL_OK || !al_slice_is(type, key_type(&out->key)) || sig.len != sizeof(out->sig))
		return AL_EINVAL;
	memcpy(out->sig, sig.ptr, sizeof(out->sig));
	if (out->key.fido) {
		out->flags = al_read_u8(&r);
		out->counter = al_read_u32(&r);
	}
	return al_reader_done(&r) ? AL_OK : AL_EINVAL;
}

enum al_err sshsig_fields_of(const uint8_t *blob, size_t len, struct sshsig_fields *out)
{
	struct al_reader r = al_reader_of(blob, len);
	struct al_slice magic = al_read_bytes(&r, MAGIC_LEN);
	uint32_t version = al_read_u32(&r);
	struct al_slice reserved, hash;

	if (!al_slice_is(magic, MAGIC))
		return AL_EINVAL;
	out->key = al_read_string(&r);
	out->ns = al_read_string(&r);
	reserved = al_read_string(&r);
	hash = al_read_string(&r);
	out->inner = al_read_string(&r);
	if (version != VERSION)
		return AL_EUNSUPPORTED;
	if (!al_reader_done(&r) || reserved.len != 0 || out->ns.len == 0)
		return AL_EINVAL;
	out->sha512 = al_slice_is(hash, "sha512");
	return out->sha512 || al_slice_is(hash, "sha256") ? AL_OK : AL_EUNSUPPORTED;
}

static enum al_err blob_decode(const uint8_t *blob, size_t len, struct signature *out)
{
	struct sshsig_fields fields;
	enum al_err err = sshsig_fields_of(blob, len, &fields);

	if (err == AL_OK)
		err = key_decode(fields.key, &out->key);
	if (err != AL_OK)
		return err;
	out->ns = fields.ns;
	out->sha512 = fields.sha512;
	return inner_decode(fields.inner, out);
}

void sshsig_to_sign(struct al_slice ns, bool sha512, struct al_slice message, struct al_buf *out)
{
	uint8_t digest[crypto_hash_sha512_BYTES];
	size_t len = sha512 ? crypto_hash_sha512_BYTES : AL_HASH_LEN;

	if (sha512)
		(void)crypto_hash_sha512(digest, (const unsigned char *)message.ptr, message.len);
	else
		al_sha256(&message, 1, digest);
	al_buf_put(out, MAGIC, MAGIC_LEN);
	al_buf_string(out, ns.ptr, ns.len);
	al_buf_string(out, "", 0);
	al_buf_string(out, sha512 ? "sha512" : "sha256", 6);
	al_buf_string(out, digest, len);
}

/* What a FIDO token really signs (PROTOCOL.u2f): its own context around the hash of the data. */
static bool fido_ok(const struct signature *s, const struct al_buf *data)
{
	const struct al_slice app = al_slice_str(s->key.app), whole = al_slice_of(data->ptr, data->len);
	uint8_t bytes[32 + 1 + 4 + 32];

	if ((s->flags & FLAG_USER_PRESENT) == 0)
		return false;
	al_sha256(&app, 1, bytes);
	bytes[32] = s->flags;
	al_set_u32(bytes + 33, s->counter);
	al_sha256(&whole, 1, bytes + 37);
	return crypto_sign_verify_detached(s->sig, bytes, sizeof(bytes), s->key.pk) == 0;
}

/* What is decoded points into `blob`. */
static enum al_err armored_decode(struct al_slice armored, uint8_t blob[static BLOB_MAX], struct signature *out)
{
	size_t len;
	enum al_err err = sshsig_armor_decode(armored, blob, BLOB_MAX, &len);

	return err == AL_OK ? blob_decode(blob, len, out) : err;
}

enum al_err al_sshsig_key(struct al_slice armored, struct al_sshkey *key)
{
	struct signature s = { 0 };
	uint8_t blob[BLOB_MAX];
	enum al_err err = armored_decode(armored, blob, &s);

	if (err == AL_OK)
		*key = s.key;
	return err;
}

enum al_err al_sshsig_verify(struct al_slice armored, struct al_slice ns, struct al_slice message,
			     struct al_sshkey *key)
{
	struct signature s = { 0 };
	uint8_t blob[BLOB_MAX];
	struct al_buf data;
	enum al_err err = armored_decode(armored, blob, &s);
	bool ok;

	if (err != AL_OK)
		return err;
	if (!al_slice_eq(s.ns, ns))
		return AL_EVERIFY;
	al_buf_init(&data, TO_SIGN_MAX);
	sshsig_to_sign(ns, s.sha512, message, &data);
	err = data.err;
	if (err == AL_OK) {
		ok = s.key.fido ? fido_ok(&s, &data)
				: crypto_sign_verify_detached(s.sig, data.ptr, data.len, s.key.pk) == 0;
		err = ok ? AL_OK : AL_EVERIFY;
	}
	al_buf_release(&data);
	if (err == AL_OK)
		*key = s.key;
	return err;
}

static void armor_encode(const struct al_buf *blob, struct al_buf *out)
{
	struct al_buf text;
	struct al_slice rest;

	al_buf_init(&text, ARMOR_TEXT_MAX);
	al_buf_base64(&text, blob->ptr, blob->len);
	if (text.err != AL_OK && out->err == AL_OK)
		out->err = text.err;
	al_buf_str(out, ARMOR_BEGIN "\n");
	for (rest = al_buf_view(&text); rest.len > 0; rest = al_slice_from(rest, ARMOR_COLUMNS)) {
		al_buf_slice(out, al_slice_head(rest, ARMOR_COLUMNS));
		al_buf_str(out, "\n");
	}
	al_buf_str(out, ARMOR_END "\n");
	al_buf_release(&text);
}

void al_sshsig_sign(const uint8_t seed[static 32], struct al_slice ns, struct al_slice message, struct al_buf *out)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES], sig[crypto_sign_BYTES];
	struct al_sshkey key = { 0 };
	struct al_buf data, part, blob;

	al_buf_init(&data, TO_SIGN_MAX);
	al_buf_init(&part, KEY_BLOB_MAX);
	al_buf_init(&blob, BLOB_MAX);
	(void)crypto_sign_seed_keypair(key.pk, sk, seed);
	sshsig_to_sign(ns, true, message, &data);
	(void)crypto_sign_detached(sig, NULL, data.ptr, data.len, sk);
	sodium_memzero(sk, sizeof(sk));
	al_buf_put(&blob, MAGIC, MAGIC_LEN);
	al_buf_u32(&blob, VERSION);
	key_encode(&key, &part);
	al_buf_string(&blob, part.ptr, part.len);
	al_buf_string(&blob, ns.ptr, ns.len);
	al_buf_string(&blob, "", 0);
	al_buf_string(&blob, "sha512", 6);
	al_buf_reset(&part);
	al_buf_string(&part, TYPE_ED25519, strlen(TYPE_ED25519));
	al_buf_string(&part, sig, sizeof(sig));
	al_buf_string(&blob, part.ptr, part.len);
	if (out->err == AL_OK)
		out->err = data.err != AL_OK ? data.err : part.err != AL_OK ? part.err : blob.err;
	armor_encode(&blob, out);
	al_buf_release(&data);
	al_buf_release(&part);
	al_buf_release(&blob);
}
