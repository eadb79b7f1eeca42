/* SPDX-License-Identifier: MIT */
/*
 * ca_key.c -- see ca_key.h.
 */
#include "ca_key.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "alamo/base/log.h"

#define BITS 2048
#define PEM_MAX 65536

enum al_err ca_crypto_failed(const char *step)
{
	unsigned long code = ERR_get_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

	al_log(AL_LOG_ERROR, "libcrypto", "step=%s reason=\"%s\"", step, reason != NULL ? reason : "none given");
	ERR_clear_error();
	return AL_ESYS;
}

/* The identifier is the digest of the BIT STRING in SubjectPublicKeyInfo. */
static enum al_err key_name(struct ca_key *key)
{
	X509_PUBKEY *holder = NULL;
	const unsigned char *bits = NULL;
	unsigned used = 0;
	int len = 0;
	bool ok = X509_PUBKEY_set(&holder, key->pkey) == 1 &&
		  X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, holder) == 1 &&
		  EVP_Digest(bits, (size_t)len, key->id, &used, EVP_sha1(), NULL) == 1;

	X509_PUBKEY_free(holder);
	if (!ok)
		return ca_crypto_failed("key-id");
	for (unsigned i = 0; i < CA_KEY_ID_LEN; i++)
		(void)snprintf(key->name + 2 * i, 3, "%02x", key->id[i]);
	return AL_OK;
}

static enum al_err key_take(EVP_PKEY *pkey, struct ca_key *out)
{
	enum al_err err;

	*out = (struct ca_key){ .pkey = pkey };
	if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA || EVP_PKEY_get_bits(pkey) != BITS) {
		ERR_clear_error();
		err = AL_EINVAL;
	} else {
		err = key_name(out);
	}
	if (err != AL_OK)
		ca_key_release(out);
	return err;
}

enum al_err ca_key_make(struct ca_key *out)
{
	EVP_PKEY *pkey = EVP_RSA_gen(BITS);

	return pkey != NULL ? key_take(pkey, out) : ca_crypto_failed("key-make");
}

enum al_err ca_key_read(struct al_slice pem, struct ca_key *out)
{
	BIO *in = pem.len <= PEM_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
	EVP_PKEY *pkey = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return key_take(pkey, out);
}

/* What a BIO in memory has, appended. */
static void bio_take(BIO *bio, struct al_buf *out)
{
	const char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);

	if (len > 0)
		al_buf_put(out, bytes, (size_t)len);
}

enum al_err ca_key_write(const struct ca_key *key, struct al_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	bool ok = bio != NULL && PEM_write_bio_PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1;

	if (ok)
		bio_take(bio, pem);
	BIO_free(bio);
	return ok ? pem->err : ca_crypto_failed("key-write");
}

enum al_err ca_key_public_read(struct al_slice der, struct ca_key *out)
{
	const unsigned char *at = (const unsigned char *)der.ptr;
	EVP_PKEY *pkey = der.len <= PEM_MAX ? d2i_PUBKEY(NULL, &at, (long)der.len) : NULL;

	return key_take(pkey, out);
}

enum al_err ca_key_public_write(const struct ca_key *key, struct al_buf *der)
{
	unsigned char *bytes = NULL;
	int len = i2d_PUBKEY(key->pkey, &bytes);

	if (len <= 0)
		return ca_crypto_failed("key-public");
	al_buf_put(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return der->err;
}

void ca_key_release(struct ca_key *key)
{
	EVP_PKEY_free(key->pkey);
	*key = (struct ca_key){ 0 };
}
