/* SPDX-License-Identifier: MIT */
/*
 * test_rtr_pdu.c -- PDUs byte for byte (RFC 6810 and RFC 8210 section 5), and hostile input.
 */
#include <stdio.h>

#include "../origins/vrps.h"

#include "rtr_pdu.h"

static void assert_bytes(const uint8_t *got, size_t len, const char *hex)
{
	char text[2 * RTR_ERROR_MAX + 1];
	size_t i;

	for (i = 0; i < len; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", got[i]);
	text[2 * len] = '\0';
	assert_string_equal(text, hex);
}

static void encodings(void **state)
{
	struct rtr_timers timers = { 300, 30, 172800 };
	struct vrp v4 = vrp_of("172.20.0.0/24", 28, 4242420000), v6 = vrp_of("fca1:100::/48", 48, 1);
	uint8_t out[RTR_PDU_MAX];

	(void)state;
	assert_bytes(out, rtr_put_notify(out, 1, 0xabcd, 0x01020304), "0100abcd0000000c01020304");
	assert_bytes(out, rtr_put_response(out, 0, 0xabcd), "0003abcd00000008");
	assert_bytes(out, rtr_put_end(out, 0, 0xabcd, 7, &timers), "0007abcd0000000c00000007");
	assert_bytes(out, rtr_put_end(out, 1, 0xabcd, 7, &timers),
		     "0107abcd0000001800000007"
		     "0000012c"
		     "0000001e"
		     "0002a300");
	assert_bytes(out, rtr_put_cache_reset(out, 1), "0108000000000008");
	assert_bytes(out, rtr_put_prefix(out, 1, &v4, true),
		     "0104000000000014"
		     "01181c00"
		     "ac140000"
		     "fcde3120");
	assert_bytes(out, rtr_put_prefix(out, 0, &v6, false),
		     "0006000000000020"
		     "00303000"
		     "fca10100000000000000000000000000"
		     "00000001");
}

static void error_reports(void **state)
{
	static const uint8_t reset[] = { 2, 2, 0, 0, 0, 0, 0, 8 };
	uint8_t out[RTR_ERROR_MAX], big[200] = { 0 };
	char text[400];

	(void)state;
	assert_bytes(out, rtr_put_error(out, 1, RTR_NO_DATA, al_slice_of(NULL, 0), "no"),
		     "010a000200000012"
		     "00000000"
		     "00000002"
		     "6e6f");
	assert_bytes(out, rtr_put_error(out, 1, RTR_UNSUPPORTED_VERSION, al_slice_of(reset, 8), ""),
		     "010a000400000018"
		     "00000008"
		     "0202000000000008"
		     "00000000");
	assert_bytes(out, rtr_put_error(out, 1, RTR_CORRUPT_DATA, al_slice_of(reset + 7, 1), "x"),
		     "010a000000000012"
		     "00000001"
		     "08"
		     "00000001"
		     "78");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(rtr_put_error(out, 1, RTR_CORRUPT_DATA, al_slice_of(big, sizeof(big)), text), RTR_ERROR_MAX);
}

static void queries(void **state)
{
	static const uint8_t serial[] = { 1, 1, 0xab, 0xcd, 0, 0, 0, 12, 0, 1, 0, 0, 0x99 };
	static const uint8_t reset[] = { 0, 2, 0, 9, 0, 0, 0, 8, 1, 1 };
	struct rtr_pdu pdu;
	size_t i;

	(void)state;
	for (i = 0; i < 12; i++)
		assert_int_equal(rtr_pdu_decode(serial, i, &pdu), 0);
	assert_int_equal(rtr_pdu_decode(serial, sizeof(serial), &pdu), 12);
	assert_int_equal(pdu.version, 1);
	assert_int_equal(pdu.type, RTR_SERIAL_QUERY);
	assert_int_equal(pdu.field, 0xabcd);
	assert_int_equal(pdu.serial, 65536);
	assert_int_equal(pdu.fault, RTR_SOUND);
	assert_int_equal(rtr_pdu_decode(reset, sizeof(reset), &pdu), 8);
	assert_int_equal(pdu.version, 0);
	assert_int_equal(pdu.type, RTR_RESET_QUERY);
	assert_int_equal(pdu.fault, RTR_SOUND);
	assert_int_equal(pdu.serial, 0); /* what is behind it is not looked at */
}

static void faults(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t length;
		enum rtr_code fault;
	} cases[] = {
		{ RTR_SERIAL_QUERY, 8, RTR_CORRUPT_DATA },
		{ RTR_SERIAL_QUERY, 13, RTR_CORRUPT_DATA },
		{ RTR_SERIAL_QUERY, 0x80000000, RTR_CORRUPT_DATA },
		{ RTR_RESET_QUERY, 12, RTR_CORRUPT_DATA },
		{ RTR_RESET_QUERY, 0, RTR_CORRUPT_DATA },
		{ RTR_RESET_QUERY, 7, RTR_CORRUPT_DATA },
		{ RTR_RESET_QUERY, UINT32_MAX, RTR_CORRUPT_DATA },
		{ RTR_SERIAL_NOTIFY, 12, RTR_INVALID_REQUEST },
		{ RTR_CACHE_RESPONSE, 8, RTR_INVALID_REQUEST },
		{ RTR_IPV4_PREFIX, 20, RTR_INVALID_REQUEST },
		{ RTR_IPV6_PREFIX, 32, RTR_INVALID_REQUEST },
		{ RTR_END_OF_DATA, 24, RTR_INVALID_REQUEST },
		{ RTR_CACHE_RESET, 8, RTR_INVALID_REQUEST },
		{ RTR_ROUTER_KEY, 123, RTR_INVALID_REQUEST },
		{ 5, 8, RTR_UNSUPPORTED_TYPE },
		{ 11, 12, RTR_UNSUPPORTED_TYPE },
		{ 255, 0, RTR_UNSUPPORTED_TYPE },
	};
	struct rtr_pdu pdu;
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(cases); i++) {
		uint8_t bytes[8] = { 1,
				     cases[i].type,
				     0,
				     0,
				     (uint8_t)(cases[i].length >> 24),
				     (uint8_t)(cases[i].length >> 16),
				     (uint8_t)(cases[i].length >> 8),
				     (uint8_t)cases[i].length };

		assert_int_equal(rtr_pdu_decode(bytes, sizeof(bytes), &pdu), 8);
		assert_int_equal(pdu.fault, cases[i].fault);
		assert_int_equal(pdu.raw.len, 8);
	}
	/* Known to routers of version 2, who get it and do not send it. */
	assert_int_equal(rtr_pdu_decode((const uint8_t[]){ 2, RTR_ASPA, 0, 0, 0, 0, 0, 12 }, 8, &pdu), 8);
	assert_int_equal(pdu.fault, RTR_INVALID_REQUEST);
}

/* What is behind the PDU, or claims to belong to it, is nobody's fault. */
static void what_is_quoted(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, quoted;
	} cases[] = {
		{ "\2\2\0\0\0\0\0\10\1\2\0\0\0\0\0\10", 16, 8 }, /* Reset Query in version 2, then in 1 */
		{ "\1\1\0\7\0\0\0\14\0\0\0\1\1\2\0\0", 16, 12 }, /* Serial Query, and the next begun */
		{ "GET / HTTP/1.1\r\n\r\n", 18, 8 },
		{ "\1\4\0\0\0\0\0\24\1\2\3\4\5\6\7\10", 16, 8 },
		{ "\1\1\0\0\0\0\0\15\0\0\0\0\0\0\0\0", 16, 8 },
	};
	struct rtr_pdu pdu;
	size_t i;

	(void)state;
	for (i = 0; i < AL_COUNT(cases); i++) {
		assert_int_equal(rtr_pdu_decode((const uint8_t *)cases[i].bytes, cases[i].len, &pdu), cases[i].quoted);
		assert_int_equal(pdu.raw.len, cases[i].quoted);
		assert_ptr_equal(pdu.raw.ptr, cases[i].bytes);
	}
}

static void error_report_in(void **state)
{
	uint8_t bytes[RTR_INPUT_MAX] = { 1, 10, 0, 7, 0, 0,  0, 28, 0, 0, 0,   8,   1,   4,
					 0, 0,  0, 0, 0, 20, 0, 0,  0, 4, 'o', 'o', 'p', 's' };
	struct rtr_pdu pdu;

	(void)state;
	assert_int_equal(rtr_pdu_decode(bytes, 27, &pdu), 0);
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 28);
	assert_int_equal(pdu.field, RTR_DUPLICATE_ANNOUNCEMENT);
	assert_true(al_slice_is(pdu.text, "oops"));
	bytes[11] = 9; /* the parts do not add up: no text, and no complaint */
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 28);
	assert_int_equal(pdu.text.len, 0);
	assert_int_equal(pdu.fault, RTR_SOUND);
	bytes[8] = 0xff;
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 28);
	assert_null(pdu.text.ptr);
	bytes[7] = 16; /* the shortest: another PDU may be behind it */
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 16);
	bytes[7] = 15; /* too short for its own fields */
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 28);
	bytes[6] = 0x10;
	bytes[7] = 0x01; /* longer than we are willing to keep */
	assert_int_equal(rtr_pdu_decode(bytes, 28, &pdu), 28);
	assert_int_equal(pdu.field, RTR_DUPLICATE_ANNOUNCEMENT);
	bytes[7] = 0x00;
	assert_int_equal(rtr_pdu_decode(bytes, RTR_INPUT_MAX - 1, &pdu), 0);
	assert_int_equal(rtr_pdu_decode(bytes, RTR_INPUT_MAX, &pdu), RTR_INPUT_MAX);
}

/* As they stand in the log; a code that nobody has given a meaning to has no name. */
static void names_of_codes(void **state)
{
	(void)state;
	assert_string_equal(rtr_code_name(RTR_CORRUPT_DATA), "corrupt-data");
	assert_string_equal(rtr_code_name(RTR_UNEXPECTED_VERSION), "unexpected-version");
	assert_string_equal(rtr_code_name(13), "cache-shutdown");
	assert_string_equal(rtr_code_name(14), "unknown");
	assert_string_equal(rtr_code_name(UINT16_MAX), "unknown");
}

static void timers(void **state)
{
	struct rtr_timers good = { 300, 30, 172800 }, long_refresh = { 7200, 30, 7200 };
	struct rtr_timers long_retry = { 300, 7200, 7200 }, zero = { 0, 30, 7200 }, far = { 300, 30, 172801 };
	static const struct {
		struct rtr_timers timers;
		bool ok;
	} ends[] = {
		{ { 1, 1, 600 }, true },        { { 1, 1, 599 }, false },          { { 1, 0, 600 }, false },
		{ { 1, 599, 600 }, true },      { { 599, 1, 600 }, true },         { { 600, 1, 600 }, false },
		{ { 1, 600, 600 }, false },     { { 86400, 7200, 172800 }, true }, { { 86401, 7200, 172800 }, false },
		{ { 1, 7201, 172800 }, false },
	};

	(void)state;
	/* RFC 8210 section 6: each at the ends of its range. */
	for (size_t i = 0; i < AL_COUNT(ends); i++)
		assert_int_equal(rtr_timers_ok(&ends[i].timers), ends[i].ok);
	assert_true(rtr_timers_ok(&good));
	assert_false(rtr_timers_ok(&long_refresh));
	assert_false(rtr_timers_ok(&long_retry));
	assert_false(rtr_timers_ok(&zero));
	assert_false(rtr_timers_ok(&far));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodings), cmocka_unit_test(error_reports),   cmocka_unit_test(queries),
		cmocka_unit_test(faults),    cmocka_unit_test(error_report_in), cmocka_unit_test(what_is_quoted),
		cmocka_unit_test(timers),    cmocka_unit_test(names_of_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
