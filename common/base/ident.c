/* SPDX-License-Identifier: MIT */
/*
 * ident.c -- AS numbers, prefixes and times: strict in, canonical out.
 */
#include "alamo/base/ident.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

/* ---- digits: by hand, for snprintf() costs more than all else that is done with an identifier ---- */

/* `width` decimal digits of `value`, which has no more. */
static char *put_digits(char *at, unsigned value, unsigned width)
{
	for (unsigned i = width; i > 0; i--, value /= 10)
		at[i - 1] = (char)('0' + value % 10);
	return at + width;
}

static char *put_number(char *at, uint32_t value)
{
	unsigned width = 1;

	for (uint32_t rest = value; rest > 9; rest /= 10)
		width++;
	return put_digits(at, value, width);
}

/* ---- AS numbers ---- */

enum al_err al_asn_parse_plain(struct al_slice s, uint32_t *asn)
{
	uint64_t value;

	if (al_slice_u64(s, UINT32_MAX, &value) != AL_OK)
		return AL_EINVAL;
	*asn = (uint32_t)value;
	return AL_OK;
}

enum al_err al_asn_parse(struct al_slice s, uint32_t *asn)
{
	if (!al_slice_casestarts(s, "AS"))
		return AL_EINVAL;
	s = al_slice_from(s, 2);
	while (s.len > 1 && s.ptr[0] == '0')
		s = al_slice_from(s, 1);
	return al_asn_parse_plain(s, asn);
}

void al_asn_format(uint32_t asn, char out[static AL_ASN_STRLEN])
{
	*out++ = 'A';
	*out++ = 'S';
	*put_number(out, asn) = '\0';
}

enum al_err al_asn_range_parse(struct al_slice s, struct al_asn_range *out)
{
	struct al_slice first;
	struct al_asn_range range;

	if (!al_slice_cut(&s, '-', &first))
		return AL_EINVAL;
	if (al_asn_parse(al_slice_trim(first), &range.first) != AL_OK ||
	    al_asn_parse(al_slice_trim(s), &range.last) != AL_OK || range.first > range.last)
		return AL_EINVAL;
	*out = range;
	return AL_OK;
}

/* ---- addresses and prefixes ---- */

enum al_err al_addr_parse(struct al_slice s, struct al_prefix *out)
{
	struct al_prefix p = { .len = 0 };
	char text[INET6_ADDRSTRLEN];

	if (al_slice_copy(s, text, sizeof(text)) != AL_OK || memchr(text, '\0', s.len) != NULL)
		return AL_EINVAL;
	p.bits = strchr(text, ':') != NULL ? 128 : 32;
	if (inet_pton(p.bits == 128 ? AF_INET6 : AF_INET, text, p.addr) != 1)
		return AL_EINVAL;
	p.len = p.bits;
	*out = p;
	return AL_OK;
}

void al_prefix_truncate(struct al_prefix *p, unsigned len)
{
	if (len < p->len)
		p->len = (uint8_t)len;
	for (unsigned i = 0; i < sizeof(p->addr); i++) {
		unsigned first = i * 8;

		if (first >= p->len)
			p->addr[i] = 0;
		else if (p->len - first < 8)
			p->addr[i] = (uint8_t)(p->addr[i] & (0xff00u >> (p->len - first)));
	}
}

enum al_err al_prefix_parse_loose(struct al_slice s, struct al_prefix *out, bool *changed)
{
	struct al_slice addr;
	struct al_prefix whole, p;
	bool has_len = al_slice_cut(&s, '/', &addr);
	uint64_t len;

	if (al_addr_parse(addr, &whole) != AL_OK)
		return AL_EINVAL;
	p = whole;
	if (has_len) {
		if (al_slice_u64(s, p.bits, &len) != AL_OK)
			return AL_EINVAL;
		al_prefix_truncate(&p, (unsigned)len);
	}
	*changed = memcmp(p.addr, whole.addr, sizeof(p.addr)) != 0;
	*out = p;
	return AL_OK;
}

enum al_err al_prefix_parse(struct al_slice s, struct al_prefix *out)
{
	struct al_prefix p;
	bool changed;

	if (al_prefix_parse_loose(s, &p, &changed) != AL_OK || changed)
		return AL_EINVAL;
	*out = p;
	return AL_OK;
}

/* The one prefix that spans first..last, if there is one. */
static enum al_err range_to_prefix(const struct al_prefix *first, const struct al_prefix *last, struct al_prefix *out)
{
	struct al_prefix p = *first;
	unsigned len = 0;

	if (first->bits != last->bits)
		return AL_EINVAL;
	while (len < first->bits && al_prefix_bit(first, len) == al_prefix_bit(last, len))
		len++;
	for (unsigned i = len; i < first->bits; i++)
		if (al_prefix_bit(first, i) || !al_prefix_bit(last, i))
			return AL_EINVAL;
	al_prefix_truncate(&p, len);
	*out = p;
	return AL_OK;
}

enum al_err al_prefix_parse_range(struct al_slice s, struct al_prefix *out)
{
	struct al_slice rest = s, head;
	struct al_prefix first, last;

	if (!al_slice_cut(&rest, '-', &head))
		return al_prefix_parse(al_slice_trim(s), out);
	if (al_addr_parse(al_slice_trim(head), &first) != AL_OK || al_addr_parse(al_slice_trim(rest), &last) != AL_OK)
		return AL_EINVAL;
	return range_to_prefix(&first, &last, out);
}

void al_addr_format(const struct al_prefix *p, char out[static AL_PREFIX_STRLEN])
{
	if (p->bits == 128) {
		(void)inet_ntop(AF_INET6, p->addr, out, AL_PREFIX_STRLEN);
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		out = put_number(out, p->addr[i]);
		*out++ = i < 3 ? '.' : '\0';
	}
}

void al_prefix_format(const struct al_prefix *p, char out[static AL_PREFIX_STRLEN])
{
	al_addr_format(p, out);
	out += strlen(out);
	*out++ = '/';
	*put_number(out, p->len) = '\0';
}

const char *al_addr_special(const struct al_prefix *addr)
{
	/* IANA's registries of special-purpose addresses (RFC 6890), without private space. */
	static const struct {
		const char *block, *kind;
	} rows[] = {
		{ "0.0.0.0/8", "unspecified" },
		{ "127.0.0.0/8", "loopback" },
		{ "169.254.0.0/16", "link-local" },
		{ "224.0.0.0/4", "multicast" },
		{ "240.0.0.0/4", "reserved" },
		{ "192.0.2.0/24", "documentation" },
		{ "198.51.100.0/24", "documentation" },
		{ "203.0.113.0/24", "documentation" },
		{ "::1/128", "loopback" },
		{ "::ffff:0:0/96", "IPv4-mapped" },
		{ "::/96", "unspecified" },
		{ "fe80::/10", "link-local" },
		{ "fec0::/10", "site-local" },
		{ "ff00::/8", "multicast" },
		{ "2001:db8::/32", "documentation" },
		{ "3fff::/20", "documentation" },
		{ "100::/64", "discard" },
	};
	struct al_prefix block;

	for (size_t i = 0; i < AL_COUNT(rows); i++)
		if (al_prefix_parse(al_slice_str(rows[i].block), &block) == AL_OK && al_prefix_covers(&block, addr))
			return rows[i].kind;
	return NULL;
}

bool al_prefix_eq(const struct al_prefix *a, const struct al_prefix *b)
{
	return a->bits == b->bits && a->len == b->len && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

int al_prefix_cmp(const struct al_prefix *a, const struct al_prefix *b)
{
	int order = a->bits - b->bits;

	if (order == 0)
		order = memcmp(a->addr, b->addr, sizeof(a->addr));
	return order != 0 ? order : a->len - b->len;
}

bool al_prefix_covers(const struct al_prefix *outer, const struct al_prefix *inner)
{
	unsigned bytes = outer->len / 8, bits = outer->len % 8;

	if (outer->bits != inner->bits || outer->len > inner->len ||
	    (bytes > 0 && memcmp(outer->addr, inner->addr, bytes) != 0))
		return false;
	return bits == 0 || (outer->addr[bytes] ^ inner->addr[bytes]) >> (8 - bits) == 0;
}

bool al_prefix_bit(const struct al_prefix *p, unsigned i)
{
	return i < 128 && (p->addr[i / 8] >> (7 - i % 8) & 1) != 0;
}

/* ---- time: proleptic Gregorian days, no locale, no time zone data ---- */

static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
	/* Years begin in March here, so that the leap day is the last one. */
	unsigned y = month <= 2 ? year - 1 : year;
	unsigned m = month <= 2 ? month + 9 : month - 3;

	return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static enum al_err digits(struct al_slice s, size_t at, size_t len, unsigned min, unsigned max, unsigned *out)
{
	unsigned value = 0;

	for (size_t i = at; i < at + len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

		if (digit > 9)
			return AL_EINVAL;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return AL_EINVAL;
	*out = value;
	return AL_OK;
}

static unsigned month_days(unsigned year, unsigned month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

enum al_err al_time_parse(struct al_slice s, uint64_t *unix_seconds)
{
	unsigned year, month, day, hour, minute, second;

	if (s.len != AL_TIME_STRLEN - 1 || s.ptr[4] != '-' || s.ptr[7] != '-' || s.ptr[10] != 'T' || s.ptr[13] != ':' ||
	    s.ptr[16] != ':' || s.ptr[19] != 'Z')
		return AL_EINVAL;
	if (digits(s, 0, 4, 1970, 9999, &year) != AL_OK || digits(s, 5, 2, 1, 12, &month) != AL_OK ||
	    digits(s, 8, 2, 1, month_days(year, month), &day) != AL_OK || digits(s, 11, 2, 0, 23, &hour) != AL_OK ||
	    digits(s, 14, 2, 0, 59, &minute) != AL_OK || digits(s, 17, 2, 0, 59, &second) != AL_OK)
		return AL_EINVAL;
	*unix_seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return AL_OK;
}

enum al_err al_moment_parse(struct al_slice s, struct al_moment *out)
{
	char text[AL_TIME_STRLEN];
	struct al_slice whole = s;

	*out = (struct al_moment){ .size = 0 };
	if (al_slice_u64(s, UINT64_MAX, &out->size) == AL_OK)
		return out->size > 0 ? AL_OK : AL_EINVAL;
	if (s.len == 10) {
		(void)snprintf(text, sizeof(text), "%.*sT23:59:59Z", AL_FMT(s));
		whole = al_slice_str(text);
	}
	return al_time_parse(whole, &out->time);
}

/* Two of them stand in every object that is shown. */
void al_time_format(uint64_t unix_seconds, char out[static AL_TIME_STRLEN])
{
	uint64_t days = unix_seconds / 86400;
	unsigned rest = (unsigned)(unix_seconds % 86400), year = 1970, month = 1;

	if (unix_seconds > 253402300799) /* 9999-12-31T23:59:59Z */
		days = 2932896, rest = 86399;
	year += (unsigned)(days / 366);
	while (days_of(year + 1, 1, 1) <= days)
		year++;
	while (month < 12 && days_of(year, month + 1, 1) <= days)
		month++;
	const struct {
		unsigned value, width;
		char after;
	} parts[] = {
		{ year, 4, '-' },
		{ month, 2, '-' },
		{ (unsigned)(days - days_of(year, month, 1)) + 1, 2, 'T' },
		{ rest / 3600, 2, ':' },
		{ rest / 60 % 60, 2, ':' },
		{ rest % 60, 2, 'Z' },
	};
	for (size_t i = 0; i < AL_COUNT(parts); i++) {
		out = put_digits(out, parts[i].value, parts[i].width);
		*out++ = parts[i].after;
	}
	*out = '\0';
}
