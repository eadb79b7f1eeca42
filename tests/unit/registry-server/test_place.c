/* SPDX-License-Identifier: MIT */
/* test_place.c -- a PostgreSQL ledger's URL, with the certificates that lie in keys/postgresql. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/ledger.h"

#define URL "postgresql://db.test/alamo"

struct folder {
	struct al_conf *conf;
	char dir[32];
};

static void path_of(const struct folder *f, const char *name, char out[static 100])
{
	(void)snprintf(out, 100, "%s/%s", f->dir, name);
}

static void file_make(const struct folder *f, const char *name)
{
	char path[100];
	FILE *file;

	path_of(f, name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
}

static void file_drop(const struct folder *f, const char *name)
{
	char path[100];

	path_of(f, name, path);
	assert_int_equal(remove(path), 0);
}

static void folder_make(struct folder *f)
{
	char path[100], message[256];

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_place.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	path_of(f, "keys", path);
	assert_int_equal(mkdir(path, 0700), 0);
	path_of(f, "keys/postgresql", path);
	assert_int_equal(mkdir(path, 0700), 0);
	file_make(f, "alamo.conf");
	path_of(f, "alamo.conf", path);
	assert_int_equal(al_conf_load(path, &f->conf, message, sizeof(message)), AL_OK);
}

static void folder_remove(struct folder *f)
{
	static const char *const names[] = { "keys/postgresql/ca.crt",
					     "keys/postgresql/client.crt",
					     "keys/postgresql/client.key",
					     "keys/postgresql",
					     "keys",
					     "alamo.conf",
					     "" };
	char path[100];

	for (size_t i = 0; i < AL_COUNT(names); i++) {
		path_of(f, names[i], path);
		(void)remove(path);
	}
	al_conf_free(f->conf);
}

static void assert_place(const struct folder *f, const char *where, const char *want)
{
	char got[1000];

	assert_int_equal(ledger_place(f->conf, where, got, sizeof(got)), AL_OK);
	assert_string_equal(got, want);
}

static void each_certificate_that_is_there(void **state)
{
	char want[1000];
	struct folder f;
	int len;

	(void)state;
	folder_make(&f);
	assert_place(&f, "/var/ledger.db", "/var/ledger.db");
	assert_place(&f, URL, URL);
	file_make(&f, "keys/postgresql/client.crt");
	file_make(&f, "keys/postgresql/client.key");
	(void)snprintf(want, sizeof(want),
		       "%s?sslcert=%s/keys/postgresql/client.crt&sslkey=%s/keys/postgresql/client.key", URL, f.dir,
		       f.dir);
	assert_place(&f, URL, want);
	/* One of the two alone is named too: what lacks is PostgreSQL's to say. */
	file_drop(&f, "keys/postgresql/client.crt");
	(void)snprintf(want, sizeof(want), "%s?sslkey=%s/keys/postgresql/client.key", URL, f.dir);
	assert_place(&f, URL, want);
	file_make(&f, "keys/postgresql/client.crt");
	/* What the URL says stands, and a CA's certificate asks for a name that is verified. */
	file_make(&f, "keys/postgresql/ca.crt");
	len = snprintf(want, sizeof(want), "%s?sslcert=x&sslrootcert=%s/keys/postgresql/ca.crt", URL, f.dir);
	(void)snprintf(want + len, sizeof(want) - (size_t)len,
		       "&sslmode=verify-full&sslkey=%s/keys/postgresql/client.key", f.dir);
	assert_place(&f, URL "?sslcert=x", want);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_certificate_that_is_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
