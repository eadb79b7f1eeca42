/* SPDX-License-Identifier: MIT */
/*
 * test_tree.c -- the builder's working copy: names come with what needs them
 * and go with the last of it, and what a change may concern is marked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "zone_tree.h"

#define NAMES_MAX 32

static struct dname name_of(const char *text)
{
	struct dname name;

	assert_int_equal(dname_of_text(al_slice_str(text), &name), AL_OK);
	return name;
}

static struct zname *find(const struct zone_tree *tree, const char *text)
{
	struct dname name = name_of(text);

	return zone_tree_find(tree, name.b, name.len);
}

static void tree_start(struct zone_tree *tree)
{
	struct dname apex = name_of("alamo");

	assert_int_equal(zone_tree_init(tree, &apex), AL_OK);
}

/* A claim at `owner`; `target` of CLAIM_NS only. */
static struct claim *attach(struct zone_tree *tree, struct claims *claims, enum claim_kind kind, const char *owner,
			    const char *target)
{
	const struct claim_form form = { .kind = (uint8_t)kind, .type = kind == CLAIM_NS ? RR_NS : RR_A, .rank = 2 };
	struct dname at = name_of(owner), to = target != NULL ? name_of(target) : at;
	struct claim **made = claims->tail;

	claims_add(claims, &form, &at, kind == CLAIM_NS ? to.b : at.b, kind == CLAIM_NS ? to.len : 4);
	assert_int_equal(claims->err, AL_OK);
	assert_int_equal(zone_tree_attach(tree, *made, NULL), AL_OK);
	return *made;
}

static int by_key(const void *x, const void *y)
{
	const struct zname *const *a = x, *const *b = y;

	return dname_key_cmp((*a)->key, (*a)->key_len, (*b)->key, (*b)->key_len);
}

/* What zone_update() does of it; how many names were dirty. */
static size_t settle(struct zone_tree *tree)
{
	struct zname *names[NAMES_MAX], *name;
	size_t count = 0, told = tree->dirty_count;

	while ((name = zone_tree_take_dirty(tree)) != NULL) {
		assert_true(count < NAMES_MAX && name->dirty);
		names[count++] = name;
	}
	assert_int_equal(count, told);
	assert_int_equal(tree->dirty_count, 0);
	qsort(names, count, sizeof(*names), by_key);
	zone_tree_clean(tree, names, count);
	return count;
}

static void names_come_and_go(void **state)
{
	struct zone_tree tree;
	struct claims claims;
	struct claim *deep, *beside;

	(void)state;
	tree_start(&tree);
	claims_init(&claims);
	assert_non_null(find(&tree, "alamo"));
	assert_null(find(&tree, "a.alamo"));
	deep = attach(&tree, &claims, CLAIM_DATA, "c.b.a.alamo", NULL);
	beside = attach(&tree, &claims, CLAIM_DATA, "d.a.alamo", NULL);
	assert_int_equal(settle(&tree), 2);
	assert_int_equal(find(&tree, "c.b.a.alamo")->labels, 3);
	assert_false(find(&tree, "c.b.a.alamo")->dirty);
	assert_ptr_equal(find(&tree, "b.a.alamo")->parent, find(&tree, "a.alamo"));
	zone_tree_detach(&tree, deep);
	zone_tree_detach(&tree, deep); /* once is enough */
	assert_int_equal(settle(&tree), 1);
	assert_null(find(&tree, "c.b.a.alamo"));
	assert_null(find(&tree, "b.a.alamo"));
	assert_non_null(find(&tree, "a.alamo"));
	zone_tree_detach(&tree, beside);
	assert_int_equal(settle(&tree), 1);
	assert_null(find(&tree, "d.a.alamo"));
	assert_null(find(&tree, "a.alamo"));
	assert_ptr_equal(find(&tree, "alamo"), tree.apex);
	zone_tree_release(&tree);
	claims_release(&claims);
}

/* A name stays while the zone shows something at it, or something stands below it. */
static void what_is_shown_stays(void **state)
{
	static const uint8_t shown;
	struct zone_tree tree;
	struct claims claims;
	struct claim *claim;
	struct zname *name;

	(void)state;
	tree_start(&tree);
	claims_init(&claims);
	claim = attach(&tree, &claims, CLAIM_DATA, "b.a.alamo", NULL);
	(void)settle(&tree);
	find(&tree, "a.alamo")->node = (const struct node *)(const void *)&shown;
	zone_tree_detach(&tree, claim);
	(void)settle(&tree);
	assert_null(find(&tree, "b.a.alamo"));
	name = find(&tree, "a.alamo");
	assert_non_null(name);
	name->node = NULL;
	zone_tree_mark(&tree, name);
	zone_tree_mark(&tree, name); /* it is marked already */
	assert_int_equal(settle(&tree), 1);
	assert_null(find(&tree, "a.alamo"));
	zone_tree_release(&tree);
	claims_release(&claims);
}

/* A server's name is there for the delegation that names it, and the delegation is looked at when it changes. */
static void servers_are_known(void **state)
{
	struct zone_tree tree;
	struct claims claims;
	struct claim *ns, *glue, *far;

	(void)state;
	tree_start(&tree);
	claims_init(&claims);
	ns = attach(&tree, &claims, CLAIM_NS, "a.alamo", "ns.b.alamo");
	far = attach(&tree, &claims, CLAIM_NS, "a.alamo", "ns.example");
	assert_int_equal(settle(&tree), 2); /* "b.alamo" came on the way: there is nothing at it */
	assert_ptr_equal(ns->target, find(&tree, "ns.b.alamo"));
	assert_null(far->target);
	glue = attach(&tree, &claims, CLAIM_GLUE, "ns.b.alamo", NULL);
	assert_true(find(&tree, "a.alamo")->dirty);
	assert_true(find(&tree, "ns.b.alamo")->dirty);
	assert_int_equal(settle(&tree), 2);
	zone_tree_detach(&tree, ns);
	(void)settle(&tree);
	assert_non_null(find(&tree, "ns.b.alamo"));
	zone_tree_detach(&tree, glue);
	assert_int_equal(settle(&tree), 1); /* nobody names it any more */
	assert_null(find(&tree, "b.alamo"));
	assert_non_null(find(&tree, "a.alamo"));
	zone_tree_detach(&tree, far);
	(void)settle(&tree);
	assert_null(find(&tree, "a.alamo"));
	zone_tree_release(&tree);
	claims_release(&claims);
}

/* What shapes the tree concerns all that is below it; a cut is looked at for what changes below. */
static void a_cut_concerns_what_is_below(void **state)
{
	struct zone_tree tree;
	struct claims claims;
	struct claim *cut, *below;

	(void)state;
	tree_start(&tree);
	claims_init(&claims);
	(void)attach(&tree, &claims, CLAIM_DATA, "x.c.alamo", NULL);
	below = attach(&tree, &claims, CLAIM_DATA, "y.c.alamo", NULL);
	(void)attach(&tree, &claims, CLAIM_DATA, "other.alamo", NULL);
	(void)settle(&tree);
	cut = attach(&tree, &claims, CLAIM_NS, "c.alamo", "ns.example");
	assert_true(find(&tree, "x.c.alamo")->dirty && find(&tree, "y.c.alamo")->dirty);
	assert_int_equal(settle(&tree), 3);
	zone_tree_detach(&tree, below);
	assert_true(find(&tree, "c.alamo")->dirty);
	assert_int_equal(settle(&tree), 2);
	zone_tree_detach(&tree, cut);
	assert_int_equal(settle(&tree), 2);
	zone_tree_release(&tree);
	claims_release(&claims);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_and_go),
		cmocka_unit_test(what_is_shown_stays),
		cmocka_unit_test(servers_are_known),
		cmocka_unit_test(a_cut_concerns_what_is_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
