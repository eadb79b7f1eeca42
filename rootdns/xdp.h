/* SPDX-License-Identifier: MIT */
/*
 * xdp.h -- DNS over UDP past the kernel's stack: frames of a network device that carry questions to an address of ours
 * come straight to a thread (AF_XDP), one for each receive queue, and the answers leave the same way. The sockets stay:
 * they get what the program at the device does not take for sure, and everything when it is gone.
 *
 * An answer goes to the station that the question came from, whatever the routes say. Nothing on the way between the
 * device and a socket sees these frames: no packet filter, no reverse path check, no capture.
 */
#ifndef ROOTDNS_XDP_H
#define ROOTDNS_XDP_H

#include "alamo/net/conf.h"
#include "batch.h"

struct xdp;

/*
 * The devices of [dns] xdp, before al_sandbox(); the rights that this takes are given up afterwards. A device that
 * cannot be had is in the log and left out: its questions go by the sockets. AL_ENOMEM, or AL_ESYS for rights that
 * could not be given up.
 */
AL_MUST_USE enum al_err xdp_open(const struct al_conf *conf, struct xdp **out);
size_t xdp_threads(const struct xdp *xdp); /* readers of `publish`, from that of `first` on; NULL: 0 */
AL_MUST_USE enum al_err xdp_start(struct xdp *xdp, const struct batch_conf *first);
/* From now on datagrams to this are taken: of an address like 0.0.0.0 to all that the host has now. NULL is allowed. */
void xdp_admit(struct xdp *xdp, struct al_slice addr, uint16_t port);
void xdp_close(struct xdp *xdp); /* joins; NULL is allowed */

#endif
