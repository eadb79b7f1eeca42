/* SPDX-License-Identifier: MIT */
/* members.c -- growing arrays with a bound, and their order. */
#include "members.h"

#include <stdlib.h>
#include <string.h>

enum al_err whois_array_reserve(void **items, size_t *cap, size_t count, size_t size, size_t max)
{
	size_t next = *cap > 0 ? *cap * 2 : 32;
	void *more;

	if (count < *cap)
		return AL_OK;
	if (count >= max)
		return AL_ELIMIT;
	more = realloc(*items, next * size);
	if (more == NULL)
		return AL_ENOMEM;
	*items = more;
	*cap = next;
	return AL_OK;
}

void whois_members_init(struct whois_members *members)
{
	memset(members, 0, sizeof(*members));
}

void whois_members_release(struct whois_members *members)
{
	free(members->asns);
	free(members->ranges);
	free(members->names);
	whois_members_init(members);
}

void whois_members_clear(struct whois_members *members)
{
	members->asn_count = members->range_count = members->name_count = 0;
}

enum al_err whois_members_asn(struct whois_members *m, uint32_t asn)
{
	void *items = m->asns;
	enum al_err err = whois_array_reserve(&items, &m->asn_cap, m->asn_count, sizeof(*m->asns), WHOIS_MEMBERS_MAX);

	m->asns = items;
	if (err == AL_OK)
		m->asns[m->asn_count++] = asn;
	return err;
}

enum al_err whois_members_range(struct whois_members *m, const struct whois_range *range)
{
	void *items = m->ranges;
	enum al_err err = whois_array_reserve(&items, &m->range_cap, m->range_count, sizeof(*m->ranges),
					      WHOIS_MEMBERS_MAX);

	m->ranges = items;
	if (err == AL_OK)
		m->ranges[m->range_count++] = *range;
	return err;
}

enum al_err whois_members_name(struct whois_members *m, struct al_slice name)
{
	void *items = m->names;
	enum al_err err = whois_array_reserve(&items, &m->name_cap, m->name_count, sizeof(*m->names),
					      WHOIS_MEMBERS_MAX);

	m->names = items;
	if (err == AL_OK)
		m->names[m->name_count++] = name;
	return err;
}

static int asn_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int range_order(const void *a, const void *b)
{
	return whois_range_cmp(a, b);
}

static int name_order(const void *a, const void *b)
{
	return al_slice_cmp(*(const struct al_slice *)a, *(const struct al_slice *)b);
}

/* Sort and drop repeats in place; returns what is left. */
static size_t array_unique(void *items, size_t count, size_t size, int (*order)(const void *a, const void *b))
{
	char *at = items;
	size_t i, kept = 0;

	if (count > 1)
		qsort(items, count, size, order);
	for (i = 0; i < count; i++)
		if (kept == 0 || order(at + (kept - 1) * size, at + i * size) != 0)
			memmove(at + kept++ * size, at + i * size, size);
	return kept;
}

void whois_members_sort(struct whois_members *m)
{
	m->asn_count = array_unique(m->asns, m->asn_count, sizeof(*m->asns), asn_order);
	m->range_count = array_unique(m->ranges, m->range_count, sizeof(*m->ranges), range_order);
	m->name_count = array_unique(m->names, m->name_count, sizeof(*m->names), name_order);
}

bool whois_members_put(const struct whois_members *m, size_t at, struct al_buf *out)
{
	char text[AL_ASN_STRLEN];

	if (at < m->name_count) {
		al_buf_slice(out, m->names[at]);
		return true;
	}
	at -= m->name_count;
	if (at < m->asn_count) {
		al_asn_format(m->asns[at], text);
		al_buf_str(out, text);
		return true;
	}
	at -= m->asn_count;
	if (at < m->range_count)
		whois_range_format(&m->ranges[at], out);
	return at < m->range_count;
}
