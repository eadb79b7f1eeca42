/* SPDX-License-Identifier: MIT */
/*
 * test_export.c -- the files byte for byte, and over HTTP: 503 before data, ETag, Last-Modified, fresh JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "../origins/vrps.h"

#include "../common/loopback.h"
#include "export.h"

static struct vrp_set *small_set(uint64_t size)
{
	struct vrp items[] = { vrp_of("172.20.0.0/24", 28, 4242420000), vrp_of("fca1:100::/48", 48, 4252660007),
			       vrp_of("172.20.1.0/24", 24, 0),          vrp_pair(4242420000, 4252660007),
			       vrp_pair(4252660007, 4242420000),        vrp_pair(4252660007, 4252660008) };
	struct vrp_set *set;

	assert_int_equal(vrp_set_new(items, AL_COUNT(items), size, &set), AL_OK);
	return set;
}

static void assert_body(enum origin_file_kind kind, const struct vrp_set *set, const char *want)
{
	struct origin_meta meta = {
		.network = "log.\"test\"", .size = 30, .generated = 1764000000, .expires = 1764172800
	};
	struct al_buf out;

	al_buf_init(&out, 10000);
	origin_files[kind].write(&out, set, &meta);
	al_buf_u8(&out, 0);
	assert_int_equal(out.err, AL_OK);
	assert_string_equal((const char *)out.ptr, want);
	al_buf_release(&out);
}

static void bodies(void **state)
{
	struct vrp_set *set = small_set(26), *empty;

	(void)state;
	assert_body(ORIGIN_JSON, set,
		    "{\n\"metadata\": {\"counts\": 3, \"counts4\": 2, \"counts6\": 1, \"aspas\": 2, \"generated\": "
		    "1764000000, "
		    "\"valid\": 1764172800, \"buildtime\": \"2025-11-24T16:00:00Z\", \"serial\": 26, "
		    "\"logSize\": 30, \"network\": \"log.?test?\"},\n\"roas\": [\n"
		    "{\"prefix\": \"172.20.0.0/24\", \"maxLength\": 28, \"asn\": \"AS4242420000\", \"ta\": "
		    "\"log.?test?\", \"expires\": 1764172800},\n"
		    "{\"prefix\": \"172.20.1.0/24\", \"maxLength\": 24, \"asn\": \"AS0\", \"ta\": \"log.?test?\", "
		    "\"expires\": 1764172800},\n"
		    "{\"prefix\": \"fca1:100::/48\", \"maxLength\": 48, \"asn\": \"AS4252660007\", \"ta\": "
		    "\"log.?test?\", \"expires\": 1764172800}\n],\n\"aspas\": [\n"
		    "{\"customer_asid\": 4242420000, \"expires\": 1764172800, \"providers\": [4252660007]},\n"
		    "{\"customer_asid\": 4252660007, \"expires\": 1764172800, \"providers\": [4242420000, "
		    "4252660008]}\n]\n}\n");
	assert_body(ORIGIN_BIRD2_4, set,
		    "# route origins of log.?test?, log size 26, serial 26, 2 records\n"
		    "route 172.20.0.0/24 max 28 as 4242420000;\nroute 172.20.1.0/24 max 24 as 0;\n");
	assert_body(ORIGIN_BIRD2_6, set,
		    "# route origins of log.?test?, log size 26, serial 26, 1 records\n"
		    "route fca1:100::/48 max 48 as 4252660007;\n");
	assert_body(ORIGIN_BIRD2, set,
		    "roa4 table roas_v4;\nprotocol static roas_v4_set {\nroa4 { table roas_v4; };\n"
		    "# route origins of log.?test?, log size 26, serial 26, 2 records\n"
		    "route 172.20.0.0/24 max 28 as 4242420000;\nroute 172.20.1.0/24 max 24 as 0;\n}\n"
		    "roa6 table roas_v6;\nprotocol static roas_v6_set {\nroa6 { table roas_v6; };\n"
		    "# route origins of log.?test?, log size 26, serial 26, 1 records\n"
		    "route fca1:100::/48 max 48 as 4252660007;\n}\n");
	assert_body(ORIGIN_BIRD2_PATHS, set,
		    "# route origins of log.?test?, log size 26, serial 26, 2 records\n"
		    "function roas_step_ok(int customer; int above)\n{\n\tcase customer {\n"
		    "\t\t4242420000: return above ~ [ 4252660007 ];\n"
		    "\t\t4252660007: return above ~ [ 4242420000, 4252660008 ];\n"
		    "\t\telse: return true;\n\t}\n}\n"
		    "function roas_path_ok(bgppath way)\n{\n\tint above = 0;\n\tfor int one in way do {\n"
		    "\t\tif above != 0 && above != one && !roas_step_ok(one, above) then return false;\n"
		    "\t\tabove = one;\n\t}\n\treturn true;\n}\n");
	assert_body(ORIGIN_BIRD1_4, set,
		    "# route origins of log.?test?, log size 26, serial 26, 2 records\n"
		    "roa 172.20.0.0/24 max 28 as 4242420000;\nroa 172.20.1.0/24 max 24 as 0;\n");
	assert_body(ORIGIN_BIRD1_6, set,
		    "# route origins of log.?test?, log size 26, serial 26, 1 records\n"
		    "roa fca1:100::/48 max 48 as 4252660007;\n");
	assert_body(ORIGIN_OPENBGPD, set,
		    "# route origins of log.?test?, log size 26, serial 26, 3 records\nroa-set {\n"
		    "\t172.20.0.0/24 maxlen 28 source-as 4242420000\n\t172.20.1.0/24 maxlen 24 source-as 0\n"
		    "\tfca1:100::/48 maxlen 48 source-as 4252660007\n}\n");
	assert_body(ORIGIN_CSV, set,
		    "ASN,IP Prefix,Max Length,Trust Anchor,Expires\n"
		    "AS4242420000,172.20.0.0/24,28,log.?test?,1764172800\n"
		    "AS0,172.20.1.0/24,24,log.?test?,1764172800\n"
		    "AS4252660007,fca1:100::/48,48,log.?test?,1764172800\n");
	assert_body(ORIGIN_SLURM, set,
		    "{\n\"slurmVersion\": 1,\n"
		    "\"validationOutputFilters\": {\"prefixFilters\": [], \"bgpsecFilters\": []},\n"
		    "\"locallyAddedAssertions\": {\"bgpsecAssertions\": [], \"prefixAssertions\": [\n"
		    "{\"prefix\": \"172.20.0.0/24\", \"maxPrefixLength\": 28, \"asn\": 4242420000},\n"
		    "{\"prefix\": \"172.20.1.0/24\", \"maxPrefixLength\": 24, \"asn\": 0},\n"
		    "{\"prefix\": \"fca1:100::/48\", \"maxPrefixLength\": 48, \"asn\": 4252660007}\n]}\n}\n");
	assert_body(
		ORIGIN_SLURM2, set,
		"{\n\"slurmVersion\": 2,\n"
		"\"validationOutputFilters\": {\"prefixFilters\": [], \"bgpsecFilters\": [], \"aspaFilters\": []},\n"
		"\"locallyAddedAssertions\": {\"bgpsecAssertions\": [], \"prefixAssertions\": [\n"
		"{\"prefix\": \"172.20.0.0/24\", \"maxPrefixLength\": 28, \"asn\": 4242420000},\n"
		"{\"prefix\": \"172.20.1.0/24\", \"maxPrefixLength\": 24, \"asn\": 0},\n"
		"{\"prefix\": \"fca1:100::/48\", \"maxPrefixLength\": 48, \"asn\": 4252660007}\n],\n"
		"\"aspaAssertions\": [\n"
		"{\"customerAsn\": 4242420000, \"providerAsns\": [4252660007]},\n"
		"{\"customerAsn\": 4252660007, \"providerAsns\": [4242420000, 4252660008]}\n]}\n}\n");
	assert_body(ORIGIN_RPSL, set,
		    "# route origins of log.?test?, log size 26, serial 26, 3 records\n"
		    "\nroute:          172.20.0.0/24\norigin:         AS4242420000\nmax-length:     28\n"
		    "source:         ORIGINS\n"
		    "\nroute6:         fca1:100::/48\norigin:         AS4252660007\nmax-length:     48\n"
		    "source:         ORIGINS\n");
	vrp_set_unref(set);
	assert_int_equal(vrp_set_new(NULL, 0, 0, &empty), AL_OK);
	assert_body(ORIGIN_BIRD2_4, empty, "# route origins of log.?test?, log size 0, serial 1, 0 records\n");
	assert_body(ORIGIN_OPENBGPD, empty,
		    "# route origins of log.?test?, log size 0, serial 1, 0 records\nroa-set {\n}\n");
	assert_body(
		ORIGIN_SLURM2, empty,
		"{\n\"slurmVersion\": 2,\n"
		"\"validationOutputFilters\": {\"prefixFilters\": [], \"bgpsecFilters\": [], \"aspaFilters\": []},\n"
		"\"locallyAddedAssertions\": {\"bgpsecAssertions\": [], \"prefixAssertions\": [\n],\n"
		"\"aspaAssertions\": [\n]}\n}\n");
	vrp_set_unref(empty);
}

struct bench {
	struct al_loop *loop;
	struct al_http *http;
	struct export *export;
	struct moment moment;
	uint16_t port;
};

/* The loop runs only inside of this, so that the test may touch the export in between. */
static size_t fetch(struct bench *bench, const char *path, const char *condition, char *out, size_t cap)
{
	pthread_t thread;
	char request[512];
	size_t len = 0;
	ssize_t got;
	int fd;

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s%s\r\n", path,
		       condition, condition[0] != '\0' ? "\r\n" : "");
	loop_thread_start(bench->loop, &thread);
	fd = client_connect(bench->port);
	client_send(fd, request, strlen(request));
	while (len + 1 < cap && (got = recv(fd, out + len, cap - len - 1, 0)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	close(fd);
	loop_thread_stop(bench->loop, thread);
	return len;
}

static void show(struct bench *bench, const struct vrp_set *set, uint64_t size, uint64_t fresh_s)
{
	struct al_checkpoint cp = { .size = size };

	moment_show(&bench->moment, set, NULL, &cp, AL_S("note"), fresh_s);
	export_forget(bench->export);
}

static void header(const char *answer, const char *name, char out[static 100])
{
	const char *at = strstr(answer, name), *end;

	assert_non_null(at);
	at += strlen(name);
	end = strstr(at, "\r\n");
	assert_non_null(end);
	assert_in_range(end - at, 1, 99);
	memcpy(out, at, (size_t)(end - at));
	out[end - at] = '\0';
}

static void bench_open(struct bench *bench)
{
	moment_init(&bench->moment);
	assert_int_equal(al_loop_new(&bench->loop), AL_OK);
	assert_int_equal(al_http_new(bench->loop, &bench->http), AL_OK);
	assert_int_equal(export_new(bench->loop, "registry.lab-7/log", 172800, &bench->moment, &bench->export), AL_OK);
	assert_int_equal(export_routes(bench->export, bench->http), AL_OK);
	assert_int_equal(al_http_listen(bench->http, AL_S("127.0.0.1"), 0, &bench->port), AL_OK);
}

static void bench_close(struct bench *bench)
{
	al_http_free(bench->http);
	export_free(bench->export);
	moment_release(&bench->moment);
	al_loop_free(bench->loop);
}

static void over_http(void **state)
{
	struct vrp_set *set = small_set(26), *next = small_set(27);
	struct bench bench;
	char out[4096], etag[100], other[100], date[100], condition[256], path[64];
	size_t i;

	(void)state;
	bench_open(&bench);
	for (i = 0; i < ORIGIN_FILE_COUNT; i++) {
		(void)snprintf(path, sizeof(path), "/%s", origin_files[i].name);
		(void)fetch(&bench, path, "", out, sizeof(out));
		assert_non_null(strstr(out, " 503 "));
	}
	show(&bench, set, 26, 1764000000);
	for (i = 0; i < ORIGIN_FILE_COUNT; i++) {
		(void)snprintf(path, sizeof(path), "/%s", origin_files[i].name);
		(void)fetch(&bench, path, "", out, sizeof(out));
		assert_non_null(strstr(out, " 200 "));
		assert_true(i != ORIGIN_JSON || strstr(out, "\"generated\": 1764000000") != NULL);
		header(out, "ETag: ", etag);
		assert_memory_equal(etag, "\"26-", 4);
		(void)snprintf(condition, sizeof(condition), "If-None-Match: %s", etag);
		(void)fetch(&bench, path, condition, out, sizeof(out));
		assert_non_null(strstr(out, " 304 "));
		/* As `curl -z FILE` asks; a tag, where there is one, counts alone. */
		header(out, "Last-Modified: ", date);
		assert_string_equal(date, "Mon, 24 Nov 2025 16:00:00 GMT");
		(void)snprintf(condition, sizeof(condition), "If-Modified-Since: %s", date);
		(void)fetch(&bench, path, condition, out, sizeof(out));
		assert_non_null(strstr(out, " 304 "));
		(void)fetch(&bench, path, "If-Modified-Since: Mon, 24 Nov 2025 15:59:59 GMT", out, sizeof(out));
		assert_non_null(strstr(out, " 200 "));
		(void)snprintf(condition, sizeof(condition), "If-None-Match: \"1-0\"\r\nIf-Modified-Since: %s", date);
		(void)fetch(&bench, path, condition, out, sizeof(out));
		assert_non_null(strstr(out, " 200 "));
	}
	/* The same set is still the newest an hour later: the bird file is the same, the JSON says so. */
	moment_show(&bench.moment, set, NULL, &(struct al_checkpoint){ .size = 40 }, AL_S("note"),
		    1764000000 + EXPORT_FRESH_S);
	(void)fetch(&bench, "/roas-bird2-6.conf", condition, out, sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	header(out, "ETag: ", etag);
	(void)snprintf(condition, sizeof(condition), "If-None-Match: %s", etag);
	(void)fetch(&bench, "/roas-bird2-6.conf", condition, out, sizeof(out));
	assert_non_null(strstr(out, " 304 "));
	(void)fetch(&bench, "/roas.json", "", out, sizeof(out));
	assert_non_null(strstr(out, "\"generated\": 1764003600"));
	assert_non_null(strstr(out, "\"logSize\": 40"));
	show(&bench, next, 41, 1764000000 + EXPORT_FRESH_S + 1);
	(void)fetch(&bench, "/roas-bird2-6.conf", condition, out, sizeof(out));
	assert_non_null(strstr(out, " 200 "));
	header(out, "ETag: ", other);
	assert_string_not_equal(etag, other);
	header(out, "Last-Modified: ", other);
	assert_string_not_equal(date, other);
	bench_close(&bench);
	vrp_set_unref(set);
	vrp_set_unref(next);
}

/* The body of an answer, unpacked if it says that it is packed; its length. */
static size_t body_of(const char *answer, size_t len, bool packed, char *out, size_t cap)
{
	const char *at = strstr(answer, "\r\n\r\n");
	z_stream stream = { 0 };

	assert_non_null(at);
	at += 4;
	assert_true((strstr(answer, "\r\nContent-Encoding: gzip\r\n") != NULL) == packed);
	assert_non_null(strstr(answer, "\r\nVary: Accept-Encoding\r\n"));
	if (!packed) {
		assert_true(len - (size_t)(at - answer) + 1 < cap);
		memcpy(out, at, len - (size_t)(at - answer) + 1);
		return len - (size_t)(at - answer);
	}
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	stream.next_in = (unsigned char *)(uintptr_t)at;
	stream.avail_in = (unsigned)(len - (size_t)(at - answer));
	stream.next_out = (unsigned char *)out;
	stream.avail_out = (unsigned)cap;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.avail_in, 0);
	(void)inflateEnd(&stream);
	return stream.total_out;
}

static struct vrp_set *numbered_set(size_t count, uint64_t size)
{
	struct vrp *items = calloc(count, sizeof(*items));
	struct vrp_set *set;
	char prefix[32];

	assert_non_null(items);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(prefix, sizeof(prefix), "fca1:%zx::/48", i + 1);
		items[i] = vrp_of(prefix, 48, (uint32_t)(4252660000u + i));
	}
	assert_int_equal(vrp_set_new(items, count, size, &set), AL_OK);
	free(items);
	return set;
}

/* Packed at once, or between other work: until then as it is. The bytes are the same, the tags are not. */
static void packed(void **state)
{
	static const struct {
		size_t count;
		bool at_once;
	} rows[] = { { 40, true }, { 4000, false } };
	static char answer[1 << 20], plain[1 << 20], out[1 << 20];
	char etag[100], other[100], condition[256];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		struct vrp_set *set = numbered_set(rows[i].count, 26), *next = numbered_set(rows[i].count + 1, 27);
		struct bench bench;
		size_t len, plain_len, tries = 0;

		bench_open(&bench);
		show(&bench, set, 26, 1764000000);
		len = fetch(&bench, "/roas-rpsl.txt", "", answer, sizeof(answer));
		plain_len = body_of(answer, len, false, plain, sizeof(plain));
		assert_true(plain_len > EXPORT_PIECE * 2 || rows[i].at_once);
		assert_non_null(strstr(plain, "source:         LAB-7\n"));
		header(answer, "ETag: ", etag);
		do {
			len = fetch(&bench, "/roas-rpsl.txt", "Accept-Encoding: br, gzip", answer, sizeof(answer));
			assert_true(tries > 0 || rows[i].at_once == (strstr(answer, "Content-Encoding") != NULL));
			tries++;
		} while (strstr(answer, "Content-Encoding") == NULL);
		assert_int_equal(body_of(answer, len, true, out, sizeof(out)), plain_len);
		assert_memory_equal(out, plain, plain_len);
		assert_true(len < plain_len / 4);
		header(answer, "ETag: ", other);
		assert_string_not_equal(etag, other);
		(void)snprintf(condition, sizeof(condition), "Accept-Encoding: gzip\r\nIf-None-Match: %s", other);
		len = fetch(&bench, "/roas-rpsl.txt", condition, answer, sizeof(answer));
		assert_non_null(strstr(answer, " 304 "));
		assert_null(strstr(answer, "Content-Encoding"));
		/* Another set while the first is being packed: what is packed then is the other. */
		show(&bench, set, 26, 1764000000);
		(void)fetch(&bench, "/roas-rpsl.txt", "Accept-Encoding: gzip", answer, sizeof(answer));
		show(&bench, next, 27, 1764000001);
		do
			len = fetch(&bench, "/roas-rpsl.txt", "Accept-Encoding: gzip", answer, sizeof(answer));
		while (strstr(answer, "Content-Encoding") == NULL);
		assert_true(body_of(answer, len, true, out, sizeof(out)) > plain_len);
		bench_close(&bench);
		vrp_set_unref(set);
		vrp_set_unref(next);
	}
}

/* What is not worth it stays as it is. */
static void too_small_to_pack(void **state)
{
	struct vrp_set *set = small_set(26);
	struct bench bench;
	char answer[4096], out[4096];
	size_t len;

	(void)state;
	bench_open(&bench);
	show(&bench, set, 26, 1764000000);
	len = fetch(&bench, "/roas-bird2-6.conf", "Accept-Encoding: gzip", answer, sizeof(answer));
	assert_true(body_of(answer, len, false, out, sizeof(out)) > 0);
	bench_close(&bench);
	vrp_set_unref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(over_http),
		cmocka_unit_test(packed),
		cmocka_unit_test(too_small_to_pack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
