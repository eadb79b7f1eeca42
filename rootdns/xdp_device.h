/* SPDX-License-Identifier: MIT */
/*
 * xdp_device.h -- a network device with our program at it and a socket a queue. Only in builds with ALAMO_XDP.
 */
#ifndef ROOTDNS_XDP_DEVICE_H
#define ROOTDNS_XDP_DEVICE_H

#include "alamo/base/slice.h"
#include "xdp_queue.h"
#include "xdp_rules.h"

struct xdp_device;

/*
 * Needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, and system calls that the sandbox takes away. Nothing is taken before
 * there are rules. Failures are in the log: AL_EINVAL: not an Ethernet device, AL_ELIMIT: its MTU is below what IPv6 and
 * our answers need, AL_ESYS.
 */
AL_MUST_USE enum al_err xdp_device_open(struct al_slice name, struct xdp_device **out);
/* All goes the old way again: the program is at the device as long as a process has it. NULL is allowed. */
void xdp_device_close(struct xdp_device *device);
size_t xdp_device_queues(const struct xdp_device *device);
struct xdp_queue *xdp_device_queue(struct xdp_device *device, size_t i);
/* One more address; false: there are XDP_RULES_MAX already. */
bool xdp_device_admit(struct xdp_device *device, const struct xdp_rule *rule);
unsigned xdp_device_index(const struct xdp_device *device); /* if_nametoindex() */

#endif
