/* SPDX-License-Identifier: MIT */
/*
 * zone_dump.h -- a served zone as a list of records, taken by transfer.
 */
#ifndef TESTS_ROOTDNS_ZONE_DUMP_H
#define TESTS_ROOTDNS_ZONE_DUMP_H

#include "fixture.h"
#include "xfr.h"

static inline void dump_message(const uint8_t *wire, size_t len, ldns_rr_list *out)
{
	ldns_pkt *pkt = NULL;
	ldns_rr_list *answer;

	assert_int_equal(ldns_wire2pkt(&pkt, wire, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_get_rcode(pkt), LDNS_RCODE_NOERROR);
	assert_true(ldns_pkt_aa(pkt));
	answer = ldns_rr_list_clone(ldns_pkt_answer(pkt));
	assert_true(ldns_rr_list_push_rr_list(out, answer));
	ldns_rr_list_free(answer);
	ldns_pkt_free(pkt);
}

/* All records of an AXFR but the SOA at its end. The caller frees them deep. */
static inline ldns_rr_list *dump_set(const struct zone_set *set, const char *name, bool edns)
{
	struct question question = { .name = name, .type = RR_AXFR, .tcp = true, .edns = edns };
	ldns_rr_list *out = ldns_rr_list_new();
	struct query query;
	struct al_buf buf;
	struct xfr *xfr;
	ldns_rr *last;
	uint8_t msg[512];
	bool more = true;

	assert_true(query_parse(set->seed, msg, question_put(&question, msg), &query));
	assert_int_equal(xfr_new(set, &query, &(struct client){ .tcp = true }, NULL, &xfr), RCODE_NOERROR);
	al_buf_init(&buf, 1u << 17);
	while (more) {
		al_buf_reset(&buf);
		more = xfr_next(xfr, &buf);
		assert_int_equal(buf.err, AL_OK);
		assert_int_equal(al_get_u16(buf.ptr), buf.len - 2);
		/* Who speaks EDNS is answered so, in each message. */
		assert_int_equal(al_get_u16(buf.ptr + 2 + 10), edns);
		if (edns)
			assert_memory_equal(buf.ptr + buf.len - 11, "\0\0\51", 3);
		dump_message(buf.ptr + 2, buf.len - 2, out);
	}
	al_buf_release(&buf);
	xfr_free(xfr);
	last = ldns_rr_list_pop_rr(out);
	assert_int_equal(ldns_rr_compare(last, ldns_rr_list_rr(out, 0)), 0);
	assert_int_equal(ldns_rr_get_type(last), LDNS_RR_TYPE_SOA);
	ldns_rr_free(last);
	return out;
}

static inline ldns_rr_list *zone_dump(struct fixture *f, const char *name, bool edns)
{
	ldns_rr_list *out = dump_set(publish_enter(f->publish, 0), name, edns);

	publish_leave(f->publish, 0);
	return out;
}

static inline int line_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What does not depend on keys, clock or serial: sorted lines. */
static inline char *dump_text(ldns_rr_list *list)
{
	size_t count = ldns_rr_list_rr_count(list), lines = 0;
	char **line = calloc(count, sizeof(*line));
	struct al_buf out;

	for (size_t i = 0; i < count; i++) {
		ldns_rr_type type = ldns_rr_get_type(ldns_rr_list_rr(list, i));

		if (type != LDNS_RR_TYPE_RRSIG && type != LDNS_RR_TYPE_DNSKEY && type != LDNS_RR_TYPE_SOA)
			line[lines++] = ldns_rr2str(ldns_rr_list_rr(list, i));
	}
	qsort(line, lines, sizeof(*line), line_cmp);
	al_buf_init(&out, 1u << 24);
	for (size_t i = 0; i < lines; i++) {
		al_buf_str(&out, line[i]);
		free(line[i]);
	}
	free(line);
	al_buf_u8(&out, '\n');
	return al_buf_take(&out, NULL);
}

static inline ldns_rr_list *rrset_at(const ldns_rr_list *list, const ldns_rdf *owner, ldns_rr_type type)
{
	ldns_rr_list *out = ldns_rr_list_new();

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);

		if (ldns_rr_get_type(rr) == type && ldns_dname_compare(ldns_rr_owner(rr), owner) == 0)
			(void)ldns_rr_list_push_rr(out, rr);
	}
	return out;
}

/* Every signature of the zone holds at `now`. Returns how many there are. */
static inline size_t dump_verify(ldns_rr_list *list, uint64_t now)
{
	ldns_rdf *apex = ldns_rr_owner(ldns_rr_list_rr(list, 0));
	ldns_rr_list *keys = rrset_at(list, apex, LDNS_RR_TYPE_DNSKEY);
	size_t sigs = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		ldns_rr *rr = ldns_rr_list_rr(list, i);
		ldns_rr_list *set, *good;
		ldns_status status;

		if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG)
			continue;
		set = rrset_at(list, ldns_rr_owner(rr), ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)));
		good = ldns_rr_list_new();
		status = ldns_verify_rrsig_keylist_time(set, rr, keys, (time_t)now, good);
		if (status != LDNS_STATUS_OK) {
			ldns_rr_print(stderr, rr);
			fail_msg("signature: %s", ldns_get_errorstr_by_id(status));
		}
		ldns_rr_list_free(good);
		ldns_rr_list_free(set);
		sigs++;
	}
	ldns_rr_list_free(keys);
	return sigs;
}

#endif
