/* SPDX-License-Identifier: MIT */
/*
 * expiry.h -- the one rule for everything that ends on a day: past half of its life somebody should look at it, and little
 * before its end at once. deploy/monitoring/alamo.rules.yml has the same.
 */
#ifndef CLI_EXPIRY_H
#define CLI_EXPIRY_H

#include "alamo/base/base.h"

/* What is left when it is nearly over: a tenth of the life, and never more than this. */
#define EXPIRY_LAST_S (14u * 86400)

enum expiry { EXPIRY_GOOD, EXPIRY_HALF, EXPIRY_LAST };

/* Unix seconds; `end` is the first one at which it is not good any more. */
enum expiry expiry_judge(uint64_t since, uint64_t end, uint64_t now);

#endif
