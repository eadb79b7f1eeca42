/* SPDX-License-Identifier: MIT */
/*
 * import_read.c -- RPSL text of another registry to objects of ours.
 */
#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/text.h"

#define ORIGINS_MAX 64
#define OBJECT_MAX (AL_OBJECT_MAX + 65536u) /* bytes of one rewritten object; what stands in it besides is said of it */
#define TOO_LARGE "it is larger than 524288 bytes, or has more than 64 origins"

void import_init(struct import *import)
{
	*import = (struct import){ .items = NULL };
}

void import_release(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		al_object_unref(import->items[i].object);
		free(import->items[i].key);
		free(import->items[i].note);
	}
	free(import->items);
	free(import->kept);
	import_init(import);
}

static struct import_item *item_add(struct import *import)
{
	if (import->count == import->cap) {
		size_t cap = import->cap > 0 ? import->cap * 2 : 256;
		struct import_item *grown = realloc(import->items, cap * sizeof(*grown));

		if (grown == NULL)
			return NULL;
		import->items = grown;
		import->cap = cap;
	}
	import->items[import->count] = (struct import_item){ .cls = AL_CLASS_COUNT };
	return &import->items[import->count++];
}

/* One object of the file, being rewritten. */
struct rewrite {
	enum al_class cls;
	struct al_slice source;
	struct al_buf lines;        /* all attributes but the origins */
	struct al_buf kept;         /* lines with what names were */
	struct al_buf note;         /* what was changed or left out */
	char *origins[ORIGINS_MAX]; /* owned */
	size_t origin_count;
	bool source_seen;
};

static void rewrite_line(struct al_buf *out, struct al_slice name, struct al_slice value)
{
	struct al_slice line;

	al_buf_slice(out, name);
	al_buf_str(out, ": ");
	if (al_slice_cut(&value, '\n', &line)) {
		al_buf_slice(out, al_slice_trim(line));
		while (al_slice_line(&value, &line)) {
			al_buf_str(out, "\n ");
			al_buf_slice(out, line);
		}
	} else {
		al_buf_slice(out, al_slice_trim(line));
	}
	al_buf_u8(out, '\n');
}

/* What a name was: a block's or number's own in words, a key's beside it. */
static void original_keep(struct rewrite *r, const struct al_attr_rule *rule, struct al_slice value)
{
	struct al_buf line;

	if ((rule->flags & AL_REQUIRED) == 0 || (rule->flags & AL_LIST) != 0 || rule->syntax == AL_SYN_TEXT)
		return;
	al_buf_init(&line, OBJECT_MAX);
	if ((rule->flags & AL_PRIMARY) != 0)
		al_buf_printf(&line, "%s elsewhere: ", rule->name);
	al_text_escape(al_slice_trim(value), &line);
	rewrite_line(&r->kept, (rule->flags & AL_PRIMARY) != 0 ? AL_S("remarks") : AL_S("descr"), al_buf_view(&line));
	al_buf_release(&line);
}

/* An RSA or ECDSA key signs no requests here, but it can still say whose the maintainer is. */
static bool claim_key_take(struct rewrite *r, const struct al_attr_rule *rule, struct al_slice value)
{
	struct al_slice rest = value, type;
	struct al_buf key;
	const char *why;
	bool taken;

	if (r->cls != AL_MNTNER || rule->syntax != AL_SYN_AUTH || !al_slice_is(al_slice_str(rule->name), "auth"))
		return false;
	al_buf_init(&key, OBJECT_MAX);
	taken = al_syntax_canon(AL_SYN_CLAIM_KEY, al_slice_trim(value), &key, &why) == AL_OK;
	if (taken) {
		(void)al_slice_word(&rest, "", &type);
		al_buf_printf(&r->note, "%s%.*s as claim-key", r->note.len > 0 ? ", " : "", AL_FMT(type));
		rewrite_line(&r->lines, AL_S("claim-key"), al_buf_view(&key));
	}
	al_buf_release(&key);
	return taken;
}

/* An attribute that we have: as it is, mended, or left out. */
static void value_take(struct rewrite *r, const struct al_attr_rule *rule, struct al_slice name, struct al_slice value)
{
	struct al_buf mended;

	if (claim_key_take(r, rule, value))
		return;
	al_buf_init(&mended, OBJECT_MAX);
	switch (import_mend(rule, value, &mended, &r->note)) {
	case MEND_AS_IT_IS:
		rewrite_line(&r->lines, name, value);
		break;
	case MEND_CHANGED:
		rewrite_line(&r->lines, name, al_buf_view(&mended));
		original_keep(r, rule, value);
		break;
	case MEND_LEFT_OUT:
		break;
	}
	al_buf_release(&mended);
}

static enum al_err rewrite_attr(struct rewrite *r, struct al_slice name, struct al_slice value)
{
	const struct al_attr_rule *rule = al_class_rule(r->cls, name);

	if (rule == NULL && !al_slice_caseis(name, "created") && !al_slice_caseis(name, "last-modified")) {
		al_buf_printf(&r->note, "%s%.*s", r->note.len > 0 ? ", " : "without ", AL_FMT(name));
	} else if (rule != NULL && rule->syntax == AL_SYN_SOURCE && (rule->flags & AL_PRIMARY) == 0) {
		r->source_seen = true;
		rewrite_line(&r->lines, name, r->source);
	} else if (rule != NULL && al_slice_caseis(name, "origin") && (r->cls == AL_ROUTE || r->cls == AL_ROUTE6)) {
		if (r->origin_count == ORIGINS_MAX)
			return AL_ELIMIT;
		r->origins[r->origin_count] = al_slice_dup(al_slice_trim(value));
		if (r->origins[r->origin_count++] == NULL)
			return AL_ENOMEM;
	} else if (rule != NULL) {
		value_take(r, rule, name, value);
	}
	return r->lines.err;
}

static enum al_err rewrite_walk(struct rewrite *r, struct al_slice raw)
{
	struct al_raw_attr attr;
	struct al_buf value;
	unsigned line = 0;
	enum al_err err = AL_OK, bad;

	al_buf_init(&value, OBJECT_MAX);
	while (err == AL_OK && al_raw_next(&raw, &line, &attr, &bad)) {
		al_raw_value(&attr, &value);
		err = bad == AL_OK ? rewrite_attr(r, attr.name, al_buf_view(&value)) : AL_OK;
	}
	al_buf_release(&value);
	al_buf_slice(&r->lines, al_buf_view(&r->kept));
	if (err == AL_OK && !r->source_seen)
		rewrite_line(&r->lines, AL_S("source"), r->source);
	return err == AL_OK ? r->lines.err : err;
}

/* The first error of the report as the item's note. */
static void item_refuse(struct import_item *item, const struct al_report *report)
{
	item->state = IMPORT_REFUSED;
	free(item->note);
	item->note = NULL;
	for (size_t i = 0; i < report->count && item->note == NULL; i++)
		if (report->items[i].severity == AL_ERROR)
			item->note = strdup(report->items[i].text);
}

/* First value of the text: what a person would look for when there is no key. */
static char *first_value(struct al_slice raw)
{
	struct al_slice line = raw, name;

	(void)al_slice_line(&raw, &line);
	if (!al_slice_cut(&line, ':', &name))
		line = name;
	return al_slice_dup(al_slice_head(al_slice_trim(line), 200));
}

/* The attributes, with the origin behind the prefix, where people look for it. */
static void lines_put(struct al_buf *text, struct al_slice lines, const char *origin)
{
	struct al_slice first;

	if (origin != NULL && al_slice_cut(&lines, '\n', &first)) {
		al_buf_slice(text, first);
		al_buf_printf(text, "\norigin: %s\n", origin);
	}
	al_buf_slice(text, lines);
}

/* One item from rewritten text. */
static enum al_err item_build(struct import *import, const struct rewrite *r, const char *origin)
{
	struct import_item *item = item_add(import);
	struct al_build build = { .source = r->source };
	struct al_report report;
	struct al_buf text;
	bool deletes;
	enum al_err err;

	if (item == NULL)
		return AL_ENOMEM;
	al_buf_init(&text, OBJECT_MAX);
	al_report_init(&report);
	lines_put(&text, al_buf_view(&r->lines), origin);
	item->cls = r->cls;
	item->altered = r->note.len > 0 || r->origin_count > 1;
	item->note = r->note.len > 0 ? al_slice_dup(al_buf_view(&r->note)) : NULL;
	if (item->note == NULL && r->origin_count > 1)
		item->note = strdup("one of several origins");
	build.raw = al_buf_view(&text);
	err = text.err == AL_OK ? al_object_build(&build, &report, &item->object, &deletes) : text.err;
	if (err == AL_ELIMIT) {
		item->state = IMPORT_REFUSED;
		free(item->note);
		item->note = strdup(TOO_LARGE);
		err = AL_EINVAL;
	} else if (err == AL_EINVAL) {
		item_refuse(item, &report);
	}
	item->key = err == AL_OK ? al_slice_dup(al_object_key(item->object)) : first_value(build.raw);
	err = err == AL_EINVAL ? AL_OK : err;
	al_report_release(&report);
	al_buf_release(&text);
	return item->key == NULL ? AL_ENOMEM : err;
}

static enum al_err item_refused(struct import *import, char *key, const char *why)
{
	struct import_item *item = item_add(import);

	if (item == NULL) {
		free(key);
		return AL_ENOMEM;
	}
	item->state = IMPORT_REFUSED;
	item->key = key;
	item->note = strdup(why);
	return item->key != NULL && item->note != NULL ? AL_OK : AL_ENOMEM;
}

enum al_err import_leave_out(struct import *import, const char *what, const char *why)
{
	return item_refused(import, strdup(what), why);
}

static enum al_err item_foreign(struct import *import, struct al_slice raw)
{
	struct al_slice name = raw;
	char why[120];

	(void)al_slice_cut(&raw, ':', &name);
	(void)snprintf(why, sizeof(why), "%.*s is not an object class of ours", AL_FMT(al_slice_head(name, 40)));
	return item_refused(import, first_value(al_slice_of(name.ptr, name.len + 1 + raw.len)), why);
}

static enum al_err object_read(struct import *import, struct al_slice raw, struct al_slice source)
{
	struct rewrite r = { .source = source };
	enum al_err err;

	import->read++;
	if (al_object_class(raw, &r.cls) != AL_OK)
		return item_foreign(import, raw);
	al_buf_init(&r.lines, OBJECT_MAX);
	al_buf_init(&r.kept, OBJECT_MAX);
	al_buf_init(&r.note, OBJECT_MAX);
	err = rewrite_walk(&r, raw);
	if (err == AL_OK && r.origin_count == 0)
		err = item_build(import, &r, NULL);
	for (size_t i = 0; err == AL_OK && i < r.origin_count; i++)
		err = item_build(import, &r, r.origins[i]);
	for (size_t i = 0; i < r.origin_count; i++)
		free(r.origins[i]);
	al_buf_release(&r.lines);
	al_buf_release(&r.kept);
	al_buf_release(&r.note);
	/* One object that is too large is one line of the report, and no reason to leave out the others. */
	return err == AL_ELIMIT ? item_refused(import, first_value(raw), TOO_LARGE) : err;
}

static bool line_is_comment(struct al_slice line)
{
	return al_slice_starts(line, "%") || al_slice_starts(line, "#");
}

enum al_err import_read(struct import *import, struct al_slice text, struct al_slice source)
{
	struct al_slice line;
	struct al_buf object;
	enum al_err err = AL_OK;
	bool more = true;

	al_buf_init(&object, OBJECT_MAX);
	while (err == AL_OK && more) {
		more = al_slice_line(&text, &line);
		if (more && line_is_comment(line))
			continue;
		if (more && al_slice_trim(line).len > 0) {
			al_buf_slice(&object, line);
			al_buf_u8(&object, '\n');
			continue;
		}
		if (object.len > 0 && object.err == AL_ELIMIT)
			err = item_refused(import, first_value(al_buf_view(&object)), TOO_LARGE);
		else if (object.len > 0)
			err = object.err == AL_OK ? object_read(import, al_buf_view(&object), source) : object.err;
		al_buf_reset(&object);
	}
	al_buf_release(&object);
	return err;
}
