/* SPDX-License-Identifier: MIT */
/* question_rows.h -- tables of questions and of what is answered. For tests only. */
#ifndef TESTS_ROOTDNS_QUESTION_ROWS_H
#define TESTS_ROOTDNS_QUESTION_ROWS_H

#include "fixture.h"

#define ASK(n, t)                        \
	&(const struct question)         \
	{                                \
		.name = (n), .type = (t) \
	}
#define ASK_DO(n, t)                                     \
	&(const struct question)                         \
	{                                                \
		.name = (n), .type = (t), .dnssec = true \
	}

struct row {
	const struct question *question;
	const char *want;
};

static inline void rows_expect(struct fixture *f, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(f, *rows[i].question, rows[i].want);
}

#endif
