/* SPDX-License-Identifier: MIT */
/*
 * The auditor against a registry that cheats, one row of a table for each way.
 * It has the log's key, but no member's: it signs as Mallory, who is one.
 */
#include "audit_story.h"

#define LAST SIZE_MAX /* as a row's index: the last entry */

/* ---- the ways to cheat ---- */

typedef void (*mutate_fn)(struct log *log, const struct story *s);

static void auto_set(struct log *log, size_t at, size_t number, const char *value)
{
	struct al_entry entry = leaf_get(log, at);

	assert_true(number < entry.auto_count);
	entry.autos[number].value = al_slice_str(value);
	leaf_put(log, at, &entry);
}

static void result_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nresult m\n", "\nresult c\n");
}

static void result_short(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 9, "\nresult ccccc\n", "\nresult cccc\n");
}

static void asn_other(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 0, "AS4252660150");
}

static void asn_reserved(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 0, "AS4252660105");
}

static void block_out_of_order(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:100:9::/48");
}

static void block_of_another(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:100::/48");
}

static void block_larger(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 9, 1, "fca1:110::/44");
}

static void blocks_exchanged(struct log *log, const struct story *s)
{
	(void)s;
	auto_set(log, 2, 1, "fca1:100:2::/48");
	auto_set(log, 3, 1, "fca1:100:1::/48");
}

static void auto_dropped(struct log *log, const struct story *s)
{
	struct al_entry entry = leaf_get(log, 9);

	(void)s;
	entry.auto_count--;
	leaf_put(log, 9, &entry);
}

static void auto_added(struct log *log, const struct story *s)
{
	struct al_entry entry = leaf_get(log, 4);

	(void)s;
	entry.autos[entry.auto_count++] = (struct al_auto){ AL_S("AUTO-5"), AL_S("AS4252660150") };
	leaf_put(log, 4, &entry);
}

/* Another text or other signatures in the body of an entry. */
static void body_join(struct log *log, size_t at, struct al_slice text, struct al_slice signatures)
{
	struct al_entry entry = leaf_get(log, at);
	struct al_buf body;

	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_slice(&body, text);
	al_buf_slice(&body, signatures);
	entry.body = al_buf_view(&body);
	leaf_put(log, at, &entry);
	al_buf_release(&body);
}

static void signature_swapped(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body, other = leaf_get(log, 8).body;

	(void)s;
	body_join(log, 4, al_slice_head(text, body_text_len(text)), al_slice_from(other, body_text_len(other)));
}

static void signature_removed(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body;

	(void)s;
	body_join(log, 4, al_slice_head(text, body_text_len(text)), AL_S(""));
}

/* The first of two: the holder of the address space; the second: of the AS. */
static void one_signature_kept(struct log *log, size_t at, bool first)
{
	struct al_slice body = leaf_get(log, at).body;
	size_t text = body_text_len(body), block;

	block = 1 + body_text_len(al_slice_from(body, text + 1));
	body_join(log, at, al_slice_head(body, text),
		  first ? al_slice_head(al_slice_from(body, text), block) : al_slice_from(body, text + block));
}

static void origin_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 5, true);
}

static void holder_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 5, false);
}

static void voucher_removed(struct log *log, const struct story *s)
{
	(void)s;
	one_signature_kept(log, 11, true);
}

static void text_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "fca1:100::7", "fca1:100::8");
}

static void request_header_added(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nprev: 1\n", "\nprev: 1\nnonce: 7\n");
}

static void entry_header_added(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "\nresult m\n", "\nresult m\nnote this\n");
}

static void line_ends_changed(struct log *log, const struct story *s)
{
	(void)s;
	leaf_edit(log, 4, "domain: alice.test\n", "domain: alice.test\r\n");
}

static void contact_published(struct log *log, const struct story *s)
{
	(void)s;
	body_join(log, 12, leaf_get(log, 12).body, AL_S(CONTACT));
}

static void entry_dropped(struct log *log, const struct story *s)
{
	(void)s;
	log_remove(log, 3);
	log_renumber(log);
}

static void join_dropped(struct log *log, const struct story *s)
{
	(void)s;
	log_remove(log, 2);
	log_renumber(log);
}

static void entry_repeated(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, al_buf_view(&log->leaf[4]));
	log_renumber(log);
}

static void create_repeated(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, al_buf_view(&log->leaf[6]));
	log_renumber(log);
}

static void joins_swapped(struct log *log, const struct story *s)
{
	(void)s;
	log_swap(log, 2, 3);
	log_renumber(log);
}

static void swapped_as_they_are(struct log *log, const struct story *s)
{
	(void)s;
	log_swap(log, 2, 3);
}

static void time_set(struct log *log, size_t at, uint64_t time)
{
	struct al_entry entry = leaf_get(log, at);

	entry.time = time;
	leaf_put(log, at, &entry);
}

static void time_back(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, 5, START);
}

static void time_late(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, 10, START + 200);
	time_set(log, 11, START + 200);
	time_set(log, 12, START + 200);
}

static void time_future(struct log *log, const struct story *s)
{
	(void)s;
	time_set(log, log->count - 1, START + 100000);
}

static void noise(struct log *log, const struct story *s)
{
	(void)s;
	log_add(log, AL_S("\x00\xff\x7f entry"));
}

#define BY_MALLORY "mnt-by: MALLORY-MNT\nsource: TEST\n"
/* A forged entry at the end. */
#define FORGED(NAME, RESULT, HEADER, OBJECTS, SIGNERS)           \
	static void NAME(struct log *log, const struct story *s) \
	{                                                        \
		forge(log, s, RESULT, HEADER, OBJECTS, SIGNERS); \
	}

FORGED(key_swapped, "m", "prev: 8", "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n", "3")
FORGED(key_added_by_other, "m", "prev: 2", "mntner: BOB-MNT\nauth: @2@\nauth: @3@\nmnt-by: BOB-MNT\nsource: TEST\n",
       "3")
FORGED(object_taken_over, "m", "prev: 2", "domain: bob.test\nrecord: @ AAAA fca1:100:2::1\n" BY_MALLORY, "3")
FORGED(deleted_in_use, "d", "prev: 3", "mntner: MALLORY-MNT\nauth: @3@\n" BY_MALLORY "delete: bye\n", "3")
FORGED(deleted_with_routes, "d", "prev: 3",
       "inet6num: fca1:100:2::/48\nnetname: MALLORY-NET\n" BY_MALLORY "delete: x\n", "3")
FORGED(prev_old, "m", "prev: 3", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::9\n" BY_MALLORY, "3")
FORGED(prev_none, "m", "prev: none", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::9\n" BY_MALLORY, "3")
FORGED(prefix_stolen, "c", "prev: none", "inet6num: fca1:100:0:8000::/52\nnetname: STOLEN\n" BY_MALLORY, "3")
FORGED(prefix_around, "c", "prev: none", "inet6num: fca1:100::/44\nnetname: AROUND\n" BY_MALLORY, "3")
FORGED(prefix_too_small, "c", "prev: none", "inet6num: fca1:100:8000::/52\nnetname: SMALL\n" BY_MALLORY, "3")
FORGED(prefix_too_large, "c", "prev: none", "inet6num: fca1:180::/32\nnetname: LARGE\n" BY_MALLORY, "3")
FORGED(prefix_elsewhere, "c", "prev: none", "inet6num: fd00::/48\nnetname: ELSEWHERE\n" BY_MALLORY, "3")
FORGED(asn_closed, "c", "prev: none", "aut-num: AS4252660500\nas-name: MINE\n" BY_MALLORY, "3")
FORGED(route_without_origin, "c", "prev: none", "route6: fca1:100:2::/48\norigin: AS4252660111\n" BY_MALLORY, "3")
FORGED(route_without_holder, "c", "prev: none", "route6: fca1:100:1::/48\norigin: AS4252660112\n" BY_MALLORY, "3")
FORGED(source_changed, "m", "prev: 10",
       "domain: mallory.test\nrecord: @ A 10.0.0.1\nmnt-by: MALLORY-MNT\nsource: OTHER\n", "3")
FORGED(expired, "c", "prev: none\nnot-after: 2020-01-01T00:00:00Z",
       "domain: late.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(placeholder_unknown, "c", "prev: none", "domain: auto.test\nrecord: @ AAAA AUTO-9::1\n" BY_MALLORY, "3")
FORGED(name_reused, "c", "prev: 7", "domain: old.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(name_below, "c", "prev: none", "domain: www.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(name_reserved, "c", "prev: none", "domain: root-servers.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(registry_changed, "m", "prev: 0", "registry: TEST\ntld: mine\nroot-server: a fca1:100:2::1\n" BY_MALLORY, "3")
FORGED(pool_opened, "m", "prev: 0", "inet6num: fca1::/16\nnetname: ALL-NET\npolicy: open\n" BY_MALLORY, "3")
FORGED(unknown_reference, "m", "prev: 10",
       "domain: mallory.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY, "3")
FORGED(dry_run, "c", "prev: none\ndry-run: yes", "domain: dry.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY, "3")
FORGED(nothing_done, "n", "prev: 10", "domain: mallory.test\nrecord: @ AAAA fca1:100:2::7\n" BY_MALLORY, "3")

static void other_namespace(struct log *log, const struct story *s)
{
	forge_in(log, s, AL_S("registry@other"), "c", "prev: none",
		 "domain: carol2.test\nrecord: @ A 10.0.0.1\nmnt-by: CAROL-MNT\nsource: TEST\n", "4");
}

/* What Alice said, as said by Mallory. */
static void signed_by_other(struct log *log, const struct story *s)
{
	struct al_slice text = leaf_get(log, 4).body;
	struct al_buf block;

	al_buf_init(&block, 4096);
	text = al_slice_head(text, body_text_len(text));
	al_sshsig_sign(s->seed[MALLORY], NS, text, &block);
	body_join(log, 4, text, al_buf_view(&block));
	al_buf_release(&block);
}

static const struct row {
	const char *name;
	mutate_fn mutate;
	enum audit_kind kind;
	const char *clause; /* NULL: none */
	size_t index;       /* of the first entry with a finding */
	bool alone;         /* no other entry has one */
} rows[] = {
	{ "a result's letter changed", result_changed, AUDIT_RESULT, NULL, 4, true },
	{ "a result's letter missing", result_short, AUDIT_RESULT, NULL, 9, true },
	{ "another AS number given out", asn_other, AUDIT_ALLOCATION, NULL, 9, true },
	{ "an AS number out of a reserved block", asn_reserved, AUDIT_ALLOCATION, NULL, 9, true },
	{ "a block out of order", block_out_of_order, AUDIT_ALLOCATION, NULL, 9, true },
	{ "a block that another has", block_of_another, AUDIT_ALLOCATION, NULL, 9, true },
	{ "a block larger than asked for", block_larger, AUDIT_ALLOCATION, NULL, 9, true },
	{ "two members' blocks exchanged", blocks_exchanged, AUDIT_ALLOCATION, NULL, 2, false },
	{ "a placeholder not filled", auto_dropped, AUDIT_ALLOCATION, NULL, 9, true },
	{ "an allocation nobody asked for", auto_added, AUDIT_ALLOCATION, NULL, 4, true },
	{ "the signature of another request", signature_swapped, AUDIT_SIGNATURE, "AUTH-SIGNATURE", 4, true },
	{ "no signature", signature_removed, AUDIT_SIGNATURE, "AUTH-SIGNATURE", 4, true },
	{ "somebody else's signature", signed_by_other, AUDIT_REFUSED, "AUTH-MNT", 4, true },
	{ "a signature for another registry", other_namespace, AUDIT_SIGNATURE, "AUTH-SIGNATURE", LAST, true },
	{ "the origin's signature removed", origin_removed, AUDIT_REFUSED, "POLICY-ROUTE-ORIGIN", 5, true },
	{ "the holder's signature removed", holder_removed, AUDIT_REFUSED, "POLICY-ROUTE-HOLDER", 5, true },
	{ "the voucher's signature removed", voucher_removed, AUDIT_REFUSED, "POLICY-VOUCH", 11, true },
	{ "a text changed", text_changed, AUDIT_SIGNATURE, "AUTH-SIGNATURE", 4, true },
	{ "a header line added to a request", request_header_added, AUDIT_SIGNATURE, "AUTH-SIGNATURE", 4, true },
	{ "a header line added to an entry", entry_header_added, AUDIT_FORM, NULL, 4, true },
	{ "a line end changed", line_ends_changed, AUDIT_SIGNATURE, "AUTH-SIGNATURE", 4, true },
	{ "a contact's text in the log", contact_published, AUDIT_BYTES, NULL, 12, true },
	{ "an entry dropped", entry_dropped, AUDIT_PREV, "REQUEST-PREV", 6, false },
	{ "an entry dropped before a join", join_dropped, AUDIT_ALLOCATION, NULL, 2, false },
	{ "an entry repeated", entry_repeated, AUDIT_REPEATED, NULL, LAST, true },
	{ "a create repeated after the delete", create_repeated, AUDIT_REPEATED, NULL, LAST, true },
	{ "two joins swapped", joins_swapped, AUDIT_ALLOCATION, NULL, 2, false },
	{ "two entries swapped, indexes kept", swapped_as_they_are, AUDIT_INDEX, NULL, 2, false },
	{ "time going back", time_back, AUDIT_TIME, NULL, 5, true },
	{ "time forged past a not-after", time_late, AUDIT_REFUSED, "REQUEST-EXPIRED", 10, true },
	{ "time in the future", time_future, AUDIT_TIME, NULL, LAST, true },
	{ "bytes that are no entry", noise, AUDIT_FORM, NULL, LAST, true },
	{ "a key swapped in", key_swapped, AUDIT_REFUSED, "AUTH-MNT", LAST, true },
	{ "a key added by somebody else", key_added_by_other, AUDIT_REFUSED, "AUTH-MNT", LAST, true },
	{ "an object taken over", object_taken_over, AUDIT_REFUSED, "AUTH-MNT", LAST, true },
	{ "a maintainer deleted while in use", deleted_in_use, AUDIT_REFUSED, "REF-USED", LAST, true },
	{ "a block deleted with routes in it", deleted_with_routes, AUDIT_REFUSED, "REF-USED", LAST, true },
	{ "an old prev", prev_old, AUDIT_PREV, "REQUEST-PREV", LAST, true },
	{ "prev none on what exists", prev_none, AUDIT_PREV, "REQUEST-PREV", LAST, true },
	{ "a prefix below somebody else's", prefix_stolen, AUDIT_REFUSED, "POLICY-INET-PARENT", LAST, true },
	{ "a prefix around others", prefix_around, AUDIT_REFUSED, "POLICY-INET-OVERLAP", LAST, true },
	{ "a prefix smaller than the pool's", prefix_too_small, AUDIT_REFUSED, "POLICY-INET-SIZE", LAST, true },
	{ "a prefix larger than the pool's", prefix_too_large, AUDIT_REFUSED, "POLICY-INET-SIZE", LAST, true },
	{ "a prefix outside the registry", prefix_elsewhere, AUDIT_REFUSED, "POLICY-INET-PARENT", LAST, true },
	{ "an AS number of a closed block", asn_closed, AUDIT_REFUSED, "POLICY-ASN-BLOCK", LAST, true },
	{ "a route without its origin", route_without_origin, AUDIT_REFUSED, "POLICY-ROUTE-ORIGIN", LAST, true },
	{ "a route without its holder", route_without_holder, AUDIT_REFUSED, "POLICY-ROUTE-HOLDER", LAST, true },
	{ "another source", source_changed, AUDIT_REFUSED, "SCHEMA-SOURCE", LAST, true },
	{ "an expired request", expired, AUDIT_REFUSED, "REQUEST-EXPIRED", LAST, true },
	{ "an unknown placeholder", placeholder_unknown, AUDIT_REFUSED, "SCHEMA-AUTO", LAST, true },
	{ "a name used again by another", name_reused, AUDIT_REFUSED, "POLICY-NAME-TAKEN", LAST, true },
	{ "a name below somebody else's", name_below, AUDIT_REFUSED, "POLICY-NAME-PARENT", LAST, true },
	{ "a reserved name", name_reserved, AUDIT_REFUSED, "POLICY-NAME-RESERVED", LAST, true },
	{ "the registry object taken over", registry_changed, AUDIT_REFUSED, "AUTH-MNT", LAST, true },
	{ "a closed block opened", pool_opened, AUDIT_REFUSED, "AUTH-MNT", LAST, true },
	{ "a reference to nothing", unknown_reference, AUDIT_REFUSED, "REF-MISSING", LAST, true },
	{ "a dry run stored", dry_run, AUDIT_IDLE, NULL, LAST, true },
	{ "a request that changes nothing stored", nothing_done, AUDIT_IDLE, NULL, LAST, true },
};

static bool row_seen(const struct row *row, const struct found *found, size_t index)
{
	bool seen = false;

	for (size_t i = 0; i < found->count; i++) {
		if (row->alone && found->items[i].index != index)
			return false;
		seen = seen || (found->items[i].index == index && found->items[i].kind == row->kind &&
				(row->clause == NULL ? found->items[i].clause == NULL
						     : found->items[i].clause != NULL &&
							       strcmp(found->items[i].clause, row->clause) == 0));
	}
	return seen && found->items[0].index == index;
}

static void every_way_to_cheat_is_found(void **state)
{
	const struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	size_t missed = 0;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct log log;
		size_t index;

		log_copy(&s->log, &log);
		row->mutate(&log, s);
		index = row->index == LAST ? log.count - 1 : row->index;
		(void)judge(&log, START + 1000, &found, &counts);
		if (!row_seen(row, &found, index)) {
			missed++;
			print_message("not found as it should be: %s (%s at %zu)\n", row->name,
				      audit_kinds[row->kind].id, index);
			for (size_t k = 0; k < found.count; k++)
				print_message("  %" PRIu64 " %s %s\n", found.items[k].index,
					      audit_kinds[found.items[k].kind].id,
					      found.items[k].clause != NULL ? found.items[k].clause : "");
		}
		log_free(&log);
	}
	assert_int_equal(missed, 0);
}

/* The audit goes on behind an entry that cannot be a registry's, and only ends where nobody could follow. */
static void findings_do_not_hide_others(void **state)
{
	struct story *s = *state;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	result_changed(&log, s);
	text_changed(&log, s);
	time_back(&log, s);
	asn_other(&log, s);
	key_swapped(&log, s);
	placeholder_unknown(&log, s);
	nothing_done(&log, s);
	assert_false(judge(&log, 0, &found, &counts));
	assert_int_equal(counts.kinds[AUDIT_SIGNATURE], 1);
	assert_int_equal(counts.kinds[AUDIT_TIME], 1);
	assert_int_equal(counts.kinds[AUDIT_ALLOCATION], 1);
	assert_true(counts.kinds[AUDIT_REFUSED] >= 2);
	assert_int_equal(counts.kinds[AUDIT_END], 1);
	assert_int_equal(counts.kinds[AUDIT_IDLE], 0);
	assert_int_equal(found.items[found.count - 1].kind, AUDIT_END);
	assert_int_equal(found.items[found.count - 1].index, log.count - 2);
	log_free(&log);
}

/* However many objects a clause refuses, in whatever order: it is told once an entry. */
static void one_finding_for_each_clause(void **state)
{
	static const char stolen[] = "domain: a.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY
				     "\ndomain: www.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: ftp.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: ns.bob.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
				     "\ndomain: b.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY;
	const struct story *s = *state;
	size_t missing = 0, parent = 0;
	struct audit_counts counts;
	struct found found;
	struct log log;

	log_copy(&s->log, &log);
	forge(&log, s, "ccccc", "prev: none none none none none", stolen, "3");
	assert_false(judge(&log, 0, &found, &counts));
	assert_int_equal(found.count, 2);
	for (size_t i = 0; i < found.count; i++) {
		assert_int_equal(found.items[i].index, log.count - 1);
		assert_int_equal(found.items[i].kind, AUDIT_REFUSED);
		missing += strcmp(found.items[i].clause, "REF-MISSING") == 0;
		parent += strcmp(found.items[i].clause, "POLICY-NAME-PARENT") == 0;
	}
	assert_true(missing == 1 && parent == 1);
	log_free(&log);
}

/* Ours is shorter than the entry, and what was decided before was longer: its bytes are no part of ours. */
static void contact_behind_dashes(struct log *log, const struct story *s)
{
	char objects[1200], dashes[801];

	memset(dashes, '-', sizeof(dashes) - 1);
	dashes[sizeof(dashes) - 1] = '\0';
	(void)snprintf(objects, sizeof(objects), "domain: dashes.test\nrecord: @ A 10.0.0.1\nremarks: %s\n" BY_MALLORY,
		       dashes);
	contact_published(log, s);
	forge(log, s, "c", "prev: none", objects, "3");
	log_swap(log, 12, 13);
	log_renumber(log);
}

static void nobody_of_two(struct log *log, const struct story *s)
{
	forge(log, s, "cc", "prev: none none",
	      "domain: a.test\nrecord: @ A 10.0.0.1\n" BY_MALLORY
	      "\ndomain: b.test\nrecord: @ A 10.0.0.1\nadmin-c: NOBODY-TEST\n" BY_MALLORY,
	      "3");
}

static void findings_say_what_they_found(void **state)
{
	static const struct {
		mutate_fn mutate;
		const char *text; /* of the first finding */
		size_t more;      /* others */
	} says[] = {
		{ result_short, "the result is cccc, but the request gives ccccc", 0 },
		{ asn_other, "AUTO-1 became AS4252660150, but AUTO-1 AS4252660113 was due", 0 },
		{ auto_dropped, "AUTO-2/48 was not filled; fca1:100:3::/48 was due", 1 },
		{ auto_added, "AUTO-5 became AS4252660150, but the request has no such placeholder", 0 },
		{ line_ends_changed, "line 4 of the request has a character that is no text", 1 },
		{ contact_published, "byte 494 differs: the entry has 633 bytes, the decision gives 494", 0 },
		{ contact_behind_dashes, "byte 494 differs: the entry has 633 bytes, the decision gives 494", 0 },
		{ entry_dropped, "object 1: prev: is 6, but the present version is 5", 4 },
		{ entry_repeated, "the same signed text is entry 4", 0 },
		{ swapped_as_they_are, "the entry says that it is entry 3", 4 },
		{ time_back, "time 1700000000 lies before 1700000040, the time of the entry before", 0 },
		{ time_late, "the request was only good until 2023-11-14T22:15:30Z", 0 },
		{ time_future, "time 1700100000 lies in the future", 0 },
		{ noise, "the entry cannot be decoded: malformed", 1 },
		{ deleted_in_use, "object 1: Object [mntner] MALLORY-MNT is referenced from 4 other objects", 0 },
		{ nobody_of_two, "object 2: Unknown object referenced NOBODY-TEST", 0 },
		{ dry_run, "the request asked for a dry run", 0 },
		{ nothing_done, "the request changes nothing", 0 },
	};
	const struct story *s = *state;
	struct audit_counts counts;
	struct found found;

	for (size_t i = 0; i < AL_COUNT(says); i++) {
		struct log log;

		log_copy(&s->log, &log);
		says[i].mutate(&log, s);
		(void)judge(&log, START + 1000, &found, &counts);
		assert_true(found.count > 0);
		assert_string_equal(found.items[0].text, says[i].text);
		assert_int_equal(found.count, 1 + says[i].more);
		log_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_cheat_is_found),
		cmocka_unit_test(findings_do_not_hide_others),
		cmocka_unit_test(one_finding_for_each_clause),
		cmocka_unit_test(findings_say_what_they_found),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
