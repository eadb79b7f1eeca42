/* SPDX-License-Identifier: MIT */
/* Contact blocks in the making: what is hashed, what goes into the object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/request.h"
#include "member/contact.h"
#include "member/draft.h"

static const char person[] = "person:         Ann\n"
			     "nic-hdl:        ANN-ALAMO\n"
			     "contact:        sha256:old\n"
			     "mnt-by:         ANN-MNT\n"
			     "source:         ALAMO\n";

static void salted_and_hashed(void **state)
{
	struct al_buf one, two;
	struct al_slice line = { NULL, 0 }, rest;
	char hash[CONTACT_HASH_LEN], other[CONTACT_HASH_LEN];
	uint8_t salt[64];
	size_t len = 0;

	(void)state;
	al_buf_init(&one, 1u << 16);
	al_buf_init(&two, 1u << 16);
	assert_int_equal(contact_block(AL_S("# mine\r\n\r\ne-mail: a@example.net\r\nphone: 1"), &one), AL_OK);
	assert_int_equal(contact_block(AL_S("e-mail: a@example.net\nphone: 1\n"), &two), AL_OK);
	rest = al_buf_view(&one);
	assert_true(al_slice_line(&rest, &line));
	assert_true(al_slice_starts(line, "salt: "));
	assert_int_equal(al_slice_base64(al_slice_from(line, 6), salt, sizeof(salt), &len), AL_OK);
	assert_int_equal(len, 32);
	assert_true(al_slice_is(rest, "e-mail: a@example.net\nphone: 1\n"));
	/* The same text has another hash each time. */
	contact_hash(al_buf_view(&one), hash);
	contact_hash(al_buf_view(&two), other);
	assert_true(strncmp(hash, "sha256:", 7) == 0 && strlen(hash) == 7 + 44);
	assert_string_not_equal(hash, other);
	al_buf_release(&one);
	al_buf_release(&two);
}

static void not_a_block(void **state)
{
	static const char *const rows[] = { "",
					    "\n\n",
					    "# only this\n",
					    "no colon\n",
					    " e-mail: x\n",
					    "salt: mine\n",
					    "-----END CONTACT ANN-ALAMO-----\n",
					    "e-mail: a\n%: b\nphone\n" };
	struct al_buf out, large;

	(void)state;
	al_buf_init(&out, 1u << 20);
	al_buf_init(&large, 1u << 20);
	for (size_t i = 0; i < AL_COUNT(rows); i++)
		assert_int_equal(contact_block(al_slice_str(rows[i]), &out), AL_EINVAL);
	for (int i = 0; i < 500; i++)
		al_buf_str(&large, "remarks: more\n");
	assert_int_equal(contact_block(al_buf_view(&large), &out), AL_ELIMIT);
	al_buf_release(&out);
	al_buf_release(&large);
}

/* What is sent is what the registry reads: the object names the hash of the block that comes with it. */
static void object_and_block_agree(void **state)
{
	struct al_buf block, text, expected;
	struct al_request request;
	struct draft draft;

	(void)state;
	al_buf_init(&block, 1u << 16);
	al_buf_init(&text, 1u << 16);
	al_buf_init(&expected, 1u << 16);
	assert_int_equal(contact_block(AL_S("e-mail: a@example.net\n"), &block), AL_OK);
	assert_int_equal(contact_draft(AL_S("person: Ann\n"), al_buf_view(&block), &text), AL_EINVAL);
	al_buf_reset(&text);
	assert_int_equal(contact_draft(al_slice_str(person), al_buf_view(&block), &text), AL_OK);
	assert_int_equal(draft_parse(al_buf_view(&text), &draft), AL_OK);
	assert_int_equal(draft.count, 1);
	al_buf_reset(&text);
	al_buf_str(&text, "request: x\nprev: 1\n\n");
	al_buf_slice(&text, draft.objects[0]);
	al_buf_str(&text, "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
	al_buf_slice(&text, draft.contacts);
	al_request_init(&request);
	assert_int_equal(al_request_parse(al_buf_view(&text), &request, NULL), AL_OK);
	assert_int_equal(request.contact_count, 1);
	assert_true(al_slice_is(request.contact[0].handle, "ANN-ALAMO"));
	al_buf_str(&expected, "person:         Ann\nnic-hdl:        ANN-ALAMO\ncontact:        sha256:");
	al_buf_base64(&expected, request.contact[0].hash, AL_HASH_LEN);
	al_buf_str(&expected, "\nmnt-by:         ANN-MNT\nsource:         ALAMO\n");
	assert_true(al_slice_eq(request.objects[0], al_buf_view(&expected)));
	al_request_release(&request);
	draft_release(&draft);
	al_buf_release(&expected);
	al_buf_release(&text);
	al_buf_release(&block);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(salted_and_hashed), cmocka_unit_test(not_a_block),
					    cmocka_unit_test(object_and_block_agree) };

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
