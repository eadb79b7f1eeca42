/* SPDX-License-Identifier: MIT */
/*
 * syntax_dns.h -- the syntaxes of domain objects, for the table in syntax.c.
 *
 * Each takes a trimmed value and appends its canonical form. AL_EINVAL: *why
 * says what is wrong (constant text), and `out` may have a beginning of the
 * form at its end, which the caller cuts off.
 */
#ifndef COMMON_SYNTAX_DNS_H
#define COMMON_SYNTAX_DNS_H

#include "alamo/base/slice.h"

struct al_buf;

enum al_err syntax_domain(struct al_slice value, struct al_buf *out, const char **why);
/* The same with a number as last label, as a log may have it. */
enum al_err syntax_domain_old(struct al_slice value, struct al_buf *out, const char **why);
/* "NAME" or "NAME ADDRESS". */
enum al_err syntax_nserver(struct al_slice value, struct al_buf *out, const char **why);
/* "TAG ALGORITHM TYPE HEX" (RFC 4034 section 5.3). */
enum al_err syntax_ds(struct al_slice value, struct al_buf *out, const char **why);
/* "NAME [TTL] TYPE DATA". */
enum al_err syntax_record(struct al_slice value, struct al_buf *out, const char **why);

#endif
