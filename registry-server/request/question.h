/* SPDX-License-Identifier: MIT */
/*
 * question.h -- one-line questions of the request port, answered from the
 * present state without a signature (docs/protocol.md, "Questions").
 */
#ifndef REGISTRY_QUESTION_H
#define REGISTRY_QUESTION_H

#include "endpoints.h"
#include "pipeline.h"

struct question_ctx {
	struct pipeline *pipeline;
	struct ledger *ledger;
	struct al_slice network;   /* [network] name */
	const struct al_vkey *key; /* of the log */
	struct endpoints *endpoints;
	struct al_slice keys_note; /* which keys the log had when; empty: always this one */
};

/* The whole answer, end line included; called once, before this returns or later on the loop. */
void question_answer(const struct question_ctx *ctx, struct al_slice line, pipeline_answer_fn answer, void *arg);

#endif
