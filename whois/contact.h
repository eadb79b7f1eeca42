/* SPDX-License-Identifier: MIT */
/*
 * contact.h -- who answers for an object: the handle that it, its organisation, its maintainer
 * or the block around it names. What a handle's holder can be reached by is
 * kept apart from the log and never shown here.
 */
#ifndef WHOIS_CONTACT_H
#define WHOIS_CONTACT_H

#include "lookup.h"

/*
 * The nearest abuse-c: the object's, its organisation's, its maintainers', or that of a block around it; without one the nearest contact of
 * another kind. A handle, borrowed; empty: nobody is named.
 */
struct al_slice whois_contact_of(const struct whois_view *view, const struct al_object *object);
/* The object's own, from the first of abuse-c, admin-c, tech-c and zone-c that it has. */
struct al_slice whois_contact_own(const struct al_object *object);

#endif
