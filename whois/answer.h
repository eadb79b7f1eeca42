/* SPDX-License-Identifier: MIT */
/*
 * answer.h -- answers in the shape of the RIPE database.
 *
 *   % This is the NAME registry query service.
 *   % ...
 *   (blank)
 *   % Information related to 'KEY'      for each object: this, a blank line,
 *   (blank)                             the object, a blank line
 *   ...
 *   % log SIZE ROOT-BASE64              the verified head that is shown
 *   % This query was served by alamo-whoisd VERSION
 *   (two blank lines: the end, for clients that keep the connection)
 */
#ifndef WHOIS_ANSWER_H
#define WHOIS_ANSWER_H

#include "job.h"

#define WHOIS_BODY_MAX (4u << 20) /* bytes of objects in one answer */
/* Bound for the buffers that answers are built in: the body and what stands around it. */
#define WHOIS_ANSWER_MAX (WHOIS_BODY_MAX + (256u << 10))

/* The answer to any query but WHOIS_IRRD, WHOIS_NOTHING and WHOIS_KEEP, or its beginning: then `job` has the rest. */
void whois_answer(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
		  struct al_buf *out);
/* A piece of the way to an earlier state, and the question once it is there. True: all is said. */
bool whois_answer_past(struct whois_job *job, struct al_buf *out);
/* The next piece of it; true: that was the last. */
bool whois_answer_more(struct whois_job *job, struct al_buf *out);
void whois_answer_error(const struct whois_view *view, const struct whois_error *error, struct al_buf *out);

/* `text` as printable ASCII, at most 100 bytes of it. */
void whois_put_printable(struct al_slice text, struct al_buf *out);

#endif
