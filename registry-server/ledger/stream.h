/* SPDX-License-Identifier: MIT */
/*
 * stream.h -- the log stream: verified history first, then every commit.
 *
 * A follower sends "follow SIZE LF" and gets frames (alamo/follow/follow.h): stored
 * entries and checkpoints from SIZE on, then each commit as it happens. The
 * newest commits are kept in memory (4 MiB), so followers that are up to date
 * never touch the disk. One that lags is read to from the ledger at its own
 * pace; one that takes no bytes is dropped and resumes by size.
 */
#ifndef REGISTRY_STREAM_H
#define REGISTRY_STREAM_H

#include "alamo/net/service.h"
#include "ledger.h"

struct stream;

/* Listens on run/log.sock ([log] socket) and on the stream port. `keys_note` is copied; empty: the log has had one key. */
AL_MUST_USE enum al_err stream_new(struct al_service *service, struct ledger *ledger, struct al_slice keys_note,
				   struct stream **out);
/* [registry] stream-connections and stream-per-source of another configuration; NULL is allowed. */
void stream_limit(struct stream *stream, const struct al_conf *conf);
void stream_free(struct stream *stream);
void stream_publish(struct stream *stream, const struct ledger_batch *batch);
/* The newest checkpoint, with its date. */
void stream_dated(struct stream *stream, const struct ledger_batch *batch);

#endif
