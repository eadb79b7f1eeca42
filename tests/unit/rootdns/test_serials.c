/* SPDX-License-Identifier: MIT */
/*
 * test_serials.c -- a zone's serial never goes back and moves with every byte
 * of the zone: over restarts, deletions, new signatures and wrong clocks.
 */
#include "folder.h"

#include "../said.h"
#include "kept.h"
#include "serials.h"
#include "zone_dump.h"

#define DAY 86400u

static const char registry[] = "registry: TEST\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fca1:0:a::53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";
static const char network[] = "inetnum: 10.1.0.0/16\nnetname: NN\nnserver: ns.a.alamo\nmnt-by: A-MNT\nsource: TEST\n";
static const char bare_network[] = "inetnum: 10.1.0.0/16\nnetname: NN\nmnt-by: A-MNT\nsource: TEST\n";

static uint32_t next_of(struct serials *serials, const char *zone, uint64_t floor)
{
	struct dname apex;
	uint32_t serial;

	assert_int_equal(dname_of_text(al_slice_str(zone), &apex), AL_OK);
	assert_int_equal(serials_next(serials, &apex, floor, &serial), AL_OK);
	return serial;
}

static void the_log_leads_where_it_is_ahead(void **state)
{
	struct serials *serials;

	(void)state;
	assert_int_equal(serials_open(NULL, &serials), AL_OK);
	assert_int_equal(next_of(serials, "alamo", 7), 7);
	assert_int_equal(next_of(serials, "alamo", 7), 8);
	assert_int_equal(next_of(serials, "alamo", 7), 9);
	assert_int_equal(next_of(serials, "", 7), 7);
	assert_int_equal(next_of(serials, "alamo", 20), 20);
	assert_int_equal(next_of(serials, "alamo", 3), 21);
	serials_free(serials);
}

/* RFC 1982: the circle has no end, and 0 is no serial that tools know what to do with. */
static void numbers_go_round(void **state)
{
	struct serials *serials;

	(void)state;
	assert_int_equal(serials_open(NULL, &serials), AL_OK);
	assert_int_equal(next_of(serials, "alamo", 0x7ffffff0), 0x7ffffff0);
	assert_int_equal(next_of(serials, "alamo", 0xffffffff),
			 0x7ffffff1); /* exactly half the circle or more is not ahead */
	assert_int_equal(next_of(serials, "alamo", 0xefffffff), 0xefffffff);
	assert_int_equal(next_of(serials, "alamo", UINT64_C(0xffffffff)), 0xffffffff);
	assert_int_equal(next_of(serials, "alamo", 5), 5);
	assert_int_equal(next_of(serials, "alamo", UINT64_C(0xffffffff)), 6);
	serials_free(serials);
	/* At its end: not 0. */
	assert_int_equal(serials_open(NULL, &serials), AL_OK);
	assert_int_equal(next_of(serials, "alamo", 0), 1);
	assert_int_equal(next_of(serials, "alamo", 0x7fffffff), 0x7fffffff);
	assert_int_equal(next_of(serials, "alamo", 0xfffffffe), 0xfffffffe);
	assert_int_equal(next_of(serials, "alamo", 0xfffffffe), 0xffffffff);
	assert_int_equal(next_of(serials, "alamo", 0xfffffffe), 1);
	serials_free(serials);
	assert_true(serial_newer(1, 0xffffffff));
	assert_false(serial_newer(5, 5));
}

static void a_stop_keeps_the_number_and_a_crash_jumps(void **state)
{
	struct serials *serials, *lost;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/stop", (const char *)*state);
	assert_int_equal(serials_open(dir, &serials), AL_OK);
	assert_int_equal(next_of(serials, "alamo", 4), 4);
	serials_free(serials);
	assert_int_equal(serials_open(dir, &lost), AL_OK);
	assert_int_equal(next_of(lost, "alamo", 1), 5);
	assert_int_equal(next_of(lost, "alamo", 1), 6);
	/* Not closed: what a process that was killed leaves. */
	assert_int_equal(serials_open(dir, &serials), AL_OK);
	assert_true(serial_newer(next_of(serials, "alamo", 1), 6));
	serials_free(serials);
	serials_free(lost);
}

static void file_says(const char *dir, const char *text)
{
	struct al_buf file;

	al_buf_init(&file, 65536);
	assert_int_equal(kept_get(dir, "serials", &file), AL_OK);
	al_buf_u8(&file, 0);
	assert_string_equal((const char *)file.ptr, text);
	al_buf_release(&file);
}

static void a_damaged_file_stops_the_start(void **state)
{
	static const char *const texts[] = { "alamo. x\n",          "alamo. 5 6\n", "alamo 5\n", "alamo. 5\nalamo. 6\n",
					     "alamo. 4294967296\n", "\n",           "alamo.\n" };
	struct serials *serials;
	char dir[256], line[64];

	(void)snprintf(dir, sizeof(dir), "%s/bad", (const char *)*state);
	assert_int_equal(kept_dir(dir), AL_OK);
	for (size_t i = 0; i < AL_COUNT(texts); i++) {
		struct said said;
		enum al_err err;

		assert_int_equal(kept_put(dir, "serials", 0644, texts[i], strlen(texts[i])), AL_OK);
		said_begin(&said);
		err = serials_open(dir, &serials);
		(void)snprintf(line, sizeof(line), "/serials line=%d why=\"not NAME SERIAL\"",
			       strchr(texts[i], '\n')[1] == '\0' ? 1 : 2);
		assert_non_null(strstr(said_end(&said), line));
		assert_int_equal(err, AL_EINVAL);
		file_says(dir, texts[i]); /* it is left as it is */
	}
}

/* What the file says lets 512 serials be told before it is written again; in order it ends with what was told. */
static void the_file_is_ahead(void **state)
{
	struct serials *serials;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/ahead", (const char *)*state);
	assert_int_equal(serials_open(dir, &serials), AL_OK);
	assert_int_equal(next_of(serials, "alamo", 4), 4);
	file_says(dir, "alamo. 516\n");
	assert_int_equal(next_of(serials, "", 0), 1);
	file_says(dir, "alamo. 516\n. 513\n");
	assert_int_equal(next_of(serials, "alamo", 516), 516);
	file_says(dir, "alamo. 516\n. 513\n");
	assert_int_equal(next_of(serials, "alamo", 516), 517);
	file_says(dir, "alamo. 1029\n. 513\n");
	serials_free(serials);
	file_says(dir, "alamo. 517\n. 1\n");
	/* Nothing was told: nothing is written. */
	assert_int_equal(serials_open(dir, &serials), AL_OK);
	assert_int_equal(kept_put(dir, "serials", 0644, "other\n", 6), AL_OK);
	serials_free(serials);
	file_says(dir, "other\n");
}

/* A serial that could not be written down ahead is not told; the next call tells it. */
static void nothing_is_told_that_is_not_kept(void **state)
{
	struct serials *serials;
	struct dname apex;
	struct said said;
	uint32_t serial = 99;
	enum al_err err;
	char dir[256], path[320];

	(void)snprintf(dir, sizeof(dir), "%s/told", (const char *)*state);
	(void)snprintf(path, sizeof(path), "%s/serials", dir);
	assert_int_equal(dname_of_text(AL_S("alamo"), &apex), AL_OK);
	assert_int_equal(serials_open(dir, &serials), AL_OK);
	assert_int_equal(mkdir(path, 0700), 0);
	for (unsigned i = 0; i < 2; i++) {
		said_begin(&said);
		err = serials_next(serials, &apex, 7, &serial);
		assert_non_null(strstr(said_end(&said), "event=key-file call=rename "));
		assert_int_equal(err, AL_ESYS);
		assert_int_equal(serial, 99);
	}
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(next_of(serials, "alamo", 7), 7);
	file_says(dir, "alamo. 519\n");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	said_begin(&said);
	serials_free(serials);
	assert_non_null(strstr(said_end(&said), "event=serials why=\"not kept: they will jump at the next start\"\n"));
	assert_int_equal(rmdir(path), 0);
}

/* ---- whole zones ---- */

static uint32_t serial_of(struct fixture *f, const char *name)
{
	ldns_rr_list *zone = zone_dump(f, name, false);
	uint32_t serial = ldns_rdf2native_int32(ldns_rr_rdf(ldns_rr_list_rr(zone, 0), 2));

	ldns_rr_list_deep_free(zone);
	return serial;
}

/*
 * A restart shows what was shown, byte for byte and with the same serial, until something is different; then the
 * serial moves on, whatever the log has left of what made the zone.
 */
static void a_restart_goes_on(void **state)
{
	struct builder_conf conf = { .signature_s = 14 * DAY };
	uint32_t root, reverse;
	struct fixture f;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/restart", (const char *)*state);
	conf.keys_dir = dir;
	fixture_start(&f, registry, &conf);
	fixture_put(&f, network);
	fixture_build(&f);
	reverse = serial_of(&f, "10.in-addr.arpa");
	root = serial_of(&f, ".");
	fixture_stop(&f);

	/* The log has only the last version now, which has nothing to say to the reverse zone. */
	fixture_start(&f, registry, &conf);
	f.index = 1;
	fixture_put(&f, bare_network);
	fixture_build(&f);
	assert_true(serial_newer(serial_of(&f, "10.in-addr.arpa"), reverse));
	assert_int_equal(serial_of(&f, "."), root);
	fixture_stop(&f);
}

static void resign_all(struct fixture *f)
{
	bool more = true;

	while (more)
		assert_int_equal(builder_resign(f->builder, &more), AL_OK);
}

static ldns_rr_list *soa_sig_of(struct fixture *f, uint32_t *expiration)
{
	ldns_rr_list *zone = zone_dump(f, "alamo", false);

	*expiration = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(zone); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(zone, i);

		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG &&
		    (*expiration == 0 || ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr)) < *expiration))
			*expiration = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr));
	}
	return zone;
}

/* A quiet registry: no entry for weeks. Secondaries ask for the serial, and must see a new one with new signatures. */
static void new_signatures_move_the_serial(void **state)
{
	uint32_t serial, expiration;
	struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	serial = serial_of(&f, "alamo");
	resign_all(&f);
	assert_int_equal(serial_of(&f, "alamo"), serial); /* nothing was due */
	for (unsigned day = 0; day < 30; day++) {
		ldns_rr_list *zone;

		fixture_clock += DAY;
		resign_all(&f);
		zone = soa_sig_of(&f, &expiration);
		/* The first half of a signature's life is for us, the SOA's expire fits into the rest. */
		assert_true(expiration >= fixture_clock + 6 * DAY);
		assert_true(ldns_rdf2native_int32(ldns_rr_rdf(ldns_rr_list_rr(zone, 0), 5)) < 6 * DAY);
		ldns_rr_list_deep_free(zone);
	}
	assert_true(serial_newer(serial_of(&f, "alamo"), serial));
	fixture_stop(&f);
}

/* One name alone is due: it too is a change that must be published. */
static void a_lone_name_is_renewed(void **state)
{
	ldns_rr_list *zone;
	uint32_t expiration;
	struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	fixture_clock += 2 * DAY;
	fixture_put(&f, "domain: a.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n");
	fixture_apply(&f); /* a.alamo and the apex are younger now than the name servers */
	fixture_clock += 5 * DAY + 1;
	resign_all(&f);
	zone = soa_sig_of(&f, &expiration);
	assert_int_equal(expiration, FIXTURE_NOW + 16 * DAY);
	ldns_rr_list_deep_free(zone);
	fixture_stop(&f);
}

/* Signatures of a clock that was a year ahead begin in the future: validators refuse them. */
static void a_clock_that_was_ahead_is_noticed(void **state)
{
	ldns_rr_list *zone;
	struct fixture f;
	uint32_t serial;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_clock = FIXTURE_NOW + 365 * DAY;
	fixture_build(&f);
	serial = serial_of(&f, "alamo");
	fixture_clock = FIXTURE_NOW;
	resign_all(&f);
	zone = zone_dump(&f, "alamo", false);
	assert_true(dump_verify(zone, FIXTURE_NOW) >= 4);
	ldns_rr_list_deep_free(zone);
	assert_true(serial_newer(serial_of(&f, "alamo"), serial));
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_log_leads_where_it_is_ahead),
		cmocka_unit_test(numbers_go_round),
		cmocka_unit_test(a_stop_keeps_the_number_and_a_crash_jumps),
		cmocka_unit_test(a_damaged_file_stops_the_start),
		cmocka_unit_test(the_file_is_ahead),
		cmocka_unit_test(nothing_is_told_that_is_not_kept),
		cmocka_unit_test(a_restart_goes_on),
		cmocka_unit_test(new_signatures_move_the_serial),
		cmocka_unit_test(a_lone_name_is_renewed),
		cmocka_unit_test(a_clock_that_was_ahead_is_noticed),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
