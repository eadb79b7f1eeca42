/* SPDX-License-Identifier: MIT */
/*
 * pages.c -- asks the system for large pages, for what fills some.
 */
#include "alamo/base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE ((size_t)2 << 20) /* where they are smaller, a multiple of them */

void *al_large_alloc(size_t count, size_t size)
{
	size_t bytes;
	void *ptr;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - LARGE)
		return NULL;
	if (bytes < LARGE)
		return malloc(bytes);
	bytes = (bytes + LARGE - 1) & ~(LARGE - 1);
	ptr = aligned_alloc(LARGE, bytes);
	if (ptr != NULL)
		(void)madvise(ptr, bytes, MADV_HUGEPAGE);
	return ptr;
}

void *al_large_calloc(size_t count, size_t size)
{
	void *ptr = al_large_alloc(count, size);

	return ptr != NULL ? memset(ptr, 0, count * size) : NULL;
}
