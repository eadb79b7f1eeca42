/* SPDX-License-Identifier: MIT */
/*
 * allocs.h -- one allocation that fails, the n-th from now on, in tests of one thread; or all of so many bytes, in any thread
 * begun since. For tests only, that are programs of their own.
 */
#ifndef TESTS_ALLOCS_H
#define TESTS_ALLOCS_H

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* It cannot be had with clang's sanitizers, whose allocator is linked into the program, nor with one that looks at threads. */
#if defined(__SANITIZE_THREAD__)
#define ALLOCS_NONE
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOCS_NONE
#endif
#endif

static size_t allocs_left = SIZE_MAX; /* so many are good; SIZE_MAX: all */
static bool allocs_failed;
static size_t allocs_never; /* so many bytes are never to be had; 0: all are */

/* The allocation behind the next `good` ones fails, and no other. */
static inline void allocs_fail(size_t good)
{
	allocs_failed = false;
	allocs_left = good;
}

/* From now on none fails. Did one? */
static inline bool allocs_end(void)
{
	allocs_left = SIZE_MAX;
	return allocs_failed;
}

#ifndef ALLOCS_NONE
/* These are called before a sanitizer has begun, by what begins it. */
#define ALLOCS_EARLY __attribute__((no_sanitize("address", "thread", "undefined")))

ALLOCS_EARLY static inline bool allocs_refused(size_t size)
{
	if (size == allocs_never && size != 0)
		return true;
	if (allocs_left == SIZE_MAX || allocs_left-- > 0)
		return false;
	allocs_left = SIZE_MAX;
	allocs_failed = true;
	errno = ENOMEM;
	return true;
}

/* ISO C has no cast from an object's address to a function's. */
union allocs_symbol {
	void *address;
	void *(*malloc)(size_t);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
};

ALLOCS_EARLY void *malloc(size_t size)
{
	static union allocs_symbol next;

	if (next.address == NULL)
		next.address = dlsym(RTLD_NEXT, "malloc");
	return allocs_refused(size) ? NULL : next.malloc(size);
}

ALLOCS_EARLY void *calloc(size_t count, size_t size)
{
	static union allocs_symbol next;

	if (next.address == NULL)
		next.address = dlsym(RTLD_NEXT, "calloc");
	return allocs_refused(count * size) ? NULL : next.calloc(count, size);
}

ALLOCS_EARLY void *realloc(void *old, size_t size)
{
	static union allocs_symbol next;

	if (next.address == NULL)
		next.address = dlsym(RTLD_NEXT, "realloc");
	return allocs_refused(size) ? NULL : next.realloc(old, size);
}
#endif

#endif
