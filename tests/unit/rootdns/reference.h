/* SPDX-License-Identifier: MIT */
/*
 * reference.h -- a slow second opinion: what a question must get, found by
 * looking through all records of the zone (RFC 1034 section 4.3.2, RFC 4592, RFC 6672).
 */
#ifndef TESTS_ROOTDNS_REFERENCE_H
#define TESTS_ROOTDNS_REFERENCE_H

#include "zone_dump.h"

enum verdict { IS_REFERRAL, IS_DATA, IS_ALIAS, IS_LED, IS_NODATA, IS_NXDOMAIN };

struct reference {
	enum verdict verdict;
	bool synthesized; /* by a wildcard */
	ldns_rdf *at;     /* cut, or owner of the data; borrowed from the list */
};

static inline bool has_type(const ldns_rr_list *list, const ldns_rdf *name, ldns_rr_type type)
{
	ldns_rr_list *set = rrset_at(list, name, type);
	bool some = ldns_rr_list_rr_count(set) > 0;

	ldns_rr_list_free(set);
	return some;
}

static inline bool at_or_below(const ldns_rdf *name, const ldns_rdf *above)
{
	return ldns_dname_compare(name, above) == 0 || ldns_dname_is_subdomain(name, above);
}

/* The topmost cut at or above `name`. */
static inline ldns_rdf *cut_of(const ldns_rr_list *list, const ldns_rdf *name)
{
	ldns_rdf *apex = ldns_rr_owner(ldns_rr_list_rr(list, 0)), *cut = NULL;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rdf *owner = ldns_rr_owner(ldns_rr_list_rr(list, i));

		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_NS &&
		    ldns_dname_compare(owner, apex) != 0 && at_or_below(name, owner) &&
		    (cut == NULL || ldns_dname_label_count(owner) < ldns_dname_label_count(cut)))
			cut = owner;
	}
	return cut;
}

/* The DNAME above `name`: there is none above that, nor anything below it. */
static inline ldns_rdf *leader_of(const ldns_rr_list *list, const ldns_rdf *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME && ldns_dname_is_subdomain(name, ldns_rr_owner(rr)))
			return ldns_rr_owner(rr);
	}
	return NULL;
}

/* Authoritative names: those that have an NSEC, and what lies between them and the apex. */
static inline bool exists(const ldns_rr_list *list, const ldns_rdf *name)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(list, i)) == LDNS_RR_TYPE_NSEC &&
		    at_or_below(ldns_rr_owner(ldns_rr_list_rr(list, i)), name))
			return true;
	return false;
}

static inline void data_verdict(const ldns_rr_list *list, ldns_rdf *name, ldns_rr_type type, struct reference *out)
{
	out->at = name;
	out->verdict = has_type(list, name, type)                 ? IS_DATA
		       : has_type(list, name, LDNS_RR_TYPE_CNAME) ? IS_ALIAS
								  : IS_NODATA;
}

/* The wildcard at the closest encloser, or NULL. */
static inline ldns_rdf *wildcard_for(const ldns_rr_list *list, const ldns_rdf *name)
{
	ldns_rdf *encloser = ldns_dname_left_chop(name), *star, *found = NULL;

	while (!exists(list, encloser)) {
		ldns_rdf *up = ldns_dname_left_chop(encloser);

		ldns_rdf_deep_free(encloser);
		encloser = up;
	}
	star = ldns_dname_new_frm_str("*");
	assert_int_equal(ldns_dname_cat(star, encloser), LDNS_STATUS_OK);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list) && found == NULL; i++)
		if (ldns_dname_compare(ldns_rr_owner(ldns_rr_list_rr(list, i)), star) == 0)
			found = ldns_rr_owner(ldns_rr_list_rr(list, i));
	ldns_rdf_deep_free(encloser);
	ldns_rdf_deep_free(star);
	return found;
}

static inline struct reference reference_of(const ldns_rr_list *list, ldns_rdf *name, ldns_rr_type type)
{
	struct reference out = { .verdict = IS_NXDOMAIN };
	ldns_rdf *cut = cut_of(list, name), *leader = leader_of(list, name), *star;

	if (leader != NULL) {
		assert_true(cut == NULL && !exists(list, name));
		out.verdict = IS_LED;
		out.at = leader;
	} else if (cut != NULL && (type != LDNS_RR_TYPE_DS || ldns_dname_compare(cut, name) != 0)) {
		out.verdict = IS_REFERRAL;
		out.at = cut;
	} else if (exists(list, name)) {
		data_verdict(list, name, type, &out);
	} else if ((star = wildcard_for(list, name)) != NULL) {
		data_verdict(list, star, type, &out);
		out.synthesized = true;
	}
	return out;
}

/* ---- is this response that? ---- */

static inline size_t count_type(const ldns_rr_list *list, ldns_rr_type type, const ldns_rdf *owner)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		count += ldns_rr_get_type(ldns_rr_list_rr(list, i)) == type &&
			 (owner == NULL || ldns_dname_compare(ldns_rr_owner(ldns_rr_list_rr(list, i)), owner) == 0);
	return count;
}

/* Does an NSEC of the section prove that `name` is not there (with `equal`: or is its owner)? */
static inline bool nsec_speaks(const ldns_rr_list *list, const ldns_rdf *name, bool equal)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC)
			continue;
		if (equal ? ldns_dname_compare(ldns_rr_owner(rr), name) == 0
			  : ldns_dname_compare(ldns_rr_owner(rr), name) != 0 && ldns_nsec_covers_name(rr, name))
			return true;
	}
	return false;
}

/* The NODATA proof: an NSEC at the name, or, for an empty non-terminal, one that covers it. */
static inline void check_denial(const struct reference *want, const ldns_rdf *name, const ldns_pkt *pkt)
{
	const ldns_rr_list *authority = ldns_pkt_authority(pkt);

	assert_int_equal(count_type(authority, LDNS_RR_TYPE_SOA, NULL), 1);
	if (want->verdict == IS_NXDOMAIN) {
		assert_int_equal(ldns_pkt_get_rcode(pkt), LDNS_RCODE_NXDOMAIN);
		assert_true(nsec_speaks(authority, name, false));
	} else {
		assert_int_equal(ldns_pkt_get_rcode(pkt), LDNS_RCODE_NOERROR);
		assert_true(nsec_speaks(authority, want->at, true) || nsec_speaks(authority, want->at, false));
	}
}

/* The sets of the answer are those of the zone, signed. */
static inline void check_data(const ldns_rr_list *list, const struct reference *want, const ldns_rdf *name,
			      ldns_rr_type type, const ldns_pkt *pkt)
{
	ldns_rr_type shown = want->verdict == IS_ALIAS ? LDNS_RR_TYPE_CNAME : type;
	ldns_rr_list *set = rrset_at(list, want->at, shown);

	assert_int_equal(count_type(ldns_pkt_answer(pkt), shown, name), ldns_rr_list_rr_count(set));
	assert_true(count_type(ldns_pkt_answer(pkt), LDNS_RR_TYPE_RRSIG, name) >= 1);
	if (want->synthesized)
		assert_true(nsec_speaks(ldns_pkt_authority(pkt), name, false));
	ldns_rr_list_free(set);
}

/* The DNAME with its signature, and one alias without. */
static inline void check_led(const ldns_rr_list *list, const struct reference *want, ldns_rdf *name,
			     const ldns_pkt *pkt)
{
	const ldns_rr_list *answer = ldns_pkt_answer(pkt);
	ldns_rr_list *set = rrset_at(list, want->at, LDNS_RR_TYPE_DNAME),
		     *alias = rrset_at(answer, name, LDNS_RR_TYPE_CNAME);
	char *from = ldns_rdf2str(name), *suffix = ldns_rdf2str(want->at), *to, *end, wanted[300];

	assert_int_equal(ldns_rr_list_rr_count(set), 1);
	assert_int_equal(count_type(answer, LDNS_RR_TYPE_DNAME, want->at), 1);
	assert_true(count_type(answer, LDNS_RR_TYPE_RRSIG, want->at) >= 1);
	assert_int_equal(ldns_rr_list_rr_count(alias), 1);
	assert_int_equal(count_type(answer, LDNS_RR_TYPE_RRSIG, name), 0);
	to = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(alias, 0), 0));
	end = ldns_rdf2str(ldns_rr_rdf(ldns_rr_list_rr(set, 0), 0));
	(void)snprintf(wanted, sizeof(wanted), "%.*s%s", (int)(strlen(from) - strlen(suffix)), from, end);
	assert_string_equal(to, wanted);
	free(from);
	free(suffix);
	free(to);
	free(end);
	ldns_rr_list_free(set);
	ldns_rr_list_free(alias);
}

/* All addresses that the zone has for a server go along: those the reader needs (RFC 9471) and the others. */
static inline void check_addresses(const ldns_rr_list *list, const ldns_rdf *server, const ldns_pkt *pkt)
{
	ldns_rr_list *zone = rrset_at(list, server, LDNS_RR_TYPE_AAAA);
	ldns_rr_list *sent = rrset_at(ldns_pkt_additional(pkt), server, LDNS_RR_TYPE_AAAA);

	ldns_rr_list_sort(zone);
	ldns_rr_list_sort(sent);
	assert_int_equal(ldns_rr_list_compare(zone, sent), 0);
	ldns_rr_list_free(zone);
	ldns_rr_list_free(sent);
}

static inline void check_referral(const ldns_rr_list *list, const struct reference *want, const ldns_pkt *pkt)
{
	ldns_rr_list *ns = rrset_at(list, want->at, LDNS_RR_TYPE_NS), *ds = rrset_at(list, want->at, LDNS_RR_TYPE_DS);

	assert_false(ldns_pkt_aa(pkt));
	assert_int_equal(ldns_pkt_ancount(pkt), 0);
	assert_int_equal(count_type(ldns_pkt_authority(pkt), LDNS_RR_TYPE_NS, want->at), ldns_rr_list_rr_count(ns));
	assert_int_equal(count_type(ldns_pkt_authority(pkt), LDNS_RR_TYPE_DS, want->at), ldns_rr_list_rr_count(ds));
	assert_int_equal(count_type(ldns_pkt_authority(pkt), LDNS_RR_TYPE_NSEC, want->at),
			 ldns_rr_list_rr_count(ds) == 0);
	for (size_t i = 0; i < ldns_rr_list_rr_count(ns); i++)
		check_addresses(list, ldns_rr_rdf(ldns_rr_list_rr(ns, i), 0), pkt);
	ldns_rr_list_free(ns);
	ldns_rr_list_free(ds);
}

/* `wire` answers a question with DO over TCP. */
static inline void reference_check(const ldns_rr_list *list, const char *text, ldns_rr_type type, const uint8_t *wire,
				   size_t len)
{
	ldns_rdf *name = ldns_dname_new_frm_str(text);
	struct reference want = reference_of(list, name, type);
	ldns_pkt *pkt = NULL;

	assert_int_equal(ldns_wire2pkt(&pkt, wire, len), LDNS_STATUS_OK);
	if (want.verdict == IS_REFERRAL) {
		check_referral(list, &want, pkt);
	} else {
		assert_true(ldns_pkt_aa(pkt));
		if (want.verdict == IS_LED)
			check_led(list, &want, name, pkt);
		else if (want.verdict == IS_DATA || want.verdict == IS_ALIAS)
			check_data(list, &want, name, type, pkt);
		else
			check_denial(&want, name, pkt);
	}
	ldns_pkt_free(pkt);
	ldns_rdf_deep_free(name);
}

#endif
