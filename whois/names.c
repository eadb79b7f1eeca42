/* SPDX-License-Identifier: MIT */
/*
 * names.c -- the tables of short names. Attributes of ours that the RIPE
 * database does not know have no short name.
 */
#include "names.h"

#include <string.h>

static const struct {
	const char *name;
	enum al_class cls;
} class_names[] = {
	{ "mt", AL_MNTNER },       { "ro", AL_ROLE },   { "pn", AL_PERSON },    { "ak", AL_AS_BLOCK },
	{ "an", AL_AUT_NUM },      { "as", AL_AS_SET }, { "in", AL_INETNUM },   { "i6", AL_INET6NUM },
	{ "rt", AL_ROUTE },        { "r6", AL_ROUTE6 }, { "rs", AL_ROUTE_SET }, { "dn", AL_DOMAIN },
	{ "oa", AL_ORGANISATION },
};

static const struct {
	const char *letters;
	const char *name;
} attr_names[] = {
	{ "mt", "mntner" },     { "ro", "role" },          { "pn", "person" },       { "ak", "as-block" },
	{ "an", "aut-num" },    { "as", "as-set" },        { "in", "inetnum" },      { "i6", "inet6num" },
	{ "rt", "route" },      { "r6", "route6" },        { "rs", "route-set" },    { "dn", "domain" },
	{ "aa", "as-name" },    { "ac", "admin-c" },       { "at", "auth" },         { "cy", "country" },
	{ "de", "descr" },      { "ds", "ds-rdata" },      { "me", "members" },      { "ml", "mnt-lower" },
	{ "mb", "mnt-by" },     { "mm", "mp-members" },    { "mo", "member-of" },    { "mr", "mbrs-by-ref" },
	{ "mu", "mnt-routes" }, { "na", "netname" },       { "nh", "nic-hdl" },      { "ns", "nserver" },
	{ "or", "origin" },     { "rm", "remarks" },       { "so", "source" },       { "st", "status" },
	{ "tc", "tech-c" },     { "zc", "zone-c" },        { "au", "abuse-c" },      { "pc", "ping-hdl" },
	{ "cr", "created" },    { "lm", "last-modified" }, { "og", "org" },          { "gf", "geofeed" },
	{ "gl", "geoloc" },     { "pa", "pingable" },      { "oa", "organisation" }, { "on", "org-name" },
	{ "ot", "org-type" },
};

static const char *const contacts[] = { "admin-c", "tech-c", "zone-c", "abuse-c", "author", "ping-hdl" };

_Static_assert(AL_COUNT(contacts) <= WHOIS_NAMES_GROUP_MAX, "a group fits its array");

enum al_err whois_class_parse(struct al_slice name, enum al_class *out)
{
	for (size_t i = 0; i < AL_COUNT(class_names); i++)
		if (al_slice_caseis(name, class_names[i].name)) {
			*out = class_names[i].cls;
			return AL_OK;
		}
	return al_class_parse(name, out);
}

size_t whois_attrs_parse(struct al_slice typed, struct al_slice out[static WHOIS_NAMES_GROUP_MAX])
{
	size_t count = 0;

	if (al_slice_caseis(typed, "pn") || al_slice_caseis(typed, "person")) {
		for (size_t i = 0; i < AL_COUNT(contacts); i++)
			if (al_attr_known(al_slice_str(contacts[i])))
				out[count++] = al_slice_str(contacts[i]);
		return count;
	}
	out[0] = typed;
	for (size_t i = 0; i < AL_COUNT(attr_names); i++)
		if (al_slice_caseis(typed, attr_names[i].letters))
			out[0] = al_slice_str(attr_names[i].name);
	return al_attr_known(out[0]) ? 1 : 0;
}

struct al_slice whois_attr_short(struct al_slice name)
{
	for (size_t i = 0; i < AL_COUNT(attr_names); i++)
		if (al_slice_caseis(name, attr_names[i].name))
			return al_slice_str(attr_names[i].letters);
	return name;
}
