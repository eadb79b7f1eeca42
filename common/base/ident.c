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

/* Four octets, no leading zero: some readers take 010 for eight (RFC 6943 section 3.1.1). */
static enum al_err addr4_parse(struct al_slice s, uint8_t addr[static 4])
{
	unsigned value = 0, octet = 0;
	bool digits = false;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

		if (s.ptr[i] == '.' && digits && octet < 3) {
			addr[octet++] = (uint8_t)value;
			value = 0;
			digits = false;
			continue;
		}
		if (digit > 9 || (digits && value == 0))
			return AL_EINVAL;
		digits = true;
		value = value * 10 + digit;
		if (value > 255)
			return AL_EINVAL;
	}
	addr[octet] = (uint8_t)value;
	return digits && octet == 3 ? AL_OK : AL_EINVAL;
}

static enum al_err addr6_parse(struct al_slice s, uint8_t addr[static 16])
{
	char text[INET6_ADDRSTRLEN];

	if (al_slice_copy(s, text, sizeof(text)) != AL_OK || memchr(text, '\0', s.len) != NULL)
		return AL_EINVAL;
	return inet_pton(AF_INET6, text, addr) == 1 ? AL_OK : AL_EINVAL;
}

enum al_err al_addr_parse(struct al_slice s, struct al_prefix *out)
{
	bool is_6 = s.len > 0 && memchr(s.ptr, ':', s.len) != NULL;
	struct al_prefix p = { .bits = is_6 ? 128 : 32, .len = is_6 ? 128 : 32 };
	enum al_err err = is_6 ? addr6_parse(s, p.addr) : addr4_parse(s, p.addr);

	if (err == AL_OK)
		*out = p;
	return err;
}

void al_prefix_truncate(struct al_prefix *p, unsigned len)
{
	size_t whole;

	if (len < p->len)
		p->len = (uint8_t)len;
	whole = p->len / 8u;
	if (whole == sizeof(p->addr))
		return;
	p->addr[whole] = (uint8_t)(p->addr[whole] & (0xff00u >> p->len % 8u));
	memset(p->addr + whole + 1, 0, sizeof(p->addr) - whole - 1);
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

static char *put_addr4(char *at, const uint8_t addr[static 4])
{
	for (size_t i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at = put_number(at, addr[i]);
	}
	return at;
}

static char *put_group(char *at, unsigned group)
{
	static const char hex[] = "0123456789abcdef";

	for (int shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0; shift >= 0; shift -= 4)
		*at++ = hex[group >> shift & 0xf];
	return at;
}

struct run {
	unsigned first, end; /* equal: none */
};

/* RFC 5952 section 4.2: the longest run of zeros, of two at least, the first of equals. */
static struct run zeros_of(const unsigned group[static 8])
{
	struct run best = { 0, 0 };

	for (unsigned i = 0, end; i < 8; i = end + 1) {
		for (end = i; end < 8 && group[end] == 0;)
			end++;
		if (end - i > 1 && end - i > best.end - best.first)
			best = (struct run){ i, end };
	}
	return best;
}

/* Section 5: an IPv4 address in ::/96 or ::ffff:0:0/96 stands there as one. */
static char *put_addr6(char *at, const uint8_t addr[static 16])
{
	unsigned group[8];
	struct run zeros;

	for (size_t i = 0; i < 8; i++)
		group[i] = (unsigned)addr[i * 2] << 8 | addr[i * 2 + 1];
	zeros = zeros_of(group);
	for (unsigned i = 0; i < 8; i++) {
		if (i == zeros.first && i < zeros.end)
			*at++ = ':';
		if (i >= zeros.first && i < zeros.end)
			continue;
		if (i > 0)
			*at++ = ':';
		if (i == 6 && zeros.first == 0 && (zeros.end == 6 || (zeros.end == 5 && group[5] == 0xffff)))
			return put_addr4(at, addr + 12);
		at = put_group(at, group[i]);
	}
	if (zeros.end == 8)
		*at++ = ':';
	return at;
}

void al_addr_format(const struct al_prefix *p, char out[static AL_PREFIX_STRLEN])
{
	*(p->bits == 128 ? put_addr6(out, p->addr) : put_addr4(out, p->addr)) = '\0';
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
	return outer->bits == inner->bits && outer->len <= inner->len &&
	       al_addr_begins(outer->addr, inner->addr, outer->len);
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

bool al_moment_ahead(const struct al_moment *moment, uint64_t newest)
{
	return moment->size == 0 && moment->time >= newest && moment->time - newest >= 86400;
}

struct date {
	unsigned year, month, day;
};

/* What days_of() is the inverse of; a year begins in March here, too, and 400 of them are 146097 days. */
static struct date date_of(uint64_t days)
{
	unsigned since = (unsigned)(days + 719468), in_era = since % 146097;
	unsigned y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	unsigned in_year = in_era - (y * 365 + y / 4 - y / 100);
	unsigned m = (in_year * 5 + 2) / 153, month = m < 10 ? m + 3 : m - 9;

	return (struct date){ since / 146097 * 400 + y + (month <= 2), month, in_year - (m * 153 + 2) / 5 + 1 };
}

/* Two of them stand in every object that is shown. */
void al_time_format(uint64_t unix_seconds, char out[static AL_TIME_STRLEN])
{
	unsigned rest = (unsigned)(unix_seconds % 86400);
	struct date date = date_of(unix_seconds / 86400);

	if (unix_seconds > 253402300799) { /* 9999-12-31T23:59:59Z */
		date = (struct date){ 9999, 12, 31 };
		rest = 86399;
	}
	memcpy(out, "0000-00-00T00:00:00Z", AL_TIME_STRLEN);
	(void)put_digits(out, date.year, 4);
	(void)put_digits(out + 5, date.month, 2);
	(void)put_digits(out + 8, date.day, 2);
	(void)put_digits(out + 11, rest / 3600, 2);
	(void)put_digits(out + 14, rest / 60 % 60, 2);
	(void)put_digits(out + 17, rest % 60, 2);
}
