/* SPDX-License-Identifier: MIT */
/*
 * tally.h -- counts by account: who (a maintainer, a key, the members below a
 * voucher), of what, in which pool. One look-up a question, however much is
 * counted.
 */
#ifndef RULES_TALLY_H
#define RULES_TALLY_H

#include "alamo/base/slice.h"

enum tally_whose {
	TALLY_MNTNER, /* a maintainer's name */
	TALLY_KEY,    /* an auth: value: all maintainers that name it, together */
	TALLY_TREE,   /* a maintainer's name: it, and whom it vouched for, and so on */
	TALLY_POOL,   /* nobody: of the pool itself */
};

enum tally_kind {
	TALLY_HELD,    /* numbers and blocks directly below the pool; pool empty: all of them */
	TALLY_RESTING, /* the same that were returned and rest */
	TALLY_DOMAINS,
	TALLY_SETS,
	TALLY_OBJECTS, /* of any class */
	TALLY_BYTES,   /* of text */
	TALLY_GIVEN,   /* handed out to strangers on a day; pool: tally_period() */
	TALLY_VOUCHED, /* newcomers vouched for in a month; pool: tally_period() */
	TALLY_KINDS,   /* how many */
};

struct tally {
	enum tally_whose whose;
	struct al_slice who; /* empty with TALLY_POOL */
	enum tally_kind kind;
	struct al_slice pool; /* key of the block, or empty */
};

struct tally_change {
	enum tally_kind kind;
	struct al_slice pool;
	int64_t change;
};

struct tallies {
	struct tally_row *rows;
	struct tally_account *accounts;
};

void tallies_init(struct tallies *tallies);
void tallies_release(struct tallies *tallies);
/* They wrap round: what was added and taken away again is 0. */
AL_MUST_USE enum al_err tallies_account(struct tallies *tallies, enum tally_whose whose, struct al_slice who,
					const struct tally_change *changes, size_t count);
AL_MUST_USE enum al_err tallies_add(struct tallies *tallies, const struct tally *tally, int64_t change);
int64_t tallies_get(const struct tallies *tallies, const struct tally *tally); /* 0: never heard of */
/* All rows of one account that are not 0; the call may add rows of other accounts. First error ends it. */
typedef enum al_err (*tally_fn)(const struct tally *tally, int64_t count, void *arg);
AL_MUST_USE enum al_err tallies_each(const struct tallies *tallies, enum tally_whose whose, struct al_slice who,
				     tally_fn visit, void *arg);

#define TALLY_POOL_MAX 128
/* "POOL 20000": the pool, and which span of `days` days this log time lies in. */
struct al_slice tally_period(struct al_slice pool, uint64_t time, unsigned days, char out[static TALLY_POOL_MAX]);

#endif
