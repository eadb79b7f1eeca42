/* SPDX-License-Identifier: MIT */
/*
 * json.h -- what goes out as JSON.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <jansson.h>

#include "alamo/base/slice.h"

/* A string; null for bytes that are no UTF-8. */
json_t *json_slice(struct al_slice text);
/* Prints the value on standard output and gives it back to the library. Exit code. */
int json_out(json_t *value);

#endif
