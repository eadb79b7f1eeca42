/* SPDX-License-Identifier: MIT */
/* pages.h -- memory in the system's large pages. */
#ifndef ALAMO_PAGES_H
#define ALAMO_PAGES_H

#include <stddef.h>

#include "alamo/base/base.h"

/*
 * For a table that is read here and there: 16 MB are 4096 places that the processor has to know, or 8 of the large
 * pages that are asked for here. count * size bytes of anything, for free(); NULL: no memory, or too many. What is
 * smaller than a large page is as malloc() has it, and so is all where the system has none.
 */
AL_MUST_USE void *al_large_alloc(size_t count, size_t size);
/* The same, of zeros. */
AL_MUST_USE void *al_large_calloc(size_t count, size_t size);

#endif
