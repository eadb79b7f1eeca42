/* SPDX-License-Identifier: MIT */
/*
 * test_powercut.c -- power cuts at random moments: of opening, committing,
 * checkpointing and closing. After each the ledger opens, verifies, and has
 * every acknowledged entry and the history of the newest released checkpoint.
 * With synchronous=OFF the same cuts lose entries: the check can fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "alamo/base/log.h"
#include "ledger_rig.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CUTS 200
#else
#define CUTS 2000
#endif
#define CUTS_THREADED (CUTS / 10)
#define CUTS_UNSAFE 200
#define CUTS_A_LEDGER 12 /* after so many a new one is begun */
#define SEED 20240229

static const char *const verdict_names[RIG_VERDICTS] = { "sound", "unreadable", "lost", "different", "forked" };

struct tally {
	size_t cuts;
	size_t verdicts[RIG_VERDICTS];
	uint64_t entries;
};

/* An empty ledger on an empty disk, itself made with care. */
static void begin(struct rig *rig, const struct powercut_settings *settings)
{
	rig_close(rig);
	powercut_reset(powercut_random(&rig->random), &(struct powercut_settings){ 0 });
	rig_forget(rig);
	assert_int_equal(rig_open(rig, true), AL_OK);
	rig_close(rig);
	powercut_set(settings);
	assert_int_equal(rig_open(rig, false), AL_OK);
}

/* Commits, with a closing and reopening now and then, until the power goes. */
static void work(struct rig *rig)
{
	while (!powercut_is_off()) {
		if (powercut_below(&rig->random, 12) == 0) {
			rig_close(rig);
			if (rig_open(rig, false) != AL_OK)
				break;
		}
		if (!rig_append(rig, rig->threaded ? 1 + (size_t)powercut_below(&rig->random, 300) : rig_batch(rig)))
			break;
	}
	/* Nothing but the cut may stop it. */
	assert_true(powercut_is_off());
}

/* Most cuts come soon, some late. */
static void cut_once(struct rig *rig)
{
	if (powercut_below(&rig->random, 4) == 0)
		rig_close(rig);
	powercut_arm(1 + powercut_below(&rig->random, powercut_below(&rig->random, 4) == 0 ? 600 : 60));
	if (rig->ledger == NULL && rig_open(rig, false) != AL_OK)
		assert_true(powercut_is_off());
	else
		work(rig);
	rig_close(rig);
	powercut_restore();
}

static struct tally cut_often(struct rig *rig, const struct powercut_settings *settings, size_t cuts)
{
	struct tally tally = { .cuts = cuts };

	for (size_t i = 0; i < cuts; i++) {
		enum rig_verdict verdict;

		if (i % CUTS_A_LEDGER == 0)
			begin(rig, settings);
		cut_once(rig);
		verdict = rig_check(rig);
		tally.verdicts[verdict]++;
		tally.entries += rig->acked;
		if (verdict != RIG_SOUND) {
			if (!settings->sync_off)
				print_message("cut %zu: %s\n", i, verdict_names[verdict]);
			begin(rig, settings);
		}
	}
	rig_close(rig);
	print_message("%zu cuts, %zu commits:", cuts, rig->commits);
	for (size_t i = 0; i < RIG_VERDICTS; i++)
		print_message(" %zu %s", tally.verdicts[i], verdict_names[i]);
	print_message("; %llu entries compared\n", (unsigned long long)tally.entries);
	return tally;
}

static struct tally run(const struct powercut_settings *settings, bool threaded, size_t cuts)
{
	const char *seed = getenv("POWERCUT_SEED");
	struct rig rig;
	struct tally tally;

	assert_true(rig_init(&rig, (seed != NULL ? strtoull(seed, NULL, 10) : SEED) + settings->whole_sectors));
	rig.threaded = threaded;
	rig.checkpoint_pages = threaded || settings->sync_off ? 0 : 30;
	tally = cut_often(&rig, settings, cuts);
	rig_release(&rig);
	return tally;
}

/* As SQLite's own VFS has it: bytes beside a write are safe. */
static void cuts_lose_nothing(void **state)
{
	(void)state;
	assert_int_equal(run(&(struct powercut_settings){ 0 }, false, CUTS / 2).verdicts[RIG_SOUND], CUTS / 2);
}

/* A disk that may damage a whole sector of which a part is written. */
static void cuts_lose_nothing_whole_sectors(void **state)
{
	(void)state;
	assert_int_equal(run(&(struct powercut_settings){ .whole_sectors = true }, false, CUTS / 2).verdicts[RIG_SOUND],
			 CUTS / 2);
}

/* The writer on its own thread, and the ledger's own distance between checkpoints. */
static void cuts_lose_nothing_with_the_thread(void **state)
{
	(void)state;
	assert_int_equal(run(&(struct powercut_settings){ 0 }, true, CUTS_THREADED).verdicts[RIG_SOUND], CUTS_THREADED);
}

static void without_syncs_they_lose(void **state)
{
	struct tally tally;

	(void)state;
	tally = run(&(struct powercut_settings){ .sync_off = true }, false, CUTS_UNSAFE);
	assert_true(tally.verdicts[RIG_LOST] > 0);
	assert_true(tally.verdicts[RIG_UNREADABLE] > 0);
	assert_true(tally.verdicts[RIG_SOUND] < CUTS_UNSAFE / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_lose_nothing),
		cmocka_unit_test(cuts_lose_nothing_whole_sectors),
		cmocka_unit_test(cuts_lose_nothing_with_the_thread),
		cmocka_unit_test(without_syncs_they_lose),
	};

	if (!powercut_register())
		return 1;
	al_log_init("test_powercut", AL_LOG_ERROR + 1); /* each cut is an error to the ledger */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
