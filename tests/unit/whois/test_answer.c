/* SPDX-License-Identifier: MIT */
/*
 * test_answer.c -- RIPE-form answers byte by byte, and their bounds.
 */
#include "fixture.h"

#include "answer.h"

#define HEADER                                         \
	"% This is the TEST registry query service.\n" \
	"% Objects are in RPSL form; \"help\" explains the flags.\n\n"
#define FOOTER                                                    \
	"% log 31 AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=\n" \
	"% This query was served by alamo-whoisd " ALAMO_VERSION "\n\n\n"

struct row {
	const char *line;
	const char *want; /* between header and footer */
};

static const struct row rows[] = {
	{ "as64500", "% Information related to 'AS64500'\n\n"
		     "aut-num:        AS64500\n"
		     "as-name:        FISHER-AS\n"
		     "mnt-by:         FISHER-MNT\n"
		     "member-of:      AS-OPEN\n"
		     "created:        2025-12-01T00:00:07Z\n"
		     "last-modified:  2025-12-01T00:00:07Z\n"
		     "source:         TEST\n\n" },
	{ "-rT route 10.1.2.9/24", "%WARNING:905: host bits ignored\n%\n% Looked for 10.1.2.0/24.\n\n"
				   "% Information related to '10.1.2.0/24AS64500'\n\n"
				   "route:          10.1.2.0/24\n"
				   "origin:         AS64500\n"
				   "mnt-by:         FISHER-MNT\n"
				   "member-of:      RS-REF\n"
				   "created:        2025-12-01T00:00:18Z\n"
				   "last-modified:  2025-12-01T00:00:18Z\n"
				   "rpki-ov-state:  valid\n"
				   "source:         TEST\n\n" },
	{ "-K -T route -x 10.1.0.0/16", "% Information related to '10.1.0.0/16AS64500'\n\n"
					"route:          10.1.0.0/16\norigin:         AS64500\n\n"
					"% Information related to '10.1.0.0/16AS64501'\n\n"
					"route:          10.1.0.0/16\norigin:         AS64501\n\n" },
	{ "-K as-fisher", "% Information related to 'AS-FISHER'\n\n"
			  "as-set:         AS-FISHER\nmembers:        AS64500, AS-INNER\n\n" },
	{ "-K fisher-test", "% Information related to 'FISHER-TEST'\n\nnic-hdl:        FISHER-TEST\n\n" },
	{ "-K -M fisher-test",
	  "%WARNING:902: flag without effect\n%\n% -l, -L, -m and -M need an address or a prefix.\n\n"
	  "% Information related to 'FISHER-TEST'\n\nnic-hdl:        FISHER-TEST\n\n" },
	{ "-F -T person fisher-test", "% Information related to 'FISHER-TEST'\n\n"
				      "*pn:            Ann Fisher\n*nh:            FISHER-TEST\n"
				      "*mb:            FISHER-MNT\n*cr:            2025-12-01T00:00:04Z\n"
				      "*lm:            2025-12-01T00:00:04Z\n*so:            TEST\n\n" },
	{ "-F -T as-block AS64600", "% Information related to 'AS64500-AS64999'\n\n"
				    "*ak:            AS64500-AS64999\n*policy:        open\n"
				    "*mb:            ROOT-MNT\n*cr:            2025-12-01T00:00:05Z\n"
				    "*lm:            2025-12-01T00:00:05Z\n*so:            TEST\n\n" },
	{ "-b as64500", "% Abuse contact for 'AS64500' is 'FISHER-TEST'\n\n"
			"aut-num:        AS64500\nabuse-c:        FISHER-TEST\n\n" },
	{ "-b -T inetnum 10.1.2.3", "% Abuse contact for '10.1.2.0/24' is 'FISHER-TEST'\n\n"
				    "inetnum:        10.1.2.0/24\nabuse-c:        FISHER-TEST\n\n" },
	{ "-b as64502", "% No abuse contact registered for AS64502\n\n" },
	{ "-x 192.0.02.0/24", "%ERROR:115: the key does not fit the query\n%\n% It is about \"192.0.02.0/24\".\n"
			      "% A prefix is written 192.0.2.0/24 or fd00:1::/32: no leading zeros, no netmask.\n\n" },
	{ "nobody-mnt", "%ERROR:101: no entries found\n%\n% No entries found in source TEST.\n\n" },
	{ "-s RIPE AS1", "%ERROR:102: unknown source\n%\n% It is about \"RIPE\".\n% Send \"help\" for the flags.\n\n" },
	{ "-q sources", "TEST:3:X:-\n\n" },
	{ "-q version", "% alamo-whoisd-" ALAMO_VERSION "\n\n" },
	{ "-q types", "registry\nmntner\nrole\nperson\nas-block\naut-num\nas-set\ninetnum\ninet6num\nroute\nroute6\n"
		      "route-set\ndomain\nnode\npeering\nservice\nmesh-node\nmesh-anchor\nmesh-bootstrap\n"
		      "mesh-gateway\nmesh-prefix\nmesh-revoked\norganisation\n\n" },
	{ "-t person", "person:         [mandatory]  [single]     [ ]\n"
		       "nic-hdl:        [mandatory]  [single]     [primary/lookup key]\n"
		       "contact:        [optional]   [single]     [ ]\n"
		       "contact-for:    [optional]   [single]     [ ]\n"
		       "org:            [optional]   [single]     [inverse key]\n"
		       "remarks:        [optional]   [multiple]   [ ]\n"
		       "x-*:            [optional]   [multiple]   [ ]\n"
		       "mnt-by:         [mandatory]  [multiple]   [inverse key]\n"
		       "created:        [generated]  [single]     [ ]\n"
		       "last-modified:  [generated]  [single]     [ ]\n"
		       "source:         [mandatory]  [single]     [ ]\n\n" },
};

static void set_root(struct fixture *f)
{
	size_t i;

	for (i = 0; i < AL_HASH_LEN; i++)
		f->view.head.root.b[i] = (uint8_t)(i + 1);
}

/* The answer to one line as a C string; the caller frees. */
static char *ask(const struct fixture *f, const char *line)
{
	struct whois_query query;
	struct whois_error error;
	struct whois_job job;
	struct al_buf out;
	char *text;

	whois_job_init(&job);
	al_buf_init(&out, WHOIS_ANSWER_MAX);
	if (whois_query_parse(al_slice_str(line), &query, &error) == AL_OK)
		whois_answer(&f->view, &query, &job, &out);
	else
		whois_answer_error(&f->view, &error, &out);
	while (!whois_job_run(&job, &out))
		;
	assert_int_equal(out.err, AL_OK);
	text = al_buf_take(&out, NULL);
	assert_non_null(text);
	return text;
}

static void test_golden(void **state)
{
	struct fixture f;
	char want[4096];
	size_t i;
	char *got;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	set_root(&f);
	for (i = 0; i < AL_COUNT(rows); i++) {
		got = ask(&f, rows[i].line);
		(void)snprintf(want, sizeof(want), "%s%s%s", HEADER, rows[i].want, FOOTER);
		if (strcmp(got, want) != 0) {
			print_error("%s\n--- got\n%s--- want\n%s---\n", rows[i].line, got, want);
			fail();
		}
		free(got);
	}
	fixture_release(&f);
}

/* created stays, last-modified moves. */
static void test_times(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	fixture_put(&f, "mntner: MILLER-MNT\ndescr: new\nmnt-by: MILLER-MNT\nsource: TEST\n");
	got = ask(&f, "-T mntner miller-mnt");
	assert_non_null(strstr(got, "descr:          new\nmnt-by:         MILLER-MNT\n"
				    "created:        2025-12-01T00:00:03Z\n"
				    "last-modified:  2025-12-01T00:00:31Z\nsource:         TEST\n"));
	free(got);
	fixture_release(&f);
}

/* Each answer names the head that it is of, whatever the one before was of. */
static void test_heads(void **state)
{
	static const struct {
		uint64_t size;
		uint8_t root;
		const char *line;
	} heads[] = {
		{ 31, 1, "% log 31 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" },
		{ 32, 1, "% log 32 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" },
		{ 32, 2, "% log 32 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" },
		{ 32, 2, "% log 32 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" },
	};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	for (size_t i = 0; i < AL_COUNT(heads); i++) {
		char *got;

		f.view.head = (struct al_checkpoint){ .size = heads[i].size, .root.b = { heads[i].root } };
		got = ask(&f, "as64500");
		assert_non_null(strstr(got, heads[i].line));
		free(got);
	}
	fixture_release(&f);
}

/* Who reads it is told how old it may be, in minutes that are begun. */
static void test_stale(void **state)
{
	static const struct {
		uint64_t stale_s;
		const char *minutes;
	} rows_of[] = { { 1, "1" }, { 60, "1" }, { 61, "2" }, { 3600, "60" } };
	struct fixture f;
	char want[160];
	char *got;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	got = ask(&f, "as64500");
	assert_null(strstr(got, "Warning"));
	free(got);
	for (size_t i = 0; i < AL_COUNT(rows_of); i++) {
		f.view.stale_s = rows_of[i].stale_s;
		got = ask(&f, "as64500");
		(void)snprintf(
			want, sizeof(want),
			"%% Warning: this may be old. Nothing newer was heard from the registry for %s minutes.\n"
			"%% log 31 ",
			rows_of[i].minutes);
		assert_non_null(strstr(got, want));
		free(got);
	}
	fixture_release(&f);
}

static void test_not_ready(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f);
	got = ask(&f, "AS1");
	assert_non_null(strstr(got, "%ERROR:100: no verified log yet\n"));
	assert_null(strstr(got, "% log"));
	free(got);
	got = ask(&f, "-q sources");
	assert_non_null(strstr(got, "% This is the registry query service.\n"));
	assert_non_null(strstr(got, "%ERROR:100: no verified log yet\n"));
	free(got);
	/* What needs no log is answered. */
	got = ask(&f, "-t route");
	assert_non_null(strstr(got, "route:          [mandatory]"));
	free(got);
	fixture_release(&f);
}

/* Bytes of the client come back as printable ASCII, cut short. */
static void test_echo(void **state)
{
	char line[600] = "-T ";
	struct fixture f;
	char *got, *at;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	got = ask(&f, "-T a\xff\x9b"
		      "b x");
	assert_non_null(strstr(got, "% It is about \"a??b\".\n"));
	free(got);
	memset(line + 3, 'z', 500);
	memcpy(line + 503, " x", 3);
	got = ask(&f, line);
	at = strstr(got, "% It is about \"zzz");
	assert_non_null(at);
	assert_int_equal(strspn(at + 15, "z"), 100);
	assert_true(strncmp(at + 115, "...\".\n", 6) == 0);
	free(got);
	fixture_release(&f);
}

/* Every template names each attribute of its class once, and -v explains it. */
static void test_templates(void **state)
{
	const struct al_attr_rule *rule;
	struct fixture f;
	char line[64], name[64];
	char *got;
	int cls;

	(void)state;
	fixture_init(&f);
	for (cls = 0; cls < AL_CLASS_COUNT; cls++) {
		(void)snprintf(line, sizeof(line), "-v %s", al_class_name((enum al_class)cls));
		got = ask(&f, line);
		for (rule = al_class_rules((enum al_class)cls); rule->name != NULL; rule++) {
			(void)snprintf(name, sizeof(name), "\n%s:%*s[", rule->name, 15 - (int)strlen(rule->name), "");
			assert_non_null(strstr(got, name));
			assert_non_null(strstr(got, rule->doc));
		}
		free(got);
	}
	fixture_release(&f);
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (text = strstr(text, what); text != NULL; text = strstr(text + 1, what))
		count++;
	return count;
}

/* 4 MiB of objects at most, whole ones, and a line that says so. */
static void test_body_bound(void **state)
{
	struct fixture f;
	struct al_buf text;
	unsigned i, k;
	char *got, *end;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	al_buf_init(&text, 65536);
	for (i = 0; i < 120; i++) {
		al_buf_reset(&text);
		al_buf_printf(&text, "route: 10.1.%u.0/24\norigin: AS64500\nmnt-by: FISHER-MNT\nsource: TEST\n", i + 4);
		for (k = 0; k < 40; k++)
			al_buf_printf(&text, "remarks: %01000u\n", k);
		al_buf_u8(&text, 0);
		fixture_put(&f, (const char *)text.ptr);
	}
	al_buf_release(&text);
	got = ask(&f, "-T route -M 10.1.0.0/16");
	end = strstr(got, "% Answer truncated after ");
	assert_non_null(end);
	assert_true((size_t)(end - got) <= WHOIS_BODY_MAX + strlen(HEADER) && end - got > WHOIS_BODY_MAX - 50000);
	assert_true(count_of(got, "\nsource:") < 121);
	assert_int_equal(count_of(got, "% Information related to"), count_of(got, "\nsource:"));
	assert_int_equal(strtoul(end + 25, NULL, 10), count_of(got, "\nsource:"));
	free(got);
	/* The keys of all of them fit. */
	got = ask(&f, "-K -T route -M 10.1.0.0/16");
	assert_int_equal(count_of(got, "% Information related to"), 121);
	assert_null(strstr(got, "truncated"));
	free(got);
	fixture_release(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden), cmocka_unit_test(test_times),     cmocka_unit_test(test_not_ready),
		cmocka_unit_test(test_echo),   cmocka_unit_test(test_templates), cmocka_unit_test(test_body_bound),
		cmocka_unit_test(test_heads),  cmocka_unit_test(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
