/* SPDX-License-Identifier: MIT */
/*
 * dialogue.h -- one connection's conversation: a line in, its answer out.
 *
 * Knows both languages and what keeps a connection open ("-k", "!!"); knows
 * no sockets. session.h moves the bytes.
 */
#ifndef WHOIS_DIALOGUE_H
#define WHOIS_DIALOGUE_H

#include "job.h"

#define WHOIS_EXCLUDED_MAX 512 /* bytes with NUL */
#define WHOIS_MOMENT_MAX 128   /* bytes with NUL */
#define WHOIS_IDLE_MAX_S 1000u /* longest that "!t" may ask for */

struct whois_dialogue {
	bool persistent;               /* "-k" */
	bool multi;                    /* "!!" */
	bool closing;                  /* out: close once the answer is sent */
	uint32_t idle_s;               /* of "!t"; 0: the server's own limit */
	uint64_t at;                   /* of "!at": the log's size that commands are answered of; 0: as it is */
	char moment[WHOIS_MOMENT_MAX]; /* what "!at" said of it */
	/* Of "!e": canonical names of sets that are not expanded inside others, comma list. */
	char excluded[WHOIS_EXCLUDED_MAX];
};

/*
 * Answer one line (without LF), appended to `out`, whose bound must be at
 * least WHOIS_ANSWER_MAX. dialogue->closing says whether more may follow. What
 * is not written at once is left in `job`, which is empty before.
 */
void whois_dialogue_line(const struct whois_view *view, struct whois_dialogue *dialogue, struct al_slice line,
			 struct whois_job *job, struct al_buf *out);
/* The last word about a line that is too long (107) or a full house (306); sets closing. */
void whois_dialogue_refuse(const struct whois_view *view, struct whois_dialogue *dialogue, unsigned number,
			   struct al_buf *out);

#endif
