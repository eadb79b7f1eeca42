/* SPDX-License-Identifier: MIT */
/*
 * draft.c -- a request in the making.
 *
 * Lines that begin with '%' or '#' come from WHOIS answers and editors: they
 * are dropped, unless the text is signed already.
 */
#include "draft.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/object.h"

#define HEADER_COLUMN 16
#define SEEN "% prev:"

static bool line_is_block(struct al_slice line)
{
	return al_slice_starts(line, "-----BEGIN ");
}

/* "% prev: 17" */
static bool line_is_seen(struct al_slice line, struct al_slice *version)
{
	uint64_t number;

	if (!al_slice_starts(line, SEEN))
		return false;
	*version = al_slice_trim(al_slice_from(line, strlen(SEEN)));
	return al_slice_u64(*version, UINT64_MAX, &number) == AL_OK;
}

static bool line_is_comment(struct al_slice line)
{
	return al_slice_starts(line, "%") || al_slice_starts(line, "#");
}

/* Copies `input` with LF line ends up to its blocks, the blocks after it. *text_len: where they start. */
static void lines_copy(struct al_slice input, bool signed_text, struct al_buf *out, size_t *text_len)
{
	struct al_slice line, version;
	bool blocks = false;

	*text_len = 0;
	while (al_slice_line(&input, &line)) {
		if (!blocks && line_is_block(line)) {
			blocks = true;
			*text_len = out->len;
		}
		if (!blocks && !signed_text && line_is_comment(line)) {
			/* A paragraph of its own, so that it ends the object before it. */
			if (line_is_seen(line, &version))
				al_buf_printf(out, "\n%s %.*s\n\n", SEEN, AL_FMT(version));
			continue;
		}
		if (blocks && al_slice_starts(line, "%")) /* no block has such a line: it is about the request */
			continue;
		al_buf_slice(out, line);
		al_buf_u8(out, '\n');
	}
	if (!blocks)
		*text_len = out->len;
}

/* One paragraph: lines up to an empty one. False at the end. */
static bool paragraph_next(struct al_slice *rest, struct al_slice *out)
{
	struct al_slice line, ahead = *rest;

	while (al_slice_line(&ahead, &line) && al_slice_trim(line).len == 0)
		*rest = ahead;
	if (rest->len == 0)
		return false;
	ahead = *rest;
	const char *start = rest->ptr, *end = start;

	while (al_slice_line(&ahead, &line) && al_slice_trim(line).len > 0)
		end = line.ptr + line.len + 1;
	*out = al_slice_of(start, (size_t)(end - start));
	*rest = al_slice_from(*rest, out->len);
	return true;
}

/* The contact blocks stand behind the signatures. */
static void blocks_split(struct al_slice blocks, struct draft *out)
{
	struct al_slice rest = blocks, line;

	out->signatures = blocks;
	out->contacts = al_slice_from(blocks, blocks.len);
	while (al_slice_line(&rest, &line))
		if (al_slice_starts(line, "-----BEGIN CONTACT ")) {
			size_t at = (size_t)(line.ptr - blocks.ptr);

			out->signatures = al_slice_head(blocks, at);
			out->contacts = al_slice_from(blocks, at);
			return;
		}
}

static enum al_err objects_split(struct al_slice text, struct draft *out)
{
	struct al_slice rest = text, paragraph, seen = { NULL, 0 };

	while (paragraph_next(&rest, &paragraph)) {
		if (out->text.len == 0 && line_is_seen(al_slice_trim(paragraph), &seen))
			continue;
		if (out->count == 0 && out->header.len == 0 && al_slice_casestarts(paragraph, "request:")) {
			out->header = paragraph;
			continue;
		}
		if (out->count == DRAFT_OBJECTS_MAX)
			return AL_ELIMIT;
		out->seen[out->count] = seen;
		out->objects[out->count++] = paragraph;
		seen.len = 0;
	}
	return out->count > 0 ? AL_OK : AL_EINVAL;
}

enum al_err draft_parse(struct al_slice input, struct draft *out)
{
	bool is_signed = input.len > 0 && memmem(input.ptr, input.len, "\n-----BEGIN SSH SIGNATURE-----", 30) != NULL;
	size_t text_len;
	struct al_slice all;
	enum al_err err;

	memset(out, 0, sizeof(*out));
	al_buf_init(&out->bytes, 2 * input.len + 2); /* a version gets empty lines around it */
	lines_copy(input, is_signed, &out->bytes, &text_len);
	out->objects = calloc(DRAFT_OBJECTS_MAX, sizeof(*out->objects));
	out->seen = calloc(DRAFT_OBJECTS_MAX, sizeof(*out->seen));
	err = out->objects == NULL || out->seen == NULL ? AL_ENOMEM : out->bytes.err;
	if (err == AL_OK) {
		all = al_buf_view(&out->bytes);
		if (is_signed)
			out->text = al_slice_head(all, text_len);
		blocks_split(al_slice_from(all, text_len), out);
		err = objects_split(al_slice_head(all, text_len), out);
	}
	if (err != AL_OK)
		draft_release(out);
	return err;
}

void draft_release(struct draft *draft)
{
	al_buf_release(&draft->bytes);
	free(draft->objects);
	free(draft->seen);
	draft->objects = draft->seen = NULL;
	draft->count = 0;
}

static bool header_find(struct al_slice header, const char *name, struct al_slice *value)
{
	struct al_slice line, head;

	while (al_slice_line(&header, &line))
		if (al_slice_cut(&line, ':', &head) && al_slice_caseis(head, name)) {
			*value = al_slice_trim(line);
			return true;
		}
	return false;
}

bool draft_has(const struct draft *draft, const char *name)
{
	struct al_slice value;

	return header_find(draft->header, name, &value);
}

static bool has_placeholder(struct al_slice value)
{
	return value.len > 0 &&
	       (memmem(value.ptr, value.len, "AUTO-", 5) != NULL || memmem(value.ptr, value.len, "auto-", 5) != NULL);
}

/* The values of the class's primary attributes, separated by blanks. */
static enum al_err key_typed(enum al_class cls, struct al_slice object, struct al_buf *value, struct al_buf *key)
{
	struct al_slice rest = object, typed, head;
	struct al_raw_attr attr;
	unsigned line = 0;
	enum al_err err = AL_OK;

	while (al_raw_next(&rest, &line, &attr, &err)) {
		const struct al_attr_rule *rule = al_class_rule(cls, attr.name);

		if (err != AL_OK || rule == NULL || (rule->flags & AL_PRIMARY) == 0)
			continue;
		if (key->len > 0)
			al_buf_u8(key, ' ');
		al_raw_value(&attr, value);
		typed = al_buf_view(value);
		(void)al_slice_cut(&typed, '#', &head); /* keys have comments behind them, never in them */
		al_buf_slice(key, al_slice_trim(head));
	}
	return key->err;
}

enum al_err draft_key(struct al_slice object, struct al_buf *out)
{
	struct al_buf value, key;
	enum al_class cls;
	enum al_err err = al_object_class(object, &cls);

	if (err != AL_OK)
		return err;
	al_buf_init(&value, 65536);
	al_buf_init(&key, 1024);
	err = key_typed(cls, object, &value, &key);
	if (err == AL_OK && has_placeholder(al_buf_view(&key)))
		err = AL_ENOTFOUND;
	if (err == AL_OK) {
		al_buf_reset(&value);
		err = al_key_canon(cls, al_buf_view(&key), &value);
	}
	if (err == AL_OK) {
		al_buf_printf(out, "%s ", al_class_name(cls));
		al_buf_slice(out, al_buf_view(&value));
		err = out->err;
	}
	al_buf_release(&key);
	al_buf_release(&value);
	return err;
}

bool draft_is_alone(struct al_slice text, const char *wanted)
{
	struct draft draft;
	struct al_buf key, typed;
	struct al_slice cls, rest = al_slice_str(wanted);
	enum al_class number;
	bool good = false;

	if (draft_parse(text, &draft) != AL_OK)
		return false;
	al_buf_init(&key, 4096);
	al_buf_init(&typed, 4096);
	(void)al_slice_word(&rest, "", &cls);
	if (al_class_parse(cls, &number) == AL_OK)
		al_buf_printf(&typed, "%s ", al_class_name(number));
	if (typed.len > 0 && al_key_canon(number, al_slice_trim(rest), &typed) == AL_OK &&
	    draft_key(draft.objects[0], &key) == AL_OK)
		good = draft.count == 1 && draft.header.len == 0 && draft.signatures.len == 0 &&
		       draft.contacts.len == 0 && al_slice_caseeq(al_buf_view(&key), al_buf_view(&typed));
	al_buf_release(&typed);
	al_buf_release(&key);
	draft_release(&draft);
	return good;
}

static void header_put(struct al_buf *out, const char *name, struct al_slice value)
{
	al_buf_printf(out, "%-*s", HEADER_COLUMN, name);
	al_buf_slice(out, value);
	al_buf_u8(out, '\n');
}

void draft_text(const struct draft *draft, const struct draft_head *head, struct al_buf *out)
{
	/* `request:` is the first attribute when it is there. */
	if (head->name != NULL && draft->header.len == 0)
		header_put(out, "request:", al_slice_str(head->name));
	al_buf_slice(out, draft->header);
	if (head->prev.len > 0)
		header_put(out, "prev:", head->prev);
	if (head->nonce != NULL)
		header_put(out, "nonce:", al_slice_str(head->nonce));
	if (head->dry_run && !draft_has(draft, "dry-run"))
		header_put(out, "dry-run:", AL_S("yes"));
	for (size_t i = 0; i < draft->count; i++) {
		al_buf_u8(out, '\n');
		al_buf_slice(out, draft->objects[i]);
	}
}

size_t draft_fit(const struct draft *draft, size_t from, size_t bytes, size_t objects)
{
	size_t used = 0, count = 0;

	while (from + count < draft->count && count < objects) {
		used += draft->objects[from + count].len + 1;
		if (used > bytes && count > 0)
			break;
		count++;
	}
	return count;
}

void draft_nonce(char out[static DRAFT_NONCE_LEN])
{
	uint8_t bytes[16];

	if (sodium_init() < 0)
		abort();
	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(out, DRAFT_NONCE_LEN, bytes, sizeof(bytes));
}
