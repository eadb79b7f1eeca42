/* SPDX-License-Identifier: MIT */
/*
 * pairs.c -- lines "NAME = VALUE".
 */
#include "pairs.h"

#include <string.h>

static struct al_slice comment_cut(struct al_slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.ptr[i] == '#' && (i == 0 || memchr(" \t=", line.ptr[i - 1], 3) != NULL))
			return al_slice_head(line, i);
	return line;
}

static bool is_plain(struct al_slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.ptr[i] < ' ' && line.ptr[i] != '\t')
			return false;
	return true;
}

bool pairs_next(struct al_slice *text, struct pair *out)
{
	struct al_slice line;

	while (al_slice_line(text, &line)) {
		out->line++;
		line = al_slice_trim(comment_cut(line));
		if (line.len == 0)
			continue;
		out->name = (struct al_slice){ NULL, 0 };
		if (!is_plain(line) || !al_slice_cut(&line, '=', &out->name) || al_slice_trim(line).len == 0)
			out->name.len = 0;
		out->name = al_slice_trim(out->name);
		out->value = al_slice_trim(line);
		return out->name.len > 0;
	}
	out->name = AL_S("end");
	return false;
}
