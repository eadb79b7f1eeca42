/* SPDX-License-Identifier: MIT */
/*
 * decision.h -- one request on its way through the pipeline: what was asked,
 * who signed, what it would do, and what the rules said.
 *
 * Filled in order by request decoding, verify, allot, build and policy. All
 * of it is a function of (state, request bytes, entry index, entry time).
 */
#ifndef RULES_DECISION_H
#define RULES_DECISION_H

#include "alamo/rpsl/sshsig.h"
#include "alamo/rpsl/state.h"
#include "space.h"

#define DECISION_AUTO_LEN 64 /* bytes of a token or value, with NUL */
#define DECISION_KEY_LEN 256 /* bytes of a key in text, with NUL */

struct decision_auto {
	char token[DECISION_AUTO_LEN]; /* "AUTO-2/48" as first written, upper case */
	char value[DECISION_AUTO_LEN]; /* "fca1:100::/48" */
};

struct decision {
	struct al_request request;
	struct al_report report;
	bool audit;     /* set by an auditor: contact texts are not in the log */
	bool decoded;   /* the request has its form, whatever the signatures say */
	uint64_t index; /* the entry this would become */
	uint64_t time;

	struct al_sshkey keys[AL_REQUEST_SIGNATURES_MAX];            /* verified signers */
	char key_texts[AL_REQUEST_SIGNATURES_MAX][DECISION_KEY_LEN]; /* the same as auth: has them */
	size_t key_count;

	struct al_object **objects; /* request.object_count of them; NULL where one did not build */
	char *actions;              /* enum al_action, one an object, C string */
	bool accepted;              /* no error; to be appended unless dry-run or nothing to do */
	bool changes;               /* some action is not AL_NO_OPERATION */

	uint64_t work; /* steps that the rules took: what the decision cost, without a clock */

	size_t auto_count;
	struct al_auto auto_views[AL_AUTOS_MAX];  /* the autos as slices */
	struct decision_auto autos[AL_AUTOS_MAX]; /* not set but for the first auto_count: large */
};

struct decision *decision_new(void); /* NULL: out of memory */
void decision_free(struct decision *decision);

/*
 * The first half, which takes most of the time and needs no state: decoding
 * and signatures. Any thread. Any result but AL_OK is a failure of ours
 * (memory), not a refusal; nothing of `raw` is kept.
 */
AL_MUST_USE enum al_err decision_read(struct decision *decision, struct al_slice raw, struct al_slice ns);
/*
 * The second half: the rule book. AL_OK: decided (see accepted and report).
 * `space` mirrors `state`; it is changed and put back during the call.
 */
AL_MUST_USE enum al_err decision_judge(struct decision *decision, const struct al_state *state, struct space *space,
				       uint64_t now);

/* The log entry of an accepted decision. */
AL_MUST_USE enum al_err decision_encode(const struct decision *decision, struct al_buf *out);

/* Stages, in order; each adds to decision->report what it has to say. */
void verify_signatures(struct decision *decision, struct al_slice ns);
AL_MUST_USE enum al_err allot_placeholders(struct decision *decision, const struct al_state *state,
					   struct space *space);
void policy_decide(struct decision *decision, const struct al_state *state, const struct space *space);

#endif
