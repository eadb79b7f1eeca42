/* SPDX-License-Identifier: MIT */
/*
 * replay.c -- runs a fuzz target over the files of a folder, so that every
 * input that once mattered stays a test. An empty folder is a failure: a
 * check that reads nothing proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *dir, const char *name)
{
	static uint8_t bytes[1 << 21];
	char path[4096];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return 0;
	len = fread(bytes, 1, sizeof(bytes), file);
	(void)fclose(file);
	(void)LLVMFuzzerTestOneInput(bytes, len);
	return 1;
}

int main(int argc, char **argv)
{
	struct dirent *item;
	DIR *dir;
	int count = 0;

	if (argc != 2 || (dir = opendir(argv[1])) == NULL) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	while ((item = readdir(dir)) != NULL)
		if (item->d_name[0] != '.')
			count += replay_file(argv[1], item->d_name);
	(void)closedir(dir);
	(void)printf("%d inputs replayed\n", count);
	return count > 0 ? 0 : 1;
}
