/* SPDX-License-Identifier: MIT */
/* update_texts.h -- the registry of the changed zones, and a domain of it. For tests only. */
#ifndef TESTS_ROOTDNS_UPDATE_TEXTS_H
#define TESTS_ROOTDNS_UPDATE_TEXTS_H

#include "reference.h"

static const char registry[] = "registry: TEST\ntld: alamo\nsuper-prefix: 10.0.0.0/8\nroot-server: a fca1:0:a::53\n"
			       "mnt-by: HOST-MNT\nsource: TEST\n";

#define DOMAIN_A "domain: a.alamo\nrecord: @ A 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n"

#endif
