/* SPDX-License-Identifier: MIT */
/*
 * case_file.c -- the form of the case files; see case_file.h.
 */
#include "case_file.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "alamo/rpsl/sshsig.h"

#define PEOPLE_MAX 32
#define RUN_LEN 64 /* as many equal characters are shown as @x*64@ */

static struct case_person people[PEOPLE_MAX];
static size_t people_count;

/* ---- files ---- */

char *case_path(const char *name)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	return path;
}

void case_file_read(const char *path, struct al_buf *out)
{
	FILE *file = fopen(path, "rb");
	char chunk[4096];
	size_t len;

	al_buf_init(out, CASE_TEXT_MAX);
	if (file == NULL)
		fail_msg("%s cannot be read", path);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		al_buf_put(out, chunk, len);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(out->err, AL_OK);
}

void case_file_write(const char *path, struct al_slice text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(text.ptr, 1, text.len, file), text.len);
	assert_int_equal(fclose(file), 0);
}

/* ---- people: a name is a key ---- */

const struct case_person *case_person(struct al_slice name)
{
	struct case_person *p;
	struct al_sshkey key = { .fido = false };
	uint8_t sk[64];
	struct al_buf text;

	for (size_t i = 0; i < people_count; i++)
		if (al_slice_is(name, people[i].name))
			return &people[i];
	assert_true(people_count < PEOPLE_MAX);
	p = &people[people_count++];
	assert_int_equal(al_slice_copy(name, p->name, sizeof(p->name)), AL_OK);
	(void)crypto_hash_sha256(p->seed, (const unsigned char *)name.ptr, name.len);
	(void)crypto_sign_ed25519_seed_keypair(key.pk, sk, p->seed);
	al_buf_init(&text, sizeof(p->key) - 1);
	al_sshkey_format(&key, &text);
	assert_int_equal(text.err, AL_OK);
	memcpy(p->key, text.ptr, text.len);
	al_buf_release(&text);
	return p;
}

/* ---- what a file may case_abbreviate ---- */

static bool macro_key(struct al_slice word, struct al_buf *out)
{
	if (!al_slice_ends(word, "-KEY") || word.len > 15)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] != '-' && (word.ptr[i] < 'A' || word.ptr[i] > 'Z'))
			return false;
	al_buf_str(out, case_person(al_slice_head(word, word.len - 4))->key);
	return true;
}

/* "@ALICE-KEY@", "@x*8200@" (8,200 times x), "@0x07@" (a byte), "@n@" (the count of a repeated block). */
static bool macro(struct al_slice word, uint64_t n, struct al_buf *out)
{
	uint64_t count;

	if (word.len == 4 && al_slice_starts(word, "0x")) {
		al_buf_u8(out, (uint8_t)strtoul((char[]){ word.ptr[2], word.ptr[3], '\0' }, NULL, 16));
		return true;
	}
	if (word.len > 2 && word.ptr[1] == '*' && al_slice_u64(al_slice_from(word, 2), 100000, &count) == AL_OK) {
		for (; count > 0; count--)
			al_buf_u8(out, (uint8_t)word.ptr[0]);
		return true;
	}
	if (al_slice_is(word, "n")) {
		al_buf_printf(out, "%" PRIu64, n);
		return true;
	}
	return macro_key(word, out);
}

static void expand(struct al_slice text, uint64_t n, struct al_buf *out)
{
	struct al_slice word, rest;

	while (text.len > 0) {
		if (text.ptr[0] == '@') {
			rest = al_slice_from(text, 1);
			if (al_slice_cut(&rest, '@', &word) && macro(word, n, out)) {
				text = rest;
				continue;
			}
		}
		al_buf_u8(out, (uint8_t)text.ptr[0]);
		text = al_slice_from(text, 1);
	}
}

/* "@repeat 100@" and "@end@", each on a line, around what comes that often. */
void case_expand(struct al_slice text, struct al_buf *out)
{
	struct al_slice line, rest = text, block = { NULL, 0 };
	uint64_t count = 0;

	while (al_slice_line(&rest, &line)) {
		if (al_slice_starts(line, "@repeat ")) {
			assert_int_equal(
				al_slice_u64(al_slice_head(al_slice_from(line, 8), line.len - 9), 100000, &count),
				AL_OK);
			block.ptr = rest.ptr;
		} else if (al_slice_is(line, "@end@")) {
			block.len = (size_t)(line.ptr - block.ptr);
			for (uint64_t n = 1; n <= count; n++)
				expand(block, n, out);
			count = 0;
		} else if (count == 0) {
			expand(line, 0, out);
			al_buf_u8(out, '\n');
		}
	}
}

/* The answer in the file's own terms: keys by name, long runs counted, no receipt. */
void case_abbreviate(struct al_slice text, struct al_buf *out)
{
	while (text.len > 0) {
		size_t run = 1, i = 0;

		while (i < people_count && !al_slice_starts(text, people[i].key))
			i++;
		if (i < people_count) {
			al_buf_printf(out, "@%s-KEY@", people[i].name);
			text = al_slice_from(text, strlen(people[i].key));
			continue;
		}
		while (run < text.len && text.ptr[run] == text.ptr[0])
			run++;
		if ((unsigned char)text.ptr[0] < 0x20 && text.ptr[0] != '\n' && text.ptr[0] != '\t') {
			al_buf_printf(out, "@0x%02x@", (unsigned)text.ptr[0]);
			run = 1;
		} else if (run >= RUN_LEN)
			al_buf_printf(out, "@%c*%zu@", text.ptr[0], run);
		else
			al_buf_slice(out, al_slice_head(text, run));
		text = al_slice_from(text, run);
	}
}

/* ---- sections ---- */

struct al_slice case_option(const struct case_section *s, const char *name)
{
	struct al_slice rest = s->options, line, head;

	while (al_slice_line(&rest, &line))
		if (al_slice_cut(&line, ':', &head) && al_slice_is(head, name))
			return al_slice_trim(line);
	return (struct al_slice){ NULL, 0 };
}

/* From "=== kind words" to the next marker; false at the end. What stands before the first is case_prose. */
bool case_section_next(struct al_slice *rest, struct case_section *out)
{
	struct al_slice line, all = *rest;
	const char *end;

	if (!al_slice_line(rest, &line))
		return false;
	line = al_slice_from(line, 4);
	(void)al_slice_cut(&line, ' ', &out->kind);
	out->words = line;
	out->options = (struct al_slice){ NULL, 0 };
	all = *rest;
	while (rest->len > 0 && !al_slice_starts(*rest, "=== "))
		(void)al_slice_line(rest, &line);
	end = rest->len > 0 ? rest->ptr : all.ptr + all.len;
	all.len = (size_t)(end - all.ptr);
	if (al_slice_is(out->kind, "answer") || al_slice_is(out->kind, "object")) {
		out->body = all;
		return true;
	}
	out->options.ptr = all.ptr;
	while (al_slice_line(&all, &line) && line.len > 0)
		out->options.len = (size_t)(all.ptr - out->options.ptr);
	while (all.len > 1 && all.ptr[all.len - 1] == '\n' && all.ptr[all.len - 2] == '\n')
		all.len--;
	out->body = all;
	return true;
}

/* The case_prose before the first marker, cut off. */
struct al_slice case_prose(struct al_slice *text)
{
	struct al_slice all = *text, line;

	while (text->len > 0 && !al_slice_starts(*text, "=== "))
		(void)al_slice_line(text, &line);
	return al_slice_trim(al_slice_head(all, (size_t)(text->ptr - all.ptr)));
}
