/* SPDX-License-Identifier: MIT */
/*
 * issued.c -- see issued.h.
 */
#include "issued.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "alamo-rpki-issued/1"

void issued_init(struct issued *issued)
{
	memset(issued, 0, sizeof(*issued));
}

void issued_release(struct issued *issued)
{
	free(issued->files);
	free(issued->revoked);
	issued_init(issued);
}

/* ---- lists ---- */

/* Room for one more in a list that doubles whenever its count is a power of two. */
static enum al_err room(void *list, size_t count, size_t size)
{
	void *had = NULL, *more;

	if (count != 0 && (count & (count - 1)) != 0)
		return AL_OK;
	memcpy(&had, list, sizeof(had));
	more = realloc(had, (count == 0 ? 1 : 2 * count) * size);
	if (more == NULL)
		return AL_ENOMEM;
	memcpy(list, &more, sizeof(more));
	return AL_OK;
}

enum al_err issued_add_file(struct issued *issued, const struct issued_file *file)
{
	if (room(&issued->files, issued->file_count, sizeof(*file)) != AL_OK)
		return AL_ENOMEM;
	issued->files[issued->file_count++] = *file;
	return AL_OK;
}

enum al_err issued_add_revoked(struct issued *issued, const struct issued_revoked *revoked)
{
	if (room(&issued->revoked, issued->revoked_count, sizeof(*revoked)) != AL_OK)
		return AL_ENOMEM;
	issued->revoked[issued->revoked_count++] = *revoked;
	return AL_OK;
}

static int by_path(const void *a, const void *b)
{
	const struct issued_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

void issued_sort(struct issued *issued)
{
	if (issued->file_count > 1)
		qsort(issued->files, issued->file_count, sizeof(*issued->files), by_path);
}

const struct issued_file *issued_find(const struct issued *issued, const char *path)
{
	struct issued_file key = { .path = "" };

	(void)snprintf(key.path, sizeof(key.path), "%s", path);
	return issued->file_count == 0
		       ? NULL
		       : bsearch(&key, issued->files, issued->file_count, sizeof(*issued->files), by_path);
}

/* ---- writing ---- */

static void put_hash(struct al_buf *out, const char *before, const struct al_hash *hash)
{
	al_buf_str(out, before);
	al_buf_hex(out, hash->b, AL_HASH_LEN);
}

static void put_file(struct al_buf *out, const struct issued_file *file)
{
	al_buf_printf(out, "%s %s ", file->is_signed ? "signed" : "file", file->path);
	put_hash(out, "", &file->hash);
	if (file->is_signed) {
		al_buf_printf(out, " %s %s %" PRIu64 " %" PRIu64, file->key, file->serial, file->from, file->until);
		put_hash(out, " ", &file->content);
	}
	al_buf_u8(out, '\n');
}

void issued_format(const struct issued *issued, struct al_buf *out)
{
	al_buf_printf(out,
		      MAGIC "\nsession %s\nnumber %" PRIu64 "\nsize %" PRIu64 "\nfrom %" PRIu64 "\nuntil %" PRIu64
			    "\nleft-out %" PRIu64 "\n",
		      issued->session, issued->number, issued->size, issued->from, issued->until, issued->left_out);
	put_hash(out, "basis ", &issued->basis);
	put_hash(out, "\nsnapshot ", &issued->snapshot);
	al_buf_printf(out, " %" PRIu64 "\n", issued->snapshot_bytes);
	for (size_t i = 0; i < issued->delta_count; i++) {
		put_hash(out, "delta ", &issued->deltas[i].hash);
		al_buf_printf(out, " %" PRIu64 " %" PRIu64 "\n", issued->deltas[i].number, issued->deltas[i].bytes);
	}
	for (size_t i = 0; i < issued->file_count; i++)
		put_file(out, &issued->files[i]);
	for (size_t i = 0; i < issued->revoked_count; i++) {
		const struct issued_revoked *gone = &issued->revoked[i];

		al_buf_printf(out, "revoked %s %s %" PRIu64 " %" PRIu64 "\n", gone->key, gone->serial, gone->until,
			      gone->when);
	}
}

/* ---- reading ---- */

/* The words of a line, one after the other; `ok` is false from the first on that is not what it has to be. */
struct fields {
	struct al_slice rest;
	bool ok;
};

static struct al_slice field_next(struct fields *f)
{
	struct al_slice word;

	(void)al_slice_cut(&f->rest, ' ', &word);
	f->ok = f->ok && word.len > 0;
	return word;
}

static uint64_t field_number(struct fields *f)
{
	uint64_t number = 0;

	f->ok = al_slice_u64(field_next(f), INT64_MAX, &number) == AL_OK && f->ok;
	return number;
}

static void field_text(struct fields *f, const char *of, char *out, size_t cap)
{
	struct al_slice word = field_next(f);

	f->ok = al_slice_copy(word, out, cap) == AL_OK && f->ok;
	if (f->ok && strspn(out, of) != word.len)
		f->ok = false;
}

static struct al_hash field_hash(struct fields *f)
{
	char text[2 * AL_HASH_LEN + 1] = "", pair[3] = "";
	struct al_hash hash = { { 0 } };

	field_text(f, "0123456789abcdef", text, sizeof(text));
	f->ok = f->ok && strlen(text) == sizeof(text) - 1;
	for (size_t i = 0; i < AL_HASH_LEN && f->ok; i++) {
		memcpy(pair, text + 2 * i, 2);
		hash.b[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return hash;
}

#define HEX "0123456789abcdef"
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

static enum al_err take_file(struct fields *f, bool is_signed, struct issued *out)
{
	struct issued_file file = { .is_signed = is_signed };

	field_text(f, PLAIN, file.path, sizeof(file.path));
	f->ok = f->ok && file.path[0] != '/' && strstr(file.path, "..") == NULL;
	file.hash = field_hash(f);
	if (is_signed) {
		field_text(f, HEX, file.key, sizeof(file.key));
		field_text(f, HEX, file.serial, sizeof(file.serial));
		file.from = field_number(f);
		file.until = field_number(f);
		file.content = field_hash(f);
	}
	if (!f->ok || (out->file_count > 0 && strcmp(out->files[out->file_count - 1].path, file.path) >= 0))
		return AL_EINVAL;
	return issued_add_file(out, &file);
}

static enum al_err take_revoked(struct fields *f, struct issued *out)
{
	struct issued_revoked gone = { .until = 0 };

	field_text(f, HEX, gone.key, sizeof(gone.key));
	field_text(f, HEX, gone.serial, sizeof(gone.serial));
	gone.until = field_number(f);
	gone.when = field_number(f);
	return f->ok ? issued_add_revoked(out, &gone) : AL_EINVAL;
}

static enum al_err take_delta(struct fields *f, struct issued *out)
{
	struct issued_delta *delta = &out->deltas[out->delta_count];

	if (out->delta_count == ISSUED_DELTAS)
		return AL_ELIMIT;
	delta->hash = field_hash(f);
	delta->number = field_number(f);
	delta->bytes = field_number(f);
	if (!f->ok || delta->number + out->delta_count != out->number)
		return AL_EINVAL;
	out->delta_count++;
	return AL_OK;
}

static enum al_err take_line(struct al_slice line, struct issued *out)
{
	struct fields f = { line, true };
	struct al_slice word = field_next(&f);

	if (al_slice_is(word, "file") || al_slice_is(word, "signed"))
		return take_file(&f, al_slice_is(word, "signed"), out);
	if (al_slice_is(word, "revoked"))
		return take_revoked(&f, out);
	if (al_slice_is(word, "delta"))
		return take_delta(&f, out);
	if (al_slice_is(word, "session"))
		field_text(&f, HEX "-", out->session, sizeof(out->session));
	else if (al_slice_is(word, "number"))
		out->number = field_number(&f);
	else if (al_slice_is(word, "size"))
		out->size = field_number(&f);
	else if (al_slice_is(word, "from"))
		out->from = field_number(&f);
	else if (al_slice_is(word, "until"))
		out->until = field_number(&f);
	else if (al_slice_is(word, "left-out"))
		out->left_out = field_number(&f);
	else if (al_slice_is(word, "basis"))
		out->basis = field_hash(&f);
	else if (al_slice_is(word, "snapshot")) {
		out->snapshot = field_hash(&f);
		out->snapshot_bytes = field_number(&f);
	} else {
		return AL_EINVAL;
	}
	return f.ok && f.rest.len == 0 ? AL_OK : AL_EINVAL;
}

enum al_err issued_parse(struct al_slice text, struct issued *out)
{
	struct al_slice rest = text, line;
	enum al_err err = AL_OK;

	if (!al_slice_line(&rest, &line) || !al_slice_is(line, MAGIC))
		return AL_EINVAL;
	while (err == AL_OK && al_slice_line(&rest, &line))
		err = take_line(line, out);
	if (err == AL_OK && (out->number == 0 || out->session[0] == '\0'))
		err = AL_EINVAL;
	return err;
}
