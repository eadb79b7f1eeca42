/* links: alamo_rootdns */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xdp_frame.c -- any frame is refused or has its datagram within its bounds, and its answer is a frame that goes
 * back to where the question came from.
 */
#include <stdlib.h>
#include <string.h>

#include "xdp_frame.h"

#define PAYLOAD_MAX 1232u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static void check_bounds(const struct xdp_frame *frame, const uint8_t *bytes, size_t len)
{
	size_t headers = xdp_frame_headers(frame);

	check(frame->bytes == bytes && (frame->addr_len == 4 || frame->addr_len == 16));
	check(frame->payload == bytes + headers && frame->payload_len <= len - headers);
	check(frame->from > bytes && frame->from + 2u * frame->addr_len <= frame->payload);
}

static void check_reply(const struct xdp_frame *frame)
{
	uint8_t out[XDP_HEADERS_MAX + PAYLOAD_MAX];
	size_t payload = frame->payload_len < PAYLOAD_MAX ? frame->payload_len : PAYLOAD_MAX, len;
	struct xdp_frame back;

	memcpy(out + xdp_frame_headers(frame), frame->payload, payload);
	len = xdp_frame_reply(frame, 1, out, payload);
	check(len == xdp_frame_headers(frame) + payload);
	/* Sent to a group or to port 0 it is answered in kind: the program in the kernel lets neither come. */
	if (!xdp_frame_parse(out, len, &back))
		return;
	check_bounds(&back, out, len);
	check(back.payload_len == payload && memcmp(back.payload, frame->payload, payload) == 0);
	check(memcmp(back.from, frame->from + frame->addr_len, frame->addr_len) == 0);
	check(memcmp(back.from + frame->addr_len, frame->from, frame->addr_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xdp_frame frame;

	if (!xdp_frame_parse(data, size, &frame))
		return 0;
	check_bounds(&frame, data, size);
	check_reply(&frame);
	return 0;
}
