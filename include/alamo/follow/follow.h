/* SPDX-License-Identifier: MIT */
/*
 * follow.h -- client of the log stream: resume by size, verify, hand over.
 *
 * Entries reach the user only after a checkpoint, signed by the pinned key,
 * whose root equals the root recomputed here, covers them. A head that
 * contradicts what was verified before is a fork: it is reported with both
 * notes and the stream stays closed. Reconnects by itself, waiting 50 ms at
 * first and 2 s at most. All calls on the loop's thread.
 */
#ifndef ALAMO_FOLLOW_H
#define ALAMO_FOLLOW_H

#include "alamo/net/loop.h"
#include "alamo/rpsl/schema.h"
#include "alamo/tlog/note.h"

struct al_follow;

struct al_follow_ops {
	/* The next verified entry, in order; anything but AL_OK stops the follower (logged). */
	enum al_err (*entry)(void *arg, uint64_t index, struct al_slice bytes);
	/* All entries up to cp->size were given; `note` is the signed note. */
	void (*head)(void *arg, const struct al_checkpoint *cp, struct al_slice note);
	/* Signed contradiction. May be NULL. */
	void (*fork)(void *arg, struct al_slice ours, struct al_slice theirs);
	/* Connected to or lost the stream. May be NULL. */
	void (*link)(void *arg, bool up);
	/* The server says that its log goes as far as this signed note. Nothing of it is here yet. May be NULL. */
	void (*tip)(void *arg, const struct al_checkpoint *cp, struct al_slice note);
	/*
	 * Everything that the server had when this connection began is verified and handed over: what was given
	 * before is the past, what comes now is the present. Once a connection, after the head. May be NULL.
	 */
	void (*present)(void *arg);
	/*
	 * A newer date than any before, in Unix seconds: at that time the log went as far as `note` says, all of
	 * which is here. May be NULL.
	 */
	void (*dated)(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note);
	/*
	 * The log has had other keys than this one, as `note` says (docs/formats.md, "Keys note"): *key signs from now on.
	 * Once when that is heard of a key that is known already, and each time that another one came after it, which
	 * the one before has signed. NULL: no other key is followed than the pinned one, and its past.
	 */
	void (*keys)(void *arg, const struct al_vkey *key, struct al_slice note);
	/* Entries come, then the head that covers them; and that was it, or one of them stopped the follower. May be NULL. */
	void (*begin)(void *arg);
	void (*end)(void *arg);
};

#define AL_FOLLOW_KNOWN 2
#define AL_FOLLOW_ADDRESSES 8

struct al_follow_conf {
	/*
	 * Path of a unix socket, or "HOST:PORT" / "[HOST]:PORT" numeric; or several, comma-separated, at most
	 * AL_FOLLOW_ADDRESSES: servers of one log, of which the next is tried when one is lost. Borrowed.
	 */
	const char *address;
	struct al_vkey key; /* pinned */
	/* Go on from here: `edge` of all entries so far, `resume` their signed note. NULL: from the first entry. */
	const struct al_edge *edge;
	struct al_slice resume;
	/* Checkpoints from elsewhere or earlier, signed by the key: a log that does not contain them is a fork. May be empty. */
	struct al_slice known[AL_FOLLOW_KNOWN];
};

AL_MUST_USE enum al_err al_follow_new(struct al_loop *loop, const struct al_follow_conf *conf,
				      const struct al_follow_ops *ops, void *arg, struct al_follow **out);
void al_follow_free(struct al_follow *follow);
/* Within entry(): that entry's leaf hash. */
struct al_hash al_follow_leaf(const struct al_follow *follow);

/* ---- frames of the stream, shared with the server (docs/formats.md) ---- */
#define AL_FRAME_MAX (1u << 20) /* bytes of kind and body */
enum al_frame_kind {
	AL_FRAME_ENTRIES = 'E', /* u64 first, then entries as a bundle has them */
	AL_FRAME_HEAD = 'H',    /* signed note */
	AL_FRAME_PING = 'P',    /* empty */
	AL_FRAME_TIP = 'T',     /* signed note: how far the log goes; first of all, and whenever that is news */
	AL_FRAME_KEYS =
		'K', /* signed keys note of a log that has had other keys; before all else, and when that is news */
	AL_FRAME_ERROR = 'X', /* text; the server closes after it */
};

struct al_frame {
	uint8_t kind; /* enum al_frame_kind; others are to be skipped */
	struct al_slice body;
};
/* Cut one frame off. AL_EAGAIN: incomplete. AL_EINVAL, AL_ELIMIT: no stream of ours. */
AL_MUST_USE enum al_err al_frame_next(struct al_slice *rest, struct al_frame *out);
void al_frame_put(struct al_buf *out, enum al_frame_kind kind, struct al_slice body);
/* One E frame with as many of `count` (> 0) entries as fit; returns how many that were. */
size_t al_frame_put_entries(struct al_buf *out, uint64_t first, const struct al_slice *entries, size_t count);

/* ---- how old is what is shown? (docs/formats.md, "Date of a checkpoint") ---- */

#define AL_STALE_S 600 /* where nobody configures it */

struct al_freshness {
	uint64_t date;     /* newest date that the log signed, Unix seconds; 0: it dates nothing */
	uint64_t age_s;    /* the larger of: since that date by our clock, and `silent_s` */
	uint64_t silent_s; /* since anything newer was heard, by a clock that only counts */
	bool stale;        /* age_s is over the limit */
};

/*
 * Looks once a second, says in the log when the age gets over the limit and when it is below again, and exports
 * alamo_log_date_seconds, _age_seconds and _stale. `fn` is called each time, and when a newer date came; may be NULL.
 */
struct al_age;
typedef void (*al_age_fn)(void *arg, const struct al_freshness *freshness);
AL_MUST_USE enum al_err al_age_new(struct al_loop *loop, uint64_t stale_s, al_age_fn fn, void *arg,
				   struct al_age **out);
void al_age_free(struct al_age *age);                    /* NULL is allowed */
void al_age_limit(struct al_age *age, uint64_t stale_s); /* another age is too much, from now on */
/* What an earlier run remembered: this date, written down `age_s` ago. */
void al_age_remember(struct al_age *age, uint64_t date, uint64_t age_s);
/* A date that verified, as `dated` gives it. True: a sign of life. */
bool al_age_hear(struct al_age *age, uint64_t date);
/* A longer log, as `head` gives it. */
void al_age_grow(struct al_age *age, uint64_t size);
struct al_freshness al_age_look(const struct al_age *age);

/* ---- a follower with a state: what whois, rootdns and rpki-lite are ---- */

struct al_replica;
struct al_state;
struct al_object;

struct al_replica_ops {
	/*
	 * With `object` there is no state, which is most of a follower's memory: the log is verified and read as ever, and
	 * each new version of an object (living or not) of the classes in `classes` (bits 1 << class) is given to it, in
	 * order; an edit has its own lines only (al_object.edit). Anything but AL_OK stops the follower. change() is not
	 * called, and the state is NULL everywhere. With `present`, which knows the living objects (al_build.present), an
	 * edit is given as the object that it leaves.
	 */
	enum al_err (*object)(void *arg, const struct al_object *now);
	const struct al_object *(*present)(const void *arg, enum al_class cls, struct al_slice key);
	unsigned classes;
	/* The state is about to change; and shows one verified head again, or will never change any more. May be NULL. */
	void (*begin)(void *arg);
	void (*end)(void *arg);
	/* The next entry as it is hashed, before its objects; `leaf` is its hash. May be NULL. */
	void (*entry)(void *arg, struct al_slice bytes, const struct al_hash *leaf);
	/* An object changed (state already shows it); `old` may be NULL or a tombstone. May be NULL. */
	void (*change)(void *arg, const struct al_object *old, const struct al_object *now);
	/*
	 * A verified checkpoint is complete: publish what change() collected. Never called for the past: the first
	 * one is that of al_replica_caught_up(), however long the log is and however slow the line.
	 */
	void (*head)(void *arg, const struct al_state *state, const struct al_checkpoint *cp, struct al_slice note);
	/* Connected to or lost the stream. May be NULL. */
	void (*link)(void *arg, bool up);
	al_age_fn age; /* may be NULL */
};

struct al_conf;
/* The public key of the log that conf says ([log] key). The reason is in the log. */
AL_MUST_USE enum al_err al_conf_log_key(const struct al_conf *conf, struct al_vkey *out);
/* Address and key from conf ([log] stream, keys/log.pub). Exports alamo_log_*: size, up, date, age, stale. */
AL_MUST_USE enum al_err al_replica_new(struct al_loop *loop, const struct al_conf *conf,
				       const struct al_replica_ops *ops, void *arg, struct al_replica **out);
void al_replica_free(struct al_replica *replica);
const struct al_state *al_replica_state(const struct al_replica *replica); /* NULL: none is kept */
void al_replica_stale(struct al_replica *replica, uint64_t stale_s);       /* [log] stale-seconds, from now on */
const struct al_vkey *al_replica_key(const struct al_replica *replica);    /* the pinned key */
/*
 * Is everything here that the log had when we first reached it, and that this program had seen before it was
 * started (run/seen.PROGRAM)? From then on it stays true: a lost link is no way back. No clock has a say in it.
 */
bool al_replica_caught_up(const struct al_replica *replica);
/* Of the newest verified head: size 0 before the first. The note is empty then. */
struct al_slice al_replica_head(const struct al_replica *replica, struct al_checkpoint *cp);

#endif
