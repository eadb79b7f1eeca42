/* SPDX-License-Identifier: MIT */
/*
 * test_save.c -- files that are replaced whole: modes, leftovers, links, full and missing folders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "alamo/base/save.h"

static char dir[] = "/tmp/test_save.XXXXXX";

static const char *path_of(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void assert_holds(const char *path, const char *want)
{
	char bytes[64] = "";
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_int_equal(fread(bytes, 1, sizeof(bytes) - 1, file), strlen(want));
	(void)fclose(file);
	assert_string_equal(bytes, want);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void replaced_whole(void **state)
{
	const char *path = path_of("file");
	mode_t before = umask(0077);

	(void)state;
	assert_int_equal(al_save(path, AL_S("first"), 0644, AL_SAVE_SYNCED), AL_OK);
	assert_holds(path, "first");
	assert_int_equal(mode_of(path), 0644);
	assert_int_equal(al_save(path, AL_S(""), 0400, AL_SAVE_SEEN), AL_OK);
	assert_holds(path, "");
	assert_int_equal(mode_of(path), 0400);
	assert_int_equal(access(path_of("file.new"), F_OK), -1);
	(void)umask(before);
}

/* What a crash left aside is in nobody's way, and a link that somebody put there is not followed. */
static void leftovers(void **state)
{
	const char *path = path_of("left");

	(void)state;
	assert_int_equal(al_save(path_of("victim"), AL_S("victim"), 0600, AL_SAVE_SEEN), AL_OK);
	assert_int_equal(symlink(path_of("victim"), path_of("left.new")), 0);
	assert_int_equal(al_save(path, AL_S("bytes"), 0600, AL_SAVE_SYNCED), AL_OK);
	assert_holds(path, "bytes");
	assert_holds(path_of("victim"), "victim");
}

static void the_old_file_stays(void **state)
{
	const char *path = path_of("stays");
	char *name = malloc(PATH_MAX + 8);

	(void)state;
	assert_int_equal(al_save(path, AL_S("old"), 0600, AL_SAVE_SYNCED), AL_OK);
	assert_int_equal(mkdir(path_of("stays.new"), 0755), 0);
	assert_int_equal(al_save(path, AL_S("new"), 0600, AL_SAVE_SYNCED), AL_EIO);
	assert_holds(path, "old");
	assert_int_equal(rmdir(path_of("stays.new")), 0);
	/* A folder of that name: written, and not to be put there. Nothing is left aside. */
	assert_int_equal(mkdir(path_of("folder"), 0755), 0);
	assert_int_equal(al_save(path_of("folder"), AL_S("x"), 0600, AL_SAVE_SEEN), AL_EIO);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(access(path_of("folder.new"), F_OK), -1);
	assert_int_equal(al_save(path_of("nowhere/file"), AL_S("x"), 0600, AL_SAVE_SEEN), AL_EIO);
	assert_int_equal(errno, ENOENT);
	memset(name, 'x', PATH_MAX);
	name[PATH_MAX - 2] = '\0';
	assert_int_equal(al_save(name, AL_S("x"), 0600, AL_SAVE_SEEN), AL_ELIMIT);
	free(name);
}

static void below_a_folder(void **state)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "sub", 0755), 0);
	assert_int_equal(al_save_at(fd, "sub/file", AL_S("deep"), 0644, AL_SAVE_SYNCED), AL_OK);
	assert_int_equal(al_save_at(fd, "flat", AL_S("flat"), 0644, AL_SAVE_SYNCED), AL_OK);
	assert_holds(path_of("sub/file"), "deep");
	assert_holds(path_of("flat"), "flat");
	(void)close(fd);
}

/* A full disk is a failure, however much went out before. */
static void full_disk(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_false(al_write_all(fd, AL_S("bytes")));
	assert_int_equal(errno, ENOSPC);
	assert_true(al_write_all(fd, AL_S("")));
	(void)close(fd);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaced_whole), cmocka_unit_test(leftovers), cmocka_unit_test(the_old_file_stays),
		cmocka_unit_test(below_a_folder), cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
