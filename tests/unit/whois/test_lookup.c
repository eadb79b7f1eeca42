/* SPDX-License-Identifier: MIT */
/*
 * test_lookup.c -- which objects answer a query: a table over the small
 * registry, each row a line as a client types it and the keys it must give.
 */
#include "fixture.h"

#include "spell.h"

struct row {
	const char *line;
	const char *keys; /* "class:key" joined with ", "; "!NUMBER" for an error */
};

static const struct row rows[] = {
	/* AS numbers and blocks */
	{ "AS64500", "aut-num:AS64500" },
	{ "as64500", "aut-num:AS64500" },
	{ "AS64599", "as-block:AS64500-AS64599" },
	{ "AS64600", "as-block:AS64500-AS64999" },
	{ "AS65000", "" },
	{ "-x AS64600", "" },
	{ "-T as-block AS64500", "as-block:AS64500-AS64599" },
	{ "-T aut-num AS64600", "" },
	{ "as64500 - as64999", "as-block:AS64500-AS64999" },
	{ "AS64500-AS64998", "" },
	/* AS numbers as people type them */
	{ "64500", "aut-num:AS64500" },
	{ "0.64500", "aut-num:AS64500" },
	{ "AS0.64500", "aut-num:AS64500" },
	{ "AS0064500", "aut-num:AS64500" },
	{ "64500-64599", "as-block:AS64500-AS64599" },
	{ "AS064500:AS-CUSTOMERS", "as-set:AS64500:AS-CUSTOMERS" },
	{ "10.1.0.0/16AS064501", "route:10.1.0.0/16AS64501" },
	{ "-i origin 64501 -T route6", "route6:fd00:1:2::/48AS64501" },
	{ "-i members 0064500", "as-set:AS-FISHER, route-set:RS-MIX" },
	/* reverse zones */
	{ "-T inetnum 2.1.10.in-addr.arpa", "inetnum:10.1.2.0/24" },
	{ "-T inetnum 77.2.1.10.IN-ADDR.ARPA.", "inetnum:10.1.2.0/24" },
	{ "-T inetnum 64/26.2.1.10.in-addr.arpa", "inetnum:10.1.2.0/24" },
	{ "1.0.0.0.1.0.0.0.0.0.D.f.ip6.arpa", "inet6num:fd00:1:1::/48, route6:fd00:1:1::/48AS64500" },
	{ "2.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa -T inet6num", "inet6num:fd00:1::/32" },
	{ "10.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa", "" },
	{ "-x 1.10.in-addr.arpa -T inetnum", "inetnum:10.1.0.0/16" },
	{ "256.10.in-addr.arpa", "" },
	{ "65/26.2.1.10.in-addr.arpa", "" },
	{ "1.2.3.4.5.in-addr.arpa", "" },
	/* not an address, though meant as one */
	{ "-x 10.1.02.0/24", "!115" },
	{ "10.1.2.0/255.255.255.0", "!115" },
	{ "0/0", "!115" },
	{ "fd00:1:::/48", "!115" },
	{ "10.1.2.256", "!115" },
	/* contacts and reverse delegation around an address */
	{ "-c 10.1.2.3", "" },
	{ "-d -T route 10.1.2.3", "route:10.1.2.0/24AS64500, inetnum:10.1.2.0/24" },
	{ "-d 10.1.2.0/24", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "-d 10.1.3.0/24 -T inetnum", "inetnum:10.1.3.0/24" },
	/* addresses: exact, else the smallest around */
	{ "10.1.2.0/24", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "10.1.2.77", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "10.1.9.9", "inetnum:10.1.0.0/16, route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501" },
	{ "10.1.2.9/24", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "10.200.0.0/16", "inetnum:10.0.0.0/8" },
	{ "11.0.0.1", "" },
	{ "0.0.0.0/0", "" },
	{ "FD00:1:1:0::1", "inet6num:fd00:1:1::/48, route6:fd00:1:1::/48AS64500" },
	{ "fd00:1:ffff::/48", "inet6num:fd00:1::/32" },
	{ "-T route 10.1.9.9", "route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501" },
	{ "-T inetnum,inet6num 10.1.2.3", "inetnum:10.1.2.0/24" },
	{ "-T route6 10.1.2.3", "" },
	/* ranges */
	{ "10.1.2.0 - 10.1.2.255", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "10.1.2.0-10.1.3.255", "inetnum:10.1.0.0/16, route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501" },
	{ "10.1.2.1 - 10.1.2.9", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "-x 10.1.2.1 - 10.1.2.9", "" },
	{ "-T inetnum -L 10.1.2.1 - 10.1.3.9", "inetnum:10.0.0.0/8, inetnum:10.1.0.0/16" },
	{ "-T inetnum -l 10.1.2.1 - 10.1.2.200", "inetnum:10.1.2.0/24" },
	{ "-M 10.1.2.1 - 10.1.2.9", "!115" },
	{ "10.1.2.9 - 10.1.2.1", "" },
	/* less specific */
	{ "-x 10.1.2.0/24", "inetnum:10.1.2.0/24, route:10.1.2.0/24AS64500" },
	{ "-x 10.1.2.0/25", "" },
	{ "-x 10.1.2.1", "" },
	{ "-l 10.1.2.0/24", "inetnum:10.1.0.0/16, route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501" },
	{ "-T inetnum -l 10.1.2.1", "inetnum:10.1.2.0/24" },
	{ "-l 10.0.0.0/8", "" },
	{ "-L 10.1.2.0/24", "inetnum:10.0.0.0/8, inetnum:10.1.0.0/16, inetnum:10.1.2.0/24, "
			    "route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501, route:10.1.2.0/24AS64500" },
	{ "-T inetnum -L 10.1.2.128/25", "inetnum:10.0.0.0/8, inetnum:10.1.0.0/16, inetnum:10.1.2.0/24" },
	{ "-L fd00:1:1::/48", "inet6num:fd00:1::/32, inet6num:fd00:1:1::/48, route6:fd00:1:1::/48AS64500" },
	/* more specific */
	{ "-T inetnum -m 10.0.0.0/8", "inetnum:10.1.0.0/16" },
	{ "-T inetnum -m 10.1.0.0/16", "inetnum:10.1.2.0/24, inetnum:10.1.3.0/24" },
	{ "-T inetnum -m 0.0.0.0/0", "inetnum:10.0.0.0/8" },
	{ "-T inetnum -M 0.0.0.0/0", "inetnum:10.0.0.0/8, inetnum:10.1.0.0/16, inetnum:10.1.2.0/24, "
				     "inetnum:10.1.3.0/24" },
	{ "-T inetnum -M 10.0.0.0/8", "inetnum:10.1.0.0/16, inetnum:10.1.2.0/24, inetnum:10.1.3.0/24" },
	{ "-T route -m 10.0.0.0/8", "route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501, route:10.2.0.0/16AS64501" },
	{ "-T route -M 10.1.0.0/16", "route:10.1.2.0/24AS64500" },
	{ "-M fd00::/16", "inet6num:fd00:1::/32, inet6num:fd00:1:1::/48, route6:fd00:1:1::/48AS64500, "
			  "route6:fd00:1:2::/48AS64501" },
	{ "-M 10.1.2.0/24", "" },
	/* route keys */
	{ "10.1.0.0/16AS64501", "route:10.1.0.0/16AS64501" },
	{ "10.1.0.0/16 as64501", "route:10.1.0.0/16AS64501" },
	{ "fd00:1:1::/48 AS64500", "route6:fd00:1:1::/48AS64500" },
	{ "10.1.0.0/16 AS64999", "" },
	/* names */
	{ "fisher-mnt", "mntner:FISHER-MNT" },
	{ "FISHER-TEST", "person:FISHER-TEST" },
	{ "as-fisher", "as-set:AS-FISHER" },
	{ "as64500:as-customers", "as-set:AS64500:AS-CUSTOMERS" },
	{ "rs-mix", "route-set:RS-MIX" },
	{ "TEST", "registry:TEST, domain:test" },
	{ "-T registry test", "registry:TEST" },
	{ "GONE-MNT", "" },
	{ "fisher", "person:FISHER-TEST" },
	{ "-T person fisher ANN", "person:FISHER-TEST" },
	{ "Ann Fisher Smith", "" },
	{ "-T role ann", "" },
	/* domains */
	{ "fisher.test", "domain:fisher.test" },
	{ "FISHER.Test.", "domain:fisher.test" },
	{ "www.blog.fisher.test", "domain:fisher.test" },
	{ "nobody.test", "domain:test" },
	{ "-x www.fisher.test", "" },
	{ "example.org", "" },
	/* inverse */
	{ "-i mnt-by miller-mnt", "mntner:MILLER-MNT, aut-num:AS64501, route:10.2.0.0/16AS64501, "
				  "route6:fd00:1:2::/48AS64501" },
	{ "-i origin as64501", "route:10.1.0.0/16AS64501, route:10.2.0.0/16AS64501, route6:fd00:1:2::/48AS64501" },
	{ "-T route6 -i origin as64501", "route6:fd00:1:2::/48AS64501" },
	{ "-i mnt-lower,mnt-by miller-mnt", "mntner:MILLER-MNT, aut-num:AS64501, inetnum:10.0.0.0/8, "
					    "route:10.2.0.0/16AS64501, route6:fd00:1:2::/48AS64501" },
	{ "-i mnt-by,mnt-by -T mntner MILLER-MNT", "mntner:MILLER-MNT" },
	{ "-i admin-c fisher-test", "mntner:FISHER-MNT" },
	{ "-i ac fisher-test", "mntner:FISHER-MNT" },
	{ "-i pn fisher-test", "mntner:FISHER-MNT" },
	{ "-i person fisher-test", "mntner:FISHER-MNT" },
	{ "-i nic-hdl fisher-test", "person:FISHER-TEST" },
	{ "-i aut-num 64502", "aut-num:AS64502" },
	{ "-i mb -T aut-num -i mo miller-mnt", "aut-num:AS64501" },
	{ "-i nserver NS1.Fisher.Test.", "inetnum:10.1.2.0/24, domain:fisher.test" },
	{ "-i nserver 10.1.2.53", "inetnum:10.1.2.0/24, domain:fisher.test" },
	{ "-i nserver FD00:1:1:0::53", "domain:fisher.test" },
	{ "-i members as64500", "as-set:AS-FISHER, route-set:RS-MIX" },
	{ "-i member-of as-open", "aut-num:AS64500, aut-num:AS64501" },
	{ "-i mnt-by nobody-mnt", "" },
	/* sources */
	{ "-s test AS64500", "aut-num:AS64500" },
	{ "-s TEST,RIPE AS64500", "!102" },
	{ "-a AS64500", "aut-num:AS64500" },
};

static void result_text(const struct whois_result *result, char *out, size_t cap)
{
	size_t i, len = 0;

	out[0] = '\0';
	for (i = 0; i < result->count && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s:%.*s", i > 0 ? ", " : "",
					al_class_name((enum al_class)result->items[i]->cls),
					AL_FMT(al_object_key(result->items[i])));
}

static void run_row(const struct fixture *f, const struct row *row)
{
	struct whois_error error = { 0, { NULL, 0 } };
	struct whois_result result;
	struct whois_query query;
	char got[2048];
	enum al_err err;

	assert_int_equal(whois_query_parse(al_slice_str(row->line), &query, &error), AL_OK);
	whois_result_init(&result);
	err = whois_lookup(&f->view, &query, &result, &error);
	if (err == AL_OK)
		result_text(&result, got, sizeof(got));
	else
		(void)snprintf(got, sizeof(got), "!%u", error.number);
	if (strcmp(got, row->keys) != 0) {
		print_error("%s\n got: %s\nwant: %s\n", row->line, got, row->keys);
		fail();
	}
	whois_result_release(&result);
}

static void test_table(void **state)
{
	struct fixture f;
	size_t i;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	for (i = 0; i < AL_COUNT(rows); i++)
		run_row(&f, &rows[i]);
	fixture_release(&f);
}

/* A deleted object is gone from every path at once. */
static void test_delete(void **state)
{
	static const struct row after[] = {
		{ "10.1.2.77", "inetnum:10.1.2.0/24, route:10.1.0.0/16AS64500, route:10.1.0.0/16AS64501" },
		{ "10.1.2.0/24AS64500", "" },
		{ "-T route -i origin AS64500", "route:10.1.0.0/16AS64500" },
		{ "AS64502", "as-block:AS64500-AS64599" },
	};
	struct fixture f;
	size_t i;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	fixture_put(&f, "route: 10.1.2.0/24\norigin: AS64500\nmnt-by: FISHER-MNT\nsource: TEST\ndelete: x\n");
	fixture_put(&f, "aut-num: AS64502\nas-name: THIRD-AS\nmnt-by: ROOT-MNT\nsource: TEST\ndelete: x\n");
	for (i = 0; i < AL_COUNT(after); i++)
		run_row(&f, &after[i]);
	fixture_release(&f);
}

static struct whois_result lookup(const struct fixture *f, const char *line)
{
	struct whois_result result;
	struct whois_query query;
	struct whois_error error;

	assert_int_equal(whois_query_parse(al_slice_str(line), &query, &error), AL_OK);
	whois_result_init(&result);
	assert_int_equal(whois_lookup(&f->view, &query, &result, &error), AL_OK);
	return result;
}

static void test_notes(void **state)
{
	struct whois_result result;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	result = lookup(&f, "10.1.2.9/24");
	assert_true(result.key_changed && result.key.len == 24);
	whois_result_release(&result);
	result = lookup(&f, "10.1.2.0/24");
	assert_false(result.key_changed || result.match_ignored);
	whois_result_release(&result);
	result = lookup(&f, "-M AS64500");
	assert_true(result.match_ignored && result.count == 1);
	whois_result_release(&result);
	fixture_release(&f);
}

/* More than WHOIS_OBJECTS_MAX hits: that many, and the mark. */
static void test_bound(void **state)
{
	struct whois_result result;
	struct fixture f;
	char text[256];
	unsigned i;

	(void)state;
	fixture_init(&f);
	for (i = 0; i < WHOIS_OBJECTS_MAX; i++) {
		(void)snprintf(text, sizeof(text),
			       "route6: fd00:%x::/32\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&f, text);
	}
	result = lookup(&f, "-M fd00::/16");
	assert_true(result.count == WHOIS_OBJECTS_MAX && !result.truncated);
	whois_result_release(&result);
	fixture_put(&f, "route6: fd00:ffff::/32\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n");
	result = lookup(&f, "-M fd00::/16");
	assert_true(result.count == WHOIS_OBJECTS_MAX && result.truncated);
	whois_result_release(&result);
	result = lookup(&f, "-i origin AS64500");
	assert_true(result.count == WHOIS_OBJECTS_MAX && result.truncated);
	whois_result_release(&result);
	fixture_release(&f);
}

/* Which keys are mistaken addresses, when nobody has them as a name: "12" and "ab:cd" are not. */
static void test_like_address(void **state)
{
	static const char *const like[] = { "192.0.02.0/24", "1.", "fd00:1", "/8", "A:1" };
	static const char *const unlike[] = { "", "12", "ab:cd", "beef", ".", "10.0.0.0/x", "g1:2", "1-2" };

	(void)state;
	for (size_t i = 0; i < AL_COUNT(like); i++)
		assert_true(whois_like_address(al_slice_str(like[i])));
	for (size_t i = 0; i < AL_COUNT(unlike); i++)
		assert_false(whois_like_address(al_slice_str(unlike[i])));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_delete),       cmocka_unit_test(test_notes),
		cmocka_unit_test(test_bound), cmocka_unit_test(test_like_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
