/* SPDX-License-Identifier: MIT */
/*
 * test_entry.c -- an entry's bytes against stored vectors, there and back, and
 * that nothing else decodes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/rpsl/entry.h"
#include "alamo/tlog/tree.h"

static void load(const char *name, struct al_buf *out)
{
	al_buf_init(out, READ_FILE_MAX);
	if (!read_file(name, out))
		fail_msg("cannot read %s", name);
}

static void assert_leaf(const struct al_buf *bytes, const char *want)
{
	struct al_hash leaf = al_leaf_hash(al_buf_view(bytes));
	char hex[2 * AL_HASH_LEN + 1];

	(void)sodium_bin2hex(hex, sizeof(hex), leaf.b, sizeof(leaf.b));
	assert_string_equal(hex, want);
}

static void assert_round_trip(const struct al_buf *bytes)
{
	struct al_entry entry;
	struct al_buf again;

	assert_int_equal(al_entry_decode(al_buf_view(bytes), &entry), AL_OK);
	al_buf_init(&again, AL_ENTRY_MAX + 1);
	assert_int_equal(al_entry_encode(&entry, &again), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&again), al_buf_view(bytes)));
	al_buf_release(&again);
}

static void request_vector(void **state)
{
	struct al_buf bytes, message, sig, made;
	struct al_entry entry = {
		.index = 7,
		.time = 1764000000,
		.kind = AL_S("request"),
		.result = AL_S("c"),
		.autos = { { AL_S("AUTO-1"), AL_S("AS4252660007") }, { AL_S("AUTO-2/48"), AL_S("fca1:100::/48") } },
		.auto_count = 2,
	};
	struct al_entry got;

	(void)state;
	load("vectors/entry/request.txt", &bytes);
	load("vectors/sshsig/message.txt", &message);
	load("vectors/sshsig/sha512.sig", &sig);
	al_buf_slice(&message, al_buf_view(&sig));
	entry.body = al_buf_view(&message);
	al_buf_init(&made, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &made), AL_OK);
	assert_true(al_slice_eq(al_buf_view(&made), al_buf_view(&bytes)));
	assert_leaf(&bytes, "1e18755724ff2a7cbd4f0227bcc297c682e866c7e2bb20e08f721653dc492dbc");
	assert_int_equal(al_entry_decode(al_buf_view(&bytes), &got), AL_OK);
	assert_int_equal(got.index, 7);
	assert_int_equal(got.time, 1764000000);
	assert_true(al_slice_is(got.kind, "request"));
	assert_true(al_slice_is(got.result, "c"));
	assert_int_equal(got.auto_count, 2);
	assert_true(al_slice_is(got.autos[1].token, "AUTO-2/48"));
	assert_true(al_slice_is(got.autos[1].value, "fca1:100::/48"));
	assert_true(al_slice_eq(got.body, entry.body));
	assert_round_trip(&bytes);
	al_buf_release(&bytes);
	al_buf_release(&message);
	al_buf_release(&sig);
	al_buf_release(&made);
}

static void unknown_kind_vector(void **state)
{
	struct al_buf bytes;
	struct al_entry got;

	(void)state;
	load("vectors/entry/unknown.txt", &bytes);
	assert_leaf(&bytes, "aa42a225ee68f4a6783d68e25fff6449f9e68ecab187fb2a4c5750edc5418a88");
	assert_int_equal(al_entry_decode(al_buf_view(&bytes), &got), AL_OK);
	assert_true(al_slice_is(got.kind, "future-kind"));
	assert_int_equal(got.body.len, 0);
	assert_round_trip(&bytes);
	al_buf_release(&bytes);
}

/* An empty result is spelled "accepted". */
static void default_result(void **state)
{
	struct al_entry entry = { .kind = AL_S("request") };
	struct al_buf out;

	(void)state;
	al_buf_init(&out, AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &out), AL_OK);
	assert_true(al_slice_is(al_buf_view(&out), "entry 0 request\ntime 0\nresult accepted\n\n"));
	assert_round_trip(&out);
	al_buf_release(&out);
}

#define HEAD "entry 7 request\ntime 5\nresult accepted\n"

static void other_spellings_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"entry 7 request",
		HEAD,
		HEAD "auto AUTO-1 AS1\n",
		"entry 07 request\ntime 5\nresult accepted\n\n",
		"entry  7 request\ntime 5\nresult accepted\n\n",
		"entry 7 request \ntime 5\nresult accepted\n\n",
		"entry 7 request\r\ntime 5\nresult accepted\n\n",
		"entry 7 Request\ntime 5\nresult accepted\n\n",
		"entry 7 \ntime 5\nresult accepted\n\n",
		"entry 7\ntime 5\nresult accepted\n\n",
		"entry 18446744073709551616 request\ntime 5\nresult accepted\n\n",
		"entry -1 request\ntime 5\nresult accepted\n\n",
		"entry 7 request\ntime +5\nresult accepted\n\n",
		"entry 7 request\ntime\nresult accepted\n\n",
		"entry 7 request\ntime 5\nresult \n\n",
		"entry 7 request\ntime 5\nresult c m\n\n",
		"entry 7 request\nresult accepted\ntime 5\n\n",
		HEAD "auto AUTO-1\n\n",
		HEAD "auto AUTO-1 \n\n",
		HEAD "auto  AS1\n\n",
		HEAD "auto AUTO-1 AS1 AS2\n\n",
		HEAD "auto AUTO-1 AS1\t\n\n",
		HEAD "more AUTO-1 AS1\n\n",
		HEAD "auto AUTO-1 \x80\n\n",
	};
	struct al_entry entry;

	(void)state;
	assert_int_equal(al_entry_decode(AL_S(HEAD "\nbody"), &entry), AL_OK);
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_entry_decode(al_slice_str(bad[i]), &entry), AL_EINVAL);
}

static void bounds(void **state)
{
	static char body[AL_ENTRY_MAX];
	struct al_entry entry = { .kind = AL_S("request") }, got;
	struct al_buf out;
	size_t head;

	(void)state;
	memset(body, 'x', sizeof(body));
	al_buf_init(&out, 2 * AL_ENTRY_MAX);
	assert_int_equal(al_entry_encode(&entry, &out), AL_OK);
	head = out.len;
	entry.body = al_slice_of(body, AL_ENTRY_MAX - head);
	al_buf_reset(&out);
	assert_int_equal(al_entry_encode(&entry, &out), AL_OK);
	assert_int_equal(out.len, AL_ENTRY_MAX);
	assert_int_equal(al_entry_decode(al_buf_view(&out), &got), AL_OK);
	al_buf_u8(&out, 'x');
	assert_int_equal(al_entry_decode(al_buf_view(&out), &got), AL_ELIMIT);
	entry.body.len++;
	al_buf_reset(&out);
	assert_int_equal(al_entry_encode(&entry, &out), AL_ELIMIT);
	assert_int_equal(out.len, 0);
	al_buf_release(&out);
}

static void too_many_autos(void **state)
{
	struct al_entry entry, again;
	struct al_buf out;

	(void)state;
	al_buf_init(&out, AL_ENTRY_MAX);
	al_buf_str(&out, HEAD);
	for (int i = 0; i < AL_AUTOS_MAX; i++)
		al_buf_printf(&out, "auto AUTO-%d AS%d\n", i, i);
	al_buf_str(&out, "\n");
	assert_int_equal(al_entry_decode(al_buf_view(&out), &entry), AL_OK);
	assert_int_equal(entry.auto_count, AL_AUTOS_MAX);
	out.len--;
	al_buf_str(&out, "auto ONE MORE\n\n");
	assert_int_equal(al_entry_decode(al_buf_view(&out), &again), AL_EINVAL);
	al_buf_release(&out);
}

static void bad_fields_not_encoded(void **state)
{
	struct al_entry entry = { .kind = AL_S("request"), .auto_count = 1 };
	struct al_buf out;

	(void)state;
	al_buf_init(&out, AL_ENTRY_MAX);
	entry.autos[0] = (struct al_auto){ AL_S("AUTO-1"), AL_S("two words") };
	assert_int_equal(al_entry_encode(&entry, &out), AL_EINVAL);
	entry.autos[0] = (struct al_auto){ AL_S("AUTO\n1"), AL_S("x") };
	assert_int_equal(al_entry_encode(&entry, &out), AL_EINVAL);
	entry.autos[0] = (struct al_auto){ AL_S("AUTO-1"), AL_S("") };
	assert_int_equal(al_entry_encode(&entry, &out), AL_EINVAL);
	entry.auto_count = 0;
	entry.result = AL_S("c m");
	assert_int_equal(al_entry_encode(&entry, &out), AL_EINVAL);
	entry.result = AL_S("c");
	entry.kind = AL_S("Bad kind");
	assert_int_equal(al_entry_encode(&entry, &out), AL_EINVAL);
	assert_int_equal(out.len, 0);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_vector),
		cmocka_unit_test(unknown_kind_vector),
		cmocka_unit_test(default_result),
		cmocka_unit_test(other_spellings_refused),
		cmocka_unit_test(bounds),
		cmocka_unit_test(too_many_autos),
		cmocka_unit_test(bad_fields_not_encoded),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
