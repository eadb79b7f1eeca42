/* SPDX-License-Identifier: MIT */
/*
 * engines.c -- places for ledgers, and a PostgreSQL server for tests.
 */
#include "engines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "alamo/base/base.h"

#ifdef ALAMO_POSTGRESQL
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define START_TRIES 600 /* of 50 ms */

static struct {
	char dir[64];
	char bin[128];
	pid_t pid; /* 0: none */
	unsigned databases;
} server;

/* ---- the server ---- */

/* The newest that is installed. */
static void bin_find(void)
{
	glob_t found;

	if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) != 0)
		fail_msg("no PostgreSQL server: script/setup --tests installs it");
	(void)snprintf(server.bin, sizeof(server.bin), "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
	*strrchr(server.bin, '/') = '\0';
}

/* In the child: PostgreSQL does not run as root. */
static void become_nobody(void)
{
	const struct passwd *user = getpwnam("nobody");

	if (geteuid() == 0 &&
	    (user == NULL || setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
		_exit(126);
	(void)prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

#define WORDS_MAX 24

/*
 * argv[0] is a program of the server's. It gets its whole path: it looks for its neighbours beside itself, which PATH need
 * not have. execv() takes pointers to what it does not change.
 */
static pid_t spawn(const char *const argv[])
{
	char path[256], log[128];
	const char *whole[WORDS_MAX] = { path };
	union {
		const char *const *ours;
		char *const *theirs;
	} words = { .ours = whole };
	pid_t pid;

	for (size_t i = 1; argv[i] != NULL; i++) {
		assert_true(i + 1 < WORDS_MAX);
		whole[i] = argv[i];
	}
	(void)snprintf(path, sizeof(path), "%s/%s", server.bin, argv[0]);
	(void)snprintf(log, sizeof(log), "%s/log", server.dir);
	pid = fork();
	if (pid == 0) {
		become_nobody();
		if (chdir("/") != 0 || freopen(log, "a", stdout) == NULL || dup2(fileno(stdout), 2) < 0)
			_exit(125);
		(void)execv(path, words.theirs);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static void url_of(const char *database, char out[static ENGINE_WHERE_MAX])
{
	(void)snprintf(out, ENGINE_WHERE_MAX, "postgresql://alamo@/%s?host=%s", database, server.dir);
}

bool engine_sql(const char *where, const char *text)
{
	PGconn *pg = PQconnectdb(where);
	PGresult *result = PQexec(pg, text);
	ExecStatusType status = PQresultStatus(result);

	PQclear(result);
	PQfinish(pg);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static bool answers(void)
{
	char url[ENGINE_WHERE_MAX];

	url_of("postgres", url);
	return PQping(url) == PQPING_OK;
}

void engine_server_start(void)
{
	char data[96], socket_dir[96];
	const char *const argv[] = { "postgres",
				     "-D",
				     data,
				     "-k",
				     socket_dir,
				     "-c",
				     "listen_addresses=",
				     "-c",
				     "shared_buffers=16MB",
				     "-c",
				     "max_connections=20",
				     NULL };

	(void)snprintf(data, sizeof(data), "%s/data", server.dir);
	(void)snprintf(socket_dir, sizeof(socket_dir), "%s", server.dir);
	server.pid = spawn(argv);
	for (int i = 0; i < START_TRIES && !answers(); i++)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	assert_true(answers());
}

static void server_make(void)
{
	const struct passwd *user = getpwnam("nobody");
	char data[96];
	const char *const argv[] = { "initdb", "-D", data,   "-U",         "alamo",     "-A",
				     "trust",  "-E", "UTF8", "--locale=C", "--no-sync", NULL };
	int status;

	bin_find();
	(void)snprintf(server.dir, sizeof(server.dir), "/tmp/alamo-pg-XXXXXX");
	assert_non_null(mkdtemp(server.dir));
	if (geteuid() == 0)
		assert_true(user != NULL && chown(server.dir, user->pw_uid, user->pw_gid) == 0);
	(void)snprintf(data, sizeof(data), "%s/data", server.dir);
	assert_true(waitpid(spawn(argv), &status, 0) > 0 && status == 0);
	engine_server_start();
}

/* Those that serve a connection are children of the first. */
void engine_server_signal(int number)
{
	char path[96];
	long pid;
	FILE *file;

	if (number == SIGSTOP)
		(void)kill(server.pid, number);
	(void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)server.pid, (long)server.pid);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fscanf(file, "%ld", &pid) == 1)
		(void)kill((pid_t)pid, number);
	(void)fclose(file);
	if (number == SIGCONT)
		(void)kill(server.pid, number);
}

void engine_server_crash(void)
{
	(void)kill(server.pid, SIGQUIT);
	assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
	server.pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void engines_stop(void)
{
	if (server.dir[0] == '\0')
		return;
	if (server.pid > 0)
		engine_server_crash();
	(void)nftw(server.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void database_make(char where[static ENGINE_WHERE_MAX])
{
	char text[64], url[ENGINE_WHERE_MAX];

	if (server.pid == 0)
		server_make();
	url_of("postgres", url);
	(void)snprintf(text, sizeof(text), "CREATE DATABASE t%u", ++server.databases);
	assert_true(engine_sql(url, text));
	url_of(text + sizeof("CREATE DATABASE ") - 1, where);
}

static void database_drop(const char *where)
{
	char text[96], url[ENGINE_WHERE_MAX];
	const char *name = strstr(where, "@/") + 2;

	url_of("postgres", url);
	(void)snprintf(text, sizeof(text), "DROP DATABASE %.*s WITH (FORCE)", (int)strcspn(name, "?"), name);
	assert_true(engine_sql(url, text));
}

#else
void engines_stop(void)
{
}
#endif

/* ---- files ---- */

static void file_make(const char *dir, char where[static ENGINE_WHERE_MAX])
{
	(void)snprintf(where, ENGINE_WHERE_MAX, "%s/ledger.db", dir);
}

static void file_drop(const char *where)
{
	static const char *const names[] = { "", "-wal", "-shm", ".lock" };
	char path[ENGINE_WHERE_MAX + 8];

	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", where, names[i]);
		(void)unlink(path);
	}
}

/* ---- the table ---- */

const char *const engine_kinds[] = {
	"sqlite",
#ifdef ALAMO_POSTGRESQL
	"postgresql",
#endif
};
const size_t engine_kind_count = AL_COUNT(engine_kinds);

void engine_place_make(const char *kind, const char *dir, char where[static ENGINE_WHERE_MAX])
{
#ifdef ALAMO_POSTGRESQL
	if (kind != engine_kinds[0]) {
		database_make(where);
		return;
	}
#endif
	(void)kind;
	file_make(dir, where);
}

void engine_place_drop(const char *kind, const char *where)
{
#ifdef ALAMO_POSTGRESQL
	if (kind != engine_kinds[0]) {
		database_drop(where);
		return;
	}
#endif
	(void)kind;
	file_drop(where);
}
