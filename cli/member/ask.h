/* SPDX-License-Identifier: MIT */
/*
 * ask.h -- questions to a person at a terminal.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "alamo/base/slice.h"

/* Is somebody there? Standard input and standard error are a terminal. */
bool ask_possible(void);
/* "PROMPT [FALLBACK]: "; an empty line is the fallback (may be NULL: then it is asked again). False at the end of input. */
bool ask_line(const char *prompt, const char *fallback, char *out, size_t cap);
/* False unless the answer begins with y. */
bool ask_yes(const char *prompt);

#endif
