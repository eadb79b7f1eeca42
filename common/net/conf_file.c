/* SPDX-License-Identifier: MIT */
/*
 * conf_file.c -- an ini file, checked against the schema.
 *
 * inih splits lines; the reader that feeds it counts them, so that every
 * complaint has its line. Values are checked when they are read.
 */
#include "conf_parts.h"

#include "alamo/base/ident.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REASON_LEN 160
#define FILE_LINES_MAX 10000

/* ---- checks: NULL, or what is wrong ---- */

static const char *check_choice(const struct conf_row *row, struct al_slice text)
{
	struct al_slice rest = al_slice_str(row->choices);
	struct al_slice choice;
	bool more = true;
	while (more) {
		more = al_slice_cut(&rest, '|', &choice);
		if (al_slice_eq(choice, text))
			return NULL;
	}
	return "is not one of";
}

static const char *check_addrs(const struct conf_row *row, struct al_slice text)
{
	struct al_slice one;
	struct al_prefix addr;
	uint64_t count = 0;
	while (al_conf_next(&text, &one)) {
		if (al_addr_parse(one, &addr) != AL_OK)
			return "has something that is not an IP address";
		count++;
	}
	if (count < row->min)
		return "needs an address";
	return count > row->max ? "has too many addresses" : NULL;
}

static const char *check_value(const struct conf_row *row, struct al_slice text, uint64_t *number)
{
	switch (row->type) {
	case CONF_TEXT:
		return text.len >= row->min ? NULL : "is empty";
	case CONF_CHOICE:
		return check_choice(row, text);
	case CONF_ADDRS:
		return check_addrs(row, text);
	case CONF_NUMBER:
		if (al_slice_u64(text, row->max, number) != AL_OK || *number < row->min)
			return "is not a number in the range";
		return NULL;
	case CONF_BOOL:
		*number = al_slice_is(text, "yes");
		return *number != 0 || al_slice_is(text, "no") ? NULL : "is neither yes nor no";
	}
	return "has no type";
}

/* ---- reading ---- */

struct conf_reader {
	struct al_conf *conf;
	FILE *file;
	int line;     /* of what inih looks at now */
	int bad_line; /* 0: none yet */
	enum al_err err;
	char reason[REASON_LEN];
};

static void reader_fail(struct conf_reader *reader, enum al_err err, const char *fmt, ...) AL_PRINTF(3, 4);
static void reader_fail(struct conf_reader *reader, enum al_err err, const char *fmt, ...)
{
	if (reader->err != AL_OK)
		return;
	reader->err = err;
	reader->bad_line = reader->line;
	va_list args;
	va_start(args, fmt);
	vsnprintf(reader->reason, sizeof(reader->reason), fmt, args);
	va_end(args);
}

/*
 * inih's source of lines. It would cut a long line in two, and take an
 * indented one as more of the value above: neither gets that far.
 */
static char *reader_line(char *out, int cap, void *arg)
{
	struct conf_reader *reader = arg;
	int len = 0;
	int ch = getc(reader->file);
	if (ch == EOF || reader->err != AL_OK)
		return NULL;
	reader->line++;
	if (reader->line > FILE_LINES_MAX)
		reader_fail(reader, AL_ELIMIT, "more lines than a configuration has");
	for (; ch != EOF && ch != '\n'; ch = getc(reader->file)) {
		if (ch == '\0' || len >= cap - 2) {
			reader_fail(reader, AL_EINVAL, ch == '\0' ? "a NUL byte" : "the line is too long");
			return NULL;
		}
		if (len > 0 || (ch != ' ' && ch != '\t'))
			out[len++] = (char)ch;
	}
	out[len++] = '\n';
	out[len] = '\0';
	return reader->err == AL_OK ? out : NULL;
}

static bool section_known(const char *section)
{
	for (size_t i = 0; i < conf_rows_count; i++)
		if (strcmp(conf_rows[i].section, section) == 0)
			return true;
	return false;
}

static void reader_value(struct conf_reader *reader, const struct conf_row *row, const char *text)
{
	struct conf_value *value = &reader->conf->values[row - conf_rows];
	if (value->text != NULL) {
		reader_fail(reader, AL_EINVAL, "%s is given twice", row->key);
		return;
	}
	const char *wrong = check_value(row, al_slice_str(text), &value->number);
	if (wrong != NULL && row->type == CONF_CHOICE)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s %s", row->key, text, wrong, row->choices);
	else if (wrong != NULL && row->type == CONF_NUMBER)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s %" PRIu64 " to %" PRIu64, row->key, text, wrong, row->min,
			    row->max);
	else if (wrong != NULL)
		reader_fail(reader, AL_EINVAL, "%s: \"%s\" %s", row->key, text, wrong);
	if (wrong != NULL)
		return;
	value->text = strdup(text);
	if (value->text == NULL)
		reader_fail(reader, AL_ENOMEM, "out of memory");
}

static int reader_pair(void *arg, const char *section, const char *key, const char *text)
{
	struct conf_reader *reader = arg;
	const struct conf_row *row = conf_row_find(section, key);
	if (row != NULL)
		reader_value(reader, row, text);
	else if (section[0] == '\0')
		reader_fail(reader, AL_EINVAL, "%s stands before any [section]", key);
	else if (!section_known(section))
		reader_fail(reader, AL_EINVAL, "unknown section [%s]", section);
	else
		reader_fail(reader, AL_EINVAL, "unknown key %s in [%s]", key, section);
	return reader->err == AL_OK;
}

/* Keys that the file does not give. Needs [network] ports, which stands before all ports. */
static enum al_err presets_fill(struct al_conf *conf)
{
	for (size_t i = 0; i < conf_rows_count; i++) {
		const struct conf_row *row = &conf_rows[i];
		struct conf_value *value = &conf->values[i];
		const char *preset = row->preset;
		if (value->text != NULL)
			continue;
		if (row->standard != NULL && strcmp(al_conf_str(conf, "network", "ports"), "standard") == 0)
			preset = row->standard;
		value->text = strdup(preset);
		if (value->text == NULL)
			return AL_ENOMEM;
		const char *wrong = check_value(row, al_slice_str(preset), &value->number);
		assert(wrong == NULL);
		(void)wrong;
	}
	return AL_OK;
}

static enum al_err conf_read(struct conf_reader *reader)
{
	int rc = ini_parse_stream(reader_line, reader, reader_pair, reader);
	/* The first bad line of inih may come before the first of ours. */
	if (rc > 0 && (reader->bad_line == 0 || rc < reader->bad_line)) {
		reader->err = AL_EINVAL;
		reader->bad_line = rc;
		snprintf(reader->reason, sizeof(reader->reason), "neither [section] nor key = value");
	} else if (rc < 0) {
		reader_fail(reader, AL_ENOMEM, "out of memory");
	}
	if (reader->err == AL_OK && ferror(reader->file)) {
		reader->line = 0;
		reader_fail(reader, AL_ESYS, "cannot be read");
	}
	if (reader->err == AL_OK && presets_fill(reader->conf) != AL_OK)
		reader_fail(reader, AL_ENOMEM, "out of memory");
	if (reader->err != AL_OK)
		return reader->err;

	/* RFC 8210 section 6: a router must not drop the data before it could ask again. */
	const struct al_conf *conf = reader->conf;
	uint64_t expire = al_conf_u64(conf, "rpki", "expire");
	reader->line = 0;
	if (expire <= al_conf_u64(conf, "rpki", "refresh") || expire <= al_conf_u64(conf, "rpki", "retry"))
		reader_fail(reader, AL_EINVAL, "[rpki] expire must be longer than refresh and retry");
	return reader->err;
}

static enum al_err dir_of(const char *path, char out[static PATH_MAX])
{
	char copy[PATH_MAX];
	if (al_slice_copy(al_slice_str(path), copy, sizeof(copy)) != AL_OK)
		return AL_ELIMIT;
	return realpath(dirname(copy), out) != NULL ? AL_OK : AL_ESYS;
}

/* Closes the file. */
static enum al_err load_stream(FILE *file, const char *path, struct al_conf **out, char *message, size_t message_cap)
{
	struct conf_reader reader = { .conf = conf_new(), .file = file };

	if (reader.conf == NULL)
		reader_fail(&reader, AL_ENOMEM, "out of memory");
	else if (dir_of(path, reader.conf->dir) != AL_OK)
		reader_fail(&reader, AL_ESYS, "its directory has no absolute path");
	else
		conf_read(&reader);
	fclose(reader.file);

	if (reader.err == AL_OK) {
		*out = reader.conf;
		return AL_OK;
	}
	if (reader.bad_line > 0)
		snprintf(message, message_cap, "%s:%d: %s", path, reader.bad_line, reader.reason);
	else
		snprintf(message, message_cap, "%s: %s", path, reader.reason);
	al_conf_free(reader.conf);
	return reader.err;
}

enum al_err al_conf_load(const char *path, struct al_conf **out, char *message, size_t message_cap)
{
	FILE *file = fopen(path, "re");
	int number = errno;

	if (file != NULL)
		return load_stream(file, path, out, message, message_cap);
	snprintf(message, message_cap, "%s: %s", path, strerror(number));
	return number == ENOENT ? AL_ENOTFOUND : AL_ESYS;
}

enum al_err al_conf_load_fd(int fd, const char *path, struct al_conf **out, char *message, size_t message_cap)
{
	struct stat st;
	FILE *file;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		snprintf(message, message_cap, "%s: is no regular file", path);
		close(fd);
		return AL_EINVAL;
	}
	file = fdopen(fd, "r");
	if (file != NULL)
		return load_stream(file, path, out, message, message_cap);
	snprintf(message, message_cap, "%s: out of memory", path);
	close(fd);
	return AL_ENOMEM;
}
