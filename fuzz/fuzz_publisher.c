/* links: alamo_x509 */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_publisher.c -- what is read from an RPKI publisher's folder and from what is carried to it: the publisher's file,
 * the trust anchor's memory and its answer, the list of what is issued.
 *
 * What is taken reads the same when it is written again.
 */
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "issued.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void try_publisher(struct al_slice input)
{
	struct publisher publisher, again;
	struct al_buf text, twice;
	char why[PUBLISHER_WHY];

	publisher_init(&publisher);
	publisher_init(&again);
	al_buf_init(&text, 2 * PUBLISHER_TEXT_MAX);
	al_buf_init(&twice, 2 * PUBLISHER_TEXT_MAX);
	if (publisher_parse(input, &publisher, why) == AL_OK) {
		must(publisher_format(&publisher, &text) == AL_OK);
		must(publisher_parse(al_buf_view(&text), &again, why) == AL_OK);
		must(publisher_format(&again, &twice) == AL_OK);
		must(al_slice_eq(al_buf_view(&text), al_buf_view(&twice)));
	}
	al_buf_release(&text);
	al_buf_release(&twice);
	publisher_release(&publisher);
	publisher_release(&again);
}

static void try_issued(struct al_slice input)
{
	struct issued issued, again;
	struct al_buf text, twice;

	issued_init(&issued);
	issued_init(&again);
	al_buf_init(&text, ISSUED_TEXT_MAX);
	al_buf_init(&twice, ISSUED_TEXT_MAX);
	if (issued_parse(input, &issued) == AL_OK) {
		issued_format(&issued, &text);
		must(issued_parse(al_buf_view(&text), &again) == AL_OK);
		issued_format(&again, &twice);
		must(al_slice_eq(al_buf_view(&text), al_buf_view(&twice)));
	}
	al_buf_release(&text);
	al_buf_release(&twice);
	issued_release(&issued);
	issued_release(&again);
}

static void try_grant(struct al_slice input)
{
	struct publisher nobody;
	struct grant grant;
	char why[PUBLISHER_WHY];

	publisher_init(&nobody);
	grant_init(&grant);
	must(grant_read(input, &nobody, &grant, why) != AL_OK);
	grant_release(&grant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);
	struct anchor_memory memory;
	struct al_buf text;

	try_publisher(input);
	try_issued(input);
	try_grant(input);
	if (anchor_memory_parse(input, &memory) == AL_OK) {
		al_buf_init(&text, ANCHOR_TEXT_MAX);
		anchor_memory_format(&memory, &text);
		must(text.err == AL_OK && anchor_memory_parse(al_buf_view(&text), &memory) == AL_OK);
		al_buf_release(&text);
	}
	return 0;
}
