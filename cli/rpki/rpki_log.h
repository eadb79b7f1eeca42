/* SPDX-License-Identifier: MIT */
/*
 * rpki_log.h -- what is published, from the log: resources and records of its newest verified head.
 */
#ifndef CLI_RPKI_RPKI_LOG_H
#define CLI_RPKI_RPKI_LOG_H

#include "log/log_read.h"
#include "vrp_fold.h"

struct rpki_log {
	struct log_read read;
	struct al_state *state;
	struct vrp_fold *fold;
	struct vrp_history *history;
	const struct vrp_set *set; /* of the newest head; NULL before rpki_log_take() */
	bool failed;               /* out of memory */
};

/* Exit codes; what went wrong is said. Release in any case. */
int rpki_log_begin(struct rpki_log *source, const struct log_read_options *where);
/* Reads the log to its end; follows it for ever with source->read.follow. `arg` of its tick is the source. */
int rpki_log_run(struct rpki_log *source);
/* Brings `set` to what has been read. */
int rpki_log_take(struct rpki_log *source);
void rpki_log_release(struct rpki_log *source);

#endif
