/* SPDX-License-Identifier: MIT */
/* Addresses against vectors of another implementation; what each nibble is; what is no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "address.h"
#include "../read_file.h"

static struct al_prefix prefix_of(const char *text)
{
	struct al_prefix p;

	assert_int_equal(al_prefix_parse(al_slice_str(text), &p), AL_OK);
	return p;
}

static void a_vector(struct al_slice line)
{
	struct al_slice key_text, prefix_text, address_text;
	uint8_t key[MESH_KEY_LEN];
	char text[AL_PREFIX_STRLEN];
	struct al_prefix network, address;
	size_t len;

	assert_true(al_slice_word(&line, "", &key_text) && al_slice_word(&line, "", &prefix_text) &&
		    al_slice_word(&line, "", &address_text));
	assert_int_equal(sodium_hex2bin(key, sizeof(key), key_text.ptr, key_text.len, NULL, &len, NULL), 0);
	assert_int_equal(al_prefix_parse(prefix_text, &network), AL_OK);
	assert_int_equal(mesh_address(&network, 0, key, &address), AL_OK);
	al_addr_format(&address, text);
	assert_true(al_slice_is(address_text, text));
	assert_int_equal(mesh_kind_of(&network, &address), MESH_NODE);
	assert_true(mesh_address_is(&network, &address, key));
	key[31] ^= 1;
	assert_false(mesh_address_is(&network, &address, key));
}

static void vectors(void **state)
{
	struct al_buf file;
	struct al_slice rest, line;
	unsigned count = 0;

	(void)state;
	al_buf_init(&file, READ_FILE_MAX);
	assert_true(read_file("vectors/mesh/addresses.txt", &file));
	rest = al_buf_view(&file);
	while (al_slice_line(&rest, &line))
		if (line.len > 0 && line.ptr[0] != '#') {
			a_vector(line);
			count++;
		}
	assert_int_equal(count, 20 * 5);
	al_buf_release(&file);
}

static void kinds(void **state)
{
	static const struct {
		const char *network, *address;
		enum mesh_kind kind;
	} rows[] = {
		{ "fca1::/16", "fca1::1", MESH_ROUTED },
		{ "fca1::/16", "fca1:7fff::/32", MESH_ROUTED },
		{ "fca1::/16", "fca1::/17", MESH_ROUTED },
		{ "fca1::/16", "fca1:8000::1", MESH_NODE },
		{ "fca1::/16", "fca1:9000::1", MESH_SUITE1 },
		{ "fca1::/16", "fca1:a100::/48", MESH_SUBNET },
		{ "fca1::/16", "fca1:b000::53", MESH_ANYCAST },
		{ "fca1::/16", "fca1:c000::", MESH_RESERVED },
		{ "fca1::/16", "fca1:ffff::1", MESH_RESERVED },
		{ "fca1::/16", "fca1:8000::/17", MESH_OUTSIDE },
		{ "fca1::/16", "fca1::/16", MESH_OUTSIDE },
		{ "fca1::/16", "fca2:8000::1", MESH_OUTSIDE },
		{ "fca1::/16", "172.20.0.1", MESH_OUTSIDE },
		{ "fdc9:281f:4d0::/44", "fdc9:281f:4d8::1", MESH_NODE },
		{ "fdc9:281f:4d0::/44", "fdc9:281f:4d7::1", MESH_ROUTED },
		{ "fdc9:281f:4d0::/44", "fdc9:281f:4da::/48", MESH_SUBNET },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_prefix network = prefix_of(rows[i].network), address = prefix_of(rows[i].address);

		assert_string_equal(mesh_kind_name(mesh_kind_of(&network, &address)), mesh_kind_name(rows[i].kind));
	}
}

static void spaces(void **state)
{
	static const struct {
		const char *network, *half, *nodes, *subnets;
	} rows[] = {
		{ "fca1::/16", "fca1:8000::/17", "fca1:8000::/20", "fca1:a000::/20" },
		{ "fdc9:281f:4d0::/44", "fdc9:281f:4d8::/45", "fdc9:281f:4d8::/48", "fdc9:281f:4da::/48" },
	};
	char text[AL_PREFIX_STRLEN];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_prefix network = prefix_of(rows[i].network), space = mesh_half(&network);

		al_prefix_format(&space, text);
		assert_string_equal(text, rows[i].half);
		space = mesh_space(&network, MESH_NODE);
		al_prefix_format(&space, text);
		assert_string_equal(text, rows[i].nodes);
		space = mesh_space(&network, MESH_SUBNET);
		al_prefix_format(&space, text);
		assert_string_equal(text, rows[i].subnets);
	}
}

static void no_network(void **state)
{
	static const char *const bad[] = { "fca0::/15", "fca1::/18", "::/0", "f000::/4", "fca1::/68", "10.0.0.0/8" };
	const uint8_t key[MESH_KEY_LEN] = { 1 };
	struct al_prefix out, good = prefix_of("fca1::/16");

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		struct al_prefix network = prefix_of(bad[i]);

		assert_int_equal(mesh_address(&network, 0, key, &out), AL_EINVAL);
		assert_int_equal(mesh_kind_of(&network, &good), MESH_OUTSIDE);
	}
	assert_int_equal(mesh_address(&good, 1, key, &out), AL_EUNSUPPORTED);
}

static void a_subnet_has_a_twin(void **state)
{
	struct al_prefix network = prefix_of("fca1::/16"), subnet = prefix_of("fca1:a100:7::/48");
	struct al_prefix wanted = prefix_of("fca1:100:7::/48"), twin = mesh_twin(&network, &subnet);

	(void)state;
	assert_true(al_prefix_eq(&twin, &wanted));
	network = prefix_of("fd00:1000::/20");
	subnet = prefix_of("fd00:1a12::/32");
	wanted = prefix_of("fd00:1012::/32");
	twin = mesh_twin(&network, &subnet);
	assert_true(al_prefix_eq(&twin, &wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors), cmocka_unit_test(kinds),      cmocka_unit_test(a_subnet_has_a_twin),
		cmocka_unit_test(spaces),  cmocka_unit_test(no_network),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
