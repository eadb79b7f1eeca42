/* SPDX-License-Identifier: MIT */
/*
 * xdp_device.c -- see xdp_device.h.
 */
#include "xdp_device.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "alamo/base/log.h"

/* xdp_filter.bpf.c as clang has compiled it (cmake/embed.cmake). */
extern const uint8_t xdp_object[];
extern const size_t xdp_object_len;

#define MTU_MIN 1280
#define BUSY_TRIES 40 /* of BUSY_MS each: the kernel takes its time to let go of what a process before us had */
#define BUSY_MS 50

struct xdp_device {
	char name[IFNAMSIZ];
	unsigned index;
	uint8_t mac[6];
	struct bpf_object *object;
	int link;                /* holds the program at the device */
	struct xdp_rules *rules; /* the kernel sees it too */
	size_t count;
	struct xdp_queue *queues[XDP_QUEUES_MAX];
};

/* In the words of who has to mend it. */
static const char *why_of(int number)
{
	switch (number) {
	case EPERM:
	case EACCES:
		return "not permitted: it takes CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF, see docs/operations.md";
	case EBUSY:
	case EEXIST:
		return "another program has the device or a queue of it, see `ip link show` and `bpftool net`";
	case ENOMEM:
	case ENOBUFS:
		return "no memory that stays: 6 MiB for each queue, see LimitMEMLOCK in docs/operations.md";
	case EAFNOSUPPORT:
	case EOPNOTSUPP:
		return "not allowed by RestrictAddressFamilies, see docs/operations.md, or not in this kernel or "
		       "driver";
	default:
		return strerror(number);
	}
}

static enum al_err failed(const struct xdp_device *device, const char *what, int number)
{
	al_log(AL_LOG_ERROR, "xdp-off", "device=%s what=%s errno=%d why=\"%s\"", device->name, what, number,
	       why_of(number));
	return AL_ESYS;
}

/* ---- the device ---- */

static struct ifreq request_of(const struct xdp_device *device)
{
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, device->name, sizeof(request.ifr_name));
	return request;
}

static enum al_err link_check(struct xdp_device *device, int fd)
{
	struct ifreq hardware = request_of(device), mtu = request_of(device);

	device->index = if_nametoindex(device->name);
	if (device->index == 0 || ioctl(fd, SIOCGIFHWADDR, &hardware) != 0 || ioctl(fd, SIOCGIFMTU, &mtu) != 0)
		return failed(device, "device", errno);
	if (hardware.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
		al_log(AL_LOG_ERROR, "xdp-off", "device=%s why=\"not Ethernet\"", device->name);
		return AL_EINVAL;
	}
	if (mtu.ifr_mtu < MTU_MIN) {
		al_log(AL_LOG_ERROR, "xdp-off", "device=%s mtu=%d least=%d", device->name, mtu.ifr_mtu, MTU_MIN);
		return AL_ELIMIT;
	}
	memcpy(device->mac, hardware.ifr_hwaddr.sa_data, sizeof(device->mac));
	return AL_OK;
}

/* Queues that receive; what comes on those above our bound goes by the socket. */
static size_t queues_of(const struct xdp_device *device, int fd)
{
	struct ethtool_channels channels = { .cmd = ETHTOOL_GCHANNELS };
	struct ifreq request = request_of(device);
	size_t count;

	request.ifr_data = (char *)&channels;
	if (ioctl(fd, SIOCETHTOOL, &request) != 0)
		return 1; /* a device that does not tell has one */
	count = (size_t)channels.rx_count + channels.combined_count;
	return count == 0 ? 1 : count < XDP_QUEUES_MAX ? count : XDP_QUEUES_MAX;
}

static enum al_err device_look(struct xdp_device *device, size_t *queues)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	enum al_err err = fd >= 0 ? link_check(device, fd) : failed(device, "socket", errno);

	if (err == AL_OK)
		*queues = queues_of(device, fd);
	if (fd >= 0)
		(void)close(fd);
	return err;
}

/* ---- the program ---- */

static int map_of(const struct xdp_device *device, const char *name)
{
	return bpf_object__find_map_fd_by_name(device->object, name);
}

static enum al_err program_load(struct xdp_device *device)
{
	int rc;

	device->object = bpf_object__open_mem(xdp_object, xdp_object_len, NULL);
	if (device->object == NULL)
		return failed(device, "program", errno);
	rc = bpf_object__load(device->object);
	if (rc != 0)
		return failed(device, "program", -rc);
	device->rules = mmap(NULL, sizeof(*device->rules), PROT_READ | PROT_WRITE, MAP_SHARED,
			     map_of(device, "rules_map"), 0);
	if (device->rules == MAP_FAILED) {
		device->rules = NULL;
		return failed(device, "rules", errno);
	}
	memcpy(device->rules->mac, device->mac, sizeof(device->mac));
	return AL_OK;
}

static int link_make(const struct xdp_device *device, uint32_t flags)
{
	const struct bpf_link_create_opts options = { .sz = sizeof(options), .flags = flags };
	int program = bpf_program__fd(bpf_object__find_program_by_name(device->object, "xdp_filter"));

	return bpf_link_create(program, (int)device->index, BPF_XDP, &options);
}

/* In the driver, or where that cannot in front of the kernel's stack. */
static enum al_err program_attach(struct xdp_device *device)
{
	const char *mode = "driver";

	device->link = link_make(device, XDP_FLAGS_DRV_MODE);
	if (device->link < 0 && errno != EBUSY && errno != EPERM) {
		mode = "generic";
		device->link = link_make(device, XDP_FLAGS_SKB_MODE);
	}
	if (device->link < 0)
		return failed(device, "attach", errno);
	al_log(AL_LOG_INFO, "xdp", "device=%s queues=%zu mode=%s", device->name, device->count, mode);
	return AL_OK;
}

/* ---- all of it ---- */

static enum al_err queue_open(struct xdp_device *device, uint32_t i)
{
	const struct timespec pause = { .tv_nsec = BUSY_MS * 1000000L };
	int number = ENOMEM;

	for (unsigned try = 0; try < BUSY_TRIES; try++) {
		if (xdp_queue_open(device->name, i, &number, &device->queues[i]) == AL_OK)
			return AL_OK;
		if (number != EBUSY)
			break;
		(void)nanosleep(&pause, NULL);
	}
	return failed(device, "queue", number);
}

static enum al_err queues_open(struct xdp_device *device, size_t count)
{
	int sockets = map_of(device, "sockets");

	for (uint32_t i = 0; i < count; i++) {
		enum al_err err = queue_open(device, i);
		int fd;

		if (err != AL_OK)
			return err;
		device->count++;
		fd = xdp_queue_fd(device->queues[i]);
		if (bpf_map_update_elem(sockets, &i, &fd, BPF_ANY) != 0)
			return failed(device, "queue", errno);
	}
	return AL_OK;
}

enum al_err xdp_device_open(struct al_slice name, struct xdp_device **out)
{
	struct xdp_device *device = calloc(1, sizeof(*device));
	size_t queues = 0;
	enum al_err err;

	if (device == NULL)
		return AL_ENOMEM;
	device->link = -1;
	(void)libbpf_set_print(NULL); /* what they say is not for a log */
	(void)libxdp_set_print(NULL);
	err = al_slice_copy(name, device->name, sizeof(device->name));
	if (err != AL_OK)
		(void)failed(device, "name", ENAMETOOLONG);
	if (err == AL_OK)
		err = device_look(device, &queues);
	if (err == AL_OK)
		err = program_load(device);
	if (err == AL_OK)
		err = queues_open(device, queues);
	if (err == AL_OK)
		err = program_attach(device);
	if (err != AL_OK)
		xdp_device_close(device);
	else
		*out = device;
	return err;
}

void xdp_device_close(struct xdp_device *device)
{
	if (device == NULL)
		return;
	if (device->link >= 0)
		(void)close(device->link);
	for (size_t i = 0; i < device->count; i++)
		xdp_queue_close(device->queues[i]);
	if (device->rules != NULL)
		(void)munmap(device->rules, sizeof(*device->rules));
	bpf_object__close(device->object);
	free(device);
}

size_t xdp_device_queues(const struct xdp_device *device)
{
	return device->count;
}

struct xdp_queue *xdp_device_queue(struct xdp_device *device, size_t i)
{
	return device->queues[i];
}

bool xdp_device_admit(struct xdp_device *device, const struct xdp_rule *rule)
{
	uint32_t count = device->rules->count;

	if (count == XDP_RULES_MAX)
		return false;
	device->rules->rule[count] = *rule;
	__atomic_store_n(&device->rules->count, count + 1, __ATOMIC_RELEASE);
	return true;
}

unsigned xdp_device_index(const struct xdp_device *device)
{
	return device->index;
}
