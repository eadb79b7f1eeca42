/* SPDX-License-Identifier: MIT */
/*
 * test_publish_fails.c -- the published log with a disk that fails, and a ledger that cannot be read: it is tried again.
 */
#include "publish_bench.h"

#include <sqlite3.h>

#include "../memory.h"

/* ---- a disk that fails ---- */

static bool in_the_way(struct bench *bench)
{
	char aside[96];

	(void)strcpy(aside, path_of(bench, "aside"));
	assert_int_equal(mkdir(aside, 0700), 0);
	assert_int_equal(renameat2(AT_FDCWD, aside, AT_FDCWD, path_of(bench, "public/checkpoint"), RENAME_EXCHANGE), 0);
	return true;
}

static bool log_tells(const struct bench *bench, const char *what)
{
	char text[sizeof(bench->said.text)];
	ssize_t len = pread(bench->said.file, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return strstr(text, what) != NULL;
}

static bool write_failed(struct bench *bench)
{
	return log_tells(bench, "step=write");
}

static bool open_failed(struct bench *bench)
{
	return log_tells(bench, "step=open");
}

static bool out_of_the_way(struct bench *bench)
{
	char aside[96];

	(void)strcpy(aside, path_of(bench, "aside"));
	/* At once: whoever looks meanwhile must not find a folder without a checkpoint. */
	assert_int_equal(renameat2(AT_FDCWD, aside, AT_FDCWD, path_of(bench, "public/checkpoint"), RENAME_EXCHANGE), 0);
	assert_int_equal(rmdir(aside), 0);
	return true;
}

static bool folder_free(struct bench *bench)
{
	return unlink(path_of(bench, "public")) == 0;
}

static void a_disk_that_fails(void **state)
{
	static const step_fn steps[] = { three_more,  is_published,   in_the_way,   one_more, write_failed,
					 open_failed, out_of_the_way, is_published, one_more, is_published,
					 NULL };
	static const step_fn from_the_start[] = { one_more, open_failed, folder_free, is_published, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	(void)folder_remove(path_of(bench, "public"));
	assert_int_equal(al_note_save(path_of(bench, "public"), AL_S("in the way\n"), false), AL_OK);
	assert_int_equal(serve(bench, from_the_start), 0);
	assert_int_equal(bench->size, 6);
}

/* ---- a ledger that cannot be read ---- */

/* When what was published just now does not hold the next one up any more. */
static bool an_interval_later(struct bench *bench)
{
	if (bench->began_ms == 0)
		bench->began_ms = al_now_ms();
	return al_now_ms() >= bench->began_ms + INTERVAL_MS;
}

static bool read_without_memory(struct bench *bench)
{
	memory_fails = 1;
	publish_commit(bench->publish);
	assert_int_equal(memory_fails, 0);
	return true;
}

static void tables(struct bench *bench, const char *text)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path_of(bench, bench->ledger_name), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool entries_away(struct bench *bench)
{
	tables(bench, "ALTER TABLE entry RENAME TO away");
	publish_commit(bench->publish);
	return true;
}

static bool some_time_later(struct bench *bench)
{
	return bench->ticks > 20;
}

static bool entries_back(struct bench *bench)
{
	assert_int_equal(publish_head(bench->publish).size, 4);
	tables(bench, "ALTER TABLE away RENAME TO entry");
	return true;
}

/* It is tried again by itself, though no commit comes. */
static void read_again(void **state)
{
	static const step_fn steps[] = { three_more,        is_published,        hear_nothing, one_more, is_durable,
					 an_interval_later, read_without_memory, is_published, NULL },
			     away[] = { is_published, hear_nothing,    one_more,     is_durable,   an_interval_later,
					entries_away, some_time_later, entries_back, is_published, NULL };
	struct bench *bench = *state;

	assert_int_equal(serve(bench, steps), 0);
	assert_int_equal(bench->size, 4);
	bench->began_ms = 0;
	assert_int_equal(serve(bench, away), 0);
	assert_int_equal(bench->size, 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_disk_that_fails),
		TEST(read_again),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
