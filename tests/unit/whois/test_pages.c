/* SPDX-License-Identifier: MIT */
/*
 * test_pages.c -- what the HTTP service answers, byte for byte (golden.h): one
 * file each in tests/golden/pages, against the registry of the whois cases and
 * what registry.rpsl adds to it.
 *
 *   > PATH        a GET
 *   = 200 TYPE, ETag SIZE
 *   the body
 *
 * Of a page there is what differs from page to page: between <h1> and </main>.
 */
#include "pages_bench.h"

#include <sodium.h>

#include "rdap_json.h"

static void put_body(const char *body, struct al_buf *out)
{
	const char *from = strstr(body, "<h1>"), *to = strstr(body, "</main>");

	if (from == NULL || to == NULL)
		golden_put_neutral(al_slice_str(body), out);
	else
		golden_put_neutral(al_slice_of(from, (size_t)(to - from)), out);
	if (out->len > 0 && out->ptr[out->len - 1] != '\n')
		al_buf_str(out, "\n");
}

static void play(struct al_slice text, struct al_buf *out)
{
	struct al_slice line;

	while (al_slice_line(&text, &line)) {
		const char *answer;

		if (!al_slice_starts(line, "> /"))
			continue;
		answer = get(&golden.f.view, "whois.test:4080", al_slice_from(line, 2));
		al_buf_slice(out, line);
		al_buf_printf(out, "\n= %.3s %.*s", answer + strlen("HTTP/1.1 "),
			      AL_FMT(field_of(answer, "Content-Type: ")));
		if (field_of(answer, "ETag: ").len > 0)
			al_buf_printf(out, ", ETag %.*s", AL_FMT(field_of(answer, "ETag: ")));
		al_buf_u8(out, '\n');
		put_body(strstr(answer, "\r\n\r\n") + 4, out);
	}
}

static void test_cases(void **state)
{
	(void)state;
	golden_check_all(FOLDER, play, 26);
}

/* A text that has no room is none, and no part of one. */
static void test_long_texts(void **state)
{
	json_t *text = rdap_printf("%0*d", 2047, 1);

	(void)state;
	assert_non_null(text);
	assert_int_equal(json_string_length(text), 2047);
	json_decref(text);
	assert_null(rdap_printf("%0*d", 2048, 1));
	assert_null(rdap_printf("%0*d", 5000, 1));
}

/* Before the first head, and of a view that lacks what it may lack. */
static void test_without(void **state)
{
	struct whois_view view = golden.f.view;
	const char *answer;

	(void)state;
	view.head.size = 0;
	answer = get(&view, "x", AL_S("/"));
	assert_int_equal(strncmp(answer, "HTTP/1.1 503 ", 13), 0);
	assert_true(field_of(answer, "ETag: ").len == 0 &&
		    al_slice_is(field_of(answer, "Content-Type: "), "text/plain; charset=utf-8"));
	assert_non_null(strstr(answer, "\r\n\r\nThe log is still being fetched and checked. Try again soon.\n"));
	answer = get(&view, "x", AL_S("/ip/10.1.2.1"));
	assert_int_equal(strncmp(answer, "HTTP/1.1 503 ", 13), 0);
	assert_non_null(strstr(answer, "\"errorCode\":503,\"title\":\"Service Unavailable\""));
	assert_int_equal(strncmp(get(&view, "x", AL_S("/registry/asn.json")), "HTTP/1.1 503 ", 13), 0);
	view.head.size = golden.f.view.head.size;
	/* A client that does not say whom it asks is told the one name that every host has. */
	answer = get(&view, "", AL_S("/help"));
	assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
	assert_non_null(strstr(answer, "\"value\":\"http://localhost/help\""));
	view.site = NULL;
	view.history = NULL;
	view.growth = NULL;
	answer = get(&view, "x", AL_S("/object/as-set/as-fisher"));
	assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
	assert_true(strstr(answer, "<h2>Proof") == NULL && strstr(answer, "<h2>Versions") == NULL);
	assert_int_equal(strncmp(get(&view, "x", AL_S("/object/as-set/as-fisher?version=1")), "HTTP/1.1 404 ", 13), 0);
	assert_int_equal(strncmp(get(&view, "x", AL_S("/object/as-set/as-fisher?diff=1:2")), "HTTP/1.1 404 ", 13), 0);
	assert_int_equal(strncmp(get(&view, "x", AL_S("/join")), "HTTP/1.1 404 ", 13), 0);
	assert_non_null(strstr(get(&view, "x", AL_S("/growth")), "<p>Nothing has happened yet.</p>"));
	assert_null(strstr(get(&view, "x", AL_S("/")), "<tr><td>20"));
}

static size_t count_of(const char *text, const char *what)
{
	size_t count = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		count++;
	return count;
}

/* Years: the table ends after sixty days, the line has some hundred points. */
static void test_long_growth(void **state)
{
	static struct whois_day many[1200];
	struct whois_growth long_one = { many, AL_COUNT(many), AL_COUNT(many) };
	struct whois_view view = golden.f.view;
	const char *answer, *line;

	(void)state;
	for (uint32_t i = 0; i < AL_COUNT(many); i++)
		many[i] = (struct whois_day){ 18000 + i, 10 + i, 1 };
	view.growth = &long_one;
	answer = get(&view, "x", AL_S("/growth"));
	assert_int_equal(count_of(answer, "<tr><td>"), 60);
	assert_non_null(strstr(answer, "changes</th></tr>\n<tr><td>2022-07-26</td><td>1209</td><td>1</td></tr>\n"));
	line = strstr(answer, "points=\"0,300.0 0.0,297.6 2.5,");
	assert_non_null(line);
	assert_in_range(strcspn(line + 8, "\""), 100 * 10, 500 * 14);
}

/* A search shows a hundred objects and says how many there are. */
static void test_long_search(void **state)
{
	const char *answer, *path = "/search?q=-T%20person%20-i%20mnt-by%20A-MNT";
	struct fixture f;
	char text[128];

	(void)state;
	fixture_init(&f);
	for (unsigned i = 0; i < 102; i++) {
		if (i >= 100) {
			answer = get(&f.view, "x", al_slice_str(path));
			assert_int_equal(count_of(answer, "<h2>person <a "), 100);
			assert_true((strstr(answer, "are shown") == NULL) == (i == 100));
		}
		(void)snprintf(text, sizeof(text), "person: P\nnic-hdl: P%u-TEST\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&f, text);
	}
	answer = get(&f.view, "x", al_slice_str(path));
	assert_non_null(strstr(answer, "<p>The first 100 of 102 are shown.</p>"));
	fixture_release(&f);
}

/* Two people signed every entry; the fingerprints of their keys, as the record's page has them. */
static void sign_entries(const struct fixture *f, struct whois_entries *entries, char print[2][AL_SSH_FINGERPRINT_LEN])
{
	static const char text[] = "request: x\n\nmntner: A-MNT\nsource: TEST\n";
	const struct al_hash leaf = { { 0 } };
	struct al_buf body, bytes;

	al_buf_init(&body, 65536);
	al_buf_init(&bytes, 65536);
	al_buf_str(&body, text);
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t seed[32] = { (uint8_t)(i + 1) }, sk[64];
		struct al_sshkey key = { 0 };

		al_sshsig_sign(seed, AL_S("registry@test"), al_slice_str(text), &body);
		assert_int_equal(crypto_sign_seed_keypair(key.pk, sk, seed), 0);
		al_sshkey_fingerprint(&key, print[i]);
	}
	for (uint64_t n = 0; n < f->view.head.size; n++) {
		struct al_entry entry = {
			.index = n, .kind = AL_S("request"), .result = AL_S("c"), .body = al_buf_view(&body)
		};

		al_buf_reset(&bytes);
		assert_int_equal(al_entry_encode(&entry, &bytes), AL_OK);
		whois_entries_add(entries, al_buf_view(&bytes), &leaf);
	}
	al_buf_release(&body);
	al_buf_release(&bytes);
}

/* Why a route is valid: who signed the records that say so. */
static void test_signers(void **state)
{
	char print[2][AL_SSH_FINGERPRINT_LEN], want[256];
	struct whois_entries *entries;
	struct al_slice path = AL_S("/why?q=10.1.0.0/16%20AS64500");
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, fixture_small);
	assert_null(strstr(get(&f.view, "x", path), "<code>SHA256:"));
	assert_int_equal(whois_entries_new("/tmp", &entries), AL_OK);
	sign_entries(&f, entries, print);
	f.view.entries = entries;
	(void)snprintf(want, sizeof(want), "</td><td><code>%s</code> <code>%s</code> </td></tr>\n", print[0], print[1]);
	assert_non_null(strstr(get(&f.view, "x", path), want));
	whois_entries_free(entries);
	fixture_release(&f);
}

static const char *const with_organisation[] = {
	"mntner: A-MNT\nmnt-by: A-MNT\nsource: TEST\n",
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: A-MNT\nsource: TEST\n",
	"role: The desk\nnic-hdl: DESK-TEST\nmnt-by: A-MNT\nsource: TEST\n",
	"person: Impostor\nnic-hdl: ORG-A\nmnt-by: A-MNT\nsource: TEST\n",
	"organisation: ORG-A\norg-name: A, Ltd.\ndescr: A room\nabuse-c: DESK-TEST\nmnt-by: A-MNT\nsource: TEST\n",
	"aut-num: AS64500\nas-name: A-AS\norg: ORG-A\nmnt-by: A-MNT\nsource: TEST\n",
	"inet6num: fd00:1::/32\nnetname: A-NET\norg: ORG-A\nmnt-by: A-MNT\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: OTHER\nmnt-by: A-MNT\nsource: TEST\n",
	NULL,
};

static json_t *json_of(const struct whois_view *view, const char *path)
{
	const char *answer = get(view, "x", al_slice_str(path));
	json_t *made = json_loads(strstr(answer, "\r\n\r\n") + 4, 0, NULL);

	assert_non_null(made);
	return made;
}

static const char *text_at(const json_t *from, const char *list, size_t at, const char *name)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(from, list), at), name));
}

/* An organisation is the registrant of what names it, has that, and is found by its name; pages link both. */
static void test_organisation(void **state)
{
	struct fixture f;
	json_t *as, *own, *found;

	(void)state;
	fixture_init(&f);
	fixture_puts(&f, with_organisation);
	as = json_of(&f.view, "/autnum/64500");
	assert_string_equal(text_at(as, "entities", 0, "handle"), "ORG-A");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(json_array_get(json_object_get(as, "entities"), 0), "roles"), 0)),
			    "registrant");
	assert_string_equal(text_at(as, "entities", 2, "handle"), "DESK-TEST");
	own = json_of(&f.view, "/entity/org-a");
	assert_string_equal(json_string_value(json_object_get(own, "handle")), "ORG-A");
	assert_non_null(strstr(pages.answer, "[\"fn\",{},\"text\",\"A, Ltd.\"],[\"kind\",{},\"text\",\"org\"]"));
	assert_non_null(strstr(pages.answer, "\"remarks\":[{\"description\":[\"A room\"]}]"));
	assert_null(json_object_get(own, "redacted"));
	assert_int_equal(json_array_size(json_object_get(own, "networks")), 1);
	assert_string_equal(text_at(own, "networks", 0, "name"), "A-NET");
	assert_string_equal(text_at(own, "autnums", 0, "handle"), "AS64500");
	found = json_of(&f.view, "/entities?fn=a,*");
	assert_int_equal(json_array_size(json_object_get(found, "entitySearchResults")), 1);
	assert_string_equal(text_at(found, "entitySearchResults", 0, "handle"), "ORG-A");
	(void)get(&f.view, "x", AL_S("/search?q=-i+org+org-a"));
	assert_non_null(strstr(pages.answer, "<h2>aut-num "));
	assert_non_null(strstr(pages.answer, "org:            <a href=\"/object/organisation/ORG-A\">ORG-A</a>"));
	assert_null(strstr(pages.answer, "OTHER"));
	(void)get(&f.view, "x", AL_S("/object/organisation/ORG-A"));
	assert_non_null(strstr(pages.answer, "org-name:       A, Ltd.\n"));
	json_decref(as);
	json_decref(own);
	json_decref(found);
	fixture_release(&f);
}

/* A past that takes more pieces of work than one is answered all the same; one that is further than the bound is not. */
static void test_far_past(void **state)
{
	uint64_t size = al_state_size(golden.f.state), most = size + 4 * WHOIS_PAST_PIECE;
	const struct whois_view whole = golden.f.view;
	struct whois_past *near;
	char path[64], text[128];

	(void)state;
	for (uint64_t i = size; i < most; i++) {
		(void)snprintf(text, sizeof(text), "mntner: M%llu-MNT\nmnt-by: ROOT-MNT\nsource: TEST\n",
			       (unsigned long long)i);
		golden_put(text);
	}
	(void)snprintf(path, sizeof(path), "/object/mntner/M%llu-MNT?at=%llu", (unsigned long long)most - 2,
		       (unsigned long long)most - 1);
	assert_memory_equal(get(&golden.f.view, "x", al_slice_str(path)), "HTTP/1.1 200 ", 13);
	assert_non_null(strstr(pages.answer, "This is the past:"));
	(void)snprintf(path, sizeof(path), "/entity/M%llu-MNT?at=%llu", (unsigned long long)most - 2,
		       (unsigned long long)most - 2);
	assert_memory_equal(get(&golden.f.view, "x", al_slice_str(path)), "HTTP/1.1 404 ", 13);
	assert_int_equal(whois_past_new(100, &near), AL_OK);
	golden.f.view.past = near;
	assert_memory_equal(get(&golden.f.view, "x", AL_S("/autnum/64500?at=101")), "HTTP/1.1 422 ", 13);
	assert_memory_equal(get(&golden.f.view, "x", AL_S("/autnum/64500?at=100")), "HTTP/1.1 200 ", 13);
	golden.f.view.past = NULL;
	assert_memory_equal(get(&golden.f.view, "x", AL_S("/autnum/64500?at=100")), "HTTP/1.1 501 ", 13);
	assert_memory_equal(get(&golden.f.view, "x", AL_S("/map?at=100")), "HTTP/1.1 501 ", 13);
	golden.f.view = whole;
	whois_past_free(near);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),        cmocka_unit_test(test_long_texts),  cmocka_unit_test(test_without),
		cmocka_unit_test(test_long_growth),  cmocka_unit_test(test_long_search), cmocka_unit_test(test_signers),
		cmocka_unit_test(test_organisation), cmocka_unit_test(test_far_past),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
