/* links: alamo_mesh -- announcements of the mesh, as they come from a neighbour */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever is read has its length, and goes on to the next node as the same bytes and one hop more. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[32] = { 1 }, to[MESH_KEY_LEN] = { 2 };
	uint8_t key[32], secret[64];
	struct mesh_record record, next;
	struct al_buf out;
	enum al_err err;

	if (mesh_record_read(al_slice_of(data, size), &record) != AL_OK)
		return 0;
	if (size != MESH_RECORD_LEN(record.hops))
		abort();
	err = mesh_record_verify(&record, record.hop[0].key, to);
	if (err != AL_OK && err != AL_EVERIFY)
		abort();
	(void)crypto_sign_seed_keypair(key, secret, seed);
	al_buf_init(&out, MESH_RECORD_MAX);
	if (mesh_record_write(&record, secret, 9, to, 0, record.cost, &out) == AL_OK) {
		if (out.len != size + MESH_RECORD_HOP || memcmp(out.ptr + 2, data + 2, size - 2) != 0)
			abort();
		/* Only a hop of our own key makes it unreadable. */
		if (mesh_record_read(al_buf_view(&out), &next) == AL_OK && next.hops != record.hops + 1)
			abort();
	} else if (record.hops < MESH_RECORD_HOPS) {
		abort();
	}
	al_buf_release(&out);
	return 0;
}
