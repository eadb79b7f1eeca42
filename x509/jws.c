/* SPDX-License-Identifier: MIT */
/* jws.c -- ES256 by libcrypto: its signature is DER, that of a JWS the two numbers side by side. */
#include "jws.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ca_key.h"

#define NUMBER_LEN 32
#define DER_MAX 80 /* two integers of at most 33 bytes */
#define HEADER "{\"alg\":\"ES256\"}"

struct jws_key {
	EVP_PKEY *pkey;
};

static bool is_p256(const EVP_PKEY *pkey)
{
	char group[32] = "";

	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC &&
	       EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 && strcmp(group, "prime256v1") == 0;
}

/* Takes `pkey`, whatever comes of it. */
static enum al_err key_take(EVP_PKEY *pkey, struct jws_key **out)
{
	struct jws_key *key = pkey != NULL ? calloc(1, sizeof(*key)) : NULL;

	if (key == NULL || !is_p256(pkey)) {
		enum al_err err = pkey != NULL && key == NULL ? AL_ENOMEM : AL_EINVAL;

		EVP_PKEY_free(pkey);
		free(key);
		ERR_clear_error();
		return err;
	}
	key->pkey = pkey;
	*out = key;
	return AL_OK;
}

/* An encrypted key has nobody here to be asked for its passphrase. */
static int no_passphrase(char *text, int size, int writing, void *arg)
{
	(void)text;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

enum al_err jws_key_read(struct al_slice pem, struct jws_key **out)
{
	BIO *in = pem.len <= JWS_PEM_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	EVP_PKEY *pkey = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;

	BIO_free(in);
	return key_take(pkey, out);
}

enum al_err jws_key_make(struct jws_key **out)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	return pkey != NULL ? key_take(pkey, out) : ca_crypto_failed("key-make");
}

static enum al_err bio_take(BIO *bio, bool written, struct al_buf *out)
{
	const char *bytes = NULL;
	long len = written ? BIO_get_mem_data(bio, &bytes) : 0;

	if (len > 0)
		al_buf_put(out, bytes, (size_t)len);
	BIO_free(bio);
	return len > 0 ? out->err : ca_crypto_failed("key-write");
}

enum al_err jws_key_write(const struct jws_key *key, struct al_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return bio_take(bio, bio != NULL && PEM_write_bio_PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1,
			pem);
}

enum al_err jws_key_public(const struct jws_key *key, struct al_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return bio_take(bio, bio != NULL && PEM_write_bio_PUBKEY(bio, key->pkey) == 1, pem);
}

void jws_key_free(struct jws_key *key)
{
	if (key != NULL)
		EVP_PKEY_free(key->pkey);
	free(key);
}

static void put_base64url(const void *bytes, size_t len, struct al_buf *out)
{
	size_t cap = sodium_base64_encoded_len(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = malloc(cap);

	if (text == NULL) {
		out->err = out->err != AL_OK ? out->err : AL_ENOMEM;
		return;
	}
	al_buf_str(out, sodium_bin2base64(text, cap, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
	free(text);
}

/* DER to r and s, each of NUMBER_LEN bytes. */
static bool numbers_of(const unsigned char *der, size_t len, uint8_t out[static 2 * NUMBER_LEN])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, NUMBER_LEN) == NUMBER_LEN &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + NUMBER_LEN, NUMBER_LEN) == NUMBER_LEN;

	ECDSA_SIG_free(sig);
	return ok;
}

enum al_err jws_sign(const struct jws_key *key, struct al_slice payload, struct al_buf *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t start = out->len, len = DER_MAX;
	unsigned char der[DER_MAX];
	uint8_t numbers[2 * NUMBER_LEN];
	bool ok;

	put_base64url(HEADER, sizeof(HEADER) - 1, out);
	al_buf_u8(out, '.');
	put_base64url(payload.ptr, payload.len, out);
	ok = ctx != NULL && out->err == AL_OK && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
	     EVP_DigestSign(ctx, der, &len, out->ptr + start, out->len - start) == 1 && numbers_of(der, len, numbers);
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return out->err != AL_OK ? out->err : ca_crypto_failed("sign");
	al_buf_u8(out, '.');
	put_base64url(numbers, sizeof(numbers), out);
	return out->err;
}
