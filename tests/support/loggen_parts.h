/* SPDX-License-Identifier: MIT */
/*
 * loggen_parts.h -- parts of a request in the making: objects, their lines and
 * signers, and what a member has that they may be about.
 */
#ifndef SUPPORT_LOGGEN_PARTS_H
#define SUPPORT_LOGGEN_PARTS_H

#include "loggen_internal.h"

/* Begins an object; `key` NULL for one that did not exist before. */
void making_object(struct loggen *gen, enum al_action action, enum al_class cls, const char *key);
AL_PRINTF(2, 3)
void making_line(struct loggen *gen, const char *fmt, ...);
/* The last lines of what a member has. */
void making_owner(struct loggen *gen, size_t member);
/* The newest text without the lines of `without` (NULL: all). */
void making_text(struct loggen *gen, const struct thing *thing, const char *without);
void making_signer(struct loggen *gen, size_t who);

/* A random thing of a member, or NULL after a few tries. */
struct thing *member_pick(struct loggen *gen, size_t member, bool (*fits)(const struct thing *), bool dead);
/* For member_pick(). */
bool class_any(const struct thing *thing);
bool class_domain(const struct thing *thing);
bool class_set(const struct thing *thing);
bool class_person(const struct thing *thing);
bool class_node(const struct thing *thing);
bool class_subnet(const struct thing *thing);

/* Block `number` of length `len` in a larger one. */
void block_text(const struct al_prefix *in, unsigned len, unsigned number, char out[static AL_PREFIX_STRLEN]);

#endif
