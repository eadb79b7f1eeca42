/* SPDX-License-Identifier: MIT */
/*
 * test_pages_site.c -- where pages send a browser's requests to, and the files that
 * are the same for everybody.
 */
#include "pages_bench.h"

#include <sys/stat.h>

/* Where pages send a browser's requests to. */
static void test_site(void **state)
{
	static const struct {
		const char *host, *url;
	} hosts[] = {
		{ "whois.test:4080", "http://whois.test:4345" },
		{ "whois.test", "http://whois.test:4345" },
		{ "[::1]:4080", "http://[::1]:4345" },
		{ "[::1]", "http://[::1]:4345" },
		{ ":80", "http://:4345" },
	};
	char url[WHOIS_SITE_URL_MAX];
	struct al_slice policy;

	(void)state;
	for (size_t i = 0; i < AL_COUNT(hosts); i++) {
		assert_int_equal(whois_site_registry(&pages.site, al_slice_str(hosts[i].host), url), AL_OK);
		assert_string_equal(url, hosts[i].url);
	}
	assert_int_equal(whois_site_registry(&pages.site, AL_S(""), url), AL_ENOTFOUND);
	policy = field_of(get(&golden.f.view, "a.test", AL_S("/")), "Content-Security-Policy: ");
	assert_true(al_slice_ends(policy, "connect-src 'self' http://a.test:4345"));
	conf_of("[registry]\nhttp-port = 0\n");
	assert_int_equal(whois_site_registry(&pages.site, AL_S("a.test"), url), AL_ENOTFOUND);
	policy = field_of(get(&golden.f.view, "a.test", AL_S("/")), "Content-Security-Policy: ");
	assert_true(al_slice_ends(al_slice_trim(policy), "connect-src 'self'"));
	conf_of("[whois]\nregistry-url = https://registry.test/\n");
	assert_int_equal(whois_site_registry(&pages.site, AL_S(""), url), AL_OK);
	assert_string_equal(url, "https://registry.test");
}

/* A port that the registry chose itself stands in the file that it wrote. */
static void test_chosen_port(void **state)
{
	static const struct {
		const char *text, *url; /* NULL: it cannot be told */
	} rows[] = {
		{ "log-http 127.0.0.1:4567\n", "http://a.test:4567" },
		{ "requests 127.0.0.1:1\nlog-http [::1]:4567\nlog-http 127.0.0.1:2\n", "http://a.test:4567" },
		{ "log-http :65535", "http://a.test:65535" },
		{ "log-http 4567\n", NULL },
		{ "log-http 127.0.0.1:65536\n", NULL },
		{ "log-http 127.0.0.1:\n", NULL },
		{ "requests 127.0.0.1:4567\n", NULL },
		{ "log-http \n", NULL },
		{ "", NULL },
	};
	static const char *const made[] = { "/run", "/run/endpoints.d" };
	static const char *const gone[] = { "/alamo.conf", "/run/endpoints.d/alamo-registryd", "/run/endpoints.d",
					    "/run", "" };
	char dir[] = "/tmp/alamo-pages-XXXXXX", path[64], url[WHOIS_SITE_URL_MAX];

	(void)state;
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < AL_COUNT(made); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", dir, made[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/alamo.conf", dir);
	write_file(path, "[registry]\nhttp-port = 0\n");
	conf_load(path);
	(void)snprintf(path, sizeof(path), "%s/run/endpoints.d/alamo-registryd", dir);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		write_file(path, rows[i].text);
		assert_int_equal(whois_site_registry(&pages.site, AL_S("a.test"), url),
				 rows[i].url != NULL ? AL_OK : AL_ENOTFOUND);
		if (rows[i].url != NULL)
			assert_string_equal(url, rows[i].url);
	}
	for (size_t i = 0; i < AL_COUNT(gone); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", dir, gone[i]);
		assert_int_equal(remove(path), 0);
	}
}

/* Files that are the same for everybody. */
static void test_files(void **state)
{
	static const struct {
		const char *path, *type;
	} files[] = {
		{ "/style.css", "text/css; charset=utf-8" },      { "/alamo.js", "text/javascript; charset=utf-8" },
		{ "/join.js", "text/javascript; charset=utf-8" }, { "/object.js", "text/javascript; charset=utf-8" },
		{ "/live.js", "text/javascript; charset=utf-8" }, { "/icon.svg", "image/svg+xml" },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(files); i++) {
		const char *answer = get(&golden.f.view, "x", al_slice_str(files[i].path));

		assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
		assert_true(al_slice_is(field_of(answer, "Content-Type: "), files[i].type));
		assert_true(al_slice_is(field_of(answer, "ETag: "), "\"file-" ALAMO_VERSION "\""));
		assert_true(strlen(strstr(answer, "\r\n\r\n")) > 100);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_site),
		cmocka_unit_test(test_chosen_port),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
