/* SPDX-License-Identifier: MIT */
/*
 * endpoints.c -- what a starting daemon says on its descriptor.
 */
#include "endpoints.h"

#include <stdio.h>

void endpoints_init(struct endpoints *endpoints)
{
	al_buf_init(&endpoints->partial, 65536);
	al_buf_init(&endpoints->lines, 65536);
	endpoints->ready = false;
	endpoints->error[0] = '\0';
	endpoints->taken = 0;
}

void endpoints_release(struct endpoints *endpoints)
{
	al_buf_release(&endpoints->partial);
	al_buf_release(&endpoints->lines);
}

void endpoints_reset(struct endpoints *endpoints)
{
	al_buf_reset(&endpoints->partial);
	al_buf_reset(&endpoints->lines);
	endpoints->ready = false;
	endpoints->error[0] = '\0';
	endpoints->taken = 0;
}

static void line_take(struct endpoints *endpoints, struct al_slice line)
{
	if (al_slice_is(line, "ready")) {
		endpoints->ready = true;
	} else if (al_slice_starts(line, "taken ")) {
		uint64_t port = 0;

		if (al_slice_u64(al_slice_from(line, sizeof("taken ") - 1), UINT16_MAX, &port) == AL_OK)
			endpoints->taken = (uint16_t)port;
	} else if (al_slice_starts(line, "error ")) {
		snprintf(endpoints->error, sizeof(endpoints->error), "%.*s",
			 AL_FMT(al_slice_from(line, sizeof("error ") - 1)));
	} else if (al_slice_starts(line, "endpoint ")) {
		al_buf_slice(&endpoints->lines, al_slice_from(line, sizeof("endpoint ") - 1));
		al_buf_u8(&endpoints->lines, '\n');
	}
}

bool endpoints_feed(struct endpoints *endpoints, struct al_slice bytes)
{
	bool before = endpoints->ready;
	struct al_slice head;

	while (al_slice_cut(&bytes, '\n', &head)) {
		al_buf_slice(&endpoints->partial, head);
		line_take(endpoints, al_buf_view(&endpoints->partial));
		al_buf_reset(&endpoints->partial);
	}
	al_buf_slice(&endpoints->partial, head);
	return endpoints->ready && !before;
}
