/* SPDX-License-Identifier: MIT */
/*
 * deliver.h -- a signed request to the registry, and what of its answer is true.
 *
 * "SUCCEEDED" is believed only with a receipt that verifies under the pinned log key; the receipt is kept with its entry
 * in HOME_DATA/NETWORK/receipts/INDEX.tlog-proof. What was sent is remembered in HOME_STATE/NETWORK/pending/ until it is
 * answered, so that a repeat sends the same bytes, which the registry decides only once.
 */
#ifndef CLI_DELIVER_H
#define CLI_DELIVER_H

#include "submit.h"

#define DELIVER_ID_LEN 33 /* hexadecimal, with NUL */

/*
 * Sends the request; `answer` is reset first. AL_ECLOSED no answer; AL_EVERIFY the answer says that something was done and
 * does not prove it: said, and `answer` is empty.
 */
AL_MUST_USE enum al_err deliver(const struct submit *submit, struct al_slice request, struct al_buf *answer);

/* What makes two requests the same to the person who sends them. */
void deliver_id(const struct submit *submit, const struct draft *draft, char out[static DELIVER_ID_LEN]);
/* The bytes that were sent for `id` and not answered, appended. AL_ENOTFOUND: none. */
AL_MUST_USE enum al_err deliver_pending(const struct submit *submit, const char *id, struct al_buf *request);
/* Before sending. Failures are said: without it a lost answer could not be asked for again. */
AL_MUST_USE enum al_err deliver_remember(const struct submit *submit, const char *id, struct al_slice request);
void deliver_forget(const struct submit *submit, const char *id);
/* Will the same bytes get another answer later? It waits for the hostmaster, or could not be decided. */
bool deliver_waits(struct al_slice answer);

#endif
