/* SPDX-License-Identifier: MIT */
/*
 * test_sshsig.c -- signatures made by ssh-keygen, by us and by a simulated FIDO
 * token; every bit flip and truncation of them refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/rpsl/sshsig.h"
#include "alamo/base/wire.h"

#define NS "registry@alamo"
#define TYPE_FIDO "sk-ssh-ed25519@openssh.com"

static const uint8_t seed[32] = { 42 };

static struct al_slice load(const char *name, struct al_buf *out)
{
	al_buf_init(out, READ_FILE_MAX);
	if (!read_file(name, out))
		fail_msg("cannot read %s", name);
	return al_buf_view(out);
}

static void armor(const struct al_buf *blob, struct al_buf *out)
{
	al_buf_reset(out);
	al_buf_str(out, "-----BEGIN SSH SIGNATURE-----\n");
	al_buf_base64(out, blob->ptr, blob->len);
	al_buf_str(out, "\n-----END SSH SIGNATURE-----\n");
	assert_int_equal(out->err, AL_OK);
}

static void dearmor(struct al_slice armored, struct al_buf *blob)
{
	struct al_slice rest = armored, line;
	uint8_t bytes[4096];
	size_t len;

	assert_true(al_slice_line(&rest, &line));
	al_buf_init(blob, sizeof(bytes));
	len = 0;
	for (size_t i = 0; i + 5 < rest.len; i++)
		if (memcmp(rest.ptr + i, "\n----", 5) == 0) {
			assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), rest.ptr, i, "\n", &len, NULL,
							   sodium_base64_VARIANT_ORIGINAL),
					 0);
			break;
		}
	al_buf_put(blob, bytes, len);
}

static void ssh_keygen_vectors(void **state)
{
	static const char *const good[] = { "vectors/sshsig/sha512.sig", "vectors/sshsig/sha256.sig" };
	struct al_buf message, pub, sig, fingerprint;
	struct al_sshkey owner, key;
	char shown[AL_SSH_FINGERPRINT_LEN];

	(void)state;
	(void)load("vectors/sshsig/message.txt", &message);
	assert_int_equal(al_sshkey_parse(load("vectors/sshsig/ed25519.pub", &pub), &owner), AL_OK);
	for (size_t i = 0; i < AL_COUNT(good); i++) {
		struct al_slice armored = load(good[i], &sig);

		assert_int_equal(al_sshsig_verify(armored, AL_S(NS), al_buf_view(&message), &key), AL_OK);
		assert_true(al_sshkey_eq(&key, &owner));
		assert_int_equal(al_sshsig_verify(armored, AL_S("git"), al_buf_view(&message), &key), AL_EVERIFY);
		assert_int_equal(al_sshsig_verify(armored, AL_S(NS), AL_S("other"), &key), AL_EVERIFY);
		memset(&key, 0, sizeof(key));
		assert_int_equal(al_sshsig_key(armored, &key), AL_OK);
		assert_true(al_sshkey_eq(&key, &owner));
		assert_int_equal(al_sshsig_key(al_slice_head(armored, 100), &key), AL_EINVAL);
		al_buf_release(&sig);
	}
	al_sshkey_fingerprint(&owner, shown);
	assert_true(al_slice_is(al_slice_trim(load("vectors/sshsig/ed25519.fingerprint", &fingerprint)), shown));
	al_buf_release(&fingerprint);
	al_buf_release(&pub);
	al_buf_release(&message);
}

static void other_key_types_are_named(void **state)
{
	static const char *const other[] = { "vectors/sshsig/rsa.sig", "vectors/sshsig/ecdsa.sig" };
	struct al_buf message, sig;
	struct al_sshkey key;

	(void)state;
	(void)load("vectors/sshsig/message.txt", &message);
	for (size_t i = 0; i < AL_COUNT(other); i++) {
		assert_int_equal(al_sshsig_verify(load(other[i], &sig), AL_S(NS), al_buf_view(&message), &key),
				 AL_EUNSUPPORTED);
		al_buf_release(&sig);
	}
	al_buf_release(&message);
}

static void line_ends(void **state)
{
	struct al_buf message, sig, crlf;
	struct al_slice rest, line;
	struct al_sshkey key;

	(void)state;
	(void)load("vectors/sshsig/message.txt", &message);
	rest = load("vectors/sshsig/sha512.sig", &sig);
	al_buf_init(&crlf, 4096);
	while (al_slice_line(&rest, &line)) {
		al_buf_slice(&crlf, line);
		al_buf_str(&crlf, "\r\n");
	}
	assert_int_equal(al_sshsig_verify(al_buf_view(&crlf), AL_S(NS), al_buf_view(&message), &key), AL_OK);
	al_buf_str(&crlf, "more");
	assert_int_equal(al_sshsig_verify(al_buf_view(&crlf), AL_S(NS), al_buf_view(&message), &key), AL_EINVAL);
	al_buf_release(&crlf);
	al_buf_release(&sig);
	al_buf_release(&message);
}

/* All single-bit flips and all truncations of a good blob. */
static void damage(const struct al_buf *good, struct al_slice message)
{
	struct al_buf blob = { .max = good->max }, text;
	struct al_sshkey key;

	al_buf_init(&text, 8192);
	al_buf_put(&blob, good->ptr, good->len);
	for (size_t bit = 0; bit < 8 * good->len; bit++) {
		blob.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		armor(&blob, &text);
		assert_int_not_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), message, &key), AL_OK);
		blob.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (blob.len = 0; blob.len < good->len; blob.len++) {
		armor(&blob, &text);
		assert_int_not_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), message, &key), AL_OK);
	}
	al_buf_u8(&blob, 0);
	armor(&blob, &text);
	assert_int_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), message, &key), AL_EINVAL);
	blob.len--;
	armor(&blob, &text);
	assert_int_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), message, &key), AL_OK);
	for (size_t len = 0; len + 1 < text.len; len++)
		assert_int_not_equal(al_sshsig_verify(al_slice_of(text.ptr, len), AL_S(NS), message, &key), AL_OK);
	al_buf_release(&blob);
	al_buf_release(&text);
}

static void every_bit_counts(void **state)
{
	struct al_buf message, sig, blob;

	(void)state;
	(void)load("vectors/sshsig/message.txt", &message);
	dearmor(load("vectors/sshsig/sha512.sig", &sig), &blob);
	assert_int_equal(blob.len, 184);
	damage(&blob, al_buf_view(&message));
	al_buf_release(&blob);
	al_buf_release(&sig);
	al_buf_release(&message);
}

static void reserved_must_be_empty(void **state)
{
	struct al_buf message, sig, blob, longer, text;
	size_t at = 6 + 4 + 4 + 51 + 4 + strlen(NS); /* offset of reserved */
	struct al_sshkey key;

	(void)state;
	(void)load("vectors/sshsig/message.txt", &message);
	dearmor(load("vectors/sshsig/sha512.sig", &sig), &blob);
	al_buf_init(&longer, 4096);
	al_buf_init(&text, 8192);
	al_buf_put(&longer, blob.ptr, at);
	assert_int_equal(al_get_u32(blob.ptr + at), 0);
	al_buf_string(&longer, "hello", 5);
	al_buf_put(&longer, blob.ptr + at + 4, blob.len - at - 4);
	armor(&longer, &text);
	assert_int_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), al_buf_view(&message), &key), AL_EINVAL);
	al_buf_release(&text);
	al_buf_release(&longer);
	al_buf_release(&blob);
	al_buf_release(&sig);
	al_buf_release(&message);
}

/* What a token does (PROTOCOL.u2f), with a key of ours. */
static void fido_sign(uint8_t flags, struct al_slice message, struct al_buf *blob)
{
	uint8_t pk[32], sk[64], digest[64], context[69], sig[64];
	struct al_buf data, part;

	al_buf_init(&data, 1024);
	al_buf_init(&part, 1024);
	(void)crypto_sign_seed_keypair(pk, sk, seed);
	(void)crypto_hash_sha512(digest, (const unsigned char *)message.ptr, message.len);
	al_buf_str(&data, "SSHSIG");
	al_buf_string(&data, NS, strlen(NS));
	al_buf_string(&data, "", 0);
	al_buf_string(&data, "sha512", 6);
	al_buf_string(&data, digest, sizeof(digest));
	(void)crypto_hash_sha256(context, (const unsigned char *)"ssh:", 4);
	context[32] = flags;
	al_set_u32(context + 33, 0x12345678);
	(void)crypto_hash_sha256(context + 37, data.ptr, data.len);
	(void)crypto_sign_detached(sig, NULL, context, sizeof(context), sk);

	al_buf_init(blob, 4096);
	al_buf_str(blob, "SSHSIG");
	al_buf_u32(blob, 1);
	al_buf_string(&part, TYPE_FIDO, strlen(TYPE_FIDO));
	al_buf_string(&part, pk, sizeof(pk));
	al_buf_string(&part, "ssh:", 4);
	al_buf_string(blob, part.ptr, part.len);
	al_buf_string(blob, NS, strlen(NS));
	al_buf_string(blob, "", 0);
	al_buf_string(blob, "sha512", 6);
	al_buf_reset(&part);
	al_buf_string(&part, TYPE_FIDO, strlen(TYPE_FIDO));
	al_buf_string(&part, sig, sizeof(sig));
	al_buf_u8(&part, flags);
	al_buf_u32(&part, 0x12345678);
	al_buf_string(blob, part.ptr, part.len);
	al_buf_release(&part);
	al_buf_release(&data);
}

static void fido_tokens(void **state)
{
	struct al_buf blob, text, line;
	struct al_sshkey key, again;

	(void)state;
	al_buf_init(&text, 8192);
	al_buf_init(&line, 1024);
	fido_sign(0x01, AL_S("a request\n"), &blob);
	armor(&blob, &text);
	assert_int_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), AL_S("a request\n"), &key), AL_OK);
	assert_true(key.fido);
	assert_string_equal(key.app, "ssh:");
	al_sshkey_format(&key, &line);
	assert_int_equal(al_sshkey_parse(al_buf_view(&line), &again), AL_OK);
	assert_true(al_sshkey_eq(&key, &again));
	damage(&blob, AL_S("a request\n"));
	al_buf_release(&blob);
	/* Rightly signed, but nobody touched the token. */
	fido_sign(0x04, AL_S("a request\n"), &blob);
	armor(&blob, &text);
	assert_int_equal(al_sshsig_verify(al_buf_view(&text), AL_S(NS), AL_S("a request\n"), &key), AL_EVERIFY);
	al_buf_release(&blob);
	al_buf_release(&line);
	al_buf_release(&text);
}

static void own_signatures(void **state)
{
	struct al_buf sig;
	struct al_sshkey key;
	uint8_t pk[32], sk[64];

	(void)state;
	al_buf_init(&sig, 4096);
	al_sshsig_sign(seed, AL_S(NS), AL_S("text\n"), &sig);
	assert_int_equal(sig.err, AL_OK);
	assert_int_equal(al_sshsig_verify(al_buf_view(&sig), AL_S(NS), AL_S("text\n"), &key), AL_OK);
	(void)crypto_sign_seed_keypair(pk, sk, seed);
	assert_memory_equal(key.pk, pk, 32);
	assert_false(key.fido);
	/* Non-canonical base64 of the same bytes: the last character's unused bits. */
	for (size_t i = 0; i < sig.len; i++)
		if (sig.ptr[i] == '=' && sig.ptr[i - 1] != '=') {
			sig.ptr[i - 1]++;
			assert_int_equal(al_sshsig_verify(al_buf_view(&sig), AL_S(NS), AL_S("text\n"), &key),
					 AL_EINVAL);
		}
	al_buf_release(&sig);
}

/* libsodium's decoder reads bytes above 7f as '/': such a spelling must not pass. */
static void high_bytes_are_no_base64(void **state)
{
	struct al_buf sig;
	struct al_sshkey key;
	size_t tried = 0;

	(void)state;
	al_buf_init(&sig, 4096);
	for (int i = 0; tried == 0 && i < 100; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "text %d\n", i);
		al_buf_reset(&sig);
		al_sshsig_sign(seed, AL_S(NS), al_slice_str(text), &sig);
		for (size_t at = 0; at < sig.len; at++)
			if (sig.ptr[at] == '/') {
				sig.ptr[at] = 0xaf;
				assert_int_equal(
					al_sshsig_verify(al_buf_view(&sig), AL_S(NS), al_slice_str(text), &key),
					AL_EINVAL);
				sig.ptr[at] = '/';
				assert_int_equal(
					al_sshsig_verify(al_buf_view(&sig), AL_S(NS), al_slice_str(text), &key), AL_OK);
				tried++;
			}
	}
	assert_true(tried > 0);
	al_buf_release(&sig);
}

static void key_lines(void **state)
{
	static const char *const bad[] = {
		"",
		"ssh-ed25519",
		"ssh-ed25519 ",
		"ssh-ed25519 AAAA",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlGThK5TIn5Fa==",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlGThK5TIn5FaB5AA==",
		"sk-ssh-ed25519@openssh.com AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlGThK5TIn5FaB5",
		"AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlGThK5TIn5FaB5 ssh-ed25519",
	};
	struct al_sshkey key;
	struct al_buf out;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_equal(al_sshkey_parse(al_slice_str(bad[i]), &key), AL_EINVAL);
	assert_int_equal(al_sshkey_parse(AL_S("ssh-rsa AAAAB3NzaC1yc2E= x"), &key), AL_EUNSUPPORTED);
	assert_int_equal(al_sshkey_parse(AL_S("ecdsa-sha2-nistp256 AAAA"), &key), AL_EUNSUPPORTED);
	assert_int_equal(al_sshkey_parse(AL_S("ssh-ed25519  AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlG"
					      "ThK5TIn5FaB5\ta comment\n"),
					 &key),
			 AL_OK);
	al_buf_init(&out, 512);
	al_sshkey_format(&key, &out);
	assert_true(al_slice_is(al_buf_view(&out),
				"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDvJH34QIGDikpNSgoMmQiqf50kWPLlGThK5TIn5FaB5"));
	al_buf_release(&out);
}

/* What cannot be signed is said by the buffer, and one that has failed already stays so. */
static void signing_says_what_went_wrong(void **state)
{
	static char ns[20000];
	struct al_buf out;

	(void)state;
	memset(ns, 'n', sizeof(ns));
	al_buf_init(&out, 8192);
	al_buf_put(&out, "x", SIZE_MAX);
	assert_int_equal(out.err, AL_ELIMIT);
	al_sshsig_sign(seed, AL_S(NS), AL_S("text\n"), &out);
	assert_int_equal(out.err, AL_ELIMIT);
	assert_int_equal(out.len, 0);
	al_buf_reset(&out);
	al_sshsig_sign(seed, al_slice_of(ns, sizeof(ns)), AL_S("text\n"), &out);
	assert_int_equal(out.err, AL_ELIMIT);
	al_buf_reset(&out);
	al_sshsig_sign(seed, AL_S(NS), AL_S("text\n"), &out);
	assert_int_equal(out.err, AL_OK);
	assert_true(out.len > 0);
	al_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ssh_keygen_vectors),
		cmocka_unit_test(other_key_types_are_named),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(reserved_must_be_empty),
		cmocka_unit_test(fido_tokens),
		cmocka_unit_test(own_signatures),
		cmocka_unit_test(high_bytes_are_no_base64),
		cmocka_unit_test(key_lines),
		cmocka_unit_test(signing_says_what_went_wrong),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
