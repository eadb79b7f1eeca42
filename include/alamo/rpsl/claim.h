/* SPDX-License-Identifier: MIT */
/*
 * claim.h -- a maintainer that came from another registry, claimed with a key
 * that this one does not take.
 *
 * Requests are signed by Ed25519 alone. A maintainer that was imported with
 * RSA or ECDSA keys keeps them as claim-key:, good for one thing: to say which
 * key speaks for it from now on. That statement is an SSH signature
 * (openssh-portable PROTOCOL.sshsig) in claim-proof:, so that it stands in the
 * entry and anybody can check it again.
 */
#ifndef ALAMO_CLAIM_H
#define ALAMO_CLAIM_H

#include "alamo/base/buf.h"

#define AL_CLAIM_BLOB_MAX 4096 /* bytes of a key or a proof */

/* "ssh-rsa" (2,048 to 16,384 bits) or "ecdsa-sha2-nistp256|384|521" key line, comment cut off, appended to `out`. */
AL_MUST_USE enum al_err al_claim_key_canon(struct al_slice line, struct al_buf *out);
/* Base64 of an SSHSIG blob by such a key. */
AL_MUST_USE enum al_err al_claim_proof_canon(struct al_slice text, struct al_buf *out);
/* The proof out of what ssh-keygen -Y sign prints. */
AL_MUST_USE enum al_err al_claim_proof_of(struct al_slice armored, struct al_buf *out);

/* SSHSIG namespace and text of the claim that `key` (as auth: has it) speaks for `mntner` in the registry `source`. */
void al_claim_namespace(struct al_slice source, struct al_buf *out);
void al_claim_text(struct al_slice source, struct al_slice mntner, struct al_slice key, struct al_buf *out);
/* AL_OK: the proof is by `claim_key` over that text. AL_EVERIFY: it is not. AL_EINVAL, AL_ENOMEM. */
AL_MUST_USE enum al_err al_claim_verify(struct al_slice proof, struct al_slice claim_key, struct al_slice ns,
					struct al_slice text);

#endif
