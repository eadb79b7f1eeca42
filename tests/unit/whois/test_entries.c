/* SPDX-License-Identifier: MIT */
/*
 * test_entries.c -- what is kept of each entry comes back, in memory and in the file, with every signer of it.
 */
#include "fixture.h"

#include <sodium.h>

#include "alamo/base/wire.h"
#include "alamo/rpsl/entry.h"
#include "entries.h"

#define ENTRIES 4000u /* more than is kept back before a spool writes */
#define NS "registry@test"

/* Signed by the keys with seeds 1 to n % 4; of every fifth entry the kind is one of later days. */
static void entry_make(uint64_t n, struct al_buf *out)
{
	struct al_entry entry = {
		.index = n, .time = FIXTURE_TIME + n / 3, .kind = AL_S("request"), .result = AL_S("c")
	};
	uint8_t seed[32] = { 0 };
	struct al_buf body;
	char text[128];

	(void)snprintf(text, sizeof(text), "request: entry-%llu\n\nmntner: A-MNT\nsource: TEST\n",
		       (unsigned long long)n);
	al_buf_init(&body, 65536);
	al_buf_str(&body, text);
	for (unsigned i = 0; i < n % 4; i++) {
		seed[0] = (uint8_t)(i + 1);
		al_sshsig_sign(seed, AL_S(NS), al_slice_str(text), &body);
	}
	if (n % 5 == 0)
		entry.kind = AL_S("other");
	entry.body = al_buf_view(&body);
	al_buf_reset(out);
	assert_int_equal(al_entry_encode(&entry, out), AL_OK);
	al_buf_release(&body);
}

static void check(const struct whois_entries *entries, uint64_t n)
{
	struct whois_entry entry;
	struct al_sshkey key = { 0 };
	uint8_t seed[32] = { 0 }, sk[64];
	char print[AL_SSH_FINGERPRINT_LEN];

	assert_int_equal(whois_entries_get(entries, n, &entry), AL_OK);
	assert_int_equal(entry.time, FIXTURE_TIME + n / 3);
	assert_int_equal(entry.leaf.b[0], n % 251);
	assert_int_equal(entry.signers, n % 5 == 0 ? 0 : n % 4);
	for (unsigned i = 0; i < entry.signers; i++) {
		seed[0] = (uint8_t)(i + 1);
		assert_int_equal(crypto_sign_seed_keypair(key.pk, sk, seed), 0);
		al_sshkey_fingerprint(&key, print);
		assert_string_equal(entry.signer[i], print);
	}
}

static void test_entries(void **state)
{
	struct whois_entries *entries;
	struct whois_entry entry;
	struct al_hash leaf = { { 0 } };
	struct al_buf bytes;

	(void)state;
	al_buf_init(&bytes, 65536);
	assert_int_equal(whois_entries_new("/tmp", &entries), AL_OK);
	for (uint64_t n = 0; n < ENTRIES; n++) {
		entry_make(n, &bytes);
		leaf.b[0] = (uint8_t)(n % 251);
		whois_entries_add(entries, al_buf_view(&bytes), &leaf);
		assert_int_equal(whois_entries_count(entries), n + 1);
		check(entries, n);
		check(entries, n / 2);
	}
	for (uint64_t n = 0; n < ENTRIES; n++)
		check(entries, n);
	assert_int_equal(whois_entries_get(entries, ENTRIES, &entry), AL_ENOTFOUND);
	/* What is no entry cannot be kept, and nothing behind it has a place any more. */
	whois_entries_add(entries, AL_S("no entry"), &leaf);
	assert_int_equal(whois_entries_get(entries, 0, &entry), AL_ENOTFOUND);
	assert_int_equal(whois_entries_count(entries), 0);
	whois_entries_free(entries);
	al_buf_release(&bytes);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_entries) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
