/* SPDX-License-Identifier: MIT */
/*
 * test_claim.c -- claims signed by ssh-keygen with each kind of key, and what
 * is near to one: other texts, keys, hashes and sizes, and each byte changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/base/wire.h"
#include "alamo/rpsl/claim.h"
#include "sshsig_parts.h"

#define NS "claim@alamo"
#define TEXT_MAX (1u << 16)

static const char *const kinds[] = { "rsa", "p256", "p384", "p521" };

static struct al_buf text;                    /* what was signed */
static struct al_buf keys[AL_COUNT(kinds)];   /* lines, comments and all */
static struct al_buf proofs[AL_COUNT(kinds)]; /* base64 */

static void load(const char *name, const char *ending, struct al_buf *out)
{
	char path[80];

	(void)snprintf(path, sizeof(path), "vectors/claim/%s%s", name, ending);
	al_buf_init(out, READ_FILE_MAX);
	if (!read_file(path, out))
		fail_msg("cannot read %s", path);
}

static void proof_load(const char *name, struct al_buf *out)
{
	struct al_buf armored;

	load(name, ".sig", &armored);
	al_buf_init(out, TEXT_MAX);
	assert_int_equal(al_claim_proof_of(al_buf_view(&armored), out), AL_OK);
	al_buf_release(&armored);
}

static int setup(void **state)
{
	(void)state;
	load("text", "", &text);
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		load(kinds[i], ".pub", &keys[i]);
		proof_load(kinds[i], &proofs[i]);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	al_buf_release(&text);
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		al_buf_release(&keys[i]);
		al_buf_release(&proofs[i]);
	}
	return 0;
}

static enum al_err verify(struct al_slice proof, size_t key)
{
	return al_claim_verify(proof, al_buf_view(&keys[key]), AL_S(NS), al_buf_view(&text));
}

/* ---- proofs ---- */

static void each_kind_claims(void **state)
{
	struct al_buf again;
	struct al_slice proof;

	(void)state;
	al_buf_init(&again, TEXT_MAX);
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		proof = al_buf_view(&proofs[i]);
		for (size_t key = 0; key < AL_COUNT(kinds); key++)
			assert_int_equal(verify(proof, key), key == i ? AL_OK : AL_EVERIFY);
		assert_int_equal(al_claim_verify(proof, al_buf_view(&keys[i]), AL_S("claim@other"), al_buf_view(&text)),
				 AL_EVERIFY);
		assert_int_equal(al_claim_verify(proof, al_buf_view(&keys[i]), AL_S(NS), AL_S("another text")),
				 AL_EVERIFY);
		assert_int_equal(al_claim_verify(proof, AL_S("ssh-rsa"), AL_S(NS), al_buf_view(&text)), AL_EINVAL);
		al_buf_reset(&again);
		assert_int_equal(al_claim_proof_canon(proof, &again), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&again), proof));
	}
	al_buf_release(&again);
}

static void the_text_is_what_is_signed(void **state)
{
	struct al_buf made;

	(void)state;
	al_buf_init(&made, TEXT_MAX);
	al_claim_text(AL_S("ALAMO"), AL_S("OLD-MNT"),
		      AL_S("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINewNewNewNewNewNewNewNewNewNewNewNewNewNewNewN"),
		      &made);
	assert_true(al_slice_eq(al_buf_view(&made), al_buf_view(&text)));
	al_buf_reset(&made);
	al_claim_namespace(AL_S("ALAMO"), &made);
	assert_true(al_slice_is(al_buf_view(&made), NS));
	al_buf_reset(&made);
	al_claim_namespace(AL_S("AZ-az_09@[`{"), &made);
	assert_true(al_slice_is(al_buf_view(&made), "claim@az-az_09@[`{"));
	al_buf_release(&made);
}

/* RFC 8332: both SHA-2 of RSA, and never SHA-1. */
static void hashes_of_rsa(void **state)
{
	struct al_buf proof;

	(void)state;
	proof_load("rsa-sha256", &proof);
	assert_int_equal(verify(al_buf_view(&proof), 0), AL_OK);
	al_buf_release(&proof);
	proof_load("rsa-sha1", &proof);
	assert_int_equal(verify(al_buf_view(&proof), 0), AL_EVERIFY);
	al_buf_release(&proof);
}

static struct al_slice blob_of(const struct al_buf *proof, uint8_t blob[static AL_CLAIM_BLOB_MAX])
{
	size_t len;

	assert_int_equal(al_slice_base64(al_buf_view(proof), blob, AL_CLAIM_BLOB_MAX, &len), AL_OK);
	return al_slice_of(blob, len);
}

static enum al_err verify_blob(const void *blob, size_t len, size_t key)
{
	struct al_buf proof;
	enum al_err err;

	al_buf_init(&proof, TEXT_MAX);
	al_buf_base64(&proof, blob, len);
	err = verify(al_buf_view(&proof), key);
	al_buf_release(&proof);
	return err;
}

static void no_changed_byte_verifies(void **state)
{
	uint8_t blob[AL_CLAIM_BLOB_MAX], changed[AL_CLAIM_BLOB_MAX];

	(void)state;
	for (size_t key = 0; key < AL_COUNT(kinds); key++) {
		size_t len = blob_of(&proofs[key], blob).len;

		for (size_t i = 0; i < len; i++) {
			memcpy(changed, blob, len);
			changed[i] ^= (uint8_t)(1u << i % 8);
			assert_int_not_equal(verify_blob(changed, len, key), AL_OK);
			assert_int_equal(verify_blob(blob, i, key), AL_EINVAL);
		}
		memcpy(changed, blob, len);
		changed[len] = 0;
		assert_int_equal(verify_blob(changed, len + 1, key), AL_EINVAL);
	}
}

/* ---- signatures of one kind as if they were of another ---- */

static enum al_err verify_inner(const struct sshsig_fields *fields, const struct al_buf *inner, size_t key)
{
	struct al_buf blob;
	enum al_err err;

	al_buf_init(&blob, TEXT_MAX);
	al_buf_str(&blob, "SSHSIG");
	al_buf_u32(&blob, 1);
	al_buf_string(&blob, fields->key.ptr, fields->key.len);
	al_buf_string(&blob, fields->ns.ptr, fields->ns.len);
	al_buf_string(&blob, "", 0);
	al_buf_string(&blob, fields->sha512 ? "sha512" : "sha256", 6);
	al_buf_string(&blob, inner->ptr, inner->len);
	err = verify_blob(blob.ptr, blob.len, key);
	al_buf_release(&blob);
	return err;
}

static void the_kind_inside_counts(void **state)
{
	static const char *const names[] = {
		"rsa-sha2-512",        "rsa-sha2-256",        "ssh-rsa", "ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", ""
	};
	static const size_t own[] = { 0, 3, 4, 5 };
	uint8_t blob[AL_CLAIM_BLOB_MAX];
	struct sshsig_fields fields;
	struct al_buf inner;

	(void)state;
	al_buf_init(&inner, TEXT_MAX);
	for (size_t key = 0; key < AL_COUNT(kinds); key++) {
		struct al_slice all = blob_of(&proofs[key], blob), sig;
		struct al_reader r;

		assert_int_equal(sshsig_fields_of(blob, all.len, &fields), AL_OK);
		r = al_reader_of(fields.inner.ptr, fields.inner.len);
		(void)al_read_string(&r);
		sig = al_read_string(&r);
		for (size_t i = 0; i < AL_COUNT(names); i++) {
			al_buf_reset(&inner);
			al_buf_string(&inner, names[i], strlen(names[i]));
			al_buf_string(&inner, sig.ptr, sig.len);
			assert_int_equal(verify_inner(&fields, &inner, key), i == own[key] ? AL_OK : AL_EVERIFY);
			al_buf_u8(&inner, 0);
			assert_int_equal(verify_inner(&fields, &inner, key), AL_EVERIFY);
		}
	}
	al_buf_release(&inner);
}

/* The two numbers of ECDSA: in their order, nothing behind them, and none longer than any curve needs. */
static void numbers_of_ecdsa(void **state)
{
	static const char type[] = "ecdsa-sha2-nistp256", zeros[80] = "";
	uint8_t blob[AL_CLAIM_BLOB_MAX];
	struct sshsig_fields fields;
	struct al_slice sig, number[2];
	struct al_buf inner, pair, padded;
	struct al_reader r;

	(void)state;
	assert_int_equal(sshsig_fields_of(blob, blob_of(&proofs[1], blob).len, &fields), AL_OK);
	r = al_reader_of(fields.inner.ptr, fields.inner.len);
	(void)al_read_string(&r);
	sig = al_read_string(&r);
	r = al_reader_of(sig.ptr, sig.len);
	number[0] = al_read_string(&r);
	number[1] = al_read_string(&r);
	al_buf_init(&inner, TEXT_MAX);
	al_buf_init(&pair, TEXT_MAX);
	al_buf_init(&padded, TEXT_MAX);
	for (unsigned kind = 0; kind < 5; kind++) {
		bool swapped = kind == 1;
		size_t long_one = kind == 2 ? 0 : kind == 3 ? 1 : 2;

		al_buf_reset(&pair);
		for (size_t i = 0; i < 2; i++) {
			struct al_slice part = number[swapped ? 1 - i : i];

			al_buf_reset(&padded);
			if (i == long_one)
				al_buf_put(&padded, zeros, 81 - part.len);
			al_buf_slice(&padded, part);
			al_buf_string(&pair, padded.ptr, padded.len);
		}
		if (kind == 4)
			al_buf_u8(&pair, 0);
		al_buf_reset(&inner);
		al_buf_string(&inner, type, strlen(type));
		al_buf_string(&inner, pair.ptr, pair.len);
		assert_int_equal(verify_inner(&fields, &inner, 1), kind == 0 ? AL_OK : AL_EVERIFY);
	}
	al_buf_release(&inner);
	al_buf_release(&pair);
	al_buf_release(&padded);
}

/* ---- keys ---- */

static enum al_err canon(struct al_slice line, struct al_buf *out)
{
	al_buf_reset(out);
	return al_claim_key_canon(line, out);
}

static void keys_have_one_form(void **state)
{
	struct al_buf out, again, small;

	(void)state;
	al_buf_init(&out, TEXT_MAX);
	al_buf_init(&again, TEXT_MAX);
	for (size_t i = 0; i < AL_COUNT(kinds); i++) {
		struct al_slice line = al_slice_trim(al_buf_view(&keys[i])), bare;

		assert_true(al_slice_ends(line, " old"));
		bare = al_slice_head(line, line.len - 4);
		assert_int_equal(canon(line, &out), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&out), bare));
		assert_int_equal(canon(bare, &again), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&again), bare));
		/* The word in front, and the end. */
		assert_int_equal(canon(al_slice_from(line, 1), &out), AL_EINVAL);
		assert_int_equal(canon(al_slice_head(bare, bare.len - 5), &out), AL_EINVAL);
	}
	load("small", ".pub", &small);
	assert_int_equal(canon(al_buf_view(&small), &out), AL_EINVAL);
	assert_int_equal(canon(AL_S(""), &out), AL_EINVAL);
	assert_int_equal(canon(AL_S("ssh-rsa"), &out), AL_EINVAL);
	assert_int_equal(
		canon(AL_S("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINewNewNewNewNewNewNewNewNewNewNewNewNewNewNewN"),
		      &out),
		AL_EINVAL);
	al_buf_release(&small);
	al_buf_release(&again);
	al_buf_release(&out);
}

static enum al_err canon_blob(const char *type, const struct al_buf *blob)
{
	struct al_buf line, out;
	enum al_err err;

	al_buf_init(&line, TEXT_MAX);
	al_buf_init(&out, TEXT_MAX);
	al_buf_str(&line, type);
	al_buf_u8(&line, ' ');
	al_buf_base64(&line, blob->ptr, blob->len);
	err = canon(al_buf_view(&line), &out);
	al_buf_release(&line);
	al_buf_release(&out);
	return err;
}

/* An RSA key with an exponent of so many bytes and a modulus of so many, the first of which are a zero and `top`. */
static enum al_err rsa(size_t e_len, size_t n_len, uint8_t top, const char *more)
{
	uint8_t e[16], n[2100];
	struct al_buf blob;
	enum al_err err;

	memset(e, 0x11, sizeof(e));
	memset(n, 0x77, sizeof(n));
	n[0] = 0;
	n[1] = top;
	al_buf_init(&blob, TEXT_MAX);
	al_buf_string(&blob, "ssh-rsa", 7);
	al_buf_string(&blob, e, e_len);
	al_buf_string(&blob, n, n_len);
	al_buf_str(&blob, more);
	err = canon_blob("ssh-rsa", &blob);
	al_buf_release(&blob);
	return err;
}

static void sizes_of_rsa(void **state)
{
	(void)state;
	assert_int_equal(rsa(3, 257, 0x80, ""), AL_OK);
	assert_int_equal(rsa(3, 257, 0x7f, ""), AL_EINVAL); /* 2,047 bits */
	assert_int_equal(rsa(3, 256, 0xff, ""), AL_EINVAL);
	assert_int_equal(rsa(3, 2049, 0xff, ""), AL_OK);
	assert_int_equal(rsa(3, 2050, 0xff, ""), AL_EINVAL);
	assert_int_equal(rsa(0, 257, 0x80, ""), AL_EINVAL);
	assert_int_equal(rsa(1, 257, 0x80, ""), AL_OK);
	assert_int_equal(rsa(8, 257, 0x80, ""), AL_OK);
	assert_int_equal(rsa(9, 257, 0x80, ""), AL_EINVAL);
	assert_int_equal(rsa(3, 257, 0x80, "x"), AL_EINVAL);
}

/* RFC 5656 section 3.1: the curve's name and a point on it, uncompressed. */
static void points_of_curves(void **state)
{
	static const struct {
		const char *type, *name;
		size_t key, cut; /* which key's point, bytes off its end */
		int at;          /* byte of the point to change; -1: none */
		enum al_err err;
	} rows[] = {
		{ "ecdsa-sha2-nistp256", "nistp256", 1, 0, -1, AL_OK },
		{ "ecdsa-sha2-nistp384", "nistp384", 2, 0, -1, AL_OK },
		{ "ecdsa-sha2-nistp521", "nistp521", 3, 0, -1, AL_OK },
		{ "ecdsa-sha2-nistp256", "nistp384", 1, 0, -1, AL_EINVAL },
		{ "ecdsa-sha2-nistp384", "nistp384", 1, 0, -1, AL_EINVAL },
		{ "ecdsa-sha2-nistp256", "nistp256", 1, 1, -1, AL_EINVAL },
		{ "ecdsa-sha2-nistp256", "nistp256", 1, 65, -1, AL_EINVAL },
		{ "ecdsa-sha2-nistp256", "nistp256", 1, 0, 0, AL_EINVAL },
		{ "ecdsa-sha2-nistp256", "nistp256", 1, 0, 64, AL_EINVAL },
		{ "ecdsa-sha2-nistp224", "nistp224", 1, 0, -1, AL_EINVAL },
	};
	struct al_buf blob;

	(void)state;
	al_buf_init(&blob, TEXT_MAX);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_slice rest = al_buf_view(&keys[rows[i].key]), word;
		uint8_t bytes[AL_CLAIM_BLOB_MAX], point[AL_CLAIM_BLOB_MAX];
		struct al_reader r;
		struct al_slice was;
		size_t len;

		(void)al_slice_word(&rest, "", &word);
		(void)al_slice_word(&rest, "", &word);
		assert_int_equal(al_slice_base64(word, bytes, sizeof(bytes), &len), AL_OK);
		r = al_reader_of(bytes, len);
		(void)al_read_string(&r);
		(void)al_read_string(&r);
		was = al_read_string(&r);
		memcpy(point, was.ptr, was.len);
		if (rows[i].at >= 0)
			point[rows[i].at] ^= 1;
		al_buf_reset(&blob);
		al_buf_string(&blob, rows[i].type, strlen(rows[i].type));
		al_buf_string(&blob, rows[i].name, strlen(rows[i].name));
		al_buf_string(&blob, point, was.len - rows[i].cut);
		assert_int_equal(canon_blob(rows[i].type, &blob), rows[i].err);
		al_buf_u8(&blob, 0);
		assert_int_equal(canon_blob(rows[i].type, &blob), AL_EINVAL);
	}
	al_buf_release(&blob);
}

/* Base64 that holds no proof, armor that holds none, and proofs by keys that claim nothing. */
static void what_is_no_proof(void **state)
{
	struct al_buf armored, out;

	(void)state;
	al_buf_init(&out, TEXT_MAX);
	assert_int_equal(al_claim_proof_canon(AL_S("@@"), &out), AL_EINVAL);
	assert_int_equal(al_claim_proof_canon(AL_S("AAAA"), &out), AL_EINVAL);
	assert_int_equal(al_claim_proof_of(AL_S("AAAA"), &out), AL_EINVAL);
	al_buf_init(&armored, READ_FILE_MAX);
	assert_true(read_file("vectors/sshsig/sha512.sig", &armored)); /* by Ed25519 */
	assert_int_equal(al_claim_proof_of(al_buf_view(&armored), &out), AL_EINVAL);
	assert_int_equal(out.len, 0);
	al_buf_release(&armored);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_claims),       cmocka_unit_test(the_text_is_what_is_signed),
		cmocka_unit_test(hashes_of_rsa),          cmocka_unit_test(no_changed_byte_verifies),
		cmocka_unit_test(the_kind_inside_counts), cmocka_unit_test(numbers_of_ecdsa),
		cmocka_unit_test(keys_have_one_form),     cmocka_unit_test(sizes_of_rsa),
		cmocka_unit_test(points_of_curves),       cmocka_unit_test(what_is_no_proof),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
