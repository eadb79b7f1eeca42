/* SPDX-License-Identifier: MIT */
/*
 * case_file.h -- how the files in tests/cases are written (README.md there):
 * files, sections, keys by name, abbreviations.
 *
 * For tests: what cannot be read fails the running test.
 */
#ifndef SUPPORT_CASE_FILE_H
#define SUPPORT_CASE_FILE_H

#include "alamo/base/buf.h"

#define CASE_TEXT_MAX (8u << 20)

/* Path of a file below tests/, valid until the next call. */
char *case_path(const char *name);
void case_file_read(const char *path, struct al_buf *out); /* initialises out */
void case_file_write(const char *path, struct al_slice text);

struct case_person {
	char name[16];
	uint8_t seed[32];
	char key[120]; /* auth: value */
};
/* A name is a key: made when it is first asked for, the same in every run. */
const struct case_person *case_person(struct al_slice name);

/* "@ALICE-KEY@", "@x*8200@", "@0x07@", blocks of "@repeat 100@" with "@n@" in them. */
void case_expand(struct al_slice text, struct al_buf *out);
/* The other way round, for answers. */
void case_abbreviate(struct al_slice text, struct al_buf *out);

/* "=== kind words", options up to an empty line, body. An answer or object has no options. */
struct case_section {
	struct al_slice kind;
	struct al_slice words;
	struct al_slice options;
	struct al_slice body;
};
/* Cuts the prose before the first marker off. */
struct al_slice case_prose(struct al_slice *text);
bool case_section_next(struct al_slice *rest, struct case_section *out);
struct al_slice case_option(const struct case_section *section, const char *name);

#endif
