/* SPDX-License-Identifier: MIT */
/*
 * syntax_dns.c -- canonical form of what a domain object holds: names, name
 * servers, DS data, hosted records.
 *
 * As in syntax.c: pure, reasons are constant texts, no other object is looked
 * at. Records are rr.c's.
 */
#include "syntax_dns.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/buf.h"
#include "alamo/base/ident.h"
#include "alamo/rpsl/rr.h"
#include "rr_text.h"

enum al_err syntax_domain(struct al_slice value, struct al_buf *out, const char **why)
{
	if (syntax_domain_old(value, out, why) != AL_OK)
		return AL_EINVAL;
	*why = "a name's last label is not a number: this looks like an address";
	return rr_ends_in_number(al_slice_head(value, value.len - (value.ptr[value.len - 1] == '.'))) ? AL_EINVAL
												      : AL_OK;
}

enum al_err syntax_domain_old(struct al_slice value, struct al_buf *out, const char **why)
{
	char name[AL_NAME_MAX + 1];

	*why = "a domain name has labels of letters, digits, '-' and '_', 63 bytes each at most";
	if (al_name_canon(value, name) != AL_OK || name[0] == '\0' || strpbrk(name, "*/") != NULL)
		return AL_EINVAL;
	al_buf_str(out, name);
	return AL_OK;
}

enum al_err syntax_nserver(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_slice name, addr, extra;
	struct al_prefix p;
	char text[AL_PREFIX_STRLEN];
	bool has_addr;

	*why = "a name server is written NAME or NAME ADDRESS";
	if (!al_slice_word(&value, "", &name))
		return AL_EINVAL;
	has_addr = al_slice_word(&value, "", &addr);
	if ((has_addr && al_addr_parse(addr, &p) != AL_OK) || al_slice_word(&value, "", &extra))
		return AL_EINVAL;
	*why = "no resolver can reach this address: it is loopback, link-local, multicast, unspecified, reserved or "
	       "for "
	       "documentation";
	if (has_addr && al_addr_special(&p) != NULL)
		return AL_EINVAL;
	if (syntax_domain(name, out, why) != AL_OK)
		return AL_EINVAL;
	if (has_addr) {
		al_addr_format(&p, text);
		al_buf_printf(out, " %s", text);
	}
	return AL_OK;
}

static bool is_hex(struct al_slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr("0123456789abcdefABCDEF", s.ptr[i], 22) == NULL)
			return false;
	return s.len > 0 && s.len % 2 == 0;
}

static void put_lower(struct al_slice s, struct al_buf *out)
{
	for (size_t i = 0; i < s.len; i++)
		al_buf_u8(out, (uint8_t)(s.ptr[i] >= 'A' && s.ptr[i] <= 'F' ? s.ptr[i] - 'A' + 'a' : s.ptr[i]));
}

/* Parentheses as zone files have them: around the rest, or not at all. */
static bool parentheses_off(struct al_slice *value)
{
	*value = al_slice_trim(*value);
	if (value->len > 1 && value->ptr[0] == '(' && value->ptr[value->len - 1] == ')')
		*value = al_slice_of(value->ptr + 1, value->len - 2);
	return value->len == 0 ||
	       (memchr(value->ptr, '(', value->len) == NULL && memchr(value->ptr, ')', value->len) == NULL);
}

/* RFC 4034 section 5.3; digest lengths of types 1, 2 and 4. */
enum al_err syntax_ds(struct al_slice value, struct al_buf *out, const char **why)
{
	static const size_t digest_len[] = { [1] = 40, [2] = 64, [4] = 96 };
	struct al_slice word[3], hex;
	uint64_t number[3];
	char digest[96];
	size_t len = 0;

	*why = "a DS record is written: key tag, algorithm, digest type, digest in hex";
	for (size_t i = 0; i < 3; i++)
		if (!al_slice_word(&value, "", &word[i]) ||
		    al_slice_u64(word[i], i == 0 ? 65535 : 255, &number[i]) != AL_OK)
			return AL_EINVAL;
	*why = "the parentheses of a DS record open before its digest and close behind it";
	if (!parentheses_off(&value))
		return AL_EINVAL;
	*why = "a DS record is written: key tag, algorithm, digest type, digest in hex";
	while (al_slice_word(&value, "", &hex)) {
		if (hex.len > sizeof(digest) - len)
			return AL_EINVAL;
		memcpy(digest + len, hex.ptr, hex.len);
		len += hex.len;
	}
	if (!is_hex(al_slice_of(digest, len)))
		return AL_EINVAL;
	if (number[2] >= AL_COUNT(digest_len) || digest_len[number[2]] == 0 || digest_len[number[2]] != len) {
		*why = "the digest's type is not 1, 2 or 4, or its length does not fit the type";
		return AL_EINVAL;
	}
	al_buf_printf(out, "%u %u %u ", (unsigned)number[0], (unsigned)number[1], (unsigned)number[2]);
	put_lower(al_slice_of(digest, len), out);
	return AL_OK;
}

/* ---- hosted records ---- */

enum al_err syntax_record(struct al_slice value, struct al_buf *out, const char **why)
{
	struct al_record *record = malloc(sizeof(*record));
	enum al_err err;

	if (record == NULL)
		return AL_ENOMEM;
	err = al_record_parse(value, record, why);
	if (err == AL_OK)
		al_record_format(record, out);
	free(record);
	return err;
}
