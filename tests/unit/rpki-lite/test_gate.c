/* SPDX-License-Identifier: MIT */
/*
 * test_gate.c -- what is held back, for how long, and what lets it out.
 */
#include "signer.h"

#include "../said.h"
#include "gate.h"

struct bench {
	struct signer signer;
	struct gate *gate;
	const struct vrp_set *served; /* NULL: none yet */
};

static void bench_open(struct bench *bench, unsigned percent, uint64_t release_s)
{
	struct gate_conf conf = { .percent = percent, .release_s = release_s };

	signer_init(&bench->signer);
	strcpy(conf.dir, bench->signer.dir);
	bench->served = NULL;
	assert_int_equal(gate_new(&conf, &bench->gate), AL_OK);
}

static void bench_close(struct bench *bench)
{
	gate_free(bench->gate);
	vrp_set_unref(bench->served);
	(void)unlink(signer_path(&bench->signer, "roa.held"));
	assert_int_equal(rmdir(bench->signer.dir), 0);
}

/* Offers a set of so many routes, of log size `size`; it is served when it passes. */
static bool offer(struct bench *bench, unsigned routes, uint64_t size, uint64_t now_s)
{
	struct vrp_set *set = signer_set(routes, size);
	bool passes = gate_pass(bench->gate, bench->served, set, now_s);

	assert_int_equal(gate_holds(bench->gate), !passes);
	assert_int_equal(signer_has(&bench->signer, "roa.held"), !passes);
	if (passes) {
		vrp_set_unref(bench->served);
		bench->served = set;
	} else {
		vrp_set_unref(set);
	}
	return passes;
}

static void assert_held(const struct bench *bench, const char *want)
{
	struct al_buf text;

	al_buf_init(&text, 1024);
	assert_int_equal(al_note_load(signer_path(&bench->signer, "roa.held"), &text), AL_OK);
	al_buf_u8(&text, 0);
	assert_string_equal((const char *)text.ptr, want);
	al_buf_release(&text);
}

static void release(const struct bench *bench, uint64_t size)
{
	struct vrp_set *set = signer_set(1, size);
	char text[32];

	(void)snprintf(text, sizeof(text), "%u\n", set->serial);
	signer_write(&bench->signer, "roa.release", al_slice_str(text));
	vrp_set_unref(set);
}

/* One step, or many that come to the same; a person who has seen it lets it out. */
static void operator_releases(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	assert_true(offer(&bench, 40, 10, 5));
	assert_false(offer(&bench, 24, 11, 6));
	assert_true(offer(&bench, 30, 12, 7));  /* harmless again */
	assert_false(offer(&bench, 24, 13, 8)); /* six of thirty, and sixteen of the forty of a moment ago */
	assert_held(&bench, "serial 13\nsize 13\nrecords 24 of 40\nlost 16\n");
	assert_false(offer(&bench, 24, 13, 1000000)); /* never by itself */
	release(&bench, 13);
	assert_false(offer(&bench, 23, 14, 1000001)); /* he has not seen this one */
	assert_held(&bench, "serial 14\nsize 14\nrecords 23 of 40\nlost 17\n");
	release(&bench, 14);
	assert_true(offer(&bench, 23, 14, 1000002));
	assert_false(signer_has(&bench.signer, "roa.release"));
	/* What he looked at is the measure now. */
	assert_true(offer(&bench, 8, 15, 1000003));
	assert_false(offer(&bench, 7, 16, 1000004));
	assert_held(&bench, "serial 16\nsize 16\nrecords 7 of 23\nlost 16\n");
	bench_close(&bench);
}

static void time_releases(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 100);
	assert_true(offer(&bench, 40, 10, 5));
	assert_false(offer(&bench, 20, 11, 50));
	assert_false(offer(&bench, 19, 12, 149)); /* the time runs from the first that was held */
	assert_true(offer(&bench, 18, 13, 150));
	/* What was waited for is the measure now. */
	assert_true(offer(&bench, 17, 14, 151));
	assert_false(offer(&bench, 2, 15, 152));
	bench_close(&bench);
}

/* The first serial that there is: held as any other, and let out by no word that nobody has said. */
static void the_first_serial(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	assert_true(offer(&bench, 40, 0, 5));
	assert_false(offer(&bench, 2, 1, 6));
	assert_held(&bench, "serial 1\nsize 1\nrecords 2 of 40\nlost 38\n");
	assert_false(offer(&bench, 2, 1, 7));
	signer_write(&bench.signer, "roa.release", AL_S("x\n"));
	assert_false(offer(&bench, 2, 1, 8));
	release(&bench, 1);
	assert_true(offer(&bench, 2, 1, 9));
	bench_close(&bench);
}

/* Each that is held is said once; of what passes nothing is, unless something was held before. */
static void what_is_said(void **state)
{
	struct bench bench;
	struct said said;

	(void)state;
	bench_open(&bench, 25, 0);
	said_begin(&said);
	assert_true(offer(&bench, 40, 10, 5));
	assert_string_equal(said_end(&said), "");
	said_begin(&said);
	assert_false(offer(&bench, 20, 11, 6));
	assert_non_null(
		strstr(said_end(&said), " event=set-held serial=11 size=11 lost=20 of=40 percent=25 seconds=0;"));
	assert_null(strstr(said.text, " event=held-file "));
	said_begin(&said);
	assert_false(offer(&bench, 20, 11, 7));
	assert_string_equal(said_end(&said), "");
	said_begin(&said);
	assert_true(offer(&bench, 40, 12, 8));
	assert_non_null(strstr(said_end(&said), " event=set-released serial=12 lost=0 why=harmless\n"));
	/* The operator's file cannot be written: held all the same. */
	assert_int_equal(mkdir(signer_path(&bench.signer, "roa.held"), 0700), 0);
	said_begin(&said);
	assert_false(offer(&bench, 20, 13, 9));
	assert_non_null(strstr(said_end(&said), " event=held-file path="));
	assert_non_null(strstr(said.text, "/roa.held errno=21\n"));
	assert_non_null(strstr(said.text, " event=set-held serial=13 "));
	assert_int_equal(rmdir(signer_path(&bench.signer, "roa.held")), 0);
	bench_close(&bench);
}

/* A word to release what is not held yet is not taken for a later one. */
static void too_early(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	release(&bench, 11);
	assert_true(offer(&bench, 40, 10, 5));
	assert_false(offer(&bench, 20, 11, 6));
	signer_write(&bench.signer, "roa.release", AL_S("x\n"));
	assert_false(offer(&bench, 20, 11, 7));
	assert_true(offer(&bench, 40, 12, 8));
	assert_false(signer_has(&bench.signer, "roa.release"));
	bench_close(&bench);
}

/* The measure is at most an hour old. */
static void window(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	assert_true(offer(&bench, 40, 10, 5));
	assert_true(offer(&bench, 30, 11, 5 + GATE_WINDOW_S - 1));
	assert_false(offer(&bench, 24, 12, 5 + GATE_WINDOW_S - 1));
	assert_true(offer(&bench, 30, 13, 5 + GATE_WINDOW_S));
	assert_true(offer(&bench, 24, 14, 5 + GATE_WINDOW_S));
	assert_true(offer(&bench, 15, 15, 5 + GATE_WINDOW_S + 1));
	assert_false(offer(&bench, 14, 16, 5 + GATE_WINDOW_S + 1));
	bench_close(&bench);
}

/* Records that come and go are no loss, however many do within the window. */
static void coming_and_going(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	assert_true(offer(&bench, 60, 10, 5));
	for (uint64_t size = 11; size < 200; size += 2) {
		assert_true(offer(&bench, 48, size, 6));
		assert_true(offer(&bench, 60, size + 1, 6));
	}
	assert_true(offer(&bench, 46, 200, 7));
	assert_false(offer(&bench, 44, 201, 7)); /* sixteen of the sixty */
	assert_held(&bench, "serial 201\nsize 201\nrecords 44 of 60\nlost 16\n");
	bench_close(&bench);
}

/* After a start there is what the disk has, and that is the measure. */
static void restored(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 25, 0);
	bench.served = signer_set(40, 10);
	assert_false(offer(&bench, 24, 11, 5));
	assert_true(offer(&bench, 25, 12, 6));
	assert_false(offer(&bench, 24, 13, 7));
	bench_close(&bench);
}

static void no_brake(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench, 100, 0);
	assert_true(offer(&bench, 40, 10, 5));
	assert_true(offer(&bench, 0, 11, 6));
	bench_close(&bench);
	gate_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(operator_releases), cmocka_unit_test(time_releases),
		cmocka_unit_test(too_early),         cmocka_unit_test(window),
		cmocka_unit_test(restored),          cmocka_unit_test(no_brake),
		cmocka_unit_test(coming_and_going),  cmocka_unit_test(the_first_serial),
		cmocka_unit_test(what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
