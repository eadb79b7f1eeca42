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

#define CLAIMS_MAX 8

static struct dname name_of(const char *text)
{
	struct dname name;

	assert_int_equal(dname_of_text(al_slice_str(text), &name), AL_OK);
	return name;
}

/* One zone, and claims that have one claimant each. */
struct fixture {
	struct zone_tree tree;
	struct zone_plan plan;
	struct claimant *claimants[CLAIMS_MAX];
	size_t count;
};

static struct zname *find(const struct fixture *f, const char *text)
{
	struct dname name = name_of(text);

	return zone_tree_find(&f->tree, name.b, name.len);
}

static void start(struct fixture *f)
{
	f->plan.zones[0].apex = name_of("alamo");
	f->plan.zone_count = 1;
	f->count = 0;
	assert_int_equal(zone_tree_init(&f->tree, &f->plan.zones[0].apex, 7), AL_OK);
}

static void end(struct fixture *f)
{
	zone_tree_release(&f->tree);
	while (f->count > 0)
		free(f->claimants[--f->count]);
}

/* A claim at `owner`; `target` of CLAIM_NS only. */
static struct claim *attach(struct fixture *f, enum claim_kind kind, const char *owner, const char *target)
{
	const struct claim_form form = { .kind = (uint8_t)kind, .type = kind == CLAIM_NS ? RR_NS : RR_A, .rank = 2 };
	struct dname at = name_of(owner), to = target != NULL ? name_of(target) : at;
	struct claim_view view;
	struct claims claims;
	struct al_slice rest;
	struct claim *made;

	assert_true(f->count < CLAIMS_MAX);
	claims_init(&claims);
	claims_add(&claims, &form, &at, kind == CLAIM_NS ? to.b : at.b, kind == CLAIM_NS ? to.len : 4);
	assert_int_equal(claims.bytes.err, AL_OK);
	rest = al_buf_view(&claims.bytes);
	assert_int_equal(claimant_new(&f->plan, rest, AL_S("domain X"), &f->claimants[f->count]), AL_OK);
	made = claimant_next(f->claimants[f->count++], NULL);
	assert_true(claims_next(&rest, &view));
	assert_int_equal(zone_tree_attach(&f->tree, made, &view), AL_OK);
	claims_release(&claims);
	return made;
}

/* What zone_update() does of it; how many names were dirty. */
static size_t settle(struct fixture *f)
{
	size_t count, told = f->tree.dirty_count;
	struct zname **names;

	assert_int_equal(zone_tree_take_dirty(&f->tree, &names, &count), AL_OK);
	assert_int_equal(count, told);
	assert_int_equal(f->tree.dirty_count, 0);
	for (size_t i = 0; i < count; i++)
		assert_true(names[i]->dirty && (i == 0 || zname_cmp(names[i - 1], names[i]) < 0));
	zone_tree_clean(&f->tree, names, count);
	free(names);
	return count;
}

static void names_come_and_go(void **state)
{
	struct fixture f;
	struct claim *deep, *beside;

	(void)state;
	start(&f);
	assert_non_null(find(&f, "alamo"));
	assert_null(find(&f, "a.alamo"));
	deep = attach(&f, CLAIM_DATA, "c.b.a.alamo", NULL);
	beside = attach(&f, CLAIM_DATA, "d.a.alamo", NULL);
	assert_int_equal(settle(&f), 2);
	assert_int_equal(find(&f, "c.b.a.alamo")->labels, 3);
	assert_false(find(&f, "c.b.a.alamo")->dirty);
	assert_ptr_equal(find(&f, "b.a.alamo")->parent, find(&f, "a.alamo"));
	zone_tree_detach(&f.tree, deep);
	zone_tree_detach(&f.tree, deep); /* once is enough */
	assert_int_equal(settle(&f), 1);
	assert_null(find(&f, "c.b.a.alamo"));
	assert_null(find(&f, "b.a.alamo"));
	assert_non_null(find(&f, "a.alamo"));
	zone_tree_detach(&f.tree, beside);
	assert_int_equal(settle(&f), 1);
	assert_null(find(&f, "d.a.alamo"));
	assert_null(find(&f, "a.alamo"));
	assert_ptr_equal(find(&f, "alamo"), f.tree.apex);
	end(&f);
}

/* A name stays while the zone shows something at it, or something stands below it. */
static void what_is_shown_stays(void **state)
{
	static const uint8_t shown;
	struct fixture f;
	struct claim *claim;
	struct zname *name;

	(void)state;
	start(&f);
	claim = attach(&f, CLAIM_DATA, "b.a.alamo", NULL);
	(void)settle(&f);
	find(&f, "a.alamo")->node = (const struct node *)(const void *)&shown;
	zone_tree_detach(&f.tree, claim);
	(void)settle(&f);
	assert_null(find(&f, "b.a.alamo"));
	name = find(&f, "a.alamo");
	assert_non_null(name);
	name->node = NULL;
	zone_tree_mark(&f.tree, name);
	zone_tree_mark(&f.tree, name); /* it is marked already */
	assert_int_equal(settle(&f), 1);
	assert_null(find(&f, "a.alamo"));
	end(&f);
}

/* A server's name is there for the delegation that names it, and the delegation is looked at when it changes. */
static void servers_are_known(void **state)
{
	struct fixture f;
	struct claim *ns, *glue, *far;

	(void)state;
	start(&f);
	ns = attach(&f, CLAIM_NS, "a.alamo", "ns.b.alamo");
	far = attach(&f, CLAIM_NS, "a.alamo", "ns.example");
	assert_int_equal(settle(&f), 2); /* "b.alamo" came on the way: there is nothing at it */
	assert_ptr_equal(claim_ref(ns)->target, find(&f, "ns.b.alamo"));
	assert_false(far->inside);
	glue = attach(&f, CLAIM_GLUE, "ns.b.alamo", NULL);
	assert_true(find(&f, "a.alamo")->dirty);
	assert_true(find(&f, "ns.b.alamo")->dirty);
	assert_int_equal(settle(&f), 2);
	zone_tree_detach(&f.tree, ns);
	(void)settle(&f);
	assert_non_null(find(&f, "ns.b.alamo"));
	zone_tree_detach(&f.tree, glue);
	assert_int_equal(settle(&f), 1); /* nobody names it any more */
	assert_null(find(&f, "b.alamo"));
	assert_non_null(find(&f, "a.alamo"));
	zone_tree_detach(&f.tree, far);
	(void)settle(&f);
	assert_null(find(&f, "a.alamo"));
	end(&f);
}

/* What shapes the tree concerns all that is below it; a cut is looked at for what changes below. */
static void a_cut_concerns_what_is_below(void **state)
{
	struct fixture f;
	struct claim *cut, *below;

	(void)state;
	start(&f);
	(void)attach(&f, CLAIM_DATA, "x.c.alamo", NULL);
	below = attach(&f, CLAIM_DATA, "y.c.alamo", NULL);
	(void)attach(&f, CLAIM_DATA, "other.alamo", NULL);
	(void)settle(&f);
	cut = attach(&f, CLAIM_NS, "c.alamo", "ns.example");
	assert_true(find(&f, "x.c.alamo")->dirty && find(&f, "y.c.alamo")->dirty);
	assert_int_equal(settle(&f), 3);
	zone_tree_detach(&f.tree, below);
	assert_true(find(&f, "c.alamo")->dirty);
	assert_int_equal(settle(&f), 2);
	zone_tree_detach(&f.tree, cut);
	assert_int_equal(settle(&f), 2);
	end(&f);
}

/* A build that comes to nothing gives a tree back in the middle of a change; a name is marked once. */
static void given_back_as_it_is(void **state)
{
	struct fixture f = { .count = 0 };

	(void)state;
	start(&f);
	assert_int_equal(f.tree.dirty_count, 0);
	for (unsigned i = 0; i < 3; i++)
		zone_tree_mark(&f.tree, f.tree.apex);
	assert_int_equal(f.tree.dirty_count, 1);
	(void)attach(&f, CLAIM_NS, "a.alamo", "ns.b.alamo");
	assert_true(f.tree.dirty_count > 1);
	end(&f);
	assert_null(f.tree.apex);
	assert_null(f.tree.dirty);
	assert_int_equal(f.tree.dirty_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_come_and_go),   cmocka_unit_test(what_is_shown_stays),
		cmocka_unit_test(servers_are_known),   cmocka_unit_test(a_cut_concerns_what_is_below),
		cmocka_unit_test(given_back_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
