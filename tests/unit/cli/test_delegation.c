/* SPDX-License-Identifier: MIT */
/*
 * test_delegation.c -- what the answers of a zone's servers come to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "domain/delegation.h"

#define ZONE "fisher.alamo"
#define SOA "SOA ns1 host 7 1800 900 604800 300"
#define KEYS 2
#define DAY 86400

static ldns_key *keys[KEYS];
static ldns_key_list *alone[KEYS]; /* each key, and its owner */
static char ds_text[KEYS][256];

static ldns_rr *key_rr(size_t i)
{
	ldns_rr *rr = ldns_key2rr(keys[i]);

	ldns_rdf_deep_free(ldns_rr_owner(rr));
	ldns_rr_set_owner(rr, ldns_dname_new_frm_str(ZONE));
	ldns_rr_set_ttl(rr, 300);
	return rr;
}

static int keys_make(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		struct al_buf text;
		ldns_rr *rr, *ds;

		keys[i] = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 0);
		assert_non_null(keys[i]);
		alone[i] = ldns_key_list_new();
		(void)ldns_key_list_push_key(alone[i], keys[i]);
		ldns_key_set_flags(keys[i], 0x0101);
		ldns_key_set_pubkey_owner(keys[i], ldns_dname_new_frm_str(ZONE));
		rr = key_rr(i);
		ldns_key_set_keytag(keys[i], ldns_calc_keytag(rr));
		ds = ldns_key_rr2ds(rr, LDNS_SHA256);
		al_buf_init(&text, sizeof(ds_text[i]));
		al_buf_printf(&text, "%u 13 2 ", (unsigned)ldns_calc_keytag(rr));
		al_buf_hex(&text, ldns_rdf_data(ldns_rr_rdf(ds, 3)), ldns_rdf_size(ldns_rr_rdf(ds, 3)));
		assert_int_equal(al_slice_copy(al_buf_view(&text), ds_text[i], sizeof(ds_text[i])), AL_OK);
		al_buf_release(&text);
		ldns_rr_free(ds);
		ldns_rr_free(rr);
	}
	return 0;
}

static int keys_free(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		ldns_key_list_free(alone[i]);
	return 0;
}

/* ---- answers ---- */

static ldns_pkt *answer_new(ldns_pkt_rcode rcode)
{
	ldns_pkt *answer = ldns_pkt_new();

	ldns_pkt_set_qr(answer, true);
	ldns_pkt_set_aa(answer, true);
	ldns_pkt_set_rcode(answer, (uint8_t)rcode);
	return answer;
}

static ldns_pkt *answer_of(const char *a, const char *b)
{
	const char *const lines[] = { a, b };
	ldns_pkt *answer = answer_new(LDNS_RCODE_NOERROR);

	for (size_t i = 0; i < AL_COUNT(lines) && lines[i] != NULL; i++) {
		char text[512];
		ldns_rr *rr = NULL;

		(void)snprintf(text, sizeof(text), ZONE ". 300 IN %s", lines[i]);
		assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
		assert_true(ldns_pkt_push_rr(answer, LDNS_SECTION_ANSWER, rr));
	}
	return answer;
}

/* The DNSKEY set of key `i`, signed by key `by` until `seconds` from now. */
static ldns_pkt *keys_of(size_t i, size_t by, int seconds)
{
	ldns_pkt *answer = answer_new(LDNS_RCODE_NOERROR);
	ldns_rr_list *set = ldns_rr_list_new(), *sigs;

	(void)ldns_rr_list_push_rr(set, key_rr(i));
	ldns_key_set_inception(keys[by], (uint32_t)(time(NULL) - 2 * DAY));
	ldns_key_set_expiration(keys[by], (uint32_t)(time(NULL) + seconds));
	sigs = ldns_sign_public(set, alone[by]);
	(void)ldns_pkt_push_rr_list(answer, LDNS_SECTION_ANSWER, set);
	(void)ldns_pkt_push_rr_list(answer, LDNS_SECTION_ANSWER, sigs);
	ldns_rr_list_free(set);
	ldns_rr_list_free(sigs);
	return answer;
}

/* A server that has the zone, unsigned, and everything right. */
static void server_add(struct delegation *d, const char *name, const char *address, const char *soa)
{
	ldns_pkt **answers = d->all[d->count].asked.answers;
	struct al_prefix parsed;

	assert_int_equal(al_addr_parse(al_slice_str(address), &parsed), AL_OK);
	assert_int_equal(delegation_server_name(d, al_slice_str(name)), AL_OK);
	delegation_server_address(d, al_slice_str(name), &parsed);
	answers[ASK_SOA] = answer_of(soa, NULL);
	answers[ASK_SOA_PLAIN] = answer_of(soa, NULL);
	answers[ASK_SOA_TCP] = answer_of(soa, NULL);
	answers[ASK_NS] = answer_of("NS ns1." ZONE ".", "NS NS2.far.alamo.");
	answers[ASK_KEYS] = answer_of(NULL, NULL);
	answers[ASK_KEYS_TCP] = answer_of(NULL, NULL);
}

static struct delegation *two_servers(void)
{
	struct delegation *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_int_equal(delegation_init(d, ZONE), AL_OK);
	server_add(d, "ns1." ZONE, "fd00::1", SOA);
	server_add(d, "ns2.far.alamo", "fd00::2", SOA);
	return d;
}

static void change(struct delegation *d, enum delegation_question question, ldns_pkt *answer)
{
	ldns_pkt_free(d->all[0].asked.answers[question]);
	d->all[0].asked.answers[question] = answer;
}

static void change_soas(struct delegation *d, ldns_pkt *(*make)(void))
{
	change(d, ASK_SOA, make());
	change(d, ASK_SOA_PLAIN, make());
	change(d, ASK_SOA_TCP, make());
}

static size_t points_of(const struct delegation *d, const struct delegation_server *server)
{
	size_t count = 0;

	for (size_t i = 0; i < d->point_count; i++)
		count += d->points[i].server == server;
	return count;
}

/* The first point is the only one of the first server, and says this. */
static void judged(struct delegation *d, enum status_how worst, enum status_how how, const char *text)
{
	delegation_judge(d);
	assert_true(d->point_count > 0);
	if (d->points[0].how != how || strstr(d->points[0].text, text) == NULL)
		fail_msg("%s: %d %s", text, (int)d->points[0].how, d->points[0].text);
	assert_ptr_equal(d->points[0].server, &d->all[0]);
	assert_int_equal(points_of(d, &d->all[0]), 1);
	assert_int_equal(d->worst, worst);
	assert_true((d->points[0].mend[0] == '\0') == (how == STATUS_OK && strstr(text, "serial") != NULL));
	delegation_release(d);
	free(d);
}

static ldns_pkt *none(void)
{
	return NULL;
}

static ldns_pkt *refused(void)
{
	return answer_new(LDNS_RCODE_REFUSED);
}

static ldns_pkt *not_authoritative(void)
{
	ldns_pkt *answer = answer_of(SOA, NULL);

	ldns_pkt_set_aa(answer, false);
	return answer;
}

static ldns_pkt *without_soa(void)
{
	return answer_of(NULL, NULL);
}

static void servers_that_do_not_serve(void **state)
{
	static const struct {
		ldns_pkt *(*make)(void);
		const char *text;
	} rows[] = {
		{ none, "does not answer" },
		{ refused, "does not serve the zone: REFUSED" },
		{ not_authoritative, "not authoritative" },
		{ without_soa, "no SOA" },
	};

	(void)state;
	judged(two_servers(), STATUS_OK, STATUS_OK, "serial 7");
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct delegation *d = two_servers();

		change_soas(d, rows[i].make);
		judged(d, STATUS_CRITICAL, STATUS_CRITICAL, rows[i].text);
	}
}

static void ways_that_are_shut(void **state)
{
	struct delegation *d = two_servers();

	(void)state;
	change(d, ASK_SOA_TCP, NULL);
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "does not answer over TCP");
	d = two_servers();
	change(d, ASK_SOA, NULL);
	change(d, ASK_SOA_PLAIN, NULL);
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "over TCP only");
	d = two_servers();
	change(d, ASK_SOA, answer_new(LDNS_RCODE_FORMERR));
	judged(d, STATUS_WARNING, STATUS_WARNING, "EDNS");
	d = two_servers();
	change(d, ASK_SOA, NULL);
	judged(d, STATUS_WARNING, STATUS_WARNING, "EDNS");
}

static void names_that_differ(void **state)
{
	struct delegation *d = two_servers();

	(void)state;
	change(d, ASK_NS, answer_of("NS ns1." ZONE ".", "NS ns3.far.alamo."));
	judged(d, STATUS_WARNING, STATUS_WARNING, "other servers: -ns3.far.alamo. +ns2.far.alamo.");
	/* A server with two addresses is one name. */
	d = two_servers();
	server_add(d, "ns3.far.alamo", "fd00::3", SOA);
	server_add(d, "NS3.far.alamo", "fd00::4", SOA);
	delegation_judge(d);
	assert_string_equal(d->points[0].text, "its NS records name other servers: +ns3.far.alamo.");
	delegation_release(d);
	free(d);
	d = two_servers();
	change(d, ASK_NS, answer_of(NULL, NULL));
	judged(d, STATUS_WARNING, STATUS_WARNING, "no NS records");
}

static struct delegation *with_ds(size_t key)
{
	struct delegation *d = two_servers();

	assert_int_equal(cds_present(&d->parent, al_slice_str(ds_text[key])), AL_OK);
	d->count = 1; /* the other one is not signed */
	delegation_address_release(&d->all[1].asked);
	return d;
}

static void keys_that_do_not_fit(void **state)
{
	struct delegation *d = with_ds(0);

	(void)state;
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "has no DNSKEY");
	d = with_ds(0);
	change(d, ASK_KEYS, keys_of(0, 0, DAY));
	judged(d, STATUS_OK, STATUS_OK, "serial 7, signed");
	d = with_ds(1);
	change(d, ASK_KEYS, keys_of(0, 0, DAY));
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "no ds-rdata: is of a DNSKEY");
	d = with_ds(0);
	change(d, ASK_KEYS, keys_of(0, 1, DAY));
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "no good signature");
	d = with_ds(0);
	change(d, ASK_KEYS, keys_of(0, 0, -DAY));
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "no good signature");
	d = with_ds(0);
	change(d, ASK_KEYS, NULL);
	change(d, ASK_KEYS_TCP, NULL);
	judged(d, STATUS_CRITICAL, STATUS_CRITICAL, "does not answer for the DNSKEY set");
	/* What did not fit into UDP is taken from TCP. */
	d = with_ds(0);
	change(d, ASK_KEYS, answer_of(NULL, NULL));
	ldns_pkt_set_tc(d->all[0].asked.answers[ASK_KEYS], true);
	change(d, ASK_KEYS_TCP, keys_of(0, 0, DAY));
	judged(d, STATUS_OK, STATUS_OK, "serial 7, signed");
	d = two_servers();
	change(d, ASK_KEYS, keys_of(0, 0, DAY));
	judged(d, STATUS_OK, STATUS_OK, "nobody can tell");
}

static void all_together(void **state)
{
	struct delegation *d = two_servers();

	(void)state;
	server_add(d, "ns2.far.alamo", "fd00::3", "SOA ns1 host 6 1800 900 604800 300");
	delegation_judge(d);
	assert_int_equal(d->worst, STATUS_WARNING);
	assert_non_null(strstr(d->points[3].text, "serials differ: 7 at ns1." ZONE ", 6 at ns2.far.alamo"));
	assert_null(d->points[3].server);
	delegation_release(d);
	free(d);
	d = two_servers();
	delegation_server_address(d, AL_S("ns4.far.alamo"), NULL);
	while (!d->cut)
		delegation_server_address(d, AL_S("ns1." ZONE), NULL);
	delegation_judge(d);
	assert_int_equal(d->worst, STATUS_CRITICAL);
	assert_non_null(strstr(d->points[2].text, "has no address"));
	assert_non_null(strstr(d->points[d->point_count - 1].text, "only the first 32"));
	delegation_release(d);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_that_do_not_serve),
		cmocka_unit_test(ways_that_are_shut),
		cmocka_unit_test(names_that_differ),
		cmocka_unit_test(keys_that_do_not_fit),
		cmocka_unit_test(all_together),
	};

	return cmocka_run_group_tests(tests, keys_make, keys_free);
}
