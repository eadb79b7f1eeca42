/* SPDX-License-Identifier: MIT */
/* conf_file.h -- a configuration's file, and what is made of it. For tests only. */
#ifndef TESTS_COMMON_CONF_FILE_H
#define TESTS_COMMON_CONF_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/buf.h"
#include "alamo/net/conf.h"

static char dir[] = "/tmp/alamo-conf-XXXXXX";
static char path[64];
static char message[256];

static inline int group_setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/alamo.conf", dir);
	return 0;
}

static inline int group_teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static inline void write_conf(const void *bytes, size_t len)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static inline struct al_conf *load(const char *text)
{
	struct al_conf *conf = NULL;
	write_conf(text, strlen(text));
	message[0] = '\0';
	if (al_conf_load(path, &conf, message, sizeof(message)) != AL_OK)
		print_error("%s\n", message);
	assert_non_null(conf);
	return conf;
}

/* The message without the file's name. */
static inline void assert_refused(const char *text, const char *reason)
{
	struct al_conf *conf = NULL;
	write_conf(text, strlen(text));
	assert_int_equal(al_conf_load(path, &conf, message, sizeof(message)), AL_EINVAL);
	assert_null(conf);
	assert_int_equal(strncmp(message, path, strlen(path)), 0);
	assert_string_equal(message + strlen(path), reason);
}

static inline char *printed(struct al_conf *conf)
{
	struct al_buf text;
	al_buf_init(&text, 65536);
	al_conf_print(conf, &text);
	char *taken = al_buf_take(&text, NULL);
	assert_non_null(taken);
	al_conf_free(conf);
	return taken;
}

#endif
