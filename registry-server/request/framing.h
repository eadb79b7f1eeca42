/* SPDX-License-Identifier: MIT */
/*
 * framing.h -- where on a connection a question or a request begins and ends.
 *
 * Bytes in, events out; no sockets, no clock. The edge of the registry: line
 * ends become LF here and nowhere behind it (al_request_line), so that what is
 * decided, stored and audited is what was signed, byte for byte.
 */
#ifndef REGISTRY_FRAMING_H
#define REGISTRY_FRAMING_H

#include "alamo/base/buf.h"
#include "alamo/rpsl/request.h"

enum framing_event {
	FRAMING_MORE,     /* nothing whole yet: more bytes are needed */
	FRAMING_QUESTION, /* framing.question, until the next call */
	FRAMING_REQUEST,  /* framing.request, until the next call */
	FRAMING_BAD,      /* framing.why says what; the rest of the connection is not to be read */
	FRAMING_END,      /* the input has ended */
};

enum framing_state {
	FRAMING_IDLE,   /* between requests */
	FRAMING_TEXT,   /* in a request, before or inside a block */
	FRAMING_BEHIND, /* behind a signature or contact block: more, or the end */
	FRAMING_OVER,
};

struct framing {
	enum framing_state state;
	unsigned line;            /* of the request in hand, from 1 */
	struct al_slice question; /* inside the input */
	struct al_buf request;    /* owned: LF only */
	char why[AL_REQUEST_WHY_LEN + 40];
};

void framing_init(struct framing *framing);
void framing_release(struct framing *framing);
/* One event from *rest, which moves behind what was used. `eof`: nothing comes behind it. */
enum framing_event framing_next(struct framing *framing, struct al_slice *rest, bool eof);
/* Who sent a block has fallen silent: what there is, is the request. In FRAMING_BEHIND only. */
void framing_cut(struct framing *framing);

#endif
