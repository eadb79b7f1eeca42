/* SPDX-License-Identifier: MIT */
/*
 * spool.h -- bytes that only grow, in a file without a name: they go with the process. What was appended last is kept
 * back in memory and written in larger pieces. One thread owns it.
 */
#ifndef WHOIS_SPOOL_H
#define WHOIS_SPOOL_H

#include "alamo/base/buf.h"

#define WHOIS_SPOOL_RECORD_MAX (1u << 20) /* bytes appended at once */

struct whois_spool;

/* `folder` gets the file. */
AL_MUST_USE enum al_err whois_spool_new(const char *folder, struct whois_spool **out);
void whois_spool_free(struct whois_spool *spool);          /* NULL is allowed */
uint64_t whois_spool_end(const struct whois_spool *spool); /* bytes so far */
/* What is appended next is put here, at most WHOIS_SPOOL_RECORD_MAX; then whois_spool_added(). */
struct al_buf *whois_spool_tail(struct whois_spool *spool);
/* A record is complete. AL_ELIMIT, AL_ENOMEM, AL_EIO: it is lost, and the spool with it. */
AL_MUST_USE enum al_err whois_spool_added(struct whois_spool *spool);
/* Any bytes of it. AL_EIO also past the end. `out` is reset. */
AL_MUST_USE enum al_err whois_spool_read(const struct whois_spool *spool, uint64_t offset, size_t len,
					 struct al_buf *out);

#endif
