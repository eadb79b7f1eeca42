/* SPDX-License-Identifier: MIT */
/*
 * test_restart.c -- what a restart keeps: zones, signatures, serials and the
 * history of changes; and that no byte of a file is believed that is not ours.
 */
#include "folder.h"

#include <limits.h>
#include <sodium.h>

#include "kept.h"
#include "serials.h"
#include "snapshot.h"
#include "zone_dump.h"

#define DAY 86400u
#define NAMES 300

static const char registry[] = "registry: TEST\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fca1:0:a::53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";

static void put_names(struct fixture *f, unsigned changed)
{
	for (unsigned i = 0; i < NAMES; i++) {
		char text[256];

		(void)snprintf(text, sizeof(text), "domain: n%u.alamo\n%s: %s%u\nmnt-by: A-MNT\nsource: TEST\n", i,
			       i % 3 == 0 ? "nserver" : "record", i % 3 == 0 ? "ns.example" : "@ AAAA fd00::",
			       i % 3 == 0 ? i : i + (i == changed ? 5000 : 1));
		fixture_put(f, text);
	}
}

static void run(struct fixture *f, const char *dir, unsigned changed)
{
	struct builder_conf conf = { .signature_s = 14 * DAY, .keys_dir = dir, .zonemd_names = 1000 };

	fixture_start(f, registry, &conf);
	put_names(f, changed);
	fixture_build(f);
}

static char *all_text(ldns_rr_list *zone)
{
	char *text;

	ldns_rr_list_sort(zone);
	text = ldns_rr_list2str(zone);
	ldns_rr_list_deep_free(zone);
	return text;
}

static void the_same_zone_byte_for_byte(void **state)
{
	struct fixture f;
	char dir[256], *first, *second;

	(void)snprintf(dir, sizeof(dir), "%s/same", (const char *)*state);
	run(&f, dir, NAMES);
	first = all_text(zone_dump(&f, "alamo", false));
	fixture_stop(&f);
	run(&f, dir, NAMES);
	second = all_text(zone_dump(&f, "alamo", false));
	assert_string_equal(first, second); /* signatures are never the same twice: none was made */
	fixture_stop(&f);
	free(first);
	free(second);
}

/* Before the log is here, what was served is served, marked as such; afterwards it is not marked. */
static void answers_before_the_log_is_here(void **state)
{
	struct builder_conf conf = { .signature_s = 14 * DAY };
	struct question q = { .name = "n1.alamo", .type = RR_AAAA, .dnssec = true };
	static uint8_t out[ANSWER_TCP_MAX];
	static const uint8_t stale[] = { 0, 15, 0, 2, 0, EDE_STALE };
	struct fixture f;
	char dir[256];
	size_t len;

	(void)snprintf(dir, sizeof(dir), "%s/stale", (const char *)*state);
	run(&f, dir, NAMES);
	fixture_stop(&f);
	conf.keys_dir = dir;
	fixture_start(&f, registry, &conf);
	len = fixture_ask(&f, &q, out);
	assert_int_equal(al_get_u16(out + 6), 2);
	assert_memory_equal(out + len - sizeof(stale), stale, sizeof(stale));
	put_names(&f, NAMES);
	fixture_build(&f);
	len = fixture_ask(&f, &q, out);
	assert_int_equal(al_get_u16(out + 6), 2);
	assert_memory_not_equal(out + len - sizeof(stale), stale, sizeof(stale));
	fixture_stop(&f);
	/* After a crash, or with signatures that end soon, nothing old is shown. */
	fixture_start(&f, registry, &conf);
	fixture_clock = FIXTURE_NOW + 14 * DAY;
	publish_free(f.publish);
	builder_free(f.builder);
	assert_int_equal(publish_new(2, &f.publish), AL_OK);
	conf.publish = f.publish;
	conf.now = fixture_now;
	assert_int_equal(builder_new(&conf, &f.builder), AL_OK);
	assert_null(publish_enter(f.publish, 0));
	publish_leave(f.publish, 0);
	fixture_stop(&f);
}

static uint32_t serial_now(struct fixture *f)
{
	uint32_t serial = publish_enter(f->publish, 0)->zones[1]->serial;

	publish_leave(f->publish, 0);
	return serial;
}

/* One name is different: it alone is signed, and a secondary of before gets the difference. */
static void a_difference_is_a_delta(void **state)
{
	const struct delta *last;
	const struct zone *zone;
	struct fixture f;
	uint32_t before;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/delta", (const char *)*state);
	run(&f, dir, NAMES);
	before = serial_now(&f);
	fixture_stop(&f);
	run(&f, dir, 7);
	assert_true(serial_newer(serial_now(&f), before));
	zone = publish_enter(f.publish, 0)->zones[1];
	assert_true(zone->delta_count > 0);
	last = zone->deltas[zone->delta_count - 1];
	assert_int_equal(last->from, before);
	assert_int_equal(last->to, zone->serial);
	/* SOA, ZONEMD and the record, each with its signature, before and after */
	assert_int_equal(last->count, 12);
	publish_leave(f.publish, 0);
	fixture_stop(&f);
	run(&f, dir, 7);
	assert_int_equal(publish_enter(f.publish, 0)->zones[1]->delta_count, 1); /* the history is kept too */
	publish_leave(f.publish, 0);
	fixture_stop(&f);
	for (int again = 0; again < 2; again++) { /* all of it */
		run(&f, dir, 8);
		zone = publish_enter(f.publish, 0)->zones[1];
		assert_int_equal(zone->delta_count, 2);
		assert_int_equal(zone->deltas[0]->from, before);
		assert_int_equal(zone->deltas[1]->from, zone->deltas[0]->to);
		assert_int_equal(zone->deltas[1]->to, zone->serial);
		publish_leave(f.publish, 0);
		fixture_stop(&f);
	}
}

/* The serials' file is what a crash leaves: ahead of all that was told. */
static void a_crash_moves_the_serial(void **state)
{
	struct fixture f;
	uint32_t before;
	char dir[256], text[128];

	(void)snprintf(dir, sizeof(dir), "%s/crash", (const char *)*state);
	run(&f, dir, NAMES);
	before = serial_now(&f);
	fixture_stop(&f);
	(void)snprintf(text, sizeof(text), ". %u\nalamo. %u\n10.in-addr.arpa. %u\n", before + 512, before + 512,
		       before + 512);
	assert_int_equal(kept_put(dir, "serials", 0644, text, strlen(text)), AL_OK);
	fixture_start(&f, registry,
		      &(struct builder_conf){ .signature_s = 14 * DAY, .keys_dir = dir, .zonemd_names = 1000 });
	assert_null(publish_enter(f.publish, 0));
	publish_leave(f.publish, 0);
	put_names(&f, NAMES);
	fixture_build(&f);
	assert_true(serial_newer(serial_now(&f), before + 512));
	fixture_stop(&f);
}

/* One zone has gone on since what was kept: none of it is shown, whichever it is. */
static void what_is_kept_is_whole(void **state)
{
	static const char *const zones[] = { ".", "alamo.", "10.in-addr.arpa." };
	const struct builder_conf conf = { .signature_s = 14 * DAY, .zonemd_names = 1000 };
	struct builder_conf used = conf;
	struct fixture f;
	struct al_buf file;
	char dir[256], text[128];

	(void)snprintf(dir, sizeof(dir), "%s/whole", (const char *)*state);
	used.keys_dir = dir;
	run(&f, dir, NAMES);
	fixture_stop(&f);
	al_buf_init(&file, 65536);
	assert_int_equal(kept_get(dir, "serials", &file), AL_OK);
	fixture_start(&f, registry, &used);
	assert_non_null(publish_enter(f.publish, 0));
	publish_leave(f.publish, 0);
	fixture_stop(&f);
	for (size_t i = 0; i < AL_COUNT(zones); i++) {
		struct al_slice rest = al_buf_view(&file), line;
		struct al_buf other;

		al_buf_init(&other, 65536);
		while (al_slice_line(&rest, &line)) {
			(void)snprintf(text, sizeof(text), "%s ", zones[i]);
			al_buf_slice(&other, line);
			al_buf_str(&other, al_slice_starts(line, text) ? "0\n" : "\n"); /* ten times as much */
		}
		assert_int_equal(other.len, file.len + 1);
		assert_int_equal(kept_put(dir, "serials", 0644, other.ptr, other.len), AL_OK);
		fixture_start(&f, registry, &used);
		assert_null(publish_enter(f.publish, 0));
		publish_leave(f.publish, 0);
		fixture_stop(&f);
		al_buf_release(&other);
	}
	al_buf_release(&file);
}

/* A name that does not fit is none, and not the one that its beginning is. */
static void long_paths_are_refused(void **state)
{
	static char dir[PATH_MAX + 8];
	struct al_buf out;

	(void)state;
	al_buf_init(&out, 64);
	for (size_t i = 0; i < sizeof(dir) - 1; i++)
		dir[i] = i % 2 == 0 ? '/' : 'x';
	dir[PATH_MAX - 3] = '\0';
	assert_int_equal(kept_get(dir, "n", &out), AL_ENOTFOUND); /* and its end: PATH_MAX */
	dir[PATH_MAX - 3] = 'x';
	dir[PATH_MAX - 2] = '\0';
	assert_int_equal(kept_get(dir, "n", &out), AL_ELIMIT);
	assert_int_equal(kept_put(dir, "n", 0600, "x", 1), AL_ELIMIT);
	al_buf_release(&out);
}

/* Every bit of the file counts, and so does its end. */
static void no_foreign_byte_is_believed(void **state)
{
	struct snapshot *snapshot;
	struct fixture f;
	struct al_buf file;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/foreign", (const char *)*state);
	run(&f, dir, NAMES);
	fixture_stop(&f);
	al_buf_init(&file, 1u << 24);
	assert_int_equal(kept_get(dir, "zones.snapshot", &file), AL_OK);
	assert_int_equal(snapshot_load(dir, 1, &snapshot), AL_OK);
	snapshot_free(snapshot);
	for (size_t at = 0; at < file.len; at += file.len / 23) {
		file.ptr[at] ^= 1;
		assert_int_equal(kept_put(dir, "zones.snapshot", 0600, file.ptr, file.len), AL_OK);
		assert_int_equal(snapshot_load(dir, 1, &snapshot), AL_ENOTFOUND);
		file.ptr[at] ^= 1;
		assert_int_equal(kept_put(dir, "zones.snapshot", 0600, file.ptr, at), AL_OK);
		assert_int_equal(snapshot_load(dir, 1, &snapshot), AL_ENOTFOUND);
	}
	al_buf_release(&file);
	/* And the zones are made without it. */
	run(&f, dir, NAMES);
	assert_true(publish_enter(f.publish, 0)->count == 4);
	publish_leave(f.publish, 0);
	fixture_stop(&f);
}

/* What is written with our secret, whatever it says. */
static enum al_err load_signed(const char *dir, const uint8_t *bytes, size_t len)
{
	struct snapshot *snapshot = NULL;
	uint8_t secret[32], digest[32];
	char path[320];
	enum al_err err;
	FILE *file;

	assert_int_equal(kept_secret(dir, "snapshot-secret", secret, sizeof(secret)), AL_OK);
	assert_int_equal(crypto_generichash(digest, sizeof(digest), bytes, len, secret, sizeof(secret)), 0);
	(void)snprintf(path, sizeof(path), "%s/zones.snapshot", dir);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file) + fwrite(digest, 1, sizeof(digest), file), len + sizeof(digest));
	assert_int_equal(fclose(file), 0);
	err = snapshot_load(dir, 1, &snapshot);
	if (err == AL_OK)
		snapshot_free(snapshot);
	return err;
}

/* A file of ours, but of another program, or not whole: it is not used. */
static void no_other_form_is_believed(void **state)
{
	static const char head[] = "alamo zones 1 " ALAMO_VERSION "\n";
	const size_t numbers = sizeof(head) - 1, count_at = numbers + 4 + 4 + 8;
	struct fixture f;
	struct al_buf file;
	uint8_t *bytes;
	size_t len;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/form", (const char *)*state);
	run(&f, dir, NAMES);
	fixture_stop(&f);
	al_buf_init(&file, 1u << 24);
	assert_int_equal(kept_get(dir, "zones.snapshot", &file), AL_OK);
	len = file.len - 32;
	bytes = malloc(len + 1);
	assert_non_null(bytes);
	memcpy(bytes, file.ptr, len);
	bytes[len] = 0;
	assert_int_equal(load_signed(dir, bytes, len), AL_OK);
	/* The program's name and version, the machine's order of bytes, how nodes lie in memory. */
	for (size_t at = 0; at < numbers + 8; at++) {
		bytes[at] ^= 1;
		assert_int_equal(load_signed(dir, bytes, len), AL_ENOTFOUND);
		bytes[at] ^= 1;
	}
	/* More zones than there are, or can be; fewer; none. */
	for (uint32_t count = 0; count <= 5; count++) {
		al_set_u32(bytes + count_at, count < 5 ? count : UINT32_MAX);
		assert_int_equal(load_signed(dir, bytes, len), count == 4 ? AL_OK : AL_ENOTFOUND);
	}
	al_set_u32(bytes + count_at, 4);
	assert_int_equal(load_signed(dir, bytes, len + 1), AL_ENOTFOUND);
	for (size_t cut = 1; cut < len; cut += len / 97)
		assert_int_equal(load_signed(dir, bytes, len - cut), AL_ENOTFOUND);
	for (size_t end = 0; end < 400; end++)
		assert_int_equal(load_signed(dir, bytes, end), AL_ENOTFOUND);
	free(bytes);
	al_buf_release(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_zone_byte_for_byte), cmocka_unit_test(answers_before_the_log_is_here),
		cmocka_unit_test(a_difference_is_a_delta),     cmocka_unit_test(a_crash_moves_the_serial),
		cmocka_unit_test(no_foreign_byte_is_believed), cmocka_unit_test(what_is_kept_is_whole),
		cmocka_unit_test(long_paths_are_refused),      cmocka_unit_test(no_other_form_is_believed),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
