/* SPDX-License-Identifier: MIT */
/*
 * outlet_memory.h -- what somebody was told, in a file: DIR/NAME.told, lines NAME = VALUE.
 */
#ifndef CLI_OUTLET_MEMORY_H
#define CLI_OUTLET_MEMORY_H

#include "outlet.h"

#define OUTLET_REQUEST_LEN 65 /* 64 digits */

struct outlet_memory {
	uint64_t next;                                       /* entry */
	char requests[OUTLET_ASKED_MAX][OUTLET_REQUEST_LEN]; /* whose outcome was told; the oldest goes first */
	size_t count;
};

bool outlet_memory_has(const struct outlet_memory *m, const char *hash);
void outlet_memory_add(struct outlet_memory *m, const char *hash);
/* No file is no memory. An exit code; said. */
int outlet_memory_load(struct outlet_memory *m, const struct outlet_conf *conf);
/* Synced to the disk. What goes wrong is said: it may be told again. */
void outlet_memory_save(const struct outlet_memory *m, const struct outlet_conf *conf);

/* The text, both ways. False: none of ours, or about another monitor's events. */
bool outlet_memory_read(struct outlet_memory *m, struct al_slice text, const char *log, const char *mnt);
void outlet_memory_put(const struct outlet_memory *m, const char *log, const char *mnt, struct al_buf *out);

#endif
