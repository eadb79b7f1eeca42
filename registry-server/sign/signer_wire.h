/* SPDX-License-Identifier: MIT */
/*
 * signer_wire.h -- what signer.c and signer_child.c say to each other, one
 * message a datagram of a SOCK_SEQPACKET pair. Private to these two.
 *
 *   hello    child    u8 err | checkpoint kept | checkpoint last | vkey        (err only, when it ends)
 *   'B'      parent   step | note          head of the ledger       -> answer
 *   'S'      parent   step                 sign                     -> answer, with the note
 *   'K'      parent                        the last one is durable; no answer
 *   'D'      parent   checkpoint           date what is durable     -> answer, with a signature line
 *   answer   child    u8 err | bytes
 *
 *   checkpoint   u64 size | 32 bytes root
 *   step         u64 base | checkpoint next | u8 count | 32 bytes each
 */
#ifndef REGISTRY_SIGNER_WIRE_H
#define REGISTRY_SIGNER_WIRE_H

#include <limits.h>

#include "alamo/base/wire.h"
#include "guard.h"

#define SIGNER_BEGIN 'B'
#define SIGNER_SIGN 'S'
#define SIGNER_KEPT 'K'
#define SIGNER_DATE 'D'
#define SIGNER_MESSAGE_MAX 8192

static inline void signer_put_checkpoint(struct al_buf *out, const struct al_checkpoint *cp)
{
	al_buf_u64(out, cp->size);
	al_buf_put(out, cp->root.b, sizeof(cp->root.b));
}

struct al_hash signer_read_hash(struct al_reader *r);
struct al_checkpoint signer_read_checkpoint(struct al_reader *r);

/* What the child is made of; all set before the fork. */
struct signer_setup {
	char key_path[PATH_MAX];
	char guard_path[PATH_MAX];
	struct al_vkey log; /* as [log] key has it; all zero: not known */
	enum guard_mode mode;
	int socket;
	int parent; /* pid */
};

/* The child's whole life; never returns. */
_Noreturn void signer_child(const struct signer_setup *setup);

#endif
