/* SPDX-License-Identifier: MIT */
/*
 * nearest.h -- what somebody may have meant by a name that does not exist.
 */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

/* How many letters to add, leave out, exchange or swap with their neighbour; names of at most 63 bytes, else SIZE_MAX. */
size_t nearest_distance(const char *a, const char *b);

struct nearest {
	const char *typed;
	const char *best; /* NULL: nothing is near */
	size_t distance;
};

/* Looks at one more name; near is at most a third of the letters, and two. */
void nearest_offer(struct nearest *nearest, const char *name);

#endif
