/* SPDX-License-Identifier: MIT */
/*
 * test_endpoints.c -- what is told of the network's services: the lines of the daemons' files, as they are now.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../clock.h"
#include "../folder.h"

#include "alamo/tlog/note_file.h"
#include "request/endpoints.h"

struct fixture {
	char dir[40], path[128];
	struct al_conf *conf;
	struct endpoints endpoints;
	struct al_buf out;
};

static const char *path_of(struct fixture *f, const char *name)
{
	(void)snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	return f->path;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	assert_int_equal(al_note_save(path_of(f, name), al_slice_str(text), false), AL_OK);
}

/* What is told at this moment. */
static void tells(struct fixture *f, uint64_t ms, const char *text)
{
	clock_ms = ms;
	al_buf_reset(&f->out);
	endpoints_put(&f->endpoints, &f->out);
	al_buf_u8(&f->out, 0);
	assert_int_equal(f->out.err, AL_OK);
	assert_string_equal((const char *)f->out.ptr, text);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char message[256];

	assert_non_null(f);
	(void)strcpy(f->dir, "/tmp/test_endpoints.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	put(f, "alamo.conf", "[network]\nname = test\n");
	assert_int_equal(al_conf_load(f->path, &f->conf, message, sizeof(message)), AL_OK);
	assert_int_equal(mkdir(path_of(f, "run"), 0700), 0);
	assert_int_equal(mkdir(path_of(f, "run/endpoints.d"), 0700), 0);
	endpoints_init(&f->endpoints, f->conf);
	al_buf_init(&f->out, 65536);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	clock_ms = 0;
	endpoints_release(&f->endpoints);
	al_buf_release(&f->out);
	al_conf_free(f->conf);
	(void)folder_remove(f->dir);
	free(f);
	return 0;
}

/* An answer is text for a terminal: of a line with anything else in it nothing is told. */
static void only_lines_of_text(void **state)
{
	static const struct {
		const char *file, *told;
	} rows[] = {
		{ "whois 127.0.0.1:43\n", "endpoint: whois 127.0.0.1:43\n" },
		{ "dns [::1]:53\nbare\n\ndns-tcp [::1]:53\n", "endpoint: dns [::1]:53\nendpoint: dns-tcp [::1]:53\n" },
		{ "last 127.0.0.1:1", "endpoint: last 127.0.0.1:1\n" },
		{ " ~\n", "endpoint:  ~\n" },
		{ "a\037b 1\n", "" },
		{ "a\177b 1\n", "" },
		{ "a\303\244 1\nb 2\n", "endpoint: b 2\n" },
		{ "\t 1\nb 2\033\n", "" },
		{ "\n", "" },
		{ "", "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		put(f, "run/endpoints.d/daemon", rows[i].file);
		tells(f, 1000 * (i + 1), rows[i].told);
	}
}

/* A daemon that is gone has no file; what has a dot in its name is being written, or is none. */
static void each_daemons_file(void **state)
{
	struct fixture *f = *state;

	tells(f, 5000, "");
	put(f, "run/endpoints.d/whoisd.new", "whois 127.0.0.1:43\n");
	put(f, "run/endpoints.d/.rootd", "dns 127.0.0.1:53\n");
	tells(f, 6000, "");
	put(f, "run/endpoints.d/rootd", "dns 127.0.0.1:53\n");
	tells(f, 7000, "endpoint: dns 127.0.0.1:53\n");
	assert_int_equal(unlink(f->path), 0);
	tells(f, 8000, "");
	(void)folder_remove(path_of(f, "run/endpoints.d"));
	tells(f, 9000, "");
}

static void looked_at_once_a_second(void **state)
{
	struct fixture *f = *state;

	put(f, "run/endpoints.d/rootd", "dns 127.0.0.1:53\n");
	tells(f, 7000, "endpoint: dns 127.0.0.1:53\n");
	put(f, "run/endpoints.d/rootd", "dns 127.0.0.1:54\n");
	tells(f, 7999, "endpoint: dns 127.0.0.1:53\n");
	tells(f, 8000, "endpoint: dns 127.0.0.1:54\n");
	/* From that look on, not from the first one. */
	put(f, "run/endpoints.d/rootd", "dns 127.0.0.1:55\n");
	tells(f, 8999, "endpoint: dns 127.0.0.1:54\n");
	tells(f, 9000, "endpoint: dns 127.0.0.1:55\n");
}

/* More than there is room for: rather nothing than a part that looks like all. */
static void too_many_lines(void **state)
{
	struct fixture *f = *state;
	char text[6001];
	size_t len = 0;

	while (len + 8 < sizeof(text))
		len += (size_t)snprintf(text + len, sizeof(text) - len, "dns 1:1\n");
	put(f, "run/endpoints.d/d0", text);
	clock_ms = 1000;
	endpoints_put(&f->endpoints, &f->out);
	assert_int_equal(f->out.len, len / 8 * (sizeof("endpoint: dns 1:1\n") - 1)); /* all of one file */
	put(f, "run/endpoints.d/d1", text);
	tells(f, 2000, "");
	assert_int_equal(unlink(f->path), 0);
	put(f, "run/endpoints.d/d0", "dns 127.0.0.1:53\n");
	tells(f, 3000, "endpoint: dns 127.0.0.1:53\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_lines_of_text),
		TEST(each_daemons_file),
		TEST(looked_at_once_a_second),
		TEST(too_many_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
