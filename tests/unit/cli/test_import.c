/* SPDX-License-Identifier: MIT */
/*
 * test_import.c -- another registry's text: what is read, changed, refused,
 * and in which order it would be sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "import/import.h"

static const char text[] = "% comment\n"
			   "route:              10.1.0.0/16\n"
			   "origin:             AS2\n"
			   "origin:             AS1\n"
			   "mnt-by:             B-MNT\n"
			   "source:             DN42\n"
			   "\n"
			   "inetnum:            10.1.0.0/16\n"
			   "netname:            SMALL\n"
			   "ipv4-only:          yes\n"
			   "mnt-by:             B-MNT\n"
			   "source:             DN42\n"
			   "\n"
			   "inetnum:            10.0.0.0/8\n"
			   "netname:            LARGE\n"
			   "mnt-by:             A-MNT\n"
			   "source:             DN42\n"
			   "\n"
			   "tinc-key:           of another kind\n"
			   "\n"
			   "aut-num:            AS1\n"
			   "as-name:            ONE\n"
			   "mnt-by:             B-MNT\n"
			   "source:             DN42\n"
			   "\n"
			   "aut-num:            AS4294967296\n"
			   "as-name:            BAD\n"
			   "mnt-by:             B-MNT\n"
			   "\n"
			   "mntner:             A-MNT\n"
			   "mnt-by:             B-MNT\n"
			   "source:             DN42\n"
			   "\n"
			   "mntner:             B-MNT\n"
			   "mnt-by:             B-MNT\n"
			   "source:             DN42\n";

static void read_text(struct import *import, const char *input)
{
	import_init(import);
	assert_int_equal(import_read(import, al_slice_str(input), AL_S("ALAMO")), AL_OK);
	assert_int_equal(import_order(import), AL_OK);
}

static const struct import_item *find(const struct import *import, const char *key, size_t *at)
{
	for (size_t i = 0; i < import->count; i++)
		if (strcmp(import->items[i].key, key) == 0) {
			*at = i;
			return &import->items[i];
		}
	fail_msg("%s is not there", key);
	return NULL;
}

static void reads_and_changes(void **state)
{
	struct import import;
	const struct import_item *item;
	size_t at;

	(void)state;
	read_text(&import, text);
	assert_int_equal(import.read, 8);
	assert_int_equal(import.count, 9);
	item = find(&import, "10.1.0.0/16AS1", &at);
	assert_true(item->altered);
	assert_true(al_slice_is(al_object_attr(item->object, "source"), "ALAMO"));
	assert_true(al_slice_is(al_object_attr(item->object, "origin"), "AS1"));
	(void)find(&import, "10.1.0.0/16AS2", &at);
	item = find(&import, "10.1.0.0/16", &at);
	assert_true(item->altered);
	assert_string_equal(item->note, "without ipv4-only");
	item = find(&import, "10.0.0.0/8", &at);
	assert_false(item->altered);
	item = find(&import, "AS4294967296", &at);
	assert_int_equal(item->state, IMPORT_REFUSED);
	assert_non_null(item->note);
	item = find(&import, "of another kind", &at);
	assert_int_equal(item->state, IMPORT_REFUSED);
	assert_int_equal(import_count(&import, IMPORT_REFUSED), 2);
	import_release(&import);
}

static void references_come_first(void **state)
{
	struct import import;
	size_t a = 0, b = 0, one = 0, large = 0, small = 0, route = 0;

	(void)state;
	read_text(&import, text);
	(void)find(&import, "A-MNT", &a);
	(void)find(&import, "B-MNT", &b);
	(void)find(&import, "AS1", &one);
	(void)find(&import, "10.0.0.0/8", &large);
	(void)find(&import, "10.1.0.0/16", &small);
	(void)find(&import, "10.1.0.0/16AS1", &route);
	assert_true(b < a);
	assert_true(a < one);
	assert_true(one < large);
	assert_true(large < small);
	assert_true(small < route);
	assert_false(import.items[b].glued);
	import_release(&import);
}

static void circles_are_glued(void **state)
{
	struct import import;
	size_t mnt = 0, person = 0, other = 0;

	(void)state;
	read_text(&import, "mntner: C-MNT\nadmin-c: C1-TEST\nmnt-by: C-MNT\nsource: X\n\n"
			   "person: C\nnic-hdl: C1-TEST\nmnt-by: C-MNT\nsource: X\n\n"
			   "mntner: D-MNT\nmnt-by: D-MNT\nsource: X\n");
	(void)find(&import, "C-MNT", &mnt);
	(void)find(&import, "C1-TEST", &person);
	(void)find(&import, "D-MNT", &other);
	assert_int_equal(mnt, person + 1);
	assert_true(import.items[person].glued);
	assert_false(import.items[mnt].glued);
	assert_false(import.items[other].glued);
	import_release(&import);
}

static void second_key_is_refused(void **state)
{
	struct import import;

	(void)state;
	read_text(&import, "mntner: D-MNT\nmnt-by: D-MNT\nsource: X\n\nmntner: d-mnt\nmnt-by: D-MNT\nsource: X\n\n"
			   "mntner: D-MNT\nremarks: other\nmnt-by: D-MNT\nsource: X\n");
	assert_int_equal(import_count(&import, IMPORT_WAITING), 1);
	assert_int_equal(import_count(&import, IMPORT_PRESENT) + import_count(&import, IMPORT_REFUSED), 2);
	import_release(&import);
}

static void report_has_it_all(void **state)
{
	struct import import;
	struct al_buf out;
	char *report;

	(void)state;
	read_text(&import, text);
	al_buf_init(&out, 65536);
	import_report(&import, true, &out);
	report = al_buf_take(&out, NULL);
	assert_non_null(strstr(report, "8 objects read, 9 after"));
	assert_non_null(strstr(report, "[aut-num] AS4294967296: "));
	assert_non_null(strstr(report, "[other] of another kind: tinc-key is not an object class of ours"));
	free(report);
	import_release(&import);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_changes), cmocka_unit_test(references_come_first),
		cmocka_unit_test(circles_are_glued), cmocka_unit_test(second_key_is_refused),
		cmocka_unit_test(report_has_it_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
