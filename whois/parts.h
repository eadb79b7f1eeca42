/* SPDX-License-Identifier: MIT */
/*
 * parts.h -- what of an object's values people search for.
 */
#ifndef WHOIS_PARTS_H
#define WHOIS_PARTS_H

#include "alamo/rpsl/object.h"

/* Values of one attribute of an object, lists taken apart: start with { al_object_text(o), {0}, name }. */
struct whois_values {
	struct al_slice text;
	struct al_slice line;
	const char *name;
};
bool whois_values_next(struct whois_values *values, struct al_slice *value);

/* Does the index have this attribute? */
bool whois_rule_indexed(const struct al_attr_rule *rule);
/* The parts of one value: of an nserver name and address, of a key type and key, else all of it. Returns how many. */
size_t whois_value_parts(enum al_syntax syntax, struct al_slice value, struct al_slice part[static 2]);

/* Return false to stop. */
typedef bool (*whois_part_fn)(const struct al_attr_rule *rule, struct al_slice part, void *arg);
/* Every searchable part of one line of an attribute. False: stopped. */
bool whois_line_parts(const struct al_attr_rule *rule, struct al_slice line, whois_part_fn visit, void *arg);
/* Every searchable part of an object. */
void whois_object_parts(const struct al_object *object, whois_part_fn visit, void *arg);

#endif
