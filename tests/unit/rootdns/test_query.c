/* SPDX-License-Identifier: MIT */
/*
 * test_query.c -- messages that are no question, and what each is told.
 */
#include "fixture.h"

#define HEAD(flags, qd, an, ns, ar) "\x12\x34" flags "\0" qd "\0" an "\0" ns "\0" ar
#define NAME "\5alamo"
#define IN_A "\0\0\1\0\1"
#define OPT(version, flags, len, data) "\0\0\x29\4\xd0\0" version flags "\0" len data

#define OPTION(len, data) HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\0", "\0\0", len, data)

#define IXFR HEAD("\1\0", "\1", "\0", "\1", "\0") NAME "\0\0\xfb\0\1"
#define TIMES "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

struct row {
	const char *what;
	const char *bytes;
	size_t len;
	int rcode;     /* -1: no reply at all */
	bool question; /* repeated in the reply */
};

#define ROW(what, bytes, rcode, question)                       \
	{                                                       \
		what, bytes, sizeof(bytes) - 1, rcode, question \
	}

static const struct row rows[] = {
	ROW("plain", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME IN_A, RCODE_NOERROR, true),
	ROW("with OPT", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\0", "\x80\0", "\0", ""), RCODE_NOERROR,
	    true),
	ROW("unknown option", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\0", "\0\0", "\6", "\xff\1\0\2ab"),
	    RCODE_NOERROR, true),
	ROW("keepalive", OPTION("\4", "\0\13\0\0"), RCODE_NOERROR, true),
	ROW("keepalive with a time", OPTION("\6", "\0\13\0\2\0\1"), RCODE_FORMERR, true),
	ROW("a cookie too short", OPTION("\13", "\0\12\0\7abcdefg"), RCODE_FORMERR, true),
	ROW("a server's cookie too short", OPTION("\23", "\0\12\0\17abcdefghijklmno"), RCODE_FORMERR, true),
	ROW("too short for a header", "\x12\x34\1\0\0\1\0\0\0\0\0", -1, false),
	ROW("a response", HEAD("\x81\0", "\1", "\0", "\0", "\0") NAME IN_A, -1, false),
	ROW("header only", HEAD("\1\0", "\1", "\0", "\0", "\0"), RCODE_FORMERR, false),
	ROW("no question", HEAD("\1\0", "\0", "\0", "\0", "\0"), RCODE_FORMERR, false),
	ROW("two questions", HEAD("\1\0", "\2", "\0", "\0", "\0") NAME IN_A NAME IN_A, RCODE_FORMERR, false),
	ROW("name runs out", HEAD("\1\0", "\1", "\0", "\0", "\0") "\5ala", RCODE_FORMERR, false),
	ROW("name is a pointer", HEAD("\1\0", "\1", "\0", "\0", "\0") "\xc0\x0c\0\1\0\1", RCODE_FORMERR, false),
	ROW("no class", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\1\0", RCODE_FORMERR, false),
	ROW("answer section", HEAD("\1\0", "\1", "\1", "\0", "\0") NAME IN_A "\0\0\1\0\1\0\0\0\0\0\0", RCODE_FORMERR,
	    true),
	ROW("more bytes", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME IN_A "x", RCODE_FORMERR, true),
	ROW("OPT missing", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A, RCODE_FORMERR, true),
	ROW("OPT with a name", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A "\1a" OPT("\0", "\0\0", "\0", ""),
	    RCODE_FORMERR, true),
	ROW("two OPT",
	    HEAD("\1\0", "\1", "\0", "\0", "\2") NAME IN_A OPT("\0", "\0\0", "\0", "") OPT("\0", "\0\0", "\0", ""),
	    RCODE_FORMERR, true),
	ROW("option runs out", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\0", "\0\0", "\5", "\0\1\0\2a"),
	    RCODE_FORMERR, true),
	ROW("OPT asked for", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\x29\0\1", RCODE_FORMERR, true),
	ROW("version 1", HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\1", "\0\0", "\0", ""), RCODE_BADVERS,
	    true),
	ROW("NOTIFY", HEAD("\x21\0", "\1", "\0", "\0", "\0") NAME IN_A, RCODE_NOTIMP, false),
	ROW("UPDATE", HEAD("\x29\0", "\1", "\0", "\0", "\0") NAME IN_A, RCODE_NOTIMP, false),
	/* RFC 7873 section 5.4 */
	ROW("a cookie alone", HEAD("\1\0", "\0", "\0", "\0", "\1") OPT("\0", "\0\0", "\14", "\0\12\0\10abcdefgh"),
	    RCODE_NOERROR, false),
	ROW("OPT alone", HEAD("\1\0", "\0", "\0", "\0", "\1") OPT("\0", "\0\0", "\0", ""), RCODE_FORMERR, false),
	ROW("class HESIOD", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\1\0\4", RCODE_REFUSED, true),
	ROW("AXFR over UDP", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\xfc\0\1", RCODE_NOTIMP, true),
	ROW("MAILB", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\xfd\0\1", RCODE_NOTIMP, true),
	ROW("type 0", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\0\0\1", RCODE_NOERROR, true),
	ROW("IXFR without SOA", HEAD("\1\0", "\1", "\0", "\0", "\0") NAME "\0\0\xfb\0\1", RCODE_FORMERR, true),
	ROW("IXFR",
	    HEAD("\1\0", "\1", "\0", "\1", "\0") NAME "\0\0\xfb\0\1"
						      "\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0"
						      "\0\0\0\1"
						      "\0\0\0\0"
						      "\0\0\0\0"
						      "\0\0\0\0"
						      "\0\0\0\0",
	    RCODE_NOERROR, true),
	ROW("IXFR, names spelled out",
	    IXFR "\5alamo\0"
		 "\0\6\0\1\0\0\0\0\0\34\1a\xc0\x0c\1b\xc0\x0c\0\0\0\1" TIMES,
	    RCODE_NOERROR, true),
	ROW("IXFR, too short a SOA", IXFR "\xc0\x0c\0\6\0\1\0\0\0\0\0\25\0\0\0\0\1" TIMES, RCODE_FORMERR, true),
	ROW("IXFR, too long a SOA", IXFR "\xc0\x0c\0\6\0\1\0\0\0\0\0\27\0\0\0\0\0\0\1" TIMES, RCODE_FORMERR, true),
	ROW("IXFR, no SOA but TXT", IXFR "\xc0\x0c\0\20\0\1\0\0\0\0\0\26\0\0\0\0\0\1" TIMES, RCODE_FORMERR, true),
	ROW("IXFR, no name", IXFR "\x40\0\6\0\1\0\0\0\0\0\26\0\0\0\0\0\1" TIMES, RCODE_FORMERR, true),
	ROW("IXFR, a name to the end", IXFR "\1", RCODE_FORMERR, true),
	ROW("chaos",
	    HEAD("\1\0", "\1", "\0", "\0", "\0") "\7version\4bind"
						 "\0\0\x10\0\3",
	    RCODE_NOERROR, true),
	ROW("chaos, other name",
	    HEAD("\1\0", "\1", "\0", "\0", "\0") "\7version\4bund"
						 "\0\0\x10\0\3",
	    RCODE_REFUSED, true),
};

static int setup(void **state)
{
	static struct fixture f;

	fixture_start(&f, "registry: T1\ntld: alamo\nroot-server: a fd00::53\nmnt-by: A-MNT\nsource: T1\n", NULL);
	fixture_build(&f);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

static int rcode_of(const uint8_t *reply, size_t len)
{
	/* An OPT of ours is the last 11 bytes. */
	int high = al_get_u16(reply + 10) > 0 ? reply[len - 6] : 0;

	return (reply[3] & 15) | high << 4;
}

static void each_message_gets_its_due(void **state)
{
	struct fixture *f = *state;
	uint8_t out[UDP_SIZE_MAX];

	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		const struct row *row = &rows[i];
		const struct zone_set *set = publish_enter(f->publish, 0);
		/* On the heap and exact, so that a sanitizer sees a read behind it. */
		uint8_t *msg = malloc(row->len);
		size_t len;

		memcpy(msg, row->bytes, row->len);
		len = answer_query(set, msg, row->len, &(struct client){ .tcp = false }, out);
		publish_leave(f->publish, 0);
		if ((len == 0) != (row->rcode < 0) || (len > 0 && rcode_of(out, len) != row->rcode) ||
		    (len > 0 && (al_get_u16(out + 4) == 1) != row->question))
			fail_msg("%s: %zu bytes, rcode %d", row->what, len, len > 0 ? rcode_of(out, len) : -1);
		if (len > 0) {
			assert_memory_equal(out, msg, 2);
			assert_int_equal(out[2] & 0x80, 0x80);
			assert_int_equal(out[2] & 0x79, (uint8_t)row->bytes[2] & 0x79);
			assert_int_equal(out[3] & 0x80, 0);
		}
		free(msg);
	}
}

/* No prefix of a good message may be read beyond its end. */
static void every_prefix_is_safe(void **state)
{
	struct fixture *f = *state;
	const struct row *row = &rows[2];
	uint8_t out[UDP_SIZE_MAX];

	for (size_t cut = 0; cut < row->len; cut++) {
		const struct zone_set *set = publish_enter(f->publish, 0);
		uint8_t *msg = malloc(cut + 1);
		size_t len;

		memcpy(msg, row->bytes, cut);
		msg = realloc(msg, cut > 0 ? cut : 1);
		len = answer_query(set, msg, cut, &(struct client){ .tcp = false }, out);
		publish_leave(f->publish, 0);
		if (cut < DNS_HEADER)
			assert_int_equal(len, 0);
		else
			assert_int_equal(out[3] & 15, RCODE_FORMERR);
		free(msg);
	}
}

static void spelling_and_flags_come_back(void **state)
{
	static const uint8_t query[] = HEAD("\1\x30", "\1", "\0", "\0", "\0") "\5aLaMo\0\0\6\0\1";
	struct fixture *f = *state;
	const struct zone_set *set = publish_enter(f->publish, 0);
	uint8_t out[UDP_SIZE_MAX];

	assert_true(answer_query(set, query, sizeof(query) - 1, &(struct client){ .tcp = false }, out) > 0);
	publish_leave(f->publish, 0);
	assert_memory_equal(out + 12, query + 12, 11);
	assert_int_equal(out[2], 0x85); /* QR AA RD */
	assert_int_equal(out[3], 0x10); /* CD as asked, AD not */
}

/* One behind the other, known and unknown. */
static void options_are_taken(void **state)
{
	static const uint8_t plain[] = HEAD("\1\0", "\1", "\0", "\0", "\1") NAME IN_A OPT("\0", "\0\0", "\0", "");
	static const uint8_t all[] = OPTION("\34", "\0\3\0\0"
						   "\0\11\0\0"
						   "\0\13\0\0"
						   "\0\12\0\10abcdefgh"
						   "\xff\1\0\0");
	struct query query;

	(void)state;
	assert_true(query_parse(0, plain, sizeof(plain) - 1, &query));
	assert_true(query.edns && !query.nsid && !query.expire && !query.keepalive && query.cookie_len == 0);
	assert_true(query_parse(0, all, sizeof(all) - 1, &query));
	assert_int_equal(query.rcode, RCODE_NOERROR);
	assert_true(query.edns && query.nsid && query.expire && query.keepalive);
	assert_int_equal(query.cookie_len, 8);
	assert_memory_equal(query.cookie, "abcdefgh", 8);
}

/* Room is kept for what is written, whatever was asked for. */
static void room_is_kept_for_the_options(void **state)
{
	static const uint8_t cookie[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	const struct dns_self self = { .nsid = "ns1", .nsid_len = 3, .keepalive = 100 };
	struct fixture *f = *state;
	const struct zone_set *set = publish_enter(f->publish, 0);
	const struct zone *zone = set->zones[1];
	uint8_t out[EDNS_MAX];

	for (unsigned bits = 0; bits < 64; bits++) {
		struct query query = { .edns = (bits & 1) != 0,
				       .nsid = (bits & 2) != 0,
				       .keepalive = (bits & 4) != 0,
				       .expire = (bits & 8) != 0,
				       .cookie = cookie,
				       .cookie_len = (bits & 16) != 0 ? 8 : 0,
				       .type = RR_SOA,
				       .zone = zone };
		struct client client = { .self = &self, .tcp = (bits & 32) != 0 };

		query.name.labels = (uint8_t)zone->labels;
		assert_int_equal(edns_len(&query, &client), edns_put(&query, &client, RCODE_NOERROR, EDE_NONE, out));
	}
	publish_leave(f->publish, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_gets_its_due),    cmocka_unit_test(every_prefix_is_safe),
		cmocka_unit_test(spelling_and_flags_come_back), cmocka_unit_test(options_are_taken),
		cmocka_unit_test(room_is_kept_for_the_options),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
