/* SPDX-License-Identifier: MIT */
/*
 * test_key_order.c -- rolls that the hostmaster orders by a file, and what run/dns-keys says of the keys meanwhile:
 * each step that it foretells comes at that second, and not before.
 */
#include "folder.h"

#include "../metric.h"
#include "../said.h"
#include "key_order.h"
#include "key_report.h"
#include "kept.h"

#define HOUR 3600u
#define DAY 86400u
#define KEYS_MAX 64

static const char registry[] =
	"registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\nsource: TEST\n";

struct bench {
	struct fixture f;
	struct builder_conf conf;
	char keys[256], run[256];
};

static void bench_start(struct bench *bench, const char *state, const char *name)
{
	(void)snprintf(bench->keys, sizeof(bench->keys), "%s/%s-keys", state, name);
	(void)snprintf(bench->run, sizeof(bench->run), "%s/%s-run", state, name);
	assert_int_equal(mkdir(bench->run, 0700), 0);
	bench->conf = (struct builder_conf){ .signature_s = 14 * DAY, .keys_dir = bench->keys, .run_dir = bench->run };
	fixture_start(&bench->f, registry, &bench->conf);
	fixture_build(&bench->f);
}

static bool has(const char *dir, const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static void order(const struct bench *bench, const char *name, const char *text)
{
	assert_int_equal(kept_put(bench->run, name, 0644, text, strlen(text)), AL_OK);
	assert_true(key_order_waits(bench->run));
}

static void resign(struct bench *bench)
{
	bool more = true;

	while (more)
		assert_int_equal(builder_resign(bench->f.builder, &more), AL_OK);
}

/* A line of run/dns-keys. */
struct row {
	char zone[64], role[8], state[16], next[16];
	unsigned tag, algorithm;
	unsigned long long since, at;
};

static size_t rows_read(const struct bench *bench, struct row out[static KEYS_MAX])
{
	struct al_buf text;
	size_t count = 0;
	char *at;

	al_buf_init(&text, 65536);
	assert_int_equal(kept_get(bench->run, KEY_REPORT, &text), AL_OK);
	al_buf_u8(&text, '\0');
	assert_int_equal(text.err, AL_OK);
	for (char *line = strtok_r((char *)text.ptr, "\n", &at); line != NULL; line = strtok_r(NULL, "\n", &at)) {
		struct row *row = &out[count++];

		assert_true(count < KEYS_MAX);
		assert_int_equal(sscanf(line, "%63s %7s %u %u %15s %llu %15s %llu", row->zone, row->role, &row->tag,
					&row->algorithm, row->state, &row->since, row->next, &row->at),
				 8);
		assert_int_equal(row->algorithm, KEY_ALGORITHM);
	}
	al_buf_release(&text);
	return count;
}

static const struct row *row_find(const struct row *rows, size_t count, const char *zone, unsigned tag)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].zone, zone) == 0 && rows[i].tag == tag)
			return &rows[i];
	return NULL;
}

static size_t rows_in(const struct bench *bench, const char *zone, const char *role, const char *state)
{
	struct row rows[KEYS_MAX];
	size_t count = rows_read(bench, rows), found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(rows[i].zone, zone) == 0 && strcmp(rows[i].role, role) == 0 &&
			 strcmp(rows[i].state, state) == 0;
	return found;
}

static void an_order_is_obeyed_once(void **state)
{
	struct bench bench;
	struct said said;

	bench_start(&bench, *state, "once");
	assert_false(key_order_waits(bench.run));
	assert_int_equal(rows_in(&bench, "alamo.", "zsk", "active"), 1);
	order(&bench, KEY_ORDER, "alamo. zsk\n. ksk\n");
	resign(&bench);
	assert_false(key_order_waits(bench.run));
	assert_int_equal(rows_in(&bench, "alamo.", "zsk", "published"), 1);
	assert_int_equal(rows_in(&bench, "alamo.", "ksk", "published"), 0);
	assert_int_equal(rows_in(&bench, ".", "ksk", "published"), 1);
	/* Again, and as a crash would leave it: one key is on its way already. */
	order(&bench, KEY_ORDER, "alamo. zsk\n");
	said_begin(&said);
	resign(&bench);
	assert_non_null(
		strstr(said_end(&said), "event=key-order line=\"alamo. zsk\" why=\"the next key is on its way\"\n"));
	order(&bench, KEY_ORDER_TAKEN, "alamo. zsk\n");
	resign(&bench);
	assert_false(key_order_waits(bench.run));
	assert_int_equal(rows_in(&bench, "alamo.", "zsk", "published"), 1);
	fixture_stop(&bench.f);
}

static char large_order[2u << 20]; /* more than is read */

static void what_is_no_order_changes_nothing(void **state)
{
	static const struct {
		const char *text, *said; /* NULL: nothing is */
	} orders[] = {
		{ "", NULL },
		{ "\n", "line=\"\" why=\"not ZONE ksk|zsk\"\n" },
		{ "alamo.\n", "line=\"alamo.\" why=\"not ZONE ksk|zsk\"\n" },
		{ "alamo. csk\n", "line=\"alamo. csk\" why=\"not ZONE ksk|zsk\"\n" },
		{ "alamo. zsk now\n", "line=\"alamo. zsk now\" why=\"not ZONE ksk|zsk\"\n" },
		{ "nowhere. zsk\n", "line=\"nowhere. zsk\" why=\"there is no such zone\"\n" },
		{ "a..b zsk\n", "line=\"a..b zsk\" why=\"not ZONE ksk|zsk\"\n" },
		{ "zsk alamo\n", "line=\"zsk alamo\" why=\"not ZONE ksk|zsk\"\n" },
		{ "\x01\x02 zsk\n", " why=\"" },
		{ "alamo. zskk", "line=\"alamo. zskk\" why=\"not ZONE ksk|zsk\"\n" },
		{ large_order, "/dns-roll.taken why=over-limit\n" },
	};
	struct row before[KEYS_MAX], after[KEYS_MAX];
	struct bench bench;
	struct said said;
	size_t count;

	memset(large_order, 'x', sizeof(large_order) - 1);
	bench_start(&bench, *state, "no");
	count = rows_read(&bench, before);
	for (size_t i = 0; i < AL_COUNT(orders); i++) {
		order(&bench, KEY_ORDER, orders[i].text);
		said_begin(&said);
		resign(&bench);
		(void)said_end(&said);
		assert_int_equal(strstr(said.text, "warn alamo event=key-order ") != NULL, orders[i].said != NULL);
		assert_true(orders[i].said == NULL || strstr(said.text, orders[i].said) != NULL);
		assert_false(key_order_waits(bench.run));
		assert_int_equal(rows_read(&bench, after), count);
		for (size_t k = 0; k < count; k++)
			assert_int_equal(after[k].tag, before[k].tag);
	}
	fixture_stop(&bench.f);
}

/* What was foretold when a state began, against what has become of the key. */
static void foretold(const struct row *was, const struct row *is)
{
	if (is == NULL) {
		assert_string_equal(was->next, "gone");
		assert_int_equal(was->at, fixture_clock);
	} else if (strcmp(was->state, is->state) != 0) {
		assert_string_equal(was->next, is->state);
		assert_int_equal(was->at, fixture_clock);
		assert_int_equal(is->since, fixture_clock);
	} else {
		assert_int_equal(was->tag, is->tag);
		assert_int_equal(was->since, is->since);
		assert_true(was->at == 0 || was->at > fixture_clock);
	}
}

/* The metrics, from the lines. */
static void figures_are_those_of(const struct row *rows, size_t count)
{
	uint64_t moving = 0, next = 0;

	for (size_t i = 0; i < count; i++) {
		moving += strcmp(rows[i].state, "active") != 0 && strcmp(rows[i].state, "gone") != 0;
		if (rows[i].at != 0 && (next == 0 || rows[i].at < next))
			next = rows[i].at;
	}
	assert_int_equal(metric("alamo_dns_keys_moving"), moving);
	assert_int_equal(metric("alamo_dns_keys_next_seconds"), next);
}

static void every_step_is_foretold(void **state)
{
	struct row was[KEYS_MAX], is[KEYS_MAX];
	struct bench bench;
	size_t had, count, begun;
	char name[64];

	bench_start(&bench, *state, "step");
	begun = rows_read(&bench, is);
	for (size_t i = 0; i < begun; i++)
		assert_string_equal(is[i].next, "-");
	order(&bench, KEY_ORDER, ". zsk\n. ksk\nalamo. zsk\nalamo. ksk\n");
	resign(&bench);
	had = rows_read(&bench, was);
	assert_int_equal(had, begun + 4);
	for (unsigned i = 0; i < 80 * 24; i++) {
		fixture_clock += HOUR;
		resign(&bench);
		count = rows_read(&bench, is);
		for (size_t k = 0; k < had; k++)
			foretold(&was[k], row_find(is, count, was[k].zone, was[k].tag));
		had = count;
		memcpy(was, is, sizeof(was));
		figures_are_those_of(is, count);
	}
	/* All are through, and of what was relieved there is no file. */
	assert_int_equal(had, begun);
	for (size_t i = 0; i < had; i++) {
		assert_string_equal(is[i].state, "active");
		assert_string_equal(is[i].next, "-");
	}
	for (unsigned tag = 0; tag <= UINT16_MAX; tag++) {
		(void)snprintf(name, sizeof(name), "Kalamo.+013+%05u.private", tag);
		assert_int_equal(has(bench.keys, name), row_find(is, had, "alamo.", tag) != NULL);
		(void)snprintf(name, sizeof(name), "Kalamo.+013+%05u.key", tag);
		assert_int_equal(has(bench.keys, name), row_find(is, had, "alamo.", tag) != NULL);
	}
	fixture_stop(&bench.f);
}

/* As often as one likes: keys that are gone take no room. */
static void many_rolls(void **state)
{
	struct bench bench;

	bench_start(&bench, *state, "many");
	for (unsigned i = 0; i < ZONE_KEYS_MAX + 2; i++) {
		order(&bench, KEY_ORDER, "alamo. ksk\n");
		resign(&bench);
		for (unsigned k = 0; k < 17; k++) {
			fixture_clock += 2 * DAY;
			resign(&bench);
		}
		assert_int_equal(rows_in(&bench, "alamo.", "ksk", "active"), 1);
		assert_int_equal(rows_in(&bench, "alamo.", "ksk", "published"), 0);
		assert_int_equal(rows_in(&bench, "alamo.", "ksk", "retired"), 0);
	}
	fixture_stop(&bench.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_obeyed_once),
		cmocka_unit_test(what_is_no_order_changes_nothing),
		cmocka_unit_test(every_step_is_foretold),
		cmocka_unit_test(many_rolls),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
