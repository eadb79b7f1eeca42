/* SPDX-License-Identifier: MIT */
/*
 * control.c -- control requests. A new one each time: its nonce is random.
 */
#include "control.h"

#include <stdio.h>
#include <time.h>

#include "alamo/base/ident.h"
#include "member/answer.h"
#include "command.h"

#define GOOD_FOR_S 3600

static void text_build(const char *what, unsigned good_for_s, struct al_buf *out)
{
	char nonce[DRAFT_NONCE_LEN], until[AL_TIME_STRLEN];

	draft_nonce(nonce);
	al_time_format((uint64_t)time(NULL) + good_for_s, until);
	al_buf_printf(out, "request:        control-%.8s\n", nonce);
	al_buf_printf(out, "control:        %s\n", what);
	al_buf_printf(out, "nonce:          %s\n", nonce);
	al_buf_printf(out, "not-after:      %s\n", until);
}

enum al_err control_ask(const struct submit *submit, const char *what, unsigned good_for_s, struct al_buf *answer)
{
	struct al_buf text, request;
	enum al_err err;

	al_buf_init(&text, 16384);
	al_buf_init(&request, 1u << 20);
	text_build(what, good_for_s, &text);
	err = text.err;
	if (err == AL_OK)
		err = submit_sign(submit, al_buf_view(&text), AL_S(""), AL_S(""), &request);
	if (err == AL_OK)
		err = client_request(submit->client, al_buf_view(&request), answer);
	al_buf_release(&request);
	al_buf_release(&text);
	return err;
}

int control_send(const struct submit *submit, const char *what)
{
	struct al_buf answer;
	int code = CLI_DONE;
	enum al_err err;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = control_ask(submit, what, GOOD_FOR_S, &answer);
	if (err != AL_OK) {
		code = err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
	} else {
		command_print_remote(al_buf_view(&answer));
		code = answer_accepted(al_buf_view(&answer)) ? CLI_DONE : CLI_REFUSED;
		if (code == CLI_DONE) /* it leaves no entry in the log, which could be proved */
			fprintf(stderr, "alamo: that this was done is the word of the registry at %s\n",
				client_server(submit->client));
	}
	al_buf_release(&answer);
	return code;
}
