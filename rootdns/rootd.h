/* SPDX-License-Identifier: MIT */
/*
 * rootd.h -- the daemon: authoritative DNS of a network's root, top-level
 * domains and reverse zones.
 */
#ifndef ROOTDNS_ROOTD_H
#define ROOTDNS_ROOTD_H

#include "alamo/net/service.h"

extern const struct al_service_def rootd_service;

#endif
