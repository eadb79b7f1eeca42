/* SPDX-License-Identifier: MIT */
/*
 * domain_check.h -- `alamo domain check`: do the name servers of a delegated domain serve it?
 */
#ifndef CLI_DOMAIN_CHECK_H
#define CLI_DOMAIN_CHECK_H

#include <stdbool.h>

struct registry;

/* `name` in canonical form. Prints what there is and how to mend it. A Nagios plugin's exit code. */
int domain_check(const struct registry *registry, const char *name, bool json);

#endif
