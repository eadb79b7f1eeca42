/* SPDX-License-Identifier: MIT */
/*
 * referrers.h -- what still needs an object that was to be deleted.
 */
#ifndef CLI_REFERRERS_H
#define CLI_REFERRERS_H

#include "network.h"

/* For each object that the answer refuses by REF-USED: names the first that refer to it, on standard error. */
void referrers_say(const struct network *network, const char *server, struct al_slice answer);

#endif
