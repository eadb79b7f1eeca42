/* SPDX-License-Identifier: MIT */
/* Objects by day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "growth.h"

#define DAY 86400u

static void change(struct whois_growth *growth, uint64_t time, bool was, bool is)
{
	struct al_object old = { .deleted = !was }, now = { .time = time, .deleted = !is };

	whois_growth_change(growth, &old, &now);
}

static void days(void **state)
{
	struct whois_growth growth = { .days = NULL };
	struct al_object first = { .time = 10 * DAY };

	(void)state;
	whois_growth_change(&growth, NULL, &first);
	change(&growth, 10 * DAY + 5, false, true); /* created again */
	change(&growth, 10 * DAY + 6, true, true);
	change(&growth, 13 * DAY, true, false);
	change(&growth, 12 * DAY, true, true); /* log time never goes back; if it did, it is the last day's */
	assert_int_equal(growth.count, 2);
	assert_int_equal(growth.days[0].day, 10);
	assert_int_equal(growth.days[0].objects, 2);
	assert_int_equal(growth.days[0].changes, 3);
	assert_int_equal(growth.days[1].day, 13);
	assert_int_equal(growth.days[1].objects, 1);
	assert_int_equal(growth.days[1].changes, 2);
	for (unsigned day = 14; day < 500; day++)
		change(&growth, (uint64_t)day * DAY, false, true);
	assert_int_equal(growth.count, 488);
	assert_int_equal(growth.days[487].objects, 487);
	whois_growth_release(&growth);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(days) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
