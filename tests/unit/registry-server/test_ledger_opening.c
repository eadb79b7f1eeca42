/* SPDX-License-Identifier: MIT */
/*
 * test_ledger_opening.c -- which files are opened as a ledger, and which are damaged or another's.
 */
#include "ledger_bench.h"

/* Change the file behind the ledger's back, with its CHECKs off. */
static void tamper(const struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_changes(db) > 0 || strncmp(sql, "PRAGMA", 6) == 0, 1);
	(void)sqlite3_close(db);
}

static void damage_found_at_the_opening(void **state)
{
	static const struct {
		const char *damage, *repair;
	} cases[] = {
		{ "UPDATE entry SET body = CAST('entry number 5 of the tesu' AS BLOB) WHERE idx = 5",
		  "UPDATE entry SET body = CAST('entry number 5 of the test' AS BLOB) WHERE idx = 5" },
		{ "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 29",
		  "UPDATE entry SET leaf = (SELECT hash FROM side WHERE idx = 29) WHERE idx = 29" },
		{ "UPDATE entry SET idx = 100 WHERE idx = 29", "UPDATE entry SET idx = 29 WHERE idx = 100" },
		{ "UPDATE entry SET idx = 100 WHERE idx = 7", "UPDATE entry SET idx = 7 WHERE idx = 100" },
		{ "UPDATE checkpoint SET size = 1000 WHERE size = 30",
		  "UPDATE checkpoint SET size = 30 WHERE size = 1000" },
		{ "UPDATE checkpoint SET size = -10 WHERE size = 10",
		  "UPDATE checkpoint SET size = 10 WHERE size = -10" },
		{ "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 11) WHERE size = 10",
		  "UPDATE checkpoint SET note = (SELECT CAST(text AS TEXT) FROM side WHERE idx = 10) WHERE size = 10" },
		{ "UPDATE checkpoint SET note = replace(note, 'registry', 'registrx') WHERE size = 10",
		  "UPDATE checkpoint SET note = replace(note, 'registrx', 'registry') WHERE size = 10" },
		{ "UPDATE checkpoint SET note = note || ' ' WHERE size = 20",
		  "UPDATE checkpoint SET note = rtrim(note, ' ') WHERE size = 20" },
	};
	struct fixture *f = *state;
	struct ledger *ledger;
	struct al_skey other;

	start(f, true);
	for (uint64_t i = 0; i < 30; i++) {
		append(f, i, i + 1);
		run(f);
	}
	stop(f);
	tamper(f, "INSERT INTO side (object, hash, idx, text) SELECT 'a', leaf, 29, zeroblob(1) FROM entry WHERE idx = "
		  "29");
	tamper(f, "INSERT INTO side (object, hash, idx, text) "
		  "SELECT 'b', zeroblob(32), 10, CAST(note AS BLOB) FROM checkpoint WHERE size = 10");
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		tamper(f, cases[i].damage);
		assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
		tamper(f, cases[i].repair);
		assert_int_equal(try_open(f, false, &ledger), AL_OK);
		ledger_close(ledger);
	}
	other = f->key;
	assert_int_equal(al_skey_generate(AL_S("registry.test/ledger"), &f->key), AL_OK);
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
	f->key = other;
	tamper(f, "DELETE FROM checkpoint WHERE size = 30");
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
	tamper(f, "DELETE FROM checkpoint");
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
}

static void a_flipped_bit_in_the_file(void **state)
{
	struct fixture *f = *state;
	struct ledger *ledger;
	FILE *file;
	char *bytes;
	long len, at = -1;

	start(f, true);
	append(f, 0, 30);
	run(f);
	stop(f);
	file = fopen(f->path, "r+b");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	len = ftell(file);
	bytes = malloc((size_t)len);
	assert_non_null(bytes);
	rewind(file);
	assert_int_equal(fread(bytes, 1, (size_t)len, file), len);
	for (long i = 0; i + 26 < len; i++)
		if (memcmp(bytes + i, "entry number 7 of the test", 26) == 0)
			at = i;
	assert_true(at > 0);
	assert_int_equal(fseek(file, at + 3, SEEK_SET), 0);
	assert_int_equal(fputc(bytes[at + 3] ^ 1, file), bytes[at + 3] ^ 1);
	assert_int_equal(fclose(file), 0);
	free(bytes);
	assert_int_equal(try_open(f, false, &ledger), AL_EVERIFY);
}

static void who_may_open(void **state)
{
	struct fixture *f = *state;
	struct ledger *second;
	FILE *file;
	char text[32] = { 0 };

	assert_int_equal(try_open(f, false, &second), AL_ENOTFOUND);
	start(f, true);
	append(f, 0, 1);
	run(f);
	assert_int_equal(try_open(f, false, &second), AL_EAGAIN);
	assert_int_equal(try_open(f, true, &second), AL_EAGAIN);
	stop(f);
	assert_int_equal(try_open(f, true, &second), AL_EEXIST);
	tamper(f, "PRAGMA user_version = 4");
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	tamper(f, "PRAGMA user_version = 3; PRAGMA application_id = 1");
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs("this is no database at all", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(try_open(f, false, &second), AL_EUNSUPPORTED);
	file = fopen(f->path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "this is no database at all");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(damage_found_at_the_opening),
		TEST(a_flipped_bit_in_the_file),
		TEST(who_may_open),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, shim_setup, NULL);
}
