/* SPDX-License-Identifier: MIT */
/*
 * pairs.h -- our own small files: lines "NAME = VALUE", and comments.
 *
 * A '#' at the beginning of a line or value, or behind a blank, begins a comment.
 */
#ifndef CLI_PAIRS_H
#define CLI_PAIRS_H

#include "alamo/base/slice.h"

struct pair {
	unsigned line; /* from 1; begins as 0 */
	struct al_slice name, value;
};

/* The next pair. False at the end, or with a `name` of length 0 when a line is none. */
bool pairs_next(struct al_slice *text, struct pair *out);

#endif
