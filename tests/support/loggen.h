/* SPDX-License-Identifier: MIT */
/*
 * loggen.h -- a log of random valid requests, the same for the same seed.
 *
 * For tests and benches. A founding request, then members who join, create,
 * change, hand over and delete things, rotate keys, and sign for each other;
 * real signatures, made in process. The log is a valid one by construction:
 * an audit of it has no finding.
 */
#ifndef SUPPORT_LOGGEN_H
#define SUPPORT_LOGGEN_H

#include "alamo/rpsl/state.h"

#define LOGGEN_NS AL_S("registry@test")

struct loggen_opts {
	uint64_t seed;
	uint64_t start; /* time of the first entry, Unix seconds */
	bool decide;    /* by the rules, which verify; else only filled in and applied */
};

struct loggen;

AL_MUST_USE enum al_err loggen_new(const struct loggen_opts *opts, struct loggen **out);
void loggen_free(struct loggen *gen); /* NULL is allowed */
/* One request more. AL_EDENIED: the rules refused it (loggen_reason()): a defect here or there. */
AL_MUST_USE enum al_err loggen_next(struct loggen *gen);
/* The newest request as a member would send it, and the entry that it became. Valid until the next. */
struct al_slice loggen_request(const struct loggen *gen);
struct al_slice loggen_entry(const struct loggen *gen);
const char *loggen_reason(const struct loggen *gen);
const struct al_state *loggen_state(const struct loggen *gen);

#endif
