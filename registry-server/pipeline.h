/*
 * pipeline.h -- a request's way: decode, verify, decide, apply, append, answer.
 *
 * Runs on the main loop. The state moves on as soon as a request is accepted,
 * so the next one is decided on top of it; the answer waits for the commit.
 * If a commit fails, the state is rebuilt from what is durable and everybody
 * who was waiting is told that nothing was stored.
 */
#ifndef REGISTRY_PIPELINE_H
#define REGISTRY_PIPELINE_H

#include "ledger.h"
#include "space.h"

struct pipeline;

/* Replays the ledger. `ns` is the signature namespace ("registry@alamo"), copied. */
AL_MUST_USE enum al_err pipeline_new(struct ledger *ledger, struct al_slice ns, struct pipeline **out);
void pipeline_free(struct pipeline *pipeline);   /* after ledger_close(): nobody is waiting any more */

/* Called once for each submission, on the loop; `answer` lives during the call. May come before submit returns. */
typedef void (*pipeline_answer_fn)(void *arg, struct al_slice answer);
void pipeline_submit(struct pipeline *pipeline, struct al_slice raw, pipeline_answer_fn answer, void *arg);

const struct al_state *pipeline_state(const struct pipeline *pipeline);
struct space *pipeline_space(struct pipeline *pipeline);
struct al_slice pipeline_namespace(const struct pipeline *pipeline);

#endif
