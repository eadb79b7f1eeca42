/* SPDX-License-Identifier: MIT */
/*
 * test_ledger_pg.c -- the ledger while its store is away: what is durable is
 * still answered, what is not waits, and nobody is told what is not known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "../locks.h"
#include "engines.h"
#include "ledger/engine.h"
#include "ledger/ledger.h"
#include "sign/signer.h"

#ifdef ALAMO_POSTGRESQL

#define NOTHING 99 /* no enum al_err */

struct fixture {
	char where[ENGINE_WHERE_MAX];
	struct al_skey key;
	struct al_loop *loop;
	struct al_timer *timer;
	struct ledger *ledger;
	int stored, proved, dated;
	bool fenced;
	uint64_t seen;       /* entries, by one that follows */
	uint64_t remembered; /* size that its signer has heard of */
	int heard;           /* so often */
	enum al_err answer;
};

static void on_time(void *arg)
{
	al_loop_stop(((struct fixture *)arg)->loop);
}

static void run_for(struct fixture *f, uint64_t ms)
{
	al_timer_set(f->timer, ms);
	al_loop_run(f->loop);
}

/* Bounded: an answer that never comes is a failure. */
static void run_until(struct fixture *f, const int *answer)
{
	for (int i = 0; i < 300 && *answer == NOTHING; i++)
		run_for(f, 100);
	assert_int_not_equal(*answer, NOTHING);
}

static void on_stored(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	(void)receipt;
	((struct fixture *)arg)->stored = (int)err;
}

static void on_proved(void *arg, enum al_err err, const struct ledger_receipt *receipt)
{
	struct fixture *f = arg;

	f->proved = (int)err;
	assert_true(err != AL_OK || (receipt->checkpoint.size == 1 && receipt->proof_count == 0));
}

static void on_dated(void *arg, enum al_err err, const struct ledger_batch *batch)
{
	struct fixture *f = arg;

	f->dated = (int)err;
	assert_true(err != AL_OK || batch->checkpoint.size == 1);
}

static void on_fenced(void *arg)
{
	((struct fixture *)arg)->fenced = true;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ledger_opts opts = { .create = true };

	assert_non_null(f);
	engine_place_make(engine_kinds[1], "", f->where);
	assert_int_equal(al_loop_new(&f->loop), AL_OK);
	assert_int_equal(al_timer_new(f->loop, on_time, f, &f->timer), AL_OK);
	assert_int_equal(al_skey_generate(AL_S("registry.test/away"), &f->key), AL_OK);
	opts.path = f->where;
	opts.key = &f->key.pub;
	opts.signer = signer_local(&f->key);
	assert_int_equal(ledger_open(&opts, &f->ledger), AL_OK);
	ledger_on_fenced(f->ledger, on_fenced, f);
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
	f->stored = NOTHING;
	assert_int_equal(ledger_append(f->ledger, 0, AL_S("first"), on_stored, f), AL_OK);
	run_until(f, &f->stored);
	assert_int_equal(f->stored, AL_OK);
	f->stored = f->proved = f->dated = NOTHING;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ledger_close(f->ledger);
	run_for(f, 10);
	al_timer_free(f->timer);
	al_loop_free(f->loop);
	engine_place_drop(engine_kinds[1], f->where);
	free(f);
	return 0;
}

static void test_answers_while_away(void **state)
{
	struct fixture *f = *state;

	engine_server_signal(SIGSTOP);
	assert_int_equal(ledger_append(f->ledger, 1, AL_S("second"), on_stored, f), AL_OK);
	run_for(f, 6000); /* the deadline of the store's answer is over */
	assert_int_equal(ledger_prove(f->ledger, 0, on_proved, f), AL_OK);
	assert_int_equal(ledger_date(f->ledger, on_dated, f), AL_OK);
	run_until(f, &f->proved);
	run_until(f, &f->dated);
	assert_int_equal(f->proved, AL_OK);
	assert_int_equal(f->dated, AL_OK);
	assert_int_equal(f->stored, NOTHING);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 1);
	engine_server_signal(SIGCONT);
	run_until(f, &f->stored);
	assert_int_equal(f->stored, AL_OK);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 2);
	assert_false(f->fenced);
}

/* Whoever asked is told that it is not known, which is so. */
static void test_closed_while_away(void **state)
{
	struct fixture *f = *state;

	engine_server_signal(SIGSTOP);
	assert_int_equal(ledger_append(f->ledger, 1, AL_S("second"), on_stored, f), AL_OK);
	run_for(f, 5000);
	ledger_close(f->ledger);
	f->ledger = NULL;
	engine_server_signal(SIGCONT);
	assert_int_equal(f->stored, AL_ECLOSED);
}

static void test_another_writes(void **state)
{
	struct fixture *f = *state;

	assert_true(engine_sql(f->where, "UPDATE head SET epoch = epoch + 1, writer = 'another'"));
	assert_int_equal(ledger_append(f->ledger, 1, AL_S("second"), on_stored, f), AL_OK);
	run_until(f, &f->stored);
	run_for(f, 100);
	assert_int_equal(f->stored, AL_ECLOSED);
	assert_true(f->fenced && ledger_is_fenced(f->ledger));
}

/* Whoever had nothing to do for a while goes on as before. */
static void test_after_a_silence(void **state)
{
	struct fixture *f = *state;

	run_for(f, 2500); /* in which it has looked whether it still writes */
	assert_int_equal(ledger_append(f->ledger, 1, AL_S("second"), on_stored, f), AL_OK);
	run_until(f, &f->stored);
	assert_int_equal(f->stored, AL_OK);
	assert_false(f->fenced);
}

/* Without a request that would find out. */
static void test_another_writes_in_silence(void **state)
{
	struct fixture *f = *state;

	assert_true(engine_sql(f->where, "UPDATE head SET epoch = epoch + 1, writer = 'another'"));
	for (int i = 0; i < 100 && !f->fenced; i++)
		run_for(f, 100);
	assert_true(f->fenced);
}

/* ---- two registries ---- */

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice entry)
{
	uint64_t *next = arg;

	assert_int_equal(index, *next);
	assert_true(entry.len > 0);
	*next += 1;
	return AL_OK;
}

static enum al_err on_begin(void *arg, const struct al_tree *tree, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint cp;

	assert_int_equal(al_checkpoint_open(note, &f->key.pub, &cp), AL_OK);
	assert_int_equal(cp.size, al_tree_size(tree));
	f->remembered = cp.size;
	f->heard++;
	return f->answer;
}

/* With a signer of which begin() alone is ours to see. */
static struct ledger *open_watched(struct fixture *f)
{
	struct ledger_opts opts = {
		.path = f->where, .key = &f->key.pub, .signer = { .begin = on_begin, .arg = f }, .follow = true
	};
	struct ledger *ledger;

	assert_int_equal(ledger_open(&opts, &ledger), AL_OK);
	return ledger;
}

static struct ledger *open_beside(struct fixture *f)
{
	struct ledger_opts opts = {
		.path = f->where, .key = &f->key.pub, .signer = signer_local(&f->key), .follow = true
	};
	struct ledger *ledger;

	assert_int_equal(ledger_open(&opts, &ledger), AL_OK);
	return ledger;
}

static void append_one(struct fixture *f, uint64_t index)
{
	f->stored = NOTHING;
	assert_int_equal(ledger_append(f->ledger, index, AL_S("more"), on_stored, f), AL_OK);
	run_until(f, &f->stored);
	assert_int_equal(f->stored, AL_OK);
}

/* It follows, verified, while the other writes, and goes on from there. */
static void test_taken_over(void **state)
{
	struct fixture *f = *state;
	struct ledger *second = open_beside(f);
	uint64_t next = 1;
	enum al_err err = AL_EAGAIN;

	assert_false(ledger_leads(second));
	assert_int_equal(ledger_head(second, NULL).size, 1);
	append_one(f, 1);
	append_one(f, 2);
	/* What has come since it was opened is no part of what was opened. */
	next = 0;
	assert_int_equal(ledger_load(second, on_entry, &next), AL_OK);
	assert_int_equal(next, 1);
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EAGAIN);
	assert_int_equal(next, 3);
	append_one(f, 3);
	ledger_close(f->ledger);
	f->ledger = NULL;
	for (int i = 0; i < 100 && err == AL_EAGAIN; i++) {
		run_for(f, 50);
		err = ledger_take_over(second, 200, on_entry, &next);
	}
	assert_int_equal(err, AL_OK);
	assert_int_equal(next, 4);
	assert_true(ledger_leads(second));
	f->ledger = second;
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
	append_one(f, 4);
	assert_int_equal(ledger_head(f->ledger, NULL).size, 5);
}

/* The server lets it go some time after the session. */
static const char place_is_free[] = "SELECT 1 / (1 - count(*)) FROM pg_locks WHERE locktype = 'advisory'";

/* The first one writes once more, and ends, while the second looks. */
static enum al_err on_entry_and_end(void *arg, uint64_t index, struct al_slice entry)
{
	struct fixture *f = arg;

	(void)entry;
	f->seen = index + 1;
	if (f->ledger == NULL)
		return AL_OK;
	append_one(f, index + 1);
	ledger_close(f->ledger);
	f->ledger = NULL;
	for (int i = 0; i < 500 && !engine_sql(f->where, place_is_free); i++)
		run_for(f, 20);
	return AL_OK;
}

/* What is written while somebody looks, before he leads, is not missed. */
static void test_written_before_it_leads(void **state)
{
	struct fixture *f = *state;
	struct ledger *second = open_beside(f);

	append_one(f, 1);
	assert_int_equal(ledger_take_over(second, 0, on_entry_and_end, f), AL_OK);
	assert_int_equal(f->seen, 3);
	assert_int_equal(ledger_head(second, NULL).size, 3);
	f->ledger = second;
	assert_int_equal(ledger_start(f->ledger, f->loop, NULL, NULL), AL_OK);
	append_one(f, 3);
}

/* What it has folded is gone from the store, or is another thing there: it says so, and does not take over. */
static void test_store_has_less(void **state)
{
	struct fixture *f = *state;
	struct ledger *second;
	uint64_t next = 2;
	enum al_err err = AL_EAGAIN;

	append_one(f, 1);
	second = open_beside(f);
	ledger_close(f->ledger);
	f->ledger = NULL;
	assert_true(engine_sql(f->where, "UPDATE head SET size = 1"));
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EFORK);
	assert_true(engine_sql(f->where,
			       "UPDATE head SET size = 2; UPDATE checkpoint SET note = 'another' WHERE size = 2"));
	for (int i = 0; i < 100 && err == AL_EAGAIN; i++) {
		run_for(f, 50);
		err = ledger_take_over(second, 200, on_entry, &next);
	}
	assert_int_equal(err, AL_EFORK);
	ledger_close(second);
}

/* An entry that its stored checkpoint does not cover is not believed. */
static void test_followed_with_suspicion(void **state)
{
	struct fixture *f = *state;
	struct ledger *second = open_beside(f);
	uint64_t next = 1;

	append_one(f, 1);
	append_one(f, 2);
	assert_true(engine_sql(f->where, "UPDATE entry SET body = 'lie', leaf = sha256('\\x00'::bytea || 'lie'::bytea)"
					 " WHERE idx = 1"));
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EVERIFY);
	ledger_close(second);
}

/* ---- what one who follows remembers ---- */

/* Once for each look that finds something; and what its signer refuses is not followed. */
static void test_remembered(void **state)
{
	struct fixture *f = *state;
	struct ledger *second = open_watched(f);
	uint64_t next = 1;

	assert_int_equal(f->remembered, 1);
	append_one(f, 1);
	append_one(f, 2);
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EAGAIN);
	assert_int_equal(f->remembered, 3);
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EAGAIN);
	assert_int_equal(f->heard, 2);
	append_one(f, 3);
	f->answer = AL_EFORK;
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EFORK);
	ledger_close(second);
}

/* The server's processes hear of a setting one after the other. */
static void standby_goes(struct fixture *f)
{
	struct engine *engine;
	enum al_err err = AL_OK;

	assert_int_equal(engine_follow(f->where, &engine), AL_OK);
	assert_true(engine_sql(f->where, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	for (int i = 0; i < 300 && err == AL_OK; i++) {
		run_for(f, 10);
		err = engine->ops->settle(engine);
	}
	assert_int_equal(err, AL_EIO);
	assert_int_equal(engine->ops->settle(engine), AL_EIO); /* without a connection there is nothing to ask about */
	engine_close(engine);
}

/* What the standby does not have may be taken back, and rightly: it is followed, and not remembered. */
static void test_not_confirmed(void **state)
{
	struct fixture *f = *state;
	struct ledger *second = open_watched(f);
	uint64_t next = 1;

	append_one(f, 1);
	standby_goes(f);
	assert_int_equal(ledger_take_over(second, 200, on_entry, &next), AL_EAGAIN);
	assert_int_equal(next, 2);
	assert_int_equal(f->remembered, 1);
	assert_true(engine_sql(f->where, "ALTER SYSTEM RESET synchronous_standby_names"));
	assert_true(engine_sql(f->where, "SELECT pg_reload_conf()"));
	for (int i = 0; i < 100 && f->remembered == 1; i++) {
		run_for(f, 50);
		assert_int_equal(ledger_take_over(second, 100000, on_entry, &next), AL_EAGAIN);
	}
	assert_int_equal(f->remembered, 2);
	ledger_close(second);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(test_answers_while_away),
		EACH(test_closed_while_away),
		EACH(test_another_writes),
		EACH(test_after_a_silence),
		EACH(test_another_writes_in_silence),
		EACH(test_taken_over),
		EACH(test_store_has_less),
		EACH(test_followed_with_suspicion),
		EACH(test_written_before_it_leads),
		EACH(test_remembered),
		EACH(test_not_confirmed),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	engines_stop();
	return failed;
}

#else
int main(void)
{
	return 0; /* this build has no such engine */
}
#endif
