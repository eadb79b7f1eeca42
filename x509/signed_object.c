/* SPDX-License-Identifier: MIT */
/*
 * signed_object.c -- see signed_object.h.
 */
#include "signed_object.h"

#include <openssl/bio.h>
#include <openssl/cms.h>

/* By the profile: DER, one signer by key identifier, content type, digest and signing time as attributes, no more. */
static bool sign(const struct signed_spec *spec, X509 *cert, const struct ca_key *key, struct al_buf *der)
{
	const unsigned flags = CMS_BINARY | CMS_PARTIAL | CMS_NOSMIMECAP | CMS_USE_KEYID;
	BIO *in = BIO_new_mem_buf(spec->content.ptr, (int)spec->content.len);
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	ASN1_OBJECT *type = OBJ_txt2obj(spec->oid, 1);
	unsigned char *bytes = NULL;
	int len = 0;
	bool ok = in != NULL && cms != NULL && type != NULL && CMS_set1_eContentType(cms, type) == 1 &&
		  CMS_add1_signer(cms, cert, key->pkey, EVP_sha256(), flags) != NULL && CMS_set_detached(cms, 0) == 1 &&
		  CMS_final(cms, in, NULL, flags) == 1;

	if (ok)
		len = i2d_CMS_ContentInfo(cms, &bytes);
	if (len > 0)
		al_buf_put(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	ASN1_OBJECT_free(type);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
	return len > 0;
}

enum al_err signed_object_make(const struct signed_spec *spec, struct al_buf *der, char serial[static CERT_SERIAL_LEN])
{
	struct ca_key key;
	struct cert_spec about = {
		.key = &key,
		.issuer = spec->issuer,
		.not_before = spec->not_before,
		.not_after = spec->not_after,
		.object = spec->uri,
		.ip = spec->ip,
		.as = spec->as,
	};
	X509 *cert = NULL;
	enum al_err err = ca_key_make(&key);

	if (err != AL_OK)
		return err;
	err = cert_make(&about, &cert);
	if (err == AL_OK && !sign(spec, cert, &key, der))
		err = ca_crypto_failed("signed-object");
	if (err == AL_OK) {
		cert_serial(cert, serial);
		err = der->err;
	}
	X509_free(cert);
	ca_key_release(&key);
	return err;
}
