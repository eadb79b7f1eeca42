/* SPDX-License-Identifier: MIT */
/*
 * entry_objects.c -- from an entry to the objects that it made, as the registry built them.
 */
#include <stdlib.h>

#include "alamo/rpsl/entry.h"
#include "alamo/rpsl/request.h"

static enum al_err object_of(const struct al_entry *entry, const struct al_request *request, size_t number,
			     const struct al_build *how, struct al_object **out)
{
	struct al_build build = *how;
	bool deletes;

	build.raw = request->objects[number];
	build.number = (unsigned)number;
	build.autos = entry->autos;
	build.auto_count = entry->auto_count;
	build.index = entry->index;
	build.time = entry->time;
	build.stored = true;
	return al_object_build(&build, NULL, out, &deletes);
}

static enum al_err objects_of(const struct al_entry *entry, const struct al_request *request, unsigned classes,
			      const struct al_build *how, struct al_object **objects, size_t *count)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; i < request->object_count && err == AL_OK; i++) {
		enum al_class cls;

		/* What the first line does not say at a glance is for the builder to say. */
		if (al_object_class(request->objects[i], &cls) == AL_OK && (classes >> cls & 1) == 0)
			continue;
		err = object_of(entry, request, i, how, &objects[*count]);
		if (err == AL_OK && (classes >> objects[*count]->cls & 1) == 0)
			al_object_unref(objects[*count]);
		else if (err == AL_OK)
			++*count;
	}
	return err;
}

enum al_err al_entry_objects(const struct al_entry *entry, unsigned classes, const struct al_build *how,
			     struct al_object ***out, size_t *count)
{
	struct al_object **objects = NULL;
	struct al_request request;
	enum al_err err;

	*out = NULL;
	*count = 0;
	al_request_init(&request);
	request.stored = true;
	err = al_request_parse(entry->body, &request, NULL);
	if (err == AL_OK)
		objects = calloc(request.object_count + 1, sizeof(struct al_object *));
	if (err == AL_OK)
		err = objects != NULL ? objects_of(entry, &request, classes, how, objects, count) : AL_ENOMEM;
	al_request_release(&request);
	if (err != AL_OK) {
		al_entry_objects_free(objects, *count);
		*count = 0;
	} else {
		*out = objects;
	}
	return err;
}

void al_entry_objects_free(struct al_object **objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		al_object_unref(objects[i]);
	free(objects);
}
