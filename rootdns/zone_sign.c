/* SPDX-License-Identifier: MIT */
/*
 * zone_sign.c -- one RRset, one signature: see zone_sign.h. A run is in
 * canonical order and form already, so that the signed bytes are the RRSIG's
 * own RDATA and the records with the owner in front; ldns does the rest.
 */
#include "zone_sign.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/buf.h"
#include "alamo/base/wire.h"

#define BACKDATE_S 3600u            /* clocks of validators may be behind */
#define EXPIRATION_AT 8u            /* in RRSIG RDATA */
#define INCEPTION_AT 12u            /* in RRSIG RDATA */
#define TAG_AT 16u                  /* key tag in RRSIG RDATA */
#define SIGNED_BYTES_MAX (1u << 20) /* owner names are repeated for every record */

/* RRSIG RDATA without the signature. */
static void put_rdata(const struct zone_signer *signer, uint16_t tag, const struct dname *owner,
		      const struct rrset *set, struct al_buf *out)
{
	unsigned labels = dname_labels(owner->b);
	bool wildcard = owner->b[0] == 1 && owner->b[1] == '*';

	al_buf_u16(out, set->type);
	al_buf_u8(out, KEY_ALGORITHM);
	al_buf_u8(out, (uint8_t)(wildcard ? labels - 1 : labels));
	al_buf_u32(out, set->ttl);
	al_buf_u32(out, (uint32_t)(signer->now + signer->valid_s));
	al_buf_u32(out, (uint32_t)(signer->now - BACKDATE_S));
	al_buf_u16(out, tag);
	al_buf_put(out, signer->apex->b, signer->apex->len);
}

static enum al_err make_signature(const struct zone_key *key, const struct al_buf *bytes, ldns_rdf **out)
{
	ldns_buffer *wire = ldns_buffer_new(bytes->len);

	if (wire == NULL)
		return AL_ENOMEM;
	ldns_buffer_write(wire, bytes->ptr, bytes->len);
	*out = ldns_sign_public_evp(wire, key->key, EVP_sha256());
	ldns_buffer_free(wire);
	return *out != NULL ? AL_OK : AL_ENOMEM;
}

/* One more RRSIG in run form. */
static enum al_err put_record(const uint8_t *rdata, size_t rdata_len, const ldns_rdf *signature, uint32_t ttl,
			      struct al_buf *out)
{
	size_t sig_len = ldns_rdf_size(signature);

	al_buf_u16(out, 0xc00c);
	al_buf_u16(out, RR_RRSIG);
	al_buf_u16(out, RR_CLASS_IN);
	al_buf_u32(out, ttl);
	al_buf_u16(out, (uint16_t)(rdata_len + sig_len));
	al_buf_put(out, rdata, rdata_len);
	al_buf_put(out, ldns_rdf_data(signature), sig_len);
	return out->err;
}

static enum al_err sign_with(const struct zone_signer *signer, const struct zone_key *key, const struct dname *owner,
			     const struct rrset *set, struct al_buf *out)
{
	uint8_t key_rdata[DNSKEY_RDATA_LEN];
	const uint8_t *run = set->run;
	size_t left = set->len, rdata_len;
	ldns_rdf *signature = NULL;
	struct al_buf bytes;
	struct rr_view rr;
	enum al_err err;

	al_buf_init(&bytes, SIGNED_BYTES_MAX);
	put_rdata(signer, zone_key_rdata(key, key_rdata), owner, set, &bytes);
	rdata_len = bytes.len;
	while (rr_next(&run, &left, &rr)) {
		al_buf_put(&bytes, owner->b, owner->len);
		al_buf_put(&bytes, rr.fixed, rr.fixed_len);
	}
	err = bytes.err;
	if (err == AL_OK)
		err = make_signature(key, &bytes, &signature);
	if (err == AL_OK)
		err = put_record(bytes.ptr, rdata_len, signature, set->ttl, out);
	if (signature != NULL)
		ldns_rdf_deep_free(signature);
	al_buf_release(&bytes);
	return err;
}

static bool signs(const struct zone_key *key, const struct rrset *set)
{
	const struct key_rule *rule = key_rule(&key->time);

	return key->time.state != STATE_GONE && (set->type == RR_DNSKEY ? rule->signs_set : rule->signs_zone);
}

enum al_err zone_sign(const struct zone_signer *signer, const struct dname *owner, struct rrset *set)
{
	const struct zone_keys *keys = signer->keys;
	enum al_err err = AL_OK;
	struct al_buf out;
	size_t len;

	al_buf_init(&out, SIGNED_BYTES_MAX);
	for (size_t i = 0; i < keys->count && err == AL_OK; i++)
		if (signs(&keys->all[i], set))
			err = sign_with(signer, &keys->all[i], owner, set, &out);
	if (err == AL_OK) {
		free(set->sig);
		set->sig = (uint8_t *)al_buf_take(&out, &len);
		set->sig_len = (uint32_t)len;
		err = set->sig != NULL ? AL_OK : AL_ENOMEM;
	}
	al_buf_release(&out);
	return err;
}

static const uint8_t *sig_of(const struct node *node, const struct node_set *set)
{
	return node_bytes(node, set->at + set->len);
}

/* A zone's set, and the key that made its signature has been relieved. */
static bool by_old_key(const struct zone_signer *signer, const struct node *node, const struct node_set *set)
{
	const struct zone_key *key = zone_keys_active(signer->keys, false);

	return set->type != RR_DNSKEY && key != NULL && al_get_u16(sig_of(node, set) + RR_FIXED + TAG_AT) != key->tag;
}

static uint64_t sig_time(const struct node *node, const struct node_set *set, size_t at)
{
	return set->sig_len > 0 ? al_get_u32(sig_of(node, set) + RR_FIXED + at) : UINT64_MAX;
}

uint64_t zone_sign_since(const struct node *node, const struct node_set *set)
{
	return sig_time(node, set, INCEPTION_AT);
}

uint64_t zone_sign_until(const struct node *node, const struct node_set *set)
{
	return sig_time(node, set, EXPIRATION_AT);
}

bool zone_sign_due(const struct zone_signer *signer, const struct node *node, const struct node_set *set)
{
	uint64_t until = zone_sign_until(node, set);

	return set->sig_len > 0 &&
	       (until < signer->now + signer->valid_s / 2 || until > signer->now + signer->valid_s + BACKDATE_S ||
		by_old_key(signer, node, set));
}

bool zone_sign_take(const struct zone_signer *signer, const struct node *node, struct rrset *set)
{
	const struct node_set *before = node != NULL ? node_find(node, set->type) : NULL;

	if (before == NULL || before->sig_len == 0 || before->len != set->len ||
	    memcmp(node_bytes(node, before->at), set->run, set->len) != 0 || zone_sign_due(signer, node, before))
		return false;
	free(set->sig);
	set->sig_len = 0;
	set->sig = malloc(before->sig_len);
	if (set->sig == NULL)
		return false;
	memcpy(set->sig, sig_of(node, before), before->sig_len);
	set->sig_len = before->sig_len;
	return true;
}

bool zone_sign_reuse(const struct zone_signer *signer, const struct dname *owner, struct rrset *set)
{
	struct dname_index name;

	if (signer->previous == NULL || dname_index(signer->seed, owner->b, owner->len, &name) != AL_OK)
		return false;
	return zone_sign_take(signer, zone_find(signer->previous, &name, name.labels), set);
}
