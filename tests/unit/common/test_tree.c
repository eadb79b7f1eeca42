/* SPDX-License-Identifier: MIT */
/*
 * test_tree.c -- RFC 6962 hashes and roots, and every proof of the trees of up
 * to 100 leaves, good ones taken and changed ones refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "alamo/tlog/tree.h"

#define SIZE_TOP 100

struct fixture {
	struct al_tree *tree;
	struct al_hash leaf[SIZE_TOP];
	struct al_hash root[SIZE_TOP + 1]; /* by the edge, one a size */
};

static void assert_hash(struct al_hash hash, const char *want)
{
	char hex[2 * AL_HASH_LEN + 1];

	(void)sodium_bin2hex(hex, sizeof(hex), hash.b, sizeof(hash.b));
	assert_string_equal(hex, want);
}

static int setup(void **state)
{
	static struct fixture f;
	struct al_edge edge;
	char text[32];

	al_edge_init(&edge);
	if (sodium_init() < 0 || al_tree_new(&f.tree) != AL_OK)
		return -1;
	f.root[0] = al_edge_root(&edge);
	for (size_t i = 0; i < SIZE_TOP; i++) {
		(void)snprintf(text, sizeof(text), "entry %zu", i);
		f.leaf[i] = al_leaf_hash(al_slice_str(text));
		al_edge_push(&edge, &f.leaf[i]);
		f.root[i + 1] = al_edge_root(&edge);
		if (al_tree_push(f.tree, &f.leaf[i]) != AL_OK)
			return -1;
	}
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	al_tree_free(((struct fixture *)*state)->tree);
	return 0;
}

static void rfc6962_vectors(void **state)
{
	const struct al_slice inputs[] = {
		AL_S(""),
		AL_S("\x00"),
		AL_S("\x10"),
		AL_S("\x20\x21"),
		AL_S("\x30\x31"),
		AL_S("\x40\x41\x42\x43"),
		AL_S("\x50\x51\x52\x53\x54\x55\x56\x57"),
		AL_S("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
	};
	static const char *const roots[] = {
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	};
	struct al_edge edge;
	struct al_hash leaf;

	(void)state;
	al_edge_init(&edge);
	assert_hash(al_edge_root(&edge), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_hash(al_leaf_hash(AL_S("abc")), "609f6e36d2405585188d5cfd761f407c7cc46a7d3f314c88270469dde315fcd1");
	for (size_t i = 0; i < AL_COUNT(inputs); i++) {
		leaf = al_leaf_hash(inputs[i]);
		al_edge_push(&edge, &leaf);
		assert_hash(al_edge_root(&edge), roots[i]);
	}
}

static void tree_and_edge_agree(void **state)
{
	const struct fixture *f = *state;

	for (uint64_t n = 0; n <= SIZE_TOP; n++) {
		struct al_hash root = al_tree_root(f->tree, n);

		assert_true(al_hash_eq(&root, &f->root[n]));
	}
}

/* Also of one that was longer: who goes on from there has the roots of who began at the first leaf. */
static void edge_of_a_tree(void **state)
{
	const struct fixture *f = *state;
	struct al_edge edge;
	struct al_hash root;
	struct al_tree *tree;

	assert_int_equal(al_tree_new(&tree), AL_OK);
	for (uint64_t n = 0; n < SIZE_TOP; n++)
		assert_int_equal(al_tree_push(tree, &f->leaf[n]), AL_OK);
	for (uint64_t n = SIZE_TOP; n-- > 0;) {
		al_tree_truncate(tree, n);
		al_tree_edge(tree, &edge);
		assert_int_equal(edge.size, n);
		root = al_edge_root(&edge);
		assert_true(al_hash_eq(&root, &f->root[n]));
		al_edge_push(&edge, &f->leaf[n]);
		root = al_edge_root(&edge);
		assert_true(al_hash_eq(&root, &f->root[n + 1]));
	}
	al_tree_free(tree);
}

static void inclusion_mutants(const struct fixture *f, uint64_t i, uint64_t n, struct al_hash *proof, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		proof[k].b[i % AL_HASH_LEN] ^= 4;
		assert_false(al_inclusion_ok(i, n, &f->leaf[i], proof, count, &f->root[n]));
		proof[k].b[i % AL_HASH_LEN] ^= 4;
	}
	if (count > 0)
		assert_false(al_inclusion_ok(i, n, &f->leaf[i], proof, count - 1, &f->root[n]));
	if (count > 0)
		assert_false(al_inclusion_ok(i, n, &f->leaf[i], proof + 1, count - 1, &f->root[n]));
	proof[count] = f->leaf[0];
	assert_false(al_inclusion_ok(i, n, &f->leaf[i], proof, count + 1, &f->root[n]));
	if (i + 1 < n)
		assert_false(al_inclusion_ok(i + 1, n, &f->leaf[i], proof, count, &f->root[n]));
	assert_false(al_inclusion_ok(i, n, &f->leaf[i], proof, count, &f->root[n - 1]));
	assert_false(al_inclusion_ok(n, n, &f->leaf[i], proof, count, &f->root[n]));
}

static void every_inclusion_proof(void **state)
{
	const struct fixture *f = *state;
	struct al_hash proof[AL_PROOF_MAX];

	for (uint64_t n = 1; n <= SIZE_TOP; n++)
		for (uint64_t i = 0; i < n; i++) {
			size_t count = al_tree_inclusion(f->tree, i, n, proof);

			assert_true(al_inclusion_ok(i, n, &f->leaf[i], proof, count, &f->root[n]));
			inclusion_mutants(f, i, n, proof, count);
		}
	assert_false(al_inclusion_ok(0, 0, &f->leaf[0], proof, 0, &f->root[0]));
}

static void consistency_mutants(const struct fixture *f, uint64_t m, uint64_t n, struct al_hash *proof, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		proof[k].b[m % AL_HASH_LEN] ^= 1;
		assert_false(al_consistency_ok(m, n, &f->root[m], &f->root[n], proof, count));
		proof[k].b[m % AL_HASH_LEN] ^= 1;
	}
	if (count > 0)
		assert_false(al_consistency_ok(m, n, &f->root[m], &f->root[n], proof, count - 1));
	proof[count] = f->leaf[0];
	assert_false(al_consistency_ok(m, n, &f->root[m], &f->root[n], proof, count + 1));
	assert_false(al_consistency_ok(m, n, &f->root[m - 1], &f->root[n], proof, count));
	assert_false(al_consistency_ok(m, n, &f->root[m], &f->root[n - 1], proof, count));
	if (m != n)
		assert_false(al_consistency_ok(n, m, &f->root[n], &f->root[m], proof, count));
}

static void every_consistency_proof(void **state)
{
	const struct fixture *f = *state;
	struct al_hash proof[AL_PROOF_MAX];

	for (uint64_t n = 1; n <= SIZE_TOP; n++)
		for (uint64_t m = 1; m <= n; m++) {
			size_t count = al_tree_consistency(f->tree, m, n, proof);

			assert_true(al_consistency_ok(m, n, &f->root[m], &f->root[n], proof, count));
			consistency_mutants(f, m, n, proof, count);
		}
	assert_true(al_consistency_ok(0, 5, &f->root[0], &f->root[5], proof, 0));
	assert_false(al_consistency_ok(0, 5, &f->root[1], &f->root[5], proof, 0));
	assert_true(al_consistency_ok(0, 0, &f->root[0], &f->root[0], proof, 0));
}

static void truncate_and_grow_again(void **state)
{
	struct fixture *f = *state;
	struct al_hash other = al_leaf_hash(AL_S("other"));
	struct al_hash root;

	for (uint64_t keep = 0; keep <= SIZE_TOP; keep += 7) {
		al_tree_truncate(f->tree, keep);
		assert_int_equal(al_tree_push(f->tree, &other), AL_OK);
		assert_int_equal(al_tree_push(f->tree, &other), AL_OK);
		al_tree_truncate(f->tree, keep);
		for (uint64_t i = keep; i < SIZE_TOP; i++)
			assert_int_equal(al_tree_push(f->tree, &f->leaf[i]), AL_OK);
		assert_int_equal(al_tree_size(f->tree), SIZE_TOP);
		root = al_tree_root(f->tree, SIZE_TOP);
		assert_true(al_hash_eq(&root, &f->root[SIZE_TOP]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc6962_vectors),         cmocka_unit_test(tree_and_edge_agree),
		cmocka_unit_test(edge_of_a_tree),          cmocka_unit_test(every_inclusion_proof),
		cmocka_unit_test(every_consistency_proof), cmocka_unit_test(truncate_and_grow_again),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
