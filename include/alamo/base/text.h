/* SPDX-License-Identifier: MIT */
/*
 * text.h -- what text is, for everything that people write and read here.
 *
 * Valid UTF-8 (RFC 3629: shortest form, no surrogates) without what changes
 * how the rest is shown: C0 controls but the tab, DEL, C1 controls, line and
 * paragraph separators, and the bidirectional controls (Unicode UAX 9). What
 * comes in is checked, what goes out is escaped where it is older than that.
 */
#ifndef ALAMO_TEXT_H
#define ALAMO_TEXT_H

#include "alamo/base/buf.h"

/* Length of the character that `s` begins with, 1 to 4; 0: it is none that may stand in text, or `s` is empty. */
size_t al_text_char(struct al_slice s);
/* One line of text; true for none at all. */
bool al_text_ok(struct al_slice s);
/* Text with every byte that may not stand in it as \xNN; LF stays. */
void al_text_escape(struct al_slice s, struct al_buf *out);
/* The same into a C string, which is cut off, never within a character, where `cap` ends. `cap` is at least 1. */
void al_text_clean(struct al_slice s, char *out, size_t cap);

#endif
