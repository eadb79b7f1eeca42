/* SPDX-License-Identifier: MIT */
/*
 * keys.h -- the keys note: which log keys are valid for which part of the log,
 * said by m of n offline root keys (docs/formats.md, "Keys note").
 *
 * A client pins the root keys and how many of them must sign. The note then
 * tells it the log's keys, past and present: a key can be replaced, or given
 * up after it leaked, and the tree goes on.
 */
#ifndef ALAMO_KEYS_H
#define ALAMO_KEYS_H

#include "alamo/tlog/note.h"

#define AL_KEYS_LOGS_MAX 8
#define AL_KEYS_ROOTS_MAX 16
#define AL_KEYS_POLICY_MAX 2048

/* One log key. It signs checkpoints of sizes beyond `from` (0: from the first), up to `until`. */
struct al_keys_log {
	struct al_vkey key;
	uint64_t from;
	bool closed;
	struct al_checkpoint until; /* when closed: the last one of this key that counts */
};

struct al_keys {
	char origin[AL_ORIGIN_MAX + 1]; /* "registry.alamo/keys" */
	uint64_t version;               /* 1 or more */
	uint64_t not_after;             /* Unix seconds of the day's beginning (UTC): from then on it is old */
	struct al_keys_log log[AL_KEYS_LOGS_MAX];
	size_t log_count;                /* 1 or more; each begins where the one before ends; the last is open */
	char policy[AL_KEYS_POLICY_MAX]; /* witness, group and quorum lines (alamo/tlog/witness.h); may be empty */
};

/* The note's text. One spelling: what parses formats to the same bytes. AL_EINVAL, AL_ELIMIT. */
AL_MUST_USE enum al_err al_keys_parse(struct al_slice text, struct al_keys *out);
void al_keys_format(const struct al_keys *keys, struct al_buf *out);

/* The text of what may be signed already, or not yet. */
struct al_slice al_keys_text(struct al_slice note);

/*
 * Append the note with one more signature. `in` is a text, or a note that is
 * signed already. AL_EEXIST: by this key. AL_EINVAL: no keys note.
 */
AL_MUST_USE enum al_err al_keys_sign(struct al_slice in, const struct al_skey *root, struct al_buf *out);

/* What a client holds. A key counts once, however often it is named. */
struct al_keys_pin {
	const struct al_vkey *roots;
	size_t root_count;
	size_t need;    /* so many of them must have signed; 1 or more */
	uint64_t least; /* version seen before: never a lower one */
};
/*
 * AL_EVERIFY: too few good signatures of the roots. AL_ESTALE: a lower version
 * than `least`. AL_EINVAL: no keys note, or a pin that can never be met.
 */
AL_MUST_USE enum al_err al_keys_open(struct al_slice note, const struct al_keys_pin *pin, struct al_keys *out);
/* How many of the roots have signed. */
size_t al_keys_signed(struct al_slice note, const struct al_vkey *roots, size_t root_count);
/* A note beyond its day: somebody may be holding back a newer one. */
bool al_keys_expired(const struct al_keys *keys, uint64_t now);

/* The key that signs now, without its past. */
const struct al_vkey *al_keys_log(const struct al_keys *keys);
/*
 * What a log's key is, as a file that somebody trusts has it: a verifier key, or a keys note, signed or not, whose last
 * key it is, and whose others are its past. Threads may call it at once. AL_EINVAL: neither; AL_ELIMIT: more than
 * AL_KEYS_PASTS_MAX different notes in one process.
 */
#define AL_KEYS_PASTS_MAX 512 /* a witness of 64 logs, each of which goes through all the keys that a note can have */
AL_MUST_USE enum al_err al_log_key_parse(struct al_slice text, struct al_vkey *out);
/* As al_log_key_parse() takes it. */
void al_log_key_format(const struct al_vkey *key, struct al_buf *out);
/* Has the log been signed by this key before? */
bool al_log_key_had(const struct al_vkey *log, const struct al_vkey *key);
/* Of two keys of one log the one that came later, or of the same the one whose past is known; NULL: none had the other. */
const struct al_vkey *al_log_key_later(const struct al_vkey *a, const struct al_vkey *b);
/*
 * A keys note from anywhere, for who believes `key` and so whatever that signs: which key came after it? AL_OK: *next
 * is the note's last key, with its past; the note is signed by `key`, and says of the time before nothing else than
 * `key`'s past does. Else *next is left alone. AL_EEXIST: it says what is known, signed by the key before `key`.
 * AL_ESTALE: it says less than what is known. AL_EVERIFY: `key` does not say so. AL_EINVAL, AL_ELIMIT: no keys note.
 */
AL_MUST_USE enum al_err al_log_key_next(struct al_slice note, const struct al_vkey *key, struct al_vkey *next);
/*
 * A checkpoint of the log under the key that is valid for its size. AL_EVERIFY:
 * none of them has signed it. AL_EFORK: the last size of a closed key, with
 * another root than the note says.
 */
AL_MUST_USE enum al_err al_keys_checkpoint(const struct al_keys *keys, struct al_slice note, struct al_checkpoint *out);

#endif
