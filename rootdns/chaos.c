/* SPDX-License-Identifier: MIT */
/*
 * chaos.c -- see chaos.h. The host's name is what RFC 4892 asks for: it tells
 * instances of an anycast address apart.
 */
#include "chaos.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/wire.h"
#include "reply.h"

#define RR_TXT_MAX 200u

static const struct {
	const char *name; /* wire form, but for the root's 0 */
	bool host;
} names[] = {
	{ "\7version\4bind", false },
	{ "\7version\6server", false },
	{ "\2id\6server", true },
	{ "\10hostname\4bind", true },
};

static bool text_of(const struct query *query, char text[static RR_TXT_MAX])
{
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		if (query->name.len != strlen(names[i].name) + 1 ||
		    memcmp(query->name.name, names[i].name, query->name.len) != 0)
			continue;
		if (!names[i].host)
			(void)snprintf(text, RR_TXT_MAX, "alamo-rootd %s", ALAMO_VERSION);
		else if (gethostname(text, RR_TXT_MAX) != 0)
			return false;
		text[RR_TXT_MAX - 1] = '\0';
		return true;
	}
	return false;
}

size_t chaos_answer(const struct query *query, const struct client *client, struct tsig *tsig, uint8_t *out)
{
	uint8_t run[RR_FIXED + 1 + RR_TXT_MAX];
	struct owner question = { .pointer = 0xc000u | DNS_HEADER };
	char text[RR_TXT_MAX];
	struct reply reply;
	size_t len;

	reply_begin(&reply, query, client, out, UDP_SIZE_MIN);
	if (tsig != NULL)
		reply_sign(&reply, tsig);
	if (!text_of(query, text)) {
		reply.authoritative = false;
		reply.rcode = RCODE_REFUSED;
		return reply_end(&reply);
	}
	if (query->type != RR_TXT && query->type != RR_ANY)
		return reply_end(&reply);
	len = strlen(text);
	al_set_u16(run, question.pointer);
	al_set_u16(run + 2, RR_TXT);
	al_set_u16(run + 4, CLASS_CHAOS);
	al_set_u32(run + 6, 0);
	al_set_u16(run + 10, (uint16_t)(len + 1));
	run[RR_FIXED] = (uint8_t)len;
	memcpy(run + RR_FIXED + 1, text, len);
	reply_run(&reply, SECTION_ANSWER, &question, 0, run, RR_FIXED + 1 + len, 1);
	return reply_end(&reply);
}
