/* SPDX-License-Identifier: MIT */
/*
 * transfers.h -- zone transfers under way: how many, of whom, and that each
 * moves. A transfer holds a snapshot, so that a reader who takes his time is
 * paid for by others; he is given up below a least rate.
 */
#ifndef ROOTDNS_TRANSFERS_H
#define ROOTDNS_TRANSFERS_H

#include "alamo/net/net.h"
#include "client.h"
#include "xfr.h"

#define TRANSFERS_MAX 64       /* at once */
#define TRANSFERS_SOURCE_MAX 6 /* of these from one IPv4 address or IPv6 /64 */
#define TRANSFER_RATE 4096u    /* bytes a second on the average, */
#define TRANSFER_GRACE_S 10u   /* after so long */

struct transfer {
	struct transfer *prev, *next;
	struct al_conn *conn; /* borrowed */
	struct xfr *xfr;      /* owned */
	struct client client;
	uint64_t started_ms;
	uint64_t put; /* bytes given to the connection */
};

struct transfers {
	struct transfer *first;
	size_t count;
};

/* May this client begin one? */
bool transfers_room(const struct transfers *transfers, const struct client *client);
/* `xfr` is taken over; NULL: out of memory, and it is freed. */
struct transfer *transfers_begin(struct transfers *transfers, struct al_conn *conn, const struct client *client,
				 struct xfr *xfr);
void transfers_end(struct transfers *transfers, struct transfer *transfer); /* NULL is allowed */
/* Drops connections whose transfer does not get on. Returns how many. */
size_t transfers_check(struct transfers *transfers, uint64_t now_ms);

#endif
