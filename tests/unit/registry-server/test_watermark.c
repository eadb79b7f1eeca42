/* SPDX-License-Identifier: MIT */
/*
 * test_watermark.c -- when nothing more is stored, by the host's real disk and memory: bounds below and above what it
 * has, looked at once a second by a clock that the test turns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "../said.h"

#include "alamo/tlog/note_file.h"
#include "watermark.h"

struct fixture {
	char dir[40], conf_path[64];
	struct al_conf *conf;
	struct watermark mark;
	struct said said;
	const char *ledger;
};

static void conf_put(struct fixture *f, const char *bounds)
{
	char text[200], message[256];

	(void)snprintf(text, sizeof(text), "[registry]\nledger = %s\n%s\n", f->ledger, bounds);
	assert_int_equal(al_note_save(f->conf_path, al_slice_str(text), false), AL_OK);
	al_conf_free(f->conf);
	assert_int_equal(al_conf_load(f->conf_path, &f->conf, message, sizeof(message)), AL_OK);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->ledger = "ledger.db";
	(void)strcpy(f->dir, "/tmp/test_watermark.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->conf_path, sizeof(f->conf_path), "%s/alamo.conf", f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->conf_path);
	(void)rmdir(f->dir);
	al_conf_free(f->conf);
	free(f);
	return 0;
}

static void test_room_enough(void **state)
{
	struct fixture *f = *state;

	conf_put(f, "min-free-disk = 0\nmax-memory = 0");
	assert_int_equal(watermark_init(&f->mark, f->conf), AL_OK);
	assert_string_equal(f->mark.dir, f->dir);
	assert_null(watermark_look(&f->mark, 5000));
	conf_put(f, "min-free-disk = 1\nmax-memory = 100000");
	watermark_limit(&f->mark, f->conf);
	said_begin(&f->said);
	assert_null(watermark_look(&f->mark, 5001));
	assert_string_equal(said_end(&f->said), "");
	f->ledger = "/at-the-top.db";
	conf_put(f, "");
	assert_int_equal(watermark_init(&f->mark, f->conf), AL_OK);
	assert_string_equal(f->mark.dir, "/");
}

/* In words, once said and once taken back; looked at again after a second and not before. */
static void test_no_room(void **state)
{
	static const char *const bounds[][2] = {
		{ "min-free-disk = 1000000000\nmax-memory = 0",
		  "the registry's disk is nearly full: nothing was stored" },
		{ "min-free-disk = 0\nmax-memory = 1", "the registry's memory is nearly full: nothing was stored" },
	};
	struct fixture *f = *state;
	const char *full, *said;

	conf_put(f, "min-free-disk = 0\nmax-memory = 0");
	assert_int_equal(watermark_init(&f->mark, f->conf), AL_OK);
	assert_null(watermark_look(&f->mark, 1000));
	for (size_t i = 0; i < AL_COUNT(bounds); i++) {
		uint64_t now = 10000 * (i + 1);

		conf_put(f, bounds[i][0]);
		watermark_limit(&f->mark, f->conf);
		said_begin(&f->said);
		full = watermark_look(&f->mark, now);
		assert_non_null(full);
		assert_non_null(strstr(full, bounds[i][1]));
		assert_ptr_equal(watermark_look(&f->mark, now + 2000), full);
		said = said_end(&f->said);
		assert_non_null(strstr(said, "error alamo event=watermark"));
		assert_non_null(strstr(said, bounds[i][1]));
		assert_null(strstr(strstr(said, "event=watermark") + 1, "event=watermark"));
		/* There is room again: seen with the next look. */
		f->mark.min_free = f->mark.max_memory = 0;
		assert_ptr_equal(watermark_look(&f->mark, now + 2999), full);
		said_begin(&f->said);
		assert_null(watermark_look(&f->mark, now + 3000));
		assert_non_null(
			strstr(said_end(&f->said), "info alamo event=watermark reason=\"there is room again\"\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_room_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
