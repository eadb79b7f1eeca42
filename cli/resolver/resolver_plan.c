/* SPDX-License-Identifier: MIT */
/*
 * resolver_plan.c -- zones and anchors from DS lines.
 */
#include "resolver.h"

#include <string.h>

#include "alamo/rpsl/schema.h"

bool resolver_is_reverse(const char *zone)
{
	return al_name_within(al_slice_str(zone), AL_S("arpa"));
}

/* The zone's index, a new one if need be; RESOLVER_ZONES_MAX: no room. */
static size_t zone_index(struct resolver_plan *plan, const char *zone)
{
	size_t at = 0;

	while (at < plan->zone_count && strcmp(plan->zones[at], zone) != 0)
		at++;
	if (at == plan->zone_count && at < RESOLVER_ZONES_MAX)
		(void)memcpy(plan->zones[plan->zone_count++], zone, strlen(zone) + 1);
	return at;
}

static bool anchor_known(const struct resolver_plan *plan, const struct resolver_anchor *anchor)
{
	for (size_t i = 0; i < plan->anchor_count; i++)
		if (plan->anchors[i].zone == anchor->zone && strcmp(plan->anchors[i].ds, anchor->ds) == 0)
			return true;
	return false;
}

static enum al_err anchor_add(struct resolver_plan *plan, const char *zone, struct al_slice ds, const char **reason)
{
	struct resolver_anchor *anchor = &plan->anchors[plan->anchor_count];
	enum al_err err;

	*reason = "these are more zones or anchors than one network has";
	if (plan->anchor_count == RESOLVER_ANCHORS_MAX)
		return AL_ELIMIT;
	anchor->zone = zone_index(plan, zone);
	if (anchor->zone == RESOLVER_ZONES_MAX)
		return AL_ELIMIT;
	err = al_slice_copy(ds, anchor->ds, sizeof(anchor->ds));
	if (err == AL_OK && !anchor_known(plan, anchor))
		plan->anchor_count++;
	return err;
}

static bool is_number(struct al_slice word)
{
	uint64_t ignored;

	return al_slice_u64(word, UINT32_MAX, &ignored) == AL_OK;
}

/* "ZONE [TTL] [IN] DS DATA" */
static enum al_err line_take(struct resolver_plan *plan, struct al_slice line, const char **reason)
{
	char zone[AL_NAME_MAX + 1];
	struct al_slice word;
	struct al_buf ds;
	enum al_err err;

	*reason = "an anchor is written: ZONE IN DS TAG ALGORITHM TYPE DIGEST";
	if (!al_slice_word(&line, "", &word) || al_name_canon(word, zone) != AL_OK || !al_slice_word(&line, "", &word))
		return AL_EINVAL;
	if (is_number(word) && !al_slice_word(&line, "", &word))
		return AL_EINVAL;
	if (al_slice_caseis(word, "IN") && !al_slice_word(&line, "", &word))
		return AL_EINVAL;
	if (!al_slice_caseis(word, "DS"))
		return AL_EINVAL;
	al_buf_init(&ds, RESOLVER_DS_MAX);
	err = al_syntax_canon(AL_SYN_DS, line, &ds, reason);
	if (err == AL_OK)
		err = ds.err;
	/* RFC 2317 has such names; to dnsmasq it is the end of one. */
	if (err == AL_OK && strchr(zone, '/') != NULL) {
		*reason = "a zone with '/' in its name cannot be given to every resolver";
		err = AL_EINVAL;
	}
	if (err == AL_OK && zone[0] != '\0')
		err = anchor_add(plan, zone, al_buf_view(&ds), reason);
	al_buf_release(&ds);
	return err;
}

enum al_err resolver_take_anchors(struct resolver_plan *plan, struct al_slice text, struct al_buf *why)
{
	struct al_slice line, content;
	const char *reason = "";
	enum al_err err = AL_OK;
	unsigned number = 0;

	while (err == AL_OK && al_slice_line(&text, &line)) {
		number++;
		(void)al_slice_cut(&line, ';', &content);
		content = al_slice_trim(content);
		if (content.len > 0)
			err = line_take(plan, content, &reason);
	}
	if (err != AL_OK)
		al_buf_printf(why, "line %u: %s", number, reason);
	return err;
}
