/* SPDX-License-Identifier: MIT */
/*
 * test_bounds.c -- a page or a search that is not complete says so, and one that is complete does not.
 */
#include "fixture.h"

#include <jansson.h>

#include "explorer_page.h"
#include "rdap.h"
#include "rdap_search.h"

#define BLOCKS_MAX 500u
#define DRAWN_MAX 1500u
#define TOPS_MAX 12u
#define NODES_MAX 400u
#define LINKS_MAX 2000u

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

static void put(struct fixture *f, const char *fmt, ...) AL_PRINTF(2, 3);

static void put(struct fixture *f, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fixture_put(f, text);
}

static void put_block(struct fixture *f, const char *prefix)
{
	put(f, "%s: %s\nnetname: NET\nmnt-by: A-MNT\nsource: TEST\n",
	    strchr(prefix, ':') != NULL ? "inet6num" : "inetnum", prefix);
}

/* ---- pages ---- */

/* The page of "/space/REST"; freed by the caller. */
static char *space(const struct fixture *f, const char *rest)
{
	struct al_http_answer answer = { .status = 200 };

	al_buf_init(&answer.body, 8u << 20);
	explorer_space(&f->view, al_slice_str(rest), AL_S(""), &answer);
	al_buf_u8(&answer.body, 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.body.err, AL_OK);
	return (char *)answer.body.ptr;
}

/* One row a block, as many as there is room for. */
static void blocks_inside(void **state)
{
	char prefix[AL_PREFIX_STRLEN];
	struct fixture f;
	char *page;

	(void)state;
	fixture_init(&f);
	put_block(&f, "10.0.0.0/8");
	for (unsigned i = 0; i < BLOCKS_MAX; i++) {
		(void)snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i / 256, i % 256);
		put_block(&f, prefix);
	}
	page = space(&f, "10.0.0.0/8");
	assert_int_equal(count_of(page, "<tr><td>"), BLOCKS_MAX);
	assert_int_equal(count_of(page, "<rect "), BLOCKS_MAX);
	assert_null(strstr(page, "are shown"));
	free(page);
	put_block(&f, "10.200.0.0/24");
	page = space(&f, "10.0.0.0/8");
	assert_int_equal(count_of(page, "<tr><td>"), BLOCKS_MAX);
	assert_int_equal(count_of(page, "<rect "), BLOCKS_MAX);
	assert_non_null(strstr(page, "<p>The first 500 are shown.</p>"));
	assert_null(strstr(page, "10.200.0.0"));
	free(page);
	fixture_release(&f);
}

/* What lies deeper is drawn as long as there is room in the picture; the list does not depend on it. */
static void blocks_drawn(void **state)
{
	char prefix[AL_PREFIX_STRLEN];
	struct fixture f;
	char *page;

	(void)state;
	fixture_init(&f);
	put_block(&f, "10.0.0.0/8");
	for (unsigned i = 0; i < 8; i++) {
		(void)snprintf(prefix, sizeof(prefix), "10.%u.0.0/16", i);
		put_block(&f, prefix);
		for (unsigned k = 0; k < 200; k++) {
			(void)snprintf(prefix, sizeof(prefix), "10.%u.%u.0/24", i, k);
			put_block(&f, prefix);
		}
	}
	page = space(&f, "10.0.0.0/8");
	assert_int_equal(count_of(page, "<rect "), DRAWN_MAX);
	assert_int_equal(count_of(page, "<tr><td>"), 8);
	assert_null(strstr(page, "are shown"));
	free(page);
	fixture_release(&f);
}

/* Blocks that lie in no other, of both families. */
static void blocks_on_top(void **state)
{
	char prefix[AL_PREFIX_STRLEN];
	struct fixture f;
	char *page;

	(void)state;
	for (unsigned six = 0; six < 2; six++) {
		fixture_init(&f);
		put_block(&f, six ? "10.0.0.0/8" : "fd00::/8");
		for (unsigned i = 0; i < TOPS_MAX; i++) {
			(void)snprintf(prefix, sizeof(prefix), six ? "fd%02x::/16" : "10.%u.0.0/16", i);
			put_block(&f, prefix);
		}
		page = space(&f, "");
		assert_int_equal(count_of(page, "<h2><a href=\"/space/"), TOPS_MAX + 1);
		assert_null(strstr(page, "are shown"));
		free(page);
		put_block(&f, six ? "fdff::/16" : "10.255.0.0/16");
		page = space(&f, "");
		assert_int_equal(count_of(page, "<h2><a href=\"/space/"), TOPS_MAX + 1);
		assert_int_equal(count_of(page, "<p>The first 12 of a family are shown.</p>"), 1);
		free(page);
		fixture_release(&f);
	}
}

static char *map_of(const struct fixture *f)
{
	struct al_http_answer answer = { .status = 200 };

	al_buf_init(&answer.body, 8u << 20);
	explorer_map(&f->view, AL_S(""), AL_S(""), &answer);
	al_buf_u8(&answer.body, 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.body.err, AL_OK);
	return (char *)answer.body.ptr;
}

static void check_map(const struct fixture *f, const char *says, size_t nodes, size_t links)
{
	char *page = map_of(f);

	assert_non_null(strstr(page, says));
	assert_int_equal(count_of(page, "<circle "), nodes);
	assert_int_equal(count_of(page, "<line "), links);
	assert_int_equal(count_of(page, "<tr><td>"), nodes);
	assert_int_equal(count_of(page, "<li>"), links);
	free(page);
}

static void put_nodes(struct fixture *f, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		put(f, "node: N%03u-NODE\norigin: AS%u\nmnt-by: A-MNT\nsource: TEST\n", i, 64500 + i);
}

/* Peerings of all among the first nodes, `from` to `to` in the order of their second ends. */
static void put_links(struct fixture *f, unsigned from, unsigned to)
{
	unsigned count = 0;

	for (unsigned k = 1; count < to; k++)
		for (unsigned i = 0; i < k && count < to; i++)
			if (count++ >= from)
				put(f,
				    "peering: N%03u-NODE:N%03u-NODE\nlink: wireguard\nmnt-by: A-MNT\nmnt-by: B-MNT\n"
				    "source: TEST\n",
				    i, k);
}

static void routers_on_the_map(void **state)
{
	struct fixture f;
	char *page;

	(void)state;
	fixture_init(&f);
	page = map_of(&f);
	assert_non_null(strstr(page, "<p>No router is registered yet:"));
	free(page);
	put_nodes(&f, 0, 60);
	page = map_of(&f);
	assert_int_equal(count_of(page, "<text "), 60);
	free(page);
	put_nodes(&f, 60, NODES_MAX);
	put_links(&f, 0, LINKS_MAX);
	page = map_of(&f);
	assert_int_equal(count_of(page, "<text "), 0);
	free(page);
	check_map(&f, "<p>400 routers, 2000 peerings.</p>", NODES_MAX, LINKS_MAX);
	put_links(&f, LINKS_MAX, LINKS_MAX + 1);
	check_map(&f, "<p>400 routers, 2000 peerings. There are more than are shown.</p>", NODES_MAX, LINKS_MAX);
	fixture_release(&f);
	fixture_init(&f);
	put_nodes(&f, 0, NODES_MAX + 1);
	put_links(&f, 0, 3);
	check_map(&f, "<p>400 routers, 3 peerings. There are more than are shown.</p>", NODES_MAX, 3);
	fixture_release(&f);
}

/* ---- searches ---- */

/* How many were found; *cut: the answer says that it is not all. */
static size_t found(const struct fixture *f, const char *kind, const char *query, bool *cut)
{
	struct al_http_answer answer = { .status = 200 };
	struct whois_rdap *rdap;
	const json_t *notice, *list = NULL, *value;
	const char *key;
	json_t *said;
	size_t count, i;

	assert_int_equal(whois_rdap_new(&f->view, "", &rdap), AL_OK);
	al_buf_init(&answer.body, 8u << 20);
	whois_rdap_answer(rdap, al_slice_str(kind), al_slice_str(query), &answer);
	assert_int_equal(answer.status, 200);
	said = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);
	assert_non_null(said);
	*cut = false;
	json_array_foreach(json_object_get(said, "notices"), i, notice)
	{
		const char *type = json_string_value(json_object_get(notice, "type"));

		*cut = *cut || (type != NULL && strcmp(type, "result set truncated due to excessive load") == 0);
	}
	json_object_foreach(said, key, value)
	{
		if (al_slice_ends(al_slice_str(key), "SearchResults"))
			list = value;
	}
	assert_non_null(list);
	count = json_array_size(list);
	json_decref(said);
	al_buf_release(&answer.body);
	whois_rdap_free(rdap);
	return count;
}

static void results(void **state)
{
	static const struct {
		const char *kind, *query;
	} searches[] = { { "domains", "name=d*" },
			 { "domains", "nsIp=10.0.0.1" },
			 { "nameservers", "name=ns*" },
			 { "entities", "handle=p*" } };
	struct fixture f;
	bool cut;

	(void)state;
	fixture_init(&f);
	for (unsigned i = 0; i <= RDAP_SEARCH_MAX; i++) {
		for (size_t k = 0; k < AL_COUNT(searches) && i == RDAP_SEARCH_MAX; k++) {
			assert_int_equal(found(&f, searches[k].kind, searches[k].query, &cut), RDAP_SEARCH_MAX);
			assert_false(cut);
		}
		put(&f, "domain: d%u.test\nnserver: ns%u.test 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n", i, i);
		put(&f, "person: P\nnic-hdl: P%u-TEST\nmnt-by: A-MNT\nsource: TEST\n", i);
	}
	for (size_t k = 0; k < AL_COUNT(searches); k++) {
		assert_int_equal(found(&f, searches[k].kind, searches[k].query, &cut), RDAP_SEARCH_MAX);
		assert_true(cut);
	}
	fixture_release(&f);
}

/* However few fit, only so many are looked at. */
static void work(void **state)
{
	struct fixture f;
	bool cut;

	(void)state;
	fixture_init(&f);
	for (unsigned i = 0; i < RDAP_SCAN_MAX; i++)
		put(&f, "mntner: M%u-MNT\nmnt-by: M%u-MNT\nsource: TEST\n", i, i);
	assert_int_equal(found(&f, "entities", "handle=m777-*", &cut), 1);
	assert_false(cut);
	put(&f, "mntner: M-MNT\nmnt-by: M-MNT\nsource: TEST\n");
	(void)found(&f, "entities", "handle=m777-*", &cut);
	assert_true(cut);
	fixture_release(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_inside),      cmocka_unit_test(blocks_drawn), cmocka_unit_test(blocks_on_top),
		cmocka_unit_test(routers_on_the_map), cmocka_unit_test(results),      cmocka_unit_test(work)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
