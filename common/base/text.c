/* SPDX-License-Identifier: MIT */
/*
 * text.c -- one definition of text: see text.h.
 */
#include "alamo/base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ESCAPE_LEN 4 /* "\xNN" */

/* Characters beyond ASCII that stand for no sign but steer what is shown; sorted. */
static const struct {
	uint32_t first, last;
} steering[] = {
	{ 0x80, 0x9f },     /* C1: 9b is a terminal's CSI */
	{ 0x61c, 0x61c },   /* Arabic letter mark */
	{ 0x200e, 0x200f }, /* left-to-right, right-to-left mark */
	{ 0x2028, 0x202e }, /* line, paragraph; embeddings and overrides */
	{ 0x2066, 0x2069 }, /* isolates */
};

static bool steers(uint32_t code)
{
	for (size_t i = 0; i < AL_COUNT(steering); i++)
		if (code >= steering[i].first && code <= steering[i].last)
			return true;
	return false;
}

/* RFC 3629 section 3: how many bytes, and the least value that needs so many. */
static size_t sequence(unsigned char lead, uint32_t *code, uint32_t *least)
{
	if (lead >= 0xc2 && lead <= 0xdf) {
		*code = lead & 0x1fu;
		*least = 0x80;
		return 2;
	}
	if (lead >= 0xe0 && lead <= 0xef) {
		*code = lead & 0x0fu;
		*least = 0x800;
		return 3;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		*code = lead & 0x07u;
		*least = 0x10000;
		return 4;
	}
	return 0;
}

size_t al_text_char(struct al_slice s)
{
	uint32_t code = 0, least = 0;
	size_t len;

	if (s.len == 0)
		return 0;
	if ((unsigned char)s.ptr[0] < 0x80)
		return ((unsigned char)s.ptr[0] >= 0x20 && s.ptr[0] != 0x7f) || s.ptr[0] == '\t';
	len = sequence((unsigned char)s.ptr[0], &code, &least);
	if (len == 0 || len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)s.ptr[i] & 0x3fu);
	}
	if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || steers(code))
		return 0;
	return len;
}

bool al_text_ok(struct al_slice s)
{
	size_t len = 1;

	for (; s.len > 0 && len > 0; s = al_slice_from(s, len))
		len = al_text_char(s);
	return len > 0;
}

/* The next character as it may be shown; how many bytes of `s` it stands for. */
static size_t shown(struct al_slice s, char out[static ESCAPE_LEN + 1], size_t *out_len)
{
	size_t len = al_text_char(s);

	if (len > 0) {
		memcpy(out, s.ptr, len);
		*out_len = len;
		return len;
	}
	(void)snprintf(out, ESCAPE_LEN + 1, "\\x%02x", (unsigned char)s.ptr[0]);
	*out_len = ESCAPE_LEN;
	return 1;
}

void al_text_escape(struct al_slice s, struct al_buf *out)
{
	char one[ESCAPE_LEN + 1];
	size_t len;

	while (s.len > 0) {
		if (s.ptr[0] == '\n') {
			al_buf_u8(out, '\n');
			s = al_slice_from(s, 1);
			continue;
		}
		s = al_slice_from(s, shown(s, one, &len));
		al_buf_put(out, one, len);
	}
}

void al_text_clean(struct al_slice s, char *out, size_t cap)
{
	char one[ESCAPE_LEN + 1];
	size_t len, used, at = 0;

	while (s.len > 0) {
		used = shown(s, one, &len);
		if (at + len >= cap)
			break;
		memcpy(out + at, one, len);
		at += len;
		s = al_slice_from(s, used);
	}
	out[at] = '\0';
}
