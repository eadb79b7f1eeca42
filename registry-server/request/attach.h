/* SPDX-License-Identifier: MIT */
/*
 * attach.h -- what a decision means for the texts beside the log: contact
 * blocks that are stored with it or go with it, and the row in the queue of a
 * request that only waits for somebody's consent.
 */
#ifndef REGISTRY_ATTACH_H
#define REGISTRY_ATTACH_H

#include "decision.h"
#include "ledger/ledger_side.h"

/* "person ANN-ALAMO": how a contact's text is filed. AL_ELIMIT. */
AL_MUST_USE enum al_err attach_name(const struct al_object *object, char out[static LEDGER_OBJECT_MAX]);
/* The living role or person of that handle, or NULL. `handle` as typed. */
const struct al_object *attach_holder(const struct al_state *state, struct al_slice handle);

struct attach {
	struct ledger_attachment *sides;  /* owned */
	char (*names)[LEDGER_OBJECT_MAX]; /* owned; sides[].object points into it */
	size_t count;
};

/*
 * Of an accepted decision, before the state moves on: each role or person with
 * a new contact block, and each whose former text has no use any more. Texts
 * lie in the decision's request.
 */
AL_MUST_USE enum al_err attach_collect(const struct decision *d, const struct al_state *state, struct attach *out);
void attach_release(struct attach *attach);
/* ledger_append_with() of the decision's entry and all that goes beside it; its row in the queue goes. */
AL_MUST_USE enum al_err attach_append(const struct decision *d, const struct al_state *state, struct ledger *ledger,
				      struct al_slice entry, ledger_done_fn done, void *arg);

/* Is consent all that the request lacks (POLICY-ASK and no other error)? */
bool attach_asks(const struct decision *d);
/* One line for the queue: "NAME [class] key", and how many more. */
void attach_label(const struct decision *d, char out[static LEDGER_LABEL_MAX]);

#endif
