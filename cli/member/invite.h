/* SPDX-License-Identifier: MIT */
/*
 * invite.h -- an invitation: one word that says which registry, and by which log key.
 *
 * "alamo1-" and base64url of lines "server =", "pin =" and, last, a
 * check value of four bytes in hexadecimal, so that a mistyped word is no
 * other network.
 */
#ifndef CLI_INVITE_H
#define CLI_INVITE_H

#include "network.h"

#define INVITE_MAX 2048

struct invite {
	char server[NETWORK_FIELD_MAX]; /* "HOST:PORT" */
	char vkey[NETWORK_FIELD_MAX];   /* of the log */
};

/* Does the word begin as an invitation does? */
bool invite_is(const char *word);
AL_MUST_USE enum al_err invite_format(const struct invite *invite, char out[static INVITE_MAX]);
/* AL_EINVAL: not an invitation, or a mistyped one. */
AL_MUST_USE enum al_err invite_parse(const char *word, struct invite *out);

#endif
