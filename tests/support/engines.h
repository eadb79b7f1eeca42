/* SPDX-License-Identifier: MIT */
/*
 * engines.h -- the one table of the ledger's engines, for tests that run once
 * for each: a fresh place for a ledger, of every kind that is built in.
 *
 * PostgreSQL's is a cluster that the test starts itself, as an unprivileged user, in a folder of its own, on a
 * socket in it; it ends with the test, however that ends.
 */
#ifndef SUPPORT_ENGINES_H
#define SUPPORT_ENGINES_H

#include <stdbool.h>
#include <stddef.h>

#define ENGINE_WHERE_MAX 256

extern const char *const engine_kinds[]; /* "sqlite", "postgresql" */
extern const size_t engine_kind_count;

/* A place without a ledger, in the folder `dir`, which is the caller's. Asserts. */
void engine_place_make(const char *kind, const char *dir, char where[static ENGINE_WHERE_MAX]);
void engine_place_drop(const char *kind, const char *where);
/* The servers that were started. At the end of main(). */
void engines_stop(void);

/* ---- PostgreSQL alone ---- */

/* Statements in the database of `where`, by its owner. False: one failed. */
bool engine_sql(const char *where, const char *text);
/* To all of the server's processes: SIGSTOP, SIGCONT. */
void engine_server_signal(int number);
/* As if its machine had gone, and come back. */
void engine_server_crash(void);
void engine_server_start(void);

#endif
