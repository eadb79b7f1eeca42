/* SPDX-License-Identifier: MIT */
/*
 * ledger_rig.h -- a ledger on the disk of powercut_vfs.h, and the memory of what
 * it acknowledged: what the tests of power cuts, failing disks and flipped bits
 * share.
 *
 * The real code opens, commits, signs and verifies. Without `threaded` its
 * writer's turns are taken one by one by the test, so that a seed gives the same
 * run each time; with it the writer has its own thread.
 */
#ifndef SUPPORT_LEDGER_RIG_H
#define SUPPORT_LEDGER_RIG_H

#include "ledger/ledger.h"
#include "powercut_vfs.h"

#define RIG_TRIES 32

/* Entries [start, end) that were queued; not all were acknowledged. */
struct rig_try {
	uint64_t seed;
	uint64_t start;
	uint64_t end;
};

struct rig {
	char dir[64];
	char path[96];
	struct al_skey key;
	struct al_loop *loop;
	struct ledger *ledger; /* NULL: closed */
	bool threaded;
	int checkpoint_pages; /* 0: the ledger's own */
	uint64_t random;
	uint64_t *seeds; /* of the acknowledged entries, by index */
	size_t cap;
	uint64_t acked;                  /* entries [0, acked) were acknowledged */
	struct al_checkpoint released;   /* newest checkpoint that was told */
	struct rig_try tries[RIG_TRIES]; /* since the last acknowledgement */
	size_t try_count;
	size_t waiting;
	size_t failed;  /* entries not stored, of the last rig_append() */
	size_t commits; /* ever */
};

/* What an opened ledger shows. */
enum rig_verdict {
	RIG_SOUND,
	RIG_UNREADABLE, /* not opened */
	RIG_LOST,       /* an acknowledged entry is missing */
	RIG_DIFFERENT,  /* an entry that was never queued there */
	RIG_FORKED,     /* the newest released checkpoint is not of this history */
	RIG_VERDICTS
};

/* A directory, a key and an empty model. False: it could not be made. */
bool rig_init(struct rig *rig, uint64_t seed);
void rig_release(struct rig *rig); /* the ledger must be closed */
/* Forget all entries: the disk was emptied. */
void rig_forget(struct rig *rig);
/* Open, and start unless it fails. */
enum al_err rig_open(struct rig *rig, bool create);
void rig_close(struct rig *rig);
/* Queue `count` entries as one commit and wait for their fate. True: all are durable. */
bool rig_append(struct rig *rig, size_t count);
/* Open a ledger and hold it against the model, which takes over what was stored without acknowledgement. */
enum rig_verdict rig_check(struct rig *rig);
/* Hold an open ledger against the model, as it stands. */
enum rig_verdict rig_compare(struct rig *rig);
/* After a failed rig_append(). */
void rig_resume(struct rig *rig);
/* A number of entries for one commit: mostly few, at times hundreds. */
size_t rig_batch(struct rig *rig);

#endif
