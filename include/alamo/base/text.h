/* SPDX-License-Identifier: MIT */
/*
 * text.h -- what text is, for everything that people write and read here.
 *
 * Valid UTF-8 (RFC 3629: shortest form, no surrogates) without what changes how the rest is shown (C0 controls but
 * the tab, DEL, C1 controls, line and paragraph separators, the bidirectional controls of Unicode UAX 9), and without
 * what shows nothing or not the same everywhere: zero-width and other ignorable characters, fillers, tags,
 * noncharacters, private use. A variation selector is taken directly behind a picture, once. What comes in is checked,
 * what goes out is escaped where it is older than that.
 */
#ifndef ALAMO_TEXT_H
#define ALAMO_TEXT_H

#include "alamo/base/buf.h"

#define AL_TEXT_CHAR_MAX 7   /* bytes: a character of 4 and its selector */
#define AL_TEXT_FAULT_LEN 40 /* bytes of what al_text_fault() says, with the NUL */

/* Length of the character that `s` begins with, with its selector; 0: none may stand in text so, or `s` is empty. */
size_t al_text_char(struct al_slice s);
/* One line of text; true for none at all. */
bool al_text_ok(struct al_slice s);
/* What is wrong with a line that is not ok: "U+200B at byte 17"; empty for one that is. */
void al_text_fault(struct al_slice s, char out[static AL_TEXT_FAULT_LEN]);
/* Text with every byte that may not stand in it as \xNN; LF stays. */
void al_text_escape(struct al_slice s, struct al_buf *out);
/* The same into a C string, which is cut off, never within a character, where `cap` ends. `cap` is at least 1. */
void al_text_clean(struct al_slice s, char *out, size_t cap);

#endif
