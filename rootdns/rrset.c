/* SPDX-License-Identifier: MIT */
/*
 * rrset.c -- RRsets in run form: see rrset.h. Pure; a set belongs to one thread.
 */
#include "rrset.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

/* RFC 4034 section 6.3: as octet strings, a missing octet sorts first. */
static int rdata_cmp(const void *x, const void *y)
{
	const struct rdata *a = x, *b = y;
	int cmp = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);

	return cmp != 0 ? cmp : (a->len > b->len) - (a->len < b->len);
}

static uint8_t *record_put(uint8_t *to, uint16_t type, uint32_t ttl, const struct rdata *data)
{
	al_set_u16(to, 0xc00c);
	al_set_u16(to + 2, type);
	al_set_u16(to + 4, RR_CLASS_IN);
	al_set_u32(to + 6, ttl);
	al_set_u16(to + 10, data->len);
	memcpy(to + RR_FIXED, data->ptr, data->len);
	return to + RR_FIXED + data->len;
}

enum al_err rrset_new(uint16_t type, uint32_t ttl, struct rdata *items, size_t count, struct rrset **out)
{
	struct rrset *set;
	uint8_t *to;
	size_t len = 0, kept = 0;

	if (count == 0)
		return AL_EINVAL;
	qsort(items, count, sizeof(*items), rdata_cmp);
	for (size_t i = 0; i < count; i++) {
		if (kept > 0 && rdata_cmp(&items[kept - 1], &items[i]) == 0)
			continue;
		items[kept++] = items[i];
		len += RR_FIXED + items[i].len;
	}
	if (len > RRSET_BYTES_MAX)
		return AL_ELIMIT;
	set = calloc(1, sizeof(*set) + len);
	if (set == NULL)
		return AL_ENOMEM;
	set->type = type;
	set->ttl = ttl;
	set->count = (uint16_t)kept;
	set->len = (uint32_t)len;
	to = set->run;
	for (size_t i = 0; i < kept; i++)
		to = record_put(to, type, ttl, &items[i]);
	*out = set;
	return AL_OK;
}

void rrset_free(struct rrset *set)
{
	if (set == NULL)
		return;
	free(set->sig);
	free(set);
}

void rrset_list_free(struct rrset *first)
{
	while (first != NULL) {
		struct rrset *next = first->next;

		rrset_free(first);
		first = next;
	}
}

const struct rrset *rrset_find(const struct rrset *first, uint16_t type)
{
	while (first != NULL && first->type != type)
		first = first->next;
	return first;
}

bool rr_next(const uint8_t **run, size_t *left, struct rr_view *out)
{
	const uint8_t *p = *run;

	if (*left < RR_FIXED)
		return false;
	out->type = al_get_u16(p + 2);
	out->ttl = al_get_u32(p + 6);
	out->len = al_get_u16(p + 10);
	out->rdata = p + RR_FIXED;
	out->fixed = p + 2;
	out->fixed_len = RR_FIXED - 2u + out->len;
	*run = p + RR_FIXED + out->len;
	*left -= RR_FIXED + out->len;
	return true;
}

size_t rrset_nsec_rdata(const struct dname *next, const uint16_t *types, size_t count,
			uint8_t out[static NSEC_RDATA_MAX])
{
	size_t len = next->len;

	memcpy(out, next->b, len);
	for (size_t i = 0; i < count;) {
		uint8_t bits[32] = { 0 };
		unsigned window = types[i] >> 8, last = 0;

		for (; i < count && types[i] >> 8 == (int)window; i++) {
			last = (types[i] & 0xffu) >> 3;
			bits[last] |= (uint8_t)(0x80u >> (types[i] & 7));
		}
		out[len++] = (uint8_t)window;
		out[len++] = (uint8_t)(last + 1);
		memcpy(out + len, bits, last + 1);
		len += last + 1;
	}
	return len;
}
