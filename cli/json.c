/* SPDX-License-Identifier: MIT */
/*
 * json.c -- what goes out as JSON.
 */
#include "json.h"

#include <stdlib.h>

#include "command.h"

json_t *json_slice(struct al_slice text)
{
	json_t *value = json_stringn(text.ptr != NULL ? text.ptr : "", text.len);

	return value != NULL ? value : json_null();
}

int json_out(json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2));
	struct al_buf line;

	json_decref(value);
	if (text == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	al_buf_init(&line, SIZE_MAX);
	al_buf_printf(&line, "%s\n", text);
	command_print(al_buf_view(&line));
	al_buf_release(&line);
	free(text);
	return CLI_DONE;
}
