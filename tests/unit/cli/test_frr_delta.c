/* SPDX-License-Identifier: MIT */
/*
 * From what FRR runs to what it should: one row a case, in the words of `show running-config` of 8.4.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "node/frr_delta.h"

#define RUNS                                                                                                    \
	"Building configuration...\n\nCurrent configuration:\n!\nfrr version 8.4.4\nfrr defaults traditional\n" \
	"hostname vm\nno ip forwarding\n!\n"
#define NEIGHBOUR                                                                                              \
	"router bgp 1\n neighbor alamo peer-group\n neighbor fe80::a1a:2:2710 remote-as 2\n"                   \
	" neighbor fe80::a1a:2:2710 peer-group alamo\n !\n address-family ipv6 unicast\n  network fd00::/48\n" \
	"  neighbor fe80::a1a:2:2710 route-map alamo-in-al-10000 in\n exit-address-family\nexit\n!\nend\n"

static const struct {
	const char *why, *running, *wanted, *commands;
} rows[] = {
	{ "nothing to do; what is not ours stays", RUNS NEIGHBOUR, NEIGHBOUR, "" },
	{ "numbers of lists are FRR's own", "bgp as-path access-list alamo-links-2 seq 5 permit _1( 2)+$\n",
	  "bgp as-path access-list alamo-links-2 permit _1( 2)+$\n", "" },
	{ "in before out",
	  "bgp as-path access-list alamo-links-2 seq 5 permit _1( 2)+$\nbgp as-path access-list mine seq 5 permit 7\n",
	  "bgp as-path access-list alamo-links-2 permit _3( 2)+$\n",
	  "bgp as-path access-list alamo-links-2 permit _3( 2)+$\nno bgp as-path access-list alamo-links-2 permit _1( "
	  "2)+$\n" },
	{ "a new value of one setting",
	  "route-map alamo-kernel permit 1\n set src fd00::1\nexit\nipv6 prefix-list alamo-net seq 1 permit fd00::/8 "
	  "le 128\n",
	  "route-map alamo-kernel permit 1\n set src fd00::2\nexit\nipv6 prefix-list alamo-net seq 1 permit fc00::/8 "
	  "le 128\n",
	  "route-map alamo-kernel permit 1\n set src fd00::2\nexit\n"
	  "ipv6 prefix-list alamo-net seq 1 permit fc00::/8 le 128\n" },
	{ "a rule, with and without a body", "",
	  "route-map alamo-x permit 1\n match rpki valid\nexit\nroute-map alamo-x permit 2\nexit\nipv6 route fd00::/48 "
	  "reject\n",
	  "route-map alamo-x permit 1\n match rpki valid\nexit\nroute-map alamo-x permit 2\nexit\nipv6 route fd00::/48 "
	  "reject\n" },
	{ "a rule goes as a whole",
	  "route-map alamo-x permit 1\n match rpki valid\nexit\nroute-map other permit 1\nexit\n", "",
	  "no route-map alamo-x permit 1\n" },
	{ "a neighbour goes with all that is said of it", RUNS NEIGHBOUR,
	  "router bgp 1\n neighbor alamo peer-group\n address-family ipv6 unicast\n  network fd00::/48\n",
	  "router bgp 1\n no neighbor fe80::a1a:2:2710\n" },
	{ "a neighbour of another AS is another neighbour", NEIGHBOUR,
	  "router bgp 1\n neighbor alamo peer-group\n neighbor fe80::a1a:2:2710 remote-as 3\n"
	  " neighbor fe80::a1a:2:2710 peer-group alamo\n address-family ipv6 unicast\n  network fd00::/48\n"
	  "  neighbor fe80::a1a:2:2710 route-map alamo-in-al-10000 in\n",
	  "router bgp 1\n no neighbor fe80::a1a:2:2710\n neighbor fe80::a1a:2:2710 remote-as 3\n"
	  " neighbor fe80::a1a:2:2710 peer-group alamo\n address-family ipv6 unicast\n"
	  "  neighbor fe80::a1a:2:2710 route-map alamo-in-al-10000 in\n" },
	{ "a network that is announced no more", NEIGHBOUR,
	  "router bgp 1\n neighbor alamo peer-group\n neighbor fe80::a1a:2:2710 remote-as 2\n"
	  " neighbor fe80::a1a:2:2710 peer-group alamo\n address-family ipv6 unicast\n"
	  "  neighbor fe80::a1a:2:2710 route-map alamo-in-al-10000 in\n",
	  "router bgp 1\n address-family ipv6 unicast\n  no network fd00::/48\n" },
	{ "two caches of one preference are none, so the old one goes first",
	  "rpki\n rpki polling_period 300\n rpki cache ::1 3323 preference 1\nexit\n",
	  "rpki\n rpki polling_period 60\n rpki cache ::2 3323 preference 1\nexit\n",
	  "rpki\n no rpki cache ::1 3323 preference 1\n rpki polling_period 60\n rpki cache ::2 3323 preference 1\n" },
	{ "others' routes and neighbours stay",
	  "ipv6 route ::/0 fd00::1\nrouter bgp 1\n neighbor fd00::7 remote-as 7\nexit\nipv6 route fd00::/48 reject\n",
	  "", "no ipv6 route fd00::/48 reject\n" },
};

static void test_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct al_buf out;

		al_buf_init(&out, FRR_TEXT_MAX);
		assert_int_equal(frr_delta(al_slice_str(rows[i].running), al_slice_str(rows[i].wanted), &out), AL_OK);
		al_buf_u8(&out, '\0');
		if (strcmp((const char *)out.ptr, rows[i].commands) != 0)
			fail_msg("%s: %s", rows[i].why, (const char *)out.ptr);
		al_buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_commands) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
