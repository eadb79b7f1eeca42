/* SPDX-License-Identifier: MIT */
/*
 * nrtm4.h -- NRTM version 4 (draft-ietf-grow-nrtm-v4) over HTTP: the notification file, signed, and the files it names.
 *
 *   /nrtmv4/SOURCE/update-notification-file.jose    the newest version, a snapshot, deltas; a compact JWS (x509/jws.h)
 *   /nrtmv4/SOURCE/nrtm-snapshot.SESSION.VERSION.HASH.json.gz
 *   /nrtmv4/SOURCE/nrtm-delta.SESSION.VERSION.HASH.json.gz
 *   /nrtmv4/SOURCE/public-key.pem                   what it is signed with
 *
 * The snapshot is of the last boundary of NRTM4_SNAPSHOT_S by the clock of the log, or nearer to the present when more
 * than NRTM4_DELTAS_MAX / 2 entries are younger; deltas are those of the last 24 hours, and all that the snapshot lacks.
 * Work is done in pieces between other work (nrtm4_step), and only once somebody has asked.
 */
#ifndef WHOIS_NRTM4_H
#define WHOIS_NRTM4_H

#include "alamo/net/http.h"
#include "lookup.h"

#define NRTM4_SNAPSHOT_S (4 * 3600u)
#define NRTM4_DELTA_S (24 * 3600u)
#define NRTM4_DELTAS_MAX 4096u      /* named in one file */
#define NRTM4_REFRESH_S 60u         /* it is signed anew, for its time */
#define NRTM4_FILE_MAX (120u << 20) /* bytes of a packed snapshot */

struct nrtm4;

/* Which versions are named at `now`, of a log of that size. Pure. */
struct nrtm4_plan {
	uint64_t snapshot;
	uint64_t first, last; /* deltas; none: first > last */
};
struct nrtm4_plan nrtm4_plan(const struct whois_view *view, uint64_t now);

/*
 * `folder` has the keys: current.pem, which is made when it is missing, and perhaps next.pem, whose public half is
 * announced. Both are read again each time that something is signed. Borrows all of them.
 */
AL_MUST_USE enum al_err nrtm4_new(struct al_loop *loop, const struct whois_view *view, const struct al_vkey *log,
				  const char *folder, struct nrtm4 **out);
void nrtm4_free(struct nrtm4 *nrtm4); /* NULL is allowed */
/* The log is longer now. */
void nrtm4_grown(struct nrtm4 *nrtm4);
AL_MUST_USE enum al_err nrtm4_serve(struct nrtm4 *nrtm4, struct al_http *http);

#endif
