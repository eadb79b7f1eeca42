/* SPDX-License-Identifier: MIT */
/*
 * Who may ask for it: keys, signatures, replays, recovery, consent, and contacts
 * by their hash.
 */
#include "policy_world.h"

static void keys_cannot_be_swapped_in(void **state)
{
	struct world *w = *state;

	refuses(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "3", "AUTH-MNT");
	refuses(w, "none", fill(w, "mntner: MALLORY-MNT\nauth: @1@\nmnt-by: MALLORY-MNT\nsource: TEST\n"), "3",
		"AUTH-MNT");
	refuses(w, "none", "mntner: MALLORY-MNT\nmnt-by: MALLORY-MNT\nsource: TEST\n", "3", "AUTH-MNT");
	/* Alice adds a second key with her first; then the second one speaks for her. */
	accepts(w, "1", fill(w, "mntner: ALICE-MNT\nauth: @1@\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "1");
	accepts(w, "3", fill(w, "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "3");
	refuses(w, "4", fill(w, "mntner: ALICE-MNT\nauth: @1@\nmnt-by: ALICE-MNT\nsource: TEST\n"), "1", "AUTH-MNT");
}

static void nothing_is_replayed(void **state)
{
	struct world *w = *state;
	struct al_buf a_to_b, create;

	al_buf_init(&a_to_b, 65536);
	al_buf_init(&create, 65536);
	/* A -> B -> A, then A -> B again. */
	accepts(w, "1", "domain: alice.test\nrecord: @ AAAA fca1:100::b\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_slice(&a_to_b, al_buf_view(&w->last));
	accepts(w, "3", "domain: alice.test\nrecord: @ AAAA fca1:100::1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	assert_false(decide_raw(w, al_buf_view(&a_to_b)));
	assert_string_equal(w->clause, "REQUEST-PREV");
	/* A create, its delete, and the create again. */
	accepts(w, "none", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_slice(&create, al_buf_view(&w->last));
	accepts(w, "5", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\ndelete: enough\n",
		"1");
	assert_null(get(w, AL_DOMAIN, "new.test"));
	assert_false(decide_raw(w, al_buf_view(&create)));
	assert_string_equal(w->clause, "REQUEST-PREV");
	/* The name goes back to Alice, not to Mallory. */
	refuses(w, "6", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "2",
		"POLICY-NAME-TAKEN");
	accepts(w, "6", "domain: new.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n", "1");
	al_buf_release(&a_to_b);
	al_buf_release(&create);
}

static void signatures_cover_the_text(void **state)
{
	struct world *w = *state;
	struct al_buf out;
	const char *text =
		"request: s\nprev: none\n\ndomain: s.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT\nsource: TEST\n";
	char *at;

	al_buf_init(&out, 65536);
	request_make(w, text, "1", &out);
	al_buf_u8(&out, 0);
	out.len--;
	at = strstr((char *)out.ptr, "10.0.0.1");
	assert_non_null(at);
	at[7] = '2';
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	request_make(w, text, "", &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	/* Signed for another registry. */
	al_buf_reset(&out);
	al_buf_str(&out, text);
	al_sshsig_sign(w->seed[ALICE], AL_S("registry@other"), al_slice_str(text), &out);
	assert_false(decide_raw(w, al_buf_view(&out)));
	assert_string_equal(w->clause, "AUTH-SIGNATURE");
	al_buf_release(&out);
}

static void lost_keys_are_recovered_by_friends(void **state)
{
	struct world *w = *state;
	const char *fresh = "mntner: ALICE-MNT\nauth: @3@\nmnt-by: ALICE-MNT\nsource: TEST\n";

	accepts(w, "1",
		fill(w, "mntner: ALICE-MNT\nauth: @1@\nrecover-key: @0@\nrecover-key: @2@\nrecover-need: 2\n"
			"mnt-by: ALICE-MNT\nsource: TEST\n"),
		"1");
	refuses(w, "3", fill(w, fresh), "2", "AUTH-MNT");
	/* The hostmaster's key is one of the two here, and would do alone: try Bob and Mallory first. */
	refuses(w, "3", fill(w, fresh), "23", "AUTH-MNT");
	accepts(w, "3",
		fill(w, "mntner: ALICE-MNT\nauth: @1@\nrecover-key: @2@\nrecover-key: @3@\nrecover-need: 2\n"
			"mnt-by: ALICE-MNT\nsource: TEST\n"),
		"1");
	accepts(w, "4", fill(w, fresh), "23");
	refuses(w, "5", fill(w, fresh), "1", "AUTH-MNT");
	/* Recovery is for the maintainer alone. */
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.9\nmnt-by: ALICE-MNT\nsource: TEST\n", "2", "AUTH-MNT");
}

static void nobody_is_named_without_a_word(void **state)
{
	struct world *w = *state;

	refuses(w, "none", "domain: x.test\nrecord: @ A 10.0.0.1\nmnt-by: ALICE-MNT, BOB-MNT\nsource: TEST\n", "1",
		"AUTH-CONSENT");
	/* A transfer: giver and taker sign. */
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "1",
		"AUTH-CONSENT");
	refuses(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "2", "AUTH-MNT");
	accepts(w, "1", "domain: alice.test\nrecord: @ A 10.0.0.1\nmnt-by: BOB-MNT\nsource: TEST\n", "12");
	refuses(w, "3", "domain: alice.test\nrecord: @ A 10.0.0.2\nmnt-by: BOB-MNT\nsource: TEST\n", "1", "AUTH-MNT");
}

static void contacts_come_with_their_hash(void **state)
{
	static const char text[] = "salt: c2FsdA==\nperson: Alice\ne-mail: alice@alice.test\n";
	struct world *w = *state;
	uint8_t hash[AL_HASH_LEN];
	struct al_buf object;

	(void)crypto_hash_sha256(hash, (const unsigned char *)text, sizeof(text) - 1);
	al_buf_init(&object, 4096);
	al_buf_str(&object, "request: c\nprev: none\n\nperson: Alice\nnic-hdl: ALICE-TEST\ncontact: sha256:");
	al_buf_base64(&object, hash, sizeof(hash));
	al_buf_str(&object, "\nmnt-by: ALICE-MNT\nsource: TEST\n");
	al_buf_u8(&object, 0);
	request_make(w, (const char *)object.ptr, "1", &w->last);
	assert_false(decide_raw(w, al_buf_view(&w->last)));
	assert_string_equal(w->clause, "POLICY-CONTACT");
	al_buf_printf(&w->last, "-----BEGIN CONTACT ALICE-TEST-----\n%sphone: 1\n-----END CONTACT ALICE-TEST-----\n",
		      text);
	assert_false(decide_raw(w, al_buf_view(&w->last)));
	assert_string_equal(w->clause, "POLICY-CONTACT");
	request_make(w, (const char *)object.ptr, "1", &w->last);
	al_buf_printf(&w->last, "-----BEGIN CONTACT ALICE-TEST-----\n%s-----END CONTACT ALICE-TEST-----\n", text);
	assert_true(decide_raw(w, al_buf_view(&w->last)));
	assert_non_null(get(w, AL_PERSON, "ALICE-TEST"));
	al_buf_release(&object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keys_cannot_be_swapped_in, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_replayed, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures_cover_the_text, setup, teardown),
		cmocka_unit_test_setup_teardown(lost_keys_are_recovered_by_friends, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_named_without_a_word, setup, teardown),
		cmocka_unit_test_setup_teardown(contacts_come_with_their_hash, setup, teardown),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
