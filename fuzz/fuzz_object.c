/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * Objects: canonical text is a fixed point. What builds once builds again to
 * the same bytes and the same key.
 */
#include <assert.h>
#include <stdlib.h>

#include "alamo/rpsl/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct al_auto autos[] = {
		{ { "AUTO-1", 6 }, { "AS64512", 7 } },
		{ { "AUTO-2/48", 9 }, { "fca1:100::/48", 13 } },
	};
	struct al_build in = { .raw = al_slice_of(data, size), .autos = autos, .auto_count = 2 };
	struct al_object *once = NULL, *twice = NULL;
	struct al_report report;
	bool deletes;

	al_report_init(&report);
	if (al_object_build(&in, &report, &once, &deletes) == AL_OK) {
		struct al_build again = { .raw = al_object_text(once) };

		assert(report.errors == 0);
		assert(al_object_build(&again, NULL, &twice, &deletes) == AL_OK);
		assert(al_slice_eq(al_object_text(once), al_object_text(twice)));
		assert(al_slice_eq(al_object_key(once), al_object_key(twice)));
	}
	al_object_unref(once);
	al_object_unref(twice);
	al_report_release(&report);
	return 0;
}
