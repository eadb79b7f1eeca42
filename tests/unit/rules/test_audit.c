/* SPDX-License-Identifier: MIT */
/*
 * The auditor against a small honest log, in which there is nothing to find.
 */
#include "audit_story.h"

static void the_honest_log_is_clean(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;

	assert_true(judge(&s->log, START + 1000, &found, &counts));
	assert_int_equal(found.count, 0);
	assert_int_equal(counts.entries, s->log.count);
	assert_int_equal(counts.requests, s->log.count);
	assert_int_equal(counts.signatures, s->log.count + 2);
	assert_int_equal(counts.unknown, 0);
}

static void unknown_kinds_are_passed_over(void **state)
{
	struct story *s = *state;
	struct al_entry entry = { .index = s->log.count, .time = START + 500, .kind = AL_S("keys"), .body = AL_S("x") };
	struct audit_counts counts;
	struct found found;
	struct al_buf bytes;
	struct log log;

	al_buf_init(&bytes, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	log_copy(&s->log, &log);
	log_add(&log, al_buf_view(&bytes));
	assert_true(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.unknown, 1);
	assert_int_equal(counts.requests, s->log.count);
	al_buf_release(&bytes);
	log_free(&log);
}

/* What a registry took before it kept to one form of the text: signed as it is stored, so it stands. */
static void a_line_end_of_old_is_named(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "c", "prev: none", "mntner: CR-MNT\nremarks: a\r\nauth: @3@\nmnt-by: CR-MNT\nsource: TEST\n",
	      "3");
	assert_true(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.findings, 0);
	assert_int_equal(counts.kinds[AUDIT_OLDER], 1);
	assert_int_equal(found.items[0].index, log.count - 1);
	log_free(&log);
}

/* So with what older rules took for text, a name, a list: it stands, it is named, and it is shown as text. */
static void a_form_of_old_is_named(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "c", "prev: none",
	      "mntner: UN-MNT\nremarks: a\xe2\x80\x8bz\nauth: @3@\nmnt-by: UN-MNT\nsource: TEST\n", "3");
	forge(&log, s, "c", "prev: none", "mntner: LI-MNT\nauth: @3@\nmnt-by: LI-MNT,\nsource: TEST\n", "3");
	assert_true(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.findings, 0);
	assert_int_equal(counts.kinds[AUDIT_OLDER], 3); /* the line, its value, the list */
	assert_int_equal(found.items[0].index, log.count - 2);
	assert_int_equal(found.items[2].index, log.count - 1);
	log_free(&log);
}

/* So with records that today's rules would refuse: whichever object has them. */
static void records_of_old_are_named(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "cc", "prev: none none",
	      "domain: plain.test\nrecord: @ A 10.0.0.1\nmnt-by: MALLORY-MNT\nsource: TEST\n\n"
	      "domain: alias.test\nrecord: www A 10.0.0.1\nrecord: www CNAME plain.test.\nrecord: x.alias.test A "
	      "10.0.0.1\n"
	      "mnt-by: MALLORY-MNT\nsource: TEST\n",
	      "3");
	assert_true(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.findings, 0);
	assert_int_equal(found.count, 2);
	for (size_t i = 0; i < found.count; i++) {
		assert_int_equal(found.items[i].kind, AUDIT_OLDER);
		assert_int_equal(found.items[i].index, log.count - 1);
		assert_non_null(found.items[i].clause);
	}
	assert_string_equal(found.items[0].text,
			    "object 2: www CNAME: a CNAME stands alone: no other record has its name");
	assert_string_equal(found.items[1].text, "object 2: x.alias.test A: the name is relative to the domain: "
						 "leave the domain out of it");
	log_free(&log);
}

/* ---- who signed, and the end ---- */

struct signed_seen {
	uint64_t count, keys, last;
};

static void count_signers(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count)
{
	struct signed_seen *seen = arg;

	assert_true(seen->count == 0 || index > seen->last);
	for (size_t i = 0; i < count; i++)
		assert_false(keys[i].fido);
	seen->count++;
	seen->keys += count;
	seen->last = index;
}

/* Of each entry that is what the rules give, and of no other. */
static void who_signed_is_told(void **state)
{
	struct story *s = *state;
	struct signed_seen seen = { 0 };
	struct audit_opts opts = { .ns = NS, .signers = count_signers, .arg = &seen };
	struct audit *audit;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "c", "prev: none", "domain: alice.test\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3");
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	for (size_t i = 0; i < log.count; i++)
		assert_int_equal(audit_entry(audit, al_buf_view(&log.leaf[i])), AL_OK);
	assert_int_equal(seen.count, s->log.count);
	assert_int_equal(seen.keys, s->log.count + 2); /* two have a second signature */
	assert_int_equal(seen.last, s->log.count - 1);
	audit_free(audit);
	audit_free(NULL);
	log_free(&log);
}

static void behind_the_end_nothing_is_judged(void **state)
{
	struct story *s = *state;
	struct audit_opts opts = { .ns = NS };
	struct audit_counts counts;
	struct audit *audit;

	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	assert_int_equal(audit_entry(audit, al_buf_view(&s->log.leaf[0])), AL_OK);
	assert_int_equal(audit_entry(audit, AL_S("no entry")), AL_ECLOSED);
	assert_int_equal(audit_entry(audit, al_buf_view(&s->log.leaf[1])), AL_ECLOSED);
	assert_false(audit_finish(audit, &counts));
	assert_int_equal(counts.entries, 2);
	assert_int_equal(counts.requests, 1);
	assert_int_equal(counts.findings, 2);
	assert_int_equal(counts.kinds[AUDIT_FORM], 1);
	assert_int_equal(counts.kinds[AUDIT_END], 1);
	audit_free(audit);
}

static void the_namespace_follows_from_the_founding(void **state)
{
	struct story *s = *state;
	struct audit_opts opts = { .finding = NULL };
	char ns[AUDIT_NAMESPACE_LEN];
	struct audit_counts counts;
	struct audit *audit;

	assert_int_equal(audit_namespace(leaf_get(&s->log, 0).body, ns), AL_OK);
	assert_string_equal(ns, "registry@test");
	assert_int_equal(audit_namespace(leaf_get(&s->log, 1).body, ns), AL_ENOTFOUND);
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	for (size_t i = 0; i < s->log.count; i++)
		assert_int_equal(audit_entry(audit, al_buf_view(&s->log.leaf[i])), AL_OK);
	assert_true(audit_finish(audit, &counts));
	audit_free(audit);
}

/* As it was typed, in small letters; of the first registry object that has a name, which may stand behind others. */
static void namespaces(void **state)
{
	static const struct {
		const char *objects, *ns; /* NULL: none */
	} rows[] = {
		{ "registry: TEST\nsource: TEST\n", "registry@test" },
		{ "registry:AZaz-09 # @[`{\nsource: TEST\n", "registry@azaz-09" },
		{ "registry:\nsource: TEST\n", NULL },
		{ "registry:  # TEST\nsource: TEST\n", NULL },
		{ "registries: TEST\nsource: TEST\n", NULL },
		{ "mntner: TEST-MNT\nregistry: TEST\nsource: TEST\n", NULL },
		{ "no such line\n\nmntner: X-MNT\nsource: X\n\nregistry: TEST\nsource: TEST\n", "registry@test" },
		{ "registry:\nsource: X\n\nregistry: ONE\nsource: ONE\n\nregistry: TWO\nsource: TWO\n",
		  "registry@one" },
		{ "registry: X\r\nsource: X\n", "registry@x" }, /* a form of old */
		{ "registry: a234567890123456789012345678901234567890\nsource: X\n",
		  "registry@a234567890123456789012345678901234567890" },
		{ "registry: a2345678901234567890123456789012345678901\nsource: X\n", NULL },
	};
	char text[400], ns[AUDIT_NAMESPACE_LEN];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		enum al_err err;

		(void)snprintf(text, sizeof(text), "request: x\nprev: none\n\n%s", rows[i].objects);
		err = audit_namespace(al_slice_str(text), ns);
		if (err != (rows[i].ns != NULL ? AL_OK : AL_ENOTFOUND) || (err == AL_OK && strcmp(ns, rows[i].ns) != 0))
			fail_msg("row %zu: %s", i, err == AL_OK ? ns : al_err_name(err));
	}
	assert_int_equal(audit_namespace(AL_S("no request"), ns), AL_ENOTFOUND);
}

static void a_namespace_has_a_bound(void **state)
{
	char ns[AUDIT_NAMESPACE_LEN];
	struct audit_opts opts = { .ns = { ns, AUDIT_NAMESPACE_LEN - 1 } };
	struct audit *audit;

	(void)state;
	memset(ns, 'x', sizeof(ns));
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	audit_free(audit);
	opts.ns.len++;
	assert_int_equal(audit_new(&opts, &audit), AL_ELIMIT);
}

/* One that is given is taken, however short: by the founded registry's the signatures would be good. */
static void a_namespace_of_one_letter(void **state)
{
	const struct story *s = *state;
	struct audit_opts opts = { .ns = AL_S("x") };
	struct audit_counts counts;
	struct audit *audit;

	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	assert_int_equal(audit_entry(audit, al_buf_view(&s->log.leaf[0])), AL_OK);
	assert_false(audit_finish(audit, &counts));
	assert_int_equal(counts.kinds[AUDIT_SIGNATURE], 1);
	audit_free(audit);
}

/* A warning of today's rules is no older form: nothing is said of it. */
static void a_warning_is_no_finding(void **state)
{
	const struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "c", "prev: none",
	      "route6: fca1:100:2::/48\norigin: AS0\nmax-length: 64\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3");
	assert_true(judge(&log, 0, &found, &counts));
	assert_int_equal(found.count, 0);
	assert_int_equal(counts.kinds[AUDIT_OLDER], 0);
	log_free(&log);
}

/* ---- places ---- */

/* Time may stand still. What lies in the future is said once, until the log is back from there. */
static void times(void **state)
{
	static const struct {
		uint64_t latest, time[4]; /* of four entries */
		const char *findings;     /* their entries */
	} rows[] = {
		{ 0, { START, START, START, START }, "" },
		{ 0, { START, START + 1, START, START }, "2" },
		{ 0, { START + 1, START, START + 1, START }, "13" },
		{ START + 1, { START, START + 1, START + 1, START + 1 }, "" },
		{ START + 1, { START, START, START + 1, START + 2 }, "3" },
		{ START + 1, { START, START + 2, START + 2, START + 3 }, "1" },
		{ START + 1, { START + 2, START + 3, START + 4, START + 5 }, "0" },
		{ START + 1, { START + 2, START + 1, START + 2, START + 2 }, "012" },
	};
	const struct story *s = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct log log = { .count = 0 };
		struct audit_counts counts;
		struct found found;
		char at[20] = "";

		for (size_t k = 0; k < AL_COUNT(rows[i].time); k++) {
			struct al_entry entry;

			log_add(&log, al_buf_view(&s->log.leaf[k]));
			entry = leaf_get(&log, k);
			entry.time = rows[i].time[k];
			leaf_put(&log, k, &entry);
		}
		(void)judge(&log, rows[i].latest, &found, &counts);
		for (size_t k = 0; k < found.count; k++) {
			assert_int_equal(found.items[k].kind, AUDIT_TIME);
			at[k] = (char)('0' + found.items[k].index);
		}
		assert_string_equal(at, rows[i].findings);
		log_free(&log);
	}
}

/* An entry of full size that says a shorter index has no room for its own. */
static void no_room_for_the_right_index(void **state)
{
	static char body[AL_ENTRY_MAX];
	const struct story *s = *state;
	struct al_entry entry = { .index = 1, .time = START + 500, .kind = AL_S("keys") };
	struct audit_counts counts;
	struct found found;
	struct log log;
	size_t head;

	assert_true(s->log.count > 9);
	memset(body, 'x', sizeof(body));
	for (size_t spare = 0; spare < 2; spare++) {
		log_copy(&s->log, &log);
		log_add(&log, AL_S("to be replaced"));
		entry.body = al_slice_of(body, 0);
		leaf_put(&log, log.count - 1, &entry);
		head = log.leaf[log.count - 1].len;
		entry.body = al_slice_of(body, AL_ENTRY_MAX - head - spare);
		leaf_put(&log, log.count - 1, &entry);
		assert_false(judge(&log, 0, &found, &counts));
		assert_int_equal(counts.kinds[AUDIT_INDEX], 1);
		assert_int_equal(counts.kinds[AUDIT_END], spare == 0);
		assert_int_equal(counts.unknown, spare);
		log_free(&log);
	}
}

/* ---- read ahead ---- */

/* By another thread, without the log before: only requests, and only with the right namespace. */
static void what_is_read_ahead(void **state)
{
	const struct story *s = *state;
	struct audit_opts opts = { .ns = NS };
	struct al_entry entry = { .kind = AL_S("keys"), .body = leaf_get(&s->log, 0).body };
	struct audit_counts counts;
	struct decision *read;
	struct audit *audit;
	struct al_buf other;

	al_buf_init(&other, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &other), AL_OK);
	assert_null(audit_read(AL_S("no entry"), NS));
	assert_null(audit_read(al_buf_view(&other), NS));
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	read = audit_read(al_buf_view(&s->log.leaf[0]), NS);
	assert_non_null(read);
	assert_true(read->audit && read->decoded && read->key_count == 1);
	assert_int_equal(audit_entry_read(audit, al_buf_view(&s->log.leaf[0]), read), AL_OK);
	assert_true(audit_finish(audit, &counts));
	read = audit_read(al_buf_view(&s->log.leaf[1]), AL_S("registry@other"));
	assert_int_equal(audit_entry_read(audit, al_buf_view(&s->log.leaf[1]), read), AL_OK);
	assert_false(audit_finish(audit, &counts));
	assert_int_equal(counts.kinds[AUDIT_SIGNATURE], 1);
	/* Behind the end it is given back. */
	assert_int_equal(audit_entry(audit, AL_S("no entry")), AL_ECLOSED);
	read = audit_read(al_buf_view(&s->log.leaf[2]), NS);
	assert_non_null(read);
	assert_int_equal(audit_entry_read(audit, al_buf_view(&s->log.leaf[2]), read), AL_ECLOSED);
	audit_free(audit);
	al_buf_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_honest_log_is_clean),
		cmocka_unit_test(unknown_kinds_are_passed_over),
		cmocka_unit_test(a_form_of_old_is_named),
		cmocka_unit_test(a_line_end_of_old_is_named),
		cmocka_unit_test(records_of_old_are_named),
		cmocka_unit_test(who_signed_is_told),
		cmocka_unit_test(behind_the_end_nothing_is_judged),
		cmocka_unit_test(the_namespace_follows_from_the_founding),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(a_namespace_has_a_bound),
		cmocka_unit_test(a_namespace_of_one_letter),
		cmocka_unit_test(a_warning_is_no_finding),
		cmocka_unit_test(times),
		cmocka_unit_test(no_room_for_the_right_index),
		cmocka_unit_test(what_is_read_ahead),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
