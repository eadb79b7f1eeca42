/* SPDX-License-Identifier: MIT */
/*
 * frr_delta.h -- from what FRR runs to what it should: commands for `vtysh -f`. Pure.
 *
 * What is missing is added first, and what is too much goes then, so that no filter is open in between: frr-reload.py deletes
 * first. Only what is ours goes: lines with a name that begins with "alamo", neighbours at the tunnels' addresses, networks, and
 * routes that reject. Two lines of which FRR keeps the later one (`set src`) are one with a new value.
 */
#ifndef CLI_NODE_FRR_DELTA_H
#define CLI_NODE_FRR_DELTA_H

#include "alamo/base/buf.h"

#define FRR_TEXT_MAX (16u << 20)

/*
 * `running` is what `show running-config` says, `wanted` a file that was rendered; both indented as FRR does it. An empty
 * `out`: nothing to do. AL_ENOMEM, AL_ELIMIT.
 */
AL_MUST_USE enum al_err frr_delta(struct al_slice running, struct al_slice wanted, struct al_buf *out);

#endif
