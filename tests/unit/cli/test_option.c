/* SPDX-License-Identifier: MIT */
/*
 * test_option.c -- argv against a table: what is taken, and what the errors say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nearest.h"
#include "option.h"

struct options {
	bool once;
	const char *server, *ports;
	struct option_number len, index;
	struct option_list keys;
};

static const struct option_row rows[] = {
	{ .name = "once", .verbs = "tail", OPTION_AT(struct options, once), .meaning = "ends" },
	{ .name = "server", .letter = 's', .arg = "HOST:PORT", OPTION_AT(struct options, server), .meaning = "where" },
	{ .name = "ports",
	  .arg = "any|standard",
	  .choice = true,
	  OPTION_AT(struct options, ports),
	  .meaning = "which" },
	{ .name = "len", .arg = "N", .least = 40, .most = 48, OPTION_AT(struct options, len), .meaning = "how long" },
	{ .name = "index", .arg = "N", OPTION_AT(struct options, index), .meaning = "which one" },
	{ .name = "key",
	  .letter = 'k',
	  .arg = "FILE",
	  .verbs = "sign",
	  .needed = true,
	  .most = 2,
	  OPTION_AT(struct options, keys),
	  .meaning = "who" },
};

static const struct command_form forms[] = {
	{ "tail", "", "the end", NULL },
	{ "show", "CLASS KEY...", "one", NULL },
	{ "sign", "FILE [OUT]", "a name under it", NULL },
};

static const struct command with_verbs = {
	.name = "test",
	.help = "for this test",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};

static const struct command_form alone[] = { { NULL, "QUERY...", NULL, NULL } };

static const struct command passing = {
	.name = "ask",
	.help = "for this test",
	COMMAND_FORMS(alone),
	COMMAND_OPTIONS(rows, struct options),
	.flags_are_words = true,
};

#define WORDS_MAX 16

struct result {
	enum al_err err;
	struct typed typed;
	struct options options;
	char why[512];
	char line[256];
	char *argv[WORDS_MAX];
};

/* `line` split at blanks. */
static void typed(const struct command *command, const char *line, struct result *out)
{
	struct al_buf why;
	int argc = 0;
	char *save = NULL;

	memset(out, 0, sizeof(*out));
	assert_true(strlen(line) < sizeof(out->line));
	strcpy(out->line, line);
	for (char *word = strtok_r(out->line, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MAX);
		out->argv[argc++] = word;
	}
	al_buf_init(&why, sizeof(out->why) - 1);
	out->err = option_parse(command, argc, out->argv, &out->typed, &out->options, &why);
	memcpy(out->why, why.ptr != NULL ? (const char *)why.ptr : "", why.len);
	al_buf_release(&why);
}

static void any_place(void **state)
{
	static const char *const lines[] = {
		"show person ANN --server h:1 --len 44", "--server h:1 show person ANN --len 44",
		"show --len=44 person --server=h:1 ANN", "-s h:1 --len 44 show person ANN",
		"show person -sh:1 ANN --len 44",        "show --server h:1 --len 44 -- person ANN",
	};
	struct result r;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(lines); i++) {
		typed(&with_verbs, lines[i], &r);
		assert_int_equal(r.err, AL_OK);
		assert_string_equal(r.typed.form->verb, "show");
		assert_int_equal(r.typed.words.count, 2);
		assert_string_equal(r.typed.words.word[0], "person");
		assert_string_equal(r.typed.words.word[1], "ANN");
		assert_string_equal(r.options.server, "h:1");
		assert_true(r.options.len.given && r.options.len.value == 44);
	}
}

static void lists_and_flags(void **state)
{
	struct result r;

	(void)state;
	typed(&with_verbs, "sign -k a f --key b o", &r);
	assert_int_equal(r.err, AL_OK);
	assert_int_equal(r.options.keys.count, 2);
	assert_string_equal(r.options.keys.values[0], "a");
	assert_string_equal(r.options.keys.values[1], "b");
	assert_int_equal(r.typed.words.count, 2);
	typed(&with_verbs, "tail --once --ports any", &r);
	assert_int_equal(r.err, AL_OK);
	assert_true(r.options.once);
	assert_string_equal(r.options.ports, "any");
	/* "-" is a word; what stands behind "--" is one too. */
	typed(&with_verbs, "sign --key k - --", &r);
	assert_int_equal(r.err, AL_OK);
	assert_string_equal(r.typed.words.word[0], "-");
	typed(&with_verbs, "sign --key k -- --once", &r);
	assert_int_equal(r.err, AL_OK);
	assert_string_equal(r.typed.words.word[0], "--once");
	assert_false(r.options.once);
}

static void errors_by_name(void **state)
{
	static const struct {
		const char *line, *why;
	} table[] = {
		{ "", "test: a word is missing: tail, show or sign" },
		{ "tial", "test: \"tial\" is none of tail, show or sign: is it tail?" },
		{ "zzz", "test: \"zzz\" is none of tail, show or sign" },
		{ "tail now", "test tail: there is nothing to say behind it: \"now\"" },
		{ "show", "test show: CLASS is missing" },
		{ "show person", "test show: KEY... is missing" },
		{ "sign -k a f o more", "test sign: one word too many: \"more\"" },
		{ "sign f", "test sign: --key FILE is missing" },
		{ "tail --sever h", "test: there is no option --sever: is it --server?" },
		{ "tail --unlike", "test: there is no option --unlike" },
		{ "tail -x", "test: there is no option -x" },
		{ "show a b --once", "test show: --once is for tail" },
		{ "tail --key a", "test tail: --key is for sign" },
		{ "tail --once=yes", "test: --once takes no value" },
		{ "tail --server", "test: --server: HOST:PORT is missing behind it" },
		{ "tail --server --once", "test: --server: HOST:PORT is missing behind it" },
		{ "tail --server=", "test: --server: HOST:PORT is empty" },
		{ "tail --server a -s b", "test: --server is there twice" },
		{ "tail --ports 1", "test: --ports: one of any|standard, not \"1\"" },
		{ "tail --len x", "test: --len: 40 to 48, not \"x\"" },
		{ "tail --len 39", "test: --len: 40 to 48, not \"39\"" },
		{ "tail --len 49", "test: --len: 40 to 48, not \"49\"" },
		{ "tail --index -1", "test: --index: a number, not \"-1\"" },
		{ "sign f -k a -k b -k c", "test: --key: at most 2 of them" },
	};
	struct result r;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(table); i++) {
		typed(&with_verbs, table[i].line, &r);
		assert_string_equal(r.why, table[i].why);
		assert_int_equal(r.err, AL_EINVAL);
	}
}

static void help_wins(void **state)
{
	struct result r;

	(void)state;
	typed(&with_verbs, "show -h", &r);
	assert_true(r.err == AL_OK && r.typed.help);
	typed(&with_verbs, "--once --help nonsense", &r);
	assert_true(r.err == AL_OK && r.typed.help);
	typed(&passing, "-h", &r);
	assert_true(r.err == AL_OK && r.typed.help);
	/* As a value, or behind "--", it is none. */
	typed(&with_verbs, "show a -- --help", &r);
	assert_true(r.err == AL_OK && !r.typed.help);
}

static void flags_of_others(void **state)
{
	struct result r;

	(void)state;
	typed(&passing, "-i mnt-by X-MNT --server h:1", &r);
	assert_int_equal(r.err, AL_OK);
	assert_int_equal(r.typed.words.count, 3);
	assert_string_equal(r.typed.words.word[0], "-i");
	assert_string_equal(r.options.server, "h:1");
	typed(&passing, "X-MNT --brief", &r);
	assert_int_equal(r.err, AL_EINVAL);
	typed(&passing, "-- --brief X-MNT", &r);
	assert_int_equal(r.err, AL_OK);
	assert_string_equal(r.typed.words.word[0], "--brief");
}

/* Of every command there is: the help and both scripts name every option. */
static void everything_is_said(void **state)
{
	struct al_buf help, bash, zsh;
	char name[64];

	(void)state;
	al_buf_init(&help, 1u << 16);
	al_buf_init(&bash, 1u << 18);
	al_buf_init(&zsh, 1u << 18);
	completion_bash(&bash);
	completion_zsh(&zsh);
	for (size_t i = 0; i < command_count; i++) {
		al_buf_reset(&help);
		help_command(commands[i], &help);
		for (size_t k = 0; k < commands[i]->option_count; k++) {
			const struct option_row *row = &commands[i]->options[k];

			assert_true(row->meaning != NULL && row->meaning[0] != '\0');
			assert_true((row->kind == OPTION_FLAG) == (row->arg == NULL));
			assert_true(row->at < commands[i]->size);
			snprintf(name, sizeof(name), "--%s", row->name);
			assert_non_null(memmem(help.ptr, help.len, name, strlen(name)));
			assert_non_null(memmem(bash.ptr, bash.len, name, strlen(name)));
			assert_non_null(memmem(zsh.ptr, zsh.len, name, strlen(name)));
		}
		assert_ptr_equal(command_find(commands[i]->name), commands[i]);
	}
	assert_int_equal(help.err, AL_OK);
	assert_int_equal(bash.err, AL_OK);
	assert_int_equal(zsh.err, AL_OK);
	al_buf_release(&help);
	al_buf_release(&bash);
	al_buf_release(&zsh);
}

/* Names and letters are used once in a command, and verbs= names verbs that it has. */
static void tables_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++)
		for (size_t k = 0; k < commands[i]->option_count; k++) {
			const struct option_row *row = &commands[i]->options[k];
			struct al_slice rest = al_slice_str(row->verbs), verb;
			bool known = true;

			for (size_t j = 0; j < k; j++) {
				assert_string_not_equal(row->name, commands[i]->options[j].name);
				assert_true(row->letter == '\0' || row->letter != commands[i]->options[j].letter);
			}
			while (al_slice_word(&rest, "", &verb)) {
				known = false;
				for (size_t j = 0; j < commands[i]->form_count; j++)
					known = known || (commands[i]->forms[j].verb != NULL &&
							  al_slice_is(verb, commands[i]->forms[j].verb));
				assert_true(known);
			}
		}
}

static void nearest_name(void **state)
{
	static const char *const names[] = { "server", "whois", "key" };
	static const struct {
		const char *typed, *best;
	} table[] = {
		{ "sever", "server" }, { "servre", "server" }, { "SERVER", NULL }, { "whios", "whois" },
		{ "kye", "key" },      { "k", NULL },          { "", NULL },       { "something", NULL },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(table); i++) {
		struct nearest nearest = { .typed = table[i].typed };

		for (size_t k = 0; k < AL_COUNT(names); k++)
			nearest_offer(&nearest, names[k]);
		if (table[i].best == NULL)
			assert_null(nearest.best);
		else
			assert_string_equal(nearest.best, table[i].best);
	}
	assert_int_equal(nearest_distance("abc", "acb"), 1);
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_place),    cmocka_unit_test(lists_and_flags), cmocka_unit_test(errors_by_name),
		cmocka_unit_test(help_wins),    cmocka_unit_test(flags_of_others), cmocka_unit_test(everything_is_said),
		cmocka_unit_test(tables_agree), cmocka_unit_test(nearest_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
