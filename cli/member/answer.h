/* SPDX-License-Identifier: MIT */
/*
 * answer.h -- the registry's answer to a request, taken apart.
 *
 *   SUMMARY OF UPDATE: NAME
 *     Create SUCCEEDED: [class] key
 *     Create HELD: [class] key
 *     Modify FAILED: [class] key
 *     (the object's lines, "***Error:   text (CLAUSE)" beneath)
 *   % receipt: index N, checkpoint follows
 */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include "alamo/base/slice.h"

struct answer_object {
	struct al_slice action; /* "Create", "Modify", "Delete", "No operation" */
	bool succeeded;         /* else FAILED, or HELD: nothing wrong with it, but with another one */
	struct al_slice cls;
	struct al_slice key;
	struct al_slice body; /* lines up to the next object: empty when it went well */
};

/* Next object's report; start with rest = the answer. False at the end. */
bool answer_next(struct al_slice *rest, struct answer_object *out);
/* Next "***Error:" text of lines; its tail "(CLAUSE)" stays in it. False at the end. */
bool answer_error(struct al_slice *lines, struct al_slice *text);
/* Does the text hold these words anywhere? */
bool answer_has(struct al_slice answer, const char *what);
/* Was it taken (or, in a dry run, would it be)? All SUCCEEDED, no ***Error, no %ERROR, a summary. */
bool answer_accepted(struct al_slice answer);
/* Index of the receipt; AL_ENOTFOUND when nothing was changed. */
AL_MUST_USE enum al_err answer_index(struct al_slice answer, uint64_t *index);
/* A question's "%ERROR: text", or false. */
bool answer_is_error(struct al_slice answer, struct al_slice *text);

#endif
