/* SPDX-License-Identifier: MIT */
/*
 * roa_key.h -- the key that signs route origins, and what the log's key says about it (docs/formats.md).
 */
#ifndef CLI_ROA_KEY_H
#define CLI_ROA_KEY_H

#include "alamo/tlog/note.h"

/*
 * Writes DIR/keys/roa.key and DIR/keys/roa.note: a new key, named after the log, and a statement of the next version.
 * An exit code; what went wrong is said.
 */
int roa_key_make(const char *dir, const struct al_skey *log);

#endif
