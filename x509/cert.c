/* SPDX-License-Identifier: MIT */
/*
 * cert.c -- see cert.h.
 */
#include "cert.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define SERIAL_BYTES 16
#define OID_POLICY "1.3.6.1.5.5.7.14.2" /* RFC 6484: for IP addresses and AS numbers */
#define OID_NOTIFY "1.3.6.1.5.5.7.48.13"
#define OID_REPOSITORY "1.3.6.1.5.5.7.48.5"
#define OID_MANIFEST "1.3.6.1.5.5.7.48.10"
#define OID_OBJECT "1.3.6.1.5.5.7.48.11"

/* ---- extensions ---- */

/* By libcrypto's text form; URIs in it have no comma (store.c). */
static bool ext_text(X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, NULL, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static AUTHORITY_KEYID *authority(const struct ca_key *key)
{
	AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();

	if (id == NULL)
		return NULL;
	id->keyid = ASN1_OCTET_STRING_new();
	if (id->keyid != NULL && ASN1_OCTET_STRING_set(id->keyid, key->id, CA_KEY_ID_LEN) == 1)
		return id;
	AUTHORITY_KEYID_free(id);
	return NULL;
}

static bool ext_keys(X509 *x, const struct cert_spec *spec)
{
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	AUTHORITY_KEYID *from = spec->issuer != NULL ? authority(spec->issuer->key) : NULL;
	bool ok = id != NULL && ASN1_OCTET_STRING_set(id, spec->key->id, CA_KEY_ID_LEN) == 1 &&
		  X509_add1_ext_i2d(x, NID_subject_key_identifier, id, 0, 0) == 1;

	if (ok && spec->issuer != NULL)
		ok = from != NULL && X509_add1_ext_i2d(x, NID_authority_key_identifier, from, 0, 0) == 1;
	ASN1_OCTET_STRING_free(id);
	AUTHORITY_KEYID_free(from);
	return ok;
}

static bool ext_policy(X509 *x)
{
	CERTIFICATEPOLICIES *policies = sk_POLICYINFO_new_null();
	POLICYINFO *policy = POLICYINFO_new();
	bool ok = policies != NULL && policy != NULL;

	if (ok) {
		ASN1_OBJECT_free(policy->policyid);
		policy->policyid = OBJ_txt2obj(OID_POLICY, 1);
		ok = policy->policyid != NULL && sk_POLICYINFO_push(policies, policy) > 0;
	}
	if (!ok)
		POLICYINFO_free(policy);
	ok = ok && X509_add1_ext_i2d(x, NID_certificate_policies, policies, 1, 0) == 1;
	sk_POLICYINFO_pop_free(policies, POLICYINFO_free);
	return ok;
}

static bool ext_places(X509 *x, const struct cert_spec *spec)
{
	const struct cert_places *at = spec->places;
	char text[4 * CERT_URI_MAX];

	if (spec->issuer != NULL) {
		(void)snprintf(text, sizeof(text), "URI:%s", spec->issuer->crl);
		if (!ext_text(x, NID_crl_distribution_points, text))
			return false;
		(void)snprintf(text, sizeof(text), "caIssuers;URI:%s", spec->issuer->cer);
		if (!ext_text(x, NID_info_access, text))
			return false;
	}
	if (at == NULL)
		(void)snprintf(text, sizeof(text), OID_OBJECT ";URI:%s", spec->object);
	else
		(void)snprintf(text, sizeof(text), OID_REPOSITORY ";URI:%s," OID_MANIFEST ";URI:%s%s%s", at->repository,
			       at->manifest, at->notify[0] != '\0' ? "," OID_NOTIFY ";URI:" : "", at->notify);
	return ext_text(x, NID_sinfo_access, text);
}

static bool ext_all(X509 *x, const struct cert_spec *spec)
{
	bool ca = spec->places != NULL;
	bool ok = !ca || ext_text(x, NID_basic_constraints, "critical,CA:TRUE");

	ok = ok && ext_text(x, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	ok = ok && ext_keys(x, spec) && ext_places(x, spec) && ext_policy(x);
	if (ok && spec->ip != NULL)
		ok = X509_add1_ext_i2d(x, NID_sbgp_ipAddrBlock, spec->ip, 1, 0) == 1;
	if (ok && spec->as != NULL)
		ok = X509_add1_ext_i2d(x, NID_sbgp_autonomousSysNum, spec->as, 1, 0) == 1;
	return ok;
}

/* ---- certificates ---- */

/* Positive, at most 20 octets, never used before (RFC 6487 section 4.2): random. */
static bool serial_set(X509 *x)
{
	uint8_t bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool ok = RAND_bytes(bytes, sizeof(bytes)) == 1;

	bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40);
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = ok && number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
	BN_free(number);
	return ok;
}

/* One CommonName, PrintableString, without a meaning (RFC 6487 section 4.4): the key's identifier. */
static X509_NAME *name_of(const struct ca_key *key)
{
	X509_NAME *name = X509_NAME_new();

	if (name != NULL && X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_PRINTABLESTRING,
						       (const unsigned char *)key->name, -1, -1, 0) == 1)
		return name;
	X509_NAME_free(name);
	return NULL;
}

static bool names_set(X509 *x, const struct cert_spec *spec)
{
	X509_NAME *subject = name_of(spec->key);
	X509_NAME *issuer = name_of(spec->issuer != NULL ? spec->issuer->key : spec->key);
	bool ok = subject != NULL && issuer != NULL && X509_set_subject_name(x, subject) == 1 &&
		  X509_set_issuer_name(x, issuer) == 1;

	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	return ok;
}

enum al_err cert_make(const struct cert_spec *spec, X509 **out)
{
	const struct ca_key *signer = spec->issuer != NULL ? spec->issuer->key : spec->key;
	X509 *x = X509_new();
	bool ok = x != NULL && X509_set_version(x, X509_VERSION_3) == 1 && serial_set(x) && names_set(x, spec) &&
		  ASN1_TIME_set(X509_getm_notBefore(x), (time_t)spec->not_before) != NULL &&
		  ASN1_TIME_set(X509_getm_notAfter(x), (time_t)spec->not_after) != NULL &&
		  X509_set_pubkey(x, spec->key->pkey) == 1 && ext_all(x, spec) &&
		  X509_sign(x, signer->pkey, EVP_sha256()) > 0;

	if (ok) {
		*out = x;
		return AL_OK;
	}
	X509_free(x);
	return ca_crypto_failed("certificate");
}

void cert_serial(const X509 *cert, char out[static CERT_SERIAL_LEN])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
	const unsigned char *bytes = ASN1_STRING_get0_data(serial);
	int len = ASN1_STRING_length(serial);

	out[0] = '\0';
	for (int i = 0; i < len && i < SERIAL_BYTES; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

enum al_err cert_write(X509 *cert, struct al_buf *der)
{
	unsigned char *bytes = NULL;
	int len = i2d_X509(cert, &bytes);

	if (len <= 0)
		return ca_crypto_failed("certificate-write");
	al_buf_put(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return der->err;
}

/* ---- revocation lists ---- */

static bool crl_revoke(X509_CRL *crl, const struct crl_entry *entry)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)entry->when);
	ASN1_INTEGER *serial = NULL;
	BIGNUM *number = NULL;
	bool ok = revoked != NULL && when != NULL && BN_hex2bn(&number, entry->serial) > 0;

	if (ok)
		serial = BN_to_ASN1_INTEGER(number, NULL);
	ok = ok && serial != NULL && X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
	     X509_REVOKED_set_revocationDate(revoked, when) == 1 && X509_CRL_add0_revoked(crl, revoked) == 1;
	if (!ok)
		X509_REVOKED_free(revoked);
	ASN1_TIME_free(when);
	ASN1_INTEGER_free(serial);
	BN_free(number);
	return ok;
}

static bool crl_ext(X509_CRL *crl, const struct crl_spec *spec)
{
	AUTHORITY_KEYID *from = authority(spec->key);
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool ok = from != NULL && X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, from, 0, 0) == 1 &&
		  number != NULL && ASN1_INTEGER_set_uint64(number, spec->number) == 1 &&
		  X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;

	AUTHORITY_KEYID_free(from);
	ASN1_INTEGER_free(number);
	return ok;
}

static bool crl_head(X509_CRL *crl, const struct crl_spec *spec)
{
	X509_NAME *issuer = name_of(spec->key);
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)spec->this_update);
	ASN1_TIME *until = ASN1_TIME_set(NULL, (time_t)spec->next_update);
	bool ok = issuer != NULL && from != NULL && until != NULL &&
		  X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 && X509_CRL_set_issuer_name(crl, issuer) == 1 &&
		  X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, until) == 1;

	X509_NAME_free(issuer);
	ASN1_TIME_free(from);
	ASN1_TIME_free(until);
	return ok;
}

enum al_err crl_make(const struct crl_spec *spec, struct al_buf *der)
{
	X509_CRL *crl = X509_CRL_new();
	unsigned char *bytes = NULL;
	bool ok = crl != NULL && crl_head(crl, spec);
	int len = 0;

	for (size_t i = 0; i < spec->count && ok; i++)
		ok = crl_revoke(crl, &spec->entries[i]);
	ok = ok && X509_CRL_sort(crl) == 1 && crl_ext(crl, spec) &&
	     X509_CRL_sign(crl, spec->key->pkey, EVP_sha256()) > 0;
	if (ok)
		len = i2d_X509_CRL(crl, &bytes);
	if (len > 0)
		al_buf_put(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	X509_CRL_free(crl);
	return len > 0 ? der->err : ca_crypto_failed("crl");
}
