/* SPDX-License-Identifier: MIT */
/*
 * zone_mesh.h -- names of the mesh half (docs/mesh.md, "Names"), as claims like any other:
 *
 *   NAME.mesh.TLD             AAAA   of a mesh-node, in each top-level domain of ours; its reverse is a PTR to the first
 *   _mesh._udp.mesh.TLD       SRV    for each endpoint: of a mesh-bootstrap (RFC 2782)
 *   NAME.bootstrap.mesh.TLD   A AAAA where such an endpoint is an address and not a name
 */
#ifndef ROOTDNS_ZONE_MESH_H
#define ROOTDNS_ZONE_MESH_H

#include "zone_build.h"

/* Of a class that has such names? */
bool zone_mesh_concerns(const struct al_object *object);
/* As zone_build_same(), for these classes. */
bool zone_mesh_same(const struct al_object *old, const struct al_object *now);
void zone_mesh_object(const struct zone_plan *plan, const struct al_object *object, struct claims *out);

#endif
