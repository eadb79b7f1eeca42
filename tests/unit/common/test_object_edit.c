/* SPDX-License-Identifier: MIT */
/* Lines added to an object and taken out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/rpsl/object.h"

struct bench {
	struct al_object *present;
};

static const struct al_object *present(const void *arg, enum al_class cls, struct al_slice key)
{
	const struct bench *bench = arg;

	return bench->present != NULL && bench->present->cls == cls && al_slice_eq(al_object_key(bench->present), key)
		       ? bench->present
		       : NULL;
}

static void take(struct bench *bench, const char *text)
{
	struct al_build in = { .raw = al_slice_str(text), .present = present, .arg = bench };
	struct al_object *made = NULL;
	bool deletes;

	assert_int_equal(al_object_build(&in, NULL, &made, &deletes), AL_OK);
	assert_false(made->deleted);
	al_object_unref(bench->present);
	bench->present = made;
}

/* It is refused by this clause, and the object stays. */
static void refuse(const struct bench *bench, const char *text, const char *clause)
{
	struct al_build in = { .raw = al_slice_str(text), .present = present, .arg = bench };
	struct al_object *made = NULL;
	struct al_report report;
	bool deletes;

	al_report_init(&report);
	assert_int_equal(al_object_build(&in, &report, &made, &deletes), AL_EINVAL);
	assert_true(report.errors > 0);
	assert_string_equal(report.items[0].clause, clause);
	al_report_release(&report);
}

static void is(const struct bench *bench, const char *text)
{
	assert_string_equal(al_object_text(bench->present).ptr, text);
}

static void extends_and_shrinks(void **state)
{
	struct bench bench = { NULL };

	(void)state;
	take(&bench, "as-set: AS-X\nmembers: AS1, AS2\nremarks: b\nmnt-by: A-MNT\nsource: ALAMO\n");
	take(&bench, "as-set: as-x\nextend: more\nmembers: AS2, AS3, AS3\nremarks: a\ndescr: d\n");
	is(&bench, "as-set:         AS-X\nmembers:        AS1, AS2\nmembers:        AS3\nremarks:        b\n"
		   "remarks:        a\nmnt-by:         A-MNT\ndescr:          d\nsource:         ALAMO\n");
	take(&bench, "as-set: AS-X\nshrink: less\nmembers: AS3, AS1\nremarks: b\n");
	is(&bench, "as-set:         AS-X\nmembers:        AS2\nremarks:        a\nmnt-by:         A-MNT\n"
		   "descr:          d\nsource:         ALAMO\n");
	take(&bench, "as-set: AS-X\nextend: nothing\n");
	take(&bench, "as-set: AS-X\nextend: an empty line\nremarks:\nsource: ALAMO\n");
	is(&bench, "as-set:         AS-X\nmembers:        AS2\nremarks:        a\nremarks:\nmnt-by:         A-MNT\n"
		   "descr:          d\nsource:         ALAMO\n");
	al_object_unref(bench.present);
}

static void a_single_attribute_is_replaced(void **state)
{
	struct bench bench = { NULL };

	(void)state;
	take(&bench, "route: 172.28.0.0/24\norigin: AS1\nmax-length: 25\nmnt-by: A-MNT\nsource: ALAMO\n");
	take(&bench, "route: 172.28.0.0/24\norigin: AS1\nextend: longer\nmax-length: 26\n");
	is(&bench, "route:          172.28.0.0/24\norigin:         AS1\nmax-length:     26\nmnt-by:         A-MNT\n"
		   "source:         ALAMO\n");
	al_object_unref(bench.present);
}

/* Of one's own, a line is told from another by its name, too. */
static void names_of_ones_own(void **state)
{
	struct bench bench = { NULL };

	(void)state;
	take(&bench, "as-set: AS-X\nx-a: 1\nx-b: 1\nmnt-by: A-MNT\nsource: ALAMO\n");
	take(&bench, "as-set: AS-X\nextend: more\nX-B: 2\nx-a: 2\nx-of-some-length: 1\nx-c:\n");
	is(&bench, "as-set:         AS-X\nx-a:            1\nx-b:            1\nx-b:            2\nx-a:            2\n"
		   "x-of-some-length: 1\nx-c:\nmnt-by:         A-MNT\nsource:         ALAMO\n");
	refuse(&bench, "as-set: AS-X\nshrink: less\nx-c: 1\n", "SCHEMA-EDIT");
	take(&bench, "as-set: AS-X\nshrink: less\nx-a: 1\nx-b: 2\nx-of-some-length: 1\nx-c:\n");
	is(&bench, "as-set:         AS-X\nx-b:            1\nx-a:            2\nmnt-by:         A-MNT\n"
		   "source:         ALAMO\n");
	al_object_unref(bench.present);
}

static void what_cannot_be(void **state)
{
	struct bench bench = { NULL };

	(void)state;
	refuse(&bench, "as-set: AS-X\nextend: x\nmembers: AS1\n", "SCHEMA-EDIT");
	take(&bench, "as-set: AS-X\nmembers: AS1\nmnt-by: A-MNT\nsource: ALAMO\n");
	refuse(&bench, "as-set: AS-X\nshrink: x\nmembers: AS2\n", "SCHEMA-EDIT");
	refuse(&bench, "as-set: AS-X\nshrink: x\nmnt-by: A-MNT\n", "SCHEMA-MANDATORY");
	refuse(&bench, "as-set: AS-X\nshrink: x\nextend: x\n", "SCHEMA-EDIT");
	refuse(&bench, "as-set: AS-X\nextend: x\ndelete: x\n", "SCHEMA-EDIT");
	refuse(&bench, "as-set: AS-X\nextend: x\nmembers: nobody\n", "SCHEMA-SYNTAX");
	refuse(&bench, "route: 172.28.0.0/24\nextend: x\nmembers: AS1\n", "SCHEMA-ATTRIBUTE");
	refuse(&bench, "route: 172.28.0.0/24\nextend: x\n", "SCHEMA-MANDATORY");
	al_object_unref(bench.present);
}

/* Ten thousand members and one more, and the largest object there is. */
static void large_ones(void **state)
{
	struct bench bench = { NULL };
	char text[40000];
	size_t members = 0;

	(void)state;
	take(&bench, "as-set: AS-X\nmnt-by: A-MNT\nsource: ALAMO\n");
	while (members < 10000) {
		int len = snprintf(text, sizeof(text), "as-set: AS-X\nextend: x\nmembers: AS4200000000");

		for (size_t i = 0; i < 2000; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, ", AS42%08zu", ++members);
		text[len++] = '\n';
		text[len] = '\0';
		take(&bench, text);
	}
	assert_true(al_object_has(bench.present, "members", AL_S("AS4200010000")));
	assert_true(bench.present->text_len > 10000 * 14);
	take(&bench, "as-set: AS-X\nshrink: x\nmembers: AS4200005000\n");
	assert_false(al_object_has(bench.present, "members", AL_S("AS4200005000")));
	assert_true(al_object_has(bench.present, "members", AL_S("AS4200005001")));
	al_object_unref(bench.present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extends_and_shrinks), cmocka_unit_test(a_single_attribute_is_replaced),
		cmocka_unit_test(names_of_ones_own),   cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(large_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
