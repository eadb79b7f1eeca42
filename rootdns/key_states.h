/* SPDX-License-Identifier: MIT */
/*
 * key_states.h -- where the keys of a zone stand in their life, kept in a file
 * beside them (Kzone.+states), a line FLAGS TAG STATE SINCE each.
 */
#ifndef ROOTDNS_KEY_STATES_H
#define ROOTDNS_KEY_STATES_H

#include "zone_key.h"

/* States of the keys that the file knows; no file is no line. AL_EINVAL with the line in the log. */
AL_MUST_USE enum al_err key_states_read(const char *dir, const struct dname *apex, struct zone_keys *keys);
AL_MUST_USE enum al_err key_states_write(const char *dir, const struct dname *apex, const struct zone_keys *keys);
/*
 * Keys that no line knew (STATE_COUNT) are the next ones of their kind; when no state was ever kept, the first is in
 * use. True: there were some.
 */
bool key_states_complete(struct zone_keys *keys, uint64_t now);

#endif
