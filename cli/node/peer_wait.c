/* SPDX-License-Identifier: MIT */
/*
 * peer_wait.c -- see peer_wait.h.
 */
#include "peer_wait.h"

#include <time.h>

#include "command.h"
#include "member/fetch.h"

int peer_wait(struct client *client, const char *wanted, unsigned seconds)
{
	const struct timespec pause = { .tv_nsec = 500000000 };
	struct al_buf answer;
	enum al_err err = AL_ENOTFOUND;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	for (unsigned turn = 0; turn <= seconds * 2 && err == AL_ENOTFOUND; turn++) {
		if (turn > 0)
			(void)nanosleep(&pause, NULL);
		al_buf_reset(&answer);
		err = fetch_object(client, wanted, &answer);
	}
	al_buf_release(&answer);
	return err == AL_ENOTFOUND ? CLI_REFUSED : command_exit(err);
}
