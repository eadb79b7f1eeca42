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
#define SIGNED_BYTES_MAX (1u << 20) /* owner names are repeated for every record */

/* RRSIG RDATA without the signature. */
static void put_rdata(const struct zone_signer *signer, const struct zone_key *key, const struct dname *owner,
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
	al_buf_u16(out, key->tag);
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

/* The RRSIG as one record in run form. */
static enum al_err put_record(const uint8_t *rdata, size_t rdata_len, const ldns_rdf *signature, uint32_t ttl,
			      struct rrset *set)
{
	size_t sig_len = ldns_rdf_size(signature), len = RR_FIXED + rdata_len + sig_len;
	uint8_t *record = malloc(len);

	if (record == NULL)
		return AL_ENOMEM;
	al_set_u16(record, 0xc00c);
	al_set_u16(record + 2, RR_RRSIG);
	al_set_u16(record + 4, RR_CLASS_IN);
	al_set_u32(record + 6, ttl);
	al_set_u16(record + 10, (uint16_t)(rdata_len + sig_len));
	memcpy(record + RR_FIXED, rdata, rdata_len);
	memcpy(record + RR_FIXED + rdata_len, ldns_rdf_data(signature), sig_len);
	free(set->sig);
	set->sig = record;
	set->sig_len = (uint32_t)len;
	return AL_OK;
}

enum al_err zone_sign(const struct zone_signer *signer, const struct dname *owner, struct rrset *set)
{
	const struct zone_key *key = set->type == RR_DNSKEY ? &signer->keys->ksk : &signer->keys->zsk;
	const uint8_t *run = set->run;
	size_t left = set->len, rdata_len;
	ldns_rdf *signature = NULL;
	struct al_buf bytes;
	struct rr_view rr;
	enum al_err err;

	al_buf_init(&bytes, SIGNED_BYTES_MAX);
	put_rdata(signer, key, owner, set, &bytes);
	rdata_len = bytes.len;
	while (rr_next(&run, &left, &rr)) {
		al_buf_put(&bytes, owner->b, owner->len);
		al_buf_put(&bytes, rr.fixed, rr.fixed_len);
	}
	err = bytes.err;
	if (err == AL_OK)
		err = make_signature(key, &bytes, &signature);
	if (err == AL_OK)
		err = put_record(bytes.ptr, rdata_len, signature, set->ttl, set);
	if (err == AL_OK)
		set->sig_until = signer->now + signer->valid_s;
	if (signature != NULL)
		ldns_rdf_deep_free(signature);
	al_buf_release(&bytes);
	return err;
}

bool zone_sign_due(const struct zone_signer *signer, const struct rrset *set)
{
	return set->sig_len > 0 && (set->sig_until < signer->now + signer->valid_s / 2 ||
				    set->sig_until > signer->now + signer->valid_s + BACKDATE_S);
}
