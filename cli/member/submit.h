/* SPDX-License-Identifier: MIT */
/*
 * submit.h -- from a draft to the registry's answer: prev, nonce, signatures.
 */
#ifndef CLI_SUBMIT_H
#define CLI_SUBMIT_H

#include "draft.h"
#include "network.h"

#define SUBMIT_KEYS_MAX 8

struct submit {
	struct client *client;
	const struct network *network;
	const char *keys[SUBMIT_KEYS_MAX]; /* files; each signs */
	size_t key_count;
	bool dry_run;
	const char *receipt;  /* file for the receipt besides the one that is kept anyway; NULL: none */
	struct al_slice same; /* what makes two requests the same (deliver.h); empty: their objects */
};

/* Appends the complete, signed request to `out`. Reasons for failures go to standard error. */
AL_MUST_USE enum al_err submit_build(const struct submit *submit, const struct draft *draft, struct al_buf *out);
/* Signs a finished text with every key and appends text, `before` (older blocks), new blocks, `after` to `out`. */
AL_MUST_USE enum al_err submit_sign(const struct submit *submit, struct al_slice text, struct al_slice before,
				    struct al_slice after, struct al_buf *out);
/*
 * Build, send, receive; `answer` is reset first. What was sent for the same draft and never answered is sent again as
 * it was. AL_ECLOSED: no registry. AL_EVERIFY: what the answer says is not true, said.
 */
AL_MUST_USE enum al_err submit_send(const struct submit *submit, const struct draft *draft, struct al_buf *answer);

#endif
