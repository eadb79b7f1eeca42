/* SPDX-License-Identifier: MIT */
/*
 * sshsig.h -- SSH signatures (openssh-portable PROTOCOL.sshsig) with
 * libsodium alone: ssh-ed25519 and sk-ssh-ed25519@openssh.com (PROTOCOL.u2f).
 *
 * The `reserved` field is not covered by the signature: it must be empty.
 * Base64 must be canonical. FIDO keys must have asserted user presence.
 */
#ifndef ALAMO_SSHSIG_H
#define ALAMO_SSHSIG_H

#include "alamo/base/buf.h"

#define AL_SSH_APP_MAX 64
#define AL_SSH_NAMESPACE_MAX 80

struct al_sshkey {
	uint8_t pk[32];
	bool fido;                /* sk-ssh-ed25519@openssh.com */
	char app[AL_SSH_APP_MAX]; /* FIDO application, "ssh:"; C string */
};

/* "ssh-ed25519 AAAA..." with an optional comment, as in authorized_keys. */
AL_MUST_USE enum al_err al_sshkey_parse(struct al_slice line, struct al_sshkey *out);
/* "ssh-ed25519 AAAA...", no comment. */
void al_sshkey_format(const struct al_sshkey *key, struct al_buf *out);
/* Can a signature by it verify? Not by a point of small order, or none at all. Takes as long as a signature. */
bool al_sshkey_sound(const struct al_sshkey *key);
bool al_sshkey_eq(const struct al_sshkey *a, const struct al_sshkey *b);
/* "SHA256:..." as ssh-keygen -l shows it; 51 bytes with NUL. */
#define AL_SSH_FINGERPRINT_LEN 51
void al_sshkey_fingerprint(const struct al_sshkey *key, char out[static AL_SSH_FINGERPRINT_LEN]);

/*
 * Verify one armored signature over `message` in `ns`. On AL_OK *key is who
 * signed (the caller decides what that key may do). AL_EINVAL malformed,
 * AL_EUNSUPPORTED other key or hash type, AL_EVERIFY wrong namespace or bad.
 */
AL_MUST_USE enum al_err al_sshsig_verify(struct al_slice armored, struct al_slice ns, struct al_slice message,
					 struct al_sshkey *key);
/* The key that an armored signature says it is by; nothing is verified. Errors as above, but for AL_EVERIFY. */
AL_MUST_USE enum al_err al_sshsig_key(struct al_slice armored, struct al_sshkey *key);
/* Armored signature with a raw Ed25519 seed (tests, benches, generators). */
void al_sshsig_sign(const uint8_t seed[static 32], struct al_slice ns, struct al_slice message, struct al_buf *out);

#endif
