/* SPDX-License-Identifier: MIT */
/*
 * slice.c -- views of text: comparison, cutting, numbers.
 */
#include "alamo/base/slice.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static char fold(char ch)
{
	return ch >= 'A' && ch <= 'Z' ? (char)(ch - 'A' + 'a') : ch;
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

bool al_slice_caseeq(struct al_slice a, struct al_slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.ptr[i]) != fold(b.ptr[i]))
			return false;
	return true;
}

bool al_slice_caseis(struct al_slice s, const char *str)
{
	for (size_t i = 0; i < s.len; i++)
		if (str[i] == '\0' || (s.ptr[i] != str[i] && fold(s.ptr[i]) != fold(str[i])))
			return false;
	return str[s.len] == '\0';
}

int al_slice_cmp(struct al_slice a, struct al_slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

	if (order != 0)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

bool al_slice_casestarts(struct al_slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && al_slice_caseeq(al_slice_head(s, len), al_slice_of(prefix, len));
}

bool al_slice_ends(struct al_slice s, const char *suffix)
{
	size_t len = strlen(suffix);

	return s.len >= len && al_slice_eq(al_slice_from(s, s.len - len), al_slice_of(suffix, len));
}

struct al_slice al_slice_trim(struct al_slice s)
{
	size_t blanks = 0;

	while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
		s.len--;
	while (blanks < s.len && is_blank(s.ptr[blanks]))
		blanks++;
	return al_slice_from(s, blanks);
}

static bool separates(char ch, const char *also)
{
	if (is_blank(ch))
		return true;
	while (*also != '\0' && *also != ch)
		also++;
	return *also != '\0';
}

bool al_slice_word(struct al_slice *rest, const char *also, struct al_slice *word)
{
	struct al_slice s = *rest;
	size_t len = 0;

	while (len < s.len && separates(s.ptr[len], also))
		len++;
	s = al_slice_from(s, len);
	len = 0;
	while (len < s.len && !separates(s.ptr[len], also))
		len++;
	*rest = al_slice_from(s, len);
	if (len == 0)
		return false;
	*word = al_slice_head(s, len);
	return true;
}

enum al_err al_slice_u64(struct al_slice s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (s.len == 0 || (s.len > 1 && s.ptr[0] == '0'))
		return AL_EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)(unsigned char)s.ptr[i] - '0';

		if (digit > 9)
			return AL_EINVAL;
		if (value > (UINT64_MAX - digit) / 10)
			return AL_ELIMIT;
		value = value * 10 + digit;
	}
	if (value > max)
		return AL_ELIMIT;
	*out = value;
	return AL_OK;
}

enum al_err al_slice_base64(struct al_slice s, uint8_t *out, size_t cap, size_t *len)
{
	size_t got;

	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] > 0x7f)
			return AL_EINVAL;
	if (s.len == 0 ||
	    sodium_base642bin(out, cap, s.ptr, s.len, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return AL_EINVAL;
	*len = got;
	return AL_OK;
}

char *al_slice_dup(struct al_slice s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(copy, s.ptr, s.len);
	copy[s.len] = '\0';
	return copy;
}

enum al_err al_slice_copy(struct al_slice s, char *dst, size_t cap)
{
	if (s.len >= cap)
		return AL_ELIMIT;
	if (s.len > 0)
		memcpy(dst, s.ptr, s.len);
	dst[s.len] = '\0';
	return AL_OK;
}
