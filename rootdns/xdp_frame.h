/* SPDX-License-Identifier: MIT */
/*
 * xdp_frame.h -- Ethernet frames with one UDP datagram in IPv4 or IPv6 (RFC 791, RFC 8200, RFC 768): taken apart within
 * their bounds, and answered. Pure.
 *
 * Only the plainest form is taken: no VLAN tag, no IPv4 options, no IPv6 extension headers, no fragments. The program in
 * the kernel leaves all others to the kernel's own stack; here they are refused, since nothing that
 * comes from a network is believed twice.
 */
#ifndef ROOTDNS_XDP_FRAME_H
#define ROOTDNS_XDP_FRAME_H

#include "alamo/base/base.h"

#define XDP_ETHERNET 14u
#define XDP_IPV4 20u
#define XDP_IPV6 40u
#define XDP_UDP 8u
#define XDP_HEADERS_MAX (XDP_ETHERNET + XDP_IPV6 + XDP_UDP)

struct xdp_frame {
	const uint8_t *bytes;   /* borrowed, from the Ethernet header on */
	const uint8_t *payload; /* of the datagram, in `bytes` */
	size_t payload_len;
	uint8_t addr_len;    /* 4 or 16: the family */
	const uint8_t *from; /* address of who sent it, in `bytes` */
};

/*
 * False: not such a frame, its lengths or checksums are wrong, or no answer may go to where it claims to be from.
 * A UDP checksum that covers the pseudo-header alone is right: so a sender on this machine leaves it to a network card
 * that is not there.
 */
bool xdp_frame_parse(const uint8_t *bytes, size_t len, struct xdp_frame *out);

/* How many bytes stand before the payload of an answer. */
static inline size_t xdp_frame_headers(const struct xdp_frame *frame)
{
	return XDP_ETHERNET + (frame->addr_len == 4 ? XDP_IPV4 : XDP_IPV6) + XDP_UDP;
}
/*
 * The answer's headers, with addresses and ports changed over, before the `payload_len` bytes that already stand at
 * out + xdp_frame_headers(). `id`: of an IPv4 packet, should somebody on the way cut it up. Returns the whole length.
 */
size_t xdp_frame_reply(const struct xdp_frame *frame, uint16_t id, uint8_t *out, size_t payload_len);

#endif
