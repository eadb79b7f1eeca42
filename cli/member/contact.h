/* SPDX-License-Identifier: MIT */
/*
 * contact.h -- contact blocks: salted attribute lines, named in the log by
 * their hash only (docs/protocol.md, "Contact blocks").
 */
#ifndef CLI_CONTACT_H
#define CLI_CONTACT_H

#include "alamo/base/buf.h"

#define CONTACT_HASH_LEN 64 /* "sha256:BASE64" with NUL */

/*
 * Appends "salt: ..." with a new salt and the attribute lines of `input`
 * (empty lines and comments left out). AL_EINVAL: a line that is no attribute,
 * or none; AL_ELIMIT: more than a block may have.
 */
AL_MUST_USE enum al_err contact_block(struct al_slice input, struct al_buf *out);
/* "sha256:BASE64" of a block. */
void contact_hash(struct al_slice block, char out[static CONTACT_HASH_LEN]);
/*
 * Appends what `alamo submit` takes: the object with its `contact:` line
 * exchanged (or added behind nic-hdl), and the block. AL_EINVAL: no nic-hdl.
 */
AL_MUST_USE enum al_err contact_draft(struct al_slice object, struct al_slice block, struct al_buf *out);

#endif
