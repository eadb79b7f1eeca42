/* SPDX-License-Identifier: MIT */
/*
 * reply.h -- the words of an answer (docs/protocol.md, "Answers").
 */
#ifndef REGISTRY_REPLY_H
#define REGISTRY_REPLY_H

#include "decision.h"
#include "ledger/ledger_side.h"

#define REPLY_MAX (4u << 20) /* bytes of any answer */
#define REPLY_END "% end\n"

/* Decided: `receipt` when it was stored, else NULL (refused, dry-run, nothing to do). */
void reply_decision(const struct decision *decision, const struct ledger_receipt *receipt, struct al_buf *out);
/* The same answer again, out of a stored entry. */
void reply_again(struct al_slice entry, const struct ledger_receipt *receipt, struct al_buf *out);
/* Refused for want of consent only, and kept for the hostmaster as this one, or the one that asked for the same before. */
void reply_queued(const struct decision *decision, const struct ledger_queued *queued, struct al_buf *out);
/* A control request that was done; `note` (may be NULL) says how. */
void reply_control(const struct decision *decision, const char *note, struct al_buf *out);
/* "%ERROR: text" and the end line. */
/* Somebody's line on somebody else's terminal: no control bytes but tabs. */
void reply_line(struct al_slice line, struct al_buf *out);
void reply_error(struct al_buf *out, const char *fmt, ...) AL_PRINTF(2, 3);

#endif
