/* SPDX-License-Identifier: MIT */
/*
 * test_invite.c -- invitations, and the files that a network is pinned in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "file.h"
#include "member/invite.h"
#include "member/pin.h"
#include "pairs.h"

#define VKEY "registry.alamo/log+03083e51+AZVH7V54bmZO79BDty2obYeVl468bP59YshAJY/XZXrk"

static void there_and_back(void **state)
{
	struct invite invite = { "[2001:db8::1]:4343", VKEY, "ANN-MNT" }, back;
	char word[INVITE_MAX];

	(void)state;
	assert_int_equal(invite_format(&invite, word), AL_OK);
	assert_true(invite_is(word));
	assert_null(strpbrk(word, " \t\n'\"$&|;<>()/+="));
	assert_int_equal(invite_parse(word, &back), AL_OK);
	assert_string_equal(back.server, invite.server);
	assert_string_equal(back.vkey, invite.vkey);
	assert_string_equal(back.vouch, invite.vouch);
}

/* tests/vectors/client, as docs/formats.md has them. */
static void vectors(void **state)
{
	struct invite invite;
	static struct pin pin;
	char word[INVITE_MAX];
	struct al_buf file, text;

	(void)state;
	al_buf_init(&file, 65536);
	al_buf_init(&text, 65536);
	assert_int_equal(file_read(TEST_DATA "/vectors/client/invitation", &file), AL_OK);
	file.ptr[file.len - 1] = '\0'; /* its LF */
	assert_int_equal(invite_parse((const char *)file.ptr, &invite), AL_OK);
	assert_string_equal(invite.server, "registry.example:4343");
	assert_int_equal(invite_format(&invite, word), AL_OK);
	assert_string_equal(word, (const char *)file.ptr);
	al_buf_reset(&file);
	assert_int_equal(file_read(TEST_DATA "/vectors/client/network", &file), AL_OK);
	assert_int_equal(pin_parse(al_buf_view(&file), &pin), AL_OK);
	pin_format(&pin, &text);
	assert_true(al_slice_eq(al_buf_view(&file), al_buf_view(&text)));
	al_buf_release(&text);
	al_buf_release(&file);
}

/* Every byte exchanged, every shorter word: none is an invitation. */
static void mistyped(void **state)
{
	struct invite invite = { "registry.example:4343", VKEY, "" }, back;
	char word[INVITE_MAX], wrong[INVITE_MAX];
	size_t len;

	(void)state;
	assert_int_equal(invite_format(&invite, word), AL_OK);
	len = strlen(word);
	for (size_t i = 0; i < len; i++) {
		memcpy(wrong, word, len + 1);
		wrong[i] = wrong[i] == 'A' ? 'B' : 'A';
		assert_int_equal(invite_parse(wrong, &back), AL_EINVAL);
		memcpy(wrong, word, len + 1);
		wrong[i] = '\0';
		assert_int_equal(invite_parse(wrong, &back), AL_EINVAL);
	}
	memset(wrong, 'A', sizeof(wrong) - 1);
	wrong[sizeof(wrong) - 1] = '\0';
	assert_int_equal(invite_parse(wrong, &back), AL_EINVAL);
}

static void pins(void **state)
{
	static const char *const bad[] = {
		"",
		"name = alamo\nsource = ALAMO\n",
		"name = ../x\nsource = ALAMO\nvkey = " VKEY "\n",
		"name = alamo\nvkey = " VKEY "\n",
		"name = alamo\nsource = ALAMO\nvkey = nonsense\n",
		"name = alamo\nname = alamo\nsource = ALAMO\nvkey = " VKEY "\n",
		"name = alamo\nsource = ALAMO\nvkey = " VKEY "\nserver = a\001:1\n",
		"name = alamo\nsource = ALAMO\nvkey = " VKEY "\ncolour = red\n",
		"name = alamo\nsource = ALAMO\nvkey = " VKEY "\nserver\n",
	};
	static struct pin pin, back;
	struct al_buf text;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_int_not_equal(pin_parse(al_slice_str(bad[i]), &pin), AL_OK);
	assert_int_equal(
		pin_parse(AL_S("# x\nname = alamo\nsource = ALAMO\nvkey = " VKEY "\nserver = a:1\nserver = b:2 # y\n"),
			  &pin),
		AL_OK);
	assert_int_equal(pin.server_count, 2);
	assert_string_equal(pin.servers[1], "b:2");
	al_buf_init(&text, 65536);
	pin_format(&pin, &text);
	assert_int_equal(pin_parse(al_buf_view(&text), &back), AL_OK);
	assert_memory_equal(&pin, &back, sizeof(pin));
	al_buf_release(&text);
}

static void names(void **state)
{
	static const char *const good[] = { "alamo", "DN42", "a.b-c_d", "x" };
	static const char *const bad[] = {
		"",     ".",        "..",
		".x",   "a/b",      "a b",
		"a\nb", "\xc3\xa9", "0123456789012345678901234567890123456789012345678901234567890123"
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(good); i++)
		assert_true(pin_name_ok(good[i]));
	for (size_t i = 0; i < AL_COUNT(bad); i++)
		assert_false(pin_name_ok(bad[i]));
}

static void lines(void **state)
{
	struct al_slice text = AL_S("\n# all of it\n a = b#c # d\r\nkey=~/x y\n\t\nodd\nz = 1\n");
	struct pair pair = { .line = 0 };

	(void)state;
	assert_true(pairs_next(&text, &pair));
	assert_int_equal(pair.line, 3);
	assert_true(al_slice_is(pair.name, "a") && al_slice_is(pair.value, "b#c"));
	assert_true(pairs_next(&text, &pair));
	assert_true(al_slice_is(pair.name, "key") && al_slice_is(pair.value, "~/x y"));
	assert_false(pairs_next(&text, &pair));
	assert_int_equal(pair.line, 6);
	assert_int_equal(pair.name.len, 0);
	text = AL_S("a = b\n");
	pair = (struct pair){ .line = 0 };
	assert_true(pairs_next(&text, &pair));
	assert_false(pairs_next(&text, &pair));
	assert_int_not_equal(pair.name.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back), cmocka_unit_test(vectors), cmocka_unit_test(mistyped),
		cmocka_unit_test(pins),           cmocka_unit_test(names),   cmocka_unit_test(lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
