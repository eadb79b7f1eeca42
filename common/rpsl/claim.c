/* SPDX-License-Identifier: MIT */
/*
 * claim.c -- keys and proofs of claims: see claim.h. The wire forms are
 * RFC 4253 section 6.6 (ssh-rsa), RFC 8332 (rsa-sha2) and RFC 5656 (ECDSA);
 * libcrypto does the rest.
 */
#include "alamo/rpsl/claim.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "alamo/base/wire.h"
#include "sshsig_parts.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 16384
#define TYPE_RSA "ssh-rsa"

static const struct curve {
	const char *type;  /* of key and signature */
	const char *name;  /* in the blob */
	const char *group; /* libcrypto's */
	size_t point_len;
	const char *hash;
} curves[] = {
	{ "ecdsa-sha2-nistp256", "nistp256", "P-256", 65, "SHA256" },
	{ "ecdsa-sha2-nistp384", "nistp384", "P-384", 97, "SHA384" },
	{ "ecdsa-sha2-nistp521", "nistp521", "P-521", 133, "SHA512" },
};

struct claim_key {
	const struct curve *curve; /* NULL: RSA */
	struct al_slice first;     /* RSA: e; ECDSA: point */
	struct al_slice second;    /* RSA: n */
};

/* ---- keys ---- */

static enum al_err key_of_blob(struct al_slice blob, struct claim_key *out)
{
	struct al_reader r = al_reader_of(blob.ptr, blob.len);
	struct al_slice type = al_read_string(&r), name, point;

	*out = (struct claim_key){ .curve = NULL };
	for (size_t i = 0; i < AL_COUNT(curves); i++)
		if (al_slice_is(type, curves[i].type))
			out->curve = &curves[i];
	if (out->curve == NULL && !al_slice_is(type, TYPE_RSA))
		return AL_EUNSUPPORTED;
	if (out->curve != NULL) {
		name = al_read_string(&r);
		point = al_read_string(&r);
		out->first = point;
		return al_reader_done(&r) && al_slice_is(name, out->curve->name) &&
				       point.len == out->curve->point_len && point.ptr[0] == 4
			       ? AL_OK
			       : AL_EINVAL;
	}
	out->first = al_read_string(&r);
	out->second = al_read_string(&r);
	return al_reader_done(&r) && out->first.len > 0 && out->second.len > RSA_BITS_MIN / 8 &&
			       out->second.len <= RSA_BITS_MAX / 8 + 1
		       ? AL_OK
		       : AL_EINVAL;
}

static EVP_PKEY *key_load(const char *kind, OSSL_PARAM_BLD *build)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

/* NULL: no key of its kind, or memory. The caller frees it. */
static EVP_PKEY *key_make(const struct claim_key *key)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	const unsigned char *first = (const unsigned char *)key->first.ptr;
	BIGNUM *e = NULL, *n = NULL;
	EVP_PKEY *made = NULL;

	if (build == NULL)
		return NULL;
	if (key->curve != NULL) {
		if (OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, key->curve->group, 0) == 1 &&
		    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, first, key->first.len) == 1)
			made = key_load("EC", build);
	} else {
		e = BN_bin2bn(first, (int)key->first.len, NULL);
		n = BN_bin2bn((const unsigned char *)key->second.ptr, (int)key->second.len, NULL);
		if (e != NULL && n != NULL && BN_num_bits(n) >= RSA_BITS_MIN && BN_num_bits(e) <= 64 &&
		    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1)
			made = key_load("RSA", build);
	}
	BN_free(e);
	BN_free(n);
	OSSL_PARAM_BLD_free(build);
	return made;
}

/* "TYPE BASE64 ...": the blob, whose type is the word in front. */
static enum al_err line_decode(struct al_slice line, uint8_t blob[static AL_CLAIM_BLOB_MAX], size_t *len,
			       struct claim_key *key)
{
	struct al_slice type, text;
	struct al_reader r;
	enum al_err err;

	if (!al_slice_word(&line, "", &type) || !al_slice_word(&line, "", &text) ||
	    al_slice_base64(text, blob, AL_CLAIM_BLOB_MAX, len) != AL_OK)
		return AL_EINVAL;
	err = key_of_blob(al_slice_of(blob, *len), key);
	r = al_reader_of(blob, *len);
	return err == AL_OK && !al_slice_eq(al_read_string(&r), type) ? AL_EINVAL : err;
}

enum al_err al_claim_key_canon(struct al_slice line, struct al_buf *out)
{
	uint8_t blob[AL_CLAIM_BLOB_MAX];
	struct al_slice type = line, rest = line;
	struct claim_key key;
	EVP_PKEY *made;
	size_t len;

	if (line_decode(line, blob, &len, &key) != AL_OK)
		return AL_EINVAL;
	made = key_make(&key);
	if (made == NULL)
		return AL_EINVAL;
	EVP_PKEY_free(made);
	(void)al_slice_word(&rest, "", &type);
	al_buf_slice(out, type);
	al_buf_u8(out, ' ');
	al_buf_base64(out, blob, len);
	return out->err;
}

/* ---- proofs ---- */

static enum al_err proof_check(const uint8_t *blob, size_t len, struct al_buf *out)
{
	struct sshsig_fields fields;
	struct claim_key key;

	if (sshsig_fields_of(blob, len, &fields) != AL_OK || key_of_blob(fields.key, &key) != AL_OK)
		return AL_EINVAL;
	al_buf_base64(out, blob, len);
	return out->err;
}

enum al_err al_claim_proof_canon(struct al_slice text, struct al_buf *out)
{
	uint8_t blob[AL_CLAIM_BLOB_MAX];
	size_t len;

	if (al_slice_base64(text, blob, sizeof(blob), &len) != AL_OK)
		return AL_EINVAL;
	return proof_check(blob, len, out);
}

enum al_err al_claim_proof_of(struct al_slice armored, struct al_buf *out)
{
	uint8_t blob[AL_CLAIM_BLOB_MAX];
	size_t len;
	enum al_err err = sshsig_armor_decode(armored, blob, sizeof(blob), &len);

	return err == AL_OK ? proof_check(blob, len, out) : err;
}

void al_claim_namespace(struct al_slice source, struct al_buf *out)
{
	al_buf_str(out, "claim@");
	for (size_t i = 0; i < source.len; i++)
		al_buf_u8(out, (uint8_t)(source.ptr[i] >= 'A' && source.ptr[i] <= 'Z' ? source.ptr[i] - 'A' + 'a'
										      : source.ptr[i]));
}

void al_claim_text(struct al_slice source, struct al_slice mntner, struct al_slice key, struct al_buf *out)
{
	al_buf_printf(out, "alamo claim v1\nregistry %.*s\nmntner %.*s\nkey %.*s\n", AL_FMT(source), AL_FMT(mntner),
		      AL_FMT(key));
}

/* "r, s" of SSH (two mpint) as the DER that libcrypto reads. NULL: malformed. */
static unsigned char *ecdsa_der(struct al_slice blob, int *len)
{
	struct al_reader r = al_reader_of(blob.ptr, blob.len);
	struct al_slice first = al_read_string(&r), second = al_read_string(&r);
	ECDSA_SIG *sig = ECDSA_SIG_new();
	unsigned char *der = NULL;
	BIGNUM *x = NULL, *y = NULL;

	if (sig != NULL && al_reader_done(&r) && first.len <= 80 && second.len <= 80) {
		x = BN_bin2bn((const unsigned char *)first.ptr, (int)first.len, NULL);
		y = BN_bin2bn((const unsigned char *)second.ptr, (int)second.len, NULL);
	}
	if (x != NULL && y != NULL && ECDSA_SIG_set0(sig, x, y) == 1) {
		*len = i2d_ECDSA_SIG(sig, &der);
	} else {
		BN_free(x);
		BN_free(y);
	}
	ECDSA_SIG_free(sig);
	return der != NULL && *len > 0 ? der : NULL;
}

static bool digest_verify(EVP_PKEY *key, const char *hash, const unsigned char *sig, size_t len,
			  const struct al_buf *data)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL && EVP_DigestVerifyInit_ex(ctx, NULL, hash, NULL, NULL, key, NULL) == 1 &&
		    EVP_DigestVerify(ctx, sig, len, data->ptr, data->len) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

/* The inner signature: string type, string bytes. SHA-1 (type "ssh-rsa") is not taken. */
static bool inner_verify(EVP_PKEY *key, const struct claim_key *kind, struct al_slice inner, const struct al_buf *data)
{
	struct al_reader r = al_reader_of(inner.ptr, inner.len);
	struct al_slice type = al_read_string(&r), sig = al_read_string(&r);
	unsigned char *der;
	int len = 0;
	bool good;

	if (!al_reader_done(&r))
		return false;
	if (kind->curve == NULL)
		return (al_slice_is(type, "rsa-sha2-512") || al_slice_is(type, "rsa-sha2-256")) &&
		       digest_verify(key, al_slice_is(type, "rsa-sha2-512") ? "SHA512" : "SHA256",
				     (const unsigned char *)sig.ptr, sig.len, data);
	if (!al_slice_is(type, kind->curve->type))
		return false;
	der = ecdsa_der(sig, &len);
	good = der != NULL && digest_verify(key, kind->curve->hash, der, (size_t)len, data);
	OPENSSL_free(der);
	return good;
}

enum al_err al_claim_verify(struct al_slice proof, struct al_slice claim_key, struct al_slice ns, struct al_slice text)
{
	uint8_t blob[AL_CLAIM_BLOB_MAX], key_blob[AL_CLAIM_BLOB_MAX];
	struct sshsig_fields fields;
	struct claim_key kind;
	struct al_buf data;
	EVP_PKEY *key;
	size_t len, key_len;
	bool good;

	if (al_slice_base64(proof, blob, sizeof(blob), &len) != AL_OK ||
	    sshsig_fields_of(blob, len, &fields) != AL_OK || line_decode(claim_key, key_blob, &key_len, &kind) != AL_OK)
		return AL_EINVAL;
	if (!al_slice_eq(fields.key, al_slice_of(key_blob, key_len)) || !al_slice_eq(fields.ns, ns))
		return AL_EVERIFY;
	key = key_make(&kind);
	al_buf_init(&data, 1024);
	sshsig_to_sign(ns, fields.sha512, text, &data);
	good = key != NULL && data.err == AL_OK && inner_verify(key, &kind, fields.inner, &data);
	EVP_PKEY_free(key);
	al_buf_release(&data);
	return good ? AL_OK : AL_EVERIFY;
}
