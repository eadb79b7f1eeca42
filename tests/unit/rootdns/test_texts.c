/* SPDX-License-Identifier: MIT */
/*
 * test_texts.c -- the living objects are there as they were put last, and no others, whatever came and went.
 */
#include "fixture.h"

#include <stdio.h>

#include "texts.h"

#define NAMES 500u
#define STEPS 6000u

static struct al_object *version(unsigned name, unsigned number, bool gone)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "domain: n%u.alamo\nrecord: @ TXT \"%u\"\nmnt-by: A-MNT\nsource: T1\n%s",
		       name, number, gone ? "delete: x\n" : "");
	return object_of(text, number);
}

static void compare(struct texts *texts, const unsigned *numbers)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct al_object *wanted = version(i, numbers[i], false);
		const struct al_object *got;

		assert_int_equal(texts_get(texts, AL_DOMAIN, al_object_key(wanted), &got), AL_OK);
		assert_int_equal(got != NULL, numbers[i] != 0);
		if (got != NULL) {
			assert_true(al_slice_eq(al_object_text(got), al_object_text(wanted)));
			assert_true(al_slice_eq(al_object_key(got), al_object_key(wanted)));
		}
		assert_int_equal(texts_get(texts, AL_INETNUM, al_object_key(wanted), &got), AL_OK);
		assert_null(got);
		al_object_unref(wanted);
	}
}

static bool count(const struct al_object *object, void *arg)
{
	size_t *seen = arg;

	assert_int_equal(object->cls, AL_DOMAIN);
	return ++*seen < NAMES;
}

static void the_living_are_there(void **state)
{
	unsigned numbers[NAMES] = { 0 };
	size_t living = 0, seen = 0;
	struct texts *texts;
	uint64_t dice = 7;

	(void)state;
	assert_int_equal(texts_new("/tmp", &texts), AL_OK);
	for (unsigned step = 1; step <= STEPS; step++) {
		struct al_object *object;
		unsigned name;
		bool gone;

		dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
		name = (unsigned)(dice >> 33) % NAMES;
		gone = (dice >> 60) < 5;
		object = version(name, step, gone);
		assert_int_equal(texts_put(texts, object), AL_OK);
		al_object_unref(object);
		numbers[name] = gone ? 0 : step;
		if (step % 1500 == 0)
			compare(texts, numbers);
	}
	for (unsigned i = 0; i < NAMES; i++)
		living += numbers[i] != 0;
	assert_int_equal(texts_each(texts, count, &seen), AL_OK);
	assert_int_equal(seen, living);
	texts_free(texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_living_are_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
