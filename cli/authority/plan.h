/* SPDX-License-Identifier: MIT */
/*
 * plan.h -- the text file that says what a new network is (deploy/plan/).
 *
 * Objects of the log's first entries. It holds the registry object and its
 * maintainer, in whose `auth:` the placeholder stands for the hostmaster's key.
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "member/draft.h"

#define PLAN_KEY_MARK "@HOSTMASTER-KEY@"
#define PLAN_NAME_MAX 256

/* deploy/plan/alamo.plan, compiled in. */
extern const struct al_slice plan_default;

struct plan {
	struct draft draft;       /* registry first, then its maintainer, then the rest in the file's order */
	char name[PLAN_NAME_MAX]; /* network: the registry's name in lower case */
	char tld[PLAN_NAME_MAX];  /* the first one */
};

/* What is wrong with a plan. */
struct plan_error {
	unsigned line; /* of the file, from 1; 0: of none */
	char text[400];
};

/* Names that do not depend on the key. AL_EINVAL with a reason in *why. */
AL_MUST_USE enum al_err plan_parse(struct al_slice text, struct plan *out, struct plan_error *why);
/* The line of the plan where the object that begins with `first` has `line`, else where it begins; 0: it is not there. */
unsigned plan_line(struct al_slice text, struct al_slice first, struct al_slice line);
/*
 * The next complaint in the registry's answer about the plan `text`; start with rest = the answer. False at the end.
 */
bool plan_complaint(struct al_slice text, struct al_slice *rest, struct plan_error *out);
void plan_release(struct plan *plan);
/* `text` with the hostmaster's key in place of every mark, appended. */
void plan_fill(struct al_slice text, struct al_slice key, struct al_buf *out);
/*
 * Text of genesis request `number` (from 1) with objects from *from on, as
 * many as fit; *from moves. False when there is none left.
 */
bool plan_request(const struct plan *plan, unsigned number, size_t *from, struct al_buf *out);

#endif
