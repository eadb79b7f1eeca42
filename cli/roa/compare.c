/* SPDX-License-Identifier: MIT */
/* compare.c -- two rules over the same routes. Pure. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/text.h"
#include "vrp_build.h"

static bool is_route(const struct import_item *item)
{
	return item->cls == AL_ROUTE || item->cls == AL_ROUTE6;
}

/* ---- rows ---- */

static int row_cmp(const void *left, const void *right)
{
	const struct compare_row *a = left, *b = right;

	return vrp_key_cmp(&a->here, &b->here);
}

static enum al_err rows_fill(const struct import *import, const struct dn42_filter *filter, struct compare *out)
{
	size_t kept = 0;

	out->rows = calloc(import->count + 1, sizeof(*out->rows));
	if (out->rows == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->items[i];
		struct compare_row *row = &out->rows[out->count];
		struct al_prefix prefix;

		out->unread += is_route(item) && item->object == NULL ? 1 : 0;
		if (item->object == NULL || !vrp_of_object(item->object, &row->here))
			continue;
		prefix = vrp_prefix(&row->here);
		row->object = item->object;
		row->rule = dn42_filter_find(filter, &prefix);
		out->count++;
	}
	qsort(out->rows, out->count, sizeof(*out->rows), row_cmp);
	for (size_t i = 0; i < out->count; i++) /* the same route twice is one */
		if (kept == 0 || row_cmp(&out->rows[kept - 1], &out->rows[i]) != 0)
			out->rows[kept++] = out->rows[i];
	out->count = kept;
	return AL_OK;
}

static enum compare_kind row_kind(const struct compare_row *row, bool here, bool there)
{
	if (!here || !there)
		return here ? COMPARE_NEW : there ? COMPARE_GONE : COMPARE_NEITHER;
	if (row->here.max == row->there.max)
		return COMPARE_SAME;
	return row->here.max < row->there.max ? COMPARE_TIGHTER : COMPARE_LOOSER;
}

static enum al_err rows_judge(struct compare *out)
{
	enum al_err err = AL_OK;
	struct vrp_holds holds;

	vrp_holds_init(&holds);
	for (size_t i = 0; i < out->count && err == AL_OK; i++)
		if (out->rows[i].here.asn == 0)
			err = vrp_holds_put(&holds, &out->rows[i].here);
	for (size_t i = 0; i < out->count && err == AL_OK; i++) {
		struct compare_row *row = &out->rows[i];
		bool there;

		row->there = row->here;
		there = dn42_record(row->rule, row->object, &row->there);
		row->kind = row_kind(row, !vrp_holds_hide(&holds, &row->here), there);
		out->counts[row->kind]++;
	}
	vrp_holds_release(&holds);
	return err;
}

/* ---- whose they are ---- */

static bool row_changes(const struct compare_row *row)
{
	return row->kind != COMPARE_SAME && row->kind != COMPARE_NEITHER;
}

/* The object's maintainers, one after the other. */
static bool mntner_next(struct al_slice *rest, struct al_slice *list, struct al_slice *out)
{
	while (list->len == 0)
		if (!al_attr_find(rest, "mnt-by", list))
			return false;
	(void)al_slice_cut(list, ',', out);
	*out = al_slice_trim(*out);
	return true;
}

static int share_cmp(const void *left, const void *right)
{
	const struct compare_share *a = left, *b = right;
	int cmp = al_slice_cmp(a->mntner, b->mntner);

	return cmp != 0 ? cmp : (a->row > b->row) - (a->row < b->row);
}

/* Counts them, or fills them in when there is room. */
static size_t shares_walk(const struct compare *compare, struct compare_share *shares)
{
	size_t count = 0;

	for (size_t i = 0; i < compare->count; i++) {
		struct al_slice rest = al_object_text(compare->rows[i].object), list = { 0 }, mntner;

		while (row_changes(&compare->rows[i]) && mntner_next(&rest, &list, &mntner)) {
			if (shares != NULL)
				shares[count] = (struct compare_share){ .mntner = mntner, .row = i };
			count++;
		}
	}
	return count;
}

enum al_err compare_run(const struct import *import, const struct dn42_filter *filter, struct compare *out)
{
	enum al_err err;

	*out = (struct compare){ .rows = NULL };
	err = rows_fill(import, filter, out);
	if (err == AL_OK)
		err = rows_judge(out);
	if (err == AL_OK) {
		out->share_count = shares_walk(out, NULL);
		out->shares = calloc(out->share_count + 1, sizeof(*out->shares));
		err = out->shares != NULL ? AL_OK : AL_ENOMEM;
	}
	if (err == AL_OK) {
		(void)shares_walk(out, out->shares);
		qsort(out->shares, out->share_count, sizeof(*out->shares), share_cmp);
	} else {
		compare_release(out);
	}
	return err;
}

void compare_release(struct compare *compare)
{
	free(compare->rows);
	free(compare->shares);
	*compare = (struct compare){ .rows = NULL };
}

/* ---- words ---- */

static const char *const kind_names[COMPARE_KINDS] = {
	[COMPARE_SAME] = "same", [COMPARE_TIGHTER] = "tighter", [COMPARE_LOOSER] = "looser",
	[COMPARE_GONE] = "gone", [COMPARE_NEW] = "new",         [COMPARE_NEITHER] = "neither",
};

static const char *const kind_meanings[COMPARE_KINDS] = {
	[COMPARE_SAME] = "the same record",
	[COMPARE_TIGHTER] = "more specific routes are invalid that dn42's filter lets be valid",
	[COMPARE_LOOSER] = "`max-length:` counts that dn42's filter cuts",
	[COMPARE_GONE] = "a record there, none here",
	[COMPARE_NEW] = "none there, a record here",
	[COMPARE_NEITHER] = "no record at either",
};

void compare_table(const struct compare *compare, struct al_buf *out)
{
	al_buf_printf(out, "%zu routes by prefix and origin\n\n", compare->count);
	for (size_t kind = 0; kind < COMPARE_KINDS; kind++)
		al_buf_printf(out, "%-9s%6zu  %s\n", kind_names[kind], compare->counts[kind], kind_meanings[kind]);
	if (compare->unread != 0)
		al_buf_printf(out, "%-9s%6zu  not read: see below\n", "unread", compare->unread);
}

void compare_unread(const struct import *import, struct al_buf *out)
{
	bool first = true;

	for (size_t i = 0; i < import->count; i++) {
		const struct import_item *item = &import->items[i];

		if (!is_route(item) || item->object != NULL)
			continue;
		al_buf_str(out, first ? "\nunread: routes that are none here\n  " : "  ");
		al_text_escape(al_slice_str(item->key), out);
		al_buf_str(out, ": ");
		al_text_escape(al_slice_str(item->note != NULL ? item->note : "no reason given"), out);
		al_buf_u8(out, '\n');
		first = false;
	}
}

/* Why dn42 has no record. */
static void put_denied(const struct compare_row *row, struct al_buf *out)
{
	char prefix[AL_PREFIX_STRLEN];

	if (row->rule == NULL) {
		al_buf_str(out, "no rule of dn42's filter is about it");
		return;
	}
	al_prefix_format(&row->rule->prefix, prefix);
	if (row->rule->permit && row->here.len <= row->rule->max)
		al_buf_printf(out, "its `max-length:` is below its own length");
	else if (row->rule->permit)
		al_buf_printf(out, "longer than the /%u of dn42's rule %u, %s", row->rule->max, row->rule->number,
			      prefix);
	else
		al_buf_printf(out, "denied by dn42's rule %u, %s", row->rule->number, prefix);
}

static void put_row(const struct compare_row *row, struct al_buf *out)
{
	struct al_prefix prefix = vrp_prefix(&row->here);
	char text[AL_PREFIX_STRLEN];

	al_prefix_format(&prefix, text);
	al_buf_printf(out, "  %-8s %s AS%u: ", kind_names[row->kind], text, row->here.asn);
	switch (row->kind) {
	case COMPARE_TIGHTER:
	case COMPARE_LOOSER:
		al_buf_printf(out, "up to /%u there, up to /%u here; `max-length: %u` keeps it as it is",
			      row->there.max, row->here.max, row->there.max);
		break;
	case COMPARE_GONE:
		al_buf_str(out, "an AS0 record of the registry holds the prefix");
		break;
	case COMPARE_NEW:
		put_denied(row, out);
		al_buf_printf(out, "; valid here up to /%u", row->here.max);
		break;
	default:
		break;
	}
	al_buf_u8(out, '\n');
}

void compare_member(const struct compare *compare, size_t *at, struct al_buf *out)
{
	struct al_slice mntner = compare->shares[*at].mntner;

	al_buf_slice(out, mntner);
	al_buf_u8(out, '\n');
	for (; *at < compare->share_count && al_slice_eq(compare->shares[*at].mntner, mntner); ++*at)
		put_row(&compare->rows[compare->shares[*at].row], out);
}
