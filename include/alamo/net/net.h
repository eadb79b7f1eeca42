/* SPDX-License-Identifier: MIT */
/*
 * net.h -- bounded stream servers (TCP and unix) on a loop.
 *
 * A listener takes connections up to its limits and hands bytes to the
 * protocol; the protocol consumes from the input buffer and writes back. No
 * connection can hold more than in_max unread or out_max unsent bytes, nor
 * stay idle, nor go without write progress (4,096 bytes, or all there is), beyond
 * idle_ms, nor let a request come in for longer than request_ms.
 *
 * A full listener gives a newcomer the place of another: in the network (IPv4
 * /24, IPv6 /48) with most connections, of those that have waited longest since
 * they were answered. One network has at most half of all connections.
 */
#ifndef ALAMO_NET_H
#define ALAMO_NET_H

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"
#include "alamo/base/slice.h"

struct evbuffer;
struct al_tls;
struct al_listener;
struct al_shares;
struct al_conn;

struct al_conn_ops {
	/* New connection, behind its handshake; *user is the protocol's. Anything but AL_OK closes it. May be NULL. */
	enum al_err (*open)(struct al_conn *conn, void *arg, void **user);
	/* Bytes came (or eof: the other side has finished sending). Consume from `in`; what is left stays. */
	void (*data)(struct al_conn *conn, struct evbuffer *in, bool eof, void *user);
	/* All output is sent. May be NULL. */
	void (*drained)(struct al_conn *conn, void *user);
	/* Last call for this connection; do not write. May be NULL. */
	void (*closed)(struct al_conn *conn, void *user);
	/* Input would pass in_max: write a last word if you like; the connection then finishes. May be NULL. */
	void (*overflow)(struct al_conn *conn, void *user);
	/* Idle for idle_ms, or a request was not whole in request_ms. Write a last word if you like; then it finishes. May be NULL. */
	void (*idle)(struct al_conn *conn, void *user);
};

struct al_listener_conf {
	const char *name;      /* for logs and metrics; constant */
	size_t max_conns;      /* over all sources */
	size_t max_per_source; /* per IPv4 address or IPv6 /64; 0: no such limit (unix) */
	size_t in_max;         /* bytes */
	size_t out_max;        /* bytes; over it the connection is dropped */
	size_t out_total;    /* bytes unsent over all connections: over it the one with most is dropped; 0: no bound */
	uint64_t idle_ms;    /* no bytes in either direction */
	uint64_t request_ms; /* from the first byte of a request to its last; 0: a minute */
	struct al_tls *tls;  /* tls.h; borrowed; NULL: bytes go as they are */
	const char *refusal; /* last word to a connection over max_per_source; constant; NULL: closed in silence */
	bool no_linger; /* who is answered to the end says no more: closed without waiting for his end, if he has not by then */
	struct al_shares *shares; /* counts for this listener and others; NULL: it counts for itself */
};

/*
 * Limits of several listeners, each on a loop of its own, that are one service: max_conns, max_per_source and who has
 * to go are those of all together. As long as a loop of one of them runs, none of them may be freed.
 */
AL_MUST_USE enum al_err al_shares_new(size_t max_conns, size_t max_per_source, struct al_shares **out);
void al_shares_free(struct al_shares *shares); /* after its listeners; NULL is allowed */

AL_MUST_USE enum al_err al_listener_new(struct al_loop *loop, const struct al_listener_conf *conf,
					const struct al_conn_ops *ops, void *arg, struct al_listener **out);
void al_listener_free(struct al_listener *listener); /* closes its connections */
/* From now on; who is connected stays, though there be too many of them. */
struct al_listener_limits {
	size_t max_conns, max_per_source;
	uint64_t idle_ms, request_ms;
};
void al_listener_limit(struct al_listener *listener, const struct al_listener_limits *limits);
/*
 * Numeric address; port 0 takes any: *bound gets the one taken. AL_EEXIST: the
 * port is in use. AL_EUNSUPPORTED: not an address of this host. Logs failures.
 */
AL_MUST_USE enum al_err al_listener_tcp(struct al_listener *listener, struct al_slice addr, uint16_t port,
					uint16_t *bound);
/* Listens as well wherever `first`, of the same shares, does: the kernel gives a newcomer to one of them (SO_REUSEPORT). Before the loop of either runs. */
AL_MUST_USE enum al_err al_listener_join(struct al_listener *listener, const struct al_listener *first);
/* Removes a stale socket file first. Mode 0660. AL_EEXIST: somebody answers there, or it is no socket. */
AL_MUST_USE enum al_err al_listener_unix(struct al_listener *listener, const char *path);
size_t al_listener_conns(const struct al_listener *listener);

void al_conn_write(struct al_conn *conn, const void *bytes, size_t len); /* copies */
/* Without copying: fn(arg) is called once the bytes are sent or the connection is gone. */
void al_conn_write_ref(struct al_conn *conn, const void *bytes, size_t len, void (*fn)(void *arg), void *arg);
size_t al_conn_pending(const struct al_conn *conn);    /* unsent bytes */
void al_conn_finish(struct al_conn *conn);             /* send what is pending, then close; no data() after */
void al_conn_drop(struct al_conn *conn);               /* close now; `closed` is called before it returns */
void al_conn_pause(struct al_conn *conn, bool paused); /* stop reading; resuming pokes if bytes wait */
void al_conn_poke(struct al_conn *conn);               /* call data() again soon with what is buffered */
/*
 * The protocol has consumed the beginning of a request whose end has not come: its time runs on. Without this,
 * a request is unfinished as long as data() leaves bytes in the buffer.
 */
void al_conn_asking(struct al_conn *conn, bool asking);
/* An answer is being made, that takes longer than data() does: the connection is not given up for another meanwhile. */
void al_conn_owe(struct al_conn *conn, bool owed);
const char *al_conn_peer(struct al_conn *conn);                        /* "[::1]:4711" or "unix" */
bool al_conn_addr(const struct al_conn *conn, struct al_prefix *addr); /* of the other side; false: unix, *addr zero */
size_t al_conn_source_conns(const struct al_conn *conn); /* of its source, itself among them; 0: not counted */
void *al_conn_user(const struct al_conn *conn);

#endif
