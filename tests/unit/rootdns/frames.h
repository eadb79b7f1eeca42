/* SPDX-License-Identifier: MIT */
/* frames.h -- a question for "." SOA in a frame of each family, and checksums by another way of summing. For tests only. */
#ifndef TESTS_ROOTDNS_FRAMES_H
#define TESTS_ROOTDNS_FRAMES_H

#include <string.h>

#include "alamo/base/wire.h"
#include "xdp_frame.h"

static const uint8_t four[] = {
	0x02, 0,    0, 0,  0,    1,    0x02, 0,    0,  0,  0,    2,    0x08, 0x00,                    /* Ethernet */
	0x45, 0,    0, 45, 0x12, 0x34, 0x40, 0,    64, 17, 0x14, 0x78, 10,   9,    0, 2, 10, 9, 0, 1, /* IPv4 */
	0xc0, 0x01, 0, 53, 0,    25,   0x00, 0x00,                                          /* UDP, no checksum */
	0xab, 0xcd, 0, 0,  0,    1,    0,    0,    0,  0,  0,    0,    0,    0,    6, 0, 1, /* DNS */
};
static const uint8_t six[] = {
	0x02, 0,    0,    0,    0, 1,  0x02, 0,  0, 0, 0, 2, 0x86, 0xdd, /* Ethernet */
	0x60, 0x0a, 0xbc, 0xde, 0, 25, 17,   63,                         /* IPv6 */
	0xfd, 0,    0,    0,    0, 0,  0,    0,  0, 0, 0, 0, 0,    0,    0, 2,  0xfd, 0,  0,    0,
	0,    0,    0,    0,    0, 0,  0,    0,  0, 0, 0, 1, 0xc0, 0x01, 0, 53, 0,    25, 0x00, 0x00, /* UDP */
	0xab, 0xcd, 0,    0,    0, 1,  0,    0,  0, 0, 0, 0, 0,    0,    6, 0,  1,                    /* DNS */
};

#define ROOM 2048u
#define QUESTION 17u

/* RFC 1071 by its words: 16 bits at a time, big-endian. */
static inline uint16_t sum_of(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The datagram's, with its pseudo-header: 0xffff when it is right. */
static inline uint16_t datagram_sum(const uint8_t *frame, bool ipv4)
{
	const uint8_t *udp = frame + XDP_ETHERNET + (ipv4 ? XDP_IPV4 : XDP_IPV6);
	const uint8_t *addrs = frame + XDP_ETHERNET + (ipv4 ? 12 : 8);
	uint32_t sum = sum_of(addrs, ipv4 ? 8 : 32, 17u + al_get_u16(udp + 4));

	return sum_of(udp, al_get_u16(udp + 4), sum);
}

static inline void header_sum_set(uint8_t *frame)
{
	al_set_u16(frame + 24, 0);
	al_set_u16(frame + 24, (uint16_t)~sum_of(frame + 14, XDP_IPV4, 0));
}

static inline void datagram_sum_set(uint8_t *frame, bool ipv4)
{
	uint8_t *at = frame + XDP_ETHERNET + (ipv4 ? XDP_IPV4 : XDP_IPV6) + 6;

	al_set_u16(at, 0);
	al_set_u16(at, (uint16_t)~datagram_sum(frame, ipv4));
}

/* A copy with all checksums right. */
static inline size_t frame_make(bool ipv4, uint8_t *out)
{
	size_t len = ipv4 ? sizeof(four) : sizeof(six);

	memcpy(out, ipv4 ? four : six, len);
	if (ipv4)
		header_sum_set(out);
	datagram_sum_set(out, ipv4);
	return len;
}

#endif
