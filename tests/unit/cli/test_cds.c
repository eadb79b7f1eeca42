/* SPDX-License-Identifier: MIT */
/*
 * test_cds.c -- what a zone's CDS and CDNSKEY sets ask for, and whether they may: zones that ldns signs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alamo/base/ident.h"
#include "domain/cds_ask.h"

#define ZONE "fisher.alamo"
#define KEYS 5
#define SETS_MAX 4
#define DELETE "CDS 0 0 0 00"
#define DELETE_KEY "CDNSKEY 0 3 0 AA=="
#define STRANGE "CDS 4711 13 2 0011223344556677889900112233445566778899001122334455667788990011"

/* Keys A, B and C; D is no zone's, E is revoked. */
static const uint16_t key_flags[KEYS] = { 0x0101, 0x0101, 0x0101, 0x0001, 0x0181 };
static ldns_key *keys[KEYS];
static ldns_key_list *alone[KEYS];                   /* each key, and its owner */
static char ds_text[KEYS][128], key_text[KEYS][256]; /* rdata */

static ldns_rr *key_rr(size_t i, const char *zone)
{
	ldns_rr *rr = ldns_key2rr(keys[i]);

	ldns_rdf_deep_free(ldns_rr_owner(rr));
	ldns_rr_set_owner(rr, ldns_dname_new_frm_str(zone));
	return rr;
}

/* The words behind owner, TTL, class and type. */
static void rdata_text(const ldns_rr *rr, char *out, size_t cap)
{
	char *text = ldns_rr2str(rr);
	struct al_slice rest = al_slice_str(text), word;

	for (size_t i = 0; i < 4; i++)
		assert_true(al_slice_word(&rest, "", &word));
	(void)al_slice_cut(&rest, ';', &word);
	assert_int_equal(al_slice_copy(al_slice_trim(word), out, cap), AL_OK);
	free(text);
}

static int keys_make(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++) {
		ldns_rr *rr, *ds;

		keys[i] = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 0);
		assert_non_null(keys[i]);
		alone[i] = ldns_key_list_new();
		(void)ldns_key_list_push_key(alone[i], keys[i]);
		ldns_key_set_flags(keys[i], key_flags[i]);
		ldns_key_set_pubkey_owner(keys[i], ldns_dname_new_frm_str(ZONE));
		rr = key_rr(i, ZONE);
		ldns_key_set_keytag(keys[i], ldns_calc_keytag(rr));
		ds = ldns_key_rr2ds(rr, LDNS_SHA256);
		rdata_text(rr, key_text[i], sizeof(key_text[i]));
		rdata_text(ds, ds_text[i], sizeof(ds_text[i]));
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

/* "cA": the CDS of A, "kA" its CDNSKEY; anything else as it stands. */
static ldns_rr *record(const char *what)
{
	char text[512];
	ldns_rr *rr = NULL;
	size_t i = (size_t)(what[1] - 'A');

	if (strlen(what) == 2)
		(void)snprintf(text, sizeof(text), ZONE ". 300 IN %s %s", what[0] == 'c' ? "CDS" : "CDNSKEY",
			       what[0] == 'c' ? ds_text[i] : key_text[i]);
	else
		(void)snprintf(text, sizeof(text), ZONE ". 300 IN %s", what);
	assert_int_equal(ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL), LDNS_STATUS_OK);
	return rr;
}

/* What a server shows. Letters are keys. */
struct shown {
	const char *keys;           /* its DNSKEY set */
	const char *sets[SETS_MAX]; /* its CDS and CDNSKEY records */
	const char *by[CDS_SETS];   /* who signs each set */
};

static void sign(ldns_pkt *answer, ldns_rr_list *set, const char *by)
{
	for (; ldns_rr_list_rr_count(set) > 0 && *by != '\0'; by++) {
		size_t i = (size_t)(*by - 'A');
		ldns_rr_list *sigs;

		ldns_key_set_flags(keys[i], LDNS_KEY_ZONE_KEY); /* ldns signs with no others */
		sigs = ldns_sign_public(set, alone[i]);
		ldns_key_set_flags(keys[i], key_flags[i]);
		assert_int_equal(ldns_rr_list_rr_count(sigs), 1);
		(void)ldns_pkt_push_rr_list(answer, LDNS_SECTION_ANSWER, sigs);
		ldns_rr_list_free(sigs);
	}
}

static ldns_pkt *answer_of(const struct shown *shown, size_t which)
{
	ldns_pkt *answer = ldns_pkt_new();
	ldns_rr_list *set = ldns_rr_list_new();

	for (const char *key = shown->keys; which == CDS_DNSKEY && *key != '\0'; key++)
		(void)ldns_rr_list_push_rr(set, key_rr((size_t)(*key - 'A'), ZONE));
	for (size_t i = 0; which != CDS_DNSKEY && i < SETS_MAX && shown->sets[i] != NULL; i++) {
		ldns_rr *rr = record(shown->sets[i]);

		if (ldns_rr_get_type(rr) == cds_types[which])
			(void)ldns_rr_list_push_rr(set, rr);
		else
			ldns_rr_free(rr);
	}
	sign(answer, set, shown->by[which]);
	(void)ldns_pkt_push_rr_list(answer, LDNS_SECTION_ANSWER, set);
	ldns_rr_list_free(set);
	return answer;
}

static const char *take(struct cds *cds, const struct shown *shown)
{
	ldns_pkt *answers[CDS_SETS];
	const char *why;

	for (size_t i = 0; i < CDS_SETS; i++)
		answers[i] = answer_of(shown, i);
	why = cds_take(cds, answers);
	for (size_t i = 0; i < CDS_SETS; i++)
		ldns_pkt_free(answers[i]);
	return why;
}

static void begin(struct cds *cds, const char *present)
{
	assert_int_equal(cds_init(cds, ZONE), AL_OK);
	for (; *present != '\0'; present++)
		assert_int_equal(cds_present(cds, al_slice_str(ds_text[*present - 'A'])), AL_OK);
}

/* The set that is wanted, as sorted letters' DS. */
static void assert_wanted(const struct cds *cds, const char *letters)
{
	struct al_buf text;

	al_buf_init(&text, 4096);
	cds_put(cds->wanted, "", &text);
	assert_int_equal(ldns_rr_list_rr_count(cds->wanted), strlen(letters));
	al_buf_u8(&text, '\0');
	for (; *letters != '\0'; letters++)
		assert_non_null(strstr((const char *)text.ptr, ds_text[*letters - 'A']));
	al_buf_release(&text);
}

static void what_a_zone_asks_for(void **state)
{
	static const struct {
		struct shown shown;
		const char *present, *wanted, *why; /* why NULL: taken */
		bool news;
	} rows[] = {
		{ { "A", { NULL }, { "", "", "A" } }, "A", "", NULL, false },
		{ { "A", { NULL }, { "", "", "" } }, "A", "", NULL, false },
		{ { "A", { "cA" }, { "A", "", "A" } }, "A", "A", NULL, false },
		{ { "A", { "cA" }, { "", "", "" } }, "A", "A", NULL, false },
		{ { "AB", { "cA", "cB" }, { "A", "", "AB" } }, "A", "AB", NULL, true },
		{ { "AB", { "cB", "kB" }, { "AB", "AB", "AB" } }, "A", "B", NULL, true },
		{ { "AB", { "kB" }, { "", "A", "AB" } }, "A", "B", NULL, true },
		{ { "AB", { "cA" }, { "B", "", "AB" } }, "AB", "A", NULL, true },
		{ { "A", { DELETE }, { "A", "", "A" } }, "A", "", NULL, true },
		{ { "A", { DELETE_KEY }, { "", "A", "A" } }, "A", "", NULL, true },
		{ { "A", { DELETE, DELETE_KEY }, { "A", "A", "A" } }, "A", "", NULL, true },
		{ { "", { DELETE }, { "", "", "" } }, "", "", NULL, false },
		{ { "A", { "cA" }, { "", "", "" } }, "", "A", NULL, true },
		/* nobody vouches */
		{ { "AB", { "cB" }, { "", "", "AB" } }, "A", NULL, "CDS set", false },
		{ { "AB", { "cB" }, { "B", "", "AB" } }, "A", NULL, "CDS set", false },
		{ { "AB", { "cB", "kB" }, { "A", "B", "AB" } }, "A", NULL, "CDNSKEY set", false },
		{ { "AB", { "cB" }, { "A", "", "B" } }, "A", NULL, "DNSKEY set", false },
		{ { "AB", { "cB" }, { "A", "", "" } }, "A", NULL, "DNSKEY set", false },
		{ { "BC", { "cC" }, { "B", "", "BC" } }, "A", NULL, "DNSKEY set", false },
		{ { "", { "cB" }, { "A", "", "" } }, "A", NULL, "DNSKEY set", false },
		{ { "A", { DELETE }, { "", "", "A" } }, "A", NULL, "CDS set", false },
		{ { "DB", { "cB" }, { "D", "", "DB" } }, "D", NULL, "DNSKEY set", false },
		{ { "EB", { "cB" }, { "E", "", "EB" } }, "E", NULL, "DNSKEY set", false },
		/* and nobody could believe the zone */
		{ { "A", { "cB" }, { "A", "", "A" } }, "A", NULL, "bogus", false },
		{ { "AB", { "cB" }, { "A", "", "A" } }, "A", NULL, "bogus", false },
		{ { "A", { STRANGE }, { "A", "", "A" } }, "A", NULL, "bogus", false },
		/* contradictions */
		{ { "AB", { "cA", "kB" }, { "A", "A", "AB" } }, "A", NULL, "same keys", false },
		{ { "AB", { "cB", "kA", "kB" }, { "A", "A", "AB" } }, "A", NULL, "same keys", false },
		{ { "AB", { "cA", "cB", "kB" }, { "A", "A", "AB" } }, "A", NULL, "same keys", false },
		{ { "A", { DELETE, "cA" }, { "A", "", "A" } }, "A", NULL, "alone", false },
		{ { "A", { DELETE, "kA" }, { "A", "A", "A" } }, "A", NULL, "alone", false },
		{ { "A", { "cA", DELETE_KEY }, { "A", "A", "A" } }, "A", NULL, "alone", false },
		{ { "A", { "CDS 0 0 0 0000" }, { "A", "", "A" } }, "A", NULL, "1, 2 or 4", false },
		{ { "A", { "CDS 0 0 1 00" }, { "A", "", "A" } }, "A", NULL, "bogus", false },
		{ { "A", { "CDS 1 13 3 00" }, { "A", "", "A" } }, "A", NULL, "1, 2 or 4", false },
	};
	struct cds cds;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const char *why;

		begin(&cds, rows[i].present);
		why = take(&cds, &rows[i].shown);
		if ((why == NULL) != (rows[i].why == NULL) || (why != NULL && strstr(why, rows[i].why) == NULL))
			fail_msg("row %zu: %s", i, why != NULL ? why : "taken");
		if (why == NULL) {
			assert_wanted(&cds, rows[i].wanted);
			assert_int_equal(cds_is_new(&cds), rows[i].news);
		}
		cds_release(&cds);
	}
}

/* Of another time, and of another zone. */
static void signatures_that_do_not_count(void **state)
{
	static const struct shown shown = { "AB", { "cB" }, { "A", "", "AB" } };
	struct cds cds;

	(void)state;
	ldns_key_set_expiration(keys[0], 1000000);
	begin(&cds, "A");
	assert_non_null(take(&cds, &shown));
	ldns_key_set_expiration(keys[0], 0);
	ldns_rdf_deep_free(ldns_key_pubkey_owner(keys[0]));
	ldns_key_set_pubkey_owner(keys[0], ldns_dname_new_frm_str("alamo"));
	assert_non_null(take(&cds, &shown));
	ldns_rdf_deep_free(ldns_key_pubkey_owner(keys[0]));
	ldns_key_set_pubkey_owner(keys[0], ldns_dname_new_frm_str(ZONE));
	assert_null(take(&cds, &shown));
	cds_release(&cds);
}

/* The oldest set at the oldest server counts, by its newest signature that is good. */
static void when_a_change_was_signed(void **state)
{
	static const struct shown both = { "AB", { "cB", "kB" }, { "AB", "A", "AB" } },
				  by_both = { "AB", { "cB" }, { "AB", "", "AB" } },
				  single = { "AB", { "cB" }, { "A", "", "AB" } },
				  same = { "A", { "cA" }, { "A", "", "A" } };
	struct cds cds;

	(void)state;
	begin(&cds, "AB");
	ldns_key_set_inception(keys[0], 1600000100);
	ldns_key_set_inception(keys[1], 1600000200);
	assert_null(take(&cds, &both));
	assert_int_equal(cds.signed_s, 1600000100); /* of the CDNSKEY set */
	ldns_key_set_inception(keys[0], 1600000050);
	assert_null(take(&cds, &both));
	assert_int_equal(cds.signed_s, 1600000050);
	ldns_key_set_inception(keys[0], 1600000300);
	assert_null(take(&cds, &single));
	assert_int_equal(cds.signed_s, 1600000050);
	cds_release(&cds);
	begin(&cds, "AB");
	ldns_key_set_inception(keys[0], 1600000100);
	assert_null(take(&cds, &by_both));
	assert_int_equal(cds.signed_s, 1600000200);
	cds_release(&cds);
	/* B's word is newer, and does not count: the DS set has only A. */
	begin(&cds, "A");
	ldns_key_set_inception(keys[0], 1600000100);
	assert_null(take(&cds, &both));
	assert_int_equal(cds.signed_s, 1600000100);
	cds_release(&cds);
	begin(&cds, "A");
	assert_null(take(&cds, &same));
	assert_int_equal(cds.signed_s, 0);
	cds_release(&cds);
	ldns_key_set_inception(keys[0], 0);
	ldns_key_set_inception(keys[1], 0);
}

static void servers_agree(void **state)
{
	static const struct shown b = { "AB", { "cB" }, { "A", "", "AB" } },
				  by_key = { "AB", { "kB" }, { "", "A", "AB" } },
				  a = { "AB", { "cA" }, { "A", "", "AB" } },
				  none = { "AB", { NULL }, { "", "", "AB" } },
				  gone = { "AB", { DELETE }, { "A", "", "AB" } };
	const struct shown *const others[] = { &a, &none, &gone };
	struct cds cds;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(others); i++) {
		begin(&cds, "A");
		assert_null(take(&cds, &b));
		assert_null(take(&cds, &by_key)); /* the same in other words */
		assert_non_null(strstr(take(&cds, others[i]), "servers before"));
		assert_wanted(&cds, "B");
		cds_release(&cds);
	}
	begin(&cds, "A");
	assert_null(take(&cds, &none));
	assert_non_null(take(&cds, &gone));
	cds_release(&cds);
}

static void present_sets(void **state)
{
	static const struct shown b = { "AB", { "cB" }, { "A", "", "AB" } };
	struct cds cds;

	(void)state;
	begin(&cds, "");
	assert_int_equal(cds_present(&cds, AL_S("1 13 2")), AL_EINVAL);
	assert_int_equal(cds_present(&cds, AL_S("1 13 2 xyz")), AL_EINVAL);
	assert_int_equal(cds_present(&cds, AL_S("")), AL_EINVAL);
	/* A digest that nobody can compare vouches for nothing, and does no harm beside others. */
	assert_int_equal(cds_present(&cds, AL_S("1 13 3 00")), AL_OK);
	assert_non_null(take(&cds, &b));
	assert_int_equal(cds_present(&cds, al_slice_str(ds_text[0])), AL_OK);
	assert_null(take(&cds, &b));
	cds_release(&cds);
}

/* ---- what is an answer ---- */

/* An answer with `count` records of this type at the name, each with `rdata` bytes of zeros. */
static bool answers_many(uint16_t type, uint8_t rdata, uint16_t id, const char *question, size_t count)
{
	static uint8_t wire[65535];
	const uint8_t head[12] = { 0x12, 0x34, 0x84, 0, 0, 1, (uint8_t)(count >> 8), (uint8_t)count };
	uint8_t name[AL_NAME_WIRE_MAX];
	size_t len = 12, name_len = al_name_to_wire(al_slice_str(question), name);
	ldns_rdf *zone = ldns_dname_new_frm_str(ZONE);
	ldns_pkt *answer = NULL;
	bool is;

	memset(wire, 0, sizeof(wire));
	memcpy(wire, head, sizeof(head));
	for (size_t i = 0; i <= count; i++) {
		memcpy(wire + len, name, name_len);
		len += name_len;
		wire[len + 1] = (uint8_t)type;
		wire[len + 3] = 1;
		len += 4;
		if (i == 0) /* the question */
			continue;
		len += 4; /* TTL */
		wire[len + 1] = rdata;
		len += 2u + rdata;
	}
	assert_int_equal(ldns_wire2pkt(&answer, wire, len), LDNS_STATUS_OK);
	is = cds_answers(answer, id, zone, (ldns_rr_type)type);
	ldns_pkt_free(answer);
	ldns_rdf_deep_free(zone);
	return is;
}

static bool answers(uint16_t type, uint8_t rdata, uint16_t id, const char *question)
{
	return answers_many(type, rdata, id, question, 1);
}

/* Each key of one set is held against each digest of the other: nobody has that done with thousands. */
static void too_many_records_are_no_answer(void **state)
{
	(void)state;
	assert_true(answers_many(LDNS_RR_TYPE_CDS, 5, 0x1234, ZONE, CDS_RECORDS_MAX));
	assert_false(answers_many(LDNS_RR_TYPE_CDS, 5, 0x1234, ZONE, CDS_RECORDS_MAX + 1));
	assert_false(answers_many(LDNS_RR_TYPE_CDNSKEY, 4, 0x1234, ZONE, 2000));
}

static void half_a_record_is_none(void **state)
{
	(void)state;
	assert_true(answers(LDNS_RR_TYPE_NS, 1, 0x1234, ZONE));
	assert_false(answers(LDNS_RR_TYPE_NS, 1, 0x1235, ZONE));
	assert_false(answers(LDNS_RR_TYPE_NS, 1, 0x1234, "other.alamo"));
	assert_false(answers(LDNS_RR_TYPE_NS, 0, 0x1234, ZONE));
	assert_true(answers(LDNS_RR_TYPE_SOA, 22, 0x1234, ZONE));
	assert_false(answers(LDNS_RR_TYPE_SOA, 2, 0x1234, ZONE));
	assert_false(answers(LDNS_RR_TYPE_DNSKEY, 0, 0x1234, ZONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_zone_asks_for),
		cmocka_unit_test(signatures_that_do_not_count),
		cmocka_unit_test(servers_agree),
		cmocka_unit_test(present_sets),
		cmocka_unit_test(half_a_record_is_none),
		cmocka_unit_test(when_a_change_was_signed),
		cmocka_unit_test(too_many_records_are_no_answer),
	};

	return cmocka_run_group_tests(tests, keys_make, keys_free);
}
