/* SPDX-License-Identifier: MIT */
/*
 * origin_head.h -- what is signed about a set of route origins, and the one judgement about it
 * (docs/formats.md, "Signed route origins").
 *
 * A client pins the log's key. That key has signed who may sign route origins (struct origin_key); this key signs
 * heads; a head names one set by its hash, the log's checkpoint that it follows from, and how long it may be used.
 */
#ifndef ORIGINS_ORIGIN_HEAD_H
#define ORIGINS_ORIGIN_HEAD_H

#include "alamo/tlog/note.h"

#include "vrp_set.h"

struct al_policy;

/* ---- who may sign ---- */

/* What a statement is made for. It says its end only: it began so long before. */
#define ORIGIN_KEY_LIFE_S (10ull * 365 * 86400)

struct origin_key {
	char log[AL_ORIGIN_MAX + 1]; /* the log whose key says so */
	uint64_t version;            /* 1 or more; a client never goes back to a lower one */
	uint64_t not_after;          /* Unix seconds */
	struct al_vkey key;          /* its name is the heads' origin */
};

/* The statement's text; the log's key signs it with al_note_sign(). One spelling. */
void origin_key_format(const struct origin_key *key, struct al_buf *out);
/* AL_EINVAL: none; AL_EVERIFY: not signed by `log`, or about another log. */
AL_MUST_USE enum al_err origin_key_open(struct al_slice note, const struct al_vkey *log, struct origin_key *out);

/* ---- heads ---- */

struct origin_head {
	char origin[AL_ORIGIN_MAX + 1];
	char log[AL_ORIGIN_MAX + 1];
	uint64_t rule; /* VRP_RULE_VERSION by which the set follows from the log */
	struct al_checkpoint cp;
	uint64_t changed;            /* log size at which the set last changed; its serial follows (vrp_set.h) */
	uint64_t generated, expires; /* Unix seconds */
	uint64_t vrps4, vrps6;
	uint64_t aspas; /* customers */
	uint64_t bytes; /* of the set's text */
	struct al_hash digest;
	struct al_buf key;        /* note of an origin_key; empty in what a daemon keeps for itself */
	struct al_buf checkpoint; /* the log's note, cosignatures and all */
};

void origin_head_init(struct origin_head *head);
void origin_head_release(struct origin_head *head); /* safe on an initialised or released one */
void origin_head_format(const struct origin_head *head, struct al_buf *out);
/* An initialised `out`; on failure it is to be released as well. AL_EINVAL: not the one spelling. */
AL_MUST_USE enum al_err origin_head_parse(struct al_slice text, struct origin_head *out);
/* Fills in what is counted: all but length and hash of the text. */
void origin_head_count(struct origin_head *head, const struct vrp_set *set);
/* Fills in what the set's own text says. */
void origin_head_describe(struct origin_head *head, const struct vrp_set *set, struct al_slice text);

/* ---- the judgement ---- */

/* In the order in which it is looked for; names are constant words, `origin_fault_name`. */
enum origin_fault {
	ORIGIN_SOUND,
	ORIGIN_MALFORMED,
	ORIGIN_WRONG_KEY,   /* not signed by a key that the pinned log key has named */
	ORIGIN_WRONG_LOG,   /* of another log, or its checkpoint is not the log's */
	ORIGIN_UNWITNESSED, /* the checkpoint has too few cosignatures */
	ORIGIN_KEY_REVOKED, /* a lower version of the key's statement than was seen before */
	ORIGIN_KEY_EXPIRED,
	ORIGIN_OTHER_RULE,   /* by a rule that this program does not know */
	ORIGIN_FUTURE,       /* generated later than now */
	ORIGIN_FROZEN,       /* expired: somebody may be holding back a newer one */
	ORIGIN_ROLLED_BACK,  /* older than what was seen before */
	ORIGIN_EQUIVOCATION, /* contradicts what was seen before: two truths, both signed */
	ORIGIN_TRUNCATED,    /* fewer or more bytes than the head says */
	ORIGIN_MISMATCHED,   /* a set, or a set after a delta, that the head does not name */
	ORIGIN_FAULT_COUNT
};
const char *origin_fault_name(enum origin_fault fault);

struct origin_pin {
	const struct al_vkey *log;         /* pinned */
	const struct al_policy *witnesses; /* who must have cosigned; NULL: nobody */
	uint64_t now;                      /* Unix seconds; 0: the clock is not to be trusted, and no time is judged */
	const struct origin_head *last;    /* seen before; NULL: nothing was */
	uint64_t key_version;              /* seen before; 0: none was */
	/*
	 * What was believed before and kept by ourselves: a statement of an earlier key of the log is good for trees of that
	 * key's time. From others it is not: whoever has such a key could say anything about an old tree.
	 */
	bool kept;
};

#define ORIGIN_FUTURE_S 300 /* how far the other clock may be ahead */

/* An initialised `out`. *version (may be NULL): of the key's statement. */
enum origin_fault origin_head_open(struct al_slice note, const struct origin_pin *pin, struct origin_head *out,
				   uint64_t *version);
/* Can `head` follow on `last` (NULL: anything can)? ORIGIN_SOUND, ORIGIN_ROLLED_BACK, ORIGIN_EQUIVOCATION. */
enum origin_fault origin_head_follows(const struct origin_head *head, const struct origin_head *last);
/* Is this the set's text? ORIGIN_SOUND, ORIGIN_TRUNCATED, ORIGIN_MISMATCHED. */
enum origin_fault origin_head_match(const struct origin_head *head, struct al_slice text);

#endif
