/* SPDX-License-Identifier: MIT */
/*
 * test_contact.c -- a contact text by control requests: whom it is shown to, what that costs, and who has it erased.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "registry_rig.h"

#include "../memory.h"
#include "../said.h"

#include "ledger/ledger_side.h"

#define TEXT "salt: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\ne-mail: ann@example.net\n"

/* A role or person of Alice's, with its text beside it; `what`: its first line. */
static void contact_put(struct registry_rig *rig, const char *what, const char *handle, const char *more)
{
	struct al_buf raw, block, hash;
	uint8_t digest[AL_HASH_LEN];
	char objects[500];

	al_buf_init(&block, 1000);
	al_buf_printf(&block, "-----BEGIN CONTACT %s-----\n%s", handle, TEXT);
	(void)crypto_hash_sha256(digest, (const unsigned char *)TEXT, sizeof(TEXT) - 1);
	al_buf_init(&hash, 100);
	al_buf_base64(&hash, digest, sizeof(digest));
	(void)snprintf(objects, sizeof(objects),
		       "%s\nnic-hdl: %s\ncontact: sha256:%.*s\n%smnt-by: ALICE-MNT\nsource: TEST\n", what, handle,
		       AL_FMT(al_buf_view(&hash)), more);
	al_buf_init(&raw, 65536);
	registry_rig_request(rig, "prev: none\n", objects, "1", &raw);
	al_buf_slice(&raw, al_buf_view(&block));
	al_buf_printf(&raw, "-----END CONTACT %s-----\n", handle);
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt");
	al_buf_release(&raw);
	al_buf_release(&block);
	al_buf_release(&hash);
}

static const char *control(struct registry_rig *rig, const char *what, const char *signers)
{
	static unsigned nonce;
	char header[400], until[AL_TIME_STRLEN];

	al_time_format(al_now_s() + 60, until);
	(void)snprintf(header, sizeof(header), "control: %s\nnonce: %u\nnot-after: %s\n", what, nonce++, until);
	return registry_rig_ask(rig, header, "", signers);
}

static int setup(void **state)
{
	(void)registry_rig_setup(state);
	says(registry_rig_ask(*state, "prev: none\n", ALICE, "1"), "% receipt");
	contact_put(*state, "person: Ann", "ALL-TEST", "");
	contact_put(*state, "person: Ann", "MEM-TEST", "contact-for: members\n");
	contact_put(*state, "role: Help", "HOLD-TEST", "contact-for: holders\n");
	return 0;
}

static void test_shown_to_its_audience(void **state)
{
	struct registry_rig *rig = *state;

	says(registry_rig_question(rig, "contact ALL-TEST"), "e-mail: ann@example.net");
	says(registry_rig_question(rig, "contact MEM-TEST"), "for members");
	does_not_say(rig->answer, "e-mail");
	says(registry_rig_question(rig, "contact HOLD-TEST"), "for holders");
	does_not_say(rig->answer, "e-mail");
	/* Bob has a key and nothing else: then he is a member, then he holds a number. */
	says(control(rig, "contact-show ALL-TEST", "2"), "e-mail: ann@example.net");
	says(control(rig, "contact-show MEM-TEST", "2"),
	     "its contact text is for members, and none of them has signed");
	does_not_say(rig->answer, "e-mail");
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt");
	says(control(rig, "contact-show MEM-TEST", "2"), "e-mail: ann@example.net");
	says(control(rig, "contact-show MEM-TEST", "32"), "e-mail: ann@example.net"); /* one of them is enough */
	says(control(rig, "contact-show MEM-TEST", "3"), "none of them has signed");
	says(control(rig, "contact-show HOLD-TEST", "2"), "[role] HOLD-TEST: its contact text is for holders,");
	does_not_say(rig->answer, "e-mail");
	says(registry_rig_ask(rig, "prev: none\n", "aut-num: AUTO-1\nas-name: X-AS\nmnt-by: BOB-MNT\nsource: TEST\n",
			      "2"),
	     "% receipt");
	says(control(rig, "contact-show HOLD-TEST", "2"), "e-mail: ann@example.net");
	/* Its own maintainer sees it, whoever else may. */
	says(control(rig, "contact-show HOLD-TEST", "1"), "e-mail: ann@example.net");
}

static void test_a_text_costs_as_twenty_requests(void **state)
{
	struct registry_rig *rig = *state;
	struct tariff tariff = { .keys = budget_new(30, 100) };
	struct said said;

	assert_non_null(tariff.keys);
	says(registry_rig_ask(rig, "prev: none\n", BOB, "2"), "% receipt");
	pipeline_limit(rig->pipeline, &tariff);
	said_begin(&said);
	says(control(rig, "contact-show MEM-TEST", "2"), "e-mail: ann@example.net");
	says(control(rig, "contact-show MEM-TEST", "2"), "%ERROR: budget of key SHA256:");
	does_not_say(rig->answer, "e-mail");
	for (unsigned i = 0; i < 3; i++) /* not the hostmaster's */
		says(control(rig, "contact-show MEM-TEST", "0"), "e-mail: ann@example.net");
	(void)said_end(&said);
	says(said.text, "outcome=shown what=\"contact-show MEM-TEST\" key=SHA256:");
	says(said.text, "outcome=poor what=\"contact-show MEM-TEST\" key=SHA256:");
	budget_free(tariff.keys);
}

static void test_erased_by_its_maintainer(void **state)
{
	struct registry_rig *rig = *state;
	uint64_t size = ledger_head(rig->ledger, NULL).size;

	says(control(rig, "contact-erase ALL-TEST", "2"), "[person] ALL-TEST: none of its maintainers has signed");
	says(registry_rig_question(rig, "contact ALL-TEST"), "e-mail: ann@example.net");
	says(control(rig, "contact-erase ALL-TEST", "1"), "Control SUCCEEDED: contact-erase ALL-TEST\n");
	does_not_say(rig->answer, "queue");
	does_not_say(registry_rig_question(rig, "contact ALL-TEST"), "e-mail");
	says(control(rig, "contact-erase ALL-TEST", "1"), "there was no text any more");
	does_not_say(control(rig, "contact-show ALL-TEST", "1"), "e-mail");
	/* The others' are as they were, and so is the log. */
	says(control(rig, "contact-show MEM-TEST", "1"), "e-mail: ann@example.net");
	assert_int_equal(ledger_head(rig->ledger, NULL).size, size);
}

/* ---- beside the log ---- */

static void on_text(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct registry_rig *rig = arg;
	uint8_t hash[AL_HASH_LEN];

	if (err == AL_OK) {
		(void)crypto_hash_sha256(hash, (const uint8_t *)result->text.ptr, result->text.len);
		assert_memory_equal(result->hash, hash, sizeof(hash));
	}
	rig->answers++;
	(void)snprintf(rig->answer, sizeof(rig->answer), "%.*s",
		       AL_FMT(err == AL_OK ? result->text : al_slice_str(al_err_name(err))));
	al_loop_stop(rig->loop);
}

/* What is kept for it, under its own hash. */
static const char *text_of(struct registry_rig *rig, const char *object)
{
	size_t before = rig->answers;

	assert_int_equal(ledger_side_get(rig->ledger, al_slice_str(object), on_text, rig), AL_OK);
	registry_rig_wait(rig, before + 1);
	return rig->answer;
}

static void contact_add(struct al_buf *objects, struct al_buf *blocks, const char *what, const char *handle,
			const char *mail)
{
	struct al_buf text;
	uint8_t hash[AL_HASH_LEN];

	al_buf_init(&text, 1000);
	al_buf_printf(&text, "salt: AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\ne-mail: %s\n", mail);
	(void)crypto_hash_sha256(hash, text.ptr, text.len);
	al_buf_printf(objects, "%s: Ann\nnic-hdl: %s\ncontact: sha256:", what, handle);
	al_buf_base64(objects, hash, sizeof(hash));
	al_buf_str(objects, "\nmnt-by: ALICE-MNT\nsource: TEST\n\n");
	al_buf_printf(blocks, "-----BEGIN CONTACT %s-----\n%.*s-----END CONTACT %s-----\n", handle,
		      AL_FMT(al_buf_view(&text)), handle);
	al_buf_release(&text);
}

/* Each of a request's blocks goes to its own object, whatever else there is between them, and whose name is the same. */
static void test_several_at_once(void **state)
{
	static const struct {
		const char *what, *handle, *mail, *object;
	} rows[] = {
		{ "person", "ONE-TEST", "one@example.net", "person ONE-TEST" },
		{ "person", "TWO-TEST", "two@example.net", "person TWO-TEST" },
		{ "role", "ONE-TEST", "three@example.net", "role ONE-TEST" },
	};
	struct registry_rig *rig = *state;
	struct al_buf objects, blocks, raw;

	al_buf_init(&objects, 65536);
	al_buf_init(&blocks, 65536);
	al_buf_init(&raw, 65536);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		contact_add(&objects, &blocks, rows[i].what, rows[i].handle, rows[i].mail);
		al_buf_printf(&objects, "as-set: AS-%zu\nmnt-by: ALICE-MNT\nsource: TEST\n\n", i);
	}
	al_buf_u8(&objects, '\0');
	registry_rig_request(rig, "prev: none\n", (const char *)objects.ptr, "1", &raw);
	al_buf_slice(&raw, al_buf_view(&blocks));
	says(registry_rig_send(rig, al_buf_view(&raw), NULL), "% receipt");
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		says(text_of(rig, rows[i].object), rows[i].mail);
	al_buf_release(&objects);
	al_buf_release(&blocks);
	al_buf_release(&raw);
}

/* A text stays as long as an object has its hash, whatever else changes there, and goes with it. */
static void test_goes_with_its_object(void **state)
{
	struct registry_rig *rig = *state;
	char objects[400], *hash;

	hash = strstr(registry_rig_question(rig, "contact ALL-TEST"), "sha256:");
	hash[strcspn(hash, "\n")] = '\0';
	(void)snprintf(objects, sizeof(objects),
		       "person: Ann Other\nnic-hdl: ALL-TEST\ncontact: %s\nmnt-by: ALICE-MNT\nsource: TEST\n", hash);
	says(registry_rig_ask(rig, "prev: 2\n", objects, "1"), "% receipt: index 5,");
	assert_string_equal(text_of(rig, "person ALL-TEST"), TEXT);
	says(registry_rig_ask(rig, "prev: 5\n",
			      "person: Ann Other\nnic-hdl: ALL-TEST\nmnt-by: ALICE-MNT\nsource: TEST\n", "1"),
	     "% receipt: index 6,");
	assert_string_equal(text_of(rig, "person ALL-TEST"), "not-found");
	assert_string_equal(text_of(rig, "person MEM-TEST"), TEXT);
}

/* ---- and where it cannot be looked at ---- */

/* A question, or a control request of Bob's, with each of its allocations failing once: it is told, or it is what it is. */
static void told_or_shown(struct registry_rig *rig, const char *question, const char *request)
{
	unsigned told = 0, place = 0;
	bool failed = true;

	while (failed) {
		memory_fails = ++place;
		if (request == NULL)
			(void)registry_rig_question(rig, question);
		else
			(void)control(rig, request, "2");
		failed = memory_fails == 0;
		memory_fails = 0;
		assert_true(place < 100);
		if (strstr(rig->answer, "e-mail: ann@example.net") != NULL)
			continue;
		assert_true(failed && al_slice_starts(al_slice_str(rig->answer), "%ERROR: "));
		told++;
	}
	assert_true(told > 2);
}

static void test_without_memory(void **state)
{
	told_or_shown(*state, "contact ALL-TEST", NULL);
	told_or_shown(*state, NULL, "contact-show ALL-TEST");
}

static void sql(const struct registry_rig *rig, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(rig->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* That it cannot be looked at is not that there is none. */
static void test_storage_fails(void **state)
{
	static const char *const lines[] = {
		"contact ALL-TEST", "queue", "queue 1",
		"queue-status 0000000000000000000000000000000000000000000000000000000000000000"
	};
	struct registry_rig *rig = *state;

	sql(rig, "ALTER TABLE side RENAME TO away_side; ALTER TABLE queue RENAME TO away_queue");
	for (size_t i = 0; i < AL_COUNT(lines); i++)
		assert_string_equal(registry_rig_question(rig, lines[i]),
				    "%ERROR: the registry cannot look now: ask again\n% end\n");
	sql(rig, "ALTER TABLE away_side RENAME TO side; ALTER TABLE away_queue RENAME TO queue");
	says(registry_rig_question(rig, "contact ALL-TEST"), "e-mail: ann@example.net");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, registry_rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_shown_to_its_audience),
		TEST(test_a_text_costs_as_twenty_requests),
		TEST(test_erased_by_its_maintainer),
		TEST(test_several_at_once),
		TEST(test_goes_with_its_object),
		TEST(test_without_memory),
		TEST(test_storage_fails),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
