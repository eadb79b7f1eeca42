/* SPDX-License-Identifier: MIT */
/*
 * log.c -- log lines, each written to standard error by one write(2).
 *
 * The program's name is set once, before threads start. A line
 * is built on the stack; what is no text in a value is escaped, so that one
 * event is always one line.
 */
#include "alamo/base/log.h"

#include "alamo/base/ident.h"
#include "alamo/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_LEN 2048 /* bytes, with the line end */
#define QUOTE_MAX 100     /* bytes of remote text looked at */

static const char *log_program = "alamo";
static _Atomic int log_least = AL_LOG_INFO;
static bool log_journal; /* standard error is the journal's, which has time and program of its own */
static const char *const level_names[] = {
	[AL_LOG_DEBUG] = "debug",
	[AL_LOG_INFO] = "info",
	[AL_LOG_WARN] = "warn",
	[AL_LOG_ERROR] = "error",
};

/* Levels as syslog numbers them (sd-daemon(3)). */
static const int level_numbers[] = {
	[AL_LOG_DEBUG] = 7,
	[AL_LOG_INFO] = 6,
	[AL_LOG_WARN] = 4,
	[AL_LOG_ERROR] = 3,
};

/* systemd.exec(5): $JOURNAL_STREAM is DEVICE:INODE of the journal's stream, which may have been redirected since. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (stream == NULL || fstat(fd, &st) != 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, ours) == 0;
}

void al_log_init(const char *program, enum al_log_level least)
{
	log_program = program;
	log_journal = is_journal(STDERR_FILENO);
	al_log_least(least);
}

void al_log_least(enum al_log_level least)
{
	atomic_store_explicit(&log_least, (int)least, memory_order_relaxed);
}

enum al_log_level al_log_level_of(const char *name)
{
	for (size_t i = 0; i < AL_COUNT(level_names); i++)
		if (strcmp(name, level_names[i]) == 0)
			return (enum al_log_level)i;
	return AL_LOG_INFO;
}

static void write_all(const char *line, size_t len)
{
	while (len > 0) {
		ssize_t put = write(STDERR_FILENO, line, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return;
		line += put;
		len -= (size_t)put;
	}
}

/* snprintf's result as the bytes that are really there. */
static size_t clamp(int printed, size_t cap)
{
	if (printed < 0)
		return 0;
	return (size_t)printed < cap ? (size_t)printed : cap - 1;
}

static int line_start(char *line, size_t cap, enum al_log_level level, const char *event)
{
	char when[AL_TIME_STRLEN];

	if (log_journal)
		return snprintf(line, cap, "<%d>event=%s ", level_numbers[level], event);
	al_time_format((uint64_t)time(NULL), when);
	return snprintf(line, cap, "%s %s %s event=%s ", when, level_names[level], log_program, event);
}

void al_log(enum al_log_level level, const char *event, const char *fmt, ...)
{
	if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
		return;
	int saved_errno = errno;
	char line[LINE_MAX_LEN], shown[LINE_MAX_LEN];
	size_t cap = sizeof(line) - 1; /* one byte stays for the LF */

	size_t len = clamp(line_start(line, cap, level, event), cap);
	va_list args;
	va_start(args, fmt);
	len += clamp(vsnprintf(line + len, cap - len, fmt, args), cap - len);
	va_end(args);
	while (len > 0 && line[len - 1] == ' ')
		len--;
	al_text_clean(al_slice_of(line, len), shown, sizeof(shown) - 1);
	len = strlen(shown);
	shown[len++] = '\n';
	write_all(shown, len);
	errno = saved_errno;
}

const char *al_log_quote(struct al_slice text, char out[static AL_LOG_QUOTE_LEN])
{
	const size_t room = AL_LOG_QUOTE_LEN - sizeof("...\"");
	size_t len = 0;
	size_t i = 0;
	out[len++] = '"';
	for (; i < text.len && i < QUOTE_MAX; i++) {
		unsigned char ch = (unsigned char)text.ptr[i];
		bool plain = ch >= 0x20 && ch < 0x7f;
		bool escaped = ch == '"' || ch == '\\';
		if (len + (plain ? 1u + escaped : 4u) > room)
			break;
		if (escaped)
			out[len++] = '\\';
		if (plain)
			out[len++] = (char)ch;
		else
			len += clamp(snprintf(out + len, AL_LOG_QUOTE_LEN - len, "\\x%02x", ch),
				     AL_LOG_QUOTE_LEN - len);
	}
	snprintf(out + len, AL_LOG_QUOTE_LEN - len, "%s\"", i < text.len ? "..." : "");
	return out;
}
