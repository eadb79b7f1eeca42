/* SPDX-License-Identifier: MIT */
/*
 * node_key.c -- see node_key.h.
 */
#include "node_key.h"

#include <errno.h>
#include <string.h>

#include "command.h"
#include "file.h"

#define KEY_PATH "etc/alamo/node.key"
#define KEY_BYTES 32

_Static_assert(crypto_sign_SEEDBYTES == KEY_BYTES && crypto_scalarmult_SCALARBYTES == KEY_BYTES, "one file format");

/* ---- files ---- */

static enum al_err key_make(const char *path, bool tunnel)
{
	uint8_t secret[KEY_BYTES];
	char text[NODE_KEY_LEN + 1];
	enum al_err err;

	randombytes_buf(secret, sizeof(secret));
	if (tunnel) {
		/* As RFC 7748 section 5 has it, and `wg genkey` writes it. */
		secret[0] &= 248;
		secret[31] = (uint8_t)((secret[31] & 127) | 64);
	}
	sodium_bin2base64(text, NODE_KEY_LEN, secret, sizeof(secret), sodium_base64_VARIANT_ORIGINAL);
	text[NODE_KEY_LEN - 1] = '\n';
	err = file_write(path, al_slice_of(text, NODE_KEY_LEN), 0600);
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(text, sizeof(text));
	return err;
}

static bool key_bytes(struct al_slice text, uint8_t out[static KEY_BYTES])
{
	size_t len;

	return al_slice_base64(text, out, KEY_BYTES, &len) == AL_OK && len == KEY_BYTES;
}

/* The file's line and its bytes; `what` says what it should be. */
static enum al_err key_read(const char *root, const char *rest, bool make, const char *what,
			    char text[static NODE_KEY_LEN], uint8_t bytes[static KEY_BYTES])
{
	char path[PATH_MAX];
	struct al_buf file;
	enum al_err err = node_path(root, rest, make, path);

	if (err != AL_OK)
		return err;
	al_buf_init(&file, 256);
	err = file_read(path, &file);
	if (err != AL_OK && errno == ENOENT && make) {
		al_buf_reset(&file);
		err = key_make(path, strcmp(rest, KEY_PATH) == 0);
		if (err == AL_OK)
			err = file_read(path, &file);
	}
	if (err != AL_OK) {
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
		err = errno == ENOENT ? AL_ENOTFOUND : err;
	} else if (al_slice_copy(al_slice_trim(al_buf_view(&file)), text, NODE_KEY_LEN) != AL_OK ||
		   !key_bytes(al_slice_str(text), bytes)) {
		command_fail(CLI_USAGE, "%s: not %s", path, what);
		err = AL_EINVAL;
	}
	if (file.len > 0)
		sodium_memzero(file.ptr, file.len);
	al_buf_release(&file);
	return err;
}

enum al_err node_key(const char *root, bool make, char secret[static NODE_KEY_LEN], char public[static NODE_KEY_LEN])
{
	uint8_t bytes[KEY_BYTES], point[crypto_scalarmult_BYTES];
	enum al_err err = key_read(root, KEY_PATH, make, "a WireGuard key (wg genkey)", secret, bytes);

	if (err == AL_OK && crypto_scalarmult_base(point, bytes) != 0)
		err = AL_EINVAL;
	if (err == AL_OK)
		sodium_bin2base64(public, NODE_KEY_LEN, point, sizeof(point), sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(bytes, sizeof(bytes));
	return err;
}

enum al_err node_mesh_key(const char *root, bool make, struct node_mesh_key *out)
{
	char text[NODE_KEY_LEN];
	uint8_t seed[KEY_BYTES];
	enum al_err err = key_read(root, NODE_MESH_KEY_PATH, make, "a mesh key (32 bytes in base64)", text, seed);

	if (err == AL_OK)
		(void)crypto_sign_seed_keypair(out->public, out->secret, seed);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text, sizeof(text));
	return err;
}

/* ---- a link's secret ---- */

/* One direction's key of the exchange is enough: babel has one key an interface. */
static bool exchange(const uint8_t *secret, const uint8_t *peer, bool first, uint8_t *out)
{
	uint8_t own[crypto_kx_PUBLICKEYBYTES], other[crypto_kx_SESSIONKEYBYTES];
	bool ok = crypto_scalarmult_base(own, secret) == 0 &&
		  (first ? crypto_kx_client_session_keys(other, out, own, secret, peer) == 0
			 : crypto_kx_server_session_keys(out, other, own, secret, peer) == 0);

	sodium_memzero(other, sizeof(other));
	return ok;
}

enum al_err node_link_secret(const char *secret, const char *peer, bool first, uint8_t out[static NODE_LINK_SECRET_LEN])
{
	uint8_t ours[KEY_BYTES], theirs[KEY_BYTES], shared[crypto_kx_SESSIONKEYBYTES];
	bool ok = key_bytes(al_slice_str(secret), ours) && key_bytes(al_slice_str(peer), theirs) &&
		  exchange(ours, theirs, first, shared) &&
		  crypto_kdf_derive_from_key(out, NODE_LINK_SECRET_LEN, 1, "alababel", shared) == 0;

	sodium_memzero(ours, sizeof(ours));
	sodium_memzero(shared, sizeof(shared));
	return ok ? AL_OK : AL_EINVAL;
}
