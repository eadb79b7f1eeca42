/* SPDX-License-Identifier: MIT */
/*
 * rr_text.h -- the presentation format of record data (RFC 1035 section 5.1),
 * token by token.
 *
 * A failing call says in `why` what is wrong, as constant text.
 */
#ifndef COMMON_RR_TEXT_H
#define COMMON_RR_TEXT_H

#include "alamo/base/buf.h"

struct rr_text {
	struct al_slice rest;
	unsigned depth; /* open parentheses */
	const char *why;
};

enum al_err rr_fail(struct rr_text *t, const char *why); /* AL_EINVAL */
/* Passes blanks and parentheses. False: at the end, or an error (why is set). */
bool rr_more(struct rr_text *t);
/* After the last field: nothing but blanks, and every parenthesis closed. */
enum al_err rr_end(struct rr_text *t);
/* One token without quotes and escapes. */
enum al_err rr_word(struct rr_text *t, struct al_slice *word);
/* Decimal, any number of leading zeros, at most `max`. */
enum al_err rr_number(struct rr_text *t, uint64_t max, uint64_t *out);
/* One character-string, quoted or not, decoded and appended to `out` (\DDD, \X). */
enum al_err rr_string(struct rr_text *t, struct al_buf *out);
/* What stands behind a '=': a string that follows at once and may be empty. */
enum al_err rr_value(struct rr_text *t, struct al_buf *out);
/* All that is left, in as many groups as there are, decoded; at least one byte. */
enum al_err rr_hex(struct rr_text *t, struct al_buf *out);
enum al_err rr_base64(struct rr_text *t, struct al_buf *out);
/* A domain name to wire form, lower case. `host`: one that can be a host's (RFC 1123 section 2.1), or the root. */
enum al_err rr_name(struct rr_text *t, bool host, struct al_buf *wire);

/* `bytes` in quotes, escaped. */
void rr_put_string(struct al_slice bytes, struct al_buf *out);
/* Letters, digits and inner hyphens in each label; a first label '*' if `wildcard`. */
bool rr_is_host(struct al_slice name, bool wildcard);
/* RFC 3696 section 2: is it an address where a name should be? `name` without the root's dot. */
bool rr_ends_in_number(struct al_slice name);

#endif
