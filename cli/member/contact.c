/* SPDX-License-Identifier: MIT */
/*
 * contact.c -- contact blocks in the making. Pure but for the salt.
 */
#include "contact.h"

#include <sodium.h>
#include <string.h>

#include "alamo/base/sha.h"
#include "alamo/rpsl/object.h"
#include "alamo/rpsl/request.h"

#define SALT_LEN 32

static bool is_attribute(struct al_slice line)
{
	char first = line.len > 0 ? (char)(line.ptr[0] | 0x20) : '\0';

	return first >= 'a' && first <= 'z' && memchr(line.ptr, ':', line.len) != NULL &&
	       memchr(line.ptr, '\0', line.len) == NULL && !al_slice_casestarts(line, "salt:");
}

enum al_err contact_block(struct al_slice input, struct al_buf *out)
{
	size_t start = out->len;
	uint8_t salt[SALT_LEN];
	struct al_slice line;
	size_t count = 0;

	if (sodium_init() < 0)
		return AL_ESYS;
	randombytes_buf(salt, sizeof(salt));
	al_buf_str(out, "salt: ");
	al_buf_base64(out, salt, sizeof(salt));
	al_buf_str(out, "\n");
	while (al_slice_line(&input, &line)) {
		if (al_slice_trim(line).len == 0 || line.ptr[0] == '%' || line.ptr[0] == '#')
			continue;
		if (!is_attribute(line))
			return AL_EINVAL;
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
		count++;
	}
	if (out->err == AL_OK && out->len - start > AL_CONTACT_MAX)
		return AL_ELIMIT;
	return count == 0 && out->err == AL_OK ? AL_EINVAL : out->err;
}

void contact_hash(struct al_slice block, char out[static CONTACT_HASH_LEN])
{
	uint8_t hash[AL_HASH_LEN];
	size_t used = strlen("sha256:");

	al_sha256(&block, 1, hash);
	memcpy(out, "sha256:", used + 1);
	(void)sodium_bin2base64(out + used, CONTACT_HASH_LEN - used, hash, sizeof(hash),
				sodium_base64_VARIANT_ORIGINAL);
}

static void put_contact_line(struct al_buf *out, const char *hash)
{
	al_buf_printf(out, "%-*s%s\n", AL_VALUE_COLUMN, "contact:", hash);
}

enum al_err contact_draft(struct al_slice object, struct al_slice block, struct al_buf *out)
{
	char hash[CONTACT_HASH_LEN];
	struct al_slice line, handle = { NULL, 0 };

	contact_hash(block, hash);
	while (al_slice_line(&object, &line)) {
		if (al_slice_casestarts(line, "contact:"))
			continue;
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
		if (al_slice_casestarts(line, "nic-hdl:")) {
			handle = al_slice_trim(al_slice_from(line, sizeof("nic-hdl:") - 1));
			put_contact_line(out, hash);
		}
	}
	if (handle.len == 0)
		return AL_EINVAL;
	al_buf_printf(out, "-----BEGIN CONTACT %.*s-----\n", AL_FMT(handle));
	al_buf_slice(out, block);
	al_buf_printf(out, "-----END CONTACT %.*s-----\n", AL_FMT(handle));
	return out->err;
}
