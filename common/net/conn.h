/* SPDX-License-Identifier: MIT */
/*
 * conn.h -- what net.c (listeners) and conn.c (connections) know of each other.
 *
 * A connection is made by its listener and tells it, once, when it is gone.
 */
#ifndef COMMON_CONN_H
#define COMMON_CONN_H

#include "alamo/net/net.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <stdatomic.h>

#define CONN_PEER_LEN 64 /* "[v6%scope]:port" and NUL */

enum conn_state {
	CONN_HANDSHAKE, /* TLS only: the protocol does not know of it yet */
	CONN_OPEN,      /* the protocol talks */
	CONN_FINISHING, /* the last bytes are on their way */
	CONN_LINGER,    /* our side is shut; what still comes is read and thrown away */
	CONN_DEAD,      /* closed; memory waits for running callbacks */
};

/* Who it is with; as text once somebody asks. */
struct conn_peer {
	union {
		struct sockaddr any; /* neither of the others: unix */
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	char text[CONN_PEER_LEN];
};

struct conn_source; /* source.c: how many connections one address has */

struct al_conn {
	struct al_listener *listener;
	struct conn_source *source; /* may be NULL */
	struct al_conn *prev;       /* in the listener's list */
	struct al_conn *next;
	struct al_conn *kin_prev; /* in its network's list, by placed_ms */
	struct al_conn *kin_next;
	uint64_t placed_ms; /* answered_ms, of a few milliseconds before at most */
	bool leaving;       /* its listener was asked to end it */
	const struct al_listener_conf *conf;
	const struct al_conn_ops *ops;
	void *open_arg;
	void *user;

	enum conn_state state;
	bool opened;    /* ops->open took it: it gets `closed` */
	bool eof;       /* the other side has finished sending */
	bool heard_all; /* in this turn of the loop its socket was read empty */
	bool paused;
	bool poked;        /* data() is owed */
	bool refers;       /* the last piece of `out` is another's bytes */
	bool undrained;    /* drained() is owed, once all is sent */
	bool failed;       /* close at the next settling */
	bool asking;       /* the protocol says: inside a request whose beginning it has consumed */
	_Atomic bool owed; /* the protocol says: it owes an answer */
	bool reading;      /* events as they are registered now */
	bool writing;
	unsigned depth; /* protocol callbacks that run now */

	int fd;
	struct conn_tls *tls; /* NULL: bytes go as they are */
	struct evbuffer *in;
	struct evbuffer *out;
	struct event readable;
	struct event writable;
	struct event later;           /* settles writes made outside callbacks, pokes, reads what TLS holds */
	struct event clock;           /* idle, stalled, lingering */
	uint64_t io_ms;               /* last byte in or out */
	uint64_t progress_ms;         /* output has waited since */
	_Atomic uint64_t answered_ms; /* last output, or when it came */
	uint64_t asked_ms;            /* an unfinished request has been coming in since; 0: none */
	size_t trickle;               /* bytes sent that are too few to count as progress yet */
	size_t counted;               /* of the listener's out_bytes */
	size_t linger_left;           /* bytes still worth discarding */
	struct conn_peer peer;
};

/* Takes fd in every case; NULL when memory is out. The listener adds it to its list, then opens it. */
struct al_conn *conn_new(struct event_base *base, const struct al_listener_conf *conf, const struct al_conn_ops *ops,
			 int fd, const struct sockaddr_storage *peer);
/* Asks ops->open, behind a handshake if there is one; may end and free the connection. */
void conn_open(struct al_conn *conn, void *open_arg);
/* Its turn for a step of the handshake; likewise. */
void conn_greet(struct al_conn *conn);
/* Settle soon, with nothing of the protocol on the stack. */
void conn_schedule(struct al_conn *conn);
/* conn_input.c: one read of at most `room` bytes. *more: there may be more. */
#define CONN_READ_STEP 4096u /* bytes of it */
enum conn_fill { CONN_FILL_NOTHING, CONN_FILL_SOME, CONN_FILL_EOF, CONN_FILL_FAILED };
enum conn_fill conn_fill(struct al_conn *conn, size_t room, bool *more);
/* Is there anything to read? It stays where it is. */
enum conn_fill conn_peek(struct al_conn *conn);
/* No more is to come, and nothing of it is unread as far as we saw a moment ago. */
bool conn_said_all(const struct al_conn *conn);
/* conn_output.c: sends what the socket takes; may set `failed`. */
void conn_flush(struct al_conn *conn);
/* source.c: output was given to it. */
void source_answered(struct al_conn *conn, uint64_t now);
/* net.c: what counts its connections. */
struct al_shares *listener_shares(const struct al_listener *listener);
/* net.c: unsent bytes are more, or less; may end another connection that has more of them. */
void listener_weigh(struct al_conn *conn);
/* net.c: the connection is closed; called once, before its memory goes. */
void listener_left(struct al_conn *conn);

#endif
