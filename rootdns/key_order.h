/* SPDX-License-Identifier: MIT */
/*
 * key_order.h -- what the hostmaster asks for: run/dns-roll, which `alamo keys dns roll` writes, a line a key that is
 * to be made and to relieve the one in use:
 *
 *   ZONE ROLE LF
 *
 * It is taken by renaming it to run/dns-roll.taken, and that goes when the new keys are in run/dns-keys: so whoever
 * asked can tell what nobody took (and take it back) from what is under way. An order that a crash left is obeyed again,
 * which changes nothing: a kind with a key on its way gets no other.
 */
#ifndef ROOTDNS_KEY_ORDER_H
#define ROOTDNS_KEY_ORDER_H

#include "generation.h"

#define KEY_ORDER "dns-roll"
#define KEY_ORDER_TAKEN KEY_ORDER ".taken"

/* Is there one? `run_dir` NULL: never. */
bool key_order_waits(const char *run_dir);
/* Makes the keys, which the next step finds. What cannot be done is logged and left. True: there was an order. */
bool key_order_obey(const struct generation *generation, const struct builder_conf *conf);
/* The keys are told of. */
void key_order_done(const char *run_dir);

#endif
