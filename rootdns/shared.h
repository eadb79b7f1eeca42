/* SPDX-License-Identifier: MIT */
/*
 * shared.h -- pieces of memory that one snapshot of a zone takes over from the one before: nodes, and what leads to them.
 *
 * A piece knows the first snapshot that shows it. A snapshot that is made changes only pieces of its own, and copies
 * others first; what it shows no longer is retired with the snapshot before it, and freed with that. Builder's thread.
 */
#ifndef ROOTDNS_SHARED_H
#define ROOTDNS_SHARED_H

#include "alamo/base/base.h"

/* At the beginning of each piece, which is one allocation. */
struct shared {
	uint32_t born; /* `number` of the first snapshot that shows it */
};

/* What a snapshot is the last to show. */
struct retired {
	const struct shared **pieces; /* owned, as they are */
	size_t count, cap;
};

AL_MUST_USE enum al_err retired_add(struct retired *retired, const struct shared *piece);
/* `from` goes away, `to` is before it: what `to` shows too is its from now on. On AL_ENOMEM nothing has moved. */
AL_MUST_USE enum al_err retired_inherit(struct retired *to, uint32_t number, struct retired *from);
/* With all pieces. */
void retired_free(struct retired *retired);

/* A snapshot while it is made. */
struct making {
	uint32_t number;
	struct retired *retired; /* of the snapshot before; NULL: there is none */
};

static inline bool shared_is_own(const struct making *making, const struct shared *piece)
{
	return piece->born == making->number;
}
/* The snapshot does not show it any more: freed, when it is its own. */
AL_MUST_USE enum al_err shared_drop(const struct making *making, const struct shared *piece);

#endif
