/* SPDX-License-Identifier: MIT */
/*
 * test_origin.c -- the verdict agrees with the records that routers get: over
 * the shared vectors, what is a VRP is valid for its AS and for no other.
 */
#include "fixture.h"

#include <dirent.h>

#include "origin.h"

#define FOLDER TEST_DATA "/vectors/vrp"

static char *file_read(const char *name, const char *ending)
{
	static char text[65536];
	char path[1024];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s%s", FOLDER, name, ending);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	assert_true(len < sizeof(text) - 1);
	text[len] = '\0';
	assert_int_equal(fclose(file), 0);
	return text;
}

/* Objects between empty lines, without the lines that explain. */
static void load(struct al_state *state, struct al_slice text)
{
	struct al_slice line;
	struct al_buf raw;

	al_buf_init(&raw, 65536);
	while (text.len > 0 || raw.len > 0) {
		bool some = al_slice_line(&text, &line);

		if (some && al_slice_starts(line, "%"))
			continue;
		if (some && line.len > 0) {
			al_buf_slice(&raw, line);
			al_buf_u8(&raw, '\n');
			continue;
		}
		if (raw.len > 0) {
			struct al_build build = { .raw = al_buf_view(&raw), .index = al_state_size(state) };
			struct al_object *object;
			bool deletes;

			assert_int_equal(al_object_build(&build, NULL, &object, &deletes), AL_OK);
			object->deleted = deletes;
			assert_int_equal(al_state_put(state, &object, 1, 0), AL_OK);
			al_object_unref(object);
		}
		al_buf_reset(&raw);
	}
	al_buf_release(&raw);
}

/* "PREFIX-MAXLENGTH ASN"; "ASN by ASN" is no origin. */
static void check_line(const struct al_state *state, const char *name, struct al_slice line)
{
	struct al_slice prefix_text, asn_text;
	struct al_prefix prefix;
	enum whois_origin origin;
	uint32_t asn;

	if (al_slice_starts(line, "AS"))
		return;
	asn_text = line;
	assert_true(al_slice_cut(&asn_text, ' ', &line));
	assert_true(al_slice_cut(&line, '-', &prefix_text));
	assert_int_equal(al_prefix_parse(prefix_text, &prefix), AL_OK);
	if (al_asn_parse(asn_text, &asn) != AL_OK)
		assert_int_equal(al_asn_parse_plain(asn_text, &asn), AL_OK);
	origin = whois_origin_of(state, &prefix, asn);
	if (origin != (asn != 0 ? WHOIS_ORIGIN_VALID : WHOIS_ORIGIN_INVALID)) {
		print_error("%s: %.*s AS%u is %s\n", name, AL_FMT(prefix_text), asn, whois_origin_name(origin));
		fail();
	}
	assert_int_equal(whois_origin_of(state, &prefix, 4200000000u), WHOIS_ORIGIN_INVALID);
}

struct listed {
	const struct al_state *state;
	const char *vrps;
	size_t routes, hidden;
};

/* A route that gives no VRP is not valid by itself. */
static bool check_route(const struct al_object *route, void *arg)
{
	struct listed *listed = arg;
	char want[128];
	bool valid = whois_origin_of_route(listed->state, route) == WHOIS_ORIGIN_VALID, given;
	struct al_slice asn = al_object_attr(route, "origin");

	(void)snprintf(want, sizeof(want), "%.*s-", AL_FMT(al_object_attr(route, al_class_name(route->cls))));
	given = strstr(listed->vrps, want) != NULL;
	listed->routes++;
	listed->hidden += !valid;
	if (valid && !given) {
		print_error("%s %.*s is valid without a record\n", want, AL_FMT(asn));
		fail();
	}
	return true;
}

static void test_vectors(void **unused)
{
	DIR *folder = opendir(FOLDER);
	const struct dirent *entry;
	struct listed listed = { 0 };
	size_t count = 0;

	(void)unused;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		struct al_slice name = al_slice_str(entry->d_name), rest, line;
		struct al_state *state;
		char stem[256];

		if (!al_slice_ends(name, ".rpsl"))
			continue;
		assert_int_equal(al_slice_copy(al_slice_head(name, name.len - 5), stem, sizeof(stem)), AL_OK);
		assert_int_equal(al_state_new(&state), AL_OK);
		load(state, al_slice_str(file_read(stem, ".rpsl")));
		listed.state = state;
		listed.vrps = file_read(stem, ".vrps");
		rest = al_slice_str(listed.vrps);
		while (al_slice_line(&rest, &line))
			if (line.len > 0 && !al_slice_starts(line, "%"))
				check_line(state, stem, line);
		al_state_each(state, AL_ROUTE, check_route, &listed);
		al_state_each(state, AL_ROUTE6, check_route, &listed);
		al_state_free(state);
		count++;
	}
	closedir(folder);
	assert_true(count > 3 && listed.routes > count && listed.hidden > 0);
}

static void test_unknown(void **state)
{
	struct al_prefix prefix;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	assert_int_equal(al_prefix_parse(AL_S("192.0.2.0/24"), &prefix), AL_OK);
	assert_int_equal(whois_origin_of(f.state, &prefix, 64500), WHOIS_ORIGIN_UNKNOWN);
	assert_int_equal(al_prefix_parse(AL_S("10.1.2.0/25"), &prefix), AL_OK);
	assert_int_equal(whois_origin_of(f.state, &prefix, 64500), WHOIS_ORIGIN_INVALID);
	fixture_release(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors), cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
