/* SPDX-License-Identifier: MIT */
/* vrp.c -- the order of records, and their words. Pure. */
#include "vrp.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/wire.h"

/* Family, then longest prefix, then largest max-length: ascending rank. All pairs are of one. */
static unsigned vrp_rank(const struct vrp *v)
{
	unsigned family = v->bits == 32 ? 0 : v->bits == 128 ? 1 : 2;

	return family << 16 | (255u - v->len) << 8 | (255u - v->max);
}

struct vrp vrp_pair(uint32_t customer, uint32_t provider)
{
	struct vrp pair = { .bits = VRP_ASPA, .asn = provider };

	al_set_u32(pair.addr, customer);
	return pair;
}

uint32_t vrp_customer(const struct vrp *pair)
{
	return al_get_u32(pair->addr);
}

/* As memcmp() of the addresses, without a call: a set of 600,000 is some thirty million of these. */
static int vrp_place_cmp(const struct vrp *a, const struct vrp *b)
{
	uint64_t x = al_get_u64(a->addr), y = al_get_u64(b->addr);

	if (x == y) {
		x = al_get_u64(a->addr + 8);
		y = al_get_u64(b->addr + 8);
	}
	if (x != y)
		return x < y ? -1 : 1;
	return (a->asn > b->asn) - (a->asn < b->asn);
}

int vrp_cmp(const struct vrp *a, const struct vrp *b)
{
	unsigned ra = vrp_rank(a), rb = vrp_rank(b);

	if (ra != rb)
		return ra < rb ? -1 : 1;
	return vrp_place_cmp(a, b);
}

int vrp_key_cmp(const struct vrp *a, const struct vrp *b)
{
	if (a->bits != b->bits)
		return a->bits < b->bits ? -1 : 1;
	if (a->len != b->len)
		return a->len > b->len ? -1 : 1;
	return vrp_place_cmp(a, b);
}

static int vrp_cmp_any(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

void vrp_sort(struct vrp *items, size_t count)
{
	size_t i = 1;

	while (i < count && vrp_cmp(&items[i - 1], &items[i]) <= 0)
		i++;
	if (i < count) /* what was read or merged is in order already */
		qsort(items, count, sizeof(*items), vrp_cmp_any);
}

struct al_prefix vrp_prefix(const struct vrp *vrp)
{
	struct al_prefix p = { .len = vrp->len, .bits = vrp->bits };

	memcpy(p.addr, vrp->addr, sizeof(p.addr));
	return p;
}

/* Rows are written without printf: a set of 600,000 is a second of it, and the loop waits meanwhile. */
void vrp_put_number(struct al_buf *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	al_buf_put(out, digits + at, sizeof(digits) - at);
}

void vrp_put_prefix(struct al_buf *out, const struct vrp *vrp)
{
	struct al_prefix prefix = vrp_prefix(vrp);
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(&prefix, text);
	al_buf_str(out, text);
}

void vrp_format(const struct vrp *vrp, struct al_buf *out)
{
	struct al_prefix prefix = vrp_prefix(vrp);
	char text[AL_PREFIX_STRLEN];
	char asn[AL_ASN_STRLEN];

	al_asn_format(vrp->asn, asn);
	if (vrp->bits == VRP_ASPA) {
		al_buf_printf(out, "AS%u by %s", vrp_customer(vrp), asn);
		return;
	}
	al_prefix_format(&prefix, text);
	al_buf_printf(out, "%s-%u %s", text, vrp->max, asn);
}

uint32_t vrp_serial(uint64_t size)
{
	return size == 0 ? 1 : (uint32_t)((size - 1) % UINT32_MAX) + 1;
}
