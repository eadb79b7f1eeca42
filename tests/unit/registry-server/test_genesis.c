/* SPDX-License-Identifier: MIT */
/*
 * test_genesis.c -- an authority is founded by files of requests: with all of them, in their order, or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "registry_rig.h"

#include "../folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authority_folder.h"
#include "genesis.h"
#include "registry.h"

struct world {
	struct registry_rig rig; /* of which the people are wanted, to sign */
	struct al_skey key;
	char dir[40], path[96];
	char printed[65536], said[8192];
};

static const char *path_of(struct world *w, const char *name)
{
	(void)snprintf(w->path, sizeof(w->path), "%s/%s", w->dir, name);
	return w->path;
}

static void request_write(struct world *w, const char *name, const char *header, const char *objects,
			  const char *signers)
{
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	registry_rig_request(&w->rig, header, objects, signers, &raw);
	folder_write(w->dir, name, al_buf_view(&raw));
	al_buf_release(&raw);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	registry_rig_start(&w->rig);
	(void)strcpy(w->dir, "/tmp/test_genesis.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(mkdir(path_of(w, "keys"), 0700), 0);
	folder_write(w->dir, "alamo.conf", AL_S("[network]\nname = test\n[registry]\nledger = ledger.db\n"));
	log_key_write(w->dir, &w->key);
	request_write(w, "founding", "prev: none none\n", AUTHORITY_FOUNDING, "0");
	request_write(w, "alice", "prev: none\n", ALICE, "1");
	request_write(w, "bob", "prev: none\n", BOB, "2");
	request_write(w, "forged", "prev: none\n", BOB, "1");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	registry_rig_stop(&w->rig);
	(void)folder_remove(w->dir);
	free(w);
	return 0;
}

static void file_read(struct world *w, const char *name, char *out, size_t size)
{
	FILE *file = fopen(path_of(w, name), "re");

	assert_non_null(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

/* The exit code, with these files of the folder; what was printed, and said, is kept. */
static int genesis(struct world *w, const char *const *names, int count)
{
	char paths[4][96], conf[96], *files[4];
	int status;
	pid_t pid;

	for (int i = 0; i < count; i++)
		files[i] = strcpy(paths[i], path_of(w, names[i]));
	(void)strcpy(conf, path_of(w, "alamo.conf"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int code;

		if (freopen(path_of(w, "printed"), "w", stdout) == NULL ||
		    freopen(path_of(w, "said"), "w", stderr) == NULL)
			_exit(99);
		(void)alarm(60);
		code = genesis_main(conf, files, count);
		exit(code); /* a sanitizer looks for leaks then */
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	file_read(w, "printed", w->printed, sizeof(w->printed));
	file_read(w, "said", w->said, sizeof(w->said));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool there_is(struct world *w, const char *name)
{
	return access(path_of(w, name), F_OK) == 0;
}

/* The size of the ledger, which is whole and of the key. */
static uint64_t ledger_size(struct world *w)
{
	struct ledger_opts opts = { .path = w->path, .key = &w->key.pub };
	struct ledger *ledger;
	uint64_t size;

	(void)path_of(w, "ledger.db");
	assert_int_equal(ledger_open(&opts, &ledger), AL_OK);
	size = ledger_head(ledger, NULL).size;
	ledger_close(ledger);
	return size;
}

static void file_after_file(void **state)
{
	static const char *const names[] = { "founding", "alice", "bob" };
	struct world *w = *state;
	const char *second, *third;

	assert_int_equal(genesis(w, names, 3), 0);
	says(w->printed, "Create SUCCEEDED: [registry] TEST\n");
	says(w->printed, "% receipt: index 0,");
	second = strstr(w->printed, "Create SUCCEEDED: [mntner] ALICE-MNT\n% receipt: index 1,");
	assert_non_null(second);
	third = strstr(second, "Create SUCCEEDED: [mntner] BOB-MNT\n% receipt: index 2,");
	assert_non_null(third);
	does_not_say(w->said, "event=genesis");
	assert_int_equal(ledger_size(w), 3);
	assert_true(there_is(w, "keys/log.guard"));
}

/* Whichever file it is, and whatever is wrong with it, nothing is left, and it can be done right in the same place. */
static void all_or_nothing(void **state)
{
	static const struct {
		const char *names[3];
		int count;
		const char *said, *printed;
	} rows[] = {
		{ { "alice", "founding" }, 2, "/alice error=denied\n", "FAILED: [mntner] ALICE-MNT" },
		{ { "founding", "forged", "alice" }, 3, "/forged error=denied\n", "FAILED: [mntner] BOB-MNT" },
		{ { "founding", "alice", "forged" }, 3, "/forged error=denied\n", "FAILED: [mntner] BOB-MNT" },
		{ { "founding", "nothing" }, 2, "/nothing error=not-found\n", "% receipt: index 0," },
		{ { "founding", "much" }, 2, "/much error=over-limit\n", "% receipt: index 0," },
	};
	static const char *const left[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "keys/log.guard" };
	struct world *w = *state;
	char *much = calloc(1, 2 * AL_REQUEST_MAX + 1);

	assert_non_null(much);
	memset(much, '#', 2 * AL_REQUEST_MAX + 1);
	folder_write(w->dir, "much", al_slice_of(much, 2 * AL_REQUEST_MAX + 1));
	free(much);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		assert_int_equal(genesis(w, rows[i].names, rows[i].count), 1);
		says(w->said, rows[i].said);
		says(w->said, ": no ledger was made\n");
		says(w->printed, rows[i].printed);
		for (size_t j = 0; j < AL_COUNT(left); j++)
			assert_false(there_is(w, left[j]));
	}
	/* What comes behind a refused file is not looked at. */
	assert_int_equal(genesis(w, rows[1].names, 3), 1);
	does_not_say(w->printed, "ALICE-MNT");
	assert_int_equal(genesis(w, (const char *const[]){ "founding" }, 1), 0);
	assert_int_equal(ledger_size(w), 1);
}

/* An authority that is there stays as it is. */
static void not_twice(void **state)
{
	static const char *const names[] = { "founding", "alice" };
	struct world *w = *state;

	assert_int_equal(genesis(w, names, 2), 0);
	assert_int_equal(genesis(w, names, 1), 1);
	says(w->said, "/keys/log.guard reason=\"exists: this key has signed a ledger before");
	says(w->said, "event=genesis error=exists: no ledger was made\n");
	assert_string_equal(w->printed, "");
	assert_int_equal(ledger_size(w), 2);
	/* Nor with its guard lost: then it is the ledger that is there. */
	assert_int_equal(unlink(path_of(w, "keys/log.guard")), 0);
	assert_int_equal(genesis(w, names, 1), 1);
	says(w->said, "event=genesis error=exists: no ledger was made\n");
	assert_false(there_is(w, "keys/log.guard"));
	assert_int_equal(ledger_size(w), 2);
}

static void no_configuration(void **state)
{
	struct world *w = *state;

	folder_write(w->dir, "alamo.conf", AL_S("[network]\nnonsense = 1\n"));
	assert_int_equal(genesis(w, (const char *const[]){ "founding" }, 1), 2);
	says(w->said, "alamo.conf:2: ");
	assert_int_equal(unlink(path_of(w, "alamo.conf")), 0);
	assert_int_equal(genesis(w, (const char *const[]){ "founding" }, 1), 2);
	assert_false(there_is(w, "ledger.db"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(file_after_file),
		TEST(all_or_nothing),
		TEST(not_twice),
		TEST(no_configuration),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
