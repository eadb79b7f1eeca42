/* SPDX-License-Identifier: MIT */
/*
 * test_origin_random.c -- origin look-ups of any address, while routes come and go, are what a look at all routes says;
 * changes one by one give the zone that a build at once gives, and its signatures and denials hold.
 */
#include "origin_world.h"

#include "origin_zone.h"
#include "vrp_build.h"

#define ROUTES 50
#define STEPS 300
#define ADDRESSES 25

static const char registry[] = ORIGIN_REGISTRY("");

static uint32_t seed = 20261130;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

struct books {
	char *texts[ROUTES]; /* of living ones */
	struct vrp vrps[ROUTES];
};

/* Few enough bits that they lie in each other, of all lengths. */
static struct al_prefix random_prefix(void)
{
	bool four = dice(2) == 0;
	struct al_prefix p = { .addr = { four ? 10 : 0xfc, (uint8_t)dice(four ? 3 : 1) },
			       .len = four ? 32 : 128,
			       .bits = four ? 32 : 128 };
	unsigned most = four ? 33 : dice(16) == 0 ? 129 : 49;

	for (unsigned i = 2; i < p.bits / 8u; i++)
		p.addr[i] = (uint8_t)(dice(3) == 0 ? 0x11 << dice(2) : 0);
	al_prefix_truncate(&p, 8 + dice(most - 8));
	return p;
}

static char *random_route(void)
{
	struct al_prefix prefix = random_prefix();
	bool four = prefix.bits == 32, hold = dice(30) == 0;
	char text[AL_PREFIX_STRLEN], out[256];

	al_prefix_format(&prefix, text);
	(void)snprintf(out, sizeof(out), "%s: %s\norigin: AS%u\n%s" ORIGIN_END, four ? "route" : "route6", text,
		       hold ? 0 : 64500 + dice(3),
		       !hold || dice(3) > 0 ? ""
		       : four               ? "max-length: 32\n"
					    : "max-length: 128\n");
	return strdup(out);
}

static struct vrp vrp_of(const char *text)
{
	struct al_object *object = object_of(text, 0);
	struct vrp vrp;

	assert_true(vrp_of_object(object, &vrp));
	al_object_unref(object);
	return vrp;
}

/* One comes, with another in its place if its key is the same, or one goes. */
static void books_step(struct books *books, struct origin_world *world)
{
	char *text = random_route(), gone[300];
	struct vrp vrp = vrp_of(text);
	size_t slot = dice(ROUTES);

	for (size_t i = 0; i < ROUTES; i++)
		if (books->texts[i] != NULL && vrp_key_cmp(&books->vrps[i], &vrp) == 0)
			slot = i;
	if (books->texts[slot] != NULL && (vrp_key_cmp(&books->vrps[slot], &vrp) != 0 || dice(4) == 0)) {
		(void)snprintf(gone, sizeof(gone), "%sdelete: x\n", books->texts[slot]);
		origin_put(world, gone);
		free(books->texts[slot]);
		books->texts[slot] = NULL;
	}
	if (books->texts[slot] != NULL || dice(3) > 0) {
		origin_put(world, text);
		free(books->texts[slot]);
		books->texts[slot] = text;
		books->vrps[slot] = vrp;
	} else {
		free(text);
	}
}

static bool is_hidden(const struct books *books, const struct vrp *vrp)
{
	for (size_t i = 0; i < ROUTES; i++)
		if (books->texts[i] != NULL && vrp_hides(&books->vrps[i], vrp))
			return true;
	return false;
}

static int number_cmp(const void *a, const void *b)
{
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : *(const uint32_t *)a > *(const uint32_t *)b;
}

/* "64500 64501 | 10.0.0.0/8 |  | test | " of the routes of one prefix; empty: it is not shown. */
static void line_of(const struct books *books, const struct al_prefix *prefix, char out[static 200])
{
	char text[AL_PREFIX_STRLEN];
	uint32_t asns[ROUTES];
	size_t count = 0, len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ROUTES; i++) {
		struct al_prefix other = vrp_prefix(&books->vrps[i]);

		if (books->texts[i] != NULL && books->vrps[i].asn != 0 && al_prefix_eq(&other, prefix) &&
		    !is_hidden(books, &books->vrps[i]))
			asns[count++] = books->vrps[i].asn;
	}
	if (count == 0)
		return;
	qsort(asns, count, sizeof(asns[0]), number_cmp);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(out + len, 200 - len, "%s%u", i > 0 ? " " : "", asns[i]);
	al_prefix_format(prefix, text);
	(void)snprintf(out + len, 200 - len, " | %s |  | test | \"", text);
}

static struct al_prefix random_address(const struct books *books)
{
	size_t slot = dice(ROUTES);
	struct al_prefix p = books->texts[slot] != NULL ? vrp_prefix(&books->vrps[slot]) : random_prefix();

	for (unsigned bit = p.len; bit < p.bits; bit++)
		if (dice(3) == 0)
			p.addr[bit / 8] = (uint8_t)(p.addr[bit / 8] ^ 1u << (7 - bit % 8));
	if (dice(4) == 0) /* beside it */
		p.addr[(p.len - 1) / 8] ^= (uint8_t)(1u << (7 - (p.len - 1) % 8));
	p.len = p.bits;
	return p;
}

/* The question of a whole address, of mtr's half, or of another part on a boundary. */
static void question_name(struct al_prefix *address, char out[static DNAME_TEXT_MAX])
{
	const char *zone = address->bits == 32 ? "origin.asn.alamo" : "origin6.asn.alamo";
	struct dname origin, name;

	if (dice(3) == 0)
		al_prefix_truncate(address, address->bits == 32 ? 8 * (1 + dice(4))
					    : dice(2) == 0      ? 64
								: 4 * (1 + dice(32)));
	assert_int_equal(dname_of_text(al_slice_str(zone), &origin), AL_OK);
	assert_int_equal(reverse_below(address, 0, false, &origin, &name), AL_OK);
	(void)dname_text(name.b, out);
	out[strlen(out) - 1] = '\0';
}

static size_t lines_check(const struct books *books, const struct al_prefix *address, const char *got)
{
	struct al_prefix at = *address;
	char line[200];
	size_t lines = 0;

	for (unsigned len = address->len + 1; len-- > 0 && lines < ORIGIN_RECORDS_MAX;) {
		al_prefix_truncate(&at, len);
		line_of(books, &at, line);
		if (line[0] == '\0')
			continue;
		lines++;
		if (strstr(got, line) == NULL)
			fail_msg("missing: %s\n%s", line, got);
	}
	return lines;
}

static size_t got_lines(const char *got)
{
	size_t lines = 0;

	for (; (got = strstr(got, "\nan ")) != NULL; got++)
		lines++;
	return lines;
}

static void addresses_check(const struct books *books, struct origin_world *world, const ldns_rr_list *zone)
{
	static uint8_t wire[ANSWER_TCP_MAX];
	char name[DNAME_TEXT_MAX];

	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct al_prefix address = random_address(books);
		struct question q = { .name = name, .type = RR_TXT, .tcp = true };
		size_t want;
		char *got;

		question_name(&address, name);
		got = fixture_text(&world->f, &q);
		want = lines_check(books, &address, got);
		if (got_lines(got) != want)
			fail_msg("%s: %zu lines are wanted\n%s", name, want, got);
		free(got);
		if (zone == NULL || i % 4 != 0)
			continue;
		q.dnssec = true;
		reference_check(zone, name, LDNS_RR_TYPE_TXT, wire, fixture_ask(&world->f, &q, wire));
	}
}

static char *rebuilt_text(const struct books *books)
{
	struct origin_world world;
	char *text;

	origin_start(&world, registry, "asn.alamo");
	for (size_t i = ROUTES; i-- > 0;)
		if (books->texts[i] != NULL)
			origin_put(&world, books->texts[i]);
	origin_step(&world);
	text = origin_zone_text(&world);
	origin_stop(&world);
	return text;
}

static void any_address_at_any_time(void **state)
{
	struct books books = { .texts = { NULL } };
	struct origin_world world;

	(void)state;
	origin_start(&world, registry, "asn.alamo");
	origin_step(&world);
	for (unsigned step = 0; step < STEPS; step++) {
		ldns_rr_list *zone = NULL;

		for (unsigned i = 1 + dice(4); i-- > 0;)
			books_step(&books, &world);
		origin_step(&world);
		if (step % 100 == 99) {
			char *got = origin_zone_text(&world), *want = rebuilt_text(&books);

			zone = zone_dump(&world.f, "asn.alamo", false);
			assert_true(dump_verify(zone, FIXTURE_NOW) > 100);
			if (strcmp(got, want) != 0)
				fail_msg("step %u:\n--- rebuilt\n%s--- changed\n%s", step, want, got);
			free(got);
			free(want);
		}
		addresses_check(&books, &world, zone);
		ldns_rr_list_deep_free(zone);
	}
	for (size_t i = 0; i < ROUTES; i++)
		free(books.texts[i]);
	origin_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_address_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
