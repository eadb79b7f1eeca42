/* SPDX-License-Identifier: MIT */
/*
 * test_vrp_large.c -- sets of many leaves and branches against plain arrays: contents, look-ups, differences, what
 * neighbours share, and that no change makes small leaves of large ones.
 */
#include "vrps.h"

#include "vrp_tree.h"

#define RECORDS_MAX 200000

/* What a set should be, by the plainest means. */
struct list {
	struct vrp *items; /* owned; in order */
	size_t count;
};

/* From a space in which tens of thousands find room. */
static struct vrp wide_random(uint64_t *seed)
{
	struct vrp vrp = { 0 };
	struct al_prefix p = { .bits = dice(seed, 3) == 0 ? 128 : 32 };

	if (dice(seed, 8) == 0)
		return vrp_pair(64500 + dice(seed, 400), 70000 + dice(seed, 30));
	for (size_t i = 0; i < 4; i++)
		p.addr[i] = (uint8_t)dice(seed, 256);
	p.len = p.bits;
	al_prefix_truncate(&p, 12 + dice(seed, 16));
	memcpy(vrp.addr, p.addr, sizeof(vrp.addr));
	vrp.bits = p.bits;
	vrp.len = p.len;
	vrp.max = (uint8_t)(p.len + dice(seed, 4));
	vrp.asn = 64500 + dice(seed, 50);
	return vrp;
}

static size_t sorted_once(struct vrp *items, size_t count)
{
	size_t kept = 0;

	vrp_sort(items, count);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || vrp_cmp(&items[kept - 1], &items[i]) != 0)
			items[kept++] = items[i];
	return kept;
}

static int cmp_any(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

static bool list_has(const struct list *list, const struct vrp *vrp)
{
	return list->count != 0 && bsearch(vrp, list->items, list->count, sizeof(*vrp), cmp_any) != NULL;
}

/* Up to `count` records that are not in the list, in order. */
static size_t some_new(uint64_t *seed, const struct list *list, size_t count, struct vrp *out)
{
	size_t kept = 0, n;

	for (size_t i = 0; i < count; i++)
		out[i] = wide_random(seed);
	n = sorted_once(out, count);
	for (size_t i = 0; i < n; i++)
		if (!list_has(list, &out[i]))
			out[kept++] = out[i];
	return kept;
}

/* Up to `count` of the list: here and there, or all in one place. */
static size_t some_of(uint64_t *seed, const struct list *list, size_t count, struct vrp *out)
{
	size_t from;

	if (list->count == 0 || count == 0)
		return 0;
	from = dice(seed, (uint32_t)list->count);
	if (dice(seed, 2) == 0) {
		count = count < list->count - from ? count : list->count - from;
		memcpy(out, list->items + from, count * sizeof(*out));
		return count;
	}
	for (size_t i = 0; i < count; i++)
		out[i] = list->items[dice(seed, (uint32_t)list->count)];
	return sorted_once(out, count);
}

static void list_change(struct list *list, const struct vrp *add, size_t adds, const struct vrp *del, size_t dels)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (dels == 0 || bsearch(&list->items[i], del, dels, sizeof(*del), cmp_any) == NULL)
			list->items[kept++] = list->items[i];
	assert_true(kept + adds <= RECORDS_MAX);
	memcpy(list->items + kept, add, adds * sizeof(*add));
	list->count = sorted_once(list->items, kept + adds);
}

static void assert_shape(const struct vrp_set *set)
{
	for (size_t i = 0; i < set->branch_count; i++) {
		const struct vrp_branch *branch = set->branches[i];
		bool last = i + 1 == set->branch_count;

		assert_in_range(branch->count, last ? 1 : VRP_BRANCH_MIN, VRP_BRANCH_MAX);
		for (unsigned j = 0; j < branch->count; j++)
			assert_in_range(branch->leaves[j]->count, last && j + 1 == branch->count ? 1 : VRP_LEAF_MIN,
					VRP_LEAF_MAX);
	}
}

static void assert_same(const struct vrp *items, const struct vrp *want, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(vrp_cmp(&items[i], &want[i]), 0);
}

static void assert_is(const struct vrp_set *set, const struct list *list)
{
	struct vrp *items = set_items(set);
	size_t vrps = 0, four = 0, customers = 0;

	assert_int_equal(set->count, list->count);
	assert_same(items, list->items, list->count);
	for (size_t i = 0; i < list->count; i++) {
		const struct vrp *vrp = &items[i];

		vrps += vrp->bits != VRP_ASPA ? 1 : 0;
		four += vrp->bits == 32 ? 1 : 0;
		customers += vrp->bits == VRP_ASPA && (i == vrps || vrp_customer(vrp) != vrp_customer(vrp - 1)) ? 1 : 0;
	}
	assert_int_equal(set->vrps, vrps);
	assert_int_equal(set->count4, four);
	assert_int_equal(set->customers, customers);
	assert_shape(set);
	free(items);
}

/* `delta` is what was added and taken away. */
static void assert_difference(const struct vrp_set *a, const struct vrp_set *b, const struct vrp *add, size_t adds,
			      const struct vrp *del, size_t dels)
{
	struct vrp_delta *delta;

	assert_int_equal(vrp_delta_between(a, b, &delta), AL_OK);
	assert_int_equal(delta->announced, adds);
	assert_int_equal(delta->withdrawn, dels);
	assert_same(delta->items, add, adds);
	assert_same(delta->items + adds, del, dels);
	free(delta);
}

static const size_t sizes[] = { 1, 1, 2, 40, 700, 9000 };

static void changes_of_any_size_give_what_a_plain_list_gives(void **state)
{
	struct list list = { calloc(RECORDS_MAX, sizeof(struct vrp)), 0 };
	struct vrp *add = calloc(9000, sizeof(*add)), *del = calloc(9000, sizeof(*del));
	struct vrp_set *set, *next;
	uint64_t seed = 11;

	(void)state;
	assert_non_null(list.items);
	assert_int_equal(vrp_set_new(NULL, 0, 0, &set), AL_OK);
	for (uint64_t round = 1; round <= 120; round++) {
		/* Grows to tens of thousands, shrinks to nothing, and grows again. */
		bool grows = round % 60 < 30;
		size_t adds = some_new(&seed, &list, sizes[dice(&seed, grows ? 6 : 4)], add);
		size_t dels = some_of(&seed, &list, sizes[dice(&seed, grows ? 4 : 6)], del);

		assert_int_equal(vrp_set_apply(set, add, adds, del, dels, round, &next), AL_OK);
		assert_is(set, &list); /* as it was */
		list_change(&list, add, adds, del, dels);
		assert_is(next, &list);
		assert_int_equal(next->serial, vrp_serial(round));
		assert_difference(set, next, add, adds, del, dels);
		assert_difference(next, set, del, dels, add, adds);
		vrp_set_unref(set);
		set = next;
	}
	vrp_set_unref(set);
	free(list.items);
	free(add);
	free(del);
}

/* A set of so many, and the list of it. */
static struct vrp_set *large(uint64_t *seed, size_t count, struct list *list)
{
	struct vrp_set *set;

	list->items = calloc(count, sizeof(*list->items));
	assert_non_null(list->items);
	for (size_t i = 0; i < count; i++)
		list->items[i] = wide_random(seed);
	assert_int_equal(vrp_set_new(list->items, count, 1, &set), AL_OK);
	list->count = sorted_once(list->items, count);
	assert_is(set, list);
	return set;
}

static size_t leaves_of(const struct vrp_set *set, struct vrp_leaf **out)
{
	size_t count = 0;

	for (size_t i = 0; i < set->branch_count; i++)
		for (unsigned j = 0; j < set->branches[i]->count; j++)
			out[count++] = set->branches[i]->leaves[j];
	return count;
}

static void a_small_change_makes_a_few_leaves_and_branches(void **state)
{
	struct vrp_leaf *before[2000], *after[2000];
	struct list list;
	uint64_t seed = 5;
	struct vrp_set *set = large(&seed, 100000, &list), *next;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct vrp one = wide_random(&seed);
		bool there = list_has(&list, &one);
		size_t n = leaves_of(set, before), m, made = 0, branches = 0;

		if (!there && dice(&seed, 2) == 0)
			there = some_of(&seed, &list, 1, &one) == 1;
		assert_int_equal(vrp_set_apply(set, &one, there ? 0 : 1, &one, there ? 1 : 0, 2, &next), AL_OK);
		m = leaves_of(next, after);
		for (size_t i = 0, j = 0; j < m; j++) {
			while (i < n && before[i] != after[j] && vrp_cmp(&before[i]->items[0], &after[j]->items[0]) < 0)
				i++;
			made += i == n || before[i] != after[j] ? 1 : 0;
		}
		for (size_t i = 0; i < next->branch_count; i++)
			branches += next->branches[i]->refs == 1 ? 1 : 0;
		assert_in_range(made, 0, 3);
		assert_in_range(branches, 0, 3);
		vrp_set_unref(set);
		set = next;
		free(list.items);
		list.items = set_items(set);
		list.count = set->count;
	}
	assert_is(set, &list);
	vrp_set_unref(set);
	free(list.items);
}

struct found {
	const struct list *list;
	struct al_prefix prefix;
	size_t at, count;
};

/* The next of the list that lies in the prefix is this one. */
static bool found_visit(const struct vrp *vrp, void *arg)
{
	struct found *found = arg;

	for (; found->at < found->list->count; found->at++) {
		const struct vrp *item = &found->list->items[found->at];
		struct al_prefix inner = vrp_prefix(item);

		if (item->bits == found->prefix.bits && al_prefix_covers(&found->prefix, &inner))
			break;
	}
	assert_true(found->at < found->list->count);
	assert_int_equal(vrp_cmp(vrp, &found->list->items[found->at++]), 0);
	found->count++;
	return true;
}

static size_t count_within(const struct list *list, const struct al_prefix *prefix)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct al_prefix inner = vrp_prefix(&list->items[i]);

		count += list->items[i].bits == prefix->bits && al_prefix_covers(prefix, &inner) ? 1 : 0;
	}
	return count;
}

static int by_key(const void *a, const void *b)
{
	return vrp_key_cmp(a, b);
}

/* Dense stretches, gaps longer than a stride, keys that are there and keys that are not, and the same key twice. */
static void a_finder_finds_in_order_what_single_searches_find(void **state)
{
	static struct vrp keys[12000];
	struct vrp_finder finder;
	struct list list;
	uint64_t seed = 9;
	struct vrp_set *set = large(&seed, 30000, &list);
	size_t there = 0;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(keys); i++)
		keys[i] = i < 6000              ? list.items[i]
			  : dice(&seed, 2) == 0 ? list.items[dice(&seed, (uint32_t)list.count)]
						: wide_random(&seed);
	qsort(keys, AL_COUNT(keys), sizeof(keys[0]), by_key);
	vrp_finder_start(&finder, set);
	for (size_t i = 0; i < AL_COUNT(keys); i++) {
		const struct vrp *got = vrp_finder_find(&finder, &keys[i]);

		assert_ptr_equal(got, vrp_set_find(set, &keys[i]));
		there += got != NULL ? 1 : 0;
	}
	assert_in_range(there, 6000, AL_COUNT(keys) - 1000);
	vrp_set_unref(set);
	free(list.items);
}

static void looking_up_finds_what_a_scan_finds(void **state)
{
	struct list list;
	uint64_t seed = 8;
	struct vrp_set *set = large(&seed, 30000, &list);
	size_t inside = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct vrp key = dice(&seed, 2) == 0 ? list.items[dice(&seed, (uint32_t)list.count)]
						     : wide_random(&seed);
		struct found found = { .list = &list, .prefix = vrp_prefix(&key) };
		const struct vrp *got = vrp_set_find(set, &key);
		struct vrp_walk walk;
		size_t at = 0, same = 0;

		for (size_t i = 0; i < list.count; i++) {
			same += vrp_key_cmp(&list.items[i], &key) == 0 ? 1 : 0;
			at += vrp_cmp(&list.items[i], &key) < 0 ? 1 : 0;
		}
		assert_int_equal(got != NULL, same != 0);
		assert_true(got == NULL || vrp_key_cmp(got, &key) == 0);
		vrp_walk_seek(&walk, set, &key);
		got = vrp_walk_peek(&walk);
		assert_int_equal(got != NULL, at < list.count);
		assert_true(got == NULL || vrp_cmp(got, &list.items[at]) == 0);
		if (key.bits == VRP_ASPA)
			continue;
		al_prefix_truncate(&found.prefix, dice(&seed, found.prefix.len + 1u));
		vrp_set_within(set, &found.prefix, found_visit, &found);
		assert_int_equal(found.count, count_within(&list, &found.prefix));
		inside += found.count;
	}
	assert_true(inside > 1000);
	vrp_set_unref(set);
	free(list.items);
}

static void families_and_customers_begin_where_they_do(void **state)
{
	struct list list;
	uint64_t seed = 9;
	struct vrp_set *set = large(&seed, 20000, &list);
	struct vrp_walk walk;

	(void)state;
	vrp_walk_family(&walk, set, 32);
	assert_int_equal(vrp_cmp(vrp_walk_peek(&walk), &list.items[0]), 0);
	vrp_walk_family(&walk, set, 128);
	assert_int_equal(vrp_cmp(vrp_walk_peek(&walk), &list.items[set->count4]), 0);
	vrp_walk_family(&walk, set, VRP_ASPA);
	assert_int_equal(vrp_cmp(vrp_walk_peek(&walk), &list.items[set->vrps]), 0);
	for (uint32_t customer = 64490; customer < 64910; customer++) {
		size_t count = vrp_set_providers(set, customer, &walk), seen = 0;

		for (size_t i = set->vrps; i < set->count; i++)
			if (vrp_customer(&list.items[i]) == customer)
				assert_true(seen++ < count && vrp_cmp(vrp_walk_next(&walk), &list.items[i]) == 0);
		assert_int_equal(seen, count);
	}
	vrp_set_unref(set);
	free(list.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_of_any_size_give_what_a_plain_list_gives),
		cmocka_unit_test(a_small_change_makes_a_few_leaves_and_branches),
		cmocka_unit_test(looking_up_finds_what_a_scan_finds),
		cmocka_unit_test(a_finder_finds_in_order_what_single_searches_find),
		cmocka_unit_test(families_and_customers_begin_where_they_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
