/* SPDX-License-Identifier: MIT */
/*
 * names.h -- what people call classes and attributes: their full names, the
 * RIPE database's two letters, and its words for several attributes at once.
 */
#ifndef WHOIS_NAMES_H
#define WHOIS_NAMES_H

#include "alamo/rpsl/schema.h"

/* Full class name or the database's two-letter one ("rt"). */
AL_MUST_USE enum al_err whois_class_parse(struct al_slice name, enum al_class *out);

#define WHOIS_NAMES_GROUP_MAX 8
/*
 * The attributes that `typed` stands for: one for "mnt-by" or "mb", all
 * contacts for "pn" or "person". Constant strings; 0: no attribute's name.
 */
size_t whois_attrs_parse(struct al_slice typed, struct al_slice out[static WHOIS_NAMES_GROUP_MAX]);
/* The attribute's two letters, or its own name when it has none. */
struct al_slice whois_attr_short(struct al_slice name);

#endif
