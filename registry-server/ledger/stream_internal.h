/* SPDX-License-Identifier: MIT */
/*
 * stream_internal.h -- the stream without a service around it. Private to
 * stream.c and its test.
 */
#ifndef REGISTRY_STREAM_INTERNAL_H
#define REGISTRY_STREAM_INTERNAL_H

#include "alamo/follow/stream.h"
#include "stream.h"

/* Started, but listening nowhere yet. */
AL_MUST_USE enum al_err stream_open(struct al_loop *loop, const struct al_stream_limits *limits, struct ledger *ledger,
				    struct stream **out);
AL_MUST_USE enum al_err stream_listen_local(struct stream *stream, const char *path);

#endif
