/* SPDX-License-Identifier: MIT */
/*
 * self.h -- what the server is beside its zones, from the configuration.
 */
#ifndef ROOTDNS_SELF_H
#define ROOTDNS_SELF_H

#include "alamo/net/conf.h"
#include "client.h"

/* AL_EINVAL with the reason in the log. `keys_dir`: where the secret of the cookies is kept. */
AL_MUST_USE enum al_err self_new(const struct al_conf *conf, const char *keys_dir, struct dns_self **out);
void self_free(struct dns_self *self); /* NULL is allowed */

#endif
