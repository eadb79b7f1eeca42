/* SPDX-License-Identifier: MIT */
/*
 * client.h -- a connection to the registry's request port.
 *
 * Blocking, with time-outs. A connection that is lost before an answer is
 * complete is made again and the same bytes are sent again: questions change
 * nothing, and the registry gives the same bytes the first answer again, so
 * nothing can happen twice.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "alamo/base/buf.h"

#define CLIENT_ANSWER_MAX (4u << 20) /* bytes of one answer */

struct client;

/* `server` NULL: settings.h decides. Says on standard error why not: AL_ECLOSED no connection, AL_EINVAL address. */
AL_MUST_USE enum al_err client_open(const char *server, struct client **out);
void client_close(struct client *client); /* NULL is allowed */
const char *client_server(const struct client *client);

/*
 * Sends the questions, a line each, and appends the answers to `answers`, each
 * with its line "% end". AL_ECLOSED (said on standard error) when the registry
 * stays away.
 */
AL_MUST_USE enum al_err client_questions(struct client *client, struct al_slice lines, struct al_buf *answers);
/* One question, `line` without LF; `answer` (reset first) without "% end". */
AL_MUST_USE enum al_err client_ask(struct client *client, const char *line, struct al_buf *answer);
/* One signed request; `answer` (reset first) without "% end". */
AL_MUST_USE enum al_err client_request(struct client *client, struct al_slice request, struct al_buf *answer);
/* Next answer out of `answers`, without its "% end" line. */
bool client_next(struct al_slice *answers, struct al_slice *answer);

/* A connected socket with time-outs, or AL_ECLOSED with *why set; for other ports than the registry's. */
AL_MUST_USE enum al_err client_connect(const char *host, const char *port, int *fd, const char **why);

#endif
