/* SPDX-License-Identifier: MIT */
/*
 * source.c -- two hash tables: sources, and the networks that they lie in; and the places that all of them share.
 *
 * A network keeps its connections in the order in which they were last
 * answered, give or take PLACE_MS, so that the one that waits longest is the first.
 */
#include "source.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(item) ((item)->lost = true)
#include <uthash.h>
#include <utlist.h>

#define KEY_LEN 9           /* family, then 4 bytes of IPv4 or 8 of IPv6 */
#define PATIENCE_MS 100     /* that everybody has before he has to go */
#define CROWDED_MS 20       /* of networks with more than their equal share, and of everybody before a long queue */
#define QUEUE_SHORT 16      /* who is behind so many waits for a part of everybody's patience, not for all of it */
#define VICTIMS_SEEN 64     /* of a network's connections, the longest-waiting */
#define PLACE_MS CROWDED_MS /* who is answered more often keeps its place in the list meanwhile; nobody goes sooner */

struct conn_network {
	uint8_t key[KEY_LEN];
	size_t conns;
	struct al_conn *waiting; /* first: who has waited longest */
	bool lost;               /* uthash could not add it */
	UT_hash_handle hh;
};

struct conn_source {
	uint8_t key[KEY_LEN];
	size_t conns;
	struct conn_network *network;
	bool lost;
	UT_hash_handle hh;
};

/* Of `peer`, and of the network that it lies in. */
static void keys_of(const struct sockaddr_storage *peer, uint8_t source[static KEY_LEN],
		    uint8_t network[static KEY_LEN])
{
	memset(source, 0, KEY_LEN);
	memset(network, 0, KEY_LEN);
	if (peer->ss_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, peer, sizeof(in));
		source[0] = 4;
		memcpy(source + 1, &in.sin_addr, 4);
		memcpy(network, source, 1 + 3);
	} else if (peer->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, peer, sizeof(in6));
		source[0] = 6;
		memcpy(source + 1, &in6.sin6_addr, 8);
		memcpy(network, source, 1 + 6);
	}
}

bool al_conn_addr(const struct al_conn *conn, struct al_prefix *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (conn->peer.addr.any.sa_family == AF_INET) {
		memcpy(addr->addr, &conn->peer.addr.in.sin_addr, 4);
		addr->len = addr->bits = 32;
	} else if (conn->peer.addr.any.sa_family == AF_INET6) {
		memcpy(addr->addr, &conn->peer.addr.in6.sin6_addr, 16);
		addr->len = addr->bits = 128;
	}
	return addr->bits != 0;
}

const char *al_conn_peer(struct al_conn *conn)
{
	struct conn_peer *peer = &conn->peer;
	bool six = peer->addr.any.sa_family == AF_INET6;
	char host[CONN_PEER_LEN - 10];
	char port[6];
	if (peer->text[0] != '\0')
		return peer->text;
	if (!six && peer->addr.any.sa_family != AF_INET)
		snprintf(peer->text, CONN_PEER_LEN, "unix");
	else if (getnameinfo(&peer->addr.any, six ? sizeof(peer->addr.in6) : sizeof(peer->addr.in), host, sizeof(host),
			     port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(peer->text, CONN_PEER_LEN, "unknown");
	else
		snprintf(peer->text, CONN_PEER_LEN, six ? "[%s]:%s" : "%s:%s", host, port);
	return peer->text;
}

static struct conn_network *network_get(struct sources *sources, const uint8_t key[static KEY_LEN])
{
	struct conn_network *network = NULL;
	HASH_FIND(hh, sources->networks, key, KEY_LEN, network);
	if (network != NULL)
		return network;
	network = calloc(1, sizeof(*network));
	if (network == NULL)
		return NULL;
	memcpy(network->key, key, KEY_LEN);
	HASH_ADD(hh, sources->networks, key, KEY_LEN, network);
	if (!network->lost)
		return network;
	free(network);
	return NULL;
}

static void network_drop(struct sources *sources, struct conn_network *network)
{
	if (network->conns > 0)
		return;
	HASH_DEL(sources->networks, network);
	free(network);
}

static struct conn_source *source_get(struct sources *sources, const uint8_t key[static KEY_LEN],
				      struct conn_network *network)
{
	struct conn_source *source = NULL;
	HASH_FIND(hh, sources->all, key, KEY_LEN, source);
	if (source != NULL)
		return source;
	source = calloc(1, sizeof(*source));
	if (source == NULL)
		return NULL;
	memcpy(source->key, key, KEY_LEN);
	source->network = network;
	HASH_ADD(hh, sources->all, key, KEY_LEN, source);
	if (!source->lost)
		return source;
	free(source);
	return NULL;
}

enum al_err source_take(struct sources *sources, const struct sockaddr_storage *peer, struct conn_source **out)
{
	uint8_t key[KEY_LEN], wide[KEY_LEN];
	struct conn_network *network;
	struct conn_source *source;
	*out = NULL;
	if (sources->per_source == 0)
		return AL_OK;
	keys_of(peer, key, wide);
	network = network_get(sources, wide);
	if (network == NULL)
		return AL_ENOMEM;
	source = network->conns < sources->per_network ? source_get(sources, key, network) : NULL;
	if (source == NULL || source->conns >= sources->per_source) {
		enum al_err err = source == NULL && network->conns < sources->per_network ? AL_ENOMEM : AL_ELIMIT;
		network_drop(sources, network);
		return err;
	}
	source->conns++;
	network->conns++;
	*out = source;
	return AL_OK;
}

size_t source_conns(const struct conn_source *source)
{
	return source->conns;
}

void source_give(struct sources *sources, struct conn_source *source)
{
	struct conn_network *network;
	if (source == NULL)
		return;
	network = source->network;
	network->conns--;
	if (--source->conns == 0) {
		HASH_DEL(sources->all, source);
		free(source);
	}
	network_drop(sources, network);
}

void source_join(struct conn_source *source, struct al_conn *conn)
{
	conn->placed_ms = conn->answered_ms;
	if (source != NULL)
		DL_APPEND2(source->network->waiting, conn, kin_prev, kin_next);
}

void source_leave(struct conn_source *source, struct al_conn *conn)
{
	if (source != NULL)
		DL_DELETE2(source->network->waiting, conn, kin_prev, kin_next);
}

void source_answered(struct al_conn *conn, uint64_t now)
{
	struct al_shares *shares;
	atomic_store_explicit(&conn->answered_ms, now, memory_order_relaxed);
	/* placed_ms is written by this thread alone, so that it may look without the lock. */
	if (conn->source == NULL || now - conn->placed_ms < PLACE_MS)
		return;
	shares = listener_shares(conn->listener);
	pthread_mutex_lock(&shares->lock);
	source_leave(conn->source, conn);
	source_join(conn->source, conn);
	pthread_mutex_unlock(&shares->lock);
}

/* ---- shares ---- */

enum al_err al_shares_new(size_t max_conns, size_t max_per_source, struct al_shares **out)
{
	struct al_shares *shares = calloc(1, sizeof(*shares));
	if (shares == NULL)
		return AL_ENOMEM;
	if (pthread_mutex_init(&shares->lock, NULL) != 0) {
		free(shares);
		return AL_ENOMEM;
	}
	shares_limit(shares, max_conns, max_per_source);
	*out = shares;
	return AL_OK;
}

void al_shares_free(struct al_shares *shares)
{
	if (shares == NULL)
		return;
	pthread_mutex_destroy(&shares->lock);
	free(shares);
}

void shares_limit(struct al_shares *shares, size_t max_conns, size_t per_source)
{
	pthread_mutex_lock(&shares->lock);
	shares->max_conns = max_conns;
	shares->sources.per_source = per_source;
	shares->sources.per_network = max_conns / 2 > per_source ? max_conns / 2 : per_source;
	pthread_mutex_unlock(&shares->lock);
}

bool shares_take(struct al_shares *shares)
{
	pthread_mutex_lock(&shares->lock);
	bool free_place = shares->count < shares->max_conns;
	shares->count += free_place;
	pthread_mutex_unlock(&shares->lock);
	return free_place;
}

void shares_give(struct al_shares *shares)
{
	pthread_mutex_lock(&shares->lock);
	shares->count--;
	pthread_mutex_unlock(&shares->lock);
}

bool shares_full(struct al_shares *shares)
{
	pthread_mutex_lock(&shares->lock);
	bool full = shares->count >= shares->max_conns;
	pthread_mutex_unlock(&shares->lock);
	return full;
}

struct al_conn *source_victim(const struct sources *sources, size_t queue)
{
	const struct conn_network *network, *next, *biggest = NULL;
	struct al_conn *conn, *victim = NULL;
	uint64_t oldest, patience;
	size_t total = 0;
	int seen = 0;
	HASH_ITER(hh, sources->networks, network, next)
	{
		total += network->conns;
		if (network->waiting == NULL)
			continue;
		if (biggest == NULL || network->conns > biggest->conns ||
		    (network->conns == biggest->conns && network->waiting->answered_ms < biggest->waiting->answered_ms))
			biggest = network;
	}
	patience = biggest != NULL && biggest->conns > total / HASH_COUNT(sources->networks) ? CROWDED_MS : PATIENCE_MS;
	patience = patience * QUEUE_SHORT / (QUEUE_SHORT + queue);
	oldest = al_now_ms() - (patience > CROWDED_MS ? patience : CROWDED_MS);
	for (conn = biggest != NULL ? biggest->waiting : NULL; conn != NULL && seen < VICTIMS_SEEN;
	     conn = conn->kin_next) {
		if (conn->placed_ms > oldest)
			break;
		seen++;
		if (!conn->owed && !conn->leaving && conn->answered_ms <= oldest &&
		    (victim == NULL || conn->source->conns > victim->source->conns))
			victim = conn;
	}
	return victim;
}
