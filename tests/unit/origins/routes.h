/* SPDX-License-Identifier: MIT */
/*
 * routes.h -- registry objects from text into a state, for tests.
 */
#ifndef TESTS_RPKI_ROUTES_H
#define TESTS_RPKI_ROUTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "alamo/rpsl/state.h"

#define ENTRY_OBJECTS_MAX 8

/* The objects of one log entry, collected before they are put. */
struct entry {
	struct al_object *objects[ENTRY_OBJECTS_MAX];
	size_t count;
	uint64_t index;
};

static inline void entry_add(struct entry *entry, struct al_slice text)
{
	struct al_build build = { .raw = text, .index = entry->index, .time = 1764000000 + entry->index };
	bool deletes;

	assert_true(entry->count < ENTRY_OBJECTS_MAX);
	assert_int_equal(al_object_build(&build, NULL, &entry->objects[entry->count], &deletes), AL_OK);
	entry->count++;
}

/* max < 0: no max-length; `remarks` only makes another version of the same route. */
static inline void entry_add_route(struct entry *entry, const struct al_prefix *prefix, uint32_t asn, int max,
				   bool gone, uint32_t remark)
{
	char text[AL_PREFIX_STRLEN], origin[AL_ASN_STRLEN];
	struct al_buf buf;

	al_prefix_format(prefix, text);
	al_asn_format(asn, origin);
	al_buf_init(&buf, 4096);
	al_buf_printf(&buf, "%s: %s\norigin: %s\n", prefix->bits == 32 ? "route" : "route6", text, origin);
	if (max >= 0)
		al_buf_printf(&buf, "max-length: %d\n", max);
	al_buf_printf(&buf, "remarks: %u\nmnt-by: TEST-MNT\nsource: TEST\n", remark);
	if (gone)
		al_buf_str(&buf, "delete: test\n");
	entry_add(entry, al_buf_view(&buf));
	al_buf_release(&buf);
}

/* "node: N1" of an AS, or "peering: N1:N2" with asn 0. */
static inline void entry_add_text(struct entry *entry, const char *cls, const char *name, uint32_t asn, bool gone,
				  uint32_t remark)
{
	struct al_buf buf;

	al_buf_init(&buf, 4096);
	al_buf_printf(&buf, "%s: %s\n", cls, name);
	if (asn != 0)
		al_buf_printf(&buf, "origin: AS%u\n", asn);
	al_buf_printf(&buf, "remarks: %u\nmnt-by: TEST-MNT\nsource: TEST\n", remark);
	if (gone)
		al_buf_str(&buf, "delete: test\n");
	entry_add(entry, al_buf_view(&buf));
	al_buf_release(&buf);
}

static inline void entry_put(struct entry *entry, struct al_state *state)
{
	size_t i;

	assert_int_equal(al_state_size(state), entry->index);
	assert_int_equal(al_state_put(state, entry->objects, entry->count, 1764000000 + entry->index), AL_OK);
	for (i = 0; i < entry->count; i++)
		al_object_unref(entry->objects[i]);
	entry->count = 0;
	entry->index++;
}

#endif
