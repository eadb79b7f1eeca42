/* SPDX-License-Identifier: MIT */
/*
 * allocation_bench.c -- the figures behind bench/allocation.
 *
 *   allocation_bench find COUNT      "find LENGTH OURS-NS SCAN-NS SQLITE-NS" for each length asked for
 *   allocation_bench state COUNT     "memory BYTES": an object's share of the resident memory in a state
 *   allocation_bench both COUNT      the same with the free-space index beside it
 *
 * find: COUNT blocks of 48 bits in fca1:100::/24, taken from the lowest on but for a hole of the asked length that
 * begins at a random place. All three search for that hole again and again, while it wanders. Scan: a sorted array of
 * the taken blocks. SQLite: the same as a table, in memory, by the primary key's index.
 */
#include <inttypes.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alamo/rpsl/entry.h"
#include "space.h"

#define POOL_BITS 24 /* fca1:100::/24 */
#define BLOCK_LEN 48
#define OBJECTS_AN_ENTRY 400
#define ROUNDS_OURS 20000
#define ROUNDS_PEER 20

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "allocation_bench: %s\n", what);
	exit(1);
}

static void must(bool good, const char *what)
{
	if (!good)
		die(what);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Block `number` of the pool. */
static struct al_prefix block_of(uint32_t number, unsigned len)
{
	return (struct al_prefix){
		.addr = { 0xfc, 0xa1, 0x01, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number },
		.len = (uint8_t)len,
		.bits = 128,
	};
}

static uint32_t number_of(const struct al_prefix *block)
{
	return (uint32_t)block->addr[3] << 16 | (uint32_t)block->addr[4] << 8 | block->addr[5];
}

/* ---- the three ways ---- */

struct search {
	struct space *space;
	uint32_t *taken; /* sorted */
	size_t count;
	sqlite3 *sql;
	sqlite3_stmt *gap, *add, *drop;
};

/* Lowest aligned run of `run` numbers that is not taken, by walking the sorted array once. */
static uint32_t scan_find(const struct search *s, uint32_t run)
{
	uint32_t at = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (s->taken[i] >= at + run)
			return at;
		at = (s->taken[i] / run + 1) * run;
	}
	return at;
}

static uint32_t sqlite_find(const struct search *s, uint32_t run)
{
	uint32_t found;

	(void)sqlite3_bind_int64(s->gap, 1, run);
	must(sqlite3_step(s->gap) == SQLITE_ROW, "SQLite finds nothing");
	found = (uint32_t)sqlite3_column_int64(s->gap, 0);
	(void)sqlite3_reset(s->gap);
	return found;
}

static void sql_run(sqlite3_stmt *stmt, uint32_t number)
{
	(void)sqlite3_bind_int64(stmt, 1, number);
	must(sqlite3_step(stmt) == SQLITE_DONE, "SQLite fails");
	(void)sqlite3_reset(stmt);
}

/* The next taken block behind each aligned place that is free itself. */
static const char gap_query[] = "SELECT at FROM (SELECT (n / ?1 + 1) * ?1 AS at FROM taken ORDER BY n) "
				"WHERE NOT EXISTS (SELECT 1 FROM taken WHERE n >= at AND n < at + ?1) LIMIT 1";

static void search_open(struct search *s, size_t count)
{
	*s = (struct search){ .count = count, .taken = malloc(count * sizeof(uint32_t)) };
	must(s->taken != NULL && space_new(&s->space) == AL_OK, "out of memory");
	must(sqlite3_open(":memory:", &s->sql) == SQLITE_OK, "no SQLite");
	must(sqlite3_exec(s->sql, "CREATE TABLE taken (n INTEGER PRIMARY KEY); BEGIN", NULL, NULL, NULL) == SQLITE_OK &&
		     sqlite3_prepare_v2(s->sql, "INSERT INTO taken VALUES (?1)", -1, &s->add, NULL) == SQLITE_OK &&
		     sqlite3_prepare_v2(s->sql, "DELETE FROM taken WHERE n = ?1", -1, &s->drop, NULL) == SQLITE_OK &&
		     sqlite3_prepare_v2(s->sql, gap_query, -1, &s->gap, NULL) == SQLITE_OK,
	     "SQLite statement");
	for (uint32_t i = 0; i < count; i++) {
		struct al_prefix block = block_of(i, BLOCK_LEN);

		must(space_take(s->space, &block) == AL_OK, "out of memory");
		s->taken[i] = i;
		sql_run(s->add, i);
	}
}

static void search_close(struct search *s)
{
	space_free(s->space);
	free(s->taken);
	(void)sqlite3_finalize(s->gap);
	(void)sqlite3_finalize(s->add);
	(void)sqlite3_finalize(s->drop);
	(void)sqlite3_close(s->sql);
}

/* ---- the hole ---- */

static void hole_open_space(struct search *s, uint32_t at, uint32_t run, bool open)
{
	for (uint32_t n = at; n < at + run; n++) {
		struct al_prefix block = block_of(n, BLOCK_LEN);

		if (open)
			space_release(s->space, &block);
		else
			must(space_take(s->space, &block) == AL_OK, "out of memory");
	}
}

static void hole_open_peers(struct search *s, size_t whole, uint32_t at, uint32_t run, bool open)
{
	for (uint32_t n = at; n < at + run; n++)
		sql_run(open ? s->drop : s->add, n);
	s->count = 0;
	for (uint32_t n = 0; n < whole; n++)
		if (!open || n < at || n >= at + run)
			s->taken[s->count++] = n;
}

static double time_ours(struct search *s, size_t whole, unsigned len)
{
	static const struct al_prefix pool = { .addr = { 0xfc, 0xa1, 0x01 }, .len = POOL_BITS, .bits = 128 };
	uint32_t run = UINT32_C(1) << (BLOCK_LEN - len);
	double sum = 0;

	for (int round = 0; round < ROUNDS_OURS / 100; round++) {
		uint32_t at = randombytes_uniform((uint32_t)(whole / run)) * run;
		struct al_prefix found;
		double begun;

		hole_open_space(s, at, run, true);
		begun = now_s();
		for (int i = 0; i < 100; i++)
			must(space_find(s->space, &pool, len, &found) == AL_OK, "no free block");
		sum += now_s() - begun;
		must(number_of(&found) == at, "another block than the lowest");
		hole_open_space(s, at, run, false);
	}
	return sum / ROUNDS_OURS * 1e9;
}

static void time_peers(struct search *s, size_t whole, unsigned len, double *scan, double *sqlite)
{
	uint32_t run = UINT32_C(1) << (BLOCK_LEN - len);

	*scan = *sqlite = 0;
	for (int round = 0; round < ROUNDS_PEER; round++) {
		uint32_t at = randombytes_uniform((uint32_t)(whole / run) - 1) * run + run, found;
		double begun;

		hole_open_peers(s, whole, at, run, true);
		begun = now_s();
		found = scan_find(s, run);
		*scan += now_s() - begun;
		must(found == at, "the scan finds another block");
		begun = now_s();
		found = sqlite_find(s, run);
		*sqlite += now_s() - begun;
		must(found == at, "SQLite finds another block");
		hole_open_peers(s, whole, at, run, false);
	}
	*scan *= 1e9 / ROUNDS_PEER;
	*sqlite *= 1e9 / ROUNDS_PEER;
}

static void find(size_t count)
{
	static const unsigned lens[] = { 48, 44, 40 };
	struct search s;

	search_open(&s, count);
	for (size_t i = 0; i < AL_COUNT(lens); i++) {
		double scan, sqlite, ours = time_ours(&s, count, lens[i]);

		time_peers(&s, count, lens[i], &scan, &sqlite);
		printf("find %u %.1f %.1f %.1f\n", lens[i], ours, scan, sqlite);
	}
	search_close(&s);
}

/* ---- memory ---- */

static size_t resident(void)
{
	char pages[24];
	FILE *file = fopen("/proc/self/statm", "re");

	must(file != NULL && fscanf(file, "%*s %23s", pages) == 1, "no /proc");
	(void)fclose(file);
	return (size_t)strtoul(pages, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	if (arg != NULL)
		must(space_change(arg, old, now) == AL_OK, "out of memory");
}

/* The log of so many inet6nums; bytes an object. */
static double fold(size_t count, struct space *space)
{
	struct al_state *state;
	struct al_buf body, entry;
	size_t before = resident();
	double share;

	must(al_state_new(&state) == AL_OK, "out of memory");
	al_state_observe(state, on_change, space);
	al_buf_init(&body, AL_REQUEST_MAX);
	al_buf_init(&entry, AL_ENTRY_MAX);
	for (size_t done = 0, index = 0; done < count; index++) {
		struct al_entry e = {
			.index = index, .time = 1800000000, .kind = AL_S("request"), .result = AL_S("c")
		};

		al_buf_reset(&body);
		al_buf_reset(&entry);
		al_buf_printf(&body, "request: %zu\nprev: none\n\n", index);
		for (size_t i = 0; i < OBJECTS_AN_ENTRY && done < count; i++, done++)
			al_buf_printf(&body,
				      "inet6num:       fca1:%zx:%zx::/48\nnetname:        LOAD-%zu\n"
				      "mnt-by:         LOAD%zu-MNT\nsource:         ALAMO\n\n",
				      0x100 + (done >> 16), done & 0xffff, done, index % 1000);
		e.body = al_buf_view(&body);
		must(body.err == AL_OK && al_entry_encode(&e, &entry) == AL_OK, "an entry is too large");
		must(al_state_apply(state, al_buf_view(&entry)) == AL_OK, "an entry does not apply");
	}
	must(al_state_count(state, AL_INET6NUM) == count, "objects are missing");
	share = (double)(resident() - before) / (double)count;
	al_buf_release(&body);
	al_buf_release(&entry);
	al_state_free(state);
	return share;
}

/* One fold a process: what malloc() keeps of an earlier one would count as free. */
static void memory(size_t count, bool with_space)
{
	struct space *space = NULL;

	must(!with_space || space_new(&space) == AL_OK, "out of memory");
	printf("memory %.1f\n", fold(count, space));
	space_free(space);
}

int main(int argc, char **argv)
{
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	must(sodium_init() >= 0, "libsodium does not start");
	must(count >= 100000 && count <= 10000000, "find|state|both COUNT, 100,000 to 10,000,000");
	if (strcmp(argv[1], "find") == 0)
		find(count);
	else if (strcmp(argv[1], "state") == 0 || strcmp(argv[1], "both") == 0)
		memory(count, argv[1][0] == 'b');
	else
		die("find|state|both COUNT");
	return 0;
}
