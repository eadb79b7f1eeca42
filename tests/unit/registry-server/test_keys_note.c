/* SPDX-License-Identifier: MIT */
/*
 * test_keys_note.c -- what the metrics say of the keys note: when it ends, and since when it is good, by real entries
 * and the file's time.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry_rig.h"

#include "../../support/keys_note.h"
#include "../clock.h"
#include "../metric.h"

#include "alamo/tlog/note_file.h"
#include "../../../registry-server/keys_note.h"

#define END "alamo_registry_keys_end_seconds"
#define SINCE "alamo_registry_keys_since_seconds"
#define HOUR 3600

struct world {
	struct registry_rig rig;
	char path[96], conf_path[96];
	struct al_conf *conf;
	uint64_t began; /* when the first entry was dated, or a little before */
};

/* Three entries, an hour between each two, and it is an hour later still. */
static int setup(void **state)
{
	static const char conf[] = "[log]\nkey = log.pub\n";
	struct world *w = calloc(1, sizeof(*w));
	char message[256];

	assert_non_null(w);
	clock_date_ahead_s = 0;
	registry_rig_start(&w->rig);
	w->began = al_now_s();
	clock_date_ahead_s = HOUR;
	says(registry_rig_ask(&w->rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	clock_date_ahead_s = 2 * HOUR;
	says(registry_rig_ask(&w->rig, "prev: none\n", BOB, "2"), "% receipt: index 2,");
	clock_date_ahead_s = 3 * HOUR;
	(void)snprintf(w->path, sizeof(w->path), "%s/log.pub", w->rig.dir);
	(void)snprintf(w->conf_path, sizeof(w->conf_path), "%s/alamo.conf", w->rig.dir);
	assert_int_equal(al_note_save(w->conf_path, al_slice_of(conf, sizeof(conf) - 1), false), AL_OK);
	assert_int_equal(al_conf_load(w->conf_path, &w->conf, message, sizeof(message)), AL_OK);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	(void)unlink(w->path);
	(void)unlink(w->conf_path);
	al_conf_free(w->conf);
	registry_rig_stop(&w->rig);
	clock_date_ahead_s = 0;
	free(w);
	return 0;
}

/* In [log] key: of the log that goes on under its key from the size `from` on; as of `placed`. */
static void place(struct world *w, uint64_t from, uint64_t placed)
{
	const struct timespec times[2] = { { .tv_sec = (time_t)placed }, { .tv_sec = (time_t)placed } };
	struct al_checkpoint until = { .size = from };
	struct al_skey old, root;
	struct al_buf note;

	assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &old), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("root.test/root"), &root), AL_OK);
	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &old.pub, &until, &w->rig.key.pub, &root);
	assert_int_equal(al_note_save(w->path, al_buf_view(&note), false), AL_OK);
	al_buf_release(&note);
	assert_int_equal(utimensat(AT_FDCWD, w->path, times, 0), 0);
}

/* The metrics, from new ones. */
static enum al_err measure(struct world *w)
{
	struct keys_note note;
	enum al_err err = keys_note_open(w->conf, &note);

	if (err == AL_OK)
		err = keys_note_measure(&note, w->rig.ledger);
	keys_note_release(&note);
	return err;
}

/* Some seconds may go by while entries are made. */
static void about(uint64_t value, uint64_t wanted)
{
	if (value + 60 < wanted || value > wanted + 60)
		fail_msg("%llu is not about %llu", (unsigned long long)value, (unsigned long long)wanted);
}

static void since_one_of_both(void **state)
{
	static const struct {
		uint64_t entry, placed, now, since;
	} rows[] = {
		{ 100, 0, 200, 100 },   { 100, 99, 200, 100 },  { 100, 100, 200, 100 }, { 100, 101, 200, 101 },
		{ 100, 200, 200, 200 }, { 100, 201, 200, 100 }, { 0, 50, 200, 50 },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_int_equal(keys_note_since(rows[i].entry, rows[i].placed, rows[i].now), rows[i].since);
}

/* The entry before its newest key's first one is older than the note; the file is not. */
static void not_older_than_its_entry(void **state)
{
	struct world *w = *state;

	place(w, 2, w->began - 10 * HOUR);
	assert_int_equal(measure(w), AL_OK);
	about(metric(SINCE), w->began + HOUR);
	assert_int_equal(metric(END), 1830297600);
	place(w, 1, w->began - 10 * HOUR);
	assert_int_equal(measure(w), AL_OK);
	about(metric(SINCE), w->began);
	place(w, 1, w->began + 2 * HOUR);
	assert_int_equal(measure(w), AL_OK);
	assert_int_equal(metric(SINCE), w->began + 2 * HOUR);
	place(w, 1, w->began + 4 * HOUR); /* written tomorrow: that cannot be */
	assert_int_equal(measure(w), AL_OK);
	about(metric(SINCE), w->began);
}

/* Who follows does not have the entry yet: the file has to do. */
static void of_entries_that_are_not_here(void **state)
{
	struct world *w = *state;

	place(w, 3, w->began - HOUR);
	assert_int_equal(measure(w), AL_OK);
	about(metric(SINCE), w->began + 2 * HOUR);
	place(w, 4, w->began - HOUR);
	assert_int_equal(measure(w), AL_OK);
	assert_int_equal(metric(SINCE), w->began - HOUR);
	assert_int_equal(metric(END), 1830297600);
}

/* A bare key is no note: nothing ends, and nothing is to be told. */
static void a_bare_key(void **state)
{
	struct world *w = *state;
	struct keys_note note;
	struct al_buf text;

	al_buf_init(&text, 1024);
	al_vkey_format(&w->rig.key.pub, &text);
	assert_int_equal(al_note_save(w->path, al_buf_view(&text), false), AL_OK);
	al_buf_release(&text);
	assert_int_equal(keys_note_open(w->conf, &note), AL_OK);
	assert_int_equal(note.text.len, 0);
	assert_int_equal(keys_note_measure(&note, w->rig.ledger), AL_OK);
	assert_int_equal(metric(END), 0);
	assert_int_equal(metric(SINCE), 0);
	keys_note_release(&note);
}

static void not_opened(void **state)
{
	static char much[AL_NOTE_MAX + 1];
	struct world *w = *state;

	assert_int_equal(measure(w), AL_ENOTFOUND);
	memset(much, 'x', sizeof(much));
	assert_int_equal(al_note_save(w->path, al_slice_of(much, sizeof(much)), false), AL_OK);
	assert_int_equal(measure(w), AL_ELIMIT);
	/* An entry that is none. */
	assert_int_equal(ledger_append(w->rig.ledger, 3, AL_S("nonsense"), NULL, NULL), AL_OK);
	while (ledger_head(w->rig.ledger, NULL).size < 4)
		(void)usleep(1000);
	place(w, 4, w->began);
	assert_int_equal(measure(w), AL_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(since_one_of_both), TEST(a_bare_key), TEST(not_older_than_its_entry),
		TEST(of_entries_that_are_not_here),  TEST(not_opened),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
