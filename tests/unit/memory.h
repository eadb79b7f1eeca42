/* SPDX-License-Identifier: MIT */
/*
 * memory.h -- one call of calloc() on this thread finds no memory: the one with that number from now on. For tests only, that
 * are programs of their own.
 */
#ifndef TESTS_MEMORY_H
#define TESTS_MEMORY_H

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static _Thread_local unsigned memory_fails; /* 1: the next; 0: none, and so it is once one has */

void *calloc(size_t count, size_t size)
{
	void *symbol = dlsym(RTLD_NEXT, "calloc");
	void *(*next)(size_t, size_t);

	if (memory_fails > 0 && --memory_fails == 0)
		return NULL;
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(count, size);
}

#endif
