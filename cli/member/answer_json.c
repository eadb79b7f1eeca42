/* SPDX-License-Identifier: MIT */
/*
 * answer_json.c -- what answer.c takes apart, put together as JSON.
 */
#include "answer_json.h"

#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "command.h"
#include "json.h"

static json_t *errors_json(struct al_slice lines)
{
	json_t *errors = json_array();
	struct al_slice text;

	while (answer_error(&lines, &text))
		(void)json_array_append_new(errors, json_slice(text));
	return errors;
}

static json_t *object_json(const struct answer_object *object)
{
	json_t *all = json_object();

	(void)json_object_set_new(all, "action", json_slice(object->action));
	(void)json_object_set_new(all, "succeeded", json_boolean(object->succeeded));
	(void)json_object_set_new(all, "class", json_slice(object->cls));
	(void)json_object_set_new(all, "key", json_slice(object->key));
	(void)json_object_set_new(all, "errors", errors_json(object->body));
	return all;
}

void answer_json(struct al_slice answer)
{
	json_t *all = json_object(), *objects = json_array();
	struct al_slice rest = answer, head = answer, error;
	struct answer_object object;
	uint64_t index;

	while (answer_next(&rest, &object)) {
		if (json_array_size(objects) == 0) /* what stands before the first is about the whole request */
			head = al_slice_head(answer, (size_t)(object.action.ptr - answer.ptr));
		(void)json_array_append_new(objects, object_json(&object));
	}
	(void)json_object_set_new(all, "accepted", json_boolean(answer_accepted(answer)));
	(void)json_object_set_new(
		all, "index", answer_index(answer, &index) == AL_OK ? json_integer((json_int_t)index) : json_null());
	(void)json_object_set_new(all, "errors", errors_json(head));
	if (answer_is_error(answer, &error))
		(void)json_array_append_new(json_object_get(all, "errors"), json_slice(error));
	(void)json_object_set_new(all, "objects", objects);
	(void)json_object_set_new(all, "answer", json_slice(answer));
	(void)json_out(all);
}

json_t *answer_errors(struct al_slice answer)
{
	json_t *errors = errors_json(answer);
	struct al_slice text;

	if (answer_is_error(answer, &text))
		(void)json_array_append_new(errors, json_slice(text));
	return errors;
}

void answer_json_failed(int code)
{
	json_t *all = json_object(), *errors = json_array();
	const char *text = "nothing was sent";

	if (code == CLI_OFFLINE)
		text = "no connection to the registry";
	else if (code == CLI_UNVERIFIED)
		text = "what the registry says does not verify";
	(void)json_array_append_new(errors, json_string(text));
	(void)json_object_set_new(all, "accepted", json_false());
	(void)json_object_set_new(all, "index", json_null());
	(void)json_object_set_new(all, "errors", errors);
	(void)json_object_set_new(all, "objects", json_array());
	(void)json_out(all);
}
