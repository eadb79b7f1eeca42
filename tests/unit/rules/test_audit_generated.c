/* SPDX-License-Identifier: MIT */
/*
 * The auditor against generated logs: nothing to find in a hundred thousand random
 * requests; and against single changed bits.
 */
#include "audit_story.h"

#include "loggen.h"

/* Entries of the generated log; ALAMO_TEST_SCALE overrides. */
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
#define SCALE 3000u
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCALE 3000u
#endif
#endif
#ifndef SCALE
#define SCALE 100000u
#endif

static struct loggen *generator(uint64_t seed, bool decide)
{
	struct loggen_opts opts = { .seed = seed, .start = START, .decide = decide };
	struct loggen *gen;

	assert_int_equal(loggen_new(&opts, &gen), AL_OK);
	return gen;
}

static void generate(struct loggen *gen)
{
	enum al_err err = loggen_next(gen);

	if (err != AL_OK)
		fail_msg("%s: %s\n%.*s", al_err_name(err), loggen_reason(gen), AL_FMT(loggen_request(gen)));
}

static size_t scale(void)
{
	const char *asked = getenv("ALAMO_TEST_SCALE");

	return asked != NULL ? strtoul(asked, NULL, 10) : SCALE;
}

static void a_long_log_of_random_requests_is_clean(void **state)
{
	struct found found = { .count = 0 };
	struct audit_opts opts = { .ns = LOGGEN_NS, .finding = collect, .arg = &found };
	struct loggen *gen = generator(20261123, false);
	struct audit_counts counts;
	struct audit *audit;
	size_t count = scale();

	(void)state;
	assert_int_equal(audit_new(&opts, &audit), AL_OK);
	for (size_t i = 0; i < count && found.count == 0; i++) {
		generate(gen);
		assert_int_equal(audit_entry(audit, loggen_entry(gen)), AL_OK);
	}
	if (found.count > 0)
		fail_msg("%s (%s) at %" PRIu64 ":\n%.*s", audit_kinds[found.items[0].kind].id,
			 found.items[0].clause != NULL ? found.items[0].clause : "no clause", found.items[0].index,
			 AL_FMT(loggen_entry(gen)));
	assert_true(audit_finish(audit, &counts));
	assert_int_equal(counts.requests, count);
	for (unsigned cls = 0; cls < AL_CLASS_COUNT; cls++)
		assert_int_equal(al_state_count(audit_state(audit), (enum al_class)cls),
				 al_state_count(loggen_state(gen), (enum al_class)cls));
	audit_free(audit);
	loggen_free(gen);
}

/* The quick way to generate and the rule book give the same log. */
static void the_generator_agrees_with_the_rules(void **state)
{
	struct loggen *quick = generator(7, false), *decided = generator(7, true);

	(void)state;
	for (size_t i = 0; i < 1500; i++) {
		generate(quick);
		generate(decided);
		assert_true(al_slice_eq(loggen_entry(quick), loggen_entry(decided)));
	}
	loggen_free(quick);
	loggen_free(decided);
}

/* One bit of an entry's result, allocations or body changed: found in that entry, before anything else. */
static void every_changed_bit_is_found(void **state)
{
	struct log honest = { .count = 0 }, log;
	struct loggen *gen = generator(11, true);
	struct audit_counts counts;
	struct found found;
	uint32_t random = 1;

	(void)state;
	while (honest.count < LEAVES_MAX) {
		generate(gen);
		log_add(&honest, loggen_entry(gen));
	}
	for (int round = 0; round < 300; round++) {
		size_t at, from, bit;
		struct al_slice bytes;

		random = random * 1664525u + 1013904223u;
		at = (random >> 8) % honest.count;
		bytes = al_buf_view(&honest.leaf[at]);
		from = (size_t)(strstr(bytes.ptr, "\nresult ") - bytes.ptr) + 1;
		random = random * 1664525u + 1013904223u;
		bit = (random >> 8) % ((bytes.len - from) * 8);
		log_copy(&honest, &log);
		log.leaf[at].ptr[from + bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (judge(&log, 0, &found, &counts) || found.items[0].index != at)
			fail_msg("entry %zu, bit %zu of byte %zu of\n%.*s", at, bit % 8, from + bit / 8, AL_FMT(bytes));
		log_free(&log);
	}
	log_free(&honest);
	loggen_free(gen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_generator_agrees_with_the_rules),
		cmocka_unit_test(every_changed_bit_is_found),
		cmocka_unit_test(a_long_log_of_random_requests_is_clean),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
