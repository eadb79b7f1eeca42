/* SPDX-License-Identifier: MIT */
/*
 * The auditor against a registry that cheats, one row of a table for each way.
 * It has the log's key, but no member's: it signs as Mallory, who is one.
 */
#include "audit_cheats.h"

#define LAST SIZE_MAX /* as a row's index: the last entry */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_to_cheat_is_found),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, story_setup, story_teardown);
}
