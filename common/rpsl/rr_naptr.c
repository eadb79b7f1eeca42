/* SPDX-License-Identifier: MIT */
/*
 * rr_naptr.c -- what NAPTR data means (RFC 3403 section 4.1), and its regexp
 * (RFC 3402 section 3.2), DELIM ERE DELIM REPLACEMENT DELIM FLAGS.
 *
 * BIND parses the ERE of what it reads from the wire: what it refuses there is
 * refused here. So are empty groups, a ')' that closes none and a '{' without a
 * number, which POSIX leaves undefined.
 */
#include <ctype.h>
#include <string.h>

#include "rr_form.h"

#define REPEAT_MAX 255 /* RE_DUP_MAX of POSIX */

/* What has been read of an ERE. */
struct ere {
	struct al_slice rest;
	unsigned groups, open;
	bool atom;     /* an alternative is not empty */
	bool repeated; /* what stands at its end may not be repeated */
};

static uint8_t next(struct ere *e)
{
	uint8_t byte = (uint8_t)e->rest.ptr[0];

	e->rest = al_slice_from(e->rest, 1);
	return byte;
}

static bool next_is(struct ere *e, char ch)
{
	if (e->rest.len == 0 || e->rest.ptr[0] != ch)
		return false;
	(void)next(e);
	return true;
}

static bool digits(struct ere *e, unsigned *number)
{
	size_t count = 0;

	for (*number = 0; e->rest.len > 0 && isdigit((unsigned char)e->rest.ptr[0]) && count < 4; count++)
		*number = *number * 10 + next(e) - '0';
	return count > 0 && *number <= REPEAT_MAX;
}

/* Behind '{': N} or N,} or N,M} */
static bool bound_ok(struct ere *e)
{
	unsigned low, high;

	if (!digits(e, &low))
		return false;
	if (next_is(e, '}'))
		return true;
	return next_is(e, ',') && (next_is(e, '}') || (digits(e, &high) && low <= high && next_is(e, '}')));
}

/* Behind "[:" within brackets. */
static bool class_ok(struct ere *e)
{
	static const char *const names[] = { "alnum", "digit", "punct", "alpha", "graph", "space",
					     "blank", "lower", "upper", "cntrl", "print", "xdigit" };
	struct al_slice name;

	if (!al_slice_cut(&e->rest, ':', &name) || !next_is(e, ']'))
		return false;
	for (size_t i = 0; i < AL_COUNT(names); i++)
		if (al_slice_is(name, names[i]))
			return true;
	return false;
}

/* Behind the '-' of a range from `low`; at the end it stands for itself. */
static bool range_ok(struct ere *e, uint8_t low)
{
	return e->rest.len > 0 && (e->rest.ptr[0] == ']' || (e->rest.ptr[0] != '[' && next(e) >= low));
}

/*
 * Behind '['. BIND takes a '-' for itself at the front alone, or at the end behind a single character. Collating elements and
 * equivalence classes, [.x.] and [=x=], are what no two programs agree on.
 */
static bool bracket_ok(struct ere *e)
{
	bool single = false; /* a range may begin at what came last */
	uint8_t ch = 0, low;

	(void)next_is(e, '^');
	for (bool first = true; e->rest.len > 0; first = false) {
		low = ch;
		ch = next(e);
		if (ch == ']' && !first)
			return true;
		if (ch == '-' && !first) {
			if (!single || !range_ok(e, low))
				return false;
			single = false;
			continue;
		}
		single = ch != '[';
		if (ch == '[' && e->rest.len > 0 && strchr(":.=", e->rest.ptr[0]) != NULL &&
		    !(next_is(e, ':') && class_ok(e)))
			return false;
	}
	return false;
}

/* The end of a branch: of the ERE, before ')', before '|'. */
static bool branch_end(struct ere *e)
{
	bool good = e->atom;

	e->atom = false;
	e->repeated = true;
	return good;
}

static bool close_group(struct ere *e)
{
	if (e->open == 0 || !branch_end(e))
		return false;
	e->open--;
	e->atom = true;
	e->repeated = false;
	return true;
}

static bool escape_ok(struct ere *e)
{
	return e->rest.len > 0 &&
	       (!isdigit((unsigned char)e->rest.ptr[0]) || e->rest.ptr[0] == '0' ||
		(unsigned)(e->rest.ptr[0] - '0') <= e->groups) &&
	       next(e) != 0;
}

/* One piece of it, or a sign between pieces. */
static bool piece_ok(struct ere *e)
{
	uint8_t ch = next(e);
	bool repeats = ch == '*' || ch == '+' || ch == '?' || ch == '{', anchor = ch == '^' || ch == '$';

	if (repeats && (!e->atom || e->repeated))
		return false;
	if (ch == '|')
		return branch_end(e);
	if (ch == ')')
		return close_group(e);
	if (ch == '(') {
		e->groups++;
		e->open++;
		e->atom = false;
		e->repeated = true;
		return true;
	}
	e->atom = true;
	e->repeated = repeats || anchor;
	if (ch == '{')
		return bound_ok(e);
	if (ch == '[')
		return bracket_ok(e);
	return ch == '\\' ? escape_ok(e) : ch != 0;
}

static bool ere_ok(struct al_slice text, unsigned *groups)
{
	struct ere e = { .rest = text };

	while (e.rest.len > 0)
		if (!piece_ok(&e))
			return false;
	*groups = e.groups;
	return branch_end(&e) && e.open == 0;
}

/* Each \N in it stands for a group that the ERE has. */
static bool replacement_ok(struct al_slice text, unsigned groups)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		if (text.ptr[i] != '\\')
			continue;
		i++;
		if (text.ptr[i] == '0' ||
		    (isdigit((unsigned char)text.ptr[i]) && (unsigned)(text.ptr[i] - '0') > groups))
			return false;
	}
	return true;
}

/* Up to the next delimiter before which there is no '\'. */
static bool cut_at(struct al_slice *rest, char delimiter, struct al_slice *out)
{
	size_t len = 0;

	while (len < rest->len && rest->ptr[len] != delimiter)
		len += rest->ptr[len] == '\\' ? 2 : 1;
	if (len >= rest->len)
		return false;
	*out = al_slice_head(*rest, len);
	*rest = al_slice_from(*rest, len + 1);
	return true;
}

static const char *regexp_check(struct al_slice text)
{
	struct al_slice ere, replacement;
	char delimiter = text.ptr[0];
	unsigned groups;

	if (memchr(text.ptr, 0, text.len) != NULL || !isgraph((unsigned char)delimiter) ||
	    isdigit((unsigned char)delimiter) || delimiter == '\\' || delimiter == 'i')
		return "a NAPTR regexp begins with its delimiter, which is no digit, no '\\' and no i, as in "
		       "!^.*$!sip:a@b!";
	text = al_slice_from(text, 1);
	if (!cut_at(&text, delimiter, &ere) || !cut_at(&text, delimiter, &replacement))
		return "a NAPTR regexp has three delimiters, as !^.*$!sip:a@b!, and behind them nothing but i";
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] != 'i')
			return "a NAPTR regexp has three delimiters, as !^.*$!sip:a@b!, and behind them nothing but i";
	if (!ere_ok(ere, &groups))
		return "what is between the first delimiters of a NAPTR regexp is no extended regular expression of "
		       "POSIX";
	return replacement_ok(replacement, groups) ? NULL : "a NAPTR regexp puts in \\N what it has no group for";
}

const char *rr_naptr_check(struct al_slice wire)
{
	struct al_reader r = al_reader_of(wire.ptr, wire.len);
	struct al_slice flags, regexp;

	(void)al_read_bytes(&r, 4);
	flags = al_read_bytes(&r, al_read_u8(&r));
	(void)al_read_bytes(&r, al_read_u8(&r));
	regexp = al_read_bytes(&r, al_read_u8(&r));
	for (size_t i = 0; i < flags.len; i++)
		if (!isalnum((unsigned char)flags.ptr[i]))
			return "NAPTR flags are letters and digits";
	if (regexp.len > 0 && r.left > 1)
		return "a NAPTR record has a regexp or a replacement, and . for the one or \"\" for the other";
	return regexp.len > 0 ? regexp_check(regexp) : NULL;
}
