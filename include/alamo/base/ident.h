/* SPDX-License-Identifier: MIT */
/*
 * ident.h -- the identifiers of the field: AS numbers, prefixes, domain
 * names, times. Parsing is strict and formatting canonical, so that
 * format(parse(x)) is the one spelling that the log, whois and DNS share.
 */
#ifndef ALAMO_IDENT_H
#define ALAMO_IDENT_H

#include <endian.h>
#include <string.h>

#include "alamo/base/slice.h"

/* ---- AS numbers (RFC 6793, asplain of RFC 5396) ---- */
#define AL_ASN_STRLEN 13 /* "AS4294967295" and NUL */
/* "AS64512" or "as64512"; the bare number only with al_asn_parse_plain(). */
AL_MUST_USE enum al_err al_asn_parse(struct al_slice s, uint32_t *asn);
AL_MUST_USE enum al_err al_asn_parse_plain(struct al_slice s, uint32_t *asn);
void al_asn_format(uint32_t asn, char out[static AL_ASN_STRLEN]);

struct al_asn_range {
	uint32_t first, last; /* both inside */
};
/* "AS1-AS2" or "AS1 - AS2", first <= last. */
AL_MUST_USE enum al_err al_asn_range_parse(struct al_slice s, struct al_asn_range *out);

/* ---- addresses and prefixes ---- */
#define AL_PREFIX_STRLEN 50 /* longest IPv6 prefix and NUL */

struct al_prefix {
	uint8_t addr[16]; /* network order; IPv4 in the first 4; rest zero */
	uint8_t len;      /* 0 .. bits */
	uint8_t bits;     /* 32 or 128: the family */
};

/* "172.20.0.0/14", "fca1::/16". Host bits set: AL_EINVAL. No length: a host (/32, /128). */
AL_MUST_USE enum al_err al_prefix_parse(struct al_slice s, struct al_prefix *out);
/* The same, but host bits are cleared; *changed tells whether any was set. */
AL_MUST_USE enum al_err al_prefix_parse_loose(struct al_slice s, struct al_prefix *out, bool *changed);
/* Also takes "172.20.0.0 - 172.20.0.31" when the range is one prefix. */
AL_MUST_USE enum al_err al_prefix_parse_range(struct al_slice s, struct al_prefix *out);
/* One address without a length. */
AL_MUST_USE enum al_err al_addr_parse(struct al_slice s, struct al_prefix *out);
/* RFC 5952 text, always with the length. */
void al_prefix_format(const struct al_prefix *p, char out[static AL_PREFIX_STRLEN]);
/* The address alone, RFC 5952. */
void al_addr_format(const struct al_prefix *p, char out[static AL_PREFIX_STRLEN]);

/* What kind of address it is, of those that no host of a network can be reached at ("loopback"); NULL: another. */
const char *al_addr_special(const struct al_prefix *addr);

bool al_prefix_eq(const struct al_prefix *a, const struct al_prefix *b);
/* Family, then address, then length: the order of every list we show. */
int al_prefix_cmp(const struct al_prefix *a, const struct al_prefix *b);
/* Does `outer` cover `inner` (equal counts)? Families must agree. */
bool al_prefix_covers(const struct al_prefix *outer, const struct al_prefix *inner);

/*
 * The rest is what walks over a million prefixes do at each step. Do both addresses begin with the same `len` bits?
 * They are read by four bytes, of which those of both families are made.
 */
static inline bool al_addr_begins(const uint8_t *a, const uint8_t *b, unsigned len)
{
	uint32_t x, y;

	for (;; a += sizeof(x), b += sizeof(y), len -= 32) {
		if (len == 0)
			return true;
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (len < 32)
			return be32toh(x ^ y) >> (32 - len) == 0;
		if (x != y)
			return false;
	}
}

static inline bool al_prefix_bit(const struct al_prefix *p, unsigned i) /* bit i from the left */
{
	return i < 128 && (p->addr[i / 8] >> (7 - i % 8) & 1) != 0;
}

void al_prefix_truncate(struct al_prefix *p, unsigned len); /* shorten to len, clear host bits */

/* ---- domain names (RFC 1034/1035) ---- */
#define AL_NAME_MAX 253 /* presentation form without the last dot */
#define AL_NAME_WIRE_MAX 255

/*
 * Canonical host-like name: lower case, no trailing dot, labels of letters,
 * digits, '-' and '_' (and '/' as RFC 2317 has it), 1..63 bytes each. "." and
 * "" are the root and give "". Writes a C string.
 */
AL_MUST_USE enum al_err al_name_canon(struct al_slice s, char out[static AL_NAME_MAX + 1]);
/* Canonical text to wire; returns its length in bytes, 0 when malformed. */
size_t al_name_to_wire(struct al_slice name, uint8_t out[static AL_NAME_WIRE_MAX]);
/* Uncompressed wire to canonical text; AL_EINVAL if out of bounds or not representable. */
AL_MUST_USE enum al_err al_name_from_wire(const uint8_t *wire, size_t len, char out[static AL_NAME_MAX + 1]);
/* Is `name` equal to or below `zone`? Both canonical; "" is the root. */
bool al_name_within(struct al_slice name, struct al_slice zone);
unsigned al_name_labels(struct al_slice name); /* 0 for the root */
/* Parent name: "a.b" gives "b", "b" gives "". */
struct al_slice al_name_parent(struct al_slice name);

/* ---- time: RFC 3339 in UTC with seconds, "2026-12-01T00:00:00Z" ---- */
#define AL_TIME_STRLEN 21
AL_MUST_USE enum al_err al_time_parse(struct al_slice s, uint64_t *unix_seconds);
void al_time_format(uint64_t unix_seconds, char out[static AL_TIME_STRLEN]);

/* A moment of a log: "17", its size, or "2026-11-29" (the end of that day) or "2026-11-29T10:00:00Z". */
struct al_moment {
	uint64_t size; /* entries; 0: by time */
	uint64_t time; /* Unix seconds, included */
};
AL_MUST_USE enum al_err al_moment_parse(struct al_slice s, struct al_moment *out);
/*
 * Is it yet to come in a log whose `newest` time is that (of an entry, or a date that it signed)? What it has not told of
 * may be asked up to the end of its last day.
 */
bool al_moment_ahead(const struct al_moment *moment, uint64_t newest);

#endif
