/* SPDX-License-Identifier: MIT */
/*
 * nrtm.h -- near real time mirroring, version 3: all changes from one serial
 * to another, and with "-k" every later one as it comes.
 *
 *   %START Version: 3 SOURCE FIRST-LAST
 *   (blank)
 *   ADD SERIAL  or  DEL SERIAL
 *   (blank)
 *   the object, and a blank line
 *   ...
 *   %END SOURCE
 *
 * Serials are those of history.h. With "-k" there is no %END.
 */
#ifndef WHOIS_NRTM_H
#define WHOIS_NRTM_H

#include "job.h"

/* Begins the answer to a WHOIS_NRTM query; `job` has the rest, if there is any. */
void whois_nrtm(const struct whois_view *view, const struct whois_query *query, struct whois_job *job,
		struct al_buf *out);
/* One piece more. True: the answer is complete. A live one never is: it waits for job->at to exist. */
bool whois_nrtm_more(struct whois_job *job, struct al_buf *out);
/* "1-42", or "-" while there is nothing. */
void whois_put_serials(const struct whois_view *view, struct al_buf *out);

#endif
