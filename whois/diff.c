/* SPDX-License-Identifier: MIT */
/*
 * diff.c -- longest common subsequence of lines, by the table (Hunt and
 * McIlroy's problem, small enough here). Beyond CELLS_MAX the middle counts as
 * replaced: the work of one question is bounded.
 */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX 16384u
#define CELLS_MAX (1u << 20)
#define CONTEXT 3u

struct lines {
	struct al_slice *items;
	size_t count;
};

struct edit {
	char mark; /* ' ', '-' or '+' */
	struct al_slice line;
};

struct diff {
	struct lines a, b;
	size_t head, tail; /* equal lines at both ends */
	uint16_t *table;   /* of the middle: longest common rest, (rows + 1) * (columns + 1) */
	struct edit *edits;
	size_t count;
};

static enum al_err lines_split(struct al_slice text, struct lines *out)
{
	struct al_slice line, rest = text;
	size_t count = 0;

	while (al_slice_line(&rest, &line))
		count++;
	if (count > LINES_MAX)
		count = LINES_MAX;
	out->items = calloc(count + 1, sizeof(*out->items));
	if (out->items == NULL)
		return AL_ENOMEM;
	while (out->count < count && al_slice_line(&text, &line))
		out->items[out->count++] = line;
	return AL_OK;
}

static void ends_trim(struct diff *d)
{
	size_t most = d->a.count < d->b.count ? d->a.count : d->b.count;

	while (d->head < most && al_slice_eq(d->a.items[d->head], d->b.items[d->head]))
		d->head++;
	while (d->tail < most - d->head &&
	       al_slice_eq(d->a.items[d->a.count - 1 - d->tail], d->b.items[d->b.count - 1 - d->tail]))
		d->tail++;
}

static enum al_err table_fill(struct diff *d, size_t rows, size_t cols)
{
	size_t i, k, width = cols + 1;

	if ((rows + 1) * width > CELLS_MAX)
		return AL_OK;
	d->table = calloc((rows + 1) * width, sizeof(*d->table));
	if (d->table == NULL)
		return AL_ENOMEM;
	for (i = rows; i-- > 0;)
		for (k = cols; k-- > 0;) {
			uint16_t down = d->table[(i + 1) * width + k], right = d->table[i * width + k + 1];

			if (al_slice_eq(d->a.items[d->head + i], d->b.items[d->head + k]))
				d->table[i * width + k] = (uint16_t)(d->table[(i + 1) * width + k + 1] + 1);
			else
				d->table[i * width + k] = down >= right ? down : right;
		}
	return AL_OK;
}

static void edit_add(struct diff *d, char mark, struct al_slice line)
{
	d->edits[d->count++] = (struct edit){ mark, line };
}

static void edits_make(struct diff *d, size_t rows, size_t cols)
{
	size_t i = 0, k = 0, width = cols + 1;
	const struct al_slice *a = d->a.items + d->head, *b = d->b.items + d->head;

	for (size_t n = 0; n < d->head; n++)
		edit_add(d, ' ', d->a.items[n]);
	while (i < rows || k < cols) {
		if (d->table != NULL && i < rows && k < cols && al_slice_eq(a[i], b[k])) {
			edit_add(d, ' ', a[i++]);
			k++;
		} else if (i < rows && (k == cols || d->table == NULL ||
					d->table[(i + 1) * width + k] >= d->table[i * width + k + 1])) {
			edit_add(d, '-', a[i++]);
		} else {
			edit_add(d, '+', b[k++]);
		}
	}
	for (size_t n = 0; n < d->tail; n++)
		edit_add(d, ' ', d->a.items[d->a.count - d->tail + n]);
}

/* First edit from `at` on that belongs to no hunk with what is before: more than twice the context away. */
static size_t hunk_end(const struct diff *d, size_t at)
{
	size_t last = at;

	for (size_t i = at; i < d->count && i <= last + 2 * CONTEXT; i++)
		if (d->edits[i].mark != ' ')
			last = i;
	return last + CONTEXT + 1 < d->count ? last + CONTEXT + 1 : d->count;
}

static void hunk_put(const struct diff *d, size_t from, size_t to, const size_t at[static 2], struct al_buf *out)
{
	size_t lines[2] = { 0, 0 };

	for (size_t i = from; i < to; i++) {
		lines[0] += d->edits[i].mark != '+';
		lines[1] += d->edits[i].mark != '-';
	}
	al_buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", at[0] + (lines[0] > 0), lines[0], at[1] + (lines[1] > 0),
		      lines[1]);
	for (size_t i = from; i < to; i++)
		al_buf_printf(out, "%c%.*s\n", d->edits[i].mark, AL_FMT(d->edits[i].line));
}

static void hunks_put(const struct diff *d, struct al_buf *out)
{
	size_t from = 0, done = 0, at[2] = { 0, 0 };

	while (from < d->count) {
		if (d->edits[from].mark == ' ') {
			from++;
			continue;
		}
		size_t start = from > done + CONTEXT ? from - CONTEXT : done, end = hunk_end(d, from);

		for (; done < start; done++) {
			at[0]++;
			at[1]++;
		}
		hunk_put(d, start, end, at, out);
		for (; done < end; done++) {
			at[0] += d->edits[done].mark != '+';
			at[1] += d->edits[done].mark != '-';
		}
		from = end;
	}
}

enum al_err whois_put_diff(struct al_slice from, struct al_slice to, struct al_buf *out)
{
	struct diff d;
	size_t rows, cols;
	enum al_err err;

	memset(&d, 0, sizeof(d));
	err = lines_split(from, &d.a);
	if (err == AL_OK)
		err = lines_split(to, &d.b);
	if (err == AL_OK) {
		ends_trim(&d);
		rows = d.a.count - d.head - d.tail;
		cols = d.b.count - d.head - d.tail;
		d.edits = calloc(d.a.count + d.b.count + 1, sizeof(*d.edits));
		err = d.edits != NULL ? table_fill(&d, rows, cols) : AL_ENOMEM;
		if (err == AL_OK) {
			edits_make(&d, rows, cols);
			hunks_put(&d, out);
		}
	}
	free(d.a.items);
	free(d.b.items);
	free(d.table);
	free(d.edits);
	return err;
}
