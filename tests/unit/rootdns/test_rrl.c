/* SPDX-License-Identifier: MIT */
/*
 * test_rrl.c -- what a flood of forged questions makes us send, and what
 * others get meanwhile.
 */
#include "fixture.h"

#include "rrl.h"

#define LIMIT 50
#define FLOOD 2000

static const char registry[] = "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n";

struct counted {
	unsigned whole, small, dropped;
	size_t bytes;
};

static struct dns_self self = { .cookies = true };

static void setup_zones(struct fixture *f)
{
	fixture_start(f, registry, NULL);
	fixture_put(f, "domain: w.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: T1\n");
	fixture_put(f, "domain: wild.alamo\nrecord: * TXT a\nrecord: * A 10.0.0.2\nmnt-by: A-MNT\nsource: T1\n");
	fixture_put(f, "domain: cut.alamo\nnserver: ns.example\nmnt-by: A-MNT\nsource: T1\n");
	fixture_build(f);
}

/* One question and what becomes of it. */
static void ask(struct fixture *f, struct rrl *rrl, const char *name, const struct client *client, struct counted *out)
{
	const struct zone_set *set = publish_enter(f->publish, 0);
	struct question q = { .name = name, .type = RR_A };
	uint8_t msg[512], reply[UDP_SIZE_MAX];
	struct query query;
	size_t len;

	assert_true(query_parse(set->seed, msg, question_put(&q, msg), &query));
	answer_prepare(set, &query);
	len = answer_write(set, &query, client, reply);
	switch (rrl_judge(rrl, &query, client, reply)) {
	case RRL_SEND:
		out->whole++;
		out->bytes += len;
		break;
	case RRL_SHORT:
		len = answer_short(&query, client, reply);
		assert_int_equal(reply[2] & 2, 2);
		assert_int_equal(al_get_u16(reply + 6), 0);
		out->small++;
		out->bytes += len;
		break;
	case RRL_DROP:
		out->dropped++;
	}
	publish_leave(f->publish, 0);
}

static void a_flood_is_cut_short(void **state)
{
	static const char *const names[] = { "nothing.alamo", "cut.alamo", "w.alamo", "wild.alamo" };
	struct client victim = { .self = &self, .now = 1000, .addr_len = 4, .addr = { 10, 0, 0, 1 } };
	struct client other = { .self = &self, .now = 1000, .addr_len = 4, .addr = { 10, 0, 1, 1 } };
	struct fixture f;

	(void)state;
	setup_zones(&f);
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		struct counted flood = { 0 }, quiet = { 0 }, later = { 0 };
		struct rrl *rrl;
		char name[64];

		assert_int_equal(rrl_new(LIMIT, &rrl), AL_OK);
		for (unsigned n = 0; n < FLOOD; n++) {
			victim.addr[3] = (uint8_t)n; /* a /24 is one network */
			(void)snprintf(name, sizeof(name), "%u.%s", n, names[i]);
			ask(&f, rrl, name, &victim, &flood);
			if (n % 100 == 0)
				ask(&f, rrl, name, &other, &quiet);
		}
		assert_int_equal(flood.whole, LIMIT);
		assert_in_range(flood.small, (FLOOD - LIMIT) / 2 - 1, (FLOOD - LIMIT) / 2 + 1);
		assert_int_equal(flood.whole + flood.small + flood.dropped, FLOOD);
		assert_int_equal(quiet.whole, FLOOD / 100);
		victim.now++;
		for (unsigned n = 0; n < LIMIT; n++) /* of what was cut short a second ago */
			ask(&f, rrl, name, &victim, &later);
		assert_int_equal(later.whole, LIMIT);
		ask(&f, rrl, name, &victim, &later);
		assert_int_equal(later.whole, LIMIT);
		victim.now--;
		rrl_free(rrl);
	}
	fixture_stop(&f);
}

static void tcp_and_no_limit_are_free(void **state)
{
	struct client tcp = { .self = &self, .now = 1000, .tcp = true, .addr_len = 4, .addr = { 10, 0, 0, 1 } };
	struct counted all = { 0 };
	struct fixture f;
	struct rrl *rrl;

	(void)state;
	setup_zones(&f);
	assert_int_equal(rrl_new(LIMIT, &rrl), AL_OK);
	for (unsigned n = 0; n < FLOOD; n++)
		ask(&f, rrl, "w.alamo", &tcp, &all);
	rrl_free(rrl);
	assert_int_equal(rrl_new(0, &rrl), AL_OK);
	tcp.tcp = false;
	for (unsigned n = 0; n < FLOOD; n++)
		ask(&f, rrl, "w.alamo", &tcp, &all);
	assert_int_equal(all.whole, 2 * FLOOD);

	/* A limit from now on. */
	rrl_limit(rrl, LIMIT);
	for (unsigned n = 0; n < FLOOD; n++)
		ask(&f, rrl, "w.alamo", &tcp, &all);
	assert_int_equal(all.whole, 2 * FLOOD + LIMIT);
	rrl_free(rrl);
	fixture_stop(&f);
}

/* Who has our cookie has shown where he is; a made-up one counts as none. */
static void a_cookie_is_a_pass(void **state)
{
	struct client client = { .self = &self, .now = 1000, .addr_len = 16, .addr = { 0xfd, 1 } };
	uint8_t msg[512], reply[UDP_SIZE_MAX];
	struct question q = { .name = "w.alamo", .type = RR_A, .edns = true };
	unsigned sent = 0, forged = 0, elsewhere = 0;
	size_t len, got;
	struct fixture f;
	struct rrl *rrl;
	struct query query;

	(void)state;
	setup_zones(&f);
	assert_int_equal(rrl_new(LIMIT, &rrl), AL_OK);
	len = question_put(&q, msg);
	al_set_u16(msg + len - 2, 12);
	memcpy(msg + len, "\0\12\0\10abcdefgh", 12);
	len += 12;
	got = answer_query(publish_enter(f.publish, 0), msg, len, &client, reply);
	/* The answer's last option is the cookie: 24 bytes. */
	al_set_u16(msg + len - 14, 28);
	al_set_u16(msg + len - 10, 24);
	memcpy(msg + len - 8, reply + got - 24, 24);
	len += 16;
	for (unsigned n = 0; n < FLOOD; n++) {
		struct client moved = client;

		assert_true(query_parse(0, msg, len, &query));
		sent += rrl_judge(rrl, &query, &client, reply) == RRL_SEND;
		moved.addr[15] = 1; /* in the same network: the cookie is another's */
		elsewhere += rrl_judge(rrl, &query, &moved, reply) == RRL_SEND;
		msg[len - 1] ^= 1;
		forged += rrl_judge(rrl, &query, &client, reply) == RRL_SEND;
		msg[len - 1] ^= 1;
	}
	publish_leave(f.publish, 0);
	assert_int_equal(sent, FLOOD);
	assert_in_range(forged, 0, LIMIT);
	assert_in_range(elsewhere, 0, LIMIT);
	client.now += 3601; /* and it gets old */
	assert_true(query_parse(0, msg, len, &query));
	assert_false(edns_cookie_good(&query, &client));
	rrl_free(rrl);
	fixture_stop(&f);
}

/* RFC 9018 appendix A.1: the server's cookie byte for byte, so that another server of the address takes it. */
static void the_standards_cookie(void **state)
{
	struct dns_self own = { .cookies = true,
				.cookie_key = { 0xe5, 0xe9, 0x73, 0xe5, 0xa6, 0xb2, 0xa4, 0x3f, 0x48, 0xe7, 0xdc, 0x84,
						0x9e, 0x37, 0xbf, 0xcf } };
	struct client client = { .self = &own, .now = 0x5cf79f11, .addr_len = 4, .addr = { 198, 51, 100, 100 } };
	static const uint8_t asked[] = { 0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57 };
	static const uint8_t want[] = { 0, 10, 0,    24,   0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57, 1,    0,
					0, 0,  0x5c, 0xf7, 0x9f, 0x11, 0x1f, 0x81, 0x30, 0xc3, 0xee, 0xe2, 0x94, 0x80 };
	struct query query = { .edns = true, .cookie = asked, .cookie_len = sizeof(asked) };
	uint8_t out[EDNS_MAX];
	size_t len = edns_put(&query, &client, RCODE_NOERROR, EDE_NONE, out);

	(void)state;
	assert_int_equal(len, 11 + sizeof(want));
	assert_memory_equal(out + 11, want, sizeof(want));
	query.cookie = out + 15;
	query.cookie_len = 24;
	assert_true(edns_cookie_good(&query, &client));
	client.now += 3600;
	assert_true(edns_cookie_good(&query, &client));
	client.now++;
	assert_false(edns_cookie_good(&query, &client));
	client.now = 0x5cf79f11 - 300; /* another server's clock */
	assert_true(edns_cookie_good(&query, &client));
	client.now--;
	assert_false(edns_cookie_good(&query, &client));
	client.now = 0x5cf79f11;
	out[15 + 8] = 2; /* another version */
	assert_false(edns_cookie_good(&query, &client));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_cut_short),
		cmocka_unit_test(tcp_and_no_limit_are_free),
		cmocka_unit_test(a_cookie_is_a_pass),
		cmocka_unit_test(the_standards_cookie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
