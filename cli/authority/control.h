/* SPDX-License-Identifier: MIT */
/*
 * control.h -- control requests: signed, good once and for an hour, for the
 * registry alone (docs/protocol.md, "Control requests").
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "member/submit.h"

/* Builds, signs and sends `control: WHAT`, which is good for so long; the answer is appended. */
AL_MUST_USE enum al_err control_ask(const struct submit *submit, const char *what, unsigned good_for_s,
				    struct al_buf *answer);
/* Builds, signs and sends `control: WHAT`; prints the answer. Exit code. */
int control_send(const struct submit *submit, const char *what);

#endif
