/* SPDX-License-Identifier: MIT */
/* dn42_filter.c -- rules in lines, and what they make of a route. Pure. */
#include "dn42_filter.h"

#include <stdlib.h>
#include <string.h>

void dn42_filter_release(struct dn42_filter *filter)
{
	free(filter->rules);
	*filter = (struct dn42_filter){ .rules = NULL };
}

/* "0001": zeros in front, as they stand there. */
static bool number_read(struct al_slice word, uint64_t max, uint64_t *out)
{
	while (word.len > 1 && word.ptr[0] == '0')
		word = al_slice_from(word, 1);
	return al_slice_u64(word, max, out) == AL_OK;
}

static bool rule_read(struct al_slice line, struct dn42_rule *out)
{
	struct al_slice word[5], rest;
	uint64_t number, min, max;

	for (size_t i = 0; i < AL_COUNT(word); i++)
		if (!al_slice_word(&line, "", &word[i]))
			return false;
	if (al_slice_word(&line, "", &rest) || !number_read(word[0], UINT32_MAX, &number) ||
	    al_prefix_parse(word[2], &out->prefix) != AL_OK || !number_read(word[3], out->prefix.bits, &min) ||
	    !number_read(word[4], out->prefix.bits, &max) || min > max)
		return false;
	out->number = (uint32_t)number;
	out->permit = al_slice_is(word[1], "permit");
	out->min = (uint8_t)min;
	out->max = (uint8_t)max;
	return out->permit || al_slice_is(word[1], "deny");
}

/* Behind all whose number is not larger. */
static enum al_err rule_add(struct dn42_filter *filter, const struct dn42_rule *rule)
{
	size_t at = filter->count;

	if (filter->count == DN42_FILTER_MAX)
		return AL_ELIMIT;
	if (filter->rules == NULL)
		filter->rules = calloc(DN42_FILTER_MAX, sizeof(*filter->rules));
	if (filter->rules == NULL)
		return AL_ENOMEM;
	while (at > 0 && filter->rules[at - 1].number > rule->number)
		at--;
	memmove(&filter->rules[at + 1], &filter->rules[at], (filter->count - at) * sizeof(*filter->rules));
	filter->rules[at] = *rule;
	filter->count++;
	return AL_OK;
}

enum al_err dn42_filter_read(struct dn42_filter *filter, struct al_slice text, unsigned *bad)
{
	struct al_slice line, rule_text;
	struct dn42_rule rule;
	enum al_err err = AL_OK;

	*bad = 0;
	while (err == AL_OK && al_slice_line(&text, &line)) {
		++*bad;
		(void)al_slice_cut(&line, '#', &rule_text);
		if (al_slice_trim(rule_text).len == 0)
			continue;
		err = rule_read(rule_text, &rule) ? rule_add(filter, &rule) : AL_EINVAL;
	}
	return err;
}

bool dn42_filter_has(const struct dn42_filter *filter, uint8_t bits)
{
	for (size_t i = 0; i < filter->count; i++)
		if (filter->rules[i].prefix.bits == bits)
			return true;
	return false;
}

const struct dn42_rule *dn42_filter_find(const struct dn42_filter *filter, const struct al_prefix *prefix)
{
	struct al_prefix network = *prefix;

	network.len = network.bits; /* its first address: a rule may be longer than the route */
	for (size_t i = 0; i < filter->count; i++)
		if (al_prefix_covers(&filter->rules[i].prefix, &network))
			return &filter->rules[i];
	return NULL;
}

bool dn42_record(const struct dn42_rule *rule, const struct al_object *route, struct vrp *out)
{
	uint64_t asked;

	if (rule == NULL || !rule->permit || out->len > rule->max)
		return false;
	out->max = rule->max;
	if (al_slice_u64(al_object_attr(route, "max-length"), rule->max, &asked) == AL_OK && asked >= rule->min)
		out->max = (uint8_t)asked;
	return out->max >= out->len; /* less than the route's own length: a line that no router takes */
}
