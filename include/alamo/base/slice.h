/* SPDX-License-Identifier: MIT */
/*
 * slice.h -- a view of bytes or text that somebody else owns.
 *
 * Not NUL-terminated. All parsing of text walks slices; nothing here
 * allocates but al_slice_dup(), and nothing reads outside [ptr, ptr + len).
 */
#ifndef ALAMO_SLICE_H
#define ALAMO_SLICE_H

#include <string.h>

#include "alamo/base/base.h"

struct al_slice {
	const char *ptr; /* may be NULL when len is 0 */
	size_t len;      /* bytes */
};

#define AL_S(literal) ((struct al_slice){ (literal), sizeof(literal) - 1 })
/* printf("%.*s", AL_FMT(s)) */
#define AL_FMT(s) (int)(s).len, (s).ptr != NULL ? (s).ptr : ""

/* What is called at every step of every parser stands here, where its reader's compiler sees it. */
static inline struct al_slice al_slice_of(const void *ptr, size_t len)
{
	return (struct al_slice){ ptr, len };
}

static inline struct al_slice al_slice_str(const char *str)
{
	return (struct al_slice){ str, str != NULL ? strlen(str) : 0 };
}

static inline bool al_slice_eq(struct al_slice a, struct al_slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool al_slice_is(struct al_slice s, const char *str)
{
	return al_slice_eq(s, al_slice_str(str));
}

static inline struct al_slice al_slice_from(struct al_slice s, size_t offset)
{
	if (offset > s.len)
		offset = s.len;
	if (s.ptr != NULL)
		s.ptr += offset;
	s.len -= offset;
	return s;
}

static inline struct al_slice al_slice_head(struct al_slice s, size_t len)
{
	if (len < s.len)
		s.len = len;
	return s;
}

static inline bool al_slice_starts(struct al_slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && al_slice_eq(al_slice_head(s, len), al_slice_of(prefix, len));
}

bool al_slice_caseeq(struct al_slice a, struct al_slice b); /* ASCII */
bool al_slice_caseis(struct al_slice s, const char *str);
int al_slice_cmp(struct al_slice a, struct al_slice b); /* memcmp order */
bool al_slice_casestarts(struct al_slice s, const char *prefix);
bool al_slice_ends(struct al_slice s, const char *suffix);

struct al_slice al_slice_trim(struct al_slice s); /* blanks and tabs, CR, LF */

/*
 * Cut at the first `ch`: *head gets what is before it, *rest what is after.
 * Without `ch`, *head gets all of it, *rest becomes empty, result false.
 * *rest is read and written; head and rest may not be the same object.
 */
static inline bool al_slice_cut(struct al_slice *rest, char ch, struct al_slice *head)
{
	const char *at = rest->len > 0 ? memchr(rest->ptr, ch, rest->len) : NULL;

	*head = *rest;
	if (at != NULL)
		head->len = (size_t)(at - rest->ptr);
	*rest = al_slice_from(*rest, head->len + (at != NULL));
	return at != NULL;
}

/* Next line without its LF (and without a CR before it); false at the end. */
static inline bool al_slice_line(struct al_slice *rest, struct al_slice *line)
{
	if (rest->len == 0)
		return false;
	(void)al_slice_cut(rest, '\n', line);
	if (line->len > 0 && line->ptr[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* Next word, separated by blanks or tabs or any byte of `also` (may be ""). */
bool al_slice_word(struct al_slice *rest, const char *also, struct al_slice *word);

/* Decimal, no sign, no leading zero, at most `max`. */
AL_MUST_USE enum al_err al_slice_u64(struct al_slice s, uint64_t max, uint64_t *out);

/*
 * Standard base64, padded, canonical, at least one byte and at most `cap`.
 * (libsodium 1.0.18 alone is not enough: it takes bytes above 7f for '/'.)
 */
AL_MUST_USE enum al_err al_slice_base64(struct al_slice s, uint8_t *out, size_t cap, size_t *len);

/* NUL-terminated copy that the caller frees; NULL when memory is out. */
char *al_slice_dup(struct al_slice s);

/* Copy into dst as a C string; AL_ELIMIT if it does not fit with its NUL. */
AL_MUST_USE enum al_err al_slice_copy(struct al_slice s, char *dst, size_t cap);

#endif
