/* links: alamo_rpsl */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_record.c -- hosted records, a line each: what is read has one canonical
 * text, which reads as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "alamo/base/text.h"
#include "alamo/rpsl/rr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void line_check(struct al_slice line)
{
	static struct al_record one, two;
	struct al_buf text, again;
	const char *why = NULL;

	if (al_record_parse(line, &one, &why) != AL_OK) {
		must(why != NULL && al_text_ok(al_slice_str(why)));
		return;
	}
	al_buf_init(&text, 1u << 16);
	al_buf_init(&again, 1u << 16);
	al_record_format(&one, &text);
	must(text.err == AL_OK && al_text_ok(al_buf_view(&text)));
	must(al_record_parse(al_buf_view(&text), &two, &why) == AL_OK);
	must(one.len == two.len && memcmp(one.rdata, two.rdata, one.len) == 0 && one.type == two.type);
	al_record_format(&two, &again);
	must(al_slice_eq(al_buf_view(&text), al_buf_view(&again)));
	al_buf_release(&text);
	al_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice rest = al_slice_of(data, size), line;

	while (al_slice_line(&rest, &line))
		line_check(line);
	return 0;
}
