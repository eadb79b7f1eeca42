/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_http_request.c -- whatever is called a head parses without reading
 * outside, and what comes out lies inside it.
 */
#include <stdint.h>
#include <stdlib.h>

#include "http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_lie_within(struct al_slice part, struct al_slice whole)
{
	must(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_slice input = al_slice_of(data, size);
	struct http_request request;
	char path[256];
	size_t len = http_head_len(input);

	must(len <= size);
	if (len == 0)
		return 0;
	struct al_slice head = al_slice_head(input, len);
	/* A head is a head however much of the input follows. */
	must(http_head_len(head) == len);
	int status = http_request_parse(head, &request);
	must(status == 200 || (status >= 400 && status <= 599));
	must_lie_within(request.path, head);
	must_lie_within(request.query, head);
	must_lie_within(request.if_none_match, head);
	if (status != 200)
		return 0;
	must(al_slice_starts(request.path, "/"));
	if (http_decode(request.path, path, sizeof(path), &len) == AL_OK)
		must(len <= request.path.len && len <= sizeof(path));
	(void)http_etag_listed(request.if_none_match, AL_S("\"v1\""));
	return 0;
}
