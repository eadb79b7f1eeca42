/* SPDX-License-Identifier: MIT */
/*
 * test_builder.c -- what the builder says of its work, in figures and to the log, when it writes down what it has made,
 * and until when it shows that again.
 */
#include "folder.h"

#include "../metric.h"
#include "../said.h"
#include "kept.h"
#include "snapshot.h"
#include "zone_dump.h"

#define HOUR 3600u
#define DAY 86400u

static const char registry[] = "registry: TEST\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fca1:0:a::53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";
#define ZONES 4u /* the root's, the TLD's, its servers', the prefix's */

static const char names_made[] = "alamo_dns_names_compiled_total", sigs_made[] = "alamo_dns_signatures_total",
		  published[] = "alamo_dns_publishes_total", names_served[] = "alamo_dns_names",
		  snapshots[] = "alamo_dns_snapshots", log_size[] = "alamo_dns_log_size",
		  sig_since[] = "alamo_dns_signatures_since_seconds", sig_end[] = "alamo_dns_signatures_end_seconds";

static void put_names(struct fixture *f, unsigned from, unsigned to, const char *address)
{
	for (unsigned i = from; i < to; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nrecord: @ AAAA %s\nmnt-by: A-MNT\nsource: TEST\n", i, address);
		fixture_put(f, text);
	}
}

static void start(struct fixture *f, const char *dir, unsigned names)
{
	const struct builder_conf conf = { .signature_s = 14 * DAY, .keys_dir = dir };

	fixture_start(f, registry, &conf);
	put_names(f, 0, names, "fd00::1");
	fixture_build(f);
}

/* ---- figures ---- */

/* As a secondary would find it: of all signatures of all zones the first end, and its beginning. */
static void first_signature(struct fixture *f, uint64_t *since, uint64_t *end)
{
	*end = UINT64_MAX;
	for (size_t i = 0; i < ZONES; i++) {
		char name[DNAME_TEXT_MAX];
		ldns_rr_list *all;

		(void)dname_text(publish_enter(f->publish, 0)->zones[i]->apex.b, name);
		publish_leave(f->publish, 0);
		all = zone_dump(f, name, false);

		for (size_t k = 0; k < ldns_rr_list_rr_count(all); k++) {
			const ldns_rr *rr = ldns_rr_list_rr(all, k);
			uint64_t until;

			if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG)
				continue;
			until = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rr));
			if (until < *end) {
				*end = until;
				*since = ldns_rdf2native_int32(ldns_rr_rrsig_inception(rr));
			}
		}
		ldns_rr_list_deep_free(all);
	}
}

static void figures_are_of_the_zones(struct fixture *f)
{
	uint64_t since = 0, end;

	first_signature(f, &since, &end);
	assert_int_equal(metric(sig_end), end);
	assert_int_equal(metric(sig_since), since);
	assert_int_equal(metric(log_size), f->index);
}

static size_t names_of(struct fixture *f)
{
	const struct zone_set *set = publish_enter(f->publish, 0);
	size_t names = 0;

	assert_int_equal(set->count, ZONES);
	for (size_t i = 0; i < set->count; i++)
		names += set->zones[i]->chain.count;
	publish_leave(f->publish, 0);
	return names;
}

static void resign(struct fixture *f)
{
	for (bool more = true; more;)
		assert_int_equal(builder_resign(f->builder, &more), AL_OK);
}

static void what_was_made(void **state)
{
	uint64_t made, signatures, sets;
	struct fixture f;
	struct said said;
	char line[96];

	(void)state;
	made = metric(names_made) != UINT64_MAX ? metric(names_made) : 0;
	said_begin(&said);
	start(&f, NULL, 20);
	(void)snprintf(line, sizeof(line),
		       " event=zones-published size=%llu names=%zu signatures=", (unsigned long long)f.index,
		       names_of(&f));
	assert_non_null(strstr(said_end(&said), line));
	assert_int_equal(metric(names_made), made + names_of(&f));
	assert_int_equal(metric(names_served), names_of(&f));
	assert_int_equal(metric(snapshots), ZONES);
	figures_are_of_the_zones(&f);
	/* One name more: it, the name before it, which says what comes next, and the zone's own, with its SOA. */
	made = metric(names_made);
	signatures = metric(sigs_made);
	sets = metric(published);
	said_begin(&said);
	put_names(&f, 5000, 5001, "fd00::1");
	fixture_apply(&f);
	(void)snprintf(line, sizeof(line),
		       " event=zones-published size=%llu names=3 signatures=4 ms=", (unsigned long long)f.index);
	assert_non_null(strstr(said_end(&said), line));
	assert_int_equal(metric(names_made), made + 3);
	assert_int_equal(metric(sigs_made), signatures + 4);
	assert_int_equal(metric(published), sets + 1);
	assert_int_equal(metric(names_served), names_of(&f));
	figures_are_of_the_zones(&f);
	/* Entries that change no zone: nothing is said, but what is served is as new as they are. */
	said_begin(&said);
	f.index += 7;
	fixture_apply(&f);
	assert_string_equal(said_end(&said), "");
	assert_int_equal(metric(log_size), f.index);
	assert_int_equal(metric(published), sets + 2);
	assert_int_equal(metric(names_made), made + 3);
	fixture_stop(&f);
}

static uint32_t serial_of(struct fixture *f, size_t zone)
{
	char name[DNAME_TEXT_MAX];
	uint32_t serial = 0;
	ldns_rr_list *all;

	(void)dname_text(publish_enter(f->publish, 0)->zones[zone]->apex.b, name);
	publish_leave(f->publish, 0);
	all = zone_dump(f, name, false);
	for (size_t i = 0; i < ldns_rr_list_rr_count(all); i++)
		if (ldns_rr_get_type(ldns_rr_list_rr(all, i)) == LDNS_RR_TYPE_SOA)
			serial = ldns_rdf2native_int32(ldns_rr_rdf(ldns_rr_list_rr(all, i), 2));
	ldns_rr_list_deep_free(all);
	return serial;
}

/* The registry's object says how every zone is made: each is as new as that, whatever else is in it. */
static void a_plan_moves_every_serial(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, NULL, 3);
	al_object_unref(f.registry);
	f.index += 1000;
	f.registry = object_of(registry, f.index++);
	fixture_build(&f);
	for (size_t i = 0; i < ZONES; i++)
		assert_int_equal(serial_of(&f, i), f.registry->index + 1);
	fixture_stop(&f);
}

static void signed_anew(void **state)
{
	struct fixture f;
	uint64_t end;

	(void)state;
	start(&f, NULL, 600);
	resign(&f); /* nothing is due */
	figures_are_of_the_zones(&f);
	end = metric(sig_end);
	assert_true(end > fixture_clock + 13 * DAY);
	fixture_clock += 8 * DAY;
	resign(&f);
	figures_are_of_the_zones(&f);
	assert_true(metric(sig_end) >= end + 7 * DAY);
	fixture_stop(&f);
}

/* Of a large zone a round is done in pieces, between which changes have their turn; the figures are of all of it. */
static void a_round_in_pieces(void **state)
{
	uint64_t since = 0, end = 0;
	struct fixture f;
	bool more;

	(void)state;
	start(&f, NULL, 17000);
	assert_int_equal(builder_resign(f.builder, &more), AL_OK);
	assert_true(more);
	fixture_clock += DAY;
	put_names(&f, 16990, 16991, "fd00::2");
	fixture_apply(&f);
	resign(&f);
	first_signature(&f, &since, &end);
	assert_int_equal(end, FIXTURE_NOW + 14 * DAY);
	assert_int_equal(metric(sig_end), end);
	fixture_clock = FIXTURE_NOW + 8 * DAY;
	resign(&f);
	assert_int_equal(metric(sig_end), FIXTURE_NOW + 15 * DAY);
	fixture_stop(&f);
}

/* A zone that somebody still reads is there as long as he does. */
static void snapshots_that_are_read(void **state)
{
	struct fixture f;

	(void)state;
	start(&f, NULL, 3);
	(void)publish_enter(f.publish, 0);
	put_names(&f, 0, 1, "fd00::2");
	fixture_apply(&f);
	assert_int_equal(builder_snapshots(f.builder), ZONES + 1);
	assert_int_equal(metric(snapshots), ZONES + 1);
	publish_leave(f.publish, 0);
	builder_reclaim(f.builder);
	assert_int_equal(builder_snapshots(f.builder), ZONES);
	assert_int_equal(metric(snapshots), ZONES);
	fixture_stop(&f);
}

/* ---- written down ---- */

static bool is_kept(const char *dir)
{
	struct al_buf file;
	bool kept;

	al_buf_init(&file, 1u << 26);
	kept = kept_get(dir, "zones.snapshot", &file) == AL_OK;
	al_buf_release(&file);
	return kept;
}

/* After a thousand names, and one for each four that there are; and at the end whatever there is. */
static void kept_now_and_then(void **state)
{
	static const struct {
		unsigned names; /* served */
		bool kept;
	} rows[] = { { 0, false }, { 1332, false }, { 1333, false }, { 1334, true }, { 1400, true } };
	struct fixture f;
	char dir[256];

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		size_t others;

		(void)snprintf(dir, sizeof(dir), "%s/others%zu", (const char *)*state, i);
		start(&f, dir, 1);
		others = names_of(&f) - 1;
		fixture_stop(&f);
		(void)snprintf(dir, sizeof(dir), "%s/kept%zu", (const char *)*state, i);
		start(&f, dir, rows[i].names > others ? rows[i].names - (unsigned)others : 0);
		if (rows[i].names > 0)
			assert_int_equal(names_of(&f), rows[i].names);
		assert_int_equal(is_kept(dir), rows[i].kept);
		fixture_stop(&f);
		assert_true(is_kept(dir));
	}
}

/* By changes as well: when as many are made as it takes, and not again at once. */
static void kept_after_changes(void **state)
{
	struct fixture f;
	char dir[256], path[320];

	(void)snprintf(dir, sizeof(dir), "%s/changes", (const char *)*state);
	(void)snprintf(path, sizeof(path), "%s/zones.snapshot", dir);
	start(&f, dir, 400);
	assert_false(is_kept(dir));
	put_names(&f, 0, 400, "fd00::2");
	fixture_apply(&f);
	assert_false(is_kept(dir));
	put_names(&f, 0, 400, "fd00::3");
	fixture_apply(&f);
	assert_true(is_kept(dir));
	assert_int_equal(unlink(path), 0);
	put_names(&f, 0, 400, "fd00::4");
	fixture_apply(&f);
	assert_false(is_kept(dir));
	fixture_stop(&f);
	assert_true(is_kept(dir));
	/* Nothing is made anew: then there is nothing to write down either. */
	start(&f, dir, 0);
	put_names(&f, 0, 400, "fd00::4");
	fixture_apply(&f);
	fixture_stop(&f);
}

/* The next run takes everything over from there, and does not write it again: it is as long as all zones. */
static void not_written_twice(void **state)
{
	struct stat before, after;
	struct fixture f;
	char dir[256], path[320];

	(void)snprintf(dir, sizeof(dir), "%s/twice", (const char *)*state);
	(void)snprintf(path, sizeof(path), "%s/zones.snapshot", dir);
	start(&f, dir, 1400);
	fixture_stop(&f);
	assert_int_equal(stat(path, &before), 0);
	start(&f, dir, 1400);
	put_names(&f, 0, 1, "fd00::2");
	fixture_apply(&f);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);
	fixture_stop(&f);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(after.st_ino, before.st_ino);
}

/* ---- and shown again ---- */

/* A builder at this time; is what was served before shown at once? */
static bool restored_at(const char *dir, uint64_t now, const char *said_line)
{
	struct builder_conf conf = { .signature_s = 14 * DAY, .keys_dir = dir, .now = fixture_now };
	struct publish *publish;
	struct builder *builder;
	struct said said;
	bool shown;

	fixture_clock = now;
	assert_int_equal(publish_new(1, &publish), AL_OK);
	conf.publish = publish;
	said_begin(&said);
	assert_int_equal(builder_new(&conf, &builder), AL_OK);
	(void)said_end(&said);
	shown = publish_enter(publish, 0) != NULL;
	publish_leave(publish, 0);
	assert_int_equal(strstr(said.text, said_line) != NULL, shown);
	publish_free(publish);
	builder_free(builder);
	return shown;
}

/* As long as all of its signatures hold for another hour. */
static void shown_for_so_long(void **state)
{
	struct fixture f;
	uint64_t since, end;
	char dir[256], line[96];

	(void)snprintf(dir, sizeof(dir), "%s/shown", (const char *)*state);
	start(&f, dir, 20);
	first_signature(&f, &since, &end);
	(void)snprintf(line, sizeof(line), " event=zones-restored size=%llu zones=%u\n", (unsigned long long)f.index,
		       ZONES);
	fixture_stop(&f);
	assert_true(restored_at(dir, FIXTURE_NOW, line));
	assert_true(restored_at(dir, end - HOUR, line));
	assert_false(restored_at(dir, end - HOUR + 1, line));
	assert_false(restored_at(dir, end + DAY, line));
	assert_true(restored_at(dir, FIXTURE_NOW, line));
}

/* What cannot be written is said, and served all the same. */
static void not_kept(void **state)
{
	struct fixture f;
	struct said said;
	char dir[256], path[320];

	(void)snprintf(dir, sizeof(dir), "%s/not", (const char *)*state);
	start(&f, dir, 3);
	(void)snprintf(path, sizeof(path), "%s/zones.snapshot", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/zones.snapshot/full", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	said_begin(&said);
	fixture_stop(&f);
	assert_non_null(strstr(said_end(&said), " event=snapshot why=\"not kept: the next start signs everything\"\n"));
}

/* ---- the same again ---- */

static uint64_t names_by(struct fixture *f, const char *text)
{
	uint64_t before = metric(names_made);

	fixture_put(f, text);
	fixture_apply(f);
	return metric(names_made) - before;
}

/* An object that says what it said before changes nothing; whatever is different does. */
static void said_again(void **state)
{
#define SAID(rest) "domain: a.alamo\n" rest "mnt-by: A-MNT\nsource: TEST\n"
	static const char *const texts[] = {
		SAID("record: @ AAAA fd00::1\n"),
		SAID("record: @ AAAA fd00::2\n"),
		SAID("record: @ 60 AAAA fd00::2\n"),
		SAID("record: b 60 AAAA fd00::2\n"),
		SAID("record: b 60 AAAA fd00::2\nrecord: c 60 AAAA fd00::2\n"),
		SAID("record: b 60 AAAA fd00::2\n"),
		SAID("record: b 60 TXT x\n"),
		SAID("nserver: ns.a.alamo fd00::1\n"),
		SAID("nserver: ns2.a.alamo fd00::1\n"),
		SAID("nserver: ns2.a.alamo fd00::1\nnserver: ns.example\n"),
	};
	struct fixture f;

	(void)state;
	start(&f, NULL, 0);
	for (size_t i = 0; i < AL_COUNT(texts); i++) {
		if (names_by(&f, texts[i]) == 0)
			fail_msg("nothing by %s", texts[i]);
		if (names_by(&f, texts[i]) != 0)
			fail_msg("something by %s again", texts[i]);
	}
	fixture_stop(&f);
#undef SAID
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_made),      cmocka_unit_test(a_plan_moves_every_serial),
		cmocka_unit_test(signed_anew),        cmocka_unit_test(snapshots_that_are_read),
		cmocka_unit_test(a_round_in_pieces),  cmocka_unit_test(kept_now_and_then),
		cmocka_unit_test(kept_after_changes), cmocka_unit_test(not_written_twice),
		cmocka_unit_test(said_again),         cmocka_unit_test(shown_for_so_long),
		cmocka_unit_test(not_kept),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
