/* SPDX-License-Identifier: MIT */
/*
 * invite.h -- an invitation: one word that says which registry, and by which log key.
 *
 * "alamo1-" and base64url of lines "server =", "pin =", "vouch =" if somebody would, and, last, a
 * check value of four bytes in hexadecimal, so that a mistyped word is no
 * other network.
 */
#ifndef CLI_INVITE_H
#define CLI_INVITE_H

#include "network.h"

#define INVITE_MAX 2048
#define INVITE_MNTNER_MAX 81 /* a name of 80, and NUL */

struct invite {
	char server[NETWORK_FIELD_MAX]; /* "HOST:PORT" */
	char vkey[NETWORK_FIELD_MAX];   /* of the log */
	char vouch[INVITE_MNTNER_MAX];  /* maintainer that would vouch; empty: nobody said so */
};

/* Does the word begin as an invitation does? */
bool invite_is(const char *word);
AL_MUST_USE enum al_err invite_format(const struct invite *invite, char out[static INVITE_MAX]);
/* A maintainer's name as it is kept. AL_EINVAL: it is none. */
AL_MUST_USE enum al_err invite_mntner(struct al_slice typed, char out[static INVITE_MNTNER_MAX]);
/* AL_EINVAL: not an invitation, or a mistyped one. */
AL_MUST_USE enum al_err invite_parse(const char *word, struct invite *out);

#endif
