/* SPDX-License-Identifier: MIT */
/*
 * sha.c -- SHA-256 by libcrypto, which uses the processor's instructions for it (libsodium does not, and takes four
 * times as long), and by its older calls, which need no memory and cannot fail.
 */
#include "alamo/base/sha.h"

#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

_Static_assert(AL_HASH_LEN == SHA256_DIGEST_LENGTH, "a hash is one of SHA-256");

void al_sha256(const struct al_slice *parts, size_t count, uint8_t out[static AL_HASH_LEN])
{
	SHA256_CTX sha;

	(void)SHA256_Init(&sha);
	for (size_t i = 0; i < count; i++)
		if (parts[i].len > 0)
			(void)SHA256_Update(&sha, parts[i].ptr, parts[i].len);
	(void)SHA256_Final(out, &sha);
}
