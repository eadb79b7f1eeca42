/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * Requests: whatever comes, decoding stays inside its bounds, and what it
 * takes apart lies inside the bytes it keeps.
 */
#include <assert.h>
#include <stdlib.h>

#include "alamo/rpsl/request.h"
#include "alamo/rpsl/sshsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct al_request *r, struct al_slice s)
{
	const char *begin = (const char *)r->bytes.ptr;

	assert(s.len == 0 || (s.ptr >= begin && s.ptr + s.len <= begin + r->bytes.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct al_report report;
	struct al_request r;
	struct al_sshkey key;

	al_report_init(&report);
	al_request_init(&r);
	r.takes_control = al_request_is_control(al_slice_of(data, size));
	if (al_request_parse(al_slice_of(data, size), &r, &report) == AL_OK) {
		assert(report.errors == 0 && r.name.len > 0);
		assert(r.takes_control ? r.object_count == 0 && r.control.len > 0 : r.object_count > 0);
		inside(&r, r.text);
		for (size_t i = 0; i < r.object_count; i++)
			inside(&r, r.objects[i]);
		for (size_t i = 0; i < r.signature_count; i++) {
			inside(&r, r.signature[i]);
			if (al_sshsig_verify(r.signature[i], AL_S("registry@alamo"), r.text, &key) == AL_OK)
				assert(key.fido == (key.app[0] != '\0'));
		}
	} else {
		assert(report.errors > 0 || report.err != AL_OK);
	}
	al_request_release(&r);
	al_report_release(&report);
	return 0;
}
