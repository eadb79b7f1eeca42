/* SPDX-License-Identifier: MIT */
/*
 * zone_place.c -- see zone_place.h. Builder's thread.
 */
#include "zone_place.h"

#include "zonemd.h"

static void show_sets(struct place *place)
{
	place->shown.count = 0;
	for (const struct rrset *set = place->sets; set != NULL; set = set->next)
		shown_add(&place->shown, set);
}

static enum al_err renew_sets(const struct zone_master *master, const struct zone_signer *signer, struct place *place)
{
	const struct zname *name = place->shown.name;
	struct rrset *own = NULL;
	enum al_err err = AL_OK;

	if (name->parent == NULL)
		err = zone_master_apex_sets(master, &own);
	if (err == AL_OK)
		err = zone_resolve(name, own, &place->sets, &place->shown.cut);
	else
		rrset_list_free(own);
	if (err == AL_OK)
		err = zone_resolve_sign(&place->shown, place->sets, signer, &place->signatures);
	show_sets(place);
	return err;
}

enum al_err place_open(const struct zone_master *master, const struct zone_signer *signer, const struct zname *name,
		       const struct zname *next, bool renew, struct place *out)
{
	enum al_err err = AL_OK;

	out->sets = out->nsec = NULL;
	out->signatures = 0;
	shown_init(&out->shown, name);
	/* A delegation's node has its NS in another form: they are made anew, with the signatures that it has. */
	if (renew || out->shown.name->node->cut)
		err = renew_sets(master, signer, out);
	else
		shown_keep(&out->shown, false);
	if (err == AL_OK)
		err = zone_resolve_nsec(&out->shown, next, signer, &out->signatures, &out->nsec);
	out->changed = renew || out->nsec != NULL;
	return err;
}

const struct shown *place_shown(struct place *place)
{
	struct shown *shown = &place->shown;

	if (shown->count > 0 && shown->sets[shown->count - 1].type == RR_NSEC)
		return shown;
	if (place->nsec != NULL)
		shown_add(shown, place->nsec);
	else
		shown_keep(shown, true);
	return shown;
}

enum al_err place_digest(struct place *place, const struct zone_signer *signer, const struct zone_chain *nodes)
{
	enum al_err err = zonemd_fill(place_shown(place), place->sets, nodes);

	if (err == AL_OK)
		err = zone_resolve_digest(&place->shown, place->sets, signer, &place->signatures);
	show_sets(place);
	return err;
}

void place_close(struct place *place)
{
	rrset_list_free(place->sets);
	rrset_free(place->nsec);
}
