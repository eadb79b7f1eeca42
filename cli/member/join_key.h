/* SPDX-License-Identifier: MIT */
/*
 * join_key.h -- the SSH key of a newcomer: the one that is named, one that is there, or a new one.
 */
#ifndef CLI_JOIN_KEY_H
#define CLI_JOIN_KEY_H

#include "settings.h"

/*
 * `option` is --key or NULL. Without it: the key of the settings, else a key of ~/.ssh that the registry takes, else, if
 * `make` or a person at the terminal says so, a new one. Exit code; what is missing is said.
 */
int join_key(const char *option, bool make, char key[static SETTING_MAX]);

#endif
