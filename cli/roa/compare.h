/* SPDX-License-Identifier: MIT */
/*
 * compare.h -- a registry's routes under dn42's rule and under ours, side by side, and what that is for each maintainer.
 *
 * Both sides are what the objects say. What the registry refuses at an import for other reasons than an object's own
 * text is not known here: `alamo import --dry-run` asks it.
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "dn42_filter.h"
#include "import/import.h"

enum compare_kind {
	COMPARE_SAME,
	COMPARE_TIGHTER, /* more specifics that are valid there are not here */
	COMPARE_LOOSER,  /* the other way round */
	COMPARE_GONE,    /* a record there, none here */
	COMPARE_NEW,     /* a record here, none there */
	COMPARE_NEITHER,
	COMPARE_KINDS
};

/* One prefix and origin. */
struct compare_row {
	const struct al_object *object; /* borrowed of the import */
	const struct dn42_rule *rule;   /* that counts there; NULL: none does */
	struct vrp here, there;         /* `here` is what the object says, there or not */
	enum compare_kind kind;
};

/* Row `row` is one of `mntner`'s. */
struct compare_share {
	struct al_slice mntner; /* borrowed of the object's text */
	size_t row;
};

struct compare {
	struct compare_row *rows; /* owned; in the order of sets, one for each prefix and origin */
	size_t count;
	struct compare_share *shares; /* owned; by maintainer, then by row; only rows that change */
	size_t share_count;
	size_t counts[COMPARE_KINDS];
	size_t unread; /* routes of the import whose text is none of ours */
};

/* AL_ENOMEM. The filter and the import stay as they are, and as long as the result. */
AL_MUST_USE enum al_err compare_run(const struct import *import, const struct dn42_filter *filter, struct compare *out);
void compare_release(struct compare *compare); /* of a zeroed one, too */

/* The table of counts. */
void compare_table(const struct compare *compare, struct al_buf *out);
/* Routes that are none of ours, with the reason; nothing if there are none. */
void compare_unread(const struct import *import, struct al_buf *out);
/* The maintainer of shares[*at] and all his rows; *at is behind them afterwards. */
void compare_member(const struct compare *compare, size_t *at, struct al_buf *out);

#endif
