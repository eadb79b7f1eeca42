/* SPDX-License-Identifier: MIT */
/*
 * monitor_event.c -- see monitor_event.h.
 */
#include "monitor_event.h"

#include <stdlib.h>

#include "alamo/base/buf.h"
#include "command.h"
#include "json.h"
#include "process.h"

void monitor_event_begin(struct monitor_event *me, uint64_t index, uint64_t time, bool own,
			 const struct al_sshkey *signers, size_t count)
{
	json_t *names = json_array();
	char print[AL_SSH_FINGERPRINT_LEN];

	if (me->command == NULL) {
		json_decref(names);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		al_sshkey_fingerprint(&signers[i], print);
		(void)json_array_append_new(names, json_string(print));
	}
	me->event = json_pack("{s:I, s:I, s:b, s:o, s:[]}", "index", (json_int_t)index, "time", (json_int_t)time, "own",
			      own ? 1 : 0, "signers", names, "changes");
}

void monitor_event_add(struct monitor_event *me, const struct al_object *before, const struct al_object *now)
{
	const char *action = now->deleted ? "delete" : before == NULL ? "create" : "modify";

	if (me->event == NULL)
		return;
	(void)json_array_append_new(json_object_get(me->event, "changes"),
				    json_pack("{s:s, s:s, s:o, s:o, s:o}", "action", action, "class",
					      al_class_name((enum al_class)now->cls), "key",
					      json_slice(al_object_key(now)), "old",
					      before != NULL ? json_slice(al_object_text(before)) : json_null(), "new",
					      now->deleted ? json_null() : json_slice(al_object_text(now))));
}

static int program_run(const char *command, struct al_slice input)
{
	int status = 0;
	enum al_err err = process_run_line(command, input, &status);

	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "--exec: %s cannot be run (%s)", command, al_err_name(err));
	return status == 0 ? CLI_DONE : command_fail(CLI_REFUSED, "--exec: %s gave %d", command, status);
}

void monitor_event_end(struct monitor_event *me, struct al_slice entry)
{
	struct al_buf bytes;
	char *text;

	if (me->event == NULL)
		return;
	al_buf_init(&bytes, 1u << 20);
	al_buf_base64(&bytes, entry.ptr, entry.len);
	(void)json_object_set_new(me->event, "entry", json_slice(al_buf_view(&bytes)));
	al_buf_release(&bytes);
	text = json_dumps(me->event, JSON_COMPACT);
	json_decref(me->event);
	me->event = NULL;
	if (text == NULL || program_run(me->command, al_slice_str(text)) != CLI_DONE)
		me->failed++;
	free(text);
}
