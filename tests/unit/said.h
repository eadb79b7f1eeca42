/* SPDX-License-Identifier: MIT */
/* said.h -- what this process writes to standard error, where its log goes. For tests only. */
#ifndef TESTS_SAID_H
#define TESTS_SAID_H

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct said {
	int before, file;
	char text[8192];
};

/* From here on it is kept, and not shown. */
static inline void said_begin(struct said *said)
{
	said->before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	said->file = memfd_create("said", MFD_CLOEXEC);
	assert_true(said->before >= 0 && said->file >= 0);
	assert_int_equal(dup2(said->file, STDERR_FILENO), STDERR_FILENO);
}

/* What it was, as a string. */
static inline const char *said_end(struct said *said)
{
	ssize_t len = pread(said->file, said->text, sizeof(said->text) - 1, 0);

	said->text[len > 0 ? len : 0] = '\0';
	(void)dup2(said->before, STDERR_FILENO);
	(void)close(said->before);
	(void)close(said->file);
	return said->text;
}

#endif
