/* SPDX-License-Identifier: MIT */
/*
 * test_query.c -- the query grammar as a table: what a line asks for, or the
 * number that it is refused with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "query.h"

#define BIT(cls) (1u << (cls))

struct row {
	const char *line;
	unsigned error; /* 0: parses */
	enum whois_kind kind;
	const char *key; /* with an error: its subject */
	enum whois_match match;
	unsigned classes; /* 0: all */
	bool keep, keys_only;
};

static const struct row rows[] = {
	/* keys */
	{ .line = "AS64500", .kind = WHOIS_LOOKUP, .key = "AS64500" },
	{ .line = "as64500\r", .kind = WHOIS_LOOKUP, .key = "as64500" },
	{ .line = "  AS64500  ", .kind = WHOIS_LOOKUP, .key = "AS64500" },
	{ .line = "\tfisher-mnt", .kind = WHOIS_LOOKUP, .key = "fisher-mnt" },
	{ .line = "10.0.0.0 - 10.0.0.255", .kind = WHOIS_LOOKUP, .key = "10.0.0.0 - 10.0.0.255" },
	{ .line = "10.0.0.0/8 AS64500", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8 AS64500" },
	{ .line = "AS1 -r", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "10.0.0.0/8 -x -K",
	  .kind = WHOIS_LOOKUP,
	  .key = "10.0.0.0/8",
	  .match = WHOIS_EXACT,
	  .keys_only = true },
	{ .line = "-T route 10.0.0.0/8 -M",
	  .kind = WHOIS_LOOKUP,
	  .key = "10.0.0.0/8",
	  .match = WHOIS_ALL_MORE,
	  .classes = BIT(AL_ROUTE) },
	{ .line = "fisher-mnt -i mnt-by", .kind = WHOIS_INVERSE, .key = "fisher-mnt" },
	{ .line = "Ann Fisher -T person", .kind = WHOIS_LOOKUP, .key = "Ann Fisher", .classes = BIT(AL_PERSON) },
	{ .line = "AS1 -r AS2", .error = 111, .key = "AS2" },
	{ .line = "AS1 -y", .error = 111, .key = "-y" },
	{ .line = "10.0.0.0 -10.0.0.255", .kind = WHOIS_LOOKUP, .key = "10.0.0.0 -10.0.0.255" },
	{ .line = "-F AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "-c 10.0.0.1", .kind = WHOIS_LOOKUP, .key = "10.0.0.1" },
	{ .line = "!gAS1 -x", .kind = WHOIS_IRRD, .key = "gAS1 -x" },
	{ .line = "-", .kind = WHOIS_LOOKUP, .key = "-" },
	{ .line = "-- -x", .kind = WHOIS_LOOKUP, .key = "-x" },
	{ .line = "help me", .kind = WHOIS_LOOKUP, .key = "help me" },
	{ .line = "-r help", .kind = WHOIS_LOOKUP, .key = "help" },
	{ .line = "\xc3\xa9t\xc3\xa9", .kind = WHOIS_LOOKUP, .key = "\xc3\xa9t\xc3\xa9" },
	/* nothing */
	{ .line = "", .kind = WHOIS_NOTHING, .key = "" },
	{ .line = "   ", .kind = WHOIS_NOTHING, .key = "" },
	{ .line = "\r", .kind = WHOIS_NOTHING, .key = "" },
	{ .line = "-k", .kind = WHOIS_KEEP, .key = "", .keep = true },
	{ .line = "--persistent-connection", .kind = WHOIS_KEEP, .key = "", .keep = true },
	/* help */
	{ .line = "help", .kind = WHOIS_HELP, .key = "help" },
	{ .line = "HELP", .kind = WHOIS_HELP, .key = "HELP" },
	{ .line = "?", .kind = WHOIS_HELP, .key = "?" },
	{ .line = "--help", .kind = WHOIS_HELP, .key = "" },
	/* flags, alone and together */
	{ .line = "-rBG AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "-r -B -G -F -a AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "-K AS-X", .kind = WHOIS_LOOKUP, .key = "AS-X", .keys_only = true },
	{ .line = "-kK AS-X", .kind = WHOIS_LOOKUP, .key = "AS-X", .keys_only = true, .keep = true },
	{ .line = "-x 10.0.0.0/8", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8", .match = WHOIS_EXACT },
	{ .line = "-l 10.0.0.0/8", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8", .match = WHOIS_ONE_LESS },
	{ .line = "-L 10.0.0.0/8", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8", .match = WHOIS_ALL_LESS },
	{ .line = "-m 10.0.0.0/8", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8", .match = WHOIS_ONE_MORE },
	{ .line = "-rM 10.0.0.0/8", .kind = WHOIS_LOOKUP, .key = "10.0.0.0/8", .match = WHOIS_ALL_MORE },
	{ .line = "--all-more --no-referenced ::/0", .kind = WHOIS_LOOKUP, .key = "::/0", .match = WHOIS_ALL_MORE },
	{ .line = "-V Md5.5.17 AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "-VMd5.5.17 AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	{ .line = "-Z utf-8 AS1", .kind = WHOIS_LOOKUP, .key = "AS1" },
	/* classes */
	{ .line = "-T aut-num as1", .kind = WHOIS_LOOKUP, .key = "as1", .classes = BIT(AL_AUT_NUM) },
	{ .line = "-Taut-num as1", .kind = WHOIS_LOOKUP, .key = "as1", .classes = BIT(AL_AUT_NUM) },
	{ .line = "-rT route,ROUTE6 ::1",
	  .kind = WHOIS_LOOKUP,
	  .key = "::1",
	  .classes = BIT(AL_ROUTE) | BIT(AL_ROUTE6) },
	{ .line = "-T rt,r6,dn x",
	  .kind = WHOIS_LOOKUP,
	  .key = "x",
	  .classes = BIT(AL_ROUTE) | BIT(AL_ROUTE6) | BIT(AL_DOMAIN) },
	{ .line = "--select-types=mntner x", .kind = WHOIS_LOOKUP, .key = "x", .classes = BIT(AL_MNTNER) },
	{ .line = "--select-types mntner x", .kind = WHOIS_LOOKUP, .key = "x", .classes = BIT(AL_MNTNER) },
	{ .line = "-T ,route, x", .kind = WHOIS_LOOKUP, .key = "x", .classes = BIT(AL_ROUTE) },
	{ .line = "-T route -T route6 x", .kind = WHOIS_LOOKUP, .key = "x", .classes = BIT(AL_ROUTE) | BIT(AL_ROUTE6) },
	/* inverse */
	{ .line = "-i mnt-by fisher-mnt", .kind = WHOIS_INVERSE, .key = "fisher-mnt" },
	{ .line = "-imnt-by fisher-mnt", .kind = WHOIS_INVERSE, .key = "fisher-mnt" },
	{ .line = "-i mb fisher-mnt", .kind = WHOIS_INVERSE, .key = "fisher-mnt" },
	{ .line = "-i pn fisher-test", .kind = WHOIS_INVERSE, .key = "fisher-test" },
	{ .line = "-i person fisher-test", .kind = WHOIS_INVERSE, .key = "fisher-test" },
	{ .line = "-i nic-hdl fisher-test", .kind = WHOIS_INVERSE, .key = "fisher-test" },
	{ .line = "-i mnt-by -i mnt-lower x", .kind = WHOIS_INVERSE, .key = "x" },
	{ .line = "-ri MNT-BY,admin-c x", .kind = WHOIS_INVERSE, .key = "x" },
	{ .line = "--inverse=origin AS1", .kind = WHOIS_INVERSE, .key = "AS1" },
	{ .line = "-T route -K -i origin AS1",
	  .kind = WHOIS_INVERSE,
	  .key = "AS1",
	  .classes = BIT(AL_ROUTE),
	  .keys_only = true },
	/* about the server */
	{ .line = "-t route", .kind = WHOIS_TEMPLATE, .key = "" },
	{ .line = "-troute", .kind = WHOIS_TEMPLATE, .key = "" },
	{ .line = "--template route", .kind = WHOIS_TEMPLATE, .key = "" },
	{ .line = "-v aut-num", .kind = WHOIS_VERBOSE, .key = "" },
	{ .line = "-q sources ", .kind = WHOIS_SOURCES, .key = "" },
	{ .line = "-q version", .kind = WHOIS_VERSION, .key = "" },
	{ .line = "-q TYPES", .kind = WHOIS_TYPES, .key = "" },
	{ .line = "--types", .kind = WHOIS_TYPES, .key = "" },
	{ .line = "--list-sources", .kind = WHOIS_SOURCES, .key = "" },
	{ .line = "-kq version", .kind = WHOIS_VERSION, .key = "", .keep = true },
	/* IRRd */
	{ .line = "!gAS1", .kind = WHOIS_IRRD, .key = "gAS1" },
	{ .line = " !!", .kind = WHOIS_IRRD, .key = "!" },
	{ .line = "!", .kind = WHOIS_IRRD, .key = "" },
	{ .line = "-V tool !r10.0.0.0/8,l", .kind = WHOIS_IRRD, .key = "r10.0.0.0/8,l" },
	/* refused */
	{ .line = "-T nothing x", .error = 103, .key = "nothing" },
	{ .line = "-T route,rout x", .error = 103, .key = "rout" },
	{ .line = "-T , x", .error = 103, .key = "," },
	{ .line = "-t nothing", .error = 103, .key = "nothing" },
	{ .line = "-i registry TEST", .kind = WHOIS_INVERSE, .key = "TEST" }, /* of one class alone, the first */
	{ .line = "-i bogus x", .error = 104, .key = "bogus" },
	{ .line = "-i ,, x", .error = 104, .key = ",," },
	{ .line = "-i descr x", .error = 105, .key = "descr" },
	{ .line = "-i mnt-by,source x", .error = 105, .key = "source" },
	{ .line = "-r", .error = 106, .key = "" },
	{ .line = "-kr", .error = 106, .key = "" },
	{ .line = "-i mnt-by", .error = 106, .key = "" },
	{ .line = "-V client", .error = 106, .key = "" },
	{ .line = "AS1\x01", .error = 108, .key = "" },
	{ .line = "AS1\x7f", .error = 108, .key = "" },
	{ .line = "AS1\rAS2", .error = 108, .key = "" },
	{ .line = "!gAS1\x1b[2J", .error = 108, .key = "" },
	{ .line = "-x -i mnt-by y", .error = 109, .key = "" },
	{ .line = "-t route route", .error = 109, .key = "route" },
	{ .line = "-q types -t route", .error = 109, .key = "-t" },
	{ .line = "--version --types", .error = 109, .key = "--types" },
	{ .line = "-x -q types", .error = 109, .key = "" },
	{ .line = "-rr AS1", .error = 110, .key = "-rr" },
	{ .line = "-r --no-referenced AS1", .error = 110, .key = "--no-referenced" },
	{ .line = "-i mnt-by -c x", .error = 109, .key = "" },
	{ .line = "-bF x", .error = 109, .key = "" },
	{ .line = "-cL x", .error = 109, .key = "" },
	{ .line = "-xx 10.0.0.0/8", .error = 110, .key = "-xx" },
	{ .line = "-y AS1", .error = 111, .key = "-y" },
	{ .line = "-r- AS1", .error = 111, .key = "-r-" },
	{ .line = "-T", .error = 111, .key = "-T" },
	{ .line = "-rBGi", .error = 111, .key = "-rBGi" },
	{ .line = "-q nonsense", .error = 111, .key = "nonsense" },
	{ .line = "-q", .error = 111, .key = "-q" },
	{ .line = "--nothing x", .error = 111, .key = "--nothing" },
	{ .line = "--exact=1 x", .error = 111, .key = "--exact=1" },
	{ .line = "--select-types", .error = 111, .key = "--select-types" },
	{ .line = "--=x y", .error = 111, .key = "--=x" },
	{ .line = "---x y", .error = 111, .key = "---x" },
	{ .line = "--resource 10.0.0.1", .error = 114, .key = "--resource" },
	{ .line = "-g TEST:3:1-LAST", .kind = WHOIS_NRTM, .key = "" },
	{ .line = "-g TEST:3:1-", .error = 405, .key = "TEST:3:1-" },
	{ .line = "--list-versions AS1", .kind = WHOIS_LIST_VERSIONS, .key = "AS1" },
	{ .line = "AS1 --show-version 4294967296", .error = 111, .key = "4294967296" },
	{ .line = "-xL 10.0.0.0/8", .error = 901, .key = "-xL" },
	{ .line = "-m -M 10.0.0.0/8", .error = 901, .key = "-M" },
};

static void check_error(const struct row *row, enum al_err err, const struct whois_error *error)
{
	if (err != AL_EINVAL || error->number != row->error || !al_slice_is(error->subject, row->key)) {
		print_error("\"%s\": %s %u \"%.*s\"\n", row->line, al_err_name(err), error->number,
			    AL_FMT(error->subject));
		fail();
	}
}

static void check_query(const struct row *row, const struct whois_query *q)
{
	if (q->kind != row->kind || !al_slice_is(q->key, row->key) || q->match != row->match ||
	    q->classes != (row->classes != 0 ? row->classes : WHOIS_ALL_CLASSES) || q->keep != row->keep ||
	    q->keys_only != row->keys_only) {
		print_error("\"%s\": kind %d key \"%.*s\" match %d classes %x\n", row->line, (int)q->kind,
			    AL_FMT(q->key), (int)q->match, q->classes);
		fail();
	}
}

static void test_table(void **state)
{
	size_t i;

	(void)state;
	assert_true(AL_COUNT(rows) >= 60);
	for (i = 0; i < AL_COUNT(rows); i++) {
		struct whois_error error = { 0, { NULL, 0 } };
		struct whois_query q;
		enum al_err err = whois_query_parse(al_slice_str(rows[i].line), &q, &error);

		if (rows[i].error != 0 || err != AL_OK)
			check_error(&rows[i], err, &error);
		else
			check_query(&rows[i], &q);
	}
}

static void test_details(void **state)
{
	struct whois_error error;
	struct whois_query q;

	(void)state;
	assert_int_equal(whois_query_parse(AL_S("-T rt -s A,b -i mnt-by,origin  X  Y "), &q, &error), AL_OK);
	assert_int_equal(q.source_count, 1);
	assert_true(al_slice_is(q.sources[0], "A,b"));
	assert_int_equal(q.attr_count, 2);
	assert_true(al_slice_is(q.attrs[0], "mnt-by"));
	assert_true(al_slice_is(q.attrs[1], "origin"));
	assert_true(al_slice_is(q.key, "X  Y"));
	assert_int_equal(whois_query_parse(AL_S("-i pn,ac,mb x"), &q, &error), AL_OK);
	assert_int_equal(q.attr_count, 5);
	assert_true(al_slice_is(q.attrs[0], "admin-c") && al_slice_is(q.attrs[3], "abuse-c") &&
		    al_slice_is(q.attrs[4], "mnt-by"));
	assert_int_equal(whois_query_parse(AL_S("x -bd"), &q, &error), AL_OK);
	assert_true(q.contact_only && q.reverse && !q.contact_net && !q.brief);
	assert_int_equal(whois_query_parse(AL_S("-s A -s B -s C -s D x"), &q, &error), AL_OK);
	assert_int_equal(whois_query_parse(AL_S("-s A -s B -s C -s D -s E x"), &q, &error), AL_EINVAL);
	assert_int_equal(whois_query_parse(AL_S("-v i6"), &q, &error), AL_OK);
	assert_int_equal(q.cls, AL_INET6NUM);
}

/* What no table of C strings can hold. */
static void test_limits(void **state)
{
	char line[WHOIS_LINE_MAX + 2];
	struct whois_error error;
	struct whois_query q;
	size_t i;

	(void)state;
	assert_int_equal(whois_query_parse(al_slice_of("AS\0001", 4), &q, &error), AL_EINVAL);
	assert_int_equal(error.number, 108);
	memset(line, 'a', sizeof(line));
	assert_int_equal(whois_query_parse(al_slice_of(line, WHOIS_LINE_MAX), &q, &error), AL_OK);
	assert_int_equal(q.key.len, WHOIS_LINE_MAX);
	assert_int_equal(whois_query_parse(al_slice_of(line, WHOIS_LINE_MAX + 1), &q, &error), AL_EINVAL);
	assert_int_equal(error.number, 107);
	for (i = 0; i < sizeof(line); i += 2)
		line[i] = ' ';
	assert_int_equal(whois_query_parse(al_slice_of(line, 2 * WHOIS_WORDS_MAX), &q, &error), AL_OK);
	assert_int_equal(whois_query_parse(al_slice_of(line, 2 * WHOIS_WORDS_MAX + 2), &q, &error), AL_EINVAL);
	assert_int_equal(error.number, 118);
}

/* All searchable attributes at once, and one more. */
static void test_many_attrs(void **state)
{
	char line[WHOIS_LINE_MAX] = "-i mnt-by";
	struct whois_error error;
	struct whois_query q;
	size_t i;

	(void)state;
	for (i = 1; i < WHOIS_ATTRS_MAX; i++)
		strncat(line, ",mnt-by", sizeof(line) - strlen(line) - 1);
	strncat(line, " x", sizeof(line) - strlen(line) - 1);
	assert_int_equal(whois_query_parse(al_slice_str(line), &q, &error), AL_OK);
	assert_int_equal(q.attr_count, 1);
	assert_int_equal(
		whois_query_parse(AL_S("-i mb,ml,mu,mr,mo,me,mm,ns,ds,or,at,ac,tc,zc,nh,recover-key x"), &q, &error),
		AL_OK);
	assert_int_equal(q.attr_count, WHOIS_ATTRS_MAX);
	assert_int_equal(whois_query_parse(AL_S("-i mb,ml,mu,mr,mo,me,mm,ns,ds,or,at,ac,tc,zc,nh,recover-key,node x"),
					   &q, &error),
			 AL_EINVAL);
	assert_int_equal(error.number, 118);
}

/* Every number that the parser gives has words of its own. */
static void test_texts(void **state)
{
	static const unsigned numbers[] = { 101, 102, 103, 104, 105, 106, 107, 108,
					    109, 110, 111, 114, 115, 118, 306, 901 };
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(numbers); i++)
		assert_string_not_equal(whois_error_text(numbers[i]), whois_error_text(0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),      cmocka_unit_test(test_details), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_attrs), cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
