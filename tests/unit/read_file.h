/* SPDX-License-Identifier: MIT */
/*
 * read_file.h -- a vector of tests/ as bytes. For tests only.
 */
#ifndef TESTS_READ_FILE_H
#define TESTS_READ_FILE_H

#include <stdio.h>

#include "alamo/base/buf.h"

#define READ_FILE_MAX (1u << 20)

/* Contents of TEST_DATA/`name` in `out`, which the caller initialised; false when it cannot be read. */
static inline bool read_file(const char *name, struct al_buf *out)
{
	char path[1024], bytes[4096];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s", TEST_DATA, name);
	file = fopen(path, "rb");
	if (file == NULL)
		return false;
	while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
		al_buf_put(out, bytes, len);
	(void)fclose(file);
	return out->err == AL_OK;
}

#endif
