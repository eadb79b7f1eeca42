/* SPDX-License-Identifier: MIT */
/*
 * nearest.c -- distance of two names: Levenshtein's, a swap of neighbours counting once.
 */
#include "nearest.h"

#include <stdint.h>
#include <string.h>

#define NAME_MAX_LEN 63

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t nearest_distance(const char *a, const char *b)
{
	size_t rows[3][NAME_MAX_LEN + 1], width = strlen(b), height = strlen(a);

	if (width > NAME_MAX_LEN || height > NAME_MAX_LEN)
		return SIZE_MAX;
	for (size_t k = 0; k <= width; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= height; i++) {
		size_t *now = rows[i % 3], *before = rows[(i + 2) % 3];
		const size_t *second = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t k = 1; k <= width; k++) {
			now[k] = before[k - 1] + (a[i - 1] != b[k - 1]);
			now[k] = least(now[k], least(before[k], now[k - 1]) + 1);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				now[k] = least(now[k], second[k - 2] + 1);
		}
	}
	return rows[height % 3][width];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
	size_t distance = nearest_distance(nearest->typed, name), most = strlen(nearest->typed) / 3;

	if (distance > (most < 2 ? most : 2) || (nearest->best != NULL && distance >= nearest->distance))
		return;
	nearest->best = name;
	nearest->distance = distance;
}
