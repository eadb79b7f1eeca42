/* SPDX-License-Identifier: MIT */
/*
 * transfers.c -- see transfers.h. One loop's thread.
 */
#include "transfers.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "alamo/base/log.h"

static bool same_source(const struct client *a, const struct client *b)
{
	size_t len = a->addr_len == 16 ? 8 : a->addr_len;

	return a->addr_len == b->addr_len && memcmp(a->addr, b->addr, len) == 0;
}

bool transfers_room(const struct transfers *transfers, const struct client *client)
{
	const struct transfer *other;
	size_t same = 0;

	DL_FOREACH(transfers->first, other)
	same += same_source(&other->client, client);
	return transfers->count < TRANSFERS_MAX && same < TRANSFERS_SOURCE_MAX;
}

struct transfer *transfers_begin(struct transfers *transfers, struct al_conn *conn, const struct client *client,
				 struct xfr *xfr)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL) {
		xfr_free(xfr);
		return NULL;
	}
	transfer->conn = conn;
	transfer->xfr = xfr;
	transfer->client = *client;
	transfer->started_ms = al_now_ms();
	DL_APPEND(transfers->first, transfer);
	transfers->count++;
	return transfer;
}

void transfers_end(struct transfers *transfers, struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	DL_DELETE(transfers->first, transfer);
	transfers->count--;
	xfr_free(transfer->xfr);
	free(transfer);
}

static bool too_slow(const struct transfer *transfer, uint64_t now_ms)
{
	uint64_t age_s = (now_ms - transfer->started_ms) / 1000;

	return age_s >= TRANSFER_GRACE_S && transfer->put - al_conn_pending(transfer->conn) < age_s * TRANSFER_RATE;
}

size_t transfers_check(struct transfers *transfers, uint64_t now_ms)
{
	struct transfer *transfer, *next;
	size_t dropped = 0;

	DL_FOREACH_SAFE(transfers->first, transfer, next)
	{
		if (!too_slow(transfer, now_ms))
			continue;
		al_log(AL_LOG_INFO, "transfer-slow", "peer=%s", al_conn_peer(transfer->conn));
		al_conn_drop(transfer->conn); /* ends the transfer */
		dropped++;
	}
	return dropped;
}
