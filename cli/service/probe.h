/* SPDX-License-Identifier: MIT */
/*
 * probe.h -- does something answer there? TCP, many at once, within one time.
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <sys/socket.h>

#include "alamo/base/slice.h"

#define PROBES_MAX 64 /* at once */

struct probe {
	struct sockaddr_storage to;
	socklen_t to_len; /* 0: nowhere */
	int fd;           /* -1; or of a connection that stands */
	bool answers;
};

void probe_to(struct probe *probe, const void *to, socklen_t len);
/* At most PROBES_MAX of them; those that connected within `ms` have answers, and an fd to close. */
void probe_all(struct probe *probes, size_t count, int ms);
void probe_close(struct probe *probe);

/*
 * Of a connection that stands: days until the certificate that the other end shows is over, in whole days, rounded down;
 * whose it is is not looked at. `name` is asked for (SNI; RFC 6066 section 3). False: no TLS there within `ms`.
 */
bool probe_tls(const struct probe *probe, const char *name, int ms, int *days);

#endif
