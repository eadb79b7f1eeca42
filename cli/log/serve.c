/* SPDX-License-Identifier: MIT */
/*
 * serve.c -- listening and stopping, for commands that stay.
 */
#include "serve.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "settings.h"

int serve_listen(serve_bind_fn bind, void *object, const char *address, const char *name)
{
	char host[SETTING_MAX], service[16];
	uint64_t port;
	uint16_t bound;
	enum al_err err;

	if (settings_split(address, NULL, host, service) != AL_OK ||
	    al_slice_u64(al_slice_str(service), UINT16_MAX, &port) != AL_OK)
		return command_fail(CLI_USAGE, "%s is not ADDRESS:PORT", address);
	err = bind(object, al_slice_str(host), (uint16_t)port, &bound);
	if (err != AL_OK)
		return command_fail(CLI_REFUSED, "cannot listen at %s (%s)", address, al_err_name(err));
	printf(strchr(host, ':') != NULL ? "endpoint %s [%s]:%u\n" : "endpoint %s %s:%u\n", name, host,
	       (unsigned)bound);
	fflush(stdout);
	return CLI_DONE;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	al_loop_stop(arg);
}

void serve_run(struct al_loop *loop)
{
	struct event *term = evsignal_new(al_loop_base(loop), SIGTERM, on_signal, loop);
	struct event *interrupt = evsignal_new(al_loop_base(loop), SIGINT, on_signal, loop);

	/* Without them a signal ends us all the same, only less tidily. */
	if (term != NULL)
		(void)event_add(term, NULL);
	if (interrupt != NULL)
		(void)event_add(interrupt, NULL);
	al_loop_run(loop);
	if (term != NULL)
		event_free(term);
	if (interrupt != NULL)
		event_free(interrupt);
}
