/* SPDX-License-Identifier: MIT */
/*
 * audit_roa.c -- the rule over the audited state, as the text that heads name by its hash.
 */
#include "audit_roa.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "origin_head.h"
#include "origin_set.h"
#include "vrp_build.h"

static void line_put(const struct origin_head *head, char line[static AUDIT_ROA_MAX])
{
	struct al_buf text;

	al_buf_init(&text, AUDIT_ROA_MAX);
	al_buf_printf(&text, "%llu ", (unsigned long long)head->bytes);
	al_buf_hex(&text, head->digest.b, sizeof(head->digest.b));
	al_buf_u8(&text, 0);
	if (text.err == AL_OK)
		memcpy(line, text.ptr, text.len); /* which is bounded by the buffer */
	al_buf_release(&text);
}

int audit_roa(const struct al_state *state, const char *path, char line[static AUDIT_ROA_MAX])
{
	struct vrp_set *set = NULL;
	struct origin_head head;
	struct al_buf text;
	int code = CLI_DONE;

	origin_head_init(&head);
	al_buf_init(&text, ORIGIN_SET_MAX);
	if (vrp_build(state, al_state_size(state), &set) == AL_OK)
		origin_set_write(set, &text);
	if (set == NULL || text.err != AL_OK) {
		code = command_fail(CLI_REFUSED, "out of memory");
	} else if (file_write(path, al_buf_view(&text), 0644) != AL_OK) {
		code = command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
	} else {
		origin_head_describe(&head, set, al_buf_view(&text));
		line_put(&head, line);
	}
	al_buf_release(&text);
	vrp_set_unref(set);
	origin_head_release(&head);
	return code;
}
