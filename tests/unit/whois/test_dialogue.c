/* SPDX-License-Identifier: MIT */
/*
 * test_dialogue.c -- conversations: '!' commands with their framing, and
 * which lines keep a connection open.
 */
#include "fixture.h"

#include "answer.h"
#include "dialogue.h"

struct row {
	const char *line;
	const char *want; /* without a framing of its own: data, framed here */
	bool framed;
};

static const struct row rows[] = {
	/* the conversation */
	{ "!!", "", true },
	{ "!nbgpq4 1.9", "C\n", true },
	{ "!n", "C\n", true },
	{ "!t300", "C\n", true },
	{ "!t0", "F Invalid value for timeout: 0\n", true },
	{ "!t1001", "F Invalid value for timeout: 1001\n", true },
	{ "!t", "F Invalid value for timeout: \n", true },
	{ "!v", "alamo-whoisd -- version " ALAMO_VERSION, false },
	{ "!s-lc", "TEST", false },
	{ "!s-*", "C\n", true },
	{ "!sTEST", "C\n", true },
	{ "!stest,Test", "C\n", true },
	{ "!sTEST,RIPE", "F Unknown source: RIPE\n", true },
	{ "!s", "F Missing source for s query\n", true },
	{ "", "", true },
	{ "!", "F Missing command\n", true },
	{ "!xyz", "F Unrecognised command: xyz\n", true },
	{ "!qx", "F Unrecognised command: qx\n", true },
	{ "!us", "F Unrecognised command: us\n", true },
	{ "!g\001", "F control characters in the query\n", true },
	/* origins */
	{ "!gAS64500", "10.1.0.0/16 10.1.2.0/24", false },
	{ "!gas64501", "10.1.0.0/16 10.2.0.0/16", false },
	{ "!6as64501", "fd00:1:2::/48", false },
	{ "!gAS64502", "D\n", true },
	{ "!gAS1", "D\n", true },
	{ "!g64500", "10.1.0.0/16 10.1.2.0/24", false },
	{ "!gAS0064500", "10.1.0.0/16 10.1.2.0/24", false },
	{ "!gAS0.64500", "10.1.0.0/16 10.1.2.0/24", false },
	{ "!gAS0.65536", "F Invalid AS number: AS0.65536\n", true },
	{ "!gAS1.1.1", "F Invalid AS number: AS1.1.1\n", true },
	{ "!gASx", "F Invalid AS number: ASx\n", true },
	{ "!g", "F Missing AS number\n", true },
	{ "-V tool/1 !gAS64500", "10.1.0.0/16 10.1.2.0/24", false },
	/* sets */
	{ "!iAS-FISHER", "AS-INNER AS64500", false },
	{ "!ias-fisher,1", "AS64500 AS64501", false },
	{ "!iAS-OPEN,1", "AS64500", false },
	{ "!iAS-EMPTY", "D\n", true },
	{ "!iAS-EMPTY,1", "D\n", true },
	{ "!iAS-GONE,1", "D\n", true },
	{ "!iRS-REF,1", "10.1.2.0/24 10.2.0.0/16", false },
	{ "!iRS-MIX", "10.9.0.0/16^+ AS-INNER AS64500 RS-REF fd00:9::/32^48", false },
	{ "!iAS064500:AS-CUSTOMERS", "AS64502", false },
	{ "!i", "F Missing required set name for i query\n", true },
	{ "!iAS-FISHER,2", "F Invalid option for i query: 2\n", true },
	/* prefixes of sets: bgpq4 knows the first by its words */
	{ "!a", "F Missing required set name for A query\n", true },
	{ "!a4", "F Missing required set name for A query\n", true },
	{ "!a4AS-FISHER", "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16", false },
	{ "!a6AS-FISHER", "fd00:1:1::/48 fd00:1:2::/48", false },
	{ "!aas-fisher", "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16 fd00:1:1::/48 fd00:1:2::/48", false },
	{ "!a4AS64501", "10.1.0.0/16 10.2.0.0/16", false },
	{ "!a4AS-GONE", "D\n", true },
	{ "!a6AS-EMPTY", "D\n", true },
	{ "!a4RS-MIX", "10.1.0.0/16 10.1.2.0/24 10.2.0.0/16 10.9.0.0/16^+", false },
	/* routes */
	{ "!r10.1.0.0/16,o", "AS64500 AS64501", false },
	{ "!r10.1.2.0/24,o", "AS64500", false },
	{ "!r10.1.2.0/25,o", "D\n", true },
	{ "!r10.0.0.0/8", "D\n", true },
	{ "!r10.1.2.1/24", "F Invalid input for route search: 10.1.2.1/24\n", true },
	{ "!rAS1", "F Invalid input for route search: AS1\n", true },
	{ "!r10.0.0.0/8,x", "F Invalid route search option: x\n", true },
	/* what a maintainer has */
	{ "!oNOBODY-MNT", "D\n", true },
	{ "!o", "F Missing parameter for o query\n", true },
	/* sets left out, until taken back */
	{ "!e-lc", "C\n", true },
	{ "!eas-inner,as-x", "C\n", true },
	{ "!e-lc", "AS-INNER,AS-X", false },
	{ "!iAS-FISHER,1", "AS64500", false },
	{ "!iAS-FISHER", "AS-INNER AS64500", false },
	{ "!a4AS-FISHER", "10.1.0.0/16 10.1.2.0/24", false },
	{ "!e10.0.0.0/8", "F Not the name of a set: 10.0.0.0/8\n", true },
	{ "!e", "C\n", true },
	{ "!iAS-FISHER,1", "AS64500 AS64501", false },
	/* filters that we do not have */
	{ "!fno-rpki-filter",
	  "Filtering out RPKI invalids is disabled for !r and RIPE style queries for the rest of this connection.",
	  false },
	{ "!FNO-RPKI-FILTER", "F Unrecognised command: FNO-RPKI-FILTER\n", true },
	{ "!fno-scope-filter",
	  "Filtering out out-of-scope objects is disabled for !r and RIPE style queries for the rest of this "
	  "connection.",
	  false },
	{ "!fno-route-preference-filter",
	  "Filtering out objects suppressed due to route object preference is disabled for !r and RIPE style queries "
	  "for "
	  "the rest of this connection.",
	  false },
	{ "!fx", "F Unrecognised command: fx\n", true },
	/* objects */
	{ "!maut-num,as64999", "D\n", true },
	{ "!mnothing,x", "F Invalid object class: nothing\n", true },
	{ "!maut-num", "F Invalid argument for object lookup: aut-num\n", true },
};

struct talk {
	struct fixture f;
	struct whois_dialogue dialogue;
	struct whois_job job;
	unsigned pieces; /* of the last answer */
	struct al_buf out;
};

static void talk_init(struct talk *talk)
{
	memset(talk, 0, sizeof(*talk));
	fixture_init(&talk->f);
	fixture_puts(&talk->f, fixture_small);
	whois_job_init(&talk->job);
	al_buf_init(&talk->out, WHOIS_ANSWER_MAX);
}

static void talk_release(struct talk *talk)
{
	al_buf_release(&talk->out);
	fixture_release(&talk->f);
}

/* The answer, as a C string good until the next line. */
static const char *say(struct talk *talk, const char *line)
{
	al_buf_reset(&talk->out);
	whois_dialogue_line(&talk->f.view, &talk->dialogue, al_slice_str(line), &talk->job, &talk->out);
	talk->pieces = 1;
	while (!whois_job_run(&talk->job, &talk->out))
		talk->pieces++;
	assert_int_equal(talk->out.err, AL_OK);
	al_buf_u8(&talk->out, 0);
	return (const char *)talk->out.ptr;
}

static void test_commands(void **state)
{
	struct talk talk;
	char want[512];
	const char *got;
	size_t i;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	for (i = 0; i < AL_COUNT(rows); i++) {
		if (rows[i].framed)
			(void)snprintf(want, sizeof(want), "%s", rows[i].want);
		else
			(void)snprintf(want, sizeof(want), "A%zu\n%s\nC\n", strlen(rows[i].want) + 1, rows[i].want);
		got = say(&talk, rows[i].line);
		if (strcmp(got, want) != 0) {
			print_error("%s\n got: %s\nwant: %s\n", rows[i].line, got, want);
			fail();
		}
	}
	talk_release(&talk);
}

/* Data of an "A" answer, checked against its length. */
static const char *data_of(const char *answer)
{
	char *data;
	unsigned long len;

	assert_int_equal(answer[0], 'A');
	len = strtoul(answer + 1, &data, 10);
	assert_int_equal(*data, '\n');
	assert_string_equal(data + 1 + len, "C\n");
	return data + 1;
}

static void test_objects(void **state)
{
	struct talk talk;
	const char *data;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	data = data_of(say(&talk, "!maut-num,as64502"));
	assert_true(strncmp(data, "aut-num:        AS64502\n", 24) == 0);
	assert_non_null(strstr(data, "\nlast-modified:  2025-12-01T00:00:09Z\nsource:         TEST\nC\n"));
	data = data_of(say(&talk, "!mrt,10.1.0.0/16-AS64501"));
	assert_non_null(strstr(data, "origin:         AS64501\n"));
	data = data_of(say(&talk, "!mroute6,fd00:1:1::/48 as64500"));
	assert_non_null(strstr(data, "route6:         fd00:1:1::/48\n"));
	/* Objects are separated by one empty line. */
	data = data_of(say(&talk, "!r10.1.0.0/16"));
	assert_non_null(strstr(data, "source:         TEST\n\nroute:          10.1.0.0/16\norigin:         AS64501\n"));
	assert_null(strstr(data, "10.1.2.0/24"));
	data = data_of(say(&talk, "!r10.1.2.0/24,l"));
	assert_null(strstr(data, "10.1.2.0/24"));
	assert_non_null(strstr(data, "10.1.0.0/16"));
	data = data_of(say(&talk, "!r10.1.2.0/24,L"));
	assert_non_null(strstr(data, "10.1.2.0/24"));
	assert_non_null(strstr(data, "10.1.0.0/16"));
	data = data_of(say(&talk, "!omiller-mnt"));
	assert_non_null(strstr(data, "mntner:         MILLER-MNT\n"));
	assert_non_null(strstr(data, "\n\naut-num:        AS64501\n"));
	assert_null(strstr(data, "AS64500"));
	assert_non_null(strstr(data_of(say(&talk, "!maut-num,064502")), "AS64502"));
	data = data_of(say(&talk, "!r10.1.0.0/16,M"));
	assert_non_null(strstr(data, "10.1.2.0/24"));
	assert_null(strstr(data, "10.1.0.0/16\n"));
	talk_release(&talk);
}

/* Which line leaves the connection open. */
static void test_staying(void **state)
{
	static const struct {
		const char *line;
		bool closes;
	} steps[] = {
		{ "AS64500", true },     { "!gAS64500", true }, { "-y AS1", true },   { "", true },
		{ "-k AS64500", false }, { "AS64501", false },  { "-y AS1", false },  { "!gAS64500", false },
		{ "", false },           { "-k", true },        { "-k", false },      { "AS64500", false },
		{ "-k", true },          { "!!", false },       { "AS64500", false }, { "!gAS1", false },
		{ "", false },           { "!zzz", false },     { "!q", true },       { "AS1\001", true },
		{ "!t10", false },
	};
	struct talk talk;
	size_t i;

	(void)state;
	talk_init(&talk);
	for (i = 0; i < AL_COUNT(steps); i++) {
		(void)say(&talk, steps[i].line);
		if (talk.dialogue.closing != steps[i].closes) {
			print_error("step %zu \"%s\" closing %d\n", i, steps[i].line, talk.dialogue.closing);
			fail();
		}
	}
	assert_int_equal(talk.dialogue.idle_s, 10);
	talk_release(&talk);
}

static void test_bare_lines(void **state)
{
	struct talk talk;

	(void)state;
	talk_init(&talk);
	assert_non_null(strstr(say(&talk, ""), "%ERROR:106: no search key\n"));
	assert_string_equal(say(&talk, "-k"), "");
	assert_string_equal(say(&talk, ""), "");
	talk_release(&talk);
}

/* Origins come in the order of their names, in whichever the routes came. */
static void test_origin_order(void **state)
{
	struct talk talk;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	fixture_put(&talk.f, "route: 10.2.0.0/16\norigin: AS64502\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_put(&talk.f, "route: 10.2.0.0/16\norigin: AS64500\nmnt-by: A-MNT\nsource: TEST\n");
	assert_string_equal(data_of(say(&talk, "!r10.2.0.0/16,o")), "AS64500 AS64501 AS64502\nC\n");
	talk_release(&talk);
}

/* Without versions there is no serial to ask from. */
static void test_no_history(void **state)
{
	const char *said;
	struct talk talk;

	(void)state;
	talk_init(&talk);
	(void)say(&talk, "!!");
	said = data_of(say(&talk, "!JTEST"));
	assert_non_null(strstr(said, "\"serial_oldest_journal\": 0, \"serial_newest_journal\": 0,"));
	talk_release(&talk);
}

static void test_not_ready(void **state)
{
	static const char *const of_log[] = { "!6AS64500",  "!iAS-FISHER",       "!a4AS-FISHER", "!oFISHER-MNT",
					      "!rfd00::/8", "!maut-num,AS64500", "!j-*",         "!J-*" };
	static const char *const of_none[] = { "!v", "!t30", "!nme", "!fno-rpki-filter", "!eAS-X" };
	struct talk talk;

	(void)state;
	talk_init(&talk);
	talk.f.view.head.size = 0;
	assert_string_equal(say(&talk, "!gAS64500"), "F Not ready: no verified log yet\n");
	assert_string_equal(say(&talk, "!s-lc"), "F Not ready: no verified log yet\n");
	for (size_t i = 0; i < AL_COUNT(of_log); i++)
		assert_string_equal(say(&talk, of_log[i]), "F Not ready: no verified log yet\n");
	for (size_t i = 0; i < AL_COUNT(of_none); i++)
		assert_null(strstr(say(&talk, of_none[i]), "Not ready"));
	assert_string_equal(say(&talk, "!!"), "");
	assert_string_equal(say(&talk, "!n"), "C\n");
	talk_release(&talk);
}

/* A list beyond the bound is refused as a whole: half a filter is worse than none. */
static void test_bound(void **state)
{
	struct talk talk;
	char text[256];
	unsigned i;

	(void)state;
	talk_init(&talk);
	for (i = 0; i <= WHOIS_OBJECTS_MAX; i++) {
		(void)snprintf(text, sizeof(text),
			       "route6: fd01:%x::/32\norigin: AS64502\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&talk.f, text);
	}
	(void)say(&talk, "!!");
	assert_string_equal(say(&talk, "!rfd01::/16,M"), "F The answer would be too large\n");
	(void)data_of(say(&talk, "!6AS64502"));
	talk_release(&talk);
}

static void test_refuse(void **state)
{
	struct talk talk;

	(void)state;
	talk_init(&talk);
	whois_dialogue_refuse(&talk.f.view, &talk.dialogue, 107, &talk.out);
	assert_true(talk.dialogue.closing);
	al_buf_u8(&talk.out, 0);
	assert_non_null(strstr((const char *)talk.out.ptr, "%ERROR:107: line too long\n"));
	talk.dialogue.multi = true;
	al_buf_reset(&talk.out);
	whois_dialogue_refuse(&talk.f.view, &talk.dialogue, 306, &talk.out);
	al_buf_u8(&talk.out, 0);
	assert_string_equal((const char *)talk.out.ptr, "F too busy, try again\n");
	talk_release(&talk);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),   cmocka_unit_test(test_objects),
		cmocka_unit_test(test_staying),    cmocka_unit_test(test_bare_lines),
		cmocka_unit_test(test_not_ready),  cmocka_unit_test(test_bound),
		cmocka_unit_test(test_refuse),     cmocka_unit_test(test_origin_order),
		cmocka_unit_test(test_no_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
