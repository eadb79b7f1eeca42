/* SPDX-License-Identifier: MIT */
/*
 * object_edit.c -- canonical lines with some more, or without some.
 *
 * An object may be larger than one request, and a change of one member of ten
 * thousand should not send the others again. The edit's items are sorted once,
 * so that the work is that of reading both texts.
 */
#include "object_edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct item {
	size_t row;
	struct al_slice value; /* with the name before it, where the row has many names */
	bool met;              /* seen in the present text, or put already */
};

struct edit {
	enum al_class cls;
	const struct al_attr_rule *rules;
	struct al_slice text;
	bool shrink;
	struct item *items; /* owned; sorted, each once */
	size_t count;
	size_t left[AL_RULES_MAX]; /* present lines of each attribute that are still to come */
	bool given[AL_RULES_MAX];  /* the edit has it */
	struct al_buf *out;
};

/* No printf(): this is where every line of every object is made, when a log is read. */
void object_put_attr(struct al_buf *out, const char *name, struct al_slice value)
{
	char head[AL_EXTENSION_STRLEN + 1];
	size_t len = strlen(name), column = len + 1 < AL_VALUE_COLUMN ? AL_VALUE_COLUMN : len + 2;

	assert(len < AL_EXTENSION_STRLEN);
	memset(head, ' ', column);
	memcpy(head, name, len);
	head[len] = ':';
	al_buf_put(out, head, value.len > 0 ? column : len + 1);
	al_buf_slice(out, value);
	al_buf_u8(out, '\n');
}

static bool many_names(const struct edit *e, size_t row)
{
	return al_extension_rule(&e->rules[row]);
}

static void value_put(struct edit *e, size_t row, struct al_slice value)
{
	if (!many_names(e, row)) {
		object_put_attr(e->out, e->rules[row].name, value);
		return;
	}
	al_buf_slice(e->out, value);
	al_buf_u8(e->out, '\n');
}

/* Next line of a text that counts, with its row; keys and `source:` do not in an edit. */
static bool line_next(const struct edit *e, struct al_slice *rest, bool of_edit, size_t *row, struct al_slice *value)
{
	struct al_slice line;
	struct al_attr attr;

	while (line = *rest, al_attr_next(rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule(e->cls, attr.name);

		if (rule == NULL || (of_edit && ((rule->flags & AL_PRIMARY) != 0 || rule->syntax == AL_SYN_SOURCE)))
			continue;
		*row = (size_t)(rule - e->rules);
		*value = attr.value;
		if (many_names(e, *row))
			(void)al_slice_line(&line, value);
		return true;
	}
	return false;
}

/* Items of a list, or the whole of another value. */
static bool item_next(const struct edit *e, size_t row, struct al_slice *rest, bool *more, struct al_slice *item)
{
	if (!*more)
		return false;
	if ((e->rules[row].flags & AL_LIST) == 0) {
		*item = *rest;
		*more = false;
		return true;
	}
	*more = al_slice_cut(rest, ',', item);
	*item = al_slice_trim(*item);
	return true;
}

static int item_compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->row != y->row ? (x->row < y->row ? -1 : 1) : al_slice_cmp(x->value, y->value);
}

static size_t items_of(struct edit *e, struct item *out)
{
	struct al_slice rest = e->text, value, item;
	size_t row, count = 0;

	while (line_next(e, &rest, true, &row, &value)) {
		bool more = true;

		e->given[row] = true;
		while (item_next(e, row, &value, &more, &item)) {
			if (out != NULL)
				out[count] = (struct item){ row, item, false };
			count++;
		}
	}
	return count;
}

static enum al_err items_index(struct edit *e)
{
	size_t count = items_of(e, NULL);

	e->items = calloc(count + 1, sizeof(*e->items));
	if (e->items == NULL)
		return AL_ENOMEM;
	(void)items_of(e, e->items);
	qsort(e->items, count, sizeof(*e->items), item_compare);
	for (size_t i = 0; i < count; i++)
		if (e->count == 0 || item_compare(&e->items[e->count - 1], &e->items[i]) != 0)
			e->items[e->count++] = e->items[i];
	return AL_OK;
}

static struct item *item_find(const struct edit *e, size_t row, struct al_slice value)
{
	const struct item asked = { row, value, false };

	return bsearch(&asked, e->items, e->count, sizeof(*e->items), item_compare);
}

/* A line with those of its items that `keep` says; nothing when there are none. */
static void line_put(struct edit *e, size_t row, struct al_slice value, bool (*keep)(struct item *found))
{
	const char *name = e->rules[row].name;
	size_t start = e->out->len, kept = 0, all = 0;
	struct al_slice rest = value, item;
	bool more = true;

	if (value.len == 0 || many_names(e, row)) {
		if (keep(item_find(e, row, value)))
			value_put(e, row, value);
		return;
	}
	object_put_attr(e->out, name, AL_S("x")); /* the one place that knows the column */
	if (e->out->err != AL_OK)
		return;
	e->out->len -= 2;
	while (item_next(e, row, &rest, &more, &item)) {
		all++;
		if (!keep(item_find(e, row, item)))
			continue;
		if (kept++ > 0)
			al_buf_str(e->out, ", ");
		al_buf_slice(e->out, item);
	}
	al_buf_u8(e->out, '\n');
	if (e->out->err != AL_OK || kept == all)
		return;
	if (kept == 0)
		e->out->len = start;
}

static bool keep_met(struct item *found)
{
	if (found != NULL)
		found->met = true;
	return true;
}

static bool keep_other(struct item *found)
{
	if (found != NULL)
		found->met = true;
	return found == NULL;
}

static bool keep_new(struct item *found)
{
	bool fresh = found != NULL && !found->met;

	if (fresh)
		found->met = true;
	return fresh;
}

/* What the edit brings of one attribute. */
static void news_put(struct edit *e, size_t wanted)
{
	struct al_slice rest = e->text, value;
	size_t row;

	while (e->given[wanted] && line_next(e, &rest, true, &row, &value))
		if (row == wanted && (e->rules[row].flags & AL_LIST) != 0)
			line_put(e, row, value, keep_new);
		else if (row == wanted)
			value_put(e, row, value);
	e->given[wanted] = false;
}

static void news_put_all(struct edit *e)
{
	for (size_t row = 0; e->rules[row].name != NULL; row++)
		if (e->left[row] == 0)
			news_put(e, row);
}

static void edit_walk(struct edit *e, struct al_slice present)
{
	struct al_slice rest = present, value;
	size_t row;

	while (line_next(e, &rest, false, &row, &value))
		e->left[row]++;
	for (rest = present; line_next(e, &rest, false, &row, &value);) {
		bool single = (e->rules[row].flags & AL_MULTIPLE) == 0;

		if (e->rules[row].syntax == AL_SYN_SOURCE && (e->rules[row].flags & AL_PRIMARY) == 0 && !e->shrink)
			news_put_all(e); /* attributes that are new here stand before the last line */
		if (!(single && e->given[row] && !e->shrink))
			line_put(e, row, value, e->shrink ? keep_other : keep_met);
		if (--e->left[row] == 0 && !e->shrink)
			news_put(e, row);
	}
	if (!e->shrink)
		news_put_all(e);
}

enum al_err object_edit(enum al_class cls, struct al_slice present, struct al_slice edit, bool shrink,
			struct al_buf *out, struct al_slice *missing)
{
	struct edit e = { .cls = cls, .rules = al_class_rules(cls), .text = edit, .shrink = shrink, .out = out };
	enum al_err err = items_index(&e);

	if (err == AL_OK) {
		edit_walk(&e, present);
		err = out->err;
	}
	for (size_t i = 0; shrink && err == AL_OK && i < e.count; i++)
		if (!e.items[i].met) {
			*missing = e.items[i].value;
			err = AL_ENOTFOUND;
		}
	free(e.items);
	return err;
}
