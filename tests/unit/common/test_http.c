/* SPDX-License-Identifier: MIT */
/*
 * test_http.c -- the HTTP service over loopback, byte by byte where it counts.
 */
#include "http_site.h"

static void test_routes(void **state)
{
	static const struct {
		const char *path;
		const char *body;
	} cases[] = {
		{ "/one", "\r\n\r\nexact[][]" },
		{ "/one?a=b&c=%20", "\r\n\r\nexact[][a=b&c=%20]" },
		{ "/one/", "\r\n\r\nfolder[][]" },
		{ "/one/x/y?", "\r\n\r\nfolder[x/y][]" },
		{ "/one/two", "\r\n\r\nfolder[two][]" },
		{ "/one/two/", "\r\n\r\ndeeper[][]" },
		{ "/one/two/10.0.0.0%2F8", "\r\n\r\ndeeper[10.0.0.0/8][]" },
		{ "/one/%41+b%c3%A9", "\r\n\r\nfolder[A+b\xc3\xa9][]" },
		{ "http://host.example/one/abs?q", "\r\n\r\nfolder[abs][q]" },
		{ "/onetwo", "\r\n\r\n404 Not Found\n" },
		{ "/", "\r\n\r\n404 Not Found\n" },
		{ "/missing", "\r\n\r\n404 Not Found\n" },
		{ "/one/%", "\r\n\r\n400 Bad Request\n" },
		{ "/one/%4", "\r\n\r\n400 Bad Request\n" },
		{ "/one/%zz", "\r\n\r\n400 Bad Request\n" },
		{ "/one/%00", "\r\n\r\n400 Bad Request\n" },
		{ "/broken", "\r\n\r\n500 Internal Server Error\n" },
	};
	char request[512];
	char answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n" CLOSE, cases[i].path);
		ask(*state, request, answer);
		assert_ends(answer, cases[i].body);
	}
}

static void test_who_takes_gzip(void **state)
{
	static const struct {
		const char *field;
		bool takes;
	} rows[] = {
		{ "", false },
		{ "Accept-Encoding: gzip\r\n", true },
		{ "accept-encoding: deflate, GZIP;q=0.5, br\r\n", true },
		{ "Accept-Encoding: x-gzip\r\n", true },
		{ "Accept-Encoding: *\r\n", true },
		{ "Accept-Encoding: identity, *;q=0.1\r\n", true },
		{ "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n", true },
		{ "Accept-Encoding:\r\n", false },
		{ "Accept-Encoding: gzip;q=0\r\n", false },
		{ "Accept-Encoding: gzip ; q=0.000\r\n", false },
		{ "Accept-Encoding: gzip;q=0.001\r\n", true },
		{ "Accept-Encoding: gzip;q=0, *\r\n", false },
		{ "Accept-Encoding: *, gzip;q=0\r\n", false },
		{ "Accept-Encoding: *;q=0\r\n", false },
		{ "Accept-Encoding: gzipped, ungzip, identity\r\n", false },
		{ "Accept-Encoding: ;;;,,;q=,;gzip\r\n", false },
	};
	char request[512], answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		snprintf(request, sizeof(request), "GET /packs HTTP/1.1\r\n%s" CLOSE, rows[i].field);
		ask(*state, request, answer);
		assert_ends(answer, rows[i].takes ? "\r\n\r\nyes" : "\r\n\r\nno");
		assert_true((strstr(answer, "\r\nContent-Encoding: gzip\r\n") != NULL) == rows[i].takes);
		assert_non_null(strstr(answer, "\r\nVary: Accept-Encoding\r\n"));
		snprintf(request, sizeof(request), "GET /packs HTTP/1.1\r\n%sIf-None-Match: \"packed\"\r\n" CLOSE,
			 rows[i].field);
		ask(*state, request, answer);
		assert_starts(answer, rows[i].takes ? "HTTP/1.1 304 " : "HTTP/1.1 200 ");
		assert_true(strstr(answer, "\r\nContent-Encoding: ") == NULL);
	}
}

static void test_fields_of_an_answer(void **state)
{
	char answer[ANSWER_CAP];
	ask(*state, "GET /tag/x HTTP/1.1\r\n" CLOSE, answer);
	assert_starts(answer, "HTTP/1.1 200 OK\r\nDate: ");
	assert_non_null(strstr(answer, " GMT\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(answer, "\r\nContent-Length: 2\r\n"));
	assert_non_null(strstr(answer, "\r\nCache-Control: max-age=60\r\n"));
	assert_non_null(strstr(answer, "\r\nETag: \"v17\"\r\n"));
	assert_non_null(strstr(answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(answer, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
	assert_ends(answer, "\r\n\r\n{}");
	assert_null(strstr(answer, "Content-Security-Policy"));

	ask(*state, "GET /tag/shown HTTP/1.1\r\n" CLOSE, answer);
	assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none'\r\n"));

	ask(*state, "GET /tag/evil HTTP/1.1\r\n" CLOSE, answer);
	assert_null(strstr(answer, "X-Evil"));
	assert_ends(answer, "\r\n\r\n{}");

	ask(*state, "HEAD /tag/x HTTP/1.1\r\n" CLOSE, answer);
	assert_non_null(strstr(answer, "\r\nContent-Length: 2\r\n"));
	assert_ends(answer, "\r\n\r\n");
}

static void test_conditional_requests(void **state)
{
	static const struct {
		const char *condition;
		const char *status;
	} cases[] = {
		{ "\"v17\"", "HTTP/1.1 304 Not Modified\r\n" },
		{ "\"v16\", W/\"v17\"", "HTTP/1.1 304 Not Modified\r\n" },
		{ "*", "HTTP/1.1 304 Not Modified\r\n" },
		{ "\"v16\"", "HTTP/1.1 200 OK\r\n" },
		{ "v17", "HTTP/1.1 200 OK\r\n" },
		{ "", "HTTP/1.1 200 OK\r\n" },
	};
	char request[512];
	char answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		snprintf(request, sizeof(request), "GET /tag/x HTTP/1.1\r\nIf-None-Match: %s\r\n" CLOSE,
			 cases[i].condition);
		ask(*state, request, answer);
		assert_starts(answer, cases[i].status);
		assert_ends(answer, strstr(cases[i].status, "304") != NULL ? "\r\n\r\n" : "{}");
	}
}

/* RFC 9110 section 13.1.3; a tag, where there is one, counts alone (section 13.2.2). */
static void test_conditions_by_date(void **state)
{
	static const struct {
		const char *path, *conditions;
		bool has_already;
	} cases[] = {
		{ "/tag/dated", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", true },
		{ "/tag/dated", "If-Modified-Since: Mon, 07 Nov 1994 00:00:00 GMT\r\n", true },
		{ "/tag/dated", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", false },
		{ "/tag/dated", "If-Modified-Since: Mon, 06 Nov 1994 08:49:37 GMT\r\n", false },
		{ "/tag/dated", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT+1\r\n", false },
		{ "/tag/dated", "If-Modified-Since: Wed, 30 Feb 2033 08:49:37 GMT\r\n", false },
		{ "/tag/dated", "If-Modified-Since: tomorrow\r\n", false },
		{ "/tag/dated", "If-Modified-Since: \r\n", false },
		{ "/tag/dated", "If-None-Match: \"v16\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
		  false },
		{ "/tag/dated", "If-None-Match: \"v17\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n",
		  true },
		{ "/tag/x", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", false },
	};
	char request[512];
	char answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s" CLOSE, cases[i].path, cases[i].conditions);
		ask(*state, request, answer);
		assert_starts(answer, cases[i].has_already ? "HTTP/1.1 304 " : "HTTP/1.1 200 ");
		bool dated = strstr(answer, "\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n") != NULL;
		assert_int_equal(dated, strcmp(cases[i].path, "/tag/dated") == 0);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *request;
		const char *status;
	} cases[] = {
		{ "POST /one HTTP/1.1\r\n" CLOSE, "HTTP/1.1 405 Method Not Allowed\r\n" },
		{ "BREW /one HTTP/1.1\r\n" CLOSE, "HTTP/1.1 405 Method Not Allowed\r\n" },
		{ "GET /one HTTP/1.1\r\nContent-Length: 5\r\nHost: x\r\n\r\nhello",
		  "HTTP/1.1 413 Content Too Large\r\n" },
		{ "GET /one HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		  "HTTP/1.1 413 Content Too Large\r\n" },
		{ "GET /one HTTP/1.1\r\nContent-Length: -1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nnothing\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\n: x\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nX A: x\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nX-A: \x01x\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nX-A: x\x1f\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.1\r\nX-A: \x7f\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one\x01 HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET http://host HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/1.10\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTX/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "G@T /one HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ " /one HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET one HTTP/1.1\r\n" CLOSE, "HTTP/1.1 400 Bad Request\r\n" },
		{ "GET /one HTTP/2.0\r\n" CLOSE, "HTTP/1.1 505 HTTP Version Not Supported\r\n" },
		{ "GET /one\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
		{ "\x16\x03\x01\x02\n\n", "HTTP/1.1 400 Bad Request\r\n" },
	};
	char answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		ask(*state, cases[i].request, answer);
		assert_starts(answer, cases[i].status);
		assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
		assert_int_equal(strstr(cases[i].status, "405") != NULL, strstr(answer, "Allow: GET, HEAD") != NULL);
	}
}

static void test_long_heads_are_refused(void **state)
{
	static char request[20000];
	char answer[ANSWER_CAP];
	int len = snprintf(request, sizeof(request), "GET /one HTTP/1.1\r\nX-Long: ");
	memset(request + len, 'x', sizeof(request) - 1 - (size_t)len);
	ask(*state, request, answer);
	assert_starts(answer, "HTTP/1.1 431 ");
}

static void test_one_connection_many_requests(void **state)
{
	const struct site *site = *state;
	static char requests[100 * 40 + 200];
	static char all[65536];
	size_t len = 0;
	(void)state;
	for (int i = 0; i < 100; i++)
		len += (size_t)snprintf(requests + len, sizeof(requests) - len,
					"\r\nGET /one/%d HTTP/1.1\r\nHost: x\r\n\r\n", i);
	snprintf(requests + len, sizeof(requests) - len, "GET /one HTTP/1.0\r\n\r\nGET /one/never HTTP/1.1\r\n" CLOSE);
	int fd = client_connect(site->port);
	client_say(fd, requests);
	assert_true(client_drain(fd, all, sizeof(all)) > 0);
	close(fd);
	const char *at = all;
	for (int i = 0; i < 100; i++) {
		char want[32];
		snprintf(want, sizeof(want), "folder[%d][]", i);
		at = strstr(at, want);
		assert_non_null(at);
	}
	assert_ends(at, "exact[][]");
	assert_null(strstr(all, "never"));
}

static void test_large_answers_arrive_whole(void **state)
{
	const struct site *site = *state;
	static const char request[] = "GET /large HTTP/1.1\r\nHost: x\r\n\r\nGET /large HTTP/1.1\r\nHost: x\r\n\r\n"
				      "GET /large HTTP/1.1\r\n" CLOSE;
	int fd = client_connect(site->port);
	client_say(fd, request);
	ssize_t got = client_drain(fd, NULL, 0);
	close(fd);
	assert_true(got > 3 * (ssize_t)LARGE);
	assert_true(got < 3 * (ssize_t)(LARGE + 1024));
}

static void test_half_closed_and_cut_off(void **state)
{
	const struct site *site = *state;
	char answer[ANSWER_CAP];
	int fd = client_connect(site->port);
	client_say(fd, "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /one/cut");
	shutdown(fd, SHUT_WR);
	assert_true(client_drain(fd, answer, sizeof(answer)) > 0);
	assert_ends(answer, "exact[][]");
	close(fd);
}

/* With routes for POST: bodies whole, in pieces, one behind the other, too long, of no known length. */
static void test_posts(void **state)
{
	static const struct {
		const char *request, *start, *has;
	} cases[] = {
		{ "POST /post HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "hello", "HTTP/1.1 200 ", "\r\n\r\n[]5[hello]" },
		{ "POST /post HTTP/1.1\r\nContent-Length: 0\r\n" CLOSE, "HTTP/1.1 200 ", "[]0[]" },
		{ "POST /post HTTP/1.1\r\nContent-Length: 3\r\n" CLOSE "abc", "HTTP/1.1 422 ", "[]3[abc]" },
		{ "POST /post HTTP/1.1\r\n" CLOSE, "HTTP/1.1 411 Length Required\r\n", "" },
		{ "POST /post HTTP/1.1\r\nContent-Length: 139265\r\n" CLOSE, "HTTP/1.1 413 ", "" },
		{ "POST /post HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n" CLOSE "hello!", "HTTP/1.1 400 ",
		  "" },
		{ "POST /post HTTP/1.1\r\nContent-Length: +5\r\n" CLOSE "hello", "HTTP/1.1 400 ", "" },
		{ "POST /post HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "0\r\n\r\n", "HTTP/1.1 413 ", "" },
		{ "POST /one HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "ab", "HTTP/1.1 405 ", "Allow: GET, HEAD\r\n" },
		{ "GET /post HTTP/1.1\r\n" CLOSE, "HTTP/1.1 405 ", "Allow: POST\r\n" },
		{ "POST /nowhere HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "ab", "HTTP/1.1 404 ", "" },
		{ "GET /one HTTP/1.1\r\nContent-Length: 2\r\n" CLOSE "ab", "HTTP/1.1 413 ", "" },
		/* The body is not the next request, and the next request is not the body. */
		{ "POST /post HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nGET /one HTGET /one/next "
		  "HTTP/1.1\r\n" CLOSE,
		  "HTTP/1.1 200 ", "folder[next]" },
	};
	char answer[ANSWER_CAP];
	for (size_t i = 0; i < AL_COUNT(cases); i++) {
		ask(*state, cases[i].request, answer);
		assert_starts(answer, cases[i].start);
		assert_non_null(strstr(answer, cases[i].has));
	}
	/* Half a body and the end: nothing is answered. */
	int fd = client_connect(((const struct site *)*state)->port);
	client_say(fd, "POST /post HTTP/1.1\r\nContent-Length: 9\r\n" CLOSE "half");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	assert_int_equal(client_drain(fd, answer, ANSWER_CAP), 0);
	close(fd);
}

static void test_large_posts(void **state)
{
	const struct site *site = *state;
	static char body[AL_HTTP_POST_MAX + 1], answer[ANSWER_CAP];
	memset(body, 'x', sizeof(body) - 1);
	for (int i = 0; i < 2; i++) {
		int fd = client_connect(site->port);
		client_say(fd, "POST /post HTTP/1.1\r\nContent-Length: 139264\r\n" CLOSE);
		client_say(fd, body);
		assert_true(client_drain(fd, answer, ANSWER_CAP) >= 0);
		close(fd);
		assert_non_null(strstr(answer, "[]139264[xxxxxxxxxxxxxxxxxxxx]"));
	}
	/* What is no head after 8 KiB is none, however much a body may have. */
	body[9000] = '\0';
	ask(site, body, answer);
	assert_starts(answer, "HTTP/1.1 431 ");
}

int main(void)
{
	const struct CMUnitTest with_posts[] = {
		cmocka_unit_test(test_posts),
		cmocka_unit_test(test_large_posts),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_fields_of_an_answer),
		cmocka_unit_test(test_who_takes_gzip),
		cmocka_unit_test(test_conditional_requests),
		cmocka_unit_test(test_conditions_by_date),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_long_heads_are_refused),
		cmocka_unit_test(test_one_connection_many_requests),
		cmocka_unit_test(test_large_answers_arrive_whole),
		cmocka_unit_test(test_half_closed_and_cut_off),
	};
	al_log_init("test_http", AL_LOG_ERROR);
	int failed = cmocka_run_group_tests(tests, setup, teardown);
	return failed + cmocka_run_group_tests(with_posts, setup_posts, teardown);
}
