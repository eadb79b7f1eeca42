/* SPDX-License-Identifier: MIT */
/*
 * text.c -- one definition of text: see text.h.
 */
#include "alamo/base/text.h"

#include <stdio.h>
#include <string.h>

#define ESCAPE_LEN 4 /* "\xNN" */
#define SHOWN_LEN AL_TEXT_CHAR_MAX

/*
 * What has no place in text beyond ASCII; sorted. The ranges are those of Unicode's Default_Ignorable_Code_Point,
 * with places that are kept for more of them, and what else shows nothing or something else everywhere. They are
 * written out: what a log holds must be the same for all who read it, whichever edition their libraries know.
 */
static const struct {
	uint32_t first, last;
} barred[] = {
	{ 0x80, 0x9f },        /* C1: 9b is a terminal's CSI */
	{ 0xad, 0xad },        /* soft hyphen */
	{ 0x34f, 0x34f },      /* combining grapheme joiner */
	{ 0x61c, 0x61c },      /* Arabic letter mark */
	{ 0x115f, 0x1160 },    /* Hangul fillers */
	{ 0x17b4, 0x17b5 },    /* Khmer inherent vowels */
	{ 0x180b, 0x180f },    /* Mongolian selectors and vowel separator */
	{ 0x200b, 0x200f },    /* zero-width space and joiners, directional marks */
	{ 0x2028, 0x202e },    /* line, paragraph; embeddings and overrides */
	{ 0x2060, 0x206f },    /* word joiner, invisible operators, isolates, deprecated shaping */
	{ 0x2800, 0x2800 },    /* Braille pattern without a dot */
	{ 0x3164, 0x3164 },    /* Hangul filler */
	{ 0xd800, 0xf8ff },    /* surrogates; private use */
	{ 0xfdd0, 0xfdef },    /* noncharacters */
	{ 0xfe00, 0xfe0f },    /* variation selectors; see selected() */
	{ 0xfeff, 0xfeff },    /* zero-width no-break space, which is the byte order mark */
	{ 0xffa0, 0xffa0 },    /* Hangul filler, half a width */
	{ 0xfff0, 0xfffc },    /* interlinear annotation, an object's place */
	{ 0xfffe, 0xffff },    /* noncharacters */
	{ 0x16fe4, 0x16fe4 },  /* Khitan filler */
	{ 0x1bca0, 0x1bca3 },  /* shorthand format controls */
	{ 0x1d159, 0x1d159 },  /* note head of none */
	{ 0x1d173, 0x1d17a },  /* musical format controls */
	{ 0x1fffe, 0x1ffff },  /* noncharacters */
	{ 0x2fffe, 0x2ffff },  /* noncharacters */
	{ 0x3fffe, 0x10ffff }, /* planes without characters; tags, selectors; private use */
};

static bool is_barred(uint32_t code)
{
	for (size_t i = 0; i < AL_COUNT(barred) && barred[i].first <= code; i++)
		if (code <= barred[i].last)
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

/* The code that `s` begins with, and its length; 0: it is no UTF-8. */
static size_t decode(struct al_slice s, uint32_t *code)
{
	uint32_t least = 0;
	size_t len;

	if (s.len > 0 && (unsigned char)s.ptr[0] < 0x80) {
		*code = (unsigned char)s.ptr[0];
		return 1;
	}
	len = s.len > 0 ? sequence((unsigned char)s.ptr[0], code, &least) : 0;
	if (len == 0 || len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.ptr[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s.ptr[i] & 0x3fu);
	}
	return *code < least || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff) ? 0 : len;
}

/* One selector behind a picture says whether it has colours: part of it. Anywhere else it would be unseen. */
static size_t selected(uint32_t code, struct al_slice behind)
{
	bool picture = (code >= 0x203c && code <= 0x3299) || (code >= 0x1f000 && code <= 0x1faff);

	return picture && (al_slice_starts(behind, "\xef\xb8\x8e") || al_slice_starts(behind, "\xef\xb8\x8f")) ? 3 : 0;
}

size_t al_text_char(struct al_slice s)
{
	uint32_t code = 0;
	size_t len = decode(s, &code);

	if (len == 1)
		return (code >= 0x20 && code != 0x7f) || code == '\t';
	return len == 0 || is_barred(code) ? 0 : len + selected(code, al_slice_from(s, len));
}

/* How many bytes of printable ASCII `s` begins with: nearly all of what is looked at, so they get a loop of their own. */
static size_t plain_len(struct al_slice s)
{
	size_t len = 0;

	while (len < s.len && s.ptr[len] >= 0x20 && s.ptr[len] < 0x7f)
		len++;
	return len;
}

bool al_text_ok(struct al_slice s)
{
	size_t len = 1;

	for (s = al_slice_from(s, plain_len(s)); s.len > 0 && len > 0; s = al_slice_from(s, plain_len(s))) {
		len = al_text_char(s);
		s = al_slice_from(s, len);
	}
	return len > 0;
}

void al_text_fault(struct al_slice s, char out[static AL_TEXT_FAULT_LEN])
{
	uint32_t code = 0;
	size_t at = 0, len;

	for (; at < s.len && (len = al_text_char(al_slice_from(s, at))) > 0; at += len)
		;
	if (at == s.len)
		out[0] = '\0';
	else if (decode(al_slice_from(s, at), &code) > 0)
		(void)snprintf(out, AL_TEXT_FAULT_LEN, "U+%04X at byte %zu", (unsigned)code, at + 1);
	else
		(void)snprintf(out, AL_TEXT_FAULT_LEN, "no UTF-8 at byte %zu", at + 1);
}

/* The next character as it may be shown; how many bytes of `s` it stands for. */
static size_t shown(struct al_slice s, char out[static SHOWN_LEN + 1], size_t *out_len)
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
	char one[SHOWN_LEN + 1];
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
	char one[SHOWN_LEN + 1];
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
