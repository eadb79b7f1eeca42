/* SPDX-License-Identifier: MIT */
/* rr_lines.h -- lines of records, and that the text of each is its own. For tests only. */
#ifndef TESTS_COMMON_RR_LINES_H
#define TESTS_COMMON_RR_LINES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../read_file.h"
#include "alamo/rpsl/rr.h"

#define TEXT_MAX (1u << 16)

static inline void load(const char *name, struct al_buf *out)
{
	al_buf_init(out, READ_FILE_MAX);
	if (!read_file(name, out))
		fail_msg("cannot read %s", name);
}

static inline void must_parse(struct al_slice line, struct al_record *out)
{
	const char *why = NULL;

	if (al_record_parse(line, out, &why) != AL_OK)
		fail_msg("refused: %.*s: %s", AL_FMT(line), why);
}

/* The text of a record is a record with the same data, whose text it is. */
static inline void text_is_a_fixed_point(const struct al_record *record)
{
	struct al_record again;
	struct al_buf one, two;

	al_buf_init(&one, TEXT_MAX);
	al_buf_init(&two, TEXT_MAX);
	al_record_format(record, &one);
	assert_int_equal(one.err, AL_OK);
	must_parse(al_buf_view(&one), &again);
	assert_string_equal(again.owner, record->owner);
	assert_int_equal(again.has_ttl, record->has_ttl);
	assert_true(!record->has_ttl || again.ttl == record->ttl);
	assert_int_equal(again.type, record->type);
	assert_int_equal(again.len, record->len);
	assert_memory_equal(again.rdata, record->rdata, record->len);
	al_record_format(&again, &two);
	assert_true(al_slice_eq(al_buf_view(&one), al_buf_view(&two)));
	al_buf_release(&one);
	al_buf_release(&two);
}

#endif
