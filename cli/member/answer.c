/* SPDX-License-Identifier: MIT */
/*
 * answer.c -- the registry's answer to a request, taken apart.
 */
#include "answer.h"

#include <string.h>

#define RECEIPT "% receipt: index "
#define ERROR_MARK "***Error:"

/* "  Create SUCCEEDED: [aut-num] AS1" */
static bool object_line(struct al_slice line, struct answer_object *out)
{
	static const char *const actions[] = { "Create", "Modify", "Delete", "No operation" };
	struct al_slice rest = al_slice_from(line, 2);

	if (!al_slice_starts(line, "  "))
		return false;
	for (size_t i = 0; i < AL_COUNT(actions); i++) {
		struct al_slice tail = al_slice_from(rest, strlen(actions[i]));

		if (!al_slice_starts(rest, actions[i]))
			continue;
		out->succeeded = al_slice_starts(tail, " SUCCEEDED: [");
		if (!out->succeeded && !al_slice_starts(tail, " FAILED: [") && !al_slice_starts(tail, " HELD: ["))
			return false;
		out->action = al_slice_head(rest, strlen(actions[i]));
		(void)al_slice_cut(&tail, '[', &rest);
		if (!al_slice_cut(&tail, ']', &out->cls))
			return false;
		out->key = al_slice_trim(tail);
		return true;
	}
	return false;
}

bool answer_next(struct al_slice *rest, struct answer_object *out)
{
	struct answer_object other;
	struct al_slice line, ahead;
	const char *start;

	do {
		if (!al_slice_line(rest, &line))
			return false;
	} while (!object_line(line, out));
	start = rest->ptr;
	ahead = *rest;
	while (al_slice_line(&ahead, &line) && !object_line(line, &other) && !al_slice_starts(line, "% "))
		*rest = ahead;
	out->body = al_slice_of(start, (size_t)(rest->ptr - start));
	return true;
}

bool answer_error(struct al_slice *lines, struct al_slice *text)
{
	struct al_slice line;

	while (al_slice_line(lines, &line)) {
		struct al_slice trimmed = al_slice_trim(line);

		if (al_slice_starts(trimmed, ERROR_MARK)) {
			*text = al_slice_trim(al_slice_from(trimmed, sizeof(ERROR_MARK) - 1));
			return true;
		}
	}
	return false;
}

bool answer_has(struct al_slice answer, const char *what)
{
	return answer.len > 0 && memmem(answer.ptr, answer.len, what, strlen(what)) != NULL;
}

bool answer_accepted(struct al_slice answer)
{
	struct al_slice rest = answer, text;
	struct answer_object object;

	if (!answer_has(answer, "SUMMARY OF UPDATE:") || answer_is_error(answer, &text) || answer_error(&rest, &text))
		return false;
	rest = answer;
	while (answer_next(&rest, &object))
		if (!object.succeeded)
			return false;
	return true;
}

enum al_err answer_index(struct al_slice answer, uint64_t *index)
{
	struct al_slice line, digits;

	while (al_slice_line(&answer, &line))
		if (al_slice_starts(line, RECEIPT)) {
			line = al_slice_from(line, sizeof(RECEIPT) - 1);
			(void)al_slice_cut(&line, ',', &digits);
			return al_slice_u64(digits, UINT64_MAX, index);
		}
	return AL_ENOTFOUND;
}

bool answer_is_error(struct al_slice answer, struct al_slice *text)
{
	struct al_slice line;

	while (al_slice_line(&answer, &line))
		if (al_slice_starts(line, "%ERROR")) {
			*text = line;
			return true;
		}
	return false;
}
