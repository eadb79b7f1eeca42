/* SPDX-License-Identifier: MIT */
/*
 * xdp.c -- see xdp.h. Main thread.
 */
#include "xdp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alamo/base/ident.h"
#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "xdp_device.h"
#include "xdp_worker.h"

#define DEVICES_MAX 8

struct xdp {
	size_t devices_count, threads, workers_count;
	struct xdp_device *devices[DEVICES_MAX];
	struct xdp_worker **workers;
};

static struct al_metric queues = { .name = "alamo_dns_xdp_queues",
				   .help = "Queues of network devices that are read past the kernel's stack.",
				   .gauge = true };

/* ---- rights ---- */

/*
 * What the program, its sockets and their memory took, and nothing afterwards does: whether a device was had or not. This
 * thread is the only one. Who has none of them may not be allowed to say so.
 */
static enum al_err rights_drop(void)
{
	static const unsigned taken[] = {
		CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_IPC_LOCK
	};
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	long rc = syscall(SYS_capget, &head, sets);
	uint32_t held = 0;

	for (size_t i = 0; rc == 0 && i < AL_COUNT(taken); i++) {
		struct __user_cap_data_struct *set = &sets[CAP_TO_INDEX(taken[i])];

		held |= (set->effective | set->permitted | set->inheritable) & CAP_TO_MASK(taken[i]);
		set->effective &= ~CAP_TO_MASK(taken[i]);
		set->permitted &= ~CAP_TO_MASK(taken[i]);
		set->inheritable &= ~CAP_TO_MASK(taken[i]);
	}
	if (rc == 0 && held != 0)
		rc = syscall(SYS_capset, &head, sets);
	if (rc == 0)
		return AL_OK;
	al_log(AL_LOG_ERROR, "xdp-rights", "errno=%d", errno);
	return AL_ESYS;
}

/* ---- devices and threads ---- */

static void devices_open(struct xdp *xdp, struct al_slice names)
{
	struct al_slice name;

	while (al_conf_next(&names, &name)) {
		if (xdp->devices_count == DEVICES_MAX) {
			al_log(AL_LOG_ERROR, "xdp-off", "device=%.*s why=\"more than %d\"", AL_FMT(name), DEVICES_MAX);
			continue;
		}
		if (xdp_device_open(name, &xdp->devices[xdp->devices_count]) != AL_OK)
			continue; /* it is in the log */
		xdp->threads += xdp_device_queues(xdp->devices[xdp->devices_count]);
		xdp->devices_count++;
	}
}

enum al_err xdp_open(const struct al_conf *conf, struct xdp **out)
{
	struct al_slice names = al_slice_str(al_conf_str(conf, "dns", "xdp"));
	struct xdp *xdp;
	enum al_err err;

	*out = NULL;
	al_metric_add(&queues);
	if (names.len == 0)
		return AL_OK;
	xdp = calloc(1, sizeof(*xdp));
	if (xdp == NULL)
		return AL_ENOMEM;
	xdp_worker_register();
	devices_open(xdp, names);
	err = rights_drop();
	if (err != AL_OK)
		xdp_close(xdp);
	else
		*out = xdp;
	return err;
}

size_t xdp_threads(const struct xdp *xdp)
{
	return xdp != NULL ? xdp->threads : 0;
}

enum al_err xdp_start(struct xdp *xdp, const struct batch_conf *first)
{
	struct batch_conf conf = *first;
	enum al_err err = AL_OK;

	if (xdp == NULL)
		return AL_OK;
	xdp->workers = calloc(xdp->threads + 1, sizeof(struct xdp_worker *));
	if (xdp->workers == NULL)
		return AL_ENOMEM;
	for (size_t i = 0; i < xdp->devices_count; i++) {
		for (size_t k = 0; err == AL_OK && k < xdp_device_queues(xdp->devices[i]); k++) {
			conf.reader = first->reader + xdp->workers_count;
			err = xdp_worker_start(xdp_device_queue(xdp->devices[i], k), &conf,
					       &xdp->workers[xdp->workers_count]);
			xdp->workers_count += err == AL_OK;
		}
	}
	al_metric_set(&queues, xdp->workers_count);
	return err;
}

/* What was on its way to a thread is lost; what comes later, a socket gets. */
void xdp_close(struct xdp *xdp)
{
	if (xdp == NULL)
		return;
	for (size_t i = 0; i < xdp->workers_count; i++)
		xdp_worker_stop(xdp->workers[i]);
	for (size_t i = 0; i < xdp->devices_count; i++)
		xdp_device_close(xdp->devices[i]);
	free(xdp->workers);
	free(xdp);
}

/* ---- addresses ---- */

static void rule_admit(struct xdp_device *device, const struct al_prefix *addr, uint16_t port)
{
	struct xdp_rule rule = { .port = htons(port), .family = addr->bits == 32 ? 4 : 6 };
	char text[AL_PREFIX_STRLEN];

	memcpy(rule.addr, addr->addr, sizeof(rule.addr));
	if (xdp_device_admit(device, &rule))
		return;
	al_addr_format(addr, text);
	al_log(AL_LOG_WARN, "xdp-addresses", "address=%s most=%d", text, XDP_RULES_MAX);
}

/* A device's own addresses, and those of others: a host has all of them. Link-local ones belong to their link. */
static bool addr_take(const struct ifaddrs *item, unsigned index, struct al_prefix *out)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(out, 0, sizeof(*out));
	if (item->ifa_addr == NULL)
		return false;
	if (item->ifa_addr->sa_family == AF_INET) {
		memcpy(&in, item->ifa_addr, sizeof(in));
		out->bits = 32;
		memcpy(out->addr, &in.sin_addr, 4);
		return out->addr[0] != IN_LOOPBACKNET;
	}
	if (item->ifa_addr->sa_family != AF_INET6)
		return false;
	memcpy(&in6, item->ifa_addr, sizeof(in6));
	out->bits = 128;
	memcpy(out->addr, &in6.sin6_addr, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr))
		return in6.sin6_scope_id == index;
	return !IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
}

static void all_admit(struct xdp_device *device, const struct ifaddrs *all, uint8_t bits, uint16_t port)
{
	struct al_prefix addr;

	for (const struct ifaddrs *item = all; item != NULL; item = item->ifa_next)
		if (addr_take(item, xdp_device_index(device), &addr) && addr.bits == bits)
			rule_admit(device, &addr, port);
}

void xdp_admit(struct xdp *xdp, struct al_slice text, uint16_t port)
{
	static const uint8_t any[16];
	struct al_prefix addr;
	struct ifaddrs *all = NULL;

	if (xdp == NULL || al_addr_parse(text, &addr) != AL_OK)
		return;
	if (memcmp(addr.addr, any, sizeof(any)) != 0) {
		for (size_t i = 0; i < xdp->devices_count; i++)
			rule_admit(xdp->devices[i], &addr, port);
		return;
	}
	if (getifaddrs(&all) != 0) {
		al_log(AL_LOG_ERROR, "xdp-addresses", "errno=%d", errno);
		return;
	}
	for (size_t i = 0; i < xdp->devices_count; i++)
		all_admit(xdp->devices[i], all, addr.bits, port);
	freeifaddrs(all);
}
