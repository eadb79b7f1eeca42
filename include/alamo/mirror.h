/* SPDX-License-Identifier: MIT */
/*
 * mirror.h -- those who look at a log from outside: a mirror, which keeps and
 * serves a verified copy, and a witness, which only remembers the newest
 * checkpoint and cosigns its successors (c2sp.org/tlog-witness).
 *
 * Everything runs on the loop given; the disk is waited for there.
 */
#ifndef ALAMO_MIRROR_H
#define ALAMO_MIRROR_H

#include "alamo/net/loop.h"
#include "alamo/tlog/note.h"

/* ---- mirror ---- */

struct al_mirror;

struct al_mirror_conf {
	const char *dir;    /* made if missing; borrowed during the call */
	const char *from;   /* address as al_follow_conf has it */
	struct al_vkey key; /* of the log; one that neither had the directory's before nor was its past is AL_EDENIED */
	uint64_t
		stale_s; /* without a newer date for so long, it says that somebody may keep the log from it; 0: AL_STALE_S */
	/* All may be NULL. `head`: so much is on the disk now. `fork`: refused, and kept as `text` says. */
	void (*head)(void *arg, uint64_t size);
	void (*link)(void *arg, bool up);
	/* The source says that its log goes so far. */
	void (*tip)(void *arg, uint64_t size);
	/* The copy has everything that the source had when the connection began. */
	void (*present)(void *arg);
	void (*fork)(void *arg, const char *text);
	/* The disk failed: nothing more will be taken; close it. */
	void (*failed)(void *arg, enum al_err err);
	void *arg;
};

/*
 * Opens the copy, verifies all of it, repairs a tail that a crash left, and
 * follows. AL_EVERIFY: damaged, the log output says where; AL_EAGAIN: another
 * process has it open; AL_EDENIED: a copy of another log.
 */
AL_MUST_USE enum al_err al_mirror_new(struct al_loop *loop, const struct al_mirror_conf *conf, struct al_mirror **out);
void al_mirror_free(struct al_mirror *mirror); /* NULL is allowed */
/* Serve the log stream here; numeric address, port 0 takes any. */
AL_MUST_USE enum al_err al_mirror_listen(struct al_mirror *mirror, struct al_slice addr, uint16_t port,
					 uint16_t *bound);
/* Serve the published log (c2sp.org/tlog-tiles) by HTTP; makes and keeps its files in DIR/tiles. */
AL_MUST_USE enum al_err al_mirror_http(struct al_mirror *mirror, struct al_slice addr, uint16_t port, uint16_t *bound);
uint64_t al_mirror_size(const struct al_mirror *mirror); /* entries on the disk */
/* The newest stored note; empty before the first. */
struct al_slice al_mirror_note(const struct al_mirror *mirror);

/* ---- witness ---- */

struct al_witness_server;

#define AL_WITNESS_LOGS_MAX 64

struct al_witness_conf {
	const char *dir;            /* made if missing; borrowed during the call */
	const struct al_skey *key;  /* type 04 (witness.h); copied */
	const struct al_vkey *logs; /* copied */
	size_t log_count;           /* at most AL_WITNESS_LOGS_MAX, no origin twice (AL_EINVAL) */
};

/* AL_EVERIFY: a remembered checkpoint is damaged; AL_EAGAIN: another process has the directory. */
AL_MUST_USE enum al_err al_witness_new(struct al_loop *loop, const struct al_witness_conf *conf,
				       struct al_witness_server **out);
void al_witness_free(struct al_witness_server *server); /* NULL is allowed */
AL_MUST_USE enum al_err al_witness_listen(struct al_witness_server *server, struct al_slice addr, uint16_t port,
					  uint16_t *bound);
/*
 * What POST /add-checkpoint does with a body at time `now`: an HTTP status, and
 * the answer's body and (constant) type. On 200 the checkpoint is on the disk.
 */
int al_witness_add(struct al_witness_server *server, struct al_slice body, uint64_t now, struct al_buf *answer,
		   const char **type);
/*
 * What POST /add-keys does with a keys note: 200, the log's key is the note's last one, and on the disk; 404, of no log
 * here, or no keys note; 403, the key that is known does not say so, or what was cosigned would not count.
 */
int al_witness_keys(struct al_witness_server *server, struct al_slice note);

#endif
