/* SPDX-License-Identifier: MIT */
/*
 * xdp_rules.h -- what the daemon tells its program in the kernel (xdp_filter.bpf.c), in memory that both see. Both
 * compilers read it: the kernel's own types only.
 */
#ifndef ROOTDNS_XDP_RULES_H
#define ROOTDNS_XDP_RULES_H

#include <linux/types.h>

#define XDP_RULES_MAX 16   /* addresses with their port */
#define XDP_QUEUES_MAX 64  /* of one device */
#define XDP_TAKEN_MAX 1536 /* bytes of a frame; what is longer goes by the socket */

/* Datagrams to this are the daemon's. In network order; an IPv4 address is the first word, and the rest zero. */
struct xdp_rule {
	__u32 addr[4];
	__u16 port;
	__u16 family; /* 4 or 6 */
};

struct xdp_rules {
	__u32 count; /* grows only, after its rule was written */
	__u8 mac[6]; /* of the device */
	__u16 unused;
	struct xdp_rule rule[XDP_RULES_MAX];
};

#endif
