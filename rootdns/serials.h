/* SPDX-License-Identifier: MIT */
/*
 * serials.h -- which serial a zone has next (RFC 1982): newer than every one
 * that anybody was told, whatever happened to the process, the log or the clock.
 *
 * The file `serials` beside the keys holds a bound that no serial has passed;
 * it is moved ahead before a serial is given out, some hundreds at a time. After
 * a clean stop it is exact, after another one a zone's serial jumps to it.
 */
#ifndef ROOTDNS_SERIALS_H
#define ROOTDNS_SERIALS_H

#include "dname.h"

struct serials;

/* `dir` NULL: in memory only. AL_EINVAL for a file that is not one of ours; failures are logged. */
AL_MUST_USE enum al_err serials_open(const char *dir, struct serials **out);
/* Keeps the exact numbers. NULL is allowed. */
void serials_free(struct serials *serials);
/* `floor`: the log size that the zone shows; the serial is it, or the next one when the zone is ahead of that. */
AL_MUST_USE enum al_err serials_next(struct serials *serials, const struct dname *apex, uint64_t floor, uint32_t *out);
/* Was this the newest that anybody was told of the zone, for certain? */
bool serials_exact(const struct serials *serials, const struct dname *apex, uint32_t serial);
/* RFC 1982 section 3.2: is `a` newer than `b`? */
bool serial_newer(uint32_t a, uint32_t b);

#endif
