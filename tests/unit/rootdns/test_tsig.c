/* SPDX-License-Identifier: MIT */
/*
 * test_tsig.c -- signed questions: what holds, what does not, and what each is
 * told (RFC 8945 section 5); and who may take a zone.
 */
#include "fixture.h"

#include <sodium.h>

#include "access.h"
#include "tsig.h"

#define NOW 1764000000u
#define SECRET "MTIzNDU2Nzg5MGFiY2RlZg=="

static const char *const names[] = { "a", "b", "c" };

static struct tsig_keys *keys_make(void)
{
	struct tsig_keys *keys = NULL;

	assert_int_equal(tsig_keys_read(AL_S("# three of them\n"
					     "hmac-sha256:a:" SECRET "\n"
					     "hmac-sha384:b.:" SECRET "   # with a dot\n\n"
					     "HMAC-SHA512:c:" SECRET "\n"),
					"test", &keys),
			 AL_OK);
	return keys;
}

static const struct tsig_key *key_of(const struct tsig_keys *keys, const char *name)
{
	struct dname wire;

	assert_int_equal(dname_of_text(al_slice_str(name), &wire), AL_OK);
	return tsig_key_find(keys, &wire);
}

static size_t signed_question(const struct tsig_key *key, uint64_t time, struct tsig *tsig, uint8_t out[static 1024])
{
	struct question q = { .name = "w.alamo", .type = RR_A, .edns = true };
	uint8_t msg[512];
	size_t len = question_put(&q, msg);

	memcpy(out, msg, len);
	tsig_start(key, time, tsig);
	return tsig_put(tsig, out, len);
}

static enum rcode check(const struct tsig_keys *keys, const uint8_t *msg, size_t len, struct tsig *tsig)
{
	struct query query;

	memset(tsig, 0, sizeof(*tsig));
	if (!query_parse(0, msg, len, &query))
		return RCODE_FORMERR;
	if (query.rcode != RCODE_NOERROR || query.tsig_at == 0)
		return RCODE_FORMERR;
	return tsig_check(keys, NOW, &query, tsig);
}

static void what_we_sign_holds_and_nothing_else(void **state)
{
	struct tsig_keys *keys = keys_make();
	struct tsig made, seen;
	uint8_t msg[1024];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		size_t len = signed_question(key_of(keys, names[i]), NOW, &made, msg);

		assert_int_equal(check(keys, msg, len, &seen), RCODE_NOERROR);
		assert_ptr_equal(seen.key, key_of(keys, names[i]));
		/* The ID may be changed on the way, and the record has a copy of it. */
		for (size_t at = 4; at < len; at++) {
			msg[at] ^= 4;
			assert_int_not_equal(check(keys, msg, len, &seen), RCODE_NOERROR);
			msg[at] ^= 4;
		}
		for (size_t cut = 1; cut < len; cut++)
			assert_int_not_equal(check(keys, msg, len - cut, &seen), RCODE_NOERROR);
	}
	tsig_keys_free(keys);
}

static void each_error_has_its_name(void **state)
{
	struct tsig_keys *keys = keys_make(), *others = NULL;
	const struct tsig_key *key = key_of(keys, "a");
	struct tsig made, seen;
	uint8_t msg[1024];
	size_t len = signed_question(key, NOW - 301, &made, msg);

	(void)state;
	assert_int_equal(check(keys, msg, len, &seen), RCODE_NOTAUTH);
	assert_int_equal(seen.error, TSIG_BADTIME);
	assert_non_null(seen.key); /* told under the signature */
	len = signed_question(key, NOW + 300, &made, msg);
	assert_int_equal(check(keys, msg, len, &seen), RCODE_NOERROR);
	assert_int_equal(check(NULL, msg, len, &seen), RCODE_NOTAUTH);
	assert_int_equal(seen.error, TSIG_BADKEY);
	assert_int_equal(tsig_keys_read(AL_S("hmac-sha256:a:MTIzNDU2Nzg5MGFiY2RlZmc="), "test", &others), AL_OK);
	assert_int_equal(check(others, msg, len, &seen), RCODE_NOTAUTH);
	assert_int_equal(seen.error, TSIG_BADSIG);
	assert_null(seen.key);
	tsig_keys_free(others);
	assert_int_equal(tsig_keys_read(AL_S("hmac-sha512:a:" SECRET), "test", &others), AL_OK);
	assert_int_equal(check(others, msg, len, &seen), RCODE_NOTAUTH);
	assert_int_equal(seen.error, TSIG_BADKEY);
	tsig_keys_free(others);
	/* Not the last record: FORMERR, whatever it says. */
	memcpy(msg + len, "\1x\0\1\0\1\0\0\0\0\0\0", 12);
	msg[11]++;
	assert_int_equal(check(keys, msg, len + 12, &seen), RCODE_FORMERR);
	tsig_keys_free(keys);
}

static void bad_key_files_are_refused(void **state)
{
	static const char *const texts[] = {
		"hmac-sha256:a",        "hmac-md5:a:" SECRET, "hmac-sha256:a:short",
		"hmac-sha256::" SECRET, "a:" SECRET,          "hmac-sha256:a:" SECRET "\nhmac-sha512:a.:" SECRET,

	};
	struct tsig_keys *keys;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(texts); i++)
		if (tsig_keys_read(al_slice_str(texts[i]), "test", &keys) != AL_EINVAL)
			fail_msg("taken: %s", texts[i]);
}

/* ---- answers ---- */

static void answers_are_signed(void **state)
{
	struct dns_self self = { .keys = keys_make() };
	struct client client = { .self = &self, .now = NOW };
	const struct tsig_key *key = key_of(self.keys, "a");
	static uint8_t out[ANSWER_TCP_MAX];
	struct tsig made;
	uint8_t msg[1024];
	struct fixture f;
	size_t len, got;

	(void)state;
	fixture_start(&f, "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n", NULL);
	fixture_put(&f, "domain: w.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n");
	fixture_build(&f);
	len = signed_question(key, NOW, &made, msg);
	got = answer_query(publish_enter(f.publish, 0), msg, len, &client, out);
	assert_int_equal(out[3] & 15, RCODE_NOERROR);
	assert_int_equal(al_get_u16(out + 6), 1);
	assert_int_equal(al_get_u16(out + 10), 2); /* OPT, TSIG */
	assert_memory_equal(out + got - 6, "\x12\x34\0\0\0\0", 6);
	/* The answer's signature is over the question's: checked by other people's tools in the integration tests. */
	msg[len - 10] ^= 1;
	got = answer_query(publish_enter(f.publish, 0), msg, len, &client, out);
	assert_int_equal(out[3] & 15, RCODE_NOTAUTH);
	assert_int_equal(al_get_u16(out + 6), 0);
	assert_memory_equal(out + got - 6, "\x12\x34\0\x10\0\0", 6);
	publish_leave(f.publish, 0);
	fixture_stop(&f);
	tsig_keys_free((struct tsig_keys *)(uintptr_t)self.keys);
}

/* ---- an answer in several messages (RFC 8945 section 5.3.1), with the MAC by another library ---- */

#define MAC_LEN crypto_auth_hmacsha256_BYTES

static void mac_of(const struct al_buf *bytes, uint8_t out[static MAC_LEN])
{
	static const uint8_t secret[] = "1234567890abcdef";
	crypto_auth_hmacsha256_state hash;

	crypto_auth_hmacsha256_init(&hash, secret, sizeof(secret) - 1);
	crypto_auth_hmacsha256_update(&hash, bytes->ptr, bytes->len);
	crypto_auth_hmacsha256_final(&hash, out);
}

/* The variables of section 4.3.3, which the first message signs, or the timers alone, as those behind it do. */
static void variables_put(struct al_buf *out, bool all)
{
	if (all)
		al_buf_put(out, "\1a\0\0\xff\0\0\0\0\13hmac-sha256\0", 22);
	al_buf_u16(out, (uint16_t)((uint64_t)NOW >> 32));
	al_buf_u32(out, NOW);
	al_buf_u16(out, 300);
	if (all)
		al_buf_u32(out, 0);
}

static void later_messages_are_signed_in_short(void **state)
{
	struct tsig_keys *keys = keys_make();
	uint8_t msg[1024], want[MAC_LEN];
	struct al_buf bytes;
	struct tsig made;

	(void)state;
	al_buf_init(&bytes, 4096);
	tsig_start(key_of(keys, "a"), NOW, &made);
	for (int i = 0; i < 4; i++) {
		static const uint8_t head[12] = { 0x12, 0x34, 0x84 };
		size_t len = sizeof(head), got;

		memcpy(msg, head, len);
		msg[3] = (uint8_t)i;
		al_buf_reset(&bytes);
		if (i > 0) {
			al_buf_u16(&bytes, MAC_LEN);
			al_buf_put(&bytes, want, MAC_LEN);
		}
		al_buf_put(&bytes, msg, len);
		variables_put(&bytes, i == 0);
		mac_of(&bytes, want);
		assert_true(len + tsig_room(&made) <= sizeof(msg));
		got = tsig_put(&made, msg, len);
		/* Behind the MAC: ID, error, and no other data. */
		assert_memory_equal(msg + got - 6 - MAC_LEN, want, MAC_LEN);
		assert_memory_equal(msg + got - 6, "\x12\x34\0\0\0\0", 6);
		assert_int_equal(al_get_u16(msg + got - 6 - MAC_LEN - 2), MAC_LEN);
		assert_int_equal(al_get_u16(msg + 10), 1);
		assert_true(made.started);
	}
	al_buf_release(&bytes);
	tsig_keys_free(keys);
}

static void access_is_what_the_list_says(void **state)
{
	struct tsig_keys *keys = keys_make();
	struct tsig tsig = { .key = key_of(keys, "b") };
	struct client four = { .addr_len = 4, .addr = { 10, 1, 2, 3 } }, six = { .addr_len = 16, .addr = { 0xfd } };
	static const struct {
		const char *list;
		bool four, six, key;
	} rows[] = { { "any", true, true, true },           { "none", false, false, false },
		     { "10.1.0.0/16", true, false, false }, { "10.1.2.3, fd00::/8", true, true, true },
		     { "key:b", false, false, true },       { "key:a., fd00::/16", false, true, true } };
	struct access *access;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(access_new(al_slice_str(rows[i].list), keys, &access), AL_OK);
		assert_int_equal(access_allows(access, &four, NULL), rows[i].four);
		assert_int_equal(access_allows(access, &six, NULL), rows[i].six);
		assert_int_equal(access_allows(access, &six, &tsig), rows[i].key || rows[i].six);
		access_free(access);
	}
	assert_int_equal(access_new(AL_S("key:z"), keys, &access), AL_EINVAL);
	assert_int_equal(access_new(AL_S("10.0.0.0/33"), keys, &access), AL_EINVAL);
	assert_int_equal(access_new(AL_S("everybody"), keys, &access), AL_EINVAL);
	tsig_keys_free(keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_sign_holds_and_nothing_else),
		cmocka_unit_test(each_error_has_its_name),
		cmocka_unit_test(bad_key_files_are_refused),
		cmocka_unit_test(answers_are_signed),
		cmocka_unit_test(access_is_what_the_list_says),
		cmocka_unit_test(later_messages_are_signed_in_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
