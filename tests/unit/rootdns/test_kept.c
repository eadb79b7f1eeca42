/* SPDX-License-Identifier: MIT */
/*
 * test_kept.c -- files that are whole or not there: in pieces of every size, in place of another, into folders that are
 * not there, and what is left, and said, when it does not work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "folder.h"

#include "../said.h"
#include "../syncs.h"
#include "kept.h"

static char path[512];

static const char *path_of(const char *dir, const char *name)
{
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

/* How many files the folder has. */
static size_t count_of(const char *dir)
{
	struct dirent *item;
	DIR *folder = opendir(dir);
	size_t count = 0;

	assert_non_null(folder);
	while ((item = readdir(folder)) != NULL)
		count += item->d_name[0] != '.' || strlen(item->d_name) > 2;
	(void)closedir(folder);
	return count;
}

static void is_kept(const char *dir, const char *name, const uint8_t *bytes, size_t len)
{
	struct al_buf out;

	al_buf_init(&out, len);
	assert_int_equal(kept_get(dir, name, &out), AL_OK);
	assert_int_equal(out.len, len);
	if (len > 0)
		assert_memory_equal(out.ptr, bytes, len);
	al_buf_release(&out);
}

/* Whatever the pieces, and wherever they end in the memory that they go through. */
static void in_pieces(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 4095, 4096, 4097, 65535, 65536, 65537, 200000 };
	const char *dir = *state;
	const size_t len = 200000;
	uint8_t *bytes = malloc(len);
	struct kept_file *file;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t i = 0; i < AL_COUNT(pieces); i++) {
		assert_int_equal(kept_begin(dir, "pieces", 0640, &file), AL_OK);
		for (size_t at = 0; at < len; at += pieces[i])
			assert_int_equal(kept_write(file, bytes + at, len - at < pieces[i] ? len - at : pieces[i]),
					 AL_OK);
		assert_int_equal(kept_end(file, AL_OK), AL_OK);
		is_kept(dir, "pieces", bytes, len);
	}
	/* As much as there is room for, and not a byte more. */
	for (size_t more = 0; more < 2; more++) {
		struct al_buf out;

		al_buf_init(&out, len - more);
		assert_int_equal(kept_get(dir, "pieces", &out), more == 0 ? AL_OK : AL_ELIMIT);
		al_buf_release(&out);
	}
	assert_int_equal(kept_put(dir, "pieces", 0640, bytes, 0), AL_OK);
	is_kept(dir, "pieces", bytes, 0);
	is_kept(path_of(dir, "pieces"), NULL, bytes, 0);
	assert_int_equal(unlink(path), 0);
	free(bytes);
}

static void modes_are_those_asked_for(void **state)
{
	static const mode_t modes[] = { 0600, 0644, 0600 };
	const char *dir = *state;
	mode_t mask = umask(0077);
	struct stat st;

	for (size_t i = 0; i < AL_COUNT(modes); i++) {
		assert_int_equal(kept_put(dir, "mode", modes[i], "x", 1), AL_OK);
		assert_int_equal(stat(path_of(dir, "mode"), &st), 0);
		assert_int_equal(st.st_mode & 07777, modes[i]);
	}
	(void)umask(mask);
	assert_int_equal(unlink(path), 0);
}

/* What is begun is not seen, and what is given up leaves nothing. */
static void whole_or_not_there(void **state)
{
	const char *dir = *state;
	struct kept_file *file;
	struct al_buf out;

	assert_int_equal(kept_begin(dir, "whole", 0600, &file), AL_OK);
	assert_int_equal(kept_write(file, "new", 3), AL_OK);
	al_buf_init(&out, 100);
	assert_int_equal(kept_get(dir, "whole", &out), AL_ENOTFOUND);
	assert_int_equal(kept_end(file, AL_EINVAL), AL_EINVAL);
	assert_int_equal(kept_get(dir, "whole", &out), AL_ENOTFOUND);
	assert_int_equal(count_of(dir), 0);
	assert_int_equal(kept_put(dir, "whole", 0600, "old", 3), AL_OK);
	assert_int_equal(kept_begin(dir, "whole", 0600, &file), AL_OK);
	assert_int_equal(kept_write(file, "newer", 5), AL_OK);
	is_kept(dir, "whole", (const uint8_t *)"old", 3);
	assert_int_equal(kept_end(file, AL_OK), AL_OK);
	is_kept(dir, "whole", (const uint8_t *)"newer", 5);
	assert_int_equal(count_of(dir), 1);
	assert_int_equal(unlink(path_of(dir, "whole")), 0);
	al_buf_release(&out);
}

/* The bytes before their name, and the name in its folder. */
static void on_the_disk(void **state)
{
	const char *dir = *state;
	struct kept_file *file;

	syncs->count = 0;
	assert_int_equal(kept_begin(dir, "disk", 0600, &file), AL_OK);
	assert_int_equal(kept_write(file, "new", 3), AL_OK);
	assert_int_equal(syncs->count, 0);
	assert_int_equal(kept_end(file, AL_OK), AL_OK);
	assert_int_equal(syncs->count, 2);
	assert_string_equal(syncs->path[0], path_of(dir, ".disk.new"));
	assert_string_equal(syncs->path[1], dir);
	/* What is given up need not be there. */
	syncs->count = 0;
	assert_int_equal(kept_begin(dir, "disk", 0600, &file), AL_OK);
	assert_int_equal(kept_write(file, "new", 3), AL_OK);
	assert_int_equal(kept_end(file, AL_EINVAL), AL_EINVAL);
	assert_int_equal(syncs->count, 0);
	assert_int_equal(unlink(path_of(dir, "disk")), 0);
}

/* Those above it too, and again when they are there. */
static void folders_are_made(void **state)
{
	struct stat st;
	char dir[256];

	(void)snprintf(dir, sizeof(dir), "%s/a/b/c", (const char *)*state);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(kept_dir(dir), AL_OK);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(kept_put(dir, "x", 0600, "x", 1), AL_OK);
	/* A file in its place. */
	(void)strcat(dir, "/x/y");
	assert_int_equal(kept_dir(dir), AL_ESYS);
	(void)snprintf(dir, sizeof(dir), "%s/a", (const char *)*state);
	folder_remove(dir);
}

static void failures_are_said(void **state)
{
	const char *dir = *state;
	struct kept_file *file;
	struct said said;
	struct al_buf out;
	char line[600];

	/* Into a folder that is not there. */
	said_begin(&said);
	assert_int_equal(kept_put(path_of(dir, "none"), "x", 0600, "x", 1), AL_ESYS);
	(void)snprintf(line, sizeof(line), "error alamo event=key-file call=open path=%s/none/.x.new errno=2\n", dir);
	assert_non_null(strstr(said_end(&said), line));
	/* A folder in the place of the file: what was there stays, and nothing else is left. */
	assert_int_equal(mkdir(path_of(dir, "x"), 0700), 0);
	said_begin(&said);
	assert_int_equal(kept_begin(dir, "x", 0600, &file), AL_OK);
	assert_int_equal(kept_write(file, "x", 1), AL_OK);
	assert_int_equal(kept_end(file, AL_OK), AL_ESYS);
	(void)snprintf(line, sizeof(line), "event=key-file call=rename path=%s/x errno=", dir);
	assert_non_null(strstr(said_end(&said), line));
	assert_int_equal(count_of(dir), 1);
	al_buf_init(&out, 100);
	said_begin(&said);
	assert_int_equal(kept_get(dir, "x", &out), AL_ESYS);
	(void)snprintf(line, sizeof(line), "event=key-file call=read path=%s/x errno=21\n", dir);
	assert_non_null(strstr(said_end(&said), line));
	said_begin(&said);
	assert_int_equal(kept_get(path_of(dir, "x/y"), "z", &out), AL_ENOTFOUND); /* and that is no failure */
	assert_string_equal(said_end(&said), "");
	assert_int_equal(rmdir(path_of(dir, "x")), 0);
	assert_int_equal(kept_put(dir, "x", 0600, "x", 1), AL_OK);
	said_begin(&said);
	assert_int_equal(kept_get(path_of(dir, "x"), "y", &out), AL_ESYS);
	assert_non_null(strstr(said_end(&said), "event=key-file call=open path="));
	assert_int_equal(unlink(path_of(dir, "x")), 0);
	al_buf_release(&out);
}

/* One line of so many digits, made when there is none and then always the same. */
static void secrets(void **state)
{
	static const char *const damaged[] = { "",
					       "\n",
					       "00\n",
					       "zz\n",
					       "000102030405060708090a0b0c0d0e0\n",
					       "000102030405060708090a0b0c0d0e0f10\n",
					       "000102030405060708090a0b0c0d0e0g\n",
					       "000102030405060708090a0b0c0d0e0f\n0" };
	static const char good[] = "000102030405060708090a0b0c0d0e0f\n";
	const char *dir = *state;
	uint8_t first[KEPT_SECRET_MAX] = { 0 }, again[KEPT_SECRET_MAX] = { 0 };
	const uint8_t zero[KEPT_SECRET_MAX] = { 0 };
	struct said said;
	struct stat st;

	for (size_t len = 16; len <= KEPT_SECRET_MAX; len += 16) {
		memset(first, 0, sizeof(first));
		assert_int_equal(kept_secret(dir, "secret", first, len), AL_OK);
		assert_memory_not_equal(first, zero, len);
		assert_memory_equal(first + len, zero, sizeof(first) - len);
		assert_int_equal(stat(path_of(dir, "secret"), &st), 0);
		assert_int_equal(st.st_size, 2 * len + 1);
		assert_int_equal(st.st_mode & 07777, 0400);
		assert_int_equal(kept_secret(dir, "secret", again, len), AL_OK);
		assert_memory_equal(first, again, len);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(kept_put(dir, "secret", 0600, good, sizeof(good) - 1), AL_OK);
	assert_int_equal(kept_secret(dir, "secret", first, 16), AL_OK);
	for (uint8_t i = 0; i < 16; i++)
		assert_int_equal(first[i], i);
	for (size_t i = 0; i < AL_COUNT(damaged); i++) {
		assert_int_equal(kept_put(dir, "secret", 0600, damaged[i], strlen(damaged[i])), AL_OK);
		said_begin(&said);
		assert_int_equal(kept_secret(dir, "secret", first, 16), AL_EINVAL);
		assert_non_null(strstr(said_end(&said), "/secret why=\"not 32 hex digits\" mend=\"remove it\"\n"));
	}
	assert_int_equal(unlink(path_of(dir, "secret")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_pieces),          cmocka_unit_test(modes_are_those_asked_for),
		cmocka_unit_test(whole_or_not_there), cmocka_unit_test(folders_are_made),
		cmocka_unit_test(failures_are_said),  cmocka_unit_test(secrets),
		cmocka_unit_test(on_the_disk),
	};

	syncs_begin();
	return cmocka_run_group_tests(tests, folder_make, folder_drop);
}
