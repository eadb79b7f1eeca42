/* SPDX-License-Identifier: MIT */
/*
 * monitor_keys.h -- whose signature counts for a monitor, and whose is there.
 */
#ifndef CLI_MONITOR_KEYS_H
#define CLI_MONITOR_KEYS_H

#include "alamo/rpsl/entry.h"
#include "alamo/rpsl/sshsig.h"
#include "alamo/rpsl/state.h"

#define MONITOR_KEYS_MAX 64

struct monitor_keys {
	struct al_sshkey list[MONITOR_KEYS_MAX];
	size_t count;
};

bool monitor_keys_meet(const struct monitor_keys *a, const struct monitor_keys *b);
/* The maintainer's keys as the log has them now. */
void monitor_keys_read(struct monitor_keys *keys, const struct al_state *state, const char *mnt_name);
/* Who signed the entry, in the namespace `ns`. */
void monitor_keys_sign(struct monitor_keys *keys, const struct al_entry *entry, const char *ns);
/* One more, of a file with a public key. An exit code; said. */
int monitor_keys_file(struct monitor_keys *keys, const char *path);

#endif
