/* SPDX-License-Identifier: MIT */
/*
 * xdp_none.c -- xdp.h for builds without ALAMO_XDP: there are the sockets.
 */
#include "xdp.h"

#include "alamo/base/log.h"

enum al_err xdp_open(const struct al_conf *conf, struct xdp **out)
{
	const char *devices = al_conf_str(conf, "dns", "xdp");

	if (*devices != '\0')
		al_log(AL_LOG_ERROR, "xdp-off", "device=\"%s\" why=\"built without libxdp\"", devices);
	*out = NULL;
	return AL_OK;
}

size_t xdp_threads(const struct xdp *xdp)
{
	(void)xdp;
	return 0;
}

enum al_err xdp_start(struct xdp *xdp, const struct batch_conf *first)
{
	(void)xdp;
	(void)first;
	return AL_OK;
}

void xdp_admit(struct xdp *xdp, struct al_slice addr, uint16_t port)
{
	(void)xdp;
	(void)addr;
	(void)port;
}

void xdp_close(struct xdp *xdp)
{
	(void)xdp;
}
