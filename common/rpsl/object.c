/* SPDX-License-Identifier: MIT */
/*
 * object.c -- one immutable, canonical version as it is read, and the raw lines
 * that it is made of (object_build.c).
 */
#include "alamo/rpsl/object.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

struct al_object *al_object_ref(const struct al_object *object)
{
	struct al_object *counted = (struct al_object *)(uintptr_t)object; /* the count is not the object */

	(void)atomic_fetch_add_explicit(&counted->refs, 1, memory_order_relaxed);
	return counted;
}

enum al_err al_object_new(const struct al_object *head, struct al_slice text, struct al_slice key,
			  struct al_object **out)
{
	struct al_object *object = malloc(sizeof(*object) + text.len + key.len + 2);

	if (object == NULL)
		return AL_ENOMEM;
	*object = *head;
	atomic_init(&object->refs, 1);
	object->text_len = (uint32_t)text.len;
	object->key_len = (uint16_t)key.len;
	memcpy(object->bytes, text.ptr, text.len);
	object->bytes[text.len] = '\0';
	memcpy(object->bytes + text.len + 1, key.ptr, key.len);
	object->bytes[text.len + 1 + key.len] = '\0';
	*out = object;
	return AL_OK;
}

void al_object_unref(struct al_object *object)
{
	/* What any thread did with it is done before it is freed. */
	if (object != NULL && atomic_fetch_sub_explicit(&object->refs, 1, memory_order_acq_rel) == 1)
		free(object);
}

struct al_slice al_object_text(const struct al_object *object)
{
	return al_slice_of(object->bytes, object->text_len);
}

struct al_slice al_object_key(const struct al_object *object)
{
	return al_slice_of(object->bytes + object->text_len + 1, object->key_len);
}

bool al_attr_next(struct al_slice *rest, struct al_attr *out)
{
	struct al_slice line;

	if (!al_slice_line(rest, &line))
		return false;
	(void)al_slice_cut(&line, ':', &out->name);
	out->value = al_slice_trim(line);
	return true;
}

bool al_attr_find(struct al_slice *rest, const char *name, struct al_slice *value)
{
	size_t len = strlen(name);
	struct al_slice line;

	while (al_slice_line(rest, &line))
		if (line.len > len && line.ptr[len] == ':' && memcmp(line.ptr, name, len) == 0) {
			*value = al_slice_trim(al_slice_from(line, len + 1));
			return true;
		}
	return false;
}

struct al_slice al_object_attr(const struct al_object *object, const char *name)
{
	struct al_slice rest = al_object_text(object), value = { NULL, 0 };

	(void)al_attr_find(&rest, name, &value);
	return value;
}

bool al_object_has(const struct al_object *object, const char *name, struct al_slice value)
{
	struct al_slice rest = al_object_text(object), found, item;

	while (al_attr_find(&rest, name, &found))
		do {
			(void)al_slice_cut(&found, ',', &item);
			if (al_slice_caseeq(al_slice_trim(item), value))
				return true;
		} while (found.len > 0);
	return false;
}

bool al_ref_next(const struct al_attr_rule *rule, struct al_slice *rest, struct al_slice *name)
{
	if (rest->len == 0)
		return false;
	(void)al_slice_cut(rest, rule->syntax == AL_SYN_NODE_PAIR ? ':' : ',', name);
	*name = al_slice_trim(*name);
	return true;
}

enum al_err al_object_prefix(const struct al_object *object, struct al_prefix *out)
{
	switch (object->cls) {
	case AL_INETNUM:
	case AL_INET6NUM:
	case AL_ROUTE:
	case AL_ROUTE6:
		return al_prefix_parse(al_object_attr(object, al_class_name(object->cls)), out);
	default:
		return AL_EINVAL;
	}
}

enum al_err al_object_asn(const struct al_object *object, uint32_t *out)
{
	return al_asn_parse(al_object_attr(object, object->cls == AL_AUT_NUM ? "aut-num" : "origin"), out);
}

/* ---- raw text ---- */

static bool attr_name_ok(struct al_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		char ch = name.ptr[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '-' ||
		      ch == '_'))
			return false;
	}
	return name.len > 0;
}

static bool continues(struct al_slice rest)
{
	return rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t' || rest.ptr[0] == '+');
}

bool al_raw_next(struct al_slice *rest, unsigned *line, struct al_raw_attr *out, enum al_err *err)
{
	struct al_slice text, more;

	if (!al_slice_line(rest, &text))
		return false;
	out->line = (*line)++;
	*err = al_slice_cut(&text, ':', &out->name) && attr_name_ok(out->name) ? AL_OK : AL_EINVAL;
	out->value = text;
	while (continues(*rest) && al_slice_line(rest, &more)) {
		(*line)++;
		out->value.len = (size_t)(more.ptr + more.len - out->value.ptr);
	}
	return true;
}

bool al_raw_line(const struct al_raw_attr *attr, struct al_slice *rest, struct al_slice *line)
{
	bool first = rest->ptr == attr->value.ptr;

	if (!al_slice_line(rest, line))
		return false;
	if (!first) /* the mark that makes it a continuation */
		*line = al_slice_from(*line, 1);
	return true;
}

void al_raw_value(const struct al_raw_attr *attr, struct al_buf *out)
{
	struct al_slice rest = attr->value, line;

	al_buf_reset(out);
	while (al_raw_line(attr, &rest, &line)) {
		if (line.ptr != attr->value.ptr)
			al_buf_u8(out, '\n');
		al_buf_slice(out, line);
	}
}

enum al_err al_object_class(struct al_slice raw, enum al_class *out)
{
	struct al_slice line, name;

	if (!al_slice_line(&raw, &line) || !al_slice_cut(&line, ':', &name))
		return AL_EINVAL;
	return al_class_parse(name, out);
}
