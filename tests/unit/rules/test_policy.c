/* SPDX-License-Identifier: MIT */
/*
 * The rule book on a small registry held in memory: founding, joining,
 * refusals by clause, and the attacks that must fail.
 */
#include "policy_world.h"

static void joining_gets_the_next_of_everything(void **state)
{
	struct world *w = *state;

	assert_non_null(get(w, AL_AUT_NUM, "AS4252660110")); /* 0100..0109 are reserved by a smaller block */
	assert_non_null(get(w, AL_AUT_NUM, "AS4252660111"));
	assert_non_null(get(w, AL_INET6NUM, "fca1:100::/48"));
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:1::/48"));
	assert_non_null(get(w, AL_ROUTE6, "fca1:100:1::/48AS4252660111"));
	assert_true(al_object_has(get(w, AL_DOMAIN, "bob.test"), "record", AL_S("@ AAAA fca1:100:1::1")));
}

static void two_founders_are_one_too_many(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "registry: OTHER\ntld: x\nroot-server: a ::1\nmnt-by: ALICE-MNT\nsource: OTHER\n", "1",
		"SCHEMA-SOURCE");
	refuses(w, "1", "registry: TEST\ntld: mine\nroot-server: a ::1\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3",
		"REQUEST-PREV");
}

static void routes_need_both_holders(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ROUTE-ORIGIN");
	refuses(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:100:0:1::/64\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:999::/48\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-ROUTE-HOLDER");
	refuses(w, "none", "route6: fca1:100::/48\norigin: AS64512\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"REF-MISSING");
	refuses(w, "none",
		"route6: fca1:100:1::/48\norigin: AS4252660111\nmax-length: 40\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"REQUEST-PREV");
	accepts(w, "none", "route6: fca1:100::/48\norigin: AS4252660111\nmnt-by: ALICE-MNT\nsource: TEST\n", "12");
	accepts(w, "none", "route6: fca1:100::/48\norigin: AS0\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
}

static void parents_decide(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "inet6num: fca1:200:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ASK");
	accepts(w, "none", "inet6num: fca1:200:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "10");
	refuses(w, "none", "inet6num: fca1:300:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-VOUCH");
	accepts(w, "none", "inet6num: fca1:300:1::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "12");
	refuses(w, "none", "inet6num: fca1:100:7::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-SIZE");
	refuses(w, "none", "inet6num: fca1:100::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-OVERLAP");
	refuses(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-INET-PARENT");
	accepts(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "aut-num: AS4252660105\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-ASN-BLOCK");
	refuses(w, "none", "aut-num: AS64512\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", "POLICY-ASN-BLOCK");
	accepts(w, "none", "aut-num: AS4252660150\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "domain: www.bob.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-PARENT");
	refuses(w, "none", "domain: com\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-PARENT");
	refuses(w, "none", "domain: root-servers.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-NAME-RESERVED");
}

static void nothing_needed_is_deleted(void **state)
{
	struct world *w = *state;

	refuses(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n"), "1",
		"REF-USED");
	refuses(w, "1", "aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n", "1",
		"REF-USED");
	refuses(w, "1", "inet6num: fca1:100::/48\nnetname: ALICE-NET\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n",
		"1", "REF-USED");
	refuses(w, "1", "domain: bob.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1",
		"REQUEST-PREV");
	/* All of it at once may go. */
	accepts(w, "1",
		fill(w, "route6: fca1:100::/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"inet6num: fca1:100::/48\nnetname: ALICE-NET\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n\n"
			"mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: bye\n"),
		"1");
	assert_int_equal(al_state_references(book_state(w->book), AL_MNTNER, AL_S("ALICE-MNT")), 0);
	/* The next to ask gets what was returned. */
	accepts(w, "none", fill(w, JOIN("CAROL", "@3@")), "3");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100::/48"));
	assert_non_null(get(w, AL_AUT_NUM, "AS4252660110"));
}

static void placeholders_play_no_tricks(void **state)
{
	struct world *w = *state;

	refuses(w, "none",
		"aut-num: AUTO-1\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		"aut-num: auto-1\nas-name: X2\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"1", "SCHEMA-AUTO");
	refuses(w, "none", "inet6num: AUTO-1\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1", "SCHEMA-AUTO");
	refuses(w, "none", "inet6num: AUTO-1/20\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-FREE");
	refuses(w, "none", "route6: AUTO-1/48\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"SCHEMA-AUTO");
	refuses(w, "none", "inetnum: AUTO-1/27\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-FREE");
	accepts(w, "none", "aut-num: auto-1\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_string_equal(w->token, "AUTO-1");
	/* A refused request holds nothing back. */
	accepts(w, "none", fill(w, JOIN("CAROL", "@3@")), "3");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:2::/48"));
}

static void time_limits_and_no_operation(void **state)
{
	struct world *w = *state;
	uint64_t size = al_state_size(book_state(w->book));
	struct al_buf out;

	al_buf_init(&out, 65536);
	request_make(w,
		     "request: t\nprev: none\nnot-after: 2020-01-01T00:00:00Z\n\ndomain: t.test\nrecord: @ A 10.0.0.1\n"
		     "mnt-by: ALICE-MNT\nsource: TEST\n",
		     "1", &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "REQUEST-EXPIRED");
	accepts(w, "1", "aut-num: AS4252660110\nas-name: ALICE-AS\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_true(al_state_size(book_state(w->book)) == size);
	al_buf_release(&out);
}

static void quotas_bound_what_policy_gives(void **state)
{
	struct world *w = *state;
	const char *one = "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n";
	const char *two = "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
			  "inet6num: AUTO-2/48\nnetname: X2\nmnt-by: ALICE-MNT\nsource: TEST\n";

	accepts(w, "0",
		"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-quota: 2\n"
		"mnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	refuses(w, "none", two, "1", "POLICY-QUOTA");
	accepts(w, "none", one, "1");
	refuses(w, "none", one, "1", "POLICY-QUOTA");
	/* Below her own block she is her own registry. */
	accepts(w, "none", "inet6num: fca1:100::/52\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	/* The hostmaster may give more. */
	accepts(w, "none", one, "01");
}

static void steps_leave_room_to_grow(void **state)
{
	struct world *w = *state;

	accepts(w, "0",
		"inet6num: fca1:100::/24\nnetname: POOL-NET\npolicy: open\nassign-len: 48\nassign-min: 44\n"
		"assign-step: 44\nmnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:10::/48"));
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:20::/48"));
	/* Grow in place: a larger block around her own. */
	accepts(w, "none", "inet6num: fca1:100:10::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "inet6num: fca1:100:20::/44\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-INET-OVERLAP");
}

static void returned_blocks_rest(void **state)
{
	struct world *w = *state;
	const char *again = "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n";
	const char *number = "aut-num: AS4252660112\nas-name: X1\nmnt-by: BOB-MNT\nsource: TEST\n";

	accepts(w, "0",
		"registry: TEST\ntld: test\nsuper-prefix: fca1::/16\nroot-server: a fca1:0:a::53\nquarantine: 30\n"
		"mnt-by: HOST-MNT\nsource: TEST\n",
		"0");
	accepts(w, "none",
		"inet6num: AUTO-1/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n\n"
		"aut-num: AUTO-2\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\n",
		"1");
	accepts(w, "4",
		"inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n\n"
		"aut-num: AS4252660112\nas-name: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n",
		"1");
	w->now += 86400;
	refuses(w, "5", again, "2", "POLICY-QUARANTINE");
	refuses(w, "5", number, "2", "POLICY-QUARANTINE");
	refuses(w, "none", "inet6num: fca1:100::/44\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-QUARANTINE");
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_non_null(get(w, AL_INET6NUM, "fca1:100:3::/48"));
	/* Its last holder may have it back at any time. */
	accepts(w, "5", "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	accepts(w, "7", "inet6num: fca1:100:2::/48\nnetname: X1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1");
	w->now += 29 * 86400;
	accepts(w, "5", number, "2"); /* 30 days after its return, not after the block's second */
	refuses(w, "8", again, "2", "POLICY-QUARANTINE");
	w->now += 86400;
	accepts(w, "none", "inet6num: AUTO-1/48\nnetname: X1\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
	assert_true(al_object_has(get(w, AL_INET6NUM, "fca1:100:2::/48"), "mnt-by", AL_S("BOB-MNT")));
}

static void sets_nodes_and_services(void **state)
{
	struct world *w = *state;

	accepts(w, "none",
		"as-set: AS-OPEN\nmbrs-by-ref: ANY\nmnt-by: BOB-MNT\nsource: TEST\n\n"
		"as-set: AS-CLUB\nmbrs-by-ref: BOB-MNT\nmnt-by: BOB-MNT\nsource: TEST\n",
		"2");
	refuses(w, "1",
		"aut-num: AS4252660110\nas-name: ALICE-AS\nmember-of: AS-CLUB\nmnt-by: ALICE-MNT\nsource: TEST\n", "1",
		"POLICY-SET-MEMBER");
	accepts(w, "1",
		"aut-num: AS4252660110\nas-name: ALICE-AS\nmember-of: AS-OPEN\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "as-set: AS4252660110:AS-X\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "POLICY-NAME-PARENT");
	accepts(w, "none", "as-set: AS4252660110:AS-X\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	refuses(w, "none", "node: GW-BOB\norigin: AS4252660110\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-NODE-ORIGIN");
	accepts(w, "none",
		"node: GW-ALICE\norigin: AS4252660110\nendpoint: gw.alice.test 51820\nmnt-by: ALICE-MNT\n"
		"source: TEST\n\nnode: GW-BOB\norigin: AS4252660111\nmnt-by: BOB-MNT\nsource: TEST\n",
		"12");
	refuses(w, "none", "peering: GW-BOB:GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "POLICY-PEERING-BOTH");
	accepts(w, "none", "peering: GW-BOB:GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "12");
	assert_non_null(get(w, AL_PEERING, "GW-ALICE:GW-BOB"));
	refuses(w, "6", "node: GW-ALICE\norigin: AS4252660110\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: x\n", "1",
		"REF-USED");
	refuses(w, "none", "service: CHAT-BOB\nnode: GW-ALICE\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-SERVICE-NODE");
	accepts(w, "none",
		"service: CHAT-BOB\nnode: GW-BOB\nurl: https://chat.bob.test/\nmnt-by: BOB-MNT\nsource: TEST\n", "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(joining_gets_the_next_of_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(two_founders_are_one_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(routes_need_both_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(parents_decide, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_needed_is_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(placeholders_play_no_tricks, setup, teardown),
		cmocka_unit_test_setup_teardown(time_limits_and_no_operation, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas_bound_what_policy_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_leave_room_to_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(returned_blocks_rest, setup, teardown),
		cmocka_unit_test_setup_teardown(sets_nodes_and_services, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
