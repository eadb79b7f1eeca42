/* SPDX-License-Identifier: MIT */
/*
 * test_nrtm4.c -- a snapshot of any size of the log has what the deltas up to it leave, and which of them are named
 * depends on the log and the time alone.
 */
#include "fixture.h"

#include <jansson.h>
#include <zlib.h>

#include "alamo/rpsl/entry.h"
#include "entries.h"
#include "history.h"
#include "nrtm4.h"
#include "nrtm4_files.h"

#define ENTRIES 240u
#define NAMES 12u
#define DAY 86400u
#define SESSION "00000000-0000-4000-8000-000000000000"

static struct {
	struct fixture f;
	struct whois_history *history;
	struct whois_entries *entries;
} log_;

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	fixture_change(&log_.f, old, now);
	whois_history_change(log_.history, old, now);
	(void)arg;
}

/* An entry at a time; `text` NULL: of a kind that is not known here. */
static void put(uint64_t time, const char *text)
{
	struct al_entry entry = {
		.index = al_state_size(log_.f.state), .time = time, .kind = AL_S("later"), .result = AL_S("x")
	};
	struct al_hash leaf = { { 0 } };
	struct al_object *object = NULL;
	struct al_buf bytes;
	bool deletes;

	al_buf_init(&bytes, 4096);
	assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
	whois_entries_add(log_.entries, al_buf_view(&bytes), &leaf);
	if (text != NULL) {
		struct al_build build = {
			.raw = al_slice_str(text), .index = entry.index, .time = time, .created = time
		};

		assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
	}
	assert_int_equal(al_state_put(log_.f.state, &object, text != NULL, time), AL_OK);
	al_object_unref(object);
	log_.f.view.head.size = al_state_size(log_.f.state);
	al_buf_release(&bytes);
}

static uint64_t time_of(uint64_t index)
{
	return FIXTURE_TIME + index * index * 7;
}

static int setup(void **state)
{
	uint32_t seed = 7;

	(void)state;
	fixture_init(&log_.f);
	assert_int_equal(whois_history_new("/tmp", &log_.history), AL_OK);
	assert_int_equal(whois_entries_new("/tmp", &log_.entries), AL_OK);
	log_.f.view.history = log_.history;
	log_.f.view.entries = log_.entries;
	al_state_observe(log_.f.state, on_change, NULL);
	put(time_of(0), "registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n");
	for (uint64_t i = 1; i < ENTRIES; i++) {
		char text[256], key[32];
		unsigned name;
		bool there;

		seed = seed * 1664525u + 1013904223u;
		name = (seed >> 8) % NAMES;
		(void)snprintf(key, sizeof(key), "M%u-MNT", name);
		there = al_state_get(log_.f.state, AL_MNTNER, al_slice_str(key)) != NULL;
		(void)snprintf(text, sizeof(text),
			       "mntner: M%u-MNT\ndescr: \"%llu\" \\ %s\nmnt-by: A-MNT\nsource: TEST\n%s", name,
			       (unsigned long long)i, "\xc3\x96",
			       there && (seed >> 20) % 3 == 0 ? "delete: gone\n" : "");
		put(time_of(i), (seed >> 16) % 10 == 0 ? NULL : text);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(whois_history_error(log_.history), AL_OK);
	fixture_release(&log_.f);
	whois_history_free(log_.history);
	whois_entries_free(log_.entries);
	return 0;
}

/* ---- reading files ---- */

static void unpack(const struct al_buf *packed, struct al_buf *out)
{
	z_stream stream;
	int result = Z_OK;

	memset(&stream, 0, sizeof(stream));
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = packed->ptr;
	stream.avail_in = (unsigned)packed->len;
	al_buf_reset(out);
	while (result == Z_OK) {
		unsigned char chunk[4096];

		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		result = inflate(&stream, Z_NO_FLUSH);
		al_buf_put(out, chunk, sizeof(chunk) - stream.avail_out);
	}
	assert_int_equal(result, Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	assert_int_equal(inflateEnd(&stream), Z_OK);
}

/* The header is checked; the records are given back. */
static json_t *read_file_of(const struct al_buf *packed, const char *type, uint64_t version)
{
	json_t *records = json_array();
	struct al_slice rest, line;
	struct al_buf text;

	al_buf_init(&text, 1u << 20);
	unpack(packed, &text);
	rest = al_buf_view(&text);
	while (al_slice_line(&rest, &line)) {
		json_t *record;

		assert_int_equal(line.ptr[0], 0x1e);
		record = json_loadb(line.ptr + 1, line.len - 1, 0, NULL);
		assert_non_null(record);
		assert_int_equal(json_array_append_new(records, record), 0);
	}
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 0), "type")), type);
	assert_string_equal(json_string_value(json_object_get(json_array_get(records, 0), "session_id")), SESSION);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(records, 0), "version")), version);
	assert_int_equal(json_array_remove(records, 0), 0);
	al_buf_release(&text);
	return records;
}

/* "CLASS KEY": this test's keys are the first line's value. */
static void name_of(const char *object, char out[static 64])
{
	struct al_slice line = al_slice_str(object), cls;

	line = al_slice_head(line, strcspn(object, "\r\n"));
	assert_true(al_slice_cut(&line, ':', &cls));
	(void)snprintf(out, 64, "%.*s %.*s", AL_FMT(cls), AL_FMT(al_slice_trim(line)));
}

static void apply_delta(json_t *objects, const json_t *records)
{
	const json_t *record;
	size_t i;
	char name[64];

	assert_true(json_array_size(records) > 0);
	json_array_foreach(records, i, record)
	{
		const char *object = json_string_value(json_object_get(record, "object"));

		if (object != NULL) {
			assert_string_equal(json_string_value(json_object_get(record, "action")), "add_modify");
			name_of(object, name);
			assert_int_equal(json_object_set_new(objects, name, json_string(object)), 0);
			continue;
		}
		assert_string_equal(json_string_value(json_object_get(record, "action")), "delete");
		(void)snprintf(name, sizeof(name), "%s %s", json_string_value(json_object_get(record, "object_class")),
			       json_string_value(json_object_get(record, "primary_key")));
		assert_int_equal(json_object_del(objects, name), 0);
	}
}

static void check_snapshot(const json_t *objects, uint64_t version)
{
	struct nrtm4_snapshot *snapshot;
	const json_t *record;
	struct al_buf packed;
	enum al_err err;
	json_t *records;
	char name[64];
	size_t i;

	al_buf_init(&packed, 1u << 20);
	assert_int_equal(nrtm4_snapshot_new(&log_.f.view, SESSION, version, &packed, &snapshot), AL_OK);
	do
		err = nrtm4_snapshot_step(snapshot);
	while (err == AL_EAGAIN);
	assert_int_equal(err, AL_OK);
	nrtm4_snapshot_free(snapshot);
	records = read_file_of(&packed, "snapshot", version);
	assert_int_equal(json_array_size(records), json_object_size(objects));
	json_array_foreach(records, i, record)
	{
		const char *object = json_string_value(json_object_get(record, "object"));

		name_of(object, name);
		assert_string_equal(object, json_string_value(json_object_get(objects, name)));
	}
	json_decref(records);
	al_buf_release(&packed);
}

static void test_files(void **state)
{
	json_t *objects = json_object();
	struct al_buf packed, again;

	(void)state;
	al_buf_init(&packed, 1u << 20);
	al_buf_init(&again, 1u << 20);
	for (uint64_t version = 1; version <= ENTRIES; version++) {
		json_t *records;

		assert_int_equal(nrtm4_delta(&log_.f.view, SESSION, version, &packed), AL_OK);
		assert_int_equal(nrtm4_delta(&log_.f.view, SESSION, version, &again), AL_OK);
		assert_int_equal(packed.len, again.len);
		assert_memory_equal(packed.ptr, again.ptr, packed.len);
		records = read_file_of(&packed, "delta", version);
		apply_delta(objects, records);
		json_decref(records);
		check_snapshot(objects, version);
	}
	assert_true(json_object_size(objects) > NAMES / 2);
	json_decref(objects);
	al_buf_release(&packed);
	al_buf_release(&again);
}

/* ---- what is named ---- */

static void test_plan(void **state)
{
	uint64_t end = time_of(ENTRIES - 1);

	(void)state;
	for (uint64_t now = FIXTURE_TIME; now < end + 3 * DAY; now += 977) {
		struct nrtm4_plan plan = nrtm4_plan(&log_.f.view, now);
		uint64_t boundary = now - now % NRTM4_SNAPSHOT_S;

		assert_int_equal(plan.last, ENTRIES);
		assert_in_range(plan.snapshot, 1, ENTRIES);
		assert_in_range(plan.first, 1, plan.snapshot + 1);
		/* The snapshot has all that is older than the boundary, and nothing that is younger. */
		assert_true(plan.snapshot == 1 || time_of(plan.snapshot - 1) < boundary);
		assert_true(plan.snapshot == ENTRIES || time_of(plan.snapshot) >= boundary);
		/* Every delta of the last day is named. */
		if (plan.first > 1)
			assert_true(plan.first == plan.snapshot + 1 || time_of(plan.first - 2) < now - NRTM4_DELTA_S);
	}
	/* A day after the last change there is nothing but the snapshot. */
	assert_int_equal(nrtm4_plan(&log_.f.view, end + 2 * DAY).first, ENTRIES + 1);
	assert_int_equal(nrtm4_plan(&log_.f.view, end + 2 * DAY).snapshot, ENTRIES);
}

/* However many entries come within four hours, a notification names no more deltas than its bound. */
static void test_many(void **state)
{
	uint64_t now = time_of(ENTRIES - 1);

	(void)state;
	while (al_state_size(log_.f.state) < 3 * NRTM4_DELTAS_MAX + 5) {
		struct nrtm4_plan plan;

		put(now, NULL);
		plan = nrtm4_plan(&log_.f.view, now);
		assert_true(plan.first <= plan.snapshot + 1 && plan.last - plan.first < NRTM4_DELTAS_MAX);
		assert_true(plan.last - plan.snapshot <= NRTM4_DELTAS_MAX / 2);
	}
}

static void test_session(void **state)
{
	char one[NRTM4_UUID_LEN], again[NRTM4_UUID_LEN], other[NRTM4_UUID_LEN];
	struct al_skey key[2];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(al_skey_generate(AL_S("registry.test/log"), &key[i]), AL_OK);
	nrtm4_session(&key[0].pub, one);
	nrtm4_session(&key[0].pub, again);
	nrtm4_session(&key[1].pub, other);
	assert_string_equal(one, again);
	assert_string_not_equal(one, other);
	assert_int_equal(strlen(one), 36);
	assert_true(one[8] == '-' && one[14] == '4' && strchr("89ab", one[19]) != NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_session), cmocka_unit_test(test_files),
						   cmocka_unit_test(test_plan), cmocka_unit_test(test_many) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
