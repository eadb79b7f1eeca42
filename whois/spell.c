/* SPDX-License-Identifier: MIT */
/*
 * spell.c -- AS numbers, keys made of them, and reverse names. Pure.
 */
#include "spell.h"

#include <string.h>

static struct al_slice without_zeros(struct al_slice s)
{
	while (s.len > 1 && s.ptr[0] == '0')
		s = al_slice_from(s, 1);
	return s;
}

enum al_err whois_asn_parse(struct al_slice s, bool bare, uint32_t *asn)
{
	struct al_slice high;
	uint64_t left, right;

	if (al_slice_casestarts(s, "AS"))
		s = al_slice_from(s, 2);
	else if (!bare)
		return AL_EINVAL;
	if (memchr(s.len > 0 ? s.ptr : "", '.', s.len) == NULL)
		return al_asn_parse_plain(without_zeros(s), asn);
	(void)al_slice_cut(&s, '.', &high);
	if (al_slice_u64(without_zeros(high), 65535, &left) != AL_OK ||
	    al_slice_u64(without_zeros(s), 65535, &right) != AL_OK)
		return AL_EINVAL;
	*asn = (uint32_t)(left << 16 | right);
	return AL_OK;
}

static void put_asn(uint32_t asn, struct al_buf *out)
{
	char text[AL_ASN_STRLEN];

	al_asn_format(asn, text);
	al_buf_str(out, text);
}

/* One part of a key: an AS number in its one spelling, anything else as it is. */
static void put_part(struct al_slice part, bool bare, struct al_buf *out)
{
	uint32_t asn;

	part = al_slice_trim(part);
	if (whois_asn_parse(part, bare, &asn) == AL_OK)
		put_asn(asn, out);
	else
		al_buf_slice(out, part);
}

static void put_parts(struct al_slice typed, char separator, bool bare, struct al_buf *out)
{
	struct al_slice part;
	char text[] = { separator, '\0' };
	bool more;

	do {
		more = al_slice_cut(&typed, separator, &part);
		put_part(part, bare, out);
		if (more)
			al_buf_str(out, text);
	} while (more);
}

/* "PREFIX AS064500" in any of its forms: the origin is what stands behind the last "AS". */
static void put_route(struct al_slice typed, struct al_buf *out)
{
	size_t at = typed.len;

	while (at > 0 && !al_slice_casestarts(al_slice_from(typed, at), "AS"))
		at--;
	al_buf_slice(out, al_slice_head(typed, at));
	put_part(al_slice_from(typed, at), false, out);
}

enum al_err whois_key_canon(enum al_class cls, struct al_slice typed, struct al_buf *out)
{
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, 4096);
	typed = al_slice_trim(typed);
	if (cls == AL_AUT_NUM)
		put_part(typed, true, &text);
	else if (cls == AL_AS_BLOCK)
		put_parts(typed, '-', true, &text);
	else if (cls == AL_AS_SET || cls == AL_ROUTE_SET)
		put_parts(typed, ':', false, &text);
	else if (cls == AL_ROUTE || cls == AL_ROUTE6)
		put_route(typed, &text);
	else
		al_buf_slice(&text, typed);
	al_buf_reset(out);
	err = text.err != AL_OK ? text.err : al_key_canon(cls, al_buf_view(&text), out);
	al_buf_release(&text);
	return err;
}

void whois_value_canon(const struct al_attr_rule *rule, struct al_slice typed, struct al_buf *out)
{
	struct al_prefix addr;
	char text[AL_PREFIX_STRLEN];
	const char *why;
	uint32_t asn;

	al_buf_reset(out);
	if (rule->syntax == AL_SYN_NSERVER && al_addr_parse(typed, &addr) == AL_OK) {
		al_addr_format(&addr, text);
		al_buf_str(out, text);
		return;
	}
	if ((rule->syntax == AL_SYN_ASN || rule->syntax == AL_SYN_AS_MEMBER || rule->syntax == AL_SYN_ROUTE_MEMBER) &&
	    whois_asn_parse(typed, true, &asn) == AL_OK) {
		put_asn(asn, out);
		return;
	}
	if (al_syntax_canon(rule->syntax, typed, out, &why) != AL_OK) {
		al_buf_reset(out);
		al_buf_slice(out, typed);
	}
}

/* ---- reverse zones ---- */

/* The last label, which is cut off; empty at the end. */
static struct al_slice take_last_label(struct al_slice *name)
{
	size_t at = name->len;
	struct al_slice label;

	while (at > 0 && name->ptr[at - 1] != '.')
		at--;
	label = al_slice_from(*name, at);
	*name = al_slice_head(*name, at > 0 ? at - 1 : 0);
	return label;
}

/* RFC 2317's "64/26" below the three octets before it. */
static enum al_err reverse4_part(struct al_slice first, struct al_slice length, struct al_prefix *prefix)
{
	uint64_t octet, len;

	if (al_slice_u64(first, 255, &octet) != AL_OK || al_slice_u64(length, 32, &len) != AL_OK || len < 25)
		return AL_EINVAL;
	prefix->addr[3] = (uint8_t)octet;
	prefix->len = 32;
	al_prefix_truncate(prefix, (unsigned)len);
	return prefix->addr[3] == octet ? AL_OK : AL_EINVAL;
}

static enum al_err reverse4(struct al_slice name, struct al_prefix *out)
{
	struct al_prefix prefix = { .bits = 32 };
	struct al_slice rest, label;
	uint64_t octet;

	while (name.len > 0 && prefix.len < 32) {
		rest = take_last_label(&name);
		if (al_slice_cut(&rest, '/', &label)) {
			if (prefix.len != 24 || reverse4_part(label, rest, &prefix) != AL_OK)
				return AL_EINVAL;
			break;
		}
		if (al_slice_u64(label, 255, &octet) != AL_OK)
			return AL_EINVAL;
		prefix.addr[prefix.len / 8] = (uint8_t)octet;
		prefix.len = (uint8_t)(prefix.len + 8);
	}
	*out = prefix;
	return name.len == 0 && prefix.len > 0 ? AL_OK : AL_EINVAL;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum al_err reverse6(struct al_slice name, struct al_prefix *out)
{
	struct al_prefix prefix = { .bits = 128 };
	struct al_slice label;
	int digit;

	while (name.len > 0 && prefix.len < 128) {
		label = take_last_label(&name);
		digit = label.len == 1 ? hex_digit(label.ptr[0]) : -1;
		if (digit < 0)
			return AL_EINVAL;
		prefix.addr[prefix.len / 8] |= (uint8_t)(prefix.len % 8 == 0 ? digit << 4 : digit);
		prefix.len = (uint8_t)(prefix.len + 4);
	}
	*out = prefix;
	return name.len == 0 && prefix.len > 0 ? AL_OK : AL_EINVAL;
}

enum al_err whois_reverse_parse(struct al_slice name, struct al_prefix *out)
{
	static const struct {
		const char *zone;
		enum al_err (*parse)(struct al_slice name, struct al_prefix *out);
	} zones[] = { { ".in-addr.arpa", reverse4 }, { ".ip6.arpa", reverse6 } };

	if (al_slice_ends(name, "."))
		name = al_slice_head(name, name.len - 1);
	for (size_t i = 0; i < AL_COUNT(zones); i++) {
		size_t len = strlen(zones[i].zone);

		if (name.len > len && al_slice_caseis(al_slice_from(name, name.len - len), zones[i].zone))
			return zones[i].parse(al_slice_head(name, name.len - len), out);
	}
	return AL_EINVAL;
}

bool whois_like_address(struct al_slice key)
{
	bool digit = false, mark = false;

	for (size_t i = 0; i < key.len; i++) {
		char c = key.ptr[i];
		bool hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

		digit = digit || (c >= '0' && c <= '9');
		mark = mark || c == '.' || c == ':' || c == '/';
		if (!(c >= '0' && c <= '9') && !hex && c != '.' && c != ':' && c != '/')
			return false;
	}
	return digit && mark;
}
