/* SPDX-License-Identifier: MIT */
/*
 * rpkid.h -- the daemon: follows the log, keeps the set of VRPs, serves it over RTR and HTTP.
 *
 *   replica -> vrp_fold -> vrp_set + vrp_history -> rtr_server, export
 *
 * Nothing is served before the first verified head. After that the last good set is, for as long as it takes:
 * a network that drops what is not valid must not lose its routes because a registry is away.
 */
#ifndef RPKI_LITE_RPKID_H
#define RPKI_LITE_RPKID_H

#include "alamo/net/service.h"

extern const struct al_service_def rpkid_service;

#endif
