/* SPDX-License-Identifier: MIT */
/*
 * nrtm4_files.h -- snapshots and deltas of NRTM version 4 (draft-ietf-grow-nrtm-v4): JSON text sequences (RFC 7464), each
 * packed by gzip. A version is a size of the log, and delta N is what the N-th entry did, so that a file is a
 * function of the log: every server of it has the same bytes, before a restart and after it.
 *
 *   RS {"nrtm_version":4,"type":"snapshot"|"delta","source":NAME,"session_id":UUID,"version":N} LF
 *   RS {"object":TEXT} LF                                                   in a snapshot, in the order of the log
 *   RS {"action":"add_modify","object":TEXT} LF                             in a delta
 *   RS {"action":"delete","object_class":CLASS,"primary_key":KEY} LF
 */
#ifndef WHOIS_NRTM4_FILES_H
#define WHOIS_NRTM4_FILES_H

#include "lookup.h"

#define NRTM4_UUID_LEN 37 /* with NUL */

/* The session, out of what the files follow from: the log, by its key, and the programs that write and pack them. */
void nrtm4_session(const struct al_vkey *log, char out[static NRTM4_UUID_LEN]);

/* The delta to version `version` of a log that has at least that size. `out` is reset. AL_EIO: the history cannot be read. */
AL_MUST_USE enum al_err nrtm4_delta(const struct whois_view *view, const char *session, uint64_t version,
				    struct al_buf *out);

/* A snapshot in the making. */
struct nrtm4_snapshot;
/* `out` is reset and gets the file; it lives as long as the snapshot. */
AL_MUST_USE enum al_err nrtm4_snapshot_new(const struct whois_view *view, const char *session, uint64_t version,
					   struct al_buf *out, struct nrtm4_snapshot **made);
void nrtm4_snapshot_free(struct nrtm4_snapshot *snapshot); /* NULL is allowed */
/* One piece, of some 32 KiB of text or 500 versions looked at. AL_EAGAIN: there is more. AL_OK: the file is complete. */
AL_MUST_USE enum al_err nrtm4_snapshot_step(struct nrtm4_snapshot *snapshot);

#endif
