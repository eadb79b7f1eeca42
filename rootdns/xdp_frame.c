/* SPDX-License-Identifier: MIT */
/*
 * xdp_frame.c -- see xdp_frame.h.
 *
 * Checksums (RFC 1071) are summed up as they lie in memory, eight bytes at once: a sum of ones' complement comes out in
 * the same byte order as what goes in.
 */
#include "xdp_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "alamo/base/wire.h"

#define MAC 6u
#define GROUP_BIT 1u /* of a MAC's first byte: not one station */
#define TYPE_IPV4 0x0800u
#define TYPE_IPV6 0x86ddu
#define PROTOCOL_UDP 17u
#define PLAIN_IPV4 0x45u     /* version 4, five words of header */
#define FRAGMENT 0x3fffu     /* more of it, or not its beginning */
#define HOPS 64u             /* what the kernel sends with */
#define BROADCAST UINT32_MAX /* 255.255.255.255 */

/* Where things are in the headers. */
enum { IPV4_LEN = 2, IPV4_FRAGMENT = 6, IPV4_PROTOCOL = 9, IPV4_SUM = 10, IPV4_FROM = 12 };
enum { IPV6_LEN = 4, IPV6_NEXT = 6, IPV6_HOPS = 7, IPV6_FROM = 8 };
enum { UDP_FROM = 0, UDP_TO = 2, UDP_LEN = 4, UDP_SUM = 6 };

/* ---- checksums ---- */

/* What it gives is far from an overflow: frames are short. */
static uint64_t sum_add(uint64_t sum, const uint8_t *bytes, size_t len)
{
	uint64_t word, high = 0;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word & UINT32_MAX;
		high += word >> 32;
	}
	word = 0;
	memcpy(&word, bytes, len);
	return sum + high + (word & UINT32_MAX) + (word >> 32);
}

/* 16 bits, as they lie in memory. */
static uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of the pseudo-header; `addrs` has both addresses, one behind the other, in either order. */
static uint64_t sum_pseudo(const uint8_t *addrs, size_t addr_len, size_t udp_len)
{
	return sum_add(0, addrs, addr_len * 2) + htons((uint16_t)udp_len) + htons(PROTOCOL_UDP);
}

static bool udp_sum_right(const struct xdp_frame *frame, const uint8_t *udp, size_t udp_len)
{
	uint64_t pseudo = sum_pseudo(frame->from, frame->addr_len, udp_len);
	uint16_t given;

	memcpy(&given, udp + UDP_SUM, sizeof(given));
	if (given == 0)
		return frame->addr_len == 4; /* RFC 8200 section 8.1: not in IPv6 */
	return sum_fold(sum_add(pseudo, udp, udp_len)) == UINT16_MAX || given == sum_fold(pseudo);
}

/* ---- in ---- */

/* One host, and not this one. `to` follows `from`. */
static bool from_usable(const uint8_t *from, size_t addr_len)
{
	if (memcmp(from, from + addr_len, addr_len) == 0)
		return false;
	if (addr_len == 4) /* "this" network, loopback, multicast */
		return from[0] != 0 && from[0] != 127 && from[0] >> 4 != 14 && al_get_u32(from) != BROADCAST;
	return from[0] != 0xff && (al_get_u64(from) != 0 || al_get_u64(from + 8) > 1);
}

/* The IP header: the length of what follows it, 0 when it is not to be had. */
static size_t ipv4_parse(const uint8_t *ip, size_t len)
{
	size_t total;

	if (len < XDP_IPV4 + XDP_UDP || ip[0] != PLAIN_IPV4 || ip[IPV4_PROTOCOL] != PROTOCOL_UDP ||
	    (al_get_u16(ip + IPV4_FRAGMENT) & FRAGMENT) != 0 || sum_fold(sum_add(0, ip, XDP_IPV4)) != UINT16_MAX)
		return 0;
	total = al_get_u16(ip + IPV4_LEN);
	return total > len || total < XDP_IPV4 ? 0 : total - XDP_IPV4;
}

static size_t ipv6_parse(const uint8_t *ip, size_t len)
{
	size_t rest;

	if (len < XDP_IPV6 + XDP_UDP || ip[0] >> 4 != 6 || ip[IPV6_NEXT] != PROTOCOL_UDP)
		return 0;
	rest = al_get_u16(ip + IPV6_LEN);
	return rest > len - XDP_IPV6 ? 0 : rest;
}

/* `left` bytes at `udp`, of which it may leave some unused. */
static bool udp_parse(const uint8_t *udp, size_t left, struct xdp_frame *out)
{
	size_t len;

	if (left < XDP_UDP)
		return false;
	len = al_get_u16(udp + UDP_LEN);
	if (len < XDP_UDP || len > left || al_get_u16(udp + UDP_FROM) == 0 || !udp_sum_right(out, udp, len))
		return false;
	out->payload = udp + XDP_UDP;
	out->payload_len = len - XDP_UDP;
	return true;
}

bool xdp_frame_parse(const uint8_t *bytes, size_t len, struct xdp_frame *out)
{
	const uint8_t *ip = bytes + XDP_ETHERNET;
	size_t header, rest;
	uint16_t type;

	if (len < XDP_ETHERNET || (bytes[MAC] & GROUP_BIT) != 0)
		return false;
	type = al_get_u16(bytes + 2 * MAC);
	if (type != TYPE_IPV4 && type != TYPE_IPV6)
		return false;
	out->bytes = bytes;
	out->addr_len = type == TYPE_IPV4 ? 4 : 16;
	out->from = ip + (type == TYPE_IPV4 ? IPV4_FROM : IPV6_FROM);
	header = type == TYPE_IPV4 ? XDP_IPV4 : XDP_IPV6;
	rest = type == TYPE_IPV4 ? ipv4_parse(ip, len - XDP_ETHERNET) : ipv6_parse(ip, len - XDP_ETHERNET);
	return rest > 0 && from_usable(out->from, out->addr_len) && udp_parse(ip + header, rest, out);
}

/* ---- out ---- */

/* Sums are made of what is known, or was written long ago: to read what was only just written, in other pieces, stalls. */

static void ipv4_put(const struct xdp_frame *frame, uint16_t id, size_t udp_len, uint8_t *ip)
{
	const uint16_t words[] = { htons(PLAIN_IPV4 << 8), htons((uint16_t)(XDP_IPV4 + udp_len)), htons(id), 0,
				   htons(HOPS << 8 | PROTOCOL_UDP) };
	uint64_t sum = sum_add(0, frame->from, 8);
	uint16_t folded;

	for (size_t i = 0; i < AL_COUNT(words); i++)
		sum += words[i];
	memcpy(ip, words, sizeof(words));
	folded = (uint16_t)~sum_fold(sum);
	memcpy(ip + IPV4_SUM, &folded, sizeof(folded));
}

static void ipv6_put(size_t udp_len, uint8_t *ip)
{
	al_set_u32(ip, 6u << 28);
	al_set_u16(ip + IPV6_LEN, (uint16_t)udp_len);
	ip[IPV6_NEXT] = PROTOCOL_UDP;
	ip[IPV6_HOPS] = HOPS;
}

/* In front of its payload. */
static void udp_put(const struct xdp_frame *frame, size_t len, uint8_t *udp)
{
	const uint8_t *asked = frame->payload - XDP_UDP;
	uint64_t sum = sum_pseudo(frame->from, frame->addr_len, len) + htons((uint16_t)len);
	uint16_t folded;

	sum = sum_add(sum, asked, UDP_LEN); /* the ports, which only change places */
	folded = (uint16_t)~sum_fold(sum_add(sum, udp + XDP_UDP, len - XDP_UDP));
	if (folded == 0) /* would say that there is none */
		folded = UINT16_MAX;
	memcpy(udp + UDP_FROM, asked + UDP_TO, 2);
	memcpy(udp + UDP_TO, asked + UDP_FROM, 2);
	al_set_u16(udp + UDP_LEN, (uint16_t)len);
	memcpy(udp + UDP_SUM, &folded, sizeof(folded));
}

size_t xdp_frame_reply(const struct xdp_frame *frame, uint16_t id, uint8_t *out, size_t payload_len)
{
	size_t headers = xdp_frame_headers(frame), len = headers + payload_len, udp_len = XDP_UDP + payload_len;
	uint8_t *ip = out + XDP_ETHERNET, *addrs = ip + (frame->addr_len == 4 ? IPV4_FROM : IPV6_FROM);

	memcpy(out, frame->bytes + MAC, MAC);
	memcpy(out + MAC, frame->bytes, MAC);
	memcpy(out + 2 * MAC, frame->bytes + 2 * MAC, 2);
	if (frame->addr_len == 4)
		ipv4_put(frame, id, udp_len, ip);
	else
		ipv6_put(udp_len, ip);
	memcpy(addrs, frame->from + frame->addr_len, frame->addr_len);
	memcpy(addrs + frame->addr_len, frame->from, frame->addr_len);
	udp_put(frame, udp_len, out + headers - XDP_UDP);
	return len;
}
