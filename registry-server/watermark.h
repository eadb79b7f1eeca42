/* SPDX-License-Identifier: MIT */
/*
 * watermark.h -- when the host has no room for more: least free disk, most
 * memory. The registry then refuses what would be stored, in words, and goes
 * on answering; it does not run until a write fails or the kernel ends it.
 */
#ifndef REGISTRY_WATERMARK_H
#define REGISTRY_WATERMARK_H

#include "alamo/net/conf.h"

struct watermark {
	char dir[4096];                /* of the ledger */
	uint64_t min_free, max_memory; /* bytes; 0: any */
	uint64_t looked_ms;
	const char *full; /* as last seen */
};

AL_MUST_USE enum al_err watermark_init(struct watermark *watermark, const struct al_conf *conf);
/* Other bounds; the next look is a real one. */
void watermark_limit(struct watermark *watermark, const struct al_conf *conf);
/* Why nothing more is to be stored, constant text, or NULL. Looks once a second at most; a change is logged. */
const char *watermark_look(struct watermark *watermark, uint64_t now_ms);

#endif
