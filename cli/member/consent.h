/* SPDX-License-Identifier: MIT */
/*
 * consent.h -- text that came over the network is signed only by who has seen it.
 *
 * Either it is shown at a terminal and a person says yes to these very bytes,
 * or they are named by the hash that was printed when they were shown.
 */
#ifndef CLI_CONSENT_H
#define CLI_CONSENT_H

#include "alamo/base/slice.h"

#define CONSENT_HASH_LEN 65 /* SHA-256 in hexadecimal, with NUL */

void consent_hash(struct al_slice text, char out[static CONSENT_HASH_LEN]);
/* Would a person see every byte of it? No control bytes but LF and TAB. Said if not. */
bool consent_visible(struct al_slice text);
/* Shows the text and asks. False: no, or (said, with `instead`) nobody is there to ask. */
bool consent_ask(struct al_slice text, const char *question, const char *instead);

#endif
