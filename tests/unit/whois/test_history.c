/* SPDX-License-Identifier: MIT */
/*
 * test_history.c -- versions in a file: their numbers, the way back to any of
 * them, what is read before it is written, and the differences between two.
 */
#include "fixture.h"

#include "diff.h"
#include "history.h"
#include "nrtm.h"

#define VERSIONS 3000u

struct kept {
	struct al_state *state;
	struct whois_history *history;
};

static void kept_put(struct kept *kept, const char *text)
{
	struct al_build build = { .raw = al_slice_str(text), .index = al_state_size(kept->state) };
	struct al_object *object;
	bool deletes;

	build.time = build.created = FIXTURE_TIME + build.index;
	assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
	assert_int_equal(al_state_put(kept->state, &object, 1, build.time), AL_OK);
	al_object_unref(object);
}

static void kept_init(struct kept *kept)
{
	assert_int_equal(al_state_new(&kept->state), AL_OK);
	assert_int_equal(whois_history_new("/tmp", &kept->history), AL_OK);
	al_state_observe(kept->state, whois_history_change, kept->history);
}

static void kept_release(struct kept *kept)
{
	assert_int_equal(whois_history_error(kept->history), AL_OK);
	al_state_free(kept->state);
	whois_history_free(kept->history);
}

static void put_version(struct kept *kept, const char *name, unsigned number)
{
	char text[400];

	(void)snprintf(text, sizeof(text), "mntner: %s-MNT\ndescr: version %u %0250u\nmnt-by: A-MNT\nsource: TEST\n",
		       name, number, number);
	kept_put(kept, text);
}

/* Two objects in turn: every version of both is found by its number, in the file and in memory. */
static void test_numbers(void **state)
{
	const struct al_object *object;
	struct whois_version version;
	struct kept kept;
	struct al_buf buf;
	char want[32];
	uint64_t newest;
	unsigned i;

	(void)state;
	kept_init(&kept);
	al_buf_init(&buf, 1u << 20);
	for (i = 1; i <= VERSIONS; i++) {
		put_version(&kept, "A", i);
		if (i % 3 == 0)
			put_version(&kept, "B", i);
	}
	assert_int_equal(whois_history_last(kept.history), VERSIONS + VERSIONS / 3);
	object = al_state_get(kept.state, AL_MNTNER, AL_S("A-MNT"));
	newest = whois_history_serial(kept.history, object);
	assert_int_equal(newest, VERSIONS + VERSIONS / 3 - 1);
	for (i = 1; i <= VERSIONS; i++) {
		assert_int_equal(whois_history_number(kept.history, newest, i, &buf, &version), AL_OK);
		assert_int_equal(version.number, i);
		assert_true(al_slice_is(version.key, "A-MNT"));
		(void)snprintf(want, sizeof(want), "version %u ", i);
		al_buf_u8(&buf, 0);
		assert_non_null(strstr(version.text.ptr, want));
	}
	assert_int_equal(whois_history_number(kept.history, newest, VERSIONS + 1, &buf, &version), AL_ENOTFOUND);
	assert_int_equal(whois_history_number(kept.history, newest, 0, &buf, &version), AL_ENOTFOUND);
	assert_int_equal(whois_history_read(kept.history, 0, &buf, &version), AL_ENOTFOUND);
	assert_int_equal(whois_history_read(kept.history, VERSIONS * 2, &buf, &version), AL_ENOTFOUND);
	al_buf_release(&buf);
	kept_release(&kept);
}

/* An object that was deleted and came again goes on counting. */
static void test_deleted(void **state)
{
	static const char text[] = "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n";
	struct whois_version version;
	struct kept kept;
	struct al_buf buf;

	(void)state;
	kept_init(&kept);
	al_buf_init(&buf, 1u << 20);
	kept_put(&kept, text);
	kept_put(&kept, "mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\ndelete: x\n");
	kept_put(&kept, text);
	assert_int_equal(whois_history_read(kept.history, 2, &buf, &version), AL_OK);
	assert_true(version.deleted && version.number == 2 && version.prev == 1);
	assert_int_equal(whois_history_read(kept.history, 3, &buf, &version), AL_OK);
	assert_true(!version.deleted && version.number == 3 && version.prev == 2);
	al_buf_release(&buf);
	kept_release(&kept);
}

static const struct {
	const char *from, *to, *want;
} diffs[] = {
	{ "", "", "" },
	{ "a\nb\n", "a\nb\n", "" },
	{ "", "a\n", "@@ -0,0 +1,1 @@\n+a\n" },
	{ "a\n", "", "@@ -1,1 +0,0 @@\n-a\n" },
	{ "a\nb\nc\n", "a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n" },
	{ "a\nb\nc\nd\n", "b\nc\nd\na\n", "@@ -1,4 +1,4 @@\n-a\n b\n c\n d\n+a\n" },
	/* what goes is what comes again behind it */
	{ "1\nm\nt\nq\nt\n", "2\nm\nt\n", "@@ -1,5 +1,3 @@\n-1\n+2\n m\n-t\n-q\n t\n" },
	{ "1\nm\nt\n", "2\nm\nt\nq\nt\n", "@@ -1,3 +1,5 @@\n-1\n+2\n m\n+t\n+q\n t\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	  "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n" },
	{ "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\n9\ny\n",
	  "@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n 4\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+y\n" },
};

static void test_diff(void **state)
{
	struct al_buf out;
	size_t i;

	(void)state;
	al_buf_init(&out, 1u << 20);
	for (i = 0; i < AL_COUNT(diffs); i++) {
		al_buf_reset(&out);
		assert_int_equal(whois_put_diff(al_slice_str(diffs[i].from), al_slice_str(diffs[i].to), &out), AL_OK);
		if (!al_slice_is(al_buf_view(&out), diffs[i].want)) {
			print_error("row %zu\n%.*s---\n%s", i, AL_FMT(al_buf_view(&out)), diffs[i].want);
			fail();
		}
	}
	al_buf_release(&out);
}

/* Two large texts without a line in common: all of it replaced, and no quadratic table. */
static void test_diff_bound(void **state)
{
	struct al_buf from, to, out;
	unsigned i;

	(void)state;
	al_buf_init(&from, 1u << 20);
	al_buf_init(&to, 1u << 20);
	al_buf_init(&out, 1u << 20);
	for (i = 0; i < 5000; i++) {
		al_buf_printf(&from, "a%u\n", i);
		al_buf_printf(&to, "b%u\n", i);
	}
	assert_int_equal(whois_put_diff(al_buf_view(&from), al_buf_view(&to), &out), AL_OK);
	assert_true(al_slice_starts(al_buf_view(&out), "@@ -1,5000 +1,5000 @@\n-a0\n-a1\n"));
	assert_true(al_slice_ends(al_buf_view(&out), "+b4999\n"));
	al_buf_release(&from);
	al_buf_release(&to);
	al_buf_release(&out);
}

/* NRTM and !j name the serials that there are, from the first one on. */
static void test_serials(void **state)
{
	static const char *const want[] = { "-", "1-1", "1-2" };
	struct whois_view view = { .head.size = 7 };
	struct kept kept;
	struct al_buf out;

	(void)state;
	kept_init(&kept);
	al_buf_init(&out, 100);
	for (unsigned i = 0; i < AL_COUNT(want); i++) {
		if (i > 0)
			put_version(&kept, "A", i);
		view.history = kept.history;
		al_buf_reset(&out);
		whois_put_serials(&view, &out);
		assert_true(al_slice_is(al_buf_view(&out), want[i]));
	}
	/* No history, and no head yet. */
	view.history = NULL;
	al_buf_reset(&out);
	whois_put_serials(&view, &out);
	view = (struct whois_view){ .history = kept.history };
	whois_put_serials(&view, &out);
	assert_true(al_slice_is(al_buf_view(&out), "--"));
	al_buf_release(&out);
	kept_release(&kept);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_numbers), cmocka_unit_test(test_deleted),
						   cmocka_unit_test(test_serials), cmocka_unit_test(test_diff),
						   cmocka_unit_test(test_diff_bound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
