/* SPDX-License-Identifier: MIT */
/*
 * rr_text.c -- tokens of record data: see rr_text.h.
 *
 * On one line: parentheses are blanks here, and a ';' outside of quotes, which
 * begins a comment in a zone file, is refused with that reason.
 */
#include "rr_text.h"

#include <string.h>

#include "alamo/base/ident.h"
#include "rr_form.h"

enum al_err rr_fail(struct rr_text *t, const char *why)
{
	t->why = why;
	return AL_EINVAL;
}

bool rr_more(struct rr_text *t)
{
	while (t->rest.len > 0 && t->why == NULL) {
		char ch = t->rest.ptr[0];

		if (ch == '(')
			t->depth++;
		else if (ch == ')' && t->depth == 0)
			t->why = "a parenthesis is closed that was not opened";
		else if (ch == ')')
			t->depth--;
		else if (ch != ' ' && ch != '\t')
			return true;
		t->rest = al_slice_from(t->rest, 1);
	}
	return false;
}

enum al_err rr_end(struct rr_text *t)
{
	if (rr_more(t))
		return rr_fail(t, "there is more behind the record's data");
	if (t->why == NULL && t->depth > 0)
		t->why = "a parenthesis is not closed";
	return t->why == NULL ? AL_OK : AL_EINVAL;
}

static bool delimits(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '(' || ch == ')';
}

/* Bytes of the token at the front; escapes count as what they are written with. */
static size_t token_len(struct al_slice s)
{
	size_t len = 0;

	while (len < s.len && !delimits(s.ptr[len]) && s.ptr[len] != ';' && s.ptr[len] != '"')
		len += s.ptr[len] == '\\' && len + 1 < s.len ? 2 : 1;
	return len;
}

/* What stands behind a token is a blank, or nothing. */
static enum al_err token_ends(struct rr_text *t)
{
	if (t->rest.len == 0 || delimits(t->rest.ptr[0]))
		return AL_OK;
	return rr_fail(t, t->rest.ptr[0] == ';' ? "a ';' begins a comment in zone files: put the text into quotes"
						: "a quote stands inside of a word");
}

enum al_err rr_word(struct rr_text *t, struct al_slice *word)
{
	if (!rr_more(t))
		return t->why == NULL ? rr_fail(t, "a part of the record's data is missing") : AL_EINVAL;
	*word = al_slice_head(t->rest, token_len(t->rest));
	t->rest = al_slice_from(t->rest, word->len);
	if (token_ends(t) != AL_OK)
		return AL_EINVAL;
	return word->len > 0 ? AL_OK : rr_fail(t, "a part of the record's data is missing");
}

enum al_err rr_number(struct rr_text *t, uint64_t max, uint64_t *out)
{
	struct al_slice word;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	while (word.len > 1 && word.ptr[0] == '0')
		word = al_slice_from(word, 1);
	return al_slice_u64(word, max, out) == AL_OK
		       ? AL_OK
		       : rr_fail(t, max == 255     ? "a number from 0 to 255 is expected"
				    : max == 65535 ? "a number from 0 to 65535 is expected"
						   : "a number is expected");
}

/* ---- strings ---- */

/* One character at the front, decoded; how many bytes it took, 0 for a bad escape. */
static size_t char_decode(struct al_slice s, uint8_t *out)
{
	unsigned code = 0;

	*out = (uint8_t)s.ptr[0];
	if (s.ptr[0] != '\\')
		return 1;
	if (s.len < 2)
		return 0;
	*out = (uint8_t)s.ptr[1];
	if (s.ptr[1] < '0' || s.ptr[1] > '9')
		return 2;
	for (size_t i = 1; i < 4; i++) {
		if (i >= s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
			return 0;
		code = code * 10 + (unsigned)(s.ptr[i] - '0');
	}
	*out = (uint8_t)code;
	return code <= 255 ? 4 : 0;
}

static enum al_err decode(struct rr_text *t, struct al_slice s, struct al_buf *out)
{
	while (s.len > 0) {
		uint8_t byte;
		size_t used = char_decode(s, &byte);

		if (used == 0)
			return rr_fail(t, "an escape is \\DDD, three digits up to 255, or \\ and one other character");
		al_buf_u8(out, byte);
		s = al_slice_from(s, used);
	}
	return AL_OK;
}

/* The quote is at the front. */
static enum al_err quoted(struct rr_text *t, struct al_buf *out)
{
	struct al_slice s = al_slice_from(t->rest, 1);
	size_t len = 0;

	while (len < s.len && s.ptr[len] != '"')
		len += s.ptr[len] == '\\' ? 2 : 1;
	if (len >= s.len)
		return rr_fail(t, "a quote is not closed");
	t->rest = al_slice_from(s, len + 1);
	if (t->rest.len > 0 && t->rest.ptr[0] != '"' && token_ends(t) != AL_OK)
		return rr_fail(t, "a blank is missing behind a closing quote");
	return decode(t, al_slice_head(s, len), out);
}

enum al_err rr_value(struct rr_text *t, struct al_buf *out)
{
	struct al_slice word;

	if (t->rest.len > 0 && t->rest.ptr[0] == '"')
		return quoted(t, out);
	word = al_slice_head(t->rest, token_len(t->rest));
	t->rest = al_slice_from(t->rest, word.len);
	return token_ends(t) == AL_OK ? decode(t, word, out) : AL_EINVAL;
}

enum al_err rr_string(struct rr_text *t, struct al_buf *out)
{
	if (!rr_more(t))
		return t->why == NULL ? rr_fail(t, "a text is missing") : AL_EINVAL;
	return rr_value(t, out);
}

void rr_put_string(struct al_slice bytes, struct al_buf *out)
{
	al_buf_u8(out, '"');
	for (size_t i = 0; i < bytes.len; i++) {
		unsigned char ch = (unsigned char)bytes.ptr[i];

		if (ch < 0x20 || ch > 0x7e) {
			al_buf_printf(out, "\\%03u", ch);
			continue;
		}
		if (ch == '"' || ch == '\\')
			al_buf_u8(out, '\\');
		al_buf_u8(out, ch);
	}
	al_buf_u8(out, '"');
}

/* ---- bytes in groups ---- */

enum al_err rr_hex(struct rr_text *t, struct al_buf *out)
{
	struct al_slice word;
	size_t digits = 0;
	uint8_t half = 0;

	while (rr_more(t)) {
		if (rr_word(t, &word) != AL_OK)
			return AL_EINVAL;
		for (size_t i = 0; i < word.len; i++) {
			const char *all = "0123456789abcdef0123456789ABCDEF", *at = memchr(all, word.ptr[i], 32);

			if (at == NULL)
				return rr_fail(t, "hexadecimal digits are expected");
			half = (uint8_t)(half << 4 | ((at - all) & 15));
			if (++digits % 2 == 0)
				al_buf_u8(out, half);
		}
	}
	if (t->why != NULL)
		return AL_EINVAL;
	return digits > 0 && digits % 2 == 0 ? AL_OK : rr_fail(t, "an even number of hexadecimal digits is expected");
}

enum al_err rr_base64(struct rr_text *t, struct al_buf *out)
{
	struct al_buf joined;
	struct al_slice word;
	uint8_t bytes[RR_TEXT_MAX];
	size_t len = 0;
	enum al_err err;

	al_buf_init(&joined, RR_TEXT_MAX);
	while (rr_more(t) && rr_word(t, &word) == AL_OK)
		al_buf_slice(&joined, word);
	err = t->why == NULL ? joined.err : AL_EINVAL;
	if (err == AL_OK && al_slice_base64(al_buf_view(&joined), bytes, sizeof(bytes), &len) != AL_OK)
		err = rr_fail(t, "base64 is expected");
	al_buf_put(out, bytes, err == AL_OK ? len : 0);
	al_buf_release(&joined);
	return err == AL_ELIMIT ? rr_fail(t, RR_TOO_LONG) : err;
}

/* ---- names ---- */

bool rr_is_host(struct al_slice name, bool wildcard)
{
	struct al_slice label;

	for (bool first = true; name.len > 0; first = false) {
		(void)al_slice_cut(&name, '.', &label);
		if (first && wildcard && al_slice_is(label, "*"))
			continue;
		if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (strchr("_*/", label.ptr[i]) != NULL)
				return false;
	}
	return true;
}

bool rr_ends_in_number(struct al_slice name)
{
	while (name.len > 0 && name.ptr[name.len - 1] >= '0' && name.ptr[name.len - 1] <= '9')
		name.len--;
	return name.len == 0 || name.ptr[name.len - 1] == '.';
}

enum al_err rr_name(struct rr_text *t, bool host, struct al_buf *wire)
{
	uint8_t bytes[AL_NAME_WIRE_MAX];
	char name[AL_NAME_MAX + 1];
	struct al_slice word;

	if (rr_word(t, &word) != AL_OK)
		return AL_EINVAL;
	if (al_name_canon(word, name) != AL_OK)
		return rr_fail(t, "a domain name is expected: labels of letters, digits, '-' and '_'");
	if (host && !rr_is_host(al_slice_str(name), false))
		return rr_fail(t, "a host's name is expected: labels of letters, digits and inner hyphens");
	if (name[0] != '\0' && rr_ends_in_number(al_slice_str(name)))
		return rr_fail(t, "a name's last label is not a number: this looks like an address");
	al_buf_put(wire, bytes, al_name_to_wire(al_slice_str(name), bytes));
	return AL_OK;
}
