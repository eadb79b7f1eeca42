/* SPDX-License-Identifier: MIT */
/*
 * pipeline.h -- a request's way: decode, verify, decide, apply, append, answer.
 *
 * Decoding and verifying run on the threads of readers.h, everything else on
 * the main loop; requests are decided in the order in which they were
 * submitted, whichever thread read them. The state moves on as soon as one is
 * accepted, so the next one is decided on top of it; the answer waits for the
 * commit.
 * If a commit fails, the state is rebuilt from what is durable and everybody
 * who was waiting is told that nothing was stored.
 */
#ifndef REGISTRY_PIPELINE_H
#define REGISTRY_PIPELINE_H

#include "book.h"
#include "ledger/ledger.h"

struct payer;
struct pipeline;
struct tariff;

/* Replays the ledger. `ns` is the signature namespace ("registry@alamo"), copied. */
AL_MUST_USE enum al_err pipeline_new(struct ledger *ledger, struct al_slice ns, struct pipeline **out);
/* An entry that the ledger has brought since, before pipeline_start(): a ledger_visit_fn. */
enum al_err pipeline_load(void *pipeline, uint64_t index, struct al_slice entry);
void pipeline_free(struct pipeline *pipeline); /* after ledger_close() and the loop; who still waits is told so */
/* Requests are read on threads of their own from now on, answered on `loop`. Before, within pipeline_submit(). */
AL_MUST_USE enum al_err pipeline_start(struct pipeline *pipeline, struct al_loop *loop);

/* Called once for each submission, on the loop; `answer` lives during the call. May come before submit returns. */
typedef void (*pipeline_answer_fn)(void *arg, struct al_slice answer);
/* `source` (copied; may be NULL) is who has paid for it. */
void pipeline_submit(struct pipeline *pipeline, struct al_slice raw, const struct payer *source,
		     pipeline_answer_fn answer, void *arg);
/* fn(arg) once all that was submitted so far is decided: at once when that is so. */
void pipeline_after(struct pipeline *pipeline, void (*fn)(void *arg), void *arg);
/* Who pays for requests (tariff.h): all but the hostmaster, whose source gets back what it paid. The budgets are borrowed. */
void pipeline_limit(struct pipeline *pipeline, const struct tariff *tariff);
/* From now on nothing more is stored, and who asks for it is told `why` (borrowed); NULL: as before. */
void pipeline_full(struct pipeline *pipeline, const char *why);

/* NULL: the log could not be read back after a failed commit, and nothing can be said from it. */
struct book *pipeline_book(struct pipeline *pipeline);
struct al_slice pipeline_namespace(const struct pipeline *pipeline);

#endif
