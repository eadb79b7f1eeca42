/* SPDX-License-Identifier: MIT */
/* irrd_past.c -- the command that takes a connection's look-ups to an earlier size of the log. */
#include "irrd_command.h"

#include <inttypes.h>

#include "answer.h"
#include "past.h"

enum irrd_reply irrd_go_back(struct irrd *c, uint64_t size)
{
	whois_job_go_back(c->job, c->view, size);
	c->job->dialogue = c->dialogue;
	return REPLY_JOB;
}

/* !atSIZE, !at DATE: look-ups are of then from now on; !at takes that back, !at-lc says of when they are. */
enum irrd_reply irrd_at(struct irrd *c, struct al_slice arg)
{
	struct al_moment moment;
	uint64_t size;
	enum al_err err;

	if (al_slice_is(arg, "-lc")) {
		al_buf_str(&c->job->data, c->dialogue->moment);
		return c->job->data.len > 0 ? REPLY_DATA : REPLY_DONE;
	}
	if (arg.len == 0) {
		c->dialogue->at = 0;
		c->dialogue->moment[0] = '\0';
		return REPLY_DONE;
	}
	err = al_moment_parse(arg, &moment);
	if (err == AL_OK)
		err = whois_past_size(c->view->past, c->view, moment, &size);
	if (err == AL_OK)
		return irrd_go_back(c, size);
	(void)irrd_fail(c, whois_error_text(whois_past_number(err)), AL_S(""));
	al_buf_str(&c->job->data, ": ");
	whois_put_printable(arg, &c->job->data);
	return REPLY_ERROR;
}

enum irrd_reply irrd_moment(struct irrd *c)
{
	struct whois_dialogue *dialogue = c->dialogue;
	struct al_buf *data = &c->job->data;
	char time[AL_TIME_STRLEN];

	al_time_format(al_state_time(c->view->state), time);
	al_buf_printf(data, "%" PRIu64 " ", c->view->at);
	al_buf_base64(data, c->view->head.root.b, sizeof(c->view->head.root.b));
	al_buf_printf(data, " %s", time);
	if (data->err != AL_OK || al_slice_copy(al_buf_view(data), dialogue->moment, sizeof(dialogue->moment)) != AL_OK)
		return irrd_fail_limit(c, AL_ENOMEM);
	dialogue->at = c->view->at;
	return REPLY_DATA;
}
