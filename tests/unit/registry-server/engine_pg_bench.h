/* SPDX-License-Identifier: MIT */
/* engine_pg_bench.h -- an engine of PostgreSQL, opened for each test. For tests only. */
#ifndef TESTS_ENGINE_PG_BENCH_H
#define TESTS_ENGINE_PG_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../said.h"
#include "engines.h"
#include "ledger/engine.h"

#ifdef ALAMO_POSTGRESQL

static const char end_sessions[] = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
				   " WHERE pid <> pg_backend_pid() AND application_name LIKE 'alamo-registryd%'";

struct fixture {
	char where[ENGINE_WHERE_MAX];
	struct engine *engine;
	struct said said;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	engine_place_make(engine_kinds[1], "", f->where);
	assert_int_equal(engine_open(f->where, true, &f->engine), AL_OK);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	engine_close(f->engine);
	engine_place_drop(engine_kinds[1], f->where);
	free(f);
	return 0;
}

#endif
#endif
