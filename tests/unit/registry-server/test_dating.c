/* SPDX-License-Identifier: MIT */
/*
 * test_dating.c -- the newest checkpoint comes dated at once, again and again, whatever the log does meanwhile.
 */
#include <stdlib.h>

#include "registry_rig.h"

#include "../said.h"

#include "alamo/tlog/witness.h"
#include "ledger/dating.h"

struct told {
	struct registry_rig *rig;
	unsigned count, wanted;
	uint64_t size, time;
};

static void on_told(void *arg, const struct ledger_batch *batch)
{
	struct told *told = arg;
	struct al_vkey dating = al_vkey_dating(&told->rig->key.pub);
	struct al_checkpoint cp;
	uint64_t time;

	assert_int_equal(batch->count, 0);
	assert_int_equal(batch->first, batch->checkpoint.size);
	assert_int_equal(al_checkpoint_open(batch->note, &told->rig->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, batch->checkpoint.size);
	assert_int_equal(al_cosigned(batch->note, &dating, &time), AL_OK);
	assert_true(time >= told->time);
	told->time = time;
	told->size = cp.size;
	if (++told->count == told->wanted)
		al_loop_stop(told->rig->loop);
}

static void wait_for(struct told *told, unsigned more)
{
	told->wanted = told->count + more;
	al_loop_run(told->rig->loop);
}

static void test_dated_again_and_again(void **state)
{
	struct registry_rig *rig = *state;
	struct told told = { .rig = rig, .time = al_now_s() };
	struct dating *dating = NULL;

	assert_int_equal(dating_new(rig->loop, rig->ledger, 1, on_told, &told, &dating), AL_OK);
	wait_for(&told, 2);
	assert_int_equal(told.size, 1);
	assert_true(told.time > 0);
	says(registry_rig_ask(rig, "prev: none\n", ALICE, "1"), "% receipt: index 1,");
	wait_for(&told, 1);
	assert_int_equal(told.size, 2);
	dating_every(dating, 100000); /* from the next time on */
	wait_for(&told, 1);
	/* It ends with the ledger, whatever is under way. */
	ledger_close(rig->ledger);
	rig->ledger = NULL;
	dating_free(dating);
	dating_free(NULL);
}

static void on_patience(void *arg)
{
	struct registry_rig *rig = arg;

	rig->failing = false;
}

/* A signer that fails is asked again, each time after the same while; that it did is said. */
static void test_dated_again_after_a_failure(void **state)
{
	struct registry_rig *rig = *state;
	struct told told = { .rig = rig, .time = al_now_s() };
	struct dating *dating = NULL;
	struct al_timer *patience;
	struct said said;

	said_begin(&said);
	rig->failing = true;
	assert_int_equal(al_timer_new(rig->loop, on_patience, rig, &patience), AL_OK);
	al_timer_set(patience, 500);
	assert_int_equal(dating_new(rig->loop, rig->ledger, 1, on_told, &told, &dating), AL_OK);
	wait_for(&told, 1);
	assert_int_equal(told.size, 1);
	says(said_end(&said), "event=undated error=storage-failed\n");
	/* A ledger that ends is no failure to speak of, and a closed one is asked no more. */
	said_begin(&said);
	ledger_close(rig->ledger);
	rig->ledger = NULL;
	dating_free(dating);
	does_not_say(said_end(&said), "undated");
	al_timer_free(patience);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_dated_again_and_again),
		RIG_TEST(test_dated_again_after_a_failure),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
