/* SPDX-License-Identifier: MIT */
/*
 * test_diskerrors.c -- a disk that fills up or fails at the n-th operation of a
 * run, for every n until the run is over before. Each commit is refused or
 * durable: when the trouble ends the ledger goes on, after ledger_resume() as
 * after reopening, and a power cut at the end takes nothing acknowledged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/log.h"
#include "ledger_rig.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE 9
#else
#define STRIDE 1
#endif
#define STEPS 20      /* commits of a run */
#define REOPENED_AT 7 /* before this one the ledger is closed and opened */
#define TRIES_MAX 12  /* of one commit while the disk still fails */
#define SEED 4711

struct plan {
	enum powercut_failure how;
	uint64_t count; /* operations that fail */
	bool reads;
	bool reopen; /* after a failure, else resume */
};

struct tally {
	size_t runs;
	size_t failures;
};

static void disk_mended(const struct plan *plan)
{
	powercut_fail(0, 0, plan->how, plan->reads);
}

/* Created, at the latest when the disk works again. */
static void create(struct rig *rig, const struct plan *plan, struct tally *tally)
{
	if (rig_open(rig, true) == AL_OK)
		return;
	tally->failures++;
	disk_mended(plan);
	assert_int_equal(rig_open(rig, true), AL_OK);
}

/* Opened, at the latest then. */
static void reopen(struct rig *rig, const struct plan *plan, struct tally *tally)
{
	enum rig_verdict verdict;

	rig_close(rig);
	verdict = rig_check(rig);
	if (verdict == RIG_UNREADABLE) {
		tally->failures++;
		rig_close(rig);
		disk_mended(plan);
		verdict = rig_check(rig);
	}
	assert_int_equal(verdict, RIG_SOUND);
}

static void go_on(struct rig *rig, const struct plan *plan, struct tally *tally)
{
	if (plan->reopen)
		reopen(rig, plan, tally);
	else
		rig_resume(rig);
}

/* One commit, tried again and again; when that does not help the disk is mended, and it must. */
static void commit(struct rig *rig, const struct plan *plan, size_t count, struct tally *tally)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		if (rig_append(rig, count))
			return;
		assert_int_equal(rig->failed, count);
		tally->failures++;
		go_on(rig, plan, tally);
	}
	disk_mended(plan);
	go_on(rig, plan, tally);
	assert_int_equal(rig_compare(rig), RIG_SOUND);
	assert_true(rig_append(rig, count));
}

/* True: the run had so many operations. */
static bool run(struct rig *rig, const struct plan *plan, uint64_t at, struct tally *tally)
{
	bool reached;

	powercut_reset(at, &(struct powercut_settings){ 0 });
	rig_forget(rig);
	rig->random = SEED;
	powercut_fail(at, plan->count, plan->how, plan->reads);
	create(rig, plan, tally);
	for (int i = 0; i < STEPS; i++) {
		if (i == REOPENED_AT)
			reopen(rig, plan, tally);
		commit(rig, plan, rig_batch(rig), tally);
	}
	reached = powercut_failures() > 0;
	disk_mended(plan);
	assert_int_equal(rig_compare(rig), RIG_SOUND);
	/* Now without a chance to write anything more. */
	powercut_arm(1);
	rig_close(rig);
	powercut_restore();
	assert_int_equal(rig_check(rig), RIG_SOUND);
	assert_true(rig_append(rig, 1));
	rig_close(rig);
	tally->runs++;
	return reached;
}

static void at_every_operation(struct plan plan)
{
	struct tally tally = { 0 };
	struct rig rig;
	uint64_t at = 1;

	assert_true(rig_init(&rig, SEED));
	rig.checkpoint_pages = 12;
	while (run(&rig, &plan, at, &tally))
		at += STRIDE;
	rig_release(&rig);
	print_message("%s of %llu operations%s, then %s: %zu runs, %zu failures\n",
		      plan.how == POWERCUT_FULL ? "ENOSPC" : "EIO", (unsigned long long)plan.count,
		      plan.reads ? " (reads too)" : "", plan.reopen ? "reopened" : "resumed", tally.runs,
		      tally.failures);
	/* The operations were met, and mattered. */
	assert_true(tally.runs * STRIDE > 100 && tally.failures > tally.runs / 4);
}

static void full_once(void **state)
{
	(void)state;
	at_every_operation((struct plan){ .how = POWERCUT_FULL, .count = 1 });
	at_every_operation((struct plan){ .how = POWERCUT_FULL, .count = 1, .reopen = true });
}

static void full_until_space_is_made(void **state)
{
	(void)state;
	at_every_operation((struct plan){ .how = POWERCUT_FULL, .count = POWERCUT_FOR_EVER });
	at_every_operation((struct plan){ .how = POWERCUT_FULL, .count = POWERCUT_FOR_EVER, .reopen = true });
}

static void error_once(void **state)
{
	(void)state;
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = 1 });
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = 1, .reopen = true });
}

static void errors_for_a_while(void **state)
{
	(void)state;
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = 7 });
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = 7, .reads = true, .reopen = true });
}

static void errors_until_mended(void **state)
{
	(void)state;
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = POWERCUT_FOR_EVER, .reads = true });
	at_every_operation((struct plan){ .how = POWERCUT_EIO, .count = POWERCUT_FOR_EVER, .reopen = true });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_once),           cmocka_unit_test(full_until_space_is_made),
		cmocka_unit_test(error_once),          cmocka_unit_test(errors_for_a_while),
		cmocka_unit_test(errors_until_mended),
	};

	if (!powercut_register())
		return 1;
	al_log_init("test_diskerrors", AL_LOG_ERROR + 1); /* each failure is one to the ledger */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
