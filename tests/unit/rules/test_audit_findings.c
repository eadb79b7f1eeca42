/* SPDX-License-Identifier: MIT */
/*
 * What the auditor says of what it found: each thing once, in words, and not only
 * the first.
 */
#include "audit_cheats.h"

/* The audit goes on behind an entry that cannot be a registry's, and only ends where nobody could follow. */
static void findings_do_not_hide_others(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	result_changed(&log, s);
	text_changed(&log, s);
	time_back(&log, s);
	asn_other(&log, s);
	key_swapped(&log, s);
	placeholder_unknown(&log, s);
	nothing_done(&log, s);
	assert_false(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.kinds[AUDIT_SIGNATURE], 1);
	assert_int_equal(counts.kinds[AUDIT_TIME], 1);
	assert_int_equal(counts.kinds[AUDIT_ALLOCATION], 1);
	assert_true(counts.kinds[AUDIT_REFUSED] >= 2);
	assert_int_equal(counts.kinds[AUDIT_END], 1);
	assert_int_equal(counts.kinds[AUDIT_IDLE], 0);
	assert_int_equal(found.items[found.count - 1].kind, AUDIT_END);
	assert_int_equal(found.items[found.count - 1].index, log.count - 2);
	log_free(&log);
}

/* However many objects a clause refuses, in whatever order: it is told once an entry. */
static void one_finding_for_each_clause(void **state)
{
	static const char stolen[] = "domain: a.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY
				     "\ndomain: www.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: ftp.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: ns.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: b.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY;
	const struct story *s = *state;
	size_t missing = 0, parent = 0;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "ccccc", "prev: none none none none none", stolen, "3");
	assert_false(judge(&log, 0, &found, &counts));
	assert_int_equal(found.count, 2);
	for (size_t i = 0; i < found.count; i++) {
		assert_int_equal(found.items[i].index, log.count - 1);
		assert_int_equal(found.items[i].kind, AUDIT_REFUSED);
		missing += strcmp(found.items[i].clause, "REF-MISSING") == 0;
		parent += strcmp(found.items[i].clause, "POLICY-NAME-PARENT") == 0;
	}
	assert_true(missing == 1 && parent == 1);
	log_free(&log);
}

/* Ours is shorter than the entry, and what was decided before was longer: its bytes are no part of ours. */
static void contact_behind_dashes(struct log *log, const struct story *s)
{
	char objects[1200], dashes[801];

	memset(dashes, '-', sizeof(dashes) - 1);
	dashes[sizeof(dashes) - 1] = '\0';
	(void)snprintf(objects, sizeof(objects), "domain: dashes.test\nrecord: @ A 10.0.0.1\nremarks: %s\n" BY_MALLORY,
		       dashes);
	contact_published(log, s);
	forge(log, s, "c", "prev: none", objects, "3");
	log_swap(log, 12, 13);
	log_renumber(log);
}

static void nobody_of_two(struct log *log, const struct story *s)
{
	forge(log, s, "cc", "prev: none none",
	      "domain: a.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
	      "\ndomain: b.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY,
	      "3");
}

static void findings_say_what_they_found(void **state)
{
	static const struct {
		mutate_fn mutate;
		const char *text; /* of the first finding */
		size_t more;      /* others */
	} says[] = {
		{ result_short, "the result is cccc, but the request gives ccccc", 0 },
		{ asn_other, "AUTO-1 became AS4252660150, but AUTO-1 AS4252660113 was due", 0 },
		{ auto_dropped, "AUTO-2/48 was not filled; fca1:100:3::/48 was due", 1 },
		{ auto_added, "AUTO-5 became AS4252660150, but the request has no such placeholder", 0 },
		{ line_ends_changed, "line 4 of the request has a character that is no text", 1 },
		{ contact_published, "byte 494 differs: the entry has 633 bytes, the decision gives 494", 0 },
		{ contact_behind_dashes, "byte 494 differs: the entry has 633 bytes, the decision gives 494", 0 },
		{ entry_dropped, "object 1: prev: is 6, but the present version is 5", 4 },
		{ entry_repeated, "the same signed text is entry 4", 0 },
		{ swapped_as_they_are, "the entry says that it is entry 3", 4 },
		{ time_back, "time 1700000000 lies before 1700000040, the time of the entry before", 0 },
		{ time_late, "the request was only good until 2023-11-14T22:15:30Z", 0 },
		{ time_future, "time 1700100000 lies in the future", 0 },
		{ noise, "the entry cannot be decoded: malformed", 1 },
		{ deleted_in_use, "object 1: Object [mntner] MALLORY-MNT is referenced from 4 other objects", 0 },
		{ nobody_of_two, "object 2: Unknown object referenced NOBODY-TEST", 0 },
		{ dry_run, "the request asked for a dry run", 0 },
		{ nothing_done, "the request changes nothing", 0 },
	};
	const struct story *s = *state;
	struct audit_counts counts;
	struct found found;

	for (size_t i = 0; i < AL_COUNT(says); i++) {
		struct log log;

		log_copy(&s->log, &log);
		says[i].mutate(&log, s);
		(void)judge(&log, START + 1000, &found, &counts);
		assert_true(found.count > 0);
		assert_string_equal(found.items[0].text, says[i].text);
		assert_int_equal(found.count, 1 + says[i].more);
		log_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_do_not_hide_others),
		cmocka_unit_test(one_finding_for_each_clause),
		cmocka_unit_test(findings_say_what_they_found),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
