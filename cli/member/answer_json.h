/* SPDX-License-Identifier: MIT */
/*
 * answer_json.h -- the registry's answer for programs.
 */
#ifndef CLI_ANSWER_JSON_H
#define CLI_ANSWER_JSON_H

#include <jansson.h>

#include "alamo/base/slice.h"

/*
 * Prints one JSON object: accepted, index (null when nothing was changed),
 * errors of the whole request, objects (action, succeeded, class, key,
 * errors), and the answer itself as text.
 */
void answer_json(struct al_slice answer);

/* All errors of an answer, about the whole request and about objects, as an array of strings. */
json_t *answer_errors(struct al_slice answer);
/* Prints {"accepted": false, "errors": [...]} for an exchange that gave no answer that counts; `code` is the exit code. */
void answer_json_failed(int code);

#endif
