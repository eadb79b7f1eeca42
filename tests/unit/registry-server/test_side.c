/* SPDX-License-Identifier: MIT */
/*
 * test_side.c -- what may be forgotten: contact texts, the queue, control
 * requests; over a restart, from a file of version 1, and gone from the bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "../said.h"

#include "ledger/engine.h"
#include "ledger/ledger_adopt.h"
#include "ledger/ledger_side.h"
#include "sign/signer.h"

static const char *const suffixes[] = { "", "-wal", "-shm", "-journal", ".lock" };

struct fixture {
	char dir[64];
	char path[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger;
	uint64_t next; /* entry */
	/* what the last call answered */
	enum al_err err;
	uint64_t id, total;
	size_t rows;
	struct ledger_queued first, last;
	char text[8192];
	uint8_t hash[AL_HASH_LEN];
};

static void start(struct fixture *f, bool create)
{
	struct ledger_opts opts = {
		.path = f->path, .key = &f->key.pub, .signer = signer_local(&f->key), .create = create
	};

	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	f->next = ledger_head(f->ledger, NULL).size;
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
}

static void stop(struct fixture *f)
{
	ledger_close(f->ledger);
	f->ledger = NULL;
	al_loop_stop(f->loop);
	al_loop_run(f->loop);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/side"), &f->key) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_side.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof(f->path), "%s/ledger.db", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char name[128];

	stop(f);
	al_loop_free(f->loop);
	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- calls, and waiting for them ---- */

static void on_side(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct fixture *f = arg;

	f->err = err;
	assert_true((err == AL_OK) == (result != NULL));
	if (err == AL_OK) {
		f->id = result->queued.id;
		f->total = result->total;
		f->rows = result->row_count;
		if (f->rows > 0) {
			f->first = result->rows[0];
			f->last = result->rows[f->rows - 1];
		}
		assert_int_equal(al_slice_copy(result->text, f->text, sizeof(f->text)), AL_OK);
		memcpy(f->hash, result->hash, sizeof(f->hash));
	}
	al_loop_stop(f->loop);
}

static enum al_err answer_of(struct fixture *f, enum al_err queued)
{
	assert_int_equal(queued, AL_OK);
	al_loop_run(f->loop);
	return f->err;
}

static void on_entry(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct fixture *f = arg;

	(void)receipt;
	f->err = err;
	al_loop_stop(f->loop);
}

static void append(struct fixture *f, const char *object, const char *text, const uint8_t *queue_hash)
{
	struct ledger_attachment side = { .object = al_slice_str(object), .text = al_slice_str(text) };
	struct ledger_extra extra = { &side, object != NULL, queue_hash };
	char entry[64];

	(void)snprintf(entry, sizeof(entry), "entry number %llu", (unsigned long long)f->next);
	crypto_hash_sha256(side.hash, (const unsigned char *)side.text.ptr, side.text.len);
	assert_int_equal(ledger_append_with(f->ledger, f->next++, al_slice_str(entry), &extra, on_entry, f), AL_OK);
	al_loop_run(f->loop);
	assert_int_equal(f->err, AL_OK);
}

static enum al_err get(struct fixture *f, const char *object)
{
	return answer_of(f, ledger_side_get(f->ledger, al_slice_str(object), on_side, f));
}

static enum al_err erase(struct fixture *f, const char *object, const struct ledger_once *once)
{
	return answer_of(f, ledger_side_erase(f->ledger, al_slice_str(object), once, on_side, f));
}

static enum al_err add(struct fixture *f, uint64_t number, const char *text)
{
	uint8_t hash[AL_HASH_LEN] = { 0 }, same[AL_HASH_LEN];
	struct ledger_asking asking;
	char label[64];

	memcpy(hash, &number, sizeof(number));
	(void)snprintf(label, sizeof(label), "ask-%llu [inet6num] fca1::/48", (unsigned long long)number);
	memcpy(same, hash, sizeof(same));
	asking = (struct ledger_asking){ 1000 + number,      hash,         same, al_slice_str(label),
					 al_slice_str(text), AL_S("key=1") };
	return answer_of(f, ledger_queue_add(f->ledger, &asking, on_side, f));
}

static enum al_err list(struct fixture *f)
{
	return answer_of(f, ledger_queue_list(f->ledger, on_side, f));
}

/* Do the ledger's files, as they lie there now, contain the text? */
static bool on_disk(const struct fixture *f, const char *text)
{
	bool found = false;

	for (size_t i = 0; i < AL_COUNT(suffixes); i++) {
		struct al_buf bytes;
		char name[128], chunk[4096];
		size_t len;
		FILE *file;

		(void)snprintf(name, sizeof(name), "%s%s", f->path, suffixes[i]);
		file = fopen(name, "rb");
		if (file == NULL)
			continue;
		al_buf_init(&bytes, 1u << 30);
		while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
			al_buf_put(&bytes, chunk, len);
		assert_int_equal(bytes.err, AL_OK);
		(void)fclose(file);
		found = found || (bytes.len > 0 && memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL);
		al_buf_release(&bytes);
	}
	return found;
}

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

/* ---- files of older versions ---- */

static int number_of(sqlite3 *db, const char *query)
{
	sqlite3_stmt *stmt;
	int number;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return number;
}

/* The file of before is beside the new one, whole, and its owner's alone. Takes it away. */
static void kept_has(const struct fixture *f, int version, int entries)
{
	char kept[128];
	struct stat st;
	sqlite3 *db;

	snprintf(kept, sizeof(kept), "%s.v%d", f->path, version);
	assert_int_equal(stat(kept, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sqlite3_open_v2(kept, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(number_of(db, "PRAGMA user_version"), version);
	assert_int_equal(number_of(db, "SELECT count(*) FROM entry"), entries);
	(void)sqlite3_close(db);
	assert_int_equal(unlink(kept), 0);
}

static void from_version_1(void **state)
{
	static const char back[] = "DROP TABLE side; DROP TABLE queue; DROP TABLE queue_who; DROP TABLE queue_done;"
				   "DROP TABLE control;"
				   "CREATE TABLE side (hash BLOB PRIMARY KEY CHECK (length(hash) = 32),"
				   " idx INTEGER NOT NULL, text BLOB NOT NULL) STRICT, WITHOUT ROWID;"
				   "PRAGMA user_version = 1;";
	struct fixture *f = *state;
	struct said said;
	char line[200];
	sqlite3 *db;

	start(f, true);
	for (unsigned i = 0; i < 5; i++)
		append(f, NULL, "", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	(void)snprintf(line, sizeof(line), "event=ledger-migrated from=1 version=3 kept=%s.v1\n", f->path);
	said_begin(&said);
	start(f, false);
	(void)said_end(&said);
	assert_non_null(strstr(said.text, line));
	assert_int_equal(ledger_head(f->ledger, NULL).size, 5);
	kept_has(f, 1, 5);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	stop(f);
	start(f, false);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 6);
}

/* Without a copy of what was there nothing is changed: here a folder is in its place. */
static void not_without_a_copy(void **state)
{
	struct fixture *f = *state;
	struct engine *engine;
	char kept[128];
	sqlite3 *db;

	start(f, true);
	append(f, NULL, "", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	snprintf(kept, sizeof(kept), "%s.v2", f->path);
	assert_int_equal(mkdir(kept, 0700), 0);
	assert_int_equal(engine_open(f->path, false, &engine), AL_EIO);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(number_of(db, "PRAGMA user_version"), 2);
	(void)sqlite3_close(db);
	assert_int_equal(rmdir(kept), 0);
	snprintf(kept, sizeof(kept), "%s.v2.new", f->path);
	assert_int_equal(unlink(kept), 0);
}

/* What waited goes on waiting. */
static void from_version_2(void **state)
{
	static const char back[] = "DROP INDEX queue_same; ALTER TABLE queue DROP COLUMN same; DROP TABLE queue_who;"
				   "DROP TABLE queue_done; PRAGMA user_version = 2;";
	struct fixture *f = *state;
	sqlite3 *db;

	start(f, true);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	append(f, "person A", "salt: 1\nphone: one\n", NULL);
	stop(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, back, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	start(f, false);
	kept_has(f, 2, 1);
	assert_int_equal(add(f, 1, "request: a\n"), AL_OK);
	assert_int_equal(f->id, 1);
	assert_int_equal(add(f, 2, "request: b\n"), AL_OK);
	assert_int_equal(f->id, 2);
	assert_int_equal(get(f, "person A"), AL_OK);
	assert_int_equal(answer_of(f, ledger_queue_drop(f->ledger, 1, AL_S("no"), NULL, on_side, f)), AL_OK);
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
		TEST(from_version_1),
		TEST(from_version_2),
		TEST(not_without_a_copy),
		TEST(after_the_end),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
