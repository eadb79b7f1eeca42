/* SPDX-License-Identifier: MIT */
/*
 * test_xdp_frame.c -- frames as the network has them: whole ones and their answers, checksums by another way of summing,
 * and all that is no question.
 */
#include "fixture.h"

#include "frames.h"

static void whole(void **state)
{
	(void)state;
	for (int ipv4 = 0; ipv4 < 2; ipv4++) {
		uint8_t bytes[ROOM];
		size_t len = frame_make(ipv4 != 0, bytes);
		struct xdp_frame frame;

		assert_true(xdp_frame_parse(bytes, len, &frame));
		assert_int_equal(frame.addr_len, ipv4 ? 4 : 16);
		assert_ptr_equal(frame.from, bytes + (ipv4 ? 26 : 22));
		assert_int_equal(frame.payload_len, QUESTION);
		assert_ptr_equal(frame.payload, bytes + len - QUESTION);
		assert_int_equal(xdp_frame_headers(&frame), len - QUESTION);
		/* Short frames are filled up on their way. */
		memset(bytes + len, 0x55, 20);
		assert_true(xdp_frame_parse(bytes, len + 20, &frame));
		assert_int_equal(frame.payload_len, QUESTION);
	}
}

/* To whom it came from, from whom it went to; every length of payload, for every sum ends elsewhere. */
static void answered(void **state)
{
	(void)state;
	for (int ipv4 = 0; ipv4 < 2; ipv4++) {
		for (size_t n = 12; n <= 1232; n++) {
			uint8_t bytes[ROOM], out[ROOM];
			struct xdp_frame frame, back;
			size_t len, headers;

			assert_true(xdp_frame_parse(bytes, frame_make(ipv4 != 0, bytes), &frame));
			headers = xdp_frame_headers(&frame);
			memset(out, 0xff, sizeof(out));
			for (size_t i = 0; i < n; i++)
				out[headers + i] = (uint8_t)(i * 7 + n);
			len = xdp_frame_reply(&frame, 0x4711, out, n);
			assert_int_equal(len, headers + n);
			assert_memory_equal(out, bytes + 6, 6);
			assert_memory_equal(out + 6, bytes, 6);
			assert_true(xdp_frame_parse(out, len, &back));
			assert_memory_equal(back.from, frame.from + frame.addr_len, frame.addr_len);
			assert_memory_equal(back.from + frame.addr_len, frame.from, frame.addr_len);
			assert_int_equal(al_get_u16(back.payload - 8), 53);
			assert_int_equal(al_get_u16(back.payload - 6), 0xc001);
			assert_int_equal(back.payload_len, n);
			assert_int_equal(datagram_sum(out, ipv4 != 0), 0xffff);
			assert_int_not_equal(al_get_u16(back.payload - 2), 0);
			assert_int_equal(out[ipv4 ? 22 : 21], 64);
			if (ipv4) {
				assert_int_equal(sum_of(out + 14, XDP_IPV4, 0), 0xffff);
				assert_int_equal(al_get_u16(out + 18), 0x4711);
				assert_int_equal(al_get_u16(out + 20), 0);
			} else {
				assert_int_equal(al_get_u32(out + 14), 6u << 28);
			}
		}
	}
}

/* A sum of zero is sent as its other form: zero says that there is none. */
static void no_sum_of_zero(void **state)
{
	uint8_t bytes[ROOM], out[ROOM];
	struct xdp_frame frame;
	size_t at;

	(void)state;
	assert_true(xdp_frame_parse(bytes, frame_make(false, bytes), &frame));
	at = xdp_frame_headers(&frame);
	memset(out, 0, sizeof(out));
	(void)xdp_frame_reply(&frame, 0, out, 2);
	/* What is missing to all ones, as payload. */
	memcpy(out + at, out + at - 2, 2);
	(void)xdp_frame_reply(&frame, 0, out, 2);
	assert_int_equal(al_get_u16(out + at - 2), 0xffff);
}

static void checksums(void **state)
{
	uint8_t bytes[ROOM];
	struct xdp_frame frame;
	size_t len = frame_make(true, bytes);
	uint32_t pseudo = sum_of(bytes + 26, 8, 17 + 25);

	(void)state;
	bytes[len - 1] ^= 1;
	assert_false(xdp_frame_parse(bytes, len, &frame));
	al_set_u16(bytes + 40, 0); /* none: IPv4 may */
	assert_true(xdp_frame_parse(bytes, len, &frame));
	al_set_u16(bytes + 40, (uint16_t)pseudo); /* left to the card */
	assert_true(xdp_frame_parse(bytes, len, &frame));
	al_set_u16(bytes + 40, (uint16_t)(pseudo + 1));
	assert_false(xdp_frame_parse(bytes, len, &frame));
	al_set_u16(bytes + 40, 0);
	bytes[24] ^= 1; /* of the IPv4 header */
	assert_false(xdp_frame_parse(bytes, len, &frame));
	(void)frame_make(true, bytes);
	al_set_u16(bytes + 40, 0);
	al_set_u16(bytes + 38, XDP_UDP - 1); /* shorter than itself, where no sum says so */
	assert_false(xdp_frame_parse(bytes, len, &frame));
	len = frame_make(false, bytes);
	al_set_u16(bytes + 60, 0); /* IPv6 may not */
	assert_false(xdp_frame_parse(bytes, len, &frame));
}

/* Wherever it ends before its end, it is none. */
static void cut_short(void **state)
{
	(void)state;
	for (int ipv4 = 0; ipv4 < 2; ipv4++) {
		uint8_t bytes[ROOM];
		size_t len = frame_make(ipv4 != 0, bytes);
		struct xdp_frame frame;

		for (size_t n = 0; n < len; n++)
			assert_false(xdp_frame_parse(bytes, n, &frame));
		assert_true(xdp_frame_parse(bytes, len, &frame));
	}
}

struct change {
	bool ipv4;
	uint8_t at;
	uint8_t len;
	uint8_t bytes[16];
};

/* One field each, with the sums right again: it is the field that is refused. */
static void not_these(void **state)
{
	static const struct change rows[] = {
		{ true, 6, 1, { 0x03 } },                /* from a group of stations */
		{ true, 12, 2, { 0x81, 0x00 } },         /* VLAN */
		{ true, 12, 2, { 0x08, 0x06 } },         /* ARP */
		{ true, 12, 2, { 0x86, 0xdd } },         /* IPv4 that says it is IPv6 */
		{ true, 14, 1, { 0x46 } },               /* options */
		{ true, 14, 1, { 0x44 } },               /* a header that is too short */
		{ true, 14, 1, { 0x65 } },               /* version 6 */
		{ true, 16, 2, { 0, 200 } },             /* longer than the frame */
		{ true, 16, 2, { 0, 19 } },              /* shorter than its header */
		{ true, 16, 2, { 0, 27 } },              /* no room for UDP */
		{ true, 16, 2, { 0, 44 } },              /* UDP is longer than it */
		{ true, 20, 1, { 0x20 } },               /* more fragments */
		{ true, 21, 1, { 0x01 } },               /* a later one */
		{ true, 23, 1, { 6 } },                  /* TCP */
		{ true, 26, 4, { 0, 0, 0, 1 } },         /* from no host: */
		{ true, 26, 4, { 127, 0, 0, 1 } },       /* loopback */
		{ true, 26, 4, { 224, 0, 0, 1 } },       /* multicast */
		{ true, 26, 4, { 239, 255, 0, 1 } },     /* multicast */
		{ true, 26, 4, { 255, 255, 255, 255 } }, /* broadcast */
		{ true, 26, 4, { 10, 9, 0, 1 } },        /* from itself */
		{ true, 34, 2, { 0, 0 } },               /* from no port */
		{ true, 38, 2, { 0, 7 } },               /* UDP shorter than its header */
		{ true, 38, 2, { 0, 26 } },              /* UDP longer than the packet */
		{ false, 12, 2, { 0x08, 0x00 } },        /* IPv6 that says it is IPv4 */
		{ false, 14, 1, { 0x45 } },              /* version 4 */
		{ false, 18, 2, { 0, 26 } },             /* longer than the frame */
		{ false, 18, 2, { 0, 0 } },              /* nothing, or a jumbogram */
		{ false, 18, 2, { 0, 7 } },              /* no room for UDP */
		{ false, 20, 1, { 0 } },                 /* hop-by-hop options */
		{ false, 20, 1, { 44 } },                /* a fragment */
		{ false, 22, 16, { 0 } },                /* from no host: the unspecified one, */
		{ false, 22, 16, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } },    /* loopback */
		{ false, 22, 16, { 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }, /* multicast */
		{ false, 22, 16, { 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }, /* from itself */
		{ false, 54, 2, { 0, 0 } },                                               /* from no port */
		{ false, 58, 2, { 0, 26 } }, /* UDP longer than the packet */
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		uint8_t bytes[ROOM] = { 0 };
		size_t len = frame_make(rows[i].ipv4, bytes);
		struct xdp_frame frame;

		memcpy(bytes + rows[i].at, rows[i].bytes, rows[i].len);
		if (rows[i].ipv4)
			header_sum_set(bytes);
		datagram_sum_set(bytes, rows[i].ipv4);
		if (xdp_frame_parse(bytes, len, &frame))
			fail_msg("row %zu is taken", i);
	}
}

/* Hosts that only look like those. */
static void but_these(void **state)
{
	static const struct change rows[] = {
		{ true, 26, 4, { 1, 0, 0, 0 } },
		{ true, 26, 4, { 126, 255, 255, 255 } },
		{ true, 26, 4, { 128, 0, 0, 1 } },
		{ true, 26, 4, { 223, 255, 255, 255 } },
		{ true, 26, 4, { 240, 0, 0, 1 } },
		{ false, 22, 16, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 } },
		{ false, 22, 16, { 0xfe, 0x80, 0, 1 } },
		{ true, 20, 1, { 0x40 } },
		{ false, 15, 1, { 0xff } },
	};

	(void)state;
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		uint8_t bytes[ROOM] = { 0 };
		size_t len = frame_make(rows[i].ipv4, bytes);
		struct xdp_frame frame;

		memcpy(bytes + rows[i].at, rows[i].bytes, rows[i].len);
		if (rows[i].ipv4)
			header_sum_set(bytes);
		datagram_sum_set(bytes, rows[i].ipv4);
		if (!xdp_frame_parse(bytes, len, &frame))
			fail_msg("row %zu is refused", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),     cmocka_unit_test(answered),  cmocka_unit_test(no_sum_of_zero),
		cmocka_unit_test(checksums), cmocka_unit_test(cut_short), cmocka_unit_test(not_these),
		cmocka_unit_test(but_these),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
