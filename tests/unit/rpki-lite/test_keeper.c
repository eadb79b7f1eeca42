/* SPDX-License-Identifier: MIT */
/*
 * test_keeper.c -- the set on the disk, written beside the loop: one at a time, the last of all for certain.
 */
#include "signer.h"

#include "../allocs.h"
#include "../clock.h"
#include "../said.h"
#include "keeper.h"

struct bench {
	struct al_loop *loop;
	struct al_timer *timer;
	struct keeper *keeper;
	struct signer signer;
	struct moment moment;
	const char *wanted; /* the loop ends when this file (NULL: any) is there and the keeper may write again */
};

static void look(void *arg)
{
	struct bench *bench = arg;

	if ((bench->wanted == NULL || signer_has(&bench->signer, bench->wanted)) && keeper_ready(bench->keeper))
		al_loop_stop(bench->loop);
	else
		al_timer_set(bench->timer, 2);
}

static void wait_written(struct bench *bench, const char *file)
{
	bench->wanted = file;
	al_timer_set(bench->timer, 0);
	al_loop_run(bench->loop);
}

static void show(struct bench *bench, unsigned count, uint64_t size)
{
	struct vrp_set *set = signer_set(count, size);
	struct al_buf note;
	struct al_checkpoint cp = signer_checkpoint(&bench->signer, size, &note);

	moment_show(&bench->moment, set, NULL, &cp, al_buf_view(&note), 100);
	al_buf_release(&note);
	vrp_set_unref(set);
}

static int setup(void **state)
{
	static struct bench bench;

	bench = (struct bench){ 0 };
	signer_init(&bench.signer);
	moment_init(&bench.moment);
	assert_int_equal(al_loop_new(&bench.loop), AL_OK);
	assert_int_equal(al_timer_new(bench.loop, look, &bench, &bench.timer), AL_OK);
	assert_int_equal(keeper_new(bench.loop, bench.signer.dir, &bench.signer.log.pub, &bench.keeper), AL_OK);
	*state = &bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	keeper_free(bench->keeper);
	al_timer_free(bench->timer);
	al_loop_free(bench->loop);
	moment_release(&bench->moment);
	(void)unlink(signer_path(&bench->signer, "roa-10.set"));
	(void)unlink(signer_path(&bench->signer, "roa-11.set"));
	(void)unlink(signer_path(&bench->signer, "roa.head"));
	return rmdir(bench->signer.dir);
}

static void assert_loads(struct bench *bench, uint64_t size, uint64_t expires)
{
	struct kept kept = { .log = bench->signer.log.pub };
	struct origin_head head;
	struct vrp_set *set;

	strcpy(kept.dir, bench->signer.dir);
	origin_head_init(&head);
	assert_int_equal(kept_load(&kept, &head, &set), AL_OK);
	assert_int_equal(set->size, size);
	assert_int_equal(head.expires, expires);
	origin_head_release(&head);
	vrp_set_unref(set);
}

static void one_at_a_time(void **state)
{
	struct bench *bench = *state;

	show(bench, 3, 10);
	assert_true(keeper_ready(bench->keeper));
	keeper_save(bench->keeper, &bench->moment, 200);
	assert_false(keeper_ready(bench->keeper)); /* until the loop has heard that it is written */
	/* The set goes on meanwhile; what is written is what was shown. */
	show(bench, 4, 11);
	wait_written(bench, "roa.head");
	assert_loads(bench, 10, 200);
	keeper_save(bench->keeper, &bench->moment, 300);
	wait_written(bench, "roa-11.set");
	assert_loads(bench, 11, 300);
	assert_false(signer_has(&bench->signer, "roa-10.set"));
}

/* At the end, with a write on its way that nobody will be told of. */
static void the_last_of_all(void **state)
{
	struct bench *bench = *state;

	show(bench, 3, 10);
	keeper_save(bench->keeper, &bench->moment, 200);
	show(bench, 4, 11);
	keeper_finish(bench->keeper, &bench->moment, 400);
	assert_loads(bench, 11, 400);
}

static void freed_while_it_writes(void **state)
{
	struct bench *bench = *state;

	show(bench, 3, 10);
	keeper_save(bench->keeper, &bench->moment, 200);
}

/* A folder that is not there costs a line in the log, and the next may be tried. */
static void a_failure_is_no_end(void **state)
{
	struct bench *bench = *state;
	struct said said;
	char want[128];

	show(bench, 3, 10);
	assert_int_equal(rmdir(bench->signer.dir), 0);
	said_begin(&said);
	keeper_save(bench->keeper, &bench->moment, 200);
	wait_written(bench, NULL);
	(void)snprintf(want, sizeof(want), " event=set-not-kept dir=%s errno=2\n", bench->signer.dir);
	assert_non_null(strstr(said_end(&said), want));
	assert_int_equal(mkdir(bench->signer.dir, 0700), 0);
	keeper_save(bench->keeper, &bench->moment, 200);
	wait_written(bench, "roa.head");
	assert_loads(bench, 10, 200);
}

/* Likewise a write that finds no memory to begin with. */
static void no_memory_is_no_end(void **state)
{
	struct bench *bench = *state;
	struct said said;
	char want[128];

	show(bench, 3, 10);
	keeper_save(bench->keeper, &bench->moment, 200);
	wait_written(bench, "roa.head"); /* the note's memory is there from now on, and the worker waits */
	said_begin(&said);
	allocs_fail(0);
	keeper_save(bench->keeper, &bench->moment, 300);
	if (allocs_end()) {
		(void)snprintf(want, sizeof(want), " event=set-not-kept dir=%s errno=12\n", bench->signer.dir);
		assert_non_null(strstr(said_end(&said), want));
		assert_true(keeper_ready(bench->keeper));
		assert_loads(bench, 10, 200);
	} else {
		(void)said_end(&said); /* no allocation can be made to fail in this build */
	}
}

static void stop(void *arg)
{
	al_loop_stop(((struct bench *)arg)->loop);
}

/* After a write of so many milliseconds there is none for twenty times as long. */
static void it_rests(void **state)
{
	struct bench *bench = *state;

	clock_ms = 50000;
	show(bench, 3, 10);
	keeper_save(bench->keeper, &bench->moment, 200);
	do {
		clock_ms = 50010;
		assert_int_equal(al_loop_post(bench->loop, stop, bench), AL_OK);
		al_loop_run(bench->loop);
		clock_ms = 1000000; /* it has rested by then, if it knows that it has written */
	} while (!keeper_ready(bench->keeper));
	clock_ms = 50209;
	assert_false(keeper_ready(bench->keeper));
	clock_ms = 50210;
	assert_true(keeper_ready(bench->keeper));
	clock_ms = 0;
	assert_loads(bench, 10, 200);
}

static void a_folder_too_long(void **state)
{
	struct bench *bench = *state;
	struct keeper *keeper = NULL;
	struct kept kept;
	char dir[sizeof(kept.dir) + 1];

	memset(dir, 'x', sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = '\0';
	assert_int_equal(keeper_new(bench->loop, dir, &bench->signer.log.pub, &keeper), AL_ELIMIT);
	assert_null(keeper);
	keeper_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_of_all, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_while_it_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_is_no_end, setup, teardown),
		cmocka_unit_test_setup_teardown(no_memory_is_no_end, setup, teardown),
		cmocka_unit_test_setup_teardown(it_rests, setup, teardown),
		cmocka_unit_test_setup_teardown(a_folder_too_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
