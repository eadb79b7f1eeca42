/* SPDX-License-Identifier: MIT */
/*
 * test_index.c -- the inverse index stays equal to a scan of the state,
 * through creates, changes and deletes, in small and in long postings.
 */
#include "fixture.h"

#include "parts.h"

static char text[4096];

static size_t find_count(const struct fixture *f, enum al_class cls, const char *attr, const char *value)
{
	struct whois_result result;
	size_t count;

	whois_result_init(&result);
	whois_index_find(f->index, cls, al_slice_str(attr), al_slice_str(value), whois_result_add, &result);
	count = result.count;
	whois_result_release(&result);
	return count;
}

static void test_values(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	assert_int_equal(find_count(&f, AL_INETNUM, "mnt-by", "FISHER-MNT"), 3);
	assert_int_equal(find_count(&f, AL_INETNUM, "Mnt-By", "fisher-mnt"), 3);
	/* Both items of a list. */
	assert_int_equal(find_count(&f, AL_INETNUM, "mnt-lower", "FISHER-MNT"), 1);
	assert_int_equal(find_count(&f, AL_INETNUM, "mnt-lower", "MILLER-MNT"), 1);
	assert_int_equal(find_count(&f, AL_INETNUM, "mnt-lower", "FISHER-MNT, MILLER-MNT"), 0);
	/* A name server by its name and by its address. */
	assert_int_equal(find_count(&f, AL_DOMAIN, "nserver", "ns2.fisher.test"), 1);
	assert_int_equal(find_count(&f, AL_DOMAIN, "nserver", "fd00:1:1::53"), 1);
	assert_int_equal(find_count(&f, AL_DOMAIN, "nserver", "ns2.fisher.test fd00:1:1::53"), 1);
	/* Not searchable, not there, another class. */
	assert_int_equal(find_count(&f, AL_INETNUM, "netname", "TEN"), 0);
	assert_int_equal(find_count(&f, AL_DOMAIN, "origin", "AS64500"), 0);
	assert_int_equal(find_count(&f, AL_ROUTE, "mnt-by", "GONE-MNT"), 0);
	assert_int_equal(find_count(&f, AL_ROUTE, "mnt-by", ""), 0);
	fixture_release(&f);
}

/* A value that stands twice in one object is one hit, and goes with it. */
static void test_repeats(void **state)
{
	struct fixture f;
	size_t before;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	before = whois_index_size(f.index);
	fixture_put(&f, "as-set: AS-TWICE\nmembers: AS64500, AS64500\nmembers: as64500\n"
			"mnt-by: FISHER-MNT\nsource: TEST\n");
	assert_int_equal(find_count(&f, AL_AS_SET, "members", "AS64500"), 2);
	fixture_put(&f, "as-set: AS-TWICE\nmembers: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\n");
	assert_int_equal(find_count(&f, AL_AS_SET, "members", "AS64500"), 1);
	assert_int_equal(find_count(&f, AL_AS_SET, "members", "AS64501"), 2);
	fixture_put(&f, "as-set: AS-TWICE\nmembers: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\ndelete: done\n");
	assert_int_equal(find_count(&f, AL_AS_SET, "members", "AS64501"), 1);
	assert_int_equal(whois_index_size(f.index), before);
	/* A key that existed before may come back. */
	fixture_put(&f, "as-set: AS-TWICE\nmembers: AS64501\nmnt-by: FISHER-MNT\nsource: TEST\n");
	assert_int_equal(find_count(&f, AL_AS_SET, "members", "AS64501"), 2);
	fixture_release(&f);
}

static void put_route(struct fixture *f, unsigned i, unsigned asn, bool deletes)
{
	(void)snprintf(text, sizeof(text), "route: 10.%u.%u.0/24\norigin: AS%u\nmnt-by: FISHER-MNT\nsource: TEST\n%s",
		       i / 256, i % 256, asn, deletes ? "delete: x\n" : "");
	fixture_put(f, text);
}

struct scan {
	struct al_slice origin;
	size_t count;
};

static bool scan_take(const struct al_object *object, void *arg)
{
	struct scan *scan = arg;

	scan->count += al_slice_eq(al_object_attr(object, "origin"), scan->origin);
	return true;
}

static size_t scan_count(const struct fixture *f, const char *origin)
{
	struct scan scan = { al_slice_str(origin), 0 };

	al_state_each(f->state, AL_ROUTE, scan_take, &scan);
	return scan.count;
}

/* Long postings: removal by marks and sweeps, in order, backwards and crosswise. */
static void test_long(void **state)
{
	static const unsigned steps[] = { 1, 7, 11, 999 };
	const unsigned count = 1000;
	struct fixture f;
	unsigned i, round;

	(void)state;
	fixture_init(&f);
	fixture_put(&f, "mntner: FISHER-MNT\nmnt-by: FISHER-MNT\nsource: TEST\n");
	for (i = 0; i < count; i++)
		put_route(&f, i, 64500, false);
	for (round = 0; round < AL_COUNT(steps); round++) {
		for (i = 0; i < count; i++) {
			put_route(&f, i * steps[round] % count, 64500, true);
			if (i % 3 != 0)
				put_route(&f, i * steps[round] % count, 64500, false);
			if (i % 97 == 0) {
				assert_int_equal(find_count(&f, AL_ROUTE, "mnt-by", "FISHER-MNT"),
						 al_state_count(f.state, AL_ROUTE));
			}
		}
		assert_int_equal(find_count(&f, AL_ROUTE, "mnt-by", "FISHER-MNT"), al_state_count(f.state, AL_ROUTE));
		for (i = 0; i < count; i += 3)
			put_route(&f, i * steps[round] % count, 64500, false);
	}
	assert_int_equal(al_state_count(f.state, AL_ROUTE), count);
	assert_int_equal(whois_index_size(f.index), count * 2 + 1);
	fixture_release(&f);
}

/* What was replaced is let go: in a long posting at most one item in eight is an old object. */
static void test_sweep(void **state)
{
	const unsigned count = 1000;
	struct al_object *old[1000];
	struct fixture f;
	size_t held = 0;
	unsigned i;

	(void)state;
	fixture_init(&f);
	for (i = 0; i < count; i++)
		put_route(&f, i, 64500, false);
	for (i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), "10.%u.%u.0/24AS64500", i / 256, i % 256);
		old[i] = al_object_ref(al_state_get(f.state, AL_ROUTE, al_slice_str(text)));
		put_route(&f, i, 64500, false);
	}
	for (i = 0; i < count; i++) {
		held += old[i]->refs > 1;
		al_object_unref(old[i]);
	}
	assert_true(held <= count / 7);
	fixture_release(&f);
}

/* Many keys: the table grows and keeps them all; emptied ones leave no trace in the counts. */
static void test_many_keys(void **state)
{
	struct fixture f;
	char origin[AL_ASN_STRLEN];
	unsigned i;

	(void)state;
	fixture_init(&f);
	for (i = 0; i < 3000; i++)
		put_route(&f, i, 64512 + i / 2, false);
	for (i = 0; i < 3000; i += 4)
		put_route(&f, i, 64512 + i / 2, true);
	for (i = 0; i < 1500; i++) {
		al_asn_format(64512 + i, origin);
		assert_int_equal(find_count(&f, AL_ROUTE, "origin", origin), i % 2 == 0 ? 1 : 2);
	}
	assert_int_equal(scan_count(&f, "AS64512"), 1);
	assert_int_equal(whois_index_size(f.index), 2250 * 2);
	fixture_release(&f);
}

/* A list over several lines, with holes in it; and no more parts of a value than there is room for. */
static void test_parts(void **state)
{
	static const char *const want[] = { "a", "BB-MNT", "c" };
	struct whois_values values = { AL_S("mnt-by: a,, BB-MNT\nmnt-by:\nsource: x\nmnt-by: ,c,\n"),
				       { NULL, 0 },
				       "mnt-by" };
	struct al_slice value, part[3] = { { NULL, 0 } };
	size_t count = 0;

	(void)state;
	while (whois_values_next(&values, &value)) {
		assert_true(count < AL_COUNT(want));
		assert_true(al_slice_is(value, want[count++]));
	}
	assert_int_equal(count, AL_COUNT(want));
	assert_int_equal(whois_value_parts(AL_SYN_NSERVER, AL_S(" ns1.x  10.0.0.1 more"), part), 2);
	assert_true(al_slice_is(part[0], "ns1.x") && al_slice_is(part[1], "10.0.0.1") && part[2].ptr == NULL);
	assert_int_equal(whois_value_parts(AL_SYN_NSERVER, AL_S("ns1.x"), part), 1);
	assert_int_equal(whois_value_parts(AL_SYN_AUTH, AL_S("ssh-ed25519  AAAA  home"), part), 1);
	assert_true(al_slice_is(part[0], "ssh-ed25519  AAAA"));
	assert_int_equal(whois_value_parts(AL_SYN_AUTH, AL_S("none"), part), 1);
	assert_true(al_slice_is(part[0], "none"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_repeats),   cmocka_unit_test(test_long),
		cmocka_unit_test(test_sweep),  cmocka_unit_test(test_many_keys), cmocka_unit_test(test_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
