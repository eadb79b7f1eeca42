/* SPDX-License-Identifier: MIT */
/* dn42_rules.h -- a filter.txt with each form of line, for the tests that read one. Behind cmocka.h. */
#ifndef TESTS_DN42_RULES_H
#define TESTS_DN42_RULES_H

#include "roa/dn42_filter.h"

static const char rules[] = "# NR ACTION PREFIX MINLEN MAXLEN\n"
			    "\n"
			    "9999 deny   0.0.0.0/0       0  32\n"
			    "0001 deny   172.22.166.0/24 24 32 # out\n"
			    "1100\tpermit 172.20.0.0/14\t21 29\n"
			    "2001 permit 10.0.0.0/8      15 24\r\n"
			    "1001 permit fd00::/8        44 64\n"
			    "9999 deny   ::/0            0  128";

static inline void filter_of(const char *text, struct dn42_filter *out)
{
	unsigned line;

	*out = (struct dn42_filter){ .rules = NULL };
	assert_int_equal(dn42_filter_read(out, al_slice_str(text), &line), AL_OK);
}

#endif
