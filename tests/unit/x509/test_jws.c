/* SPDX-License-Identifier: MIT */
/* test_jws.c -- what is signed verifies by libcrypto, and nothing else does; other keys are not taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "jws.h"

static size_t decode(struct al_slice text, uint8_t *out, size_t cap)
{
	size_t len;

	assert_int_equal(sodium_base642bin(out, cap, text.ptr, text.len, NULL, &len, NULL,
					   sodium_base64_VARIANT_URLSAFE_NO_PADDING),
			 0);
	return len;
}

static EVP_PKEY *public_of(const struct jws_key *key)
{
	struct al_buf pem;
	EVP_PKEY *pkey;
	BIO *bio;

	al_buf_init(&pem, JWS_PEM_MAX);
	assert_int_equal(jws_key_public(key, &pem), AL_OK);
	bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	assert_non_null(pkey);
	BIO_free(bio);
	al_buf_release(&pem);
	return pkey;
}

/* r and s to DER, and that to libcrypto. */
static bool verifies(EVP_PKEY *pkey, struct al_slice text, const uint8_t raw[static 64])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	bool good;
	int len;

	assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)), 1);
	len = i2d_ECDSA_SIG(sig, &der);
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	good = EVP_DigestVerify(ctx, der, (size_t)len, (const unsigned char *)text.ptr, text.len) == 1;
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	return good;
}

static void test_signed(void **state)
{
	struct jws_key *key, *other;
	EVP_PKEY *pkey, *stranger;
	struct al_buf out;

	(void)state;
	assert_int_equal(jws_key_make(&key), AL_OK);
	assert_int_equal(jws_key_make(&other), AL_OK);
	pkey = public_of(key);
	stranger = public_of(other);
	al_buf_init(&out, 65536);
	/* Often enough for numbers that begin with zeroes. */
	for (unsigned i = 0; i < 600; i++) {
		struct al_slice rest, header, payload;
		uint8_t raw[65], bytes[256];
		char text[32];

		(void)snprintf(text, sizeof(text), "{\"n\":%u}", i);
		al_buf_reset(&out);
		assert_int_equal(jws_sign(key, al_slice_str(text), &out), AL_OK);
		rest = al_buf_view(&out);
		assert_true(al_slice_cut(&rest, '.', &header));
		assert_true(al_slice_cut(&rest, '.', &payload));
		assert_memory_equal(bytes, "{\"alg\":\"ES256\"}", decode(header, bytes, sizeof(bytes)));
		assert_int_equal(decode(payload, bytes, sizeof(bytes)), strlen(text));
		assert_memory_equal(bytes, text, strlen(text));
		assert_int_equal(decode(rest, raw, sizeof(raw)), 64);
		header.len += 1 + payload.len;
		assert_true(verifies(pkey, header, raw));
		assert_false(verifies(stranger, header, raw));
		raw[i % 64] ^= 1;
		assert_false(verifies(pkey, header, raw));
	}
	al_buf_release(&out);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(stranger);
	jws_key_free(key);
	jws_key_free(other);
}

static void write_other(EVP_PKEY *pkey, const EVP_CIPHER *cipher, struct al_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());
	const char *bytes;
	long len;

	assert_int_equal(PEM_write_bio_PrivateKey(bio, pkey, cipher,
						  cipher != NULL ? (const unsigned char *)"pass" : NULL,
						  cipher != NULL ? 4 : 0, NULL, NULL),
			 1);
	len = BIO_get_mem_data(bio, &bytes);
	al_buf_reset(pem);
	al_buf_put(pem, bytes, (size_t)len);
	BIO_free(bio);
}

static void test_keys(void **state)
{
	EVP_PKEY *pkey[] = { EVP_EC_gen("P-384"), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), EVP_EC_gen("P-256") };
	struct jws_key *key, *again;
	struct al_buf pem, copy;

	(void)state;
	al_buf_init(&pem, JWS_PEM_MAX);
	al_buf_init(&copy, JWS_PEM_MAX);
	assert_int_equal(jws_key_make(&key), AL_OK);
	assert_int_equal(jws_key_write(key, &pem), AL_OK);
	assert_int_equal(jws_key_read(al_buf_view(&pem), &again), AL_OK);
	assert_int_equal(jws_key_write(again, &copy), AL_OK);
	assert_int_equal(copy.len, pem.len);
	assert_memory_equal(copy.ptr, pem.ptr, pem.len);
	al_buf_reset(&copy);
	assert_int_equal(jws_key_public(key, &copy), AL_OK);
	jws_key_free(again);
	/* A public key, another curve, another kind, one that asks for a passphrase, nothing. */
	assert_int_equal(jws_key_read(al_buf_view(&copy), &again), AL_EINVAL);
	for (size_t i = 0; i < AL_COUNT(pkey); i++) {
		write_other(pkey[i], i == 2 ? EVP_aes_128_cbc() : NULL, &pem);
		assert_int_equal(jws_key_read(al_buf_view(&pem), &again), AL_EINVAL);
		EVP_PKEY_free(pkey[i]);
	}
	assert_int_equal(jws_key_read(AL_S(""), &again), AL_EINVAL);
	jws_key_free(key);
	jws_key_free(NULL);
	al_buf_release(&pem);
	al_buf_release(&copy);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_signed), cmocka_unit_test(test_keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
