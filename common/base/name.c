/* SPDX-License-Identifier: MIT */
/*
 * name.c -- domain names between text and wire, one canonical spelling.
 */
#include <string.h>

#include "alamo/base/ident.h"

static bool label_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_' || ch == '/' || ch == '*';
}

enum al_err al_name_canon(struct al_slice s, char out[static AL_NAME_MAX + 1])
{
	char name[AL_NAME_MAX + 1];
	size_t label = 0;

	if (s.len > 0 && s.ptr[s.len - 1] == '.')
		s.len--;
	if (s.len > AL_NAME_MAX)
		return AL_EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] - 'A' + 'a') : s.ptr[i];

		if (ch == '.' ? label == 0 : !label_char(ch) || label == 63)
			return AL_EINVAL;
		label = ch == '.' ? 0 : label + 1;
		name[i] = ch;
	}
	if (s.len > 0 && label == 0)
		return AL_EINVAL;
	if (s.len > 0)
		memcpy(out, name, s.len);
	out[s.len] = '\0';
	return AL_OK;
}

size_t al_name_to_wire(struct al_slice name, uint8_t out[static AL_NAME_WIRE_MAX])
{
	struct al_slice label;
	size_t len = 0;

	while (name.len > 0) {
		(void)al_slice_cut(&name, '.', &label);
		if (label.len == 0 || label.len > 63 || len + label.len + 2 > AL_NAME_WIRE_MAX)
			return 0;
		out[len++] = (uint8_t)label.len;
		memcpy(out + len, label.ptr, label.len);
		len += label.len;
	}
	out[len++] = 0;
	return len;
}

enum al_err al_name_from_wire(const uint8_t *wire, size_t len, char out[static AL_NAME_MAX + 1])
{
	char name[AL_NAME_MAX + 2];
	size_t at = 0, to = 0;

	while (at < len && wire[at] != 0) {
		size_t label = wire[at++];

		if (label > 63 || label > len - at || to + label + 1 > AL_NAME_MAX + 1)
			return AL_EINVAL;
		memcpy(name + to, wire + at, label);
		if (memchr(name + to, '.', label) != NULL)
			return AL_EINVAL;
		to += label;
		name[to++] = '.';
		at += label;
	}
	if (at >= len)
		return AL_EINVAL;
	return al_name_canon(al_slice_of(name, to), out);
}

bool al_name_within(struct al_slice name, struct al_slice zone)
{
	if (zone.len == 0)
		return true;
	if (name.len == zone.len)
		return al_slice_eq(name, zone);
	return name.len > zone.len && name.ptr[name.len - zone.len - 1] == '.' &&
	       al_slice_eq(al_slice_from(name, name.len - zone.len), zone);
}

unsigned al_name_labels(struct al_slice name)
{
	unsigned count = name.len > 0 ? 1 : 0;

	for (size_t i = 0; i < name.len; i++)
		count += name.ptr[i] == '.';
	return count;
}

struct al_slice al_name_parent(struct al_slice name)
{
	struct al_slice label;

	(void)al_slice_cut(&name, '.', &label);
	return name;
}
