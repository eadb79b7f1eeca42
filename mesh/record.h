/* SPDX-License-Identifier: MIT */
/*
 * record.h -- an announcement as it goes over a link, with a signature by every hop.
 *
 *   version (1)   1
 *   hops    (1)   1 .. 128
 *   seqno   (2)
 *   cost    (4)
 *   then for each hop, the anchor first and the speaker last:
 *   key     (32)  Ed25519
 *   port    (2)   that leads to the next
 *   sig     (64)  by that key, over "alamesh-hop-v1", seqno, all keys and ports up to this one, and the next one's key
 *
 * Numbers are big-endian. The last hop signs for the key of the node that it speaks to, so a record is of use to its receiver
 * only, and nobody can leave out a hop or put one in. The cost is not signed: whoever lies about it draws traffic, and drops
 * it at most (docs/mesh.md, "Threat model").
 */
#ifndef MESH_RECORD_H
#define MESH_RECORD_H

#include "address.h"
#include "alamo/base/buf.h"

#define MESH_RECORD_HOPS 128
#define MESH_RECORD_HEAD 8
#define MESH_RECORD_HOP 98
#define MESH_RECORD_MAX (MESH_RECORD_HEAD + MESH_RECORD_HOPS * MESH_RECORD_HOP)
#define MESH_RECORD_LEN(hops) (MESH_RECORD_HEAD + (size_t)(hops)*MESH_RECORD_HOP)

struct mesh_record_hop {
	const uint8_t *key; /* MESH_KEY_LEN bytes */
	const uint8_t *sig; /* 64 bytes */
	uint16_t port;
};

struct mesh_record {
	uint32_t cost;
	uint16_t seqno;
	uint8_t hops;
	struct mesh_record_hop hop[MESH_RECORD_HOPS]; /* pointers into the bytes that were read */
};

/* AL_EINVAL: not such a record, to the last byte; a key in it twice. AL_EUNSUPPORTED: another version. No signature is looked at. */
AL_MUST_USE enum al_err mesh_record_read(struct al_slice bytes, struct mesh_record *out);

/* Every signature, the last one for the receiver `to`. AL_EVERIFY: one does not hold, or the anchor is another. */
AL_MUST_USE enum al_err mesh_record_verify(const struct mesh_record *record, const uint8_t anchor[static MESH_KEY_LEN],
					   const uint8_t to[static MESH_KEY_LEN]);

/*
 * What the holder of `secret` (64 bytes, libsodium's form) says to neighbour `to` on its port: what it heard itself, `heard`, or
 * NULL from an anchor, and its own hop. AL_ELIMIT: too many hops. `out` gets the bytes.
 */
AL_MUST_USE enum al_err mesh_record_write(const struct mesh_record *heard, const uint8_t secret[static 64],
					  uint16_t port, const uint8_t to[static MESH_KEY_LEN], uint16_t seqno,
					  uint32_t cost, struct al_buf *out);

#endif
