/* SPDX-License-Identifier: MIT */
/*
 * econtent.c -- see econtent.h.
 */
#include "econtent.h"

#include <openssl/sha.h>
#include <string.h>

#include "der.h"

struct al_hash econtent_hash(struct al_slice bytes)
{
	struct al_hash hash;

	(void)SHA256((const unsigned char *)bytes.ptr, bytes.len, hash.b);
	return hash;
}

int econtent_vrp_cmp(const void *x, const void *y)
{
	const struct vrp *a = x, *b = y;
	int order = (int)a->bits - (int)b->bits;

	if (order == 0)
		order = memcmp(a->addr, b->addr, sizeof(a->addr));
	if (order == 0)
		order = (int)a->len - (int)b->len;
	return order != 0 ? order : (int)a->max - (int)b->max;
}

/* ROAIPAddress */
static void put_address(struct al_buf *out, const struct vrp *vrp)
{
	struct al_buf inner;

	al_buf_init(&inner, 64);
	der_bits(&inner, vrp->addr, vrp->len);
	if (vrp->max != vrp->len)
		der_unsigned(&inner, vrp->max);
	der_wrap(out, DER_SEQUENCE, &inner);
}

/* ROAIPAddressFamily of the records of one family. */
static void put_family(struct al_buf *out, const struct vrp *items, size_t count)
{
	const uint8_t afi[2] = { 0, items->bits == 32 ? 1 : 2 };
	struct al_buf family, addresses;

	al_buf_init(&family, ECONTENT_MAX);
	al_buf_init(&addresses, ECONTENT_MAX);
	der_put(&family, DER_OCTET_STRING, al_slice_of(afi, sizeof(afi)));
	for (size_t i = 0; i < count; i++)
		put_address(&addresses, &items[i]);
	der_wrap(&family, DER_SEQUENCE, &addresses);
	der_wrap(out, DER_SEQUENCE, &family);
}

void econtent_roa(const struct vrp *items, size_t count, struct al_buf *out)
{
	struct al_buf roa, families;
	size_t four = 0;

	while (four < count && items[four].bits == 32)
		four++;
	al_buf_init(&roa, ECONTENT_MAX);
	al_buf_init(&families, ECONTENT_MAX);
	der_unsigned(&roa, items->asn);
	if (four > 0)
		put_family(&families, items, four);
	if (four < count)
		put_family(&families, items + four, count - four);
	der_wrap(&roa, DER_SEQUENCE, &families);
	der_wrap(out, DER_SEQUENCE, &roa);
}

void econtent_aspa(const struct vrp *pairs, size_t count, struct al_buf *out)
{
	struct al_buf aspa, version, providers;

	al_buf_init(&aspa, ECONTENT_MAX);
	al_buf_init(&version, 64);
	al_buf_init(&providers, ECONTENT_MAX);
	der_unsigned(&version, 1);
	der_wrap(&aspa, DER_CONTEXT_0, &version);
	der_unsigned(&aspa, vrp_customer(pairs));
	for (size_t i = 0; i < count; i++)
		der_unsigned(&providers, pairs[i].asn);
	der_wrap(&aspa, DER_SEQUENCE, &providers);
	der_wrap(out, DER_SEQUENCE, &aspa);
}

void econtent_manifest(uint64_t number, uint64_t this_update, uint64_t next_update,
		       const struct econtent_entry *entries, size_t count, struct al_buf *out)
{
	static const uint8_t sha256[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
	struct al_buf manifest, list, entry;

	al_buf_init(&manifest, ECONTENT_MAX);
	al_buf_init(&list, ECONTENT_MAX);
	der_unsigned(&manifest, number);
	der_time(&manifest, this_update);
	der_time(&manifest, next_update);
	der_put(&manifest, DER_OID, al_slice_of(sha256, sizeof(sha256)));
	for (size_t i = 0; i < count; i++) {
		al_buf_init(&entry, 1024);
		der_put(&entry, DER_IA5_STRING, al_slice_str(entries[i].name));
		der_bits(&entry, entries[i].hash.b, 8 * AL_HASH_LEN);
		der_wrap(&list, DER_SEQUENCE, &entry);
	}
	der_wrap(&manifest, DER_SEQUENCE, &list);
	der_wrap(out, DER_SEQUENCE, &manifest);
}
