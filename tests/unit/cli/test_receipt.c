/* SPDX-License-Identifier: MIT */
/*
 * test_receipt.c -- a receipt out of an answer, its entry made again from the
 * request, both joined in one text and taken apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "log/receipt.h"

#define REQUEST                                                                               \
	"request: a\nprev: none\n\naut-num: auto-1\nas-name: X\n\nmntner: X-MNT\nsource: T\n" \
	"-----BEGIN SSH SIGNATURE-----\nQUJD\n-----END SSH SIGNATURE-----\n"
#define DECIDED 1795000000

struct fixture {
	struct al_skey key;
	struct al_buf entry, answer;
};

#define MORE "-----BEGIN SSH SIGNATURE-----\nREVG\n-----END SSH SIGNATURE-----\n"

/* The entry as a registry would make it, and its answer; with the entry in it, or not. */
static int fixture_fill(struct fixture *f, const char *body, bool again)
{
	struct al_entry entry = {
		.index = 1,
		.time = DECIDED,
		.kind = AL_S("request"),
		.result = AL_S("cm"),
		.autos = { { AL_S("AUTO-1"), AL_S("AS7") } },
		.auto_count = 1,
		.body = al_slice_str(body),
	};
	struct al_hash leaf[2] = { al_leaf_hash(AL_S("first")) };
	struct al_checkpoint cp = { .size = 2 };
	struct al_slice extra = AL_S("");
	struct al_buf text, note;

	al_buf_init(&f->entry, AL_ENTRY_MAX);
	al_buf_init(&f->answer, 1u << 16);
	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	if (al_skey_generate(AL_S("log.example/x"), &f->key) != AL_OK || al_entry_encode(&entry, &f->entry) != AL_OK)
		return -1;
	leaf[1] = al_leaf_hash(al_buf_view(&f->entry));
	cp.root = al_node_hash(&leaf[0], &leaf[1]);
	al_checkpoint_format(al_slice_str(f->key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &f->key, &note);
	al_buf_str(&f->answer, "SUMMARY OF UPDATE: a\n  Create SUCCEEDED: [aut-num] AS7\n"
			       "  Modify SUCCEEDED: [mntner] X-MNT\n% receipt: index 1, checkpoint follows\n");
	if (again)
		extra = al_buf_view(&f->entry);
	al_receipt_format(1, leaf, 1, al_buf_view(&note), extra, &f->answer);
	al_buf_str(&f->answer, "% end\n");
	al_buf_release(&text);
	al_buf_release(&note);
	return 0;
}

static int setup(void **state)
{
	static struct fixture f;

	*state = &f;
	return fixture_fill(&f, REQUEST, false);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_buf_release(&f->entry);
	al_buf_release(&f->answer);
	return 0;
}

static enum al_err rebuild(const struct fixture *f, const char *request, uint64_t now, struct al_buf *out)
{
	al_buf_init(out, AL_ENTRY_MAX);
	return receipt_rebuild(al_slice_str(request), al_buf_view(&f->answer), &f->key.pub, now, out);
}

static void entry_is_made_again(void **state)
{
	static const int64_t clocks[] = { 0, 1, -1, 3600, -3600, 86399, -86399 };
	struct fixture *f = *state;
	struct al_buf out;

	for (size_t i = 0; i < AL_COUNT(clocks); i++) {
		assert_int_equal(rebuild(f, REQUEST, (uint64_t)(DECIDED + clocks[i]), &out), AL_OK);
		assert_true(al_slice_eq(al_buf_view(&out), al_buf_view(&f->entry)));
		al_buf_release(&out);
	}
	assert_int_equal(rebuild(f, REQUEST, DECIDED + 90000, &out), AL_ENOTFOUND);
	assert_int_equal(out.len, 0);
	al_buf_release(&out);
	assert_int_equal(rebuild(f, "request: other\n\nmntner: X-MNT\n", DECIDED, &out), AL_EINVAL);
	al_buf_release(&out);
	f->key.pub.pk[0] ^= 1;
	assert_int_equal(rebuild(f, REQUEST, DECIDED, &out), AL_EVERIFY);
	f->key.pub.pk[0] ^= 1;
	al_buf_release(&out);
}

static void entry_that_others_signed_too(void **state)
{
	struct fixture f;
	struct al_buf out;

	(void)state;
	assert_int_equal(fixture_fill(&f, REQUEST MORE, true), 0);
	/* Whenever it was decided. */
	assert_int_equal(rebuild(&f, REQUEST, DECIDED + 9000000, &out), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&out), al_buf_view(&f.entry)));
	al_buf_release(&out);
	/* Another text than the one that was sent, though signed and in the log. */
	assert_int_equal(rebuild(&f,
				 "request: b\nprev: none\n\naut-num: auto-1\nas-name: X\n\nmntner: X-MNT\nsource: T\n"
				 "-----BEGIN SSH SIGNATURE-----\nQUJD\n-----END SSH SIGNATURE-----\n",
				 DECIDED, &out),
			 AL_ENOTFOUND);
	assert_int_equal(out.len, 0);
	al_buf_release(&out);
	/* Without the entry nobody knows who else signed. */
	al_buf_release(&f.entry);
	al_buf_release(&f.answer);
	assert_int_equal(fixture_fill(&f, REQUEST MORE, false), 0);
	assert_int_equal(rebuild(&f, REQUEST, DECIDED, &out), AL_ENOTFOUND);
	al_buf_release(&out);
	al_buf_release(&f.entry);
	al_buf_release(&f.answer);
}

static void joined_and_taken_apart(void **state)
{
	const struct fixture *f = *state;
	struct al_slice receipt, again;
	struct al_checkpoint cp;
	struct al_hash leaf = al_leaf_hash(al_buf_view(&f->entry));
	struct al_buf joined, twice, entry;
	uint64_t index;

	al_buf_init(&joined, RECEIPT_MAX);
	al_buf_init(&twice, RECEIPT_MAX);
	al_buf_init(&entry, AL_ENTRY_MAX);
	assert_int_equal(receipt_find(al_buf_view(&f->answer), &receipt), AL_OK);
	assert_true(al_slice_starts(receipt, "c2sp.org/tlog-proof@v1\n") && al_slice_ends(receipt, "=\n"));
	assert_int_equal(receipt_entry(receipt, &entry), AL_ENOTFOUND);
	assert_int_equal(receipt_join(receipt, al_buf_view(&f->entry), &joined), AL_OK);
	assert_int_equal(al_receipt_open(al_buf_view(&joined), &f->key.pub, &leaf, &index, &cp), AL_OK);
	assert_int_equal(index, 1);
	assert_int_equal(receipt_entry(al_buf_view(&joined), &entry), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&entry), al_buf_view(&f->entry)));
	/* A receipt of its own is found whole, and another entry takes the place of the first. */
	assert_int_equal(receipt_find(al_buf_view(&joined), &again), AL_OK);
	assert_true(al_slice_eq(again, al_buf_view(&joined)));
	assert_int_equal(receipt_join(again, al_buf_view(&f->entry), &twice), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&twice), al_buf_view(&joined)));
	al_buf_release(&joined);
	al_buf_release(&twice);
	al_buf_release(&entry);
}

static void what_is_no_receipt(void **state)
{
	struct al_slice receipt;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, RECEIPT_MAX);
	assert_int_equal(receipt_find(AL_S(""), &receipt), AL_ENOTFOUND);
	assert_int_equal(receipt_find(AL_S("% nothing was changed\n% end\n"), &receipt), AL_ENOTFOUND);
	assert_int_equal(receipt_find(AL_S("x c2sp.org/tlog-proof@v1\n"), &receipt), AL_ENOTFOUND);
	assert_int_equal(receipt_entry(AL_S("c2sp.org/tlog-proof@v1\nextra !\nindex 1\n\nx"), &out), AL_EINVAL);
	assert_int_equal(receipt_entry(AL_S("c2sp.org/tlog-proof@v1\nextra QUJD\n"), &out), AL_EINVAL);
	assert_int_equal(receipt_join(AL_S("c2sp.org/tlog-proof@v1\n"), AL_S("e"), &out), AL_EINVAL);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_is_made_again),
		cmocka_unit_test(entry_that_others_signed_too),
		cmocka_unit_test(joined_and_taken_apart),
		cmocka_unit_test(what_is_no_receipt),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, setup, teardown);
}
