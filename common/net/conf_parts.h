/* SPDX-License-Identifier: MIT */
/*
 * conf_parts.h -- the schema (conf.c) as the reader of files knows it (conf_file.c). Private to those two.
 */
#ifndef COMMON_CONF_PARTS_H
#define COMMON_CONF_PARTS_H

#include "alamo/net/conf.h"

#include <limits.h>

enum conf_type {
	CONF_TEXT,   /* at least `min` bytes */
	CONF_CHOICE, /* one of `choices` */
	CONF_ADDRS,  /* comma list of addresses, at least `min` */
	CONF_NUMBER, /* decimal, min..max */
	CONF_BOOL,   /* yes or no */
};

struct conf_row {
	const char *section;
	const char *key;
	const char *preset;
	uint64_t min;
	uint64_t max;
	const char *standard; /* preset under `[network] ports = standard`, or NULL */
	const char *choices;  /* "a|b" */
	const char *doc;
	enum conf_type type;
	bool live; /* a daemon takes a new value while it runs */
};

extern const struct conf_row conf_rows[];
extern const size_t conf_rows_count;

struct conf_value {
	char *text;      /* owned; NULL: not in the file */
	uint64_t number; /* CONF_NUMBER, CONF_BOOL */
};

struct al_conf {
	char dir[PATH_MAX];         /* absolute */
	struct conf_value values[]; /* one a row */
};

struct al_conf *conf_new(void);                                             /* no values yet; NULL: out of memory */
const struct conf_row *conf_row_find(const char *section, const char *key); /* NULL: no such */

#endif
