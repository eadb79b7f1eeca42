/* SPDX-License-Identifier: MIT */
/*
 * serials.c -- see serials.h. Builder's thread.
 *
 *   NAME SERIAL LF      a line a zone, also of those that are not served any more
 */
#include "serials.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/log.h"
#include "kept.h"

#define SERIALS_FILE "serials"
#define FILE_MAX (1u << 20)
#define AHEAD 512u /* serials that one write to the file allows */

struct zone_serial {
	struct zone_serial *next;
	struct dname apex;
	uint32_t told;  /* the newest that was given out */
	uint32_t bound; /* as the file has it: never older than `told` */
};

struct serials {
	char *dir; /* owned; NULL: in memory only */
	struct zone_serial *zones;
};

bool serial_newer(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static struct zone_serial *zone_add(struct serials *serials, const struct dname *apex, uint32_t told)
{
	struct zone_serial *zone = calloc(1, sizeof(*zone));

	if (zone == NULL)
		return NULL;
	zone->apex = *apex;
	zone->told = zone->bound = told;
	LL_APPEND(serials->zones, zone);
	return zone;
}

static struct zone_serial *zone_find(const struct serials *serials, const struct dname *apex)
{
	struct zone_serial *zone;

	LL_FOREACH(serials->zones, zone)
	if (dname_eq(&zone->apex, apex))
		return zone;
	return NULL;
}

/* ---- the file ---- */

static enum al_err line_take(struct serials *serials, struct al_slice line)
{
	struct al_slice name, number, more;
	struct dname apex;
	uint64_t told;

	if (!al_slice_word(&line, "", &name) || !al_slice_word(&line, "", &number) || al_slice_word(&line, "", &more) ||
	    !al_slice_ends(name, ".") || dname_of_text(al_slice_head(name, name.len - 1), &apex) != AL_OK ||
	    al_slice_u64(number, UINT32_MAX, &told) != AL_OK || zone_find(serials, &apex) != NULL)
		return AL_EINVAL;
	return zone_add(serials, &apex, (uint32_t)told) != NULL ? AL_OK : AL_ENOMEM;
}

static enum al_err serials_load(struct serials *serials)
{
	struct al_slice rest, line;
	struct al_buf text;
	enum al_err err;

	al_buf_init(&text, FILE_MAX);
	err = kept_get(serials->dir, SERIALS_FILE, &text);
	if (err == AL_ENOTFOUND)
		err = AL_OK;
	rest = al_buf_view(&text);
	for (unsigned number = 1; err == AL_OK && al_slice_line(&rest, &line); number++) {
		err = line_take(serials, line);
		if (err == AL_EINVAL)
			al_log(AL_LOG_ERROR, "serials",
			       "file=%s/" SERIALS_FILE " line=%u why=\"not NAME SERIAL\" "
			       "mend=\"one line a zone, with a serial that no secondary has passed\"",
			       serials->dir, number);
	}
	al_buf_release(&text);
	return err;
}

static enum al_err serials_save(const struct serials *serials)
{
	const struct zone_serial *zone;
	char name[DNAME_TEXT_MAX];
	struct al_buf text;
	enum al_err err;

	if (serials->dir == NULL)
		return AL_OK;
	al_buf_init(&text, FILE_MAX);
	LL_FOREACH(serials->zones, zone)
	al_buf_printf(&text, "%s %" PRIu32 "\n", dname_text(zone->apex.b, name), zone->bound);
	err = text.err;
	if (err == AL_OK)
		err = kept_put(serials->dir, SERIALS_FILE, 0644, text.ptr, text.len);
	al_buf_release(&text);
	return err;
}

/* ---- */

enum al_err serials_open(const char *dir, struct serials **out)
{
	struct serials *serials = calloc(1, sizeof(*serials));
	enum al_err err = AL_OK;

	if (serials == NULL)
		return AL_ENOMEM;
	if (dir != NULL) {
		serials->dir = strdup(dir);
		err = serials->dir != NULL ? kept_dir(dir) : AL_ENOMEM;
		if (err == AL_OK)
			err = serials_load(serials);
	}
	if (err == AL_OK) {
		*out = serials;
		return AL_OK;
	}
	free(serials->dir);
	serials->dir = NULL; /* what could not be read is not written either */
	serials_free(serials);
	return err;
}

void serials_free(struct serials *serials)
{
	struct zone_serial *zone, *next;
	bool exact = true;

	if (serials == NULL)
		return;
	LL_FOREACH(serials->zones, zone)
	{
		exact = exact && zone->bound == zone->told;
		zone->bound = zone->told;
	}
	if (!exact && serials_save(serials) != AL_OK)
		al_log(AL_LOG_WARN, "serials", "why=\"not kept: they will jump at the next start\"");
	LL_FOREACH_SAFE(serials->zones, zone, next)
	free(zone);
	free(serials->dir);
	free(serials);
}

bool serials_exact(const struct serials *serials, const struct dname *apex, uint32_t serial)
{
	const struct zone_serial *zone = zone_find(serials, apex);

	/* A bound that a crash left is never a serial that a zone had: it was moved ahead of all of them. */
	return zone != NULL && zone->told == serial;
}

enum al_err serials_next(struct serials *serials, const struct dname *apex, uint64_t floor, uint32_t *out)
{
	struct zone_serial *zone = zone_find(serials, apex);
	uint32_t next = (uint32_t)floor;

	if (zone == NULL) {
		zone = zone_add(serials, apex, 0);
		if (zone == NULL)
			return AL_ENOMEM;
	}
	if (!serial_newer(next, zone->told))
		next = zone->told + 1;
	if (next == 0)
		next = 1; /* tools take 0 for "none" */
	if (serial_newer(next, zone->bound)) {
		enum al_err err;

		zone->bound = next + AHEAD;
		err = serials_save(serials);
		if (err != AL_OK) {
			zone->bound = zone->told;
			return err;
		}
	}
	zone->told = next;
	*out = next;
	return AL_OK;
}
