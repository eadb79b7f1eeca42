/* SPDX-License-Identifier: MIT */
/*
 * control.h -- signed requests to the registry itself (docs/protocol.md,
 * "Control requests"): they change what stands beside the log, never the log, or read what is not for everybody.
 *
 * A change is good once and for a day at most: not-after lies at most 24 hours ahead, and
 * the text's hash is remembered on disk until then.
 */
#ifndef REGISTRY_CONTROL_H
#define REGISTRY_CONTROL_H

#include "decision.h"
#include "ledger/ledger_side.h"
#include "pipeline.h"
#include "tariff.h"

#define CONTROL_AHEAD_S 86400u
#define CONTROL_CONTACT (20u * BUDGET_REQUEST) /* what a contact text costs a key: nobody reads them all */

/* `raw` has a `control:` header (al_request_is_control). answer() as for pipeline_submit(). */
void control_submit(struct ledger *ledger, struct book *book, const struct tariff *tariff, struct al_slice ns,
		    struct al_slice raw, pipeline_answer_fn answer, void *arg);
/* Is one of the verified signers a maintainer of the registry object? */
bool control_by_hostmaster(struct decision *d, const struct al_state *state);

#endif
