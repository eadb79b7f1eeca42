/*
 * answer_json.h -- the registry's answer for programs.
 */
#ifndef CLI_ANSWER_JSON_H
#define CLI_ANSWER_JSON_H

#include "alamo/base/slice.h"

/*
 * Prints one JSON object: accepted, index (null when nothing was changed),
 * errors of the whole request, objects (action, succeeded, class, key,
 * errors), and the answer itself as text.
 */
void answer_json(struct al_slice answer);

#endif
