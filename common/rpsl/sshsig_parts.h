/* SPDX-License-Identifier: MIT */
/*
 * sshsig_parts.h -- what signatures by any kind of key share.
 */
#ifndef COMMON_SSHSIG_PARTS_H
#define COMMON_SSHSIG_PARTS_H

#include "alamo/base/buf.h"

/* PROTOCOL.sshsig, a blob's fields; slices point into it. */
struct sshsig_fields {
	struct al_slice key, ns, inner;
	bool sha512; /* else sha256 */
};

/* Blob inside the armor. CR LF is taken for LF; nothing but white space may follow the last line. */
enum al_err sshsig_armor_decode(struct al_slice armored, uint8_t *blob, size_t cap, size_t *len);
/* AL_EUNSUPPORTED: another version or hash. */
enum al_err sshsig_fields_of(const uint8_t *blob, size_t len, struct sshsig_fields *out);
/* The bytes that the key has signed. */
void sshsig_to_sign(struct al_slice ns, bool sha512, struct al_slice message, struct al_buf *out);

#endif
