/* SPDX-License-Identifier: MIT */
/*
 * asked.h -- what stands behind the '?' of a question over HTTP: parameters, and of which moment it is ("at=SIZE|DATE").
 */
#ifndef WHOIS_ASKED_H
#define WHOIS_ASKED_H

#include "alamo/net/http.h"
#include "lookup.h"

/* "a=x&q=y": the value of `name`, decoded into `text`; empty when there is none. */
struct al_slice asked_parameter(struct al_slice query, const char *name, char *text, size_t cap);
/* The query without its "at", as it came. AL_ELIMIT: over `cap`. */
AL_MUST_USE enum al_err asked_rest(struct al_slice query, char *text, size_t cap, size_t *len);

struct asked {
	const struct whois_view *view; /* the one that is asked */
	struct whois_view then;
	struct whois_past *past; /* locked; NULL: `view` is the present */
};

/*
 * AL_OK: out->view, until asked_close(). AL_EAGAIN: it is on the way, answer->again is set. All else is why there is no
 * such moment: words by whois_past_number(), status by asked_status(). On the thread that changes the present.
 */
AL_MUST_USE enum al_err asked_open(const struct whois_view *present, struct al_slice query,
				   struct al_http_answer *answer, struct asked *out);
void asked_close(struct asked *asked);
int asked_status(enum al_err err);

#endif
