/* SPDX-License-Identifier: MIT */
/*
 * test_ixfr.c -- a secondary that follows by IXFR has, after each step, what
 * an AXFR gives; the history is bounded.
 */
#include "zone_dump.h"

#define NAMES 40
#define STEPS 300

static const char registry[] =
	"registry: TEST\ntld: alamo\nroot-server: a fca1:0:a::53\nmnt-by: HOST-MNT\nsource: TEST\n";

static uint32_t seed = 7;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % sides;
}

static void change(struct fixture *f)
{
	char text[512];
	unsigned n = dice(NAMES);

	switch (dice(4)) {
	case 0:
		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\ndelete: x\n", n);
		break;
	case 1:
		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nnserver: ns.n%u.alamo 10.0.0.%u\nnserver: ns.n%u.alamo\n"
			       "mnt-by: A-MNT\nsource: TEST\n",
			       n, n, dice(250) + 1, dice(NAMES));
		break;
	default:
		(void)snprintf(
			text, sizeof(text),
			"domain: n%u.alamo\nrecord: @ A 10.0.0.%u\nrecord: a.b TXT t%u\nrecord: * MX 5 n%u.alamo\n"
			"mnt-by: A-MNT\nsource: TEST\n",
			n, dice(250) + 1, dice(3), n);
	}
	fixture_put(f, text);
	fixture_apply(f);
}

/* All records of an IXFR from `serial`, in order. */
static ldns_rr_list *ixfr(struct fixture *f, uint32_t serial, bool *whole)
{
	const struct zone_set *set = publish_enter(f->publish, 0);
	struct question question = { .name = "alamo", .type = RR_AXFR, .tcp = true };
	ldns_rr_list *out = ldns_rr_list_new();
	struct query query;
	struct al_buf buf;
	struct xfr *xfr;
	uint8_t msg[512];
	bool more = true;

	assert_true(query_parse(set->seed, msg, question_put(&question, msg), &query));
	query.type = RR_IXFR;
	query.serial = serial;
	assert_int_equal(xfr_new(set, &query, &(struct client){ .tcp = true }, NULL, &xfr), RCODE_NOERROR);
	publish_leave(f->publish, 0);
	assert_non_null(xfr);
	al_buf_init(&buf, 1u << 17);
	while (more) {
		al_buf_reset(&buf);
		more = xfr_next(xfr, &buf);
		dump_message(buf.ptr + 2, buf.len - 2, out);
	}
	al_buf_release(&buf);
	xfr_free(xfr);
	*whole = ldns_rr_get_type(ldns_rr_list_rr(out, 1)) != LDNS_RR_TYPE_SOA;
	return out;
}

static uint32_t serial_of(const ldns_rr *soa)
{
	return ldns_rdf2native_int32(ldns_rr_rdf(soa, 2));
}

static void take_away(ldns_rr_list *zone, const ldns_rr *rr)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(zone); i++) {
		ldns_rr *last;

		if (ldns_rr_compare(ldns_rr_list_rr(zone, i), rr) != 0)
			continue;
		ldns_rr_free(ldns_rr_list_rr(zone, i));
		last = ldns_rr_list_pop_rr(zone);
		if (i < ldns_rr_list_rr_count(zone))
			(void)ldns_rr_list_set_rr(zone, last, i);
		return;
	}
	ldns_rr_print(stderr, rr);
	fail_msg("removed, but not there");
}

/* RFC 1995 section 4: SOA, then old SOA, what went, new SOA, what came, again and again, then the SOA. */
static void apply(ldns_rr_list *zone, ldns_rr_list *steps)
{
	size_t count = ldns_rr_list_rr_count(steps), soas = 0;

	assert_int_equal(ldns_rr_compare(ldns_rr_list_rr(steps, 0), ldns_rr_list_rr(steps, count - 1)), 0);
	for (size_t i = 1; i + 1 < count; i++) {
		ldns_rr *rr = ldns_rr_list_rr(steps, i);

		soas += ldns_rr_get_type(rr) == LDNS_RR_TYPE_SOA;
		if (soas % 2 == 1)
			take_away(zone, rr);
		else
			assert_true(ldns_rr_list_push_rr(zone, ldns_rr_clone(rr)));
	}
	assert_int_equal(soas % 2, 0);
}

static void assert_same(ldns_rr_list *a, ldns_rr_list *b)
{
	ldns_rr_list_sort(a);
	ldns_rr_list_sort(b);
	assert_int_equal(ldns_rr_list_compare(a, b), 0);
}

static void a_secondary_follows(void **state)
{
	ldns_rr_list *copy, *now, *steps;
	unsigned followed = 0;
	struct fixture f;
	uint32_t serial;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	for (unsigned i = 0; i < 60; i++)
		change(&f);
	copy = zone_dump(&f, "alamo", false);
	serial = serial_of(ldns_rr_list_rr(copy, 0));
	for (unsigned step = 0; step < STEPS; step++) {
		bool whole;

		for (unsigned n = dice(4) + 1; n-- > 0;)
			change(&f);
		if (dice(10) == 0) {
			bool more = true;

			fixture_clock += 8 * 86400; /* every signature anew */
			while (more)
				assert_int_equal(builder_resign(f.builder, &more), AL_OK);
		}
		now = zone_dump(&f, "alamo", false);
		if (serial_of(ldns_rr_list_rr(now, 0)) == serial) { /* nothing that was there was deleted */
			ldns_rr_list_deep_free(now);
			continue;
		}
		steps = ixfr(&f, serial, &whole);
		serial = serial_of(ldns_rr_list_rr(now, 0));
		assert_int_equal(serial_of(ldns_rr_list_rr(steps, 0)), serial);
		if (whole) {
			ldns_rr_list_deep_free(copy);
			copy = ldns_rr_list_clone(now);
		} else {
			apply(copy, steps);
			followed++;
		}
		assert_same(copy, now);
		ldns_rr_list_deep_free(steps);
		ldns_rr_list_deep_free(now);
	}
	assert_in_range(followed, STEPS / 2, STEPS);
	ldns_rr_list_deep_free(copy);
	fixture_stop(&f);
}

static void history_is_bounded(void **state)
{
	const struct zone *zone;
	struct fixture f;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_build(&f);
	for (unsigned i = 0; i < DELTA_COUNT_MAX + 50; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "domain: n.alamo\nrecord: @ A 10.0.%u.%u\nmnt-by: A-MNT\nsource: TEST\n", i / 250,
			       i % 250);
		fixture_put(&f, text);
		fixture_apply(&f);
	}
	zone = publish_enter(f.publish, 0)->zones[1];
	assert_true(zone->delta_count > 100 && zone->delta_count <= DELTA_COUNT_MAX);
	assert_true(zone->delta_bytes <= DELTA_BYTES_MAX);
	assert_int_equal(zone->deltas[zone->delta_count - 1]->to, zone->serial);
	for (size_t i = 1; i < zone->delta_count; i++)
		assert_int_equal(zone->deltas[i]->from, zone->deltas[i - 1]->to);
	publish_leave(f.publish, 0);
	fixture_stop(&f);
}

/* The same zone, in however many messages, with EDNS and without. */
static void edns_in_each_message(void **state)
{
	ldns_rr_list *with, *without;
	struct fixture f;
	char text[128];

	(void)state;
	fixture_start(&f, registry, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text),
			       "domain: n%u.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n", i);
		fixture_put(&f, text);
	}
	fixture_build(&f);
	with = zone_dump(&f, "alamo", true);
	without = zone_dump(&f, "alamo", false);
	assert_true(ldns_rr_list_rr_count(with) > 4000);
	assert_same(with, without);
	ldns_rr_list_deep_free(with);
	ldns_rr_list_deep_free(without);
	fixture_stop(&f);
}

/* A secondary that is far behind gets the zone, when that is shorter than all that has changed in it. */
static void no_more_than_the_zone(void **state)
{
	static const char *const texts[] = {
		"domain: n.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n",
		"domain: n.alamo\nrecord: @ A 10.0.0.1\nrecord: @ TXT \"a text that is longer, and goes again\"\n"
		"mnt-by: A-MNT\nsource: TEST\n",
	};
	ldns_rr_list *zone, *steps;
	unsigned first_whole = 0;
	struct fixture f;
	uint32_t from;
	bool whole;

	(void)state;
	fixture_start(&f, registry, NULL);
	fixture_put(&f, texts[0]);
	fixture_build(&f);
	zone = zone_dump(&f, "alamo", false);
	from = serial_of(ldns_rr_list_rr(zone, 0));
	ldns_rr_list_deep_free(zone);
	for (unsigned i = 1; i <= 40; i++) {
		fixture_put(&f, texts[i % 2]);
		fixture_apply(&f);
		steps = ixfr(&f, from, &whole);
		ldns_rr_list_deep_free(steps);
		if (whole && first_whole == 0)
			first_whole = i;
		assert_int_equal(whole, first_whole != 0); /* once it is shorter it stays so */
	}
	assert_in_range(first_whole, 2, 20);
	fixture_stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_the_zone),
		cmocka_unit_test(edns_in_each_message),
		cmocka_unit_test(a_secondary_follows),
		cmocka_unit_test(history_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
