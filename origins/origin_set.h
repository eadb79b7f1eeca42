/* SPDX-License-Identifier: MIT */
/*
 * origin_set.h -- a set, and the difference of two, as text with one spelling (docs/formats.md, "Signed route origins").
 *
 *   set    "vrp PREFIX MAXLENGTH ASN" and "aspa CUSTOMER PROVIDER" lines in the set's order
 *   delta  "delta FROM TO", serials; then "+..." and "-..." lines, each in the set's order
 *
 * Neither is signed: a head (origin_head.h) names the set by its hash, and a delta is right when what it leads to is.
 */
#ifndef ORIGINS_ORIGIN_SET_H
#define ORIGINS_ORIGIN_SET_H

#include "vrp_delta.h"

#define ORIGIN_SET_MAX ((size_t)1 << 28) /* bytes: five million records */

void origin_set_write(const struct vrp_set *set, struct al_buf *out);
/* `size`: what the set is to be known by (vrp_set.h). AL_EINVAL: not the one spelling. AL_ELIMIT. */
AL_MUST_USE enum al_err origin_set_read(struct al_slice text, uint64_t size, struct vrp_set **out);

void origin_delta_write(const struct vrp_delta *delta, struct al_buf *out);
/* AL_EINVAL: malformed, or of another base. AL_ESTALE: not from `base` to the set of `size`. */
AL_MUST_USE enum al_err origin_delta_apply(struct al_slice text, const struct vrp_set *base, uint64_t size,
					   struct vrp_set **out);

#endif
