/* SPDX-License-Identifier: MIT */
/*
 * genesis.h -- the first entries of a new authority.
 */
#ifndef REGISTRY_GENESIS_H
#define REGISTRY_GENESIS_H

#include "alamo/base/base.h"

/*
 * Make a new ledger from signed request files, in order; prints each answer.
 * Refuses when the ledger exists. Nothing is left behind unless every file
 * was accepted. Result: exit code.
 */
int genesis_main(const char *conf_path, char *const *files, int count);

#endif
