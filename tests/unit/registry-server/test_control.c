/* SPDX-License-Identifier: MIT */
/*
 * test_control.c -- requests to the registry itself: who may, once, and for a
 * day; what each does beside the log, and that the log stays as it was.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#include "../said.h"

#include "request/control.h"

#define WANTED(NUMBER, WHO) "inet6num: fca1:200:" NUMBER "::/48\nnetname: X-NET\nmnt-by: " WHO "-MNT\nsource: TEST\n"

static int setup(void **state)
{
	(void)registry_rig_setup(state);
	says(registry_rig_ask(*state, "prev: none\n", ALICE, "1"), "% receipt");
	says(registry_rig_ask(*state, "prev: none\n", BOB, "2"), "% receipt");
	return 0;
}

static int teardown(void **state)
{
	struct registry_rig *rig = *state;

	/* Whatever was asked for: nothing of it is in the log. */
	assert_int_equal(ledger_head(rig->ledger, NULL).size, 3);
	return registry_rig_teardown(state);
}

/* Good for so many seconds from now. */
static const char *control(struct registry_rig *rig, const char *what, int64_t ahead, const char *signers)
{
	static unsigned nonce;
	char header[400], until[AL_TIME_STRLEN];

	al_time_format((uint64_t)((int64_t)al_now_s() + ahead), until);
	(void)snprintf(header, sizeof(header), "control: %s\nnonce: %u\nnot-after: %s\n", what, nonce++, until);
	return registry_rig_ask(rig, header, "", signers);
}

static void test_who_and_when(void **state)
{
	static const struct {
		const char *what;
		int64_t ahead;
		const char *signers, *says;
	} rows[] = {
		{ "queue-refuse 1 no", 60, "", "(AUTH-SIGNATURE)" },
		{ "queue-refuse 1 no", 60, "1", "(AUTH-MNT)" },
		{ "queue-refuse-all from=1 no", 60, "12", "(AUTH-MNT)" },
		{ "queue-refuse 1 no", -2, "0", "(REQUEST-EXPIRED)" },
		{ "queue-refuse 1 no", CONTROL_AHEAD_S + 60, "0", "(REQUEST-EXPIRED)" },
		{ "queue-refuse", 60, "0", "(REQUEST-FORM)" },
		{ "queue-refuse one no", 60, "0", "(REQUEST-FORM)" },
		{ "queue-refuse-all everybody no", 60, "0", "(REQUEST-FORM)" },
		{ "queue-refuse-all", 60, "0", "(REQUEST-FORM)" },
		{ "contact-erase", 60, "0", "(REQUEST-FORM)" },
		{ "contact-erase A B", 60, "0", "(REQUEST-FORM)" },
		{ "contact-erase NOBODY-TEST", 60, "0", "(REF-MISSING)" },
		{ "contact-show", 60, "0", "(REQUEST-FORM)" },
		{ "contact-show NOBODY-TEST", 60, "1", "(REF-MISSING)" },
		{ "queue-refuse 9 no", 60, "0", "(REF-MISSING)" },
		{ "queue-refuse-all mntner=NOBODY-MNT no", 60, "0", "(REF-MISSING)" },
		{ "shut-down now", 60, "0",
		  "control: knows queue-refuse, queue-refuse-all, contact-erase and contact-show" },
	};
	struct registry_rig *rig = *state;

	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"), "% queued: 1,");
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *answer = control(rig, rows[i].what, rows[i].ahead, rows[i].signers);

		says(answer, rows[i].says);
		assert_null(strstr(answer, "SUCCEEDED"));
	}
	says(registry_rig_question(rig, "queue"), "1 ");
	says(control(rig, "queue-refuse 1 not now", 60, "0"), "Control SUCCEEDED: queue-refuse 1 not now\n"
							      "% requests taken off the queue: 1\n");
	assert_string_equal(registry_rig_question(rig, "queue"), "% end\n");
}

/* Who was refused is told when and why, as long as that is remembered. */
static void test_why_it_was_refused(void **state)
{
	struct registry_rig *rig = *state;
	const char *answer = registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1");
	const char *status = strstr(answer, "queue-status "), *reason;
	char question[100];

	assert_non_null(status);
	(void)snprintf(question, sizeof(question), "%.*s", (int)strcspn(status, "\n"), status);
	says(registry_rig_question(rig, question), "state: waiting\nnumber: 1\nsince: 20");
	says(control(rig, "queue-refuse 1 the pool is \"full\"", 60, "0"), "% requests taken off the queue: 1\n");
	answer = registry_rig_question(rig, question);
	assert_ptr_equal(strstr(answer, "state: refused\ntime: 20"), answer);
	reason = strstr(answer, "\nreason: ");
	assert_non_null(reason);
	assert_string_equal(reason, "\nreason: the pool is \"full\"\n% end\n");
}

/* Straight into the registry's tables, beside it. */
static void sql(const struct registry_rig *rig, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(rig->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A day's control requests are remembered so that none is taken twice: there is room for so many. */
static void test_a_full_day(void **state)
{
	struct registry_rig *rig = *state;

	sql(rig, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)"
		 " INSERT INTO control (hash, until) SELECT randomblob(32), 99999999999 FROM n");
	says(control(rig, "queue-refuse 7 no", 60, "0"), "(REF-MISSING)");
	says(control(rig, "queue-refuse 7 no", 60, "0"),
	     "%ERROR: too many control requests were taken today: try again tomorrow\n");
	sql(rig, "UPDATE control SET until = 1");
	says(control(rig, "queue-refuse 7 no", 60, "0"), "(REF-MISSING)");
}

/* A storage that fails is no answer to what was asked. */
static void test_storage_fails(void **state)
{
	struct registry_rig *rig = *state;

	sql(rig, "CREATE TRIGGER broken BEFORE INSERT ON control BEGIN SELECT RAISE(ABORT, 'broken'); END;"
		 "CREATE TRIGGER full BEFORE INSERT ON queue BEGIN SELECT RAISE(ABORT, 'full'); END");
	says(control(rig, "queue-refuse 1 no", 60, "0"), "%ERROR: storage failed: send a new control request later\n");
	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"),
	     "%ERROR: storage failed: the request was NOT queued; send the same bytes again later\n");
	sql(rig, "DROP TRIGGER broken; DROP TRIGGER full");
	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"), "% queued: 1,");
	says(control(rig, "queue-refuse 1 no", 60, "0"), "% requests taken off the queue: 1\n");
}

/* What was done to the registry itself, and whose key was behind it, stands in its log. */
static void test_logged(void **state)
{
	struct registry_rig *rig = *state;
	struct said said;
	char line[200], key[AL_SSH_FINGERPRINT_LEN];
	struct al_sshkey pub = { .fido = false };
	uint8_t sk[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(pub.pk, sk, rig->seed[RIG_HOST]);
	al_sshkey_fingerprint(&pub, key);
	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"), "% queued: 1,");
	said_begin(&said);
	says(control(rig, "queue-refuse 1 no", 60, "1"), "(AUTH-MNT)");
	says(control(rig, "queue-refuse 1 no", 60, "0"), "% requests taken off the queue: 1");
	says(control(rig, "queue-refuse 1 no", 60, "0"), "(REF-MISSING)");
	says(control(rig, "queue-refuse 1 no", 60, ""), "(AUTH-SIGNATURE)");
	(void)said_end(&said);
	(void)snprintf(line, sizeof(line), "outcome=ok what=\"queue-refuse 1 no\" key=%s\n", key);
	says(said.text, line);
	(void)snprintf(line, sizeof(line), "outcome=not-found what=\"queue-refuse 1 no\" key=%s\n", key);
	says(said.text, line);
	says(said.text, "outcome=refused what=\"queue-refuse 1 no\" key=SHA256:");
	says(said.text, "outcome=refused what=\"queue-refuse 1 no\" key=-\n");
}

static void test_once(void **state)
{
	struct registry_rig *rig = *state;
	char header[200], until[AL_TIME_STRLEN];
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	al_time_format(al_now_s() + 600, until);
	(void)snprintf(header, sizeof(header),
		       "control: queue-refuse-all mntner=ALICE-MNT no\nnonce: x\nnot-after: %s\n", until);
	registry_rig_request(rig, header, "", "0", &raw);
	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"), "% queued: 1,");
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% requests taken off the queue: 1");
	says(registry_rig_ask(rig, "prev: none\nnonce: 2\n", WANTED("1", "ALICE"), "1"), "% queued: 2,");
	/* Whoever kept it cannot use it again. */
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% taken before, nothing was done again");
	says(registry_rig_question(rig, "queue"), "2 ");
	al_buf_release(&raw);
}

static void test_all_of_one(void **state)
{
	struct registry_rig *rig = *state;
	struct al_sshkey pub = { .fido = false };
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	char key[AL_SSH_FINGERPRINT_LEN], what[100];

	says(registry_rig_ask(rig, "prev: none\n", WANTED("1", "ALICE"), "1"), "% queued: 1,");
	says(registry_rig_ask(rig, "prev: none\n", WANTED("2", "ALICE"), "1"), "% queued: 2,");
	says(registry_rig_ask(rig, "prev: none\n", WANTED("3", "BOB"), "2"), "% queued: 3,");
	says(control(rig, "queue-refuse-all from=2 too many", 60, "0"), "% requests taken off the queue: 2");
	says(registry_rig_question(rig, "queue"), "3 ");
	assert_null(strstr(registry_rig_question(rig, "queue"), "1 2"));
	says(control(rig, "queue-refuse-all mntner=BOB-MNT too many", 60, "0"), "% requests taken off the queue: 1");
	assert_string_equal(registry_rig_question(rig, "queue"), "% end\n");
	/* By whose key has signed them, beside whose else. */
	says(registry_rig_ask(rig, "prev: none\nnonce: 2\n", WANTED("1", "ALICE"), "31"), "% queued: 4,");
	says(registry_rig_ask(rig, "prev: none\nnonce: 2\n", WANTED("3", "BOB"), "2"), "% queued: 5,");
	(void)crypto_sign_seed_keypair(pub.pk, sk, rig->seed[RIG_CAROL]);
	al_sshkey_fingerprint(&pub, key);
	(void)snprintf(what, sizeof(what), "queue-refuse-all key=%s no", key);
	says(control(rig, what, 60, "0"), "% requests taken off the queue: 1");
	says(registry_rig_question(rig, "queue"), "5 ");
}

/* By where they came from: an address, its network, of each family; a socket of this machine. */
static void test_all_of_one_place(void **state)
{
	static const struct {
		const char *peer, *number;
	} asks[] = {
		{ "192.0.2.1:4711", "1" },      { "192.0.2.2:4711", "2" },       { "[fca1:0:7:8::9]:4711", "3" },
		{ "[fca1:0:7:8:1::]:99", "4" }, { "[fca1:0:7:9::9]:4711", "5" }, { "local", "6" },
	};
	static const struct {
		const char *what, *says;
	} drops[] = {
		{ "source=192.0.2.3", "(REF-MISSING)" },
		{ "network=192.0.3.0/24", "(REF-MISSING)" },
		{ "source=192.0.2.2", "off the queue: 1\n" },
		{ "network=192.0.2.0/24", "off the queue: 1\n" },
		{ "source=fca1:0:7:8::/64", "off the queue: 2\n" },
		{ "network=fca1:0:7::/48", "off the queue: 1\n" },
		{ "source=local", "off the queue: 1\n" },
	};
	struct registry_rig *rig = *state;

	for (size_t i = 0; i < AL_COUNT(asks); i++) {
		struct payer payer = tariff_payer(asks[i].peer);
		struct al_buf raw;
		char objects[200];

		(void)snprintf(objects, sizeof(objects),
			       "inet6num: fca1:200:%s::/48\nnetname: X-NET\nmnt-by: ALICE-MNT\nsource: TEST\n",
			       asks[i].number);
		al_buf_init(&raw, 65536);
		registry_rig_request(rig, "prev: none\n", objects, "1", &raw);
		says(registry_rig_send(rig, al_buf_view(&raw), &payer), "% queued: ");
		al_buf_release(&raw);
	}
	for (size_t i = 0; i < AL_COUNT(drops); i++) {
		char what[100];

		(void)snprintf(what, sizeof(what), "queue-refuse-all %s no", drops[i].what);
		says(control(rig, what, 60, "0"), drops[i].says);
	}
	assert_string_equal(registry_rig_question(rig, "queue"), "% end\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_and_when), TEST(test_logged),           TEST(test_once),
		TEST(test_all_of_one),   TEST(test_all_of_one_place), TEST(test_why_it_was_refused),
		TEST(test_a_full_day),   TEST(test_storage_fails),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
