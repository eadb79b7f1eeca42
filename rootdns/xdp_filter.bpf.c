/* SPDX-License-Identifier: MIT */
/*
 * xdp_filter.bpf.c -- the program at a network device, run by the kernel for each frame before anything else is:
 * plain datagrams to an address and port of ours go to the socket of their queue. Whatever is in doubt, or has no
 * socket, goes the way it went before.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "xdp_rules.h"

#define PLAIN_IPV4 0x45 /* version 4, no options */
#define FRAGMENT 0x3fff /* more of it, or not its beginning */

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, XDP_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct xdp_rules);
} rules_map SEC(".maps");

/* Where a frame goes, when it is one of those that may be ours. */
static __always_inline int target_read(const __u8 *at, const __u8 *end, struct xdp_rule *out)
{
	const struct ethhdr *ethernet = (const void *)at;
	const struct ipv6hdr *six = (const void *)(ethernet + 1);
	const struct iphdr *four = (const void *)(ethernet + 1);
	const struct udphdr *udp;

	if ((const __u8 *)(four + 1) > end)
		return 0;
	if (ethernet->h_proto == bpf_htons(ETH_P_IP)) {
		if (*(const __u8 *)four != PLAIN_IPV4 || four->protocol != IPPROTO_UDP ||
		    (four->frag_off & bpf_htons(FRAGMENT)) != 0)
			return 0;
		out->family = 4;
		out->addr[0] = four->daddr;
		udp = (const void *)(four + 1);
	} else {
		if (ethernet->h_proto != bpf_htons(ETH_P_IPV6) || (const __u8 *)(six + 1) > end ||
		    six->nexthdr != IPPROTO_UDP)
			return 0;
		out->family = 6;
		__builtin_memcpy(out->addr, &six->daddr, sizeof(out->addr));
		udp = (const void *)(six + 1);
	}
	if ((const __u8 *)(udp + 1) > end)
		return 0;
	out->port = udp->dest;
	return 1;
}

static __always_inline int rule_same(const struct xdp_rule *a, const struct xdp_rule *b)
{
	return a->port == b->port && a->family == b->family && a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1] &&
	       a->addr[2] == b->addr[2] && a->addr[3] == b->addr[3];
}

SEC("xdp")
int xdp_filter(struct xdp_md *context)
{
	const __u8 *at = (const void *)(long)context->data, *end = (const void *)(long)context->data_end;
	const struct xdp_rules *rules;
	struct xdp_rule to = { .port = 0 };
	__u32 zero = 0;

	if (at + XDP_TAKEN_MAX < end || !target_read(at, end, &to))
		return XDP_PASS;
	rules = bpf_map_lookup_elem(&rules_map, &zero);
	if (!rules)
		return XDP_PASS;
	for (__u32 i = 0; i < ETH_ALEN; i++)
		if (at[i] != rules->mac[i])
			return XDP_PASS;
			/* One after the other: without CAP_PERFMON no pointer is moved by a number that is not known. */
#pragma unroll
	for (__u32 i = 0; i < XDP_RULES_MAX && i < rules->count; i++)
		if (rule_same(&rules->rule[i], &to))
			return (int)bpf_redirect_map(&sockets, context->rx_queue_index, XDP_PASS);
	return XDP_PASS;
}

char license_text[] SEC("license") = "MIT";
