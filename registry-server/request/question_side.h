/* SPDX-License-Identifier: MIT */
/*
 * question_side.h -- questions about what is kept beside the log: the
 * hostmaster's queue, contact texts. Answered through the ledger's thread.
 */
#ifndef REGISTRY_QUESTION_SIDE_H
#define REGISTRY_QUESTION_SIDE_H

#include "question.h"

/* "queue": what waits, oldest first. "queue N": that request with its signatures, without its contact blocks. */
void question_queue(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg);
/* "queue-status HASH": 64 digits, SHA-256 of the signed text. */
void question_status(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg);
/* "contact HANDLE": the text, if it is for everybody. */
void question_contact(const struct question_ctx *ctx, struct al_slice rest, pipeline_answer_fn answer, void *arg);
/* The answer to that, for who may have it. The text is looked up only for a hash that the object names. */
void question_contact_text(struct ledger *ledger, const struct al_object *object, pipeline_answer_fn answer, void *arg);

#endif
