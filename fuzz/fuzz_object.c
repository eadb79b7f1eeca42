/* links: alamo_follow */
/* SPDX-License-Identifier: MIT */
/*
 * Objects: canonical text is a fixed point. What builds once builds again to
 * the same bytes and the same key. What stands behind an empty line is an edit
 * of it: what it leaves is a fixed point too.
 */
#include <assert.h>
#include <stdlib.h>

#include "alamo/rpsl/object.h"

static const struct al_object *present(const void *arg, enum al_class cls, struct al_slice key)
{
	const struct al_object *object = arg;

	return object->cls == cls && al_slice_eq(al_object_key(object), key) ? object : NULL;
}

static void fixed_point(const struct al_object *object)
{
	const struct al_build again = { .raw = al_object_text(object) };
	struct al_object *twice;
	bool deletes;

	assert(al_object_build(&again, NULL, &twice, &deletes) == AL_OK);
	assert(al_slice_eq(al_object_text(object), al_object_text(twice)));
	assert(al_slice_eq(al_object_key(object), al_object_key(twice)));
	al_object_unref(twice);
}

static void edit(const struct al_object *object, struct al_slice raw)
{
	const struct al_build in = { .raw = raw, .present = present, .arg = object };
	struct al_object *once;
	bool deletes;

	if (al_object_build(&in, NULL, &once, &deletes) != AL_OK)
		return;
	fixed_point(once);
	al_object_unref(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct al_auto autos[] = {
		{ { "AUTO-1", 6 }, { "AS64512", 7 } },
		{ { "AUTO-2/48", 9 }, { "fca1:100::/48", 13 } },
	};
	struct al_slice all = al_slice_of(data, size), first = all, behind = { NULL, 0 };
	struct al_build in = { .autos = autos, .auto_count = 2 };
	struct al_object *object;
	struct al_report report;
	bool deletes;

	for (size_t at = 0; at + 1 < all.len && behind.len == 0; at++)
		if (all.ptr[at] == '\n' && all.ptr[at + 1] == '\n') {
			first = al_slice_head(all, at + 1);
			behind = al_slice_from(all, at + 2);
		}
	in.raw = first;
	al_report_init(&report);
	if (al_object_build(&in, &report, &object, &deletes) == AL_OK) {
		assert(report.errors == 0);
		fixed_point(object);
		edit(object, behind);
		al_object_unref(object);
	}
	al_report_release(&report);
	return 0;
}
