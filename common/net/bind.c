/* SPDX-License-Identifier: MIT */
/*
 * bind.c -- why an address could not be listened at.
 */
#include "alamo/net/bind.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/log.h"

#define PORT_PRIVILEGED 1024

static char report[AL_BIND_WHY_LEN + 32]; /* written while a daemon starts, by its one thread */

void al_bind_why(int number, struct al_slice addr, uint16_t port, char out[static AL_BIND_WHY_LEN])
{
	char holder[AL_BIND_HOLDER_LEN];

	switch (number) {
	case EADDRINUSE:
		snprintf(out, AL_BIND_WHY_LEN, "port %u at %.*s is taken by %s", port, AL_FMT(addr),
			 al_bind_holder(port, holder) ? holder : "another program (`ss -tulpn` as root says which)");
		return;
	case EACCES:
	case EPERM:
		snprintf(out, AL_BIND_WHY_LEN,
			 port < PORT_PRIVILEGED ? "port %u needs CAP_NET_BIND_SERVICE: the units in deploy/systemd "
						  "give it, and root has it; [network] ports = default needs none"
						: "port %u is not allowed here",
			 port);
		return;
	case EADDRNOTAVAIL:
		snprintf(out, AL_BIND_WHY_LEN, "%.*s is not an address of this machine", AL_FMT(addr));
		return;
	case EAFNOSUPPORT:
		snprintf(out, AL_BIND_WHY_LEN, "%.*s: this machine does not speak that protocol", AL_FMT(addr));
		return;
	default:
		snprintf(out, AL_BIND_WHY_LEN, "%.*s port %u: %s", AL_FMT(addr), port, strerror(number));
	}
}

void al_bind_failed(const char *what, struct al_slice addr, uint16_t port, int number)
{
	char why[AL_BIND_WHY_LEN];

	al_bind_why(number, addr, port, why);
	if (number == EADDRINUSE)
		snprintf(report, sizeof(report), "taken %u\nerror %s\n", (unsigned)port, why);
	else
		snprintf(report, sizeof(report), "error %s\n", why);
	al_log(AL_LOG_WARN, "listen-failed", "listener=%s address=%.*s port=%u why=\"%s\"", what, AL_FMT(addr),
	       (unsigned)port, why);
	errno = number;
}

const char *al_bind_report(void)
{
	return report;
}
