/* SPDX-License-Identifier: MIT */
/*
 * registry.h -- the daemon: opens, wires and closes everything, in order.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "alamo/net/service.h"

extern const struct al_service_def registry_service;

/* Written at SIGUSR1: what the ledger keeps beside the log (ledger_side_save()). In the authority's directory. */
#define REGISTRY_SIDE_FILE "run/side"

/* "registry@NAME" of [network] name into out. */
#define REGISTRY_NAMESPACE_MAX 96
AL_MUST_USE enum al_err registry_namespace(const struct al_conf *conf, char out[static REGISTRY_NAMESPACE_MAX]);

#endif
