/* SPDX-License-Identifier: MIT */
/*
 * test_side.c -- what may be forgotten: contact texts, the queue, control requests; over a restart, and
 * gone from the bytes.
 */
#include "side_bench.h"

/* ---- contact texts ---- */

static void kept_with_the_entry(void **state)
{
	struct fixture *f = *state;
	uint8_t hash[AL_HASH_LEN];

	start(f, true);
	assert_int_equal(get(f, "person A"), AL_ENOTFOUND);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_string_equal(f->text, "salt: 1\nphone: one\n");
	crypto_hash_sha256(hash, (const unsigned char *)"salt: 1\nphone: one\n", 19);
	assert_memory_equal(f->hash, hash, sizeof(hash));
	assert_int_equal(get(f, "role A"), AL_ENOTFOUND);
	stop(f);
	start(f, false);
	assert_int_equal(get(f, "person A"), AL_OK);
	/* The next one takes its place; an entry without a text takes it away. */
	append(f, "person A", "salt: 2\nphone: two\n", NULL);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_string_equal(f->text, "salt: 2\nphone: two\n");
	append(f, "person A", "", NULL);
	assert_int_equal(get(f, "person A"), AL_ENOTFOUND);
	append(f, "person A", "", NULL);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 4);
	/* As short as can be. */
	append(f, "person S", "s", NULL);
	assert_int_equal(get(f, "person S"), AL_OK);
	assert_string_equal(f->text, "s");
}

static void erased_for_good(void **state)
{
	struct fixture *f = *state;

	start(f, true);
	append(f, "person A", "salt: 1\nphone: one and only\n", NULL);
	append(f, "person B", "salt: 2\nphone: another's\n", NULL);
	assert_true(on_disk(f, "one and only"));
	assert_int_equal(erase(f, "person A", NULL), AL_OK);
	assert_false(on_disk(f, "one and only"));
	assert_true(on_disk(f, "another's"));
	assert_int_equal(get(f, "person A"), AL_ENOTFOUND);
	assert_int_equal(get(f, "person B"), AL_OK);
	assert_int_equal(erase(f, "person A", NULL), AL_ENOTFOUND);
	stop(f);
	start(f, false);
	assert_int_equal(get(f, "person A"), AL_ENOTFOUND);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 2);
}

/* Of a backup: it is as it was then, whatever comes after, and takes the place of what is there. */
static void saved_and_adopted(void **state)
{
	struct fixture *f = *state;
	struct ledger_opts opts = { .path = f->path, .key = &f->key.pub };
	char copy[128];

	(void)snprintf(copy, sizeof(copy), "%s/copy", f->dir);
	start(f, true);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	assert_int_equal(add(f, 7, "asked"), AL_OK);
	assert_int_equal(answer_of(f, ledger_side_save(f->ledger, al_slice_str(copy), on_side, f)), AL_OK);
	append(f, "person B", "salt: 2\nphone: two\n", NULL);
	/* The second one replaces the first. */
	assert_int_equal(answer_of(f, ledger_side_save(f->ledger, al_slice_str(copy), on_side, f)), AL_OK);
	append(f, "person A", "", NULL);
	append(f, "person C", "salt: 3\nphone: three\n", NULL);
	assert_int_equal(answer_of(f, ledger_side_save(f->ledger, AL_S("/nowhere/copy"), on_side, f)), AL_EIO);
	stop(f);

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	assert_int_equal(ledger_adopt_side(f->ledger, "/nowhere/copy"), AL_ENOTFOUND);
	assert_int_equal(ledger_adopt_side(f->ledger, copy), AL_OK);
	ledger_close(f->ledger);
	start(f, false);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_string_equal(f->text, "salt: 1\nphone: one\n");
	assert_int_equal(get(f, "person B"), AL_OK);
	assert_int_equal(get(f, "person C"), AL_ENOTFOUND);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->total, 1);
	assert_int_equal(unlink(copy), 0);
}

#define TEXTS 3000
#define GROUP 16

struct crowd {
	char object[GROUP][64];
	char text[GROUP][1024];
	struct ledger_attachment sides[GROUP];
	bool gone[TEXTS];
	uint64_t seed;
	size_t count;
};

static unsigned chance(struct crowd *c, unsigned below)
{
	c->seed = c->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(c->seed >> 33) % below;
}

/* Object names without order, so that pages are split and joined everywhere. */
static void crowd_name(struct crowd *c, unsigned i)
{
	(void)snprintf(c->object[c->count], sizeof(c->object[0]), "person %08x-%04u", i * 2654435761u, i);
}

static void crowd_store(struct fixture *f, struct crowd *c)
{
	struct ledger_extra extra = { c->sides, c->count, NULL };

	assert_int_equal(ledger_append_with(f->ledger, f->next++, AL_S("an entry"), &extra, on_entry, f), AL_OK);
	al_loop_run(f->loop);
	assert_int_equal(f->err, AL_OK);
	c->count = 0;
}

static void crowd_put(struct fixture *f, struct crowd *c, unsigned i, bool gone)
{
	size_t len = 0;

	crowd_name(c, i);
	if (!gone) {
		len = (size_t)snprintf(c->text[c->count], sizeof(c->text[0]), "salt: x\nremarks: secret-%04u-", i);
		memset(c->text[c->count] + len, 'y', sizeof(c->text[0]) - len);
		len += chance(c, 600);
	}
	c->gone[i] = gone;
	c->sides[c->count] = (struct ledger_attachment){ .object = al_slice_str(c->object[c->count]),
							 .text = al_slice_of(c->text[c->count], len) };
	if (++c->count == GROUP)
		crowd_store(f, c);
}

/*
 * Rebalanced pages keep copies of deleted cells in their free space (without
 * the scrub, this seed finds some): an erasure takes all of them away.
 */
static void no_copy_stays_behind(void **state)
{
	struct fixture *f = *state;
	struct crowd *c = calloc(1, sizeof(*c));
	char mark[32];

	assert_non_null(c);
	c->seed = 2;
	start(f, true);
	for (unsigned i = 0; i < TEXTS; i++) {
		unsigned before = i > 0 ? chance(c, i) : 0;

		crowd_put(f, c, i, false);
		if (i > 0 && chance(c, 10) < 8 && !c->gone[before])
			crowd_put(f, c, before, true);
	}
	crowd_store(f, c);
	assert_int_equal(erase(f, "person nobody", NULL), AL_ENOTFOUND);
	for (unsigned i = 0; i < TEXTS; i++) {
		(void)snprintf(mark, sizeof(mark), "secret-%04u-", i);
		assert_int_equal(on_disk(f, mark), !c->gone[i]);
	}
	free(c);
}

/* An erasure that is asked for behind an entry in the queue finds the entry's text. */
static void in_order_behind_entries(void **state)
{
	struct fixture *f = *state;
	struct ledger_attachment side = { .object = AL_S("person A"), .text = AL_S("salt: 1\nphone: late\n") };
	struct ledger_extra extra = { &side, 1, NULL };

	start(f, true);
	for (uint64_t i = 0; i < 3000; i++)
		assert_int_equal(ledger_append(f->ledger, i, AL_S("an entry"), NULL, NULL), AL_OK);
	assert_int_equal(ledger_append_with(f->ledger, 3000, AL_S("an entry"), &extra, NULL, NULL), AL_OK);
	assert_int_equal(erase(f, "person A", NULL), AL_OK);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 3001);
	assert_false(on_disk(f, "phone: late"));
}

/* ---- the queue ---- */

static void queued_over_a_restart(void **state)
{
	struct fixture *f = *state;
	uint8_t hash[AL_HASH_LEN] = { 2 };

	start(f, true);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->rows, 0);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(add(f, i, "request: a\n"), AL_OK);
		assert_int_equal(f->id, i);
	}
	assert_int_equal(add(f, 2, "request: a\n"), AL_OK);
	assert_int_equal(f->id, 2);
	stop(f);
	start(f, false);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->rows, 3);
	assert_int_equal(f->total, 3);
	assert_int_equal(f->first.id, 1);
	assert_int_equal(f->first.time, 1001);
	assert_string_equal(f->first.label, "ask-1 [inet6num] fca1::/48");
	assert_int_equal(answer_of(f, ledger_queue_get(f->ledger, 2, on_side, f)), AL_OK);
	assert_string_equal(f->text, "request: a\n");
	assert_int_equal(answer_of(f, ledger_queue_get(f->ledger, 9, on_side, f)), AL_ENOTFOUND);
	/* Accepted: it leaves with its entry. Numbers do not come again. */
	append(f, NULL, "", hash);
	assert_int_equal(answer_of(f, ledger_queue_get(f->ledger, 2, on_side, f)), AL_ENOTFOUND);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->ledger, 3, AL_S("no"), NULL, on_side, f)), AL_OK);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->ledger, 3, AL_S("no"), NULL, on_side, f)), AL_ENOTFOUND);
	assert_int_equal(add(f, 3, "request: a\n"), AL_OK);
	assert_int_equal(f->id, 4);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct fixture *f = *state;
	char *large = calloc(1, 900000);
	size_t fits = LEDGER_QUEUE_BYTES / 800000;

	assert_non_null(large);
	memset(large, 'x', 800000);
	start(f, true);
	for (size_t i = 0; i < fits; i++)
		assert_int_equal(add(f, i, large), AL_OK);
	assert_int_equal(add(f, fits, large), AL_ELIMIT);
	assert_int_equal(add(f, 0, large), AL_OK); /* it is there already */
	assert_int_equal(answer_of(f, ledger_queue_drop(f->ledger, 1, AL_S("no"), NULL, on_side, f)), AL_OK);
	assert_int_equal(add(f, fits, large), AL_OK);
	free(large);
}

static void many_rows_are_listed_in_part(void **state)
{
	struct fixture *f = *state;
	char sql[400];
	sqlite3 *db;

	start(f, true);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	(void)snprintf(sql, sizeof(sql),
		       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		       "INSERT INTO queue (time, hash, label, text) SELECT i, randomblob(32), 'x', x'61' FROM n",
		       LEDGER_QUEUE_ROWS);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	start(f, false);
	assert_int_equal(list(f), AL_OK);
	assert_int_equal(f->rows, LEDGER_QUEUE_LISTED);
	assert_int_equal(f->total, LEDGER_QUEUE_ROWS);
	assert_int_equal(f->last.id, LEDGER_QUEUE_LISTED);
	assert_int_equal(add(f, 1, "request: a\n"), AL_ELIMIT);
}

/* ---- control requests ---- */

static void taken_once(void **state)
{
	struct fixture *f = *state;
	struct ledger_once once = { .hash = { 7 }, .until = 2000, .now = 1000 };

	start(f, true);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	assert_int_equal(erase(f, "person A", &once), AL_OK);
	append(f, "person A", "salt: 2\nphone: two\n", NULL);
	assert_int_equal(erase(f, "person A", &once), AL_EEXIST);
	stop(f);
	start(f, false);
	once.now = 2000;
	assert_int_equal(erase(f, "person A", &once), AL_EEXIST);
	assert_int_equal(get(f, "person A"), AL_OK);
	/* Remembered as long as it would be taken, not longer. */
	once.now = 2001;
	assert_int_equal(erase(f, "person A", &once), AL_OK);
}

static void after_the_end(void **state)
{
	struct fixture *f = *state;
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = true
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	assert_int_equal(ledger_queue_list(f->ledger, on_side, f), AL_ECLOSED);
	assert_int_equal(ledger_side_get(f->ledger, AL_S("person A"), on_side, f), AL_ECLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept_with_the_entry),
		TEST(erased_for_good),
		TEST(saved_and_adopted),
		TEST(no_copy_stays_behind),
		TEST(in_order_behind_entries),
		TEST(queued_over_a_restart),
		TEST(a_full_queue_takes_no_more),
		TEST(many_rows_are_listed_in_part),
		TEST(taken_once),
		TEST(after_the_end),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
