/* SPDX-License-Identifier: MIT */
/*
 * fetch.h -- questions to the registry that is pinned.
 */
#ifndef CLI_FETCH_H
#define CLI_FETCH_H

#include "client.h"

/* One question; what is no error is in `answer`. Exit code; an error is said. */
int fetch_answer(struct client *client, const char *question, struct al_buf *answer);

/*
 * The object "CLASS KEY", to be edited and sent back: its text, below a line "% prev: N". AL_ENOTFOUND: the registry has
 * none, *out is what it says instead. AL_EVERIFY (said): it answers with something else.
 */
AL_MUST_USE enum al_err fetch_object(struct client *client, const char *wanted, struct al_buf *out);

#endif
