/* SPDX-License-Identifier: MIT */
/* A chain of signed hops: made, read, verified; and each way to cheat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "record.h"

#define NODES 140

static uint8_t keys[NODES][32], secrets[NODES][64];

static int make_keys(void **state)
{
	uint8_t seed[32] = { 0 };

	(void)state;
	for (size_t i = 0; i < NODES; i++) {
		seed[0] = (uint8_t)i;
		(void)crypto_sign_seed_keypair(keys[i], secrets[i], seed);
	}
	return 0;
}

/* What node `hops` hears when the record came from node 0 by all between. */
static void chain(size_t hops, struct al_buf *out)
{
	struct al_buf before;
	struct mesh_record record;

	al_buf_init(&before, MESH_RECORD_MAX);
	for (size_t i = 0; i < hops; i++) {
		if (i > 0) {
			al_buf_reset(&before);
			al_buf_slice(&before, al_buf_view(out));
			assert_int_equal(mesh_record_read(al_buf_view(&before), &record), AL_OK);
		}
		al_buf_reset(out);
		assert_int_equal(mesh_record_write(i > 0 ? &record : NULL, secrets[i], (uint16_t)(i + 7), keys[i + 1],
						   513, (uint32_t)i + 1, out),
				 AL_OK);
	}
	al_buf_release(&before);
}

static void made_and_verified(void **state)
{
	struct al_buf bytes;
	struct mesh_record record;

	(void)state;
	al_buf_init(&bytes, MESH_RECORD_MAX);
	for (size_t hops = 1; hops <= MESH_RECORD_HOPS; hops += 18) {
		chain(hops, &bytes);
		assert_int_equal(bytes.len, MESH_RECORD_LEN(hops));
		assert_int_equal(mesh_record_read(al_buf_view(&bytes), &record), AL_OK);
		assert_int_equal(record.hops, hops);
		assert_int_equal(record.seqno, 513);
		assert_int_equal(record.cost, hops);
		assert_int_equal(record.hop[hops - 1].port, hops + 6);
		assert_int_equal(mesh_record_verify(&record, keys[0], keys[hops]), AL_OK);
		assert_int_equal(mesh_record_verify(&record, keys[1], keys[hops]), AL_EVERIFY);
		assert_int_equal(mesh_record_verify(&record, keys[0], keys[hops + 1]), AL_EVERIFY);
	}
	chain(MESH_RECORD_HOPS, &bytes);
	assert_int_equal(mesh_record_read(al_buf_view(&bytes), &record), AL_OK);
	assert_int_equal(mesh_record_write(&record, secrets[130], 1, keys[131], 0, 9, &bytes), AL_ELIMIT);
	al_buf_release(&bytes);
}

/* Every bit but the cost's and the version's is under a signature. */
static void no_bit_may_change(void **state)
{
	struct al_buf bytes;
	struct mesh_record record;

	(void)state;
	al_buf_init(&bytes, MESH_RECORD_MAX);
	chain(3, &bytes);
	for (size_t i = 0; i < bytes.len; i++) {
		enum al_err err;

		bytes.ptr[i] ^= 0x10;
		err = mesh_record_read(al_buf_view(&bytes), &record);
		if (err == AL_OK)
			err = mesh_record_verify(&record, keys[0], keys[3]);
		assert_true((err == AL_OK) == (i >= 4 && i < 8));
		bytes.ptr[i] ^= 0x10;
	}
	al_buf_release(&bytes);
}

/* Nobody is left out of the middle, and what is too long, short or round is no record. */
static void no_hop_left_out(void **state)
{
	struct al_buf bytes;
	struct mesh_record record;
	uint8_t *hop;

	(void)state;
	al_buf_init(&bytes, MESH_RECORD_MAX);
	chain(4, &bytes);
	hop = bytes.ptr + MESH_RECORD_HEAD;
	for (size_t len = 0; len < bytes.len; len++)
		assert_int_equal(mesh_record_read(al_slice_of(bytes.ptr, len), &record), AL_EINVAL);
	memmove(hop + MESH_RECORD_HOP, hop + 2 * MESH_RECORD_HOP, 2 * MESH_RECORD_HOP);
	bytes.ptr[1] = 3;
	assert_int_equal(mesh_record_read(al_slice_of(bytes.ptr, MESH_RECORD_LEN(3)), &record), AL_OK);
	assert_int_equal(mesh_record_verify(&record, keys[0], keys[4]), AL_EVERIFY);
	memcpy(hop + 2 * MESH_RECORD_HOP, hop, MESH_RECORD_HOP);
	assert_int_equal(mesh_record_read(al_slice_of(bytes.ptr, MESH_RECORD_LEN(3)), &record), AL_EINVAL);
	bytes.ptr[0] = 2;
	assert_int_equal(mesh_record_read(al_slice_of(bytes.ptr, MESH_RECORD_LEN(3)), &record), AL_EUNSUPPORTED);
	al_buf_release(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_verified),
		cmocka_unit_test(no_bit_may_change),
		cmocka_unit_test(no_hop_left_out),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, make_keys, NULL);
}
