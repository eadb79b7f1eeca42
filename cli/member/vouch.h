/* SPDX-License-Identifier: MIT */
/*
 * vouch.h -- what a newcomer asks his voucher to sign.
 */
#ifndef CLI_VOUCH_H
#define CLI_VOUCH_H

#include "draft.h"

#define VOUCH_MARK "alamo-join1-"

/*
 * Is it a newcomer's request and nothing else: all of it new (prev: none), a maintainer with vouched-by:, and objects
 * that belong to that maintainer alone? *why says what not (constant text). A voucher's signature then gives away
 * nothing but the word that was asked for.
 */
bool vouch_is_join(const struct draft *draft, const char **why);

#endif
