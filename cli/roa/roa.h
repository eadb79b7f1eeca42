/* SPDX-License-Identifier: MIT */
/*
 * roa.h -- the verbs of `alamo roa`, one file each, and their options.
 */
#ifndef CLI_ROA_H
#define CLI_ROA_H

#include "log/log_read.h"
#include "option.h"

struct roa_options {
	struct log_read_options where; /* verify */
	const char *log_key;
	const char *witnesses;
	const char *into; /* fetch */
	const char *reload;
	struct option_list files;
	const char *listen; /* serve */
	struct option_number port, http_port, every;
	struct option_number need, brake;
	bool release;
	struct option_list filters; /* compare */
	const char *letters;
};

struct al_policy;

/* The witnesses' policy in a file; NULL gives none. An exit code. */
int roa_policy(const char *path, struct al_policy **out);
/* Unix seconds, or 0 with a clock that nobody has set. */
uint64_t roa_clock(void);

int roa_key(const struct words *words, const void *options);
int roa_held(const struct words *words, const void *options);
int roa_release(const struct words *words, const void *options);
int roa_verify(const struct words *words, const void *options);
int roa_fetch(const struct words *words, const void *options);
int roa_serve(const struct words *words, const void *options);
int roa_compare(const struct words *words, const void *options);

#endif
