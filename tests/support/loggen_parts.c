/* SPDX-License-Identifier: MIT */
/*
 * loggen_parts.c -- parts of a request in the making (loggen_parts.h).
 */
#include "loggen_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void making_line(struct loggen *gen, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_buf_str(&gen->making.objects, text);
	al_buf_str(&gen->making.objects, "\n");
}

void making_object(struct loggen *gen, enum al_action action, enum al_class cls, const char *key)
{
	struct making *making = &gen->making;
	const struct al_object *version = NULL;

	if (making->count > 0)
		al_buf_str(&making->objects, "\n");
	if (key != NULL)
		version = al_state_version(book_state(gen->book), cls, al_slice_str(key));
	if (version != NULL)
		al_buf_printf(&making->prevs, " %" PRIu64, version->index);
	else
		al_buf_str(&making->prevs, " none");
	making->letters[making->count++] = (char)action;
}

void making_owner(struct loggen *gen, size_t member)
{
	making_line(gen, "mnt-by: M%zu-MNT\nsource: TEST", member);
}

void making_signer(struct loggen *gen, size_t who)
{
	gen->making.signers[gen->making.signer_count++] = who;
}

void making_text(struct loggen *gen, const struct thing *thing, const char *without)
{
	const struct al_object *version = al_state_version(book_state(gen->book), thing->cls, al_slice_str(thing->key));
	struct al_slice rest = al_object_text(version), text;

	while (al_slice_line(&rest, &text))
		if (without == NULL || !al_slice_starts(text, without))
			making_line(gen, "%.*s", AL_FMT(text));
}

bool class_any(const struct thing *thing)
{
	(void)thing;
	return true;
}

bool class_domain(const struct thing *thing)
{
	return thing->cls == AL_DOMAIN;
}

bool class_set(const struct thing *thing)
{
	return thing->cls == AL_AS_SET;
}

bool class_person(const struct thing *thing)
{
	return thing->cls == AL_PERSON;
}

bool class_node(const struct thing *thing)
{
	return thing->cls == AL_NODE;
}

bool class_subnet(const struct thing *thing)
{
	return thing->cls == AL_INET6NUM && al_slice_ends(al_slice_str(thing->key), "/56");
}

struct thing *member_pick(struct loggen *gen, size_t member, bool (*fits)(const struct thing *), bool dead)
{
	struct member *m = &gen->members[member];

	for (int tries = 0; tries < 6; tries++) {
		struct thing *thing = &m->things[loggen_random(gen, m->count)];

		if (thing->dead == dead && fits(thing))
			return thing;
	}
	return NULL;
}

void block_text(const struct al_prefix *in, unsigned len, unsigned number, char out[static AL_PREFIX_STRLEN])
{
	struct al_prefix block = *in;

	for (unsigned bit = 0; bit < 32 && number >> bit != 0; bit++)
		if ((number >> bit & 1) != 0)
			block.addr[(len - 1 - bit) / 8] |= (uint8_t)(0x80 >> (len - 1 - bit) % 8);
	block.len = (uint8_t)len;
	al_prefix_format(&block, out);
}
