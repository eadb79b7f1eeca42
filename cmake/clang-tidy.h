/* SPDX-License-Identifier: MIT */
/*
 * clang-tidy.h -- included before every file that script/lint gives to clang-tidy.
 *
 * uthash's deletion as a call into the unknown. The real macro frees the table
 * with its last element; the analyzer does not see that a loop over the elements
 * has ended then, and calls every such loop a use after free. Likewise utlist's:
 * which of a list's elements have a next one it does not see either.
 */
#include <uthash.h>
#include <utlist.h>

void analyzed_hash_delete(void *head, const void *element);

#undef HASH_DELETE
#define HASH_DELETE(hh, head, element) analyzed_hash_delete(&(head), (element))

void analyzed_list_delete(void *head, const void *element);

#undef DL_DELETE
#define DL_DELETE(head, element) analyzed_list_delete(&(head), (element))
