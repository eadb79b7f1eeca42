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
/*
 * [dns] allow-transfer and idle-seconds of another configuration, with the keys there are. AL_EINVAL likewise, and nothing
 * has changed. On the thread of TCP, which alone looks at them.
 */
AL_MUST_USE enum al_err self_reload(struct dns_self *self, const struct al_conf *conf);
void self_free(struct dns_self *self); /* NULL is allowed */

#endif
