/* SPDX-License-Identifier: MIT */
/*
 * expiry.c -- see expiry.h.
 */
#include "expiry.h"

enum expiry expiry_judge(uint64_t since, uint64_t end, uint64_t now)
{
	uint64_t life = end > since ? end - since : 0, left = end > now ? end - now : 0;
	uint64_t last = life / 10 < EXPIRY_LAST_S ? life / 10 : EXPIRY_LAST_S;

	return left == 0 || left < last ? EXPIRY_LAST : left < life / 2 ? EXPIRY_HALF : EXPIRY_GOOD;
}
