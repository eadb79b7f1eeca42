/* SPDX-License-Identifier: MIT */
/* parts.c -- values taken apart: lists, words of names, the two halves of an nserver. */
#include "parts.h"

bool whois_values_next(struct whois_values *values, struct al_slice *value)
{
	for (;;) {
		while (values->line.len == 0)
			if (!al_attr_find(&values->text, values->name, &values->line))
				return false;
		(void)al_slice_cut(&values->line, ',', value);
		*value = al_slice_trim(*value);
		if (value->len > 0)
			return true;
	}
}

bool whois_rule_indexed(const struct al_attr_rule *rule)
{
	return (rule->flags & (AL_INVERSE | AL_WORDS)) != 0;
}

size_t whois_value_parts(enum al_syntax syntax, struct al_slice value, struct al_slice part[static 2])
{
	struct al_slice rest = value, first, second;
	size_t count = 0;

	if (syntax == AL_SYN_NSERVER) {
		while (count < 2 && al_slice_word(&rest, "", &part[count]))
			count++;
		return count;
	}
	part[0] = value;
	if (syntax == AL_SYN_AUTH && al_slice_word(&rest, "", &first) && al_slice_word(&rest, "", &second))
		part[0] = al_slice_of(first.ptr, (size_t)(second.ptr + second.len - first.ptr));
	return 1;
}

bool whois_line_parts(const struct al_attr_rule *rule, struct al_slice line, whois_part_fn visit, void *arg)
{
	struct al_slice item, part[2];
	bool words = (rule->flags & AL_WORDS) != 0;
	size_t i, count;

	do {
		item = line;
		line = (struct al_slice){ NULL, 0 };
		if (words || (rule->flags & AL_LIST) != 0) {
			line = item;
			(void)al_slice_cut(&line, words ? ' ' : ',', &item);
		}
		item = al_slice_trim(item);
		count = item.len > 0 ? whois_value_parts(rule->syntax, item, part) : 0;
		for (i = 0; i < count; i++)
			if (!visit(rule, part[i], arg))
				return false;
	} while (line.len > 0);
	return true;
}

void whois_object_parts(const struct al_object *object, whois_part_fn visit, void *arg)
{
	struct al_slice rest = al_object_text(object);
	const struct al_attr_rule *rule;
	struct al_attr attr;

	while (al_attr_next(&rest, &attr)) {
		rule = al_class_rule((enum al_class)object->cls, attr.name);
		if (rule != NULL && whois_rule_indexed(rule) && !whois_line_parts(rule, attr.value, visit, arg))
			return;
	}
}
