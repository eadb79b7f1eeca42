/* SPDX-License-Identifier: MIT */
/*
 * object_build.c -- from a member's text to one immutable, canonical version.
 *
 * The steps are small functions over one struct builder: walk the raw
 * attributes, fill placeholders, canonicalise each value, check the whole
 * against the schema, and store text and key in a single allocation.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/object.h"
#include "object_edit.h"

#define KEY_MAX 512u
#define SHOWN_MAX 160u /* bytes of a bad value that a complaint repeats */

struct builder {
	const struct al_build *in;
	struct al_report *report;
	enum al_class cls;
	bool failed;
	bool deletes;
	bool extends, shrinks;       /* lines of a change, and not the whole object */
	bool older;                  /* a value has a form that is no longer taken */
	unsigned seen[AL_RULES_MAX]; /* how often each rule's attribute came */
	struct al_buf clean;         /* lines of a value, put together */
	struct al_buf filled;        /* the same with its placeholders filled */
	struct al_buf canon;         /* canonical value */
	struct al_buf text;
	struct al_buf key;
};

AL_PRINTF(4, 5)
static void builder_error(struct builder *b, unsigned line, const char *clause, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	b->failed = true;
	al_report_add(b->report, AL_ERROR, b->in->number, line, clause, "%s", text);
}

/* Without comments (where the syntax has them), folded lines joined with one blank. The only piece needs no copy. */
static struct al_slice value_clean(const struct al_raw_attr *attr, bool comments, struct al_buf *out)
{
	struct al_slice rest = attr->value, line, head;

	al_buf_reset(out);
	while (al_raw_line(attr, &rest, &line)) {
		if (comments)
			(void)al_slice_cut(&line, '#', &head);
		else
			head = line;
		head = al_slice_trim(head);
		if (rest.len == 0 && out->len == 0)
			return head;
		if (head.len == 0)
			continue;
		if (out->len > 0)
			al_buf_u8(out, ' ');
		al_buf_slice(out, head);
	}
	return al_buf_view(out);
}

/* "AUTO-2::53" with AUTO-2 a prefix: the address 53 in it. */
static bool auto_address(const struct al_build *in, struct al_slice token, struct al_buf *out)
{
	struct al_slice rest = token, name;
	struct al_prefix block, host;
	char text[AL_PREFIX_STRLEN];

	if (!al_slice_cut(&rest, ':', &name) || al_addr_parse(al_slice_from(token, name.len), &host) != AL_OK)
		return false;
	for (size_t i = 0; i < in->auto_count; i++) {
		struct al_slice tail = in->autos[i].token, head;

		if (!al_slice_cut(&tail, '/', &head) || !al_slice_caseeq(head, name) ||
		    al_prefix_parse(in->autos[i].value, &block) != AL_OK || block.bits != host.bits)
			continue;
		for (unsigned bit = 0; bit < block.len; bit++)
			if (al_prefix_bit(&host, bit))
				return false;
		for (size_t k = 0; k < sizeof(host.addr); k++)
			host.addr[k] |= block.addr[k];
		al_addr_format(&host, text);
		al_buf_str(out, text);
		return true;
	}
	return false;
}

static bool auto_token(const struct al_build *in, struct al_slice token, struct al_buf *out)
{
	for (size_t i = 0; i < in->auto_count; i++)
		if (al_slice_caseeq(in->autos[i].token, token)) {
			al_buf_slice(out, in->autos[i].value);
			return true;
		}
	return auto_address(in, token, out);
}

/* Who could not fill a placeholder has said why already. */
static bool told(const struct builder *b, unsigned line)
{
	for (size_t i = 0; b->report != NULL && i < b->report->count; i++)
		if (b->report->items[i].severity == AL_ERROR && b->report->items[i].object == b->in->number &&
		    b->report->items[i].line == line)
			return true;
	return false;
}

static bool separates(char ch)
{
	return ch == ' ' || ch == ',';
}

/* Does any word begin as placeholders do? Hardly one value has them. */
static bool has_placeholder(struct al_slice value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.ptr[i] | 0x20) == 'a' && (i == 0 || separates(value.ptr[i - 1])) &&
		    al_slice_casestarts(al_slice_from(value, i), "AUTO-"))
			return true;
	return false;
}

/* Replace placeholder words; other bytes stay as they are. False: one is not defined. */
static bool value_fill(struct builder *b, struct al_slice value, unsigned line, struct al_buf *out)
{
	bool filled = true;

	al_buf_reset(out);
	while (value.len > 0) {
		size_t len = 0;
		struct al_slice word;
		bool placeholder;

		while (len < value.len && separates(value.ptr[len]))
			len++;
		al_buf_slice(out, al_slice_head(value, len));
		value = al_slice_from(value, len);
		for (len = 0; len < value.len && !separates(value.ptr[len]);)
			len++;
		word = al_slice_head(value, len);
		value = al_slice_from(value, len);
		placeholder = al_slice_casestarts(word, "AUTO-");
		if (placeholder && auto_token(b->in, word, out))
			continue;
		if (placeholder && word.len > 5 && word.ptr[5] >= '0' && word.ptr[5] <= '9') {
			filled = false;
			b->failed = true;
			if (!told(b, line))
				builder_error(b, line, "SCHEMA-AUTO", "Placeholder %.*s is not defined in this request",
					      AL_FMT(word));
		}
		al_buf_slice(out, word);
	}
	return filled;
}

/* One value. What is in the log may have a form that is no longer taken. */
static enum al_err canon_one(struct builder *b, const struct al_attr_rule *rule, struct al_slice value,
			     const char **why)
{
	enum al_err err = al_syntax_canon(rule->syntax, value, &b->canon, why);

	if (err != AL_EINVAL || !b->in->stored)
		return err;
	err = al_syntax_canon_old(rule->syntax, value, &b->canon);
	b->older = b->older || err == AL_OK;
	return err;
}

/* Canonical value of a list: each item, joined by ", ". */
static enum al_err canon_list(struct builder *b, const struct al_attr_rule *rule, struct al_slice value,
			      const char **why)
{
	struct al_slice item;
	size_t count = 0;
	bool more;

	do {
		more = al_slice_cut(&value, ',', &item);
		item = al_slice_trim(item);
		*why = "an item of the list is empty: there is one comma between two items, and none behind the last";
		if (item.len == 0 && (count > 0 || more) && !b->in->stored)
			return AL_EINVAL;
		if (item.len == 0) {
			b->older = b->older || more || count > 0;
			continue;
		}
		if (count++ > 0)
			al_buf_str(&b->canon, ", ");
		if (canon_one(b, rule, item, why) != AL_OK) {
			if (memchr(item.ptr, ' ', item.len) != NULL)
				*why = "the items of a list are separated by commas";
			return AL_EINVAL;
		}
	} while (more);
	*why = "the list is empty";
	return count > 0 ? AL_OK : AL_EINVAL;
}

static bool free_form(enum al_syntax syntax)
{
	return syntax == AL_SYN_TEXT || syntax == AL_SYN_RECORD;
}

/* The name that the attribute has in the object. */
static const char *attr_name(const struct al_attr_rule *rule, struct al_slice typed,
			     char own[static AL_EXTENSION_STRLEN])
{
	size_t len = typed.len < AL_EXTENSION_STRLEN - 1 ? typed.len : AL_EXTENSION_STRLEN - 1;

	if (!al_extension_rule(rule))
		return rule->name;
	for (size_t i = 0; i < len; i++)
		own[i] = typed.ptr[i] >= 'A' && typed.ptr[i] <= 'Z' ? (char)(typed.ptr[i] | 0x20) : typed.ptr[i];
	own[len] = '\0';
	return own;
}

static void builder_source(struct builder *b, const struct al_raw_attr *attr)
{
	if (b->in->source.len > 0 && !al_slice_eq(al_buf_view(&b->canon), b->in->source))
		builder_error(b, attr->line, "SCHEMA-SOURCE", "Unrecognized source: %.*s, expected %.*s",
			      AL_FMT(al_buf_view(&b->canon)), AL_FMT(b->in->source));
}

/* One attribute that the class has. */
static void builder_value(struct builder *b, const struct al_attr_rule *rule, const struct al_raw_attr *attr)
{
	char own[AL_EXTENSION_STRLEN];
	const char *why = "", *name = attr_name(rule, attr->name, own);
	struct al_slice typed;
	enum al_err err;

	typed = value_clean(attr, !free_form(rule->syntax), &b->clean);
	if (has_placeholder(typed)) {
		if (!value_fill(b, typed, attr->line, &b->filled))
			return;
		typed = al_slice_trim(al_buf_view(&b->filled));
	}
	al_buf_reset(&b->canon);
	err = (rule->flags & AL_LIST) != 0 ? canon_list(b, rule, typed, &why) : canon_one(b, rule, typed, &why);
	if (err == AL_OK && b->canon.len == 0 && (rule->flags & AL_REQUIRED) != 0 && !b->in->stored) {
		why = "it may not be empty";
		err = AL_EINVAL;
	}
	if (err != AL_OK) {
		builder_error(b, attr->line, "SCHEMA-SYNTAX", "Syntax error in %s \"%.*s%s\": %s", name,
			      AL_FMT(al_slice_head(typed, SHOWN_MAX)), typed.len > SHOWN_MAX ? "..." : "", why);
		return;
	}
	if (!al_slice_eq(typed, al_buf_view(&b->canon)) && !al_slice_caseeq(typed, al_buf_view(&b->canon)))
		al_report_add(b->report, AL_INFO, b->in->number, attr->line, NULL, "Value %.*s converted to %.*s",
			      AL_FMT(typed), AL_FMT(al_buf_view(&b->canon)));
	object_put_attr(&b->text, name, al_buf_view(&b->canon));
	if ((rule->flags & AL_PRIMARY) != 0)
		al_buf_slice(&b->key, al_buf_view(&b->canon));
	if (rule->syntax == AL_SYN_SOURCE)
		builder_source(b, attr);
}

/* Lines that whois adds to what it shows, so that its output can be sent back. */
static bool generated(struct al_slice name)
{
	return al_slice_caseis(name, "created") || al_slice_caseis(name, "last-modified") ||
	       al_slice_caseis(name, "rpki-ov-state");
}

/* What is to be done, where the text is not the object as it will be; the value is a reason, for people. */
static bool builder_verb(struct builder *b, const struct al_raw_attr *attr)
{
	bool *verbs[] = { &b->deletes, &b->extends, &b->shrinks };
	static const char *const names[] = { "delete", "extend", "shrink" };
	size_t verb = 0;

	while (verb < AL_COUNT(names) && !al_slice_caseis(attr->name, names[verb]))
		verb++;
	if (verb == AL_COUNT(names))
		return false;
	*verbs[verb] = true;
	if (b->deletes + b->extends + b->shrinks > 1)
		builder_error(b, attr->line, "SCHEMA-EDIT", "One of delete:, extend: and shrink: at a time");
	return true;
}

static void builder_attr(struct builder *b, const struct al_raw_attr *attr)
{
	const struct al_attr_rule *rule = al_class_rule(b->cls, attr->name);
	size_t row;

	if (rule == NULL && builder_verb(b, attr))
		return;
	if (rule == NULL && generated(attr->name)) {
		al_report_add(b->report, AL_INFO, b->in->number, attr->line, NULL,
			      "Attribute \"%.*s\" is generated and was left out", AL_FMT(attr->name));
		return;
	}
	if (rule == NULL) {
		builder_error(b, attr->line, "SCHEMA-ATTRIBUTE",
			      al_attr_known(attr->name) ? "\"%.*s\" is not valid for this object type"
							: "\"%.*s\" is not a known RPSL attribute",
			      AL_FMT(al_slice_head(attr->name, 60)));
		return;
	}
	row = (size_t)(rule - al_class_rules(b->cls));
	if (b->seen[row]++ > 0 && (rule->flags & AL_MULTIPLE) == 0)
		builder_error(b, attr->line, "SCHEMA-SINGLE", "Attribute \"%s\" appears more than once", rule->name);
	builder_value(b, rule, attr);
}

static void builder_walk(struct builder *b)
{
	struct al_slice rest = b->in->raw;
	struct al_raw_attr attr;
	unsigned line = 0;
	enum al_err err;

	while (al_raw_next(&rest, &line, &attr, &err)) {
		if (attr.line == 0 && b->cls == AL_CLASS_COUNT) {
			if (err != AL_OK || al_class_parse(attr.name, &b->cls) != AL_OK) {
				builder_error(b, 0, "SCHEMA-CLASS", "\"%.*s\" is not an object class",
					      AL_FMT(al_slice_head(attr.name, 60)));
				return;
			}
		}
		if (err != AL_OK)
			builder_error(b, attr.line, "SCHEMA-SYNTAX",
				      "This line is neither an attribute nor a continuation");
		else
			builder_attr(b, &attr);
	}
}

/* All of `flags` make an attribute one that has to be there. */
static void builder_mandatory(struct builder *b, unsigned flags)
{
	const struct al_attr_rule *rules = al_class_rules(b->cls);

	for (size_t row = 0; rules[row].name != NULL; row++)
		if ((rules[row].flags & flags) == flags && b->seen[row] == 0)
			builder_error(b, AL_REPORT_WHOLE, "SCHEMA-MANDATORY", "Mandatory attribute \"%s\" is missing",
				      rules[row].name);
}

static void builder_extensions(struct builder *b)
{
	const struct al_attr_rule *rules = al_class_rules(b->cls);

	for (size_t row = 0; rules[row].name != NULL; row++)
		if (al_extension_rule(&rules[row]) && b->seen[row] > AL_EXTENSIONS_MAX)
			builder_error(b, AL_REPORT_WHOLE, "SCHEMA-ATTRIBUTE",
				      "More than %u attributes of one's own, x-...", AL_EXTENSIONS_MAX);
}

/* The whole object that a change leaves, in the place of the change. */
static void builder_merge(struct builder *b)
{
	const struct al_object *present = b->in->present(b->in->arg, b->cls, al_buf_view(&b->key));
	struct al_slice rest, missing = { NULL, 0 };
	struct al_buf edit = b->text;
	struct al_attr attr;
	enum al_err err;

	if (present == NULL) {
		builder_error(b, AL_REPORT_WHOLE, "SCHEMA-EDIT",
			      "There is no such object to %s: its first text is sent whole",
			      b->extends ? "extend" : "shrink");
		return;
	}
	al_buf_init(&b->text, AL_OBJECT_MAX);
	err = object_edit(b->cls, al_object_text(present), al_buf_view(&edit), b->shrinks, &b->text, &missing);
	if (err == AL_ENOTFOUND)
		builder_error(b, AL_REPORT_WHOLE, "SCHEMA-EDIT", "It has no %.*s to take out",
			      AL_FMT(al_slice_head(missing, SHOWN_MAX)));
	else if (err == AL_ELIMIT)
		builder_error(b, AL_REPORT_WHOLE, "POLICY-OBJECT-SIZE", "It would have more than %u bytes",
			      AL_OBJECT_MAX);
	al_buf_release(&edit);
	memset(b->seen, 0, sizeof(b->seen));
	for (rest = al_buf_view(&b->text); al_attr_next(&rest, &attr);)
		b->seen[al_class_rule(b->cls, attr.name) - al_class_rules(b->cls)]++;
	builder_mandatory(b, AL_REQUIRED);
	builder_extensions(b);
}

static void builder_check(struct builder *b)
{
	bool edits = b->extends || b->shrinks;

	if (b->cls == AL_CLASS_COUNT) {
		if (!b->failed)
			builder_error(b, AL_REPORT_WHOLE, "SCHEMA-CLASS", "The object is empty");
		return;
	}
	builder_mandatory(b, edits ? AL_PRIMARY | AL_REQUIRED : AL_REQUIRED);
	if (!edits)
		builder_extensions(b);
	if (edits && b->in->present == NULL && !b->in->lines_only)
		builder_error(b, AL_REPORT_WHOLE, "SCHEMA-EDIT", "extend: and shrink: are no part of an object");
	else if (edits && !b->failed && !b->in->lines_only && b->text.err == AL_OK && b->key.err == AL_OK)
		builder_merge(b);
}

static enum al_err builder_finish(const struct builder *b, struct al_object **out)
{
	struct al_object head = {
		.index = b->in->index,
		.time = b->in->time,
		.created = b->in->created,
		.cls = (uint8_t)b->cls,
		.deleted = b->deletes,
	};

	if (b->text.err != AL_OK || b->key.err != AL_OK || b->canon.err == AL_ENOMEM || b->clean.err == AL_ENOMEM ||
	    b->filled.err == AL_ENOMEM)
		return b->text.err == AL_ELIMIT || b->key.err == AL_ELIMIT ? AL_ELIMIT : AL_ENOMEM;
	if (b->in->lines_only)
		head.edit = b->extends ? AL_EDIT_EXTEND : b->shrinks ? AL_EDIT_SHRINK : AL_EDIT_NONE;
	return al_object_new(&head, al_buf_view(&b->text), al_buf_view(&b->key), out);
}

enum al_err al_object_build(const struct al_build *in, struct al_report *report, struct al_object **out, bool *deletes)
{
	struct builder b = { .in = in, .report = report, .cls = AL_CLASS_COUNT };
	enum al_err err = AL_EINVAL;

	al_buf_init(&b.clean, AL_OBJECT_MAX);
	al_buf_init(&b.filled, AL_OBJECT_MAX);
	al_buf_init(&b.canon, AL_OBJECT_MAX);
	al_buf_init(&b.text, AL_OBJECT_MAX);
	al_buf_init(&b.key, KEY_MAX);
	builder_walk(&b);
	builder_check(&b);
	if (b.older)
		al_report_add(report, AL_WARNING, in->number, AL_REPORT_WHOLE, "SCHEMA-SYNTAX",
			      "a value has a form that is no longer taken");
	if (!b.failed)
		err = builder_finish(&b, out);
	if (err == AL_OK)
		*deletes = b.deletes;
	al_buf_release(&b.clean);
	al_buf_release(&b.filled);
	al_buf_release(&b.canon);
	al_buf_release(&b.text);
	al_buf_release(&b.key);
	return err;
}
