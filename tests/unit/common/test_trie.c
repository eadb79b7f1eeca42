/* SPDX-License-Identifier: MIT */
/* The prefix trie against a plain list, with random keys of both families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/trie.h"

#define KEYS 400

static uint32_t seed = 12345;

static uint32_t next_random(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/* Few distinct bits, so that keys nest. */
static struct al_prefix random_key(void)
{
	struct al_prefix p = { .bits = next_random() % 2 != 0 ? 128 : 32 };

	p.len = (uint8_t)(next_random() % (p.bits == 32 ? 33u : 60u));
	for (unsigned i = 0; i < 16; i++)
		p.addr[i] = next_random() % 3 == 0 ? 0x80 : 0;
	al_prefix_truncate(&p, p.len);
	return p;
}

struct model {
	struct al_prefix key[KEYS];
	int value[KEYS];
	bool there[KEYS];
};

static size_t model_find(const struct model *m, const struct al_prefix *key)
{
	for (size_t i = 0; i < KEYS; i++)
		if (m->there[i] && al_prefix_eq(&m->key[i], key))
			return i;
	return KEYS;
}

struct hits {
	size_t count;
	struct al_prefix last;
	bool ordered;
};

static bool hit(const struct al_prefix *key, void *value, void *arg)
{
	struct hits *hits = arg;

	assert_non_null(value);
	if (hits->count > 0 && al_prefix_cmp(&hits->last, key) >= 0)
		hits->ordered = false;
	hits->last = *key;
	hits->count++;
	return true;
}

static bool has_between(const struct model *m, const struct al_prefix *outer, const struct al_prefix *inner)
{
	for (size_t i = 0; i < KEYS; i++)
		if (m->there[i] && m->key[i].len > outer->len && m->key[i].len < inner->len &&
		    al_prefix_covers(outer, &m->key[i]) && al_prefix_covers(&m->key[i], inner))
			return true;
	return false;
}

static void check_key(const struct al_trie *trie, const struct model *m, const struct al_prefix *key)
{
	size_t covering = 0, within = 0, children = 0, best = KEYS, best_strict = KEYS;
	struct hits hits = { .ordered = true };
	struct al_prefix at;

	for (size_t i = 0; i < KEYS; i++) {
		if (!m->there[i])
			continue;
		if (al_prefix_covers(&m->key[i], key)) {
			covering++;
			if (best == KEYS || m->key[i].len > m->key[best].len)
				best = i;
			if (m->key[i].len < key->len &&
			    (best_strict == KEYS || m->key[i].len > m->key[best_strict].len))
				best_strict = i;
		}
		if (al_prefix_covers(key, &m->key[i])) {
			within++;
			children += m->key[i].len > key->len && !has_between(m, key, &m->key[i]);
		}
	}
	al_trie_covering(trie, key, hit, &hits);
	assert_int_equal(hits.count, covering);
	hits = (struct hits){ .ordered = true };
	al_trie_within(trie, key, hit, &hits);
	assert_int_equal(hits.count, within);
	assert_true(hits.ordered);
	hits = (struct hits){ .ordered = true };
	al_trie_children(trie, key, hit, &hits);
	assert_int_equal(hits.count, children);
	assert_ptr_equal(al_trie_longest(trie, key, false, &at), best < KEYS ? (const void *)&m->value[best] : NULL);
	assert_ptr_equal(al_trie_longest(trie, key, true, NULL),
			 best_strict < KEYS ? (const void *)&m->value[best_strict] : NULL);
}

static void against_a_list(void **state)
{
	static struct model m;
	struct al_trie trie;
	size_t live = 0;

	(void)state;
	al_trie_init(&trie);
	for (int round = 0; round < 4000; round++) {
		struct al_prefix key = random_key();
		size_t at = model_find(&m, &key), slot = next_random() % KEYS;

		if (at < KEYS) {
			assert_ptr_equal(al_trie_remove(&trie, &key), &m.value[at]);
			m.there[at] = false;
			live--;
		} else if (!m.there[slot]) {
			void **where = al_trie_slot(&trie, &key);

			assert_non_null(where);
			*where = &m.value[slot];
			m.key[slot] = key;
			m.there[slot] = true;
			live++;
		}
		assert_int_equal(trie.count, live);
		if (round % 20 == 0) {
			key = random_key();
			check_key(&trie, &m, &key);
		}
	}
	assert_true(live > 50);
	al_trie_release(&trie);
}

/* A key whose children all lie in one of its halves, the other one being empty. */
static void one_half_is_empty(void **state)
{
	static const char *const keys[] = { "10.0.0.0/8", "10.128.0.0/16", "10.129.0.0/16",
					    "fca1::/16",  "fca1::/32",     "fca1:0:8000::/34" };
	int value = 1;
	struct al_trie trie;
	struct al_prefix key;

	(void)state;
	al_trie_init(&trie);
	for (size_t i = 0; i < AL_COUNT(keys); i++) {
		void **slot;

		assert_int_equal(al_prefix_parse(al_slice_str(keys[i]), &key), AL_OK);
		slot = al_trie_slot(&trie, &key);
		assert_non_null(slot);
		*slot = &value;
	}
	for (size_t i = 0; i < AL_COUNT(keys); i++) {
		static const size_t expected[] = { 2, 0, 0, 1, 1, 0 };
		struct hits hits = { .count = 0, .ordered = true };

		assert_int_equal(al_prefix_parse(al_slice_str(keys[i]), &key), AL_OK);
		al_trie_children(&trie, &key, hit, &hits);
		assert_int_equal(hits.count, expected[i]);
		assert_true(hits.ordered);
	}
	al_trie_release(&trie);
}

#define MANY 5000u

static struct al_prefix numbered(unsigned round, unsigned i)
{
	struct al_prefix key = { .addr = { 10, (uint8_t)round, (uint8_t)(i >> 8), (uint8_t)i } };

	key.bits = i % 2 == 0 ? 32 : 128;
	key.len = key.bits;
	return key;
}

/* Slots stay where they are while the trie grows; what keys leave is used again. */
static void memory_stays_and_is_used_again(void **state)
{
	static void **slots[MANY];
	uint32_t ends[2] = { 0, 0 };
	struct al_trie trie;

	(void)state;
	al_trie_init(&trie);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			struct al_prefix key = numbered(round, i);

			slots[i] = al_trie_slot(&trie, &key);
			assert_non_null(slots[i]);
			*slots[i] = &slots[i];
		}
		for (unsigned i = 0; i < MANY; i++) {
			struct al_prefix key = numbered(round, i);

			assert_ptr_equal(al_trie_slot(&trie, &key), slots[i]);
			assert_ptr_equal(al_trie_remove(&trie, &key), &slots[i]);
		}
		assert_int_equal(trie.count, 0);
		for (size_t half = 0; half < AL_COUNT(ends); half++) {
			assert_int_equal(trie.half[half].root, 0);
			assert_true(round == 0 || trie.half[half].end == ends[half]);
			ends[half] = trie.half[half].end;
		}
	}
	al_trie_release(&trie);
	assert_null(trie.half[0].level[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_half_is_empty), cmocka_unit_test(against_a_list),
					    cmocka_unit_test(memory_stays_and_is_used_again) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
