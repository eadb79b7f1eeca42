/* SPDX-License-Identifier: MIT */
/*
 * test_http_request.c -- the head of a request as the parser has it, and its refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "http_request.h"

/* Fields that others may send, and what is made of those that matter here. */
static void test_fields_of_a_request(void **state)
{
	static const struct {
		const char *first, *fields;
		int status;
		bool close;
		const char *host; /* NULL: none that may be repeated in links */
	} rows[] = {
		{ "GET / HTTP/1.1", "Host: a.example:8080\r\n", 200, false, "a.example:8080" },
		{ "GET / HTTP/1.1", "hOST:  [fca1::1]:80 \t\r\n", 200, false, "[fca1::1]:80" },
		{ "GET / HTTP/1.1", "Host: Z-9\r\nX\x21#$%&'*+-.^_`|~09azAZ: a\tb\r\n", 200, false, "Z-9" },
		{ "GET / HTTP/1.1", "Host: x/y\r\n", 200, false, NULL },
		{ "GET / HTTP/1.1", "Host: x@y\r\n", 200, false, NULL },
		{ "GET / HTTP/1.1", "Host:\r\n", 200, false, NULL },
		{ "GET / HTTP/1.1", "Host: x\r\nConnection: close\r\n", 200, true, "x" },
		{ "GET / HTTP/1.1", "Host: x\r\nConnection: upgrade, CLOSE\r\n", 200, true, "x" },
		{ "GET / HTTP/1.1", "Host: x\r\nConnection: closed\r\n", 200, false, "x" },
		{ "GET / HTTP/1.2", "Host: x\r\n", 200, false, "x" },
		{ "GET / HTTP/1.0", "", 200, true, NULL },
		{ "GET / HTTP/1.0", "Connection: Keep-Alive\r\n", 200, false, NULL },
		{ "GET / HTTP/1.0", "Host: x\r\nHost: x\r\n", 400, true, NULL },
		{ "GET / HTTP/1.1", "Host: x\r\nContent-Length: 0\r\n", 200, false, "x" },
		{ "GET / HTTP/1.1", "Host: x\r\nContent-Length: 1\r\n", 413, false, NULL },
		{ "POST / HTTP/1.1", "Host: x\r\nContent-Length: 7\r\nContent-Length: 7\r\n", 200, false, "x" },
		{ "POST / HTTP/1.1", "Host: x\r\nContent-Length: 7\r\nContent-Length: 8\r\n", 400, false, NULL },
		{ "POST / HTTP/1.1", "Host: x\r\nContent-Length: 139265\r\n", 413, false, NULL },
	};
	struct http_request request;
	char head[512];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		snprintf(head, sizeof(head), "%s\r\n%s\r\n", rows[i].first, rows[i].fields);
		int status = http_request_parse(al_slice_str(head), &request);
		if (status != rows[i].status)
			fail_msg("%d, not %d: %s", status, rows[i].status, head);
		if (status != 200)
			continue;
		assert_int_equal(request.close, rows[i].close);
		assert_int_equal(request.post, rows[i].first[0] == 'P');
		assert_false(request.head);
		assert_int_equal(request.body_len, request.post ? 7 : 0);
		assert_true(al_slice_is(request.host, rows[i].host != NULL ? rows[i].host : ""));
	}
	for (int len = 254; len < 257; len++) { /* as long as a name may be */
		snprintf(head, sizeof(head), "GET / HTTP/1.1\r\nHost: %0*d\r\n\r\n", len, 7);
		assert_int_equal(http_request_parse(al_slice_str(head), &request), 200);
		assert_int_equal(request.host.len, len <= 255 ? (size_t)len : 0);
	}
	assert_int_equal(http_request_parse(AL_S("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), &request), 505);
	assert_true(request.close);
	assert_int_equal(http_request_parse(AL_S(""), &request), 400);
}

static void test_head_len(void **state)
{
	(void)state;
	assert_int_equal(http_head_len(AL_S("")), 0);
	assert_int_equal(http_head_len(AL_S("GET / HTTP/1.1\r\nA: b\r\n")), 0);
	assert_int_equal(http_head_len(AL_S("GET / HTTP/1.1\r\nA: b\r\n\r")), 0);
	assert_int_equal(http_head_len(AL_S("GET / HTTP/1.1\r\nA: b\r\n\r\nrest")), 24);
	assert_int_equal(http_head_len(AL_S("GET / HTTP/1.1\nA: b\n\nrest")), 21);
}

static void test_decode_is_bounded(void **state)
{
	char out[4];
	size_t len = 9;
	(void)state;
	assert_int_equal(http_decode(AL_S("%61bcd"), out, sizeof(out), &len), AL_OK);
	assert_int_equal(len, 4);
	assert_memory_equal(out, "abcd", 4);
	assert_int_equal(http_decode(AL_S("abcde"), out, sizeof(out), &len), AL_ELIMIT);
	assert_int_equal(http_decode(AL_S("ab%6"), out, sizeof(out), &len), AL_EINVAL);
	assert_int_equal(http_decode(AL_S(""), out, sizeof(out), &len), AL_OK);
	assert_int_equal(len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_of_a_request),
		cmocka_unit_test(test_head_len),
		cmocka_unit_test(test_decode_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
