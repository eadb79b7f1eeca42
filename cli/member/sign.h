/* SPDX-License-Identifier: MIT */
/*
 * sign.h -- SSH signatures and keys by ssh-keygen, so that agents, FIDO keys
 * and passphrases work as everywhere else. No key is read by us.
 */
#ifndef CLI_SIGN_H
#define CLI_SIGN_H

#include "alamo/base/buf.h"

/* Appends one armored signature over `text`; `key` is a private key's file, or a .pub whose key an agent has. */
AL_MUST_USE enum al_err sign_text(const char *key, const char *ns, struct al_slice text, struct al_buf *out);
/* "ssh-ed25519 AAAA..." of `key` (KEY.pub, KEY itself when it is public, else asked of ssh-keygen); no comment. */
AL_MUST_USE enum al_err sign_public(const char *key, struct al_buf *out);
/* New ed25519 key pair without passphrase in `path` and `path`.pub. */
AL_MUST_USE enum al_err sign_generate(const char *path, const char *comment);

#endif
