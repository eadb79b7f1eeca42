/* links: alamo_origins */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_origins.c -- what comes from a source of route origins: heads, sets, deltas.
 *
 * What is taken has one spelling: written again it is the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "origin_head.h"
#include "origin_set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void try_head(struct al_slice input)
{
	static const struct al_vkey nobody = { .name = "registry.example/log" };
	struct origin_pin pin = { .log = &nobody, .now = 1 };
	struct origin_head head;
	struct al_buf again;

	origin_head_init(&head);
	must(origin_head_open(input, &pin, &head, NULL) != ORIGIN_SOUND);
	origin_head_release(&head);
	origin_head_init(&head);
	al_buf_init(&again, 4 * AL_NOTE_MAX);
	if (origin_head_parse(input, &head) == AL_OK) {
		origin_head_format(&head, &again);
		must(al_slice_eq(al_buf_view(&again), input));
	}
	al_buf_release(&again);
	origin_head_release(&head);
}

static void try_records(struct al_slice input)
{
	struct vrp_set *set, *next;
	struct al_buf again;

	if (origin_set_read(input, 20, &set) != AL_OK && vrp_set_new(NULL, 0, 20, &set) != AL_OK)
		return;
	al_buf_init(&again, ORIGIN_SET_MAX);
	origin_set_write(set, &again);
	must(set->count == 0 || al_slice_eq(al_buf_view(&again), input));
	al_buf_release(&again);
	if (origin_delta_apply(input, set, 26, &next) == AL_OK) {
		must(next->serial == 26);
		vrp_set_unref(next);
	}
	vrp_set_unref(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);

	try_head(input);
	try_records(input);
	return 0;
}
