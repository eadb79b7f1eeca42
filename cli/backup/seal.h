/* SPDX-License-Identifier: MIT */
/*
 * seal.h -- bytes under a passphrase (docs/formats.md, "Sealed file"):
 * Argon2id gives the key, XChaCha20-Poly1305 in libsodium's secretstream does the rest.
 */
#ifndef CLI_SEAL_H
#define CLI_SEAL_H

#include "alamo/base/buf.h"

#define SEAL_PASSPHRASE_MIN 12 /* bytes */
#define SEAL_MAX (1u << 30)    /* bytes that are sealed at once */

/* What one guess of the passphrase costs. */
struct seal_cost {
	uint64_t ops, memory; /* Argon2id's passes, bytes */
};
extern const struct seal_cost seal_cost_moderate; /* 256 MiB, a second */

/* Appended to `out`, which has room for a little more than `plain`. AL_ENOMEM: also when Argon2id's memory is not to be had. */
AL_MUST_USE enum al_err seal(struct al_slice plain, struct al_slice passphrase, const struct seal_cost *cost,
			     struct al_buf *out);
/* AL_EINVAL: no sealed file. AL_EVERIFY: another passphrase, or not all of what was sealed. */
AL_MUST_USE enum al_err seal_open(struct al_slice sealed, struct al_slice passphrase, struct al_buf *out);

#endif
