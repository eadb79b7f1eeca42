/* SPDX-License-Identifier: MIT */
/*
 * audit_roa.h -- the route origins that an audited log gives, to be compared with what an authority has signed.
 */
#ifndef CLI_AUDIT_ROA_H
#define CLI_AUDIT_ROA_H

#include "alamo/rpsl/state.h"

#define AUDIT_ROA_MAX 96 /* "BYTES SHA256", as in the `set` line of a head */

/* Writes the set of `state` to `path`, and its length and hash to `line`. An exit code. */
int audit_roa(const struct al_state *state, const char *path, char line[static AUDIT_ROA_MAX]);

#endif
