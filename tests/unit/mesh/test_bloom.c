/* SPDX-License-Identifier: MIT */
/* Nothing that was put in is missed; how often others are taken follows from how full the filter is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/wire.h"
#include "bloom.h"

static void address_of(uint32_t n, uint8_t out[16])
{
	memset(out, 0, 16);
	out[0] = 0xfc;
	al_set_u32(out + 12, n);
}

static void fill(struct mesh_bloom *bloom, uint32_t first, uint32_t count)
{
	uint8_t address[16];

	for (uint32_t n = 0; n < count; n++) {
		address_of(first + n, address);
		mesh_bloom_add(bloom, address);
	}
}

static uint32_t found(const struct mesh_bloom *bloom, uint32_t first, uint32_t count)
{
	uint8_t address[16];
	uint32_t hits = 0;

	for (uint32_t n = 0; n < count; n++) {
		address_of(first + n, address);
		hits += mesh_bloom_has(bloom, address);
	}
	return hits;
}

static void wrong_as_often_as_full(void **state)
{
	static const uint32_t fills[] = { 1, 200, 700, 2000 };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(fills); i++) {
		struct mesh_bloom bloom;
		double expected, wrong;

		mesh_bloom_clear(&bloom);
		fill(&bloom, 0, fills[i]);
		assert_int_equal(found(&bloom, 0, fills[i]), fills[i]);
		expected = 100000;
		for (unsigned h = 0; h < MESH_BLOOM_HASHES; h++)
			expected *= mesh_bloom_set(&bloom) / (double)MESH_BLOOM_BITS;
		wrong = found(&bloom, 1000000, 100000);
		assert_true(wrong <= expected * 1.25 + 5 && wrong >= expected * 0.75 - 5);
	}
}

static void a_union_has_both(void **state)
{
	struct mesh_bloom a, b, both;

	(void)state;
	mesh_bloom_clear(&a);
	mesh_bloom_clear(&b);
	mesh_bloom_clear(&both);
	fill(&a, 0, 300);
	fill(&b, 5000, 300);
	fill(&both, 0, 300);
	fill(&both, 5000, 300);
	mesh_bloom_unite(&a, &b);
	assert_memory_equal(&a, &both, sizeof(a));
	assert_int_equal(found(&a, 0, 300) + found(&a, 5000, 300), 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_as_often_as_full),
		cmocka_unit_test(a_union_has_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
