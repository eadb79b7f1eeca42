/* SPDX-License-Identifier: MIT */
/*
 * receipt.h -- receipts in files: a c2sp.org/tlog-proof whose line `extra` is
 * the entry, so that the file, the pinned key and nothing else prove it.
 *
 * The registry's answer has the proof without the entry; who sent the request
 * knows all of the entry but the second in which it was decided.
 */
#ifndef CLI_RECEIPT_H
#define CLI_RECEIPT_H

#include "alamo/rpsl/entry.h"
#include "alamo/tlog/note.h"

#define RECEIPT_MAX (128u << 10) /* bytes of a receipt with its entry */

/* The tlog-proof inside an answer, or the text itself when it is one; up to its last line. AL_ENOTFOUND. */
AL_MUST_USE enum al_err receipt_find(struct al_slice text, struct al_slice *receipt);
/*
 * The entry that the request (as sent, with its signatures) became by `answer`,
 * appended: result and placeholders are in the answer, the time is looked for
 * within a day of `now`. To a request that was sent again, the answer brings the
 * entry; its text has to be the request's, its signatures may be more. AL_ENOTFOUND: none fits the proof. AL_EVERIFY, AL_EINVAL.
 */
AL_MUST_USE enum al_err receipt_rebuild(struct al_slice request, struct al_slice answer, const struct al_vkey *key,
					uint64_t now, struct al_buf *entry);
/* `receipt` with the entry in it, appended. */
AL_MUST_USE enum al_err receipt_join(struct al_slice receipt, struct al_slice entry, struct al_buf *out);
/* The entry in a receipt, appended. AL_ENOTFOUND: it has none. */
AL_MUST_USE enum al_err receipt_entry(struct al_slice receipt, struct al_buf *entry);

#endif
