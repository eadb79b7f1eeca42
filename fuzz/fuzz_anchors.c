/* links: alamo_cli -- DS lines, and what each resolver's language makes of those that were taken */
/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "resolver/resolver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing of the input ends a string, a list or a line of a program's language. */
static void anchors_are_plain(const struct resolver_plan *plan)
{
	for (size_t i = 0; i < plan->zone_count; i++)
		if (plan->zones[i][0] == '\0' || strpbrk(plan->zones[i], " \t\r\n\"'\\;{}(),#/") != NULL)
			abort();
	for (size_t i = 0; i < plan->anchor_count; i++)
		if (plan->anchors[i].zone >= plan->zone_count ||
		    strspn(plan->anchors[i].ds, "0123456789abcdef ") != strlen(plan->anchors[i].ds))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolver_plan *plan = calloc(1, sizeof(*plan));
	struct al_buf out;

	if (plan == NULL)
		return 0;
	al_buf_init(&out, RESOLVER_TEXT_MAX);
	plan->servers[plan->server_count++] = (struct resolver_server){ "fca1::53", 53 };
	if (resolver_take_anchors(plan, al_slice_of(data, size), &out) != AL_OK && out.len == 0)
		abort();
	anchors_are_plain(plan);
	for (size_t i = 0; i < resolver_program_count; i++)
		for (size_t k = 0; k < resolver_programs[i].file_count; k++)
			resolver_programs[i].files[k].render(plan, &out);
	if (out.err != AL_OK)
		abort();
	al_buf_release(&out);
	free(plan);
	return 0;
}
