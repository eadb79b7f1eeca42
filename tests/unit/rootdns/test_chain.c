/* SPDX-License-Identifier: MIT */
/*
 * test_chain.c -- the chain of a zone and its slots under many edits: what is there is found, in order, and snapshots
 * that are held show what they showed; at the end every piece was freed, once.
 */
#include "fixture.h"

#define NAMES 6000u
#define ROUNDS 60u
#define SEED UINT64_C(0x123456789abcdef)

static uint32_t seed = 7;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

/* One snapshot after the other, as zone_update makes them. */
struct version {
	struct zone_chain chain;
	struct zone_slots slots;
	struct retired retired;
	uint32_t number;
	bool is_there[NAMES]; /* 0: the apex */
};

static void name_put(unsigned n, struct dname *out)
{
	char text[64];

	/* many of them alike in their first eight bytes */
	(void)snprintf(text, sizeof(text), n == 0 ? "alamo" : "%s%u.alamo", n % 3 == 0 ? "long-name-" : "n", n);
	assert_int_equal(dname_of_text(al_slice_str(text), out), AL_OK);
}

static struct node *node_new(unsigned n, uint32_t number, bool cut)
{
	uint8_t key[DNAME_KEY_MAX];
	struct dname whole;
	struct node *node;
	size_t len;

	name_put(n, &whole);
	len = dname_key(whole.b, 1, key);
	node = calloc(1, sizeof(*node) + whole.len + len);
	assert_non_null(node);
	node->shared.born = number;
	node->cut = cut;
	node->name_len = whole.len;
	node->key_at = (uint32_t)(sizeof(*node) + whole.len);
	node->key_len = (uint16_t)len;
	memcpy((uint8_t *)node + sizeof(*node), whole.b, whole.len);
	memcpy((uint8_t *)node + node->key_at, key, len);
	return node;
}

static const struct node *find(const struct version *version, unsigned n, bool cut)
{
	struct dname_index name;
	struct dname whole;

	name_put(n, &whole);
	assert_int_equal(dname_index(SEED, whole.b, whole.len, &name), AL_OK);
	return zone_slots_find(&version->slots, &name, name.labels, cut);
}

static void put(struct version *version, const struct making *making, unsigned n)
{
	const struct node *before = find(version, n, false), *replaced;
	struct node *node = node_new(n, making->number, n % 2 == 1);

	assert_int_equal(zone_chain_put(&version->chain, making, node, &replaced), AL_OK);
	assert_ptr_equal(replaced, before);
	if (before != NULL)
		assert_int_equal(zone_slots_replace(&version->slots, making, before, node), AL_OK);
	else
		assert_int_equal(zone_slots_add(&version->slots, making, node), AL_OK);
	if (before != NULL)
		assert_int_equal(shared_drop(making, &before->shared), AL_OK);
	version->is_there[n] = true;
}

static void take(struct version *version, const struct making *making, unsigned n)
{
	const struct node *node = find(version, n, false);

	assert_non_null(node);
	assert_int_equal(zone_chain_remove(&version->chain, making, node), AL_OK);
	assert_int_equal(zone_slots_remove(&version->slots, making, node), AL_OK);
	assert_int_equal(shared_drop(making, &node->shared), AL_OK);
	version->is_there[n] = false;
}

static void version_check(const struct version *version)
{
	const struct zone_chain *chain = &version->chain;
	const struct node *node, *before = NULL;
	size_t count = 0, small = 0;

	for (struct chain_at at = { 0, 0 }; (node = zone_chain_node(chain, at)) != NULL;
	     at = zone_chain_after(chain, at), before = node, count++) {
		struct chain_at found = zone_chain_before(chain, node_key(node), node->key_len);

		assert_ptr_equal(zone_chain_node(chain, found), node);
		if (before == NULL)
			continue;
		assert_true(dname_key_cmp(node_key(before), before->key_len, node_key(node), node->key_len) < 0);
		assert_ptr_equal(zone_chain_node(chain, zone_chain_back(chain, at)), before);
	}
	assert_int_equal(count, chain->count);
	assert_int_equal(count, version->slots.count);
	for (size_t i = 0; i < chain->leaf_count; i++) {
		assert_int_equal(chain->firsts[i], chain->leaves[i]->prefixes[0]);
		small += i > 0 && chain->leaves[i]->count + chain->leaves[i - 1]->count <= CHAIN_LEAF / 2;
	}
	assert_true(small <= 1 + chain->leaf_count / 4);
	for (unsigned n = 0; n < NAMES; n++) {
		assert_int_equal(find(version, n, false) != NULL, version->is_there[n]);
		assert_int_equal(find(version, n, true) != NULL, version->is_there[n] && n % 2 == 1);
	}
}

static struct version *version_next(struct version *before)
{
	struct version *next = calloc(1, sizeof(*next));
	const struct making making = { .number = 1 };

	assert_non_null(next);
	next->number = before != NULL ? before->number + 1 : 1;
	if (before == NULL) {
		assert_int_equal(zone_slots_new(&next->slots, SEED, &making, 0), AL_OK);
		return next;
	}
	assert_int_equal(zone_chain_share(&before->chain, &next->chain), AL_OK);
	assert_int_equal(zone_slots_share(&before->slots, &next->slots), AL_OK);
	memcpy(next->is_there, before->is_there, sizeof(next->is_there));
	return next;
}

static void version_free(struct version *version, bool last)
{
	const struct node *node;

	for (struct chain_at at = { 0, 0 }; last && (node = zone_chain_node(&version->chain, at)) != NULL;
	     at = zone_chain_after(&version->chain, at))
		free((void *)(uintptr_t)node);
	zone_chain_release(&version->chain, last);
	zone_slots_release(&version->slots, last);
	retired_free(&version->retired);
	free(version);
}

/* Names come by the thousand and one by one, and go: most of them at last. */
static void edit(struct version *version, const struct making *making, unsigned round)
{
	unsigned edits = round % 3 == 0 ? 1500 : 1 + dice(40), going = round > ROUNDS / 2 ? 3 : 1;

	while (edits-- > 0) {
		unsigned n = 1 + dice(NAMES - 1);

		if (version->is_there[n] && dice(4) < going)
			take(version, making, n);
		else if (round <= ROUNDS / 2 || dice(4) == 0)
			put(version, making, n);
	}
	put(version, making, 0);
}

static void what_was_published_stays(void **state)
{
	struct version *first = version_next(NULL), *held = NULL, *now;
	struct making making = { .number = 1 };

	(void)state;
	put(first, &making, 0);
	for (unsigned n = 1; n < NAMES; n += 2)
		put(first, &making, n);
	version_check(first);
	now = first;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		struct version *next = version_next(now);

		making = (struct making){ next->number, &now->retired };
		edit(next, &making, round);
		version_check(next);
		version_check(now);
		if (held == NULL) {
			held = now;
		} else {
			version_check(held);
			assert_int_equal(retired_inherit(&held->retired, held->number, &now->retired), AL_OK);
			version_free(now, false);
		}
		if (round % 7 == 0) {
			version_free(held, false);
			held = NULL;
		}
		now = next;
	}
	if (held != NULL)
		version_free(held, false);
	version_free(now, true);
}

/* What it touches, and no more. */
static void a_change_copies_little(void **state)
{
	struct version *now = version_next(NULL), *next;
	struct making making = { .number = 1 };

	(void)state;
	for (unsigned n = 0; n < NAMES; n++)
		put(now, &making, n);
	next = version_next(now);
	making = (struct making){ next->number, &now->retired };
	put(next, &making, 500);
	assert_int_equal(now->retired.count, 3); /* node, leaf, page */
	version_free(now, false);
	version_free(next, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_published_stays),
		cmocka_unit_test(a_change_copies_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
