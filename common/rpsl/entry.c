/* SPDX-License-Identifier: MIT */
/*
 * entry.c -- the text form of one log entry, byte-exact.
 *
 * Decoding takes exactly what encoding writes and nothing else, so that an
 * entry has one spelling and one leaf hash.
 */
#include "alamo/rpsl/entry.h"

#include <inttypes.h>
#include <string.h>

#define KIND_MAX 32 /* bytes of a kind */

static bool kind_ok(struct al_slice kind)
{
	if (kind.len == 0 || kind.len > KIND_MAX)
		return false;
	for (size_t i = 0; i < kind.len; i++)
		if (!((kind.ptr[i] >= 'a' && kind.ptr[i] <= 'z') || (kind.ptr[i] == '-' && i > 0)))
			return false;
	return true;
}

/* A placeholder or what it became: printable ASCII without blanks. */
static bool word_ok(struct al_slice word)
{
	if (word.len == 0)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (word.ptr[i] <= ' ' || word.ptr[i] > '~')
			return false;
	return true;
}

static bool entry_ok(const struct al_entry *entry)
{
	if (!kind_ok(entry->kind) || entry->auto_count > AL_AUTOS_MAX ||
	    (entry->result.len > 0 && !word_ok(entry->result)))
		return false;
	for (size_t i = 0; i < entry->auto_count; i++)
		if (!word_ok(entry->autos[i].token) || !word_ok(entry->autos[i].value))
			return false;
	return true;
}

enum al_err al_entry_encode(const struct al_entry *entry, struct al_buf *out)
{
	size_t start = out->len;

	if (!entry_ok(entry))
		return AL_EINVAL;
	al_buf_printf(out, "entry %" PRIu64 " ", entry->index);
	al_buf_slice(out, entry->kind);
	al_buf_printf(out, "\ntime %" PRIu64 "\nresult ", entry->time);
	al_buf_slice(out, entry->result.len > 0 ? entry->result : AL_S("accepted"));
	al_buf_str(out, "\n");
	for (size_t i = 0; i < entry->auto_count; i++) {
		al_buf_str(out, "auto ");
		al_buf_slice(out, entry->autos[i].token);
		al_buf_str(out, " ");
		al_buf_slice(out, entry->autos[i].value);
		al_buf_str(out, "\n");
	}
	al_buf_str(out, "\n");
	al_buf_slice(out, entry->body);
	if (out->err == AL_OK && out->len - start > AL_ENTRY_MAX) {
		out->len = start;
		return AL_ELIMIT;
	}
	return out->err;
}

/* "WORD REST" of a header line, LF cut off. */
static bool header_line(struct al_slice *rest, const char *word, struct al_slice *value)
{
	struct al_slice line, name;

	if (!al_slice_cut(rest, '\n', &line) || !al_slice_cut(&line, ' ', &name) || !al_slice_is(name, word))
		return false;
	*value = line;
	return true;
}

static bool decode_auto(struct al_slice line, struct al_entry *out)
{
	struct al_slice name;
	struct al_auto *item;

	if (out->auto_count == AL_AUTOS_MAX || !al_slice_cut(&line, ' ', &name) || !al_slice_is(name, "auto"))
		return false;
	item = &out->autos[out->auto_count++];
	if (!al_slice_cut(&line, ' ', &item->token))
		return false;
	item->value = line;
	return word_ok(item->token) && word_ok(item->value);
}

enum al_err al_entry_decode(struct al_slice bytes, struct al_entry *out)
{
	struct al_slice rest = bytes, value, number, line;

	out->auto_count = 0;
	if (bytes.len > AL_ENTRY_MAX)
		return AL_ELIMIT;
	if (!header_line(&rest, "entry", &value) || !al_slice_cut(&value, ' ', &number) || !kind_ok(value) ||
	    al_slice_u64(number, UINT64_MAX, &out->index) != AL_OK)
		return AL_EINVAL;
	out->kind = value;
	if (!header_line(&rest, "time", &value) || al_slice_u64(value, UINT64_MAX, &out->time) != AL_OK)
		return AL_EINVAL;
	if (!header_line(&rest, "result", &value) || !word_ok(value))
		return AL_EINVAL;
	out->result = value;
	for (;;) {
		if (!al_slice_cut(&rest, '\n', &line))
			return AL_EINVAL;
		if (line.len == 0)
			break;
		if (!decode_auto(line, out))
			return AL_EINVAL;
	}
	out->body = rest;
	return AL_OK;
}
