/* SPDX-License-Identifier: MIT */
/*
 * keys_dns.h -- `alamo keys dns`: the zones' keys, as alamo-rootd tells of them (run/dns-keys), and rolls that it is
 * asked for (run/dns-roll; rootdns/key_order.h).
 */
#ifndef CLI_KEYS_DNS_H
#define CLI_KEYS_DNS_H

#include "option.h"

/* `status DIR`, `roll DIR [ZONE] ksk|zsk`. Exit code. */
int keys_dns(const struct words *words, bool json);

#endif
