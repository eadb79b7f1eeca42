/* SPDX-License-Identifier: MIT */
/*
 * rdap_object.h -- registry objects as RDAP object classes (RFC 9083 section 5):
 *
 *   inetnum, inet6num     ip network
 *   aut-num, as-block     autnum
 *   domain                domain; a block's reverse zone is one too
 *   person, role, mntner  entity
 */
#ifndef WHOIS_RDAP_OBJECT_H
#define WHOIS_RDAP_OBJECT_H

#include "rdap_json.h"

#define RDAP_RELATED_MAX 50u /* networks, autnums or domains named in an entity, of each */

json_t *rdap_network(const struct rdap *rdap, const struct al_object *block);
json_t *rdap_autnum(const struct rdap *rdap, const struct al_object *object);
json_t *rdap_domain(const struct rdap *rdap, const struct al_object *domain);
/* The zone `name` below in-addr.arpa or ip6.arpa, which `block` delegates. */
json_t *rdap_reverse(const struct rdap *rdap, struct al_slice name, const struct al_object *block);
/* Who is named in it, with the roles that he has. */
void rdap_put_entities(const struct rdap *rdap, json_t *made, const struct al_object *object);
void rdap_put_remarks(json_t *made, const struct al_object *object);
/* What an entity is called; of a maintainer its key. */
struct al_slice rdap_entity_name(const struct al_object *object);
/* `full`: with what belongs to it. `roles`: NULL, or why another object names it (stolen). */
json_t *rdap_entity(const struct rdap *rdap, const struct al_object *object, json_t *roles, bool full);
/* The name server with that canonical name, with the addresses that objects give for it; NULL: no object names it. */
json_t *rdap_nameserver(const struct rdap *rdap, struct al_slice name);
/* Does a list of name servers have one of that name? */
bool rdap_listed(const json_t *list, struct al_slice name);
/* An organisation, role, person or mntner by its handle as typed, or NULL. */
const struct al_object *rdap_entity_find(const struct rdap *rdap, struct al_slice handle);

#endif
