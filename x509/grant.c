/* SPDX-License-Identifier: MIT */
/*
 * grant.c -- see grant.h. PEM and what is in it are read by libcrypto.
 */
#include "grant.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define DER_MAX ((size_t)1 << 19)

void grant_init(struct grant *grant)
{
	*grant = (struct grant){ 0 };
	al_buf_init(&grant->cer, DER_MAX);
	al_buf_init(&grant->crl, DER_MAX);
	al_buf_init(&grant->manifest, DER_MAX);
	for (size_t i = 0; i < PUBLISHER_KEYS; i++)
		al_buf_init(&grant->certs[i].der, DER_MAX);
}

void grant_release(struct grant *grant)
{
	ca_key_release(&grant->anchor);
	al_buf_release(&grant->cer);
	al_buf_release(&grant->crl);
	al_buf_release(&grant->manifest);
	for (size_t i = 0; i < PUBLISHER_KEYS; i++)
		al_buf_release(&grant->certs[i].der);
	grant_init(grant);
}

bool grant_has(const struct grant *grant, const char *key)
{
	for (size_t i = 0; i < grant->cert_count; i++)
		if (strcmp(grant->certs[i].name, key) == 0)
			return true;
	return false;
}

/* ---- writing ---- */

static void put_block(struct al_buf *out, const char *label, const struct al_buf *der)
{
	struct al_buf text;

	al_buf_init(&text, 2 * DER_MAX);
	al_buf_base64(&text, der->ptr, der->len);
	al_buf_printf(out, "-----BEGIN %s-----\n", label);
	for (struct al_slice rest = al_buf_view(&text); rest.len > 0; rest = al_slice_from(rest, 64))
		al_buf_printf(out, "%.*s\n", AL_FMT(al_slice_head(rest, 64)));
	al_buf_printf(out, "-----END %s-----\n", label);
	if (out->err == AL_OK)
		out->err = text.err;
	al_buf_release(&text);
}

void grant_write(const struct grant *grant, struct al_buf *out)
{
	put_block(out, PEM_STRING_X509, &grant->cer);
	for (size_t i = 0; i < grant->cert_count; i++)
		put_block(out, PEM_STRING_X509, &grant->certs[i].der);
	put_block(out, PEM_STRING_X509_CRL, &grant->crl);
	put_block(out, PEM_STRING_CMS, &grant->manifest);
}

/* ---- blocks ---- */

/* Where the next block of this label goes; NULL: there is no room for one. */
static struct al_buf *block_place(struct grant *out, const char *label)
{
	struct al_buf *place = NULL;

	if (strcmp(label, PEM_STRING_X509) == 0 && out->cer.len == 0)
		place = &out->cer;
	else if (strcmp(label, PEM_STRING_X509) == 0 && out->cert_count < PUBLISHER_KEYS)
		place = &out->certs[out->cert_count++].der;
	else if (strcmp(label, PEM_STRING_X509_CRL) == 0)
		place = &out->crl;
	else if (strcmp(label, PEM_STRING_CMS) == 0)
		place = &out->manifest;
	return place != NULL && place->len == 0 ? place : NULL;
}

static bool blocks_read(struct al_slice text, struct grant *out)
{
	BIO *in = text.len <= GRANT_TEXT_MAX ? BIO_new_mem_buf(text.ptr, (int)text.len) : NULL;
	char *label = NULL, *header = NULL;
	unsigned char *bytes = NULL;
	long len = 0;
	bool ok = in != NULL;

	while (ok && PEM_read_bio(in, &label, &header, &bytes, &len) == 1) {
		struct al_buf *place = block_place(out, label);

		ok = place != NULL && len > 0;
		if (ok)
			al_buf_put(place, bytes, (size_t)len);
		ok = ok && place->err == AL_OK;
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_free(bytes);
	}
	BIO_free(in);
	ERR_clear_error();
	return ok && out->cert_count > 0 && out->crl.len > 0 && out->manifest.len > 0;
}

/* ---- what is in them ---- */

static void time_earliest(uint64_t *until, const ASN1_TIME *time)
{
	struct tm tm;
	time_t at;

	if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
		return;
	at = timegm(&tm);
	if (at > 0 && (*until == 0 || (uint64_t)at < *until))
		*until = (uint64_t)at;
}

/* With its key; NULL: no such certificate. */
static X509 *cert_read(const struct al_buf *der, struct ca_key *key)
{
	const unsigned char *at = der->ptr;
	X509 *cert = d2i_X509(NULL, &at, (long)der->len);
	unsigned char *spki = NULL;
	int len = 0;

	if (cert != NULL && at == der->ptr + der->len)
		len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki);
	if (len > 0 && ca_key_public_read(al_slice_of(spki, (size_t)len), key) != AL_OK)
		len = 0;
	OPENSSL_free(spki);
	if (len > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool ip_same(const X509 *cert, const struct resources *all)
{
	IPAddrBlocks *has = X509_get_ext_d2i(cert, NID_sbgp_ipAddrBlock, NULL, NULL);
	IPAddrBlocks *wants = resources_ip(all->prefixes, all->prefix_count);
	bool same = has != NULL && wants != NULL && X509v3_addr_subset(wants, has) == 1 &&
		    X509v3_addr_subset(has, wants) == 1;

	resources_ip_free(has);
	resources_ip_free(wants);
	return same;
}

static bool as_same(const X509 *cert, const struct resources *all)
{
	ASIdentifiers *has = X509_get_ext_d2i(cert, NID_sbgp_autonomousSysNum, NULL, NULL);
	ASIdentifiers *wants = all->range_count > 0 ? resources_as(all->ranges, all->range_count) : NULL;
	bool same = X509v3_asid_subset(wants, has) == 1 && X509v3_asid_subset(has, wants) == 1;

	ASIdentifiers_free(has);
	ASIdentifiers_free(wants);
	return same;
}

static const char *anchor_check(const struct publisher *publisher, struct grant *out)
{
	X509 *cert = cert_read(&out->cer, &out->anchor);
	const char *why = NULL;

	if (cert == NULL || X509_verify(cert, out->anchor.pkey) != 1)
		why = "the first certificate is no trust anchor";
	else if (!ip_same(cert, &publisher->resources) || !as_same(cert, &publisher->resources))
		why = "the anchor was asked for other resources: sign the publisher's present file";
	X509_free(cert);
	return why;
}

static const char *cert_check(const struct publisher *publisher, struct grant *out, struct grant_cert *of)
{
	struct ca_key key = { 0 };
	X509 *cert = cert_read(&of->der, &key);
	const char *why = "a certificate for a key that is not the publisher's";

	for (size_t i = 0; i < publisher->key_count && cert != NULL; i++)
		if (strcmp(publisher->keys[i].key.name, key.name) == 0)
			why = NULL;
	if (cert == NULL || X509_verify(cert, out->anchor.pkey) != 1)
		why = "a certificate that the anchor has not signed";
	else if (!ip_same(cert, &publisher->resources) || !as_same(cert, &publisher->resources))
		why = "a certificate for other resources: sign the publisher's present file";
	if (cert != NULL)
		time_earliest(&out->next_update, X509_get0_notAfter(cert));
	memcpy(of->name, key.name, sizeof(of->name));
	ca_key_release(&key);
	X509_free(cert);
	return why;
}

static const char *crl_check(struct grant *out)
{
	const unsigned char *at = out->crl.ptr;
	X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)out->crl.len);
	const char *why = NULL;

	if (crl == NULL || at != out->crl.ptr + out->crl.len || X509_CRL_verify(crl, out->anchor.pkey) != 1)
		why = "a revocation list that the anchor has not signed";
	else
		time_earliest(&out->next_update, X509_CRL_get0_nextUpdate(crl));
	X509_CRL_free(crl);
	return why;
}

static const char *manifest_check(const struct grant *out)
{
	const unsigned flags = CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY;
	const unsigned char *at = out->manifest.ptr;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)out->manifest.len);
	BIO *content = BIO_new(BIO_s_mem());
	STACK_OF(X509) *certs = cms != NULL ? CMS_get1_certs(cms) : NULL;
	bool good = certs != NULL && content != NULL && sk_X509_num(certs) == 1 &&
		    X509_verify(sk_X509_value(certs, 0), out->anchor.pkey) == 1 &&
		    CMS_verify(cms, NULL, NULL, NULL, content, flags) == 1;

	sk_X509_pop_free(certs, X509_free);
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	return good ? NULL : "a manifest that the anchor has not signed";
}

enum al_err grant_read(struct al_slice text, const struct publisher *publisher, struct grant *out,
		       char why[static PUBLISHER_WHY])
{
	const char *what = NULL;

	if (!blocks_read(text, out)) {
		(void)snprintf(why, PUBLISHER_WHY,
			       "not the anchor's certificate, one for each key, a list and a manifest");
		return AL_EINVAL;
	}
	what = anchor_check(publisher, out);
	for (size_t i = 0; i < out->cert_count && what == NULL; i++)
		what = cert_check(publisher, out, &out->certs[i]);
	if (what == NULL)
		what = crl_check(out);
	if (what == NULL)
		what = manifest_check(out);
	ERR_clear_error();
	if (what == NULL)
		return AL_OK;
	(void)snprintf(why, PUBLISHER_WHY, "%s", what);
	return AL_EVERIFY;
}
