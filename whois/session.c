/*
 * session.c -- one connection of the whois port, on the loop's thread.
 *
 * Callbacks take a line out of the input, hand it to dialogue.c, write what
 * comes back: one write an answer. Idle time is kept here and not by the
 * listener, since "!t" moves it.
 */
#include "session.h"

#include <event2/buffer.h>
#include <stdlib.h>

#include "answer.h"
#include "dialogue.h"

#define IN_MAX 65536u
#define UNSENT_HIGH (256u << 10) /* a connection with more waits before its next line */
#define BURST 64                 /* lines before others get their turn */
#define COPY_MAX 16384u          /* smaller answers are copied, larger ones handed over */

struct whois_sessions {
	struct al_loop *loop;
	struct al_listener *listener;
	const struct whois_view *view;
	uint64_t idle_ms;
	size_t unsent;     /* sum of what sessions noted, never less than what waits */
	struct al_buf out; /* scratch for the answer at hand */
};

struct session {
	struct whois_sessions *owner;
	struct al_conn *conn;
	struct al_timer *idle;
	uint64_t active_ms; /* last byte in, last progress out */
	size_t unsent;      /* our share of owner->unsent */
	struct whois_dialogue dialogue;
};

static void session_note(struct session *s)
{
	size_t pending = al_conn_pending(s->conn);

	s->owner->unsent = s->owner->unsent - s->unsent + pending;
	s->unsent = pending;
}

/* Sends what stands in owner->out. */
static void session_send(struct session *s)
{
	struct al_buf *out = &s->owner->out;
	size_t len;
	char *bytes;

	if (out->err != AL_OK) {
		al_buf_reset(out);
		al_conn_finish(s->conn);
		return;
	}
	if (out->len <= COPY_MAX) {
		al_conn_write(s->conn, out->ptr, out->len);
		al_buf_reset(out);
	} else {
		bytes = al_buf_take(out, &len);
		if (bytes != NULL)
			al_conn_write_ref(s->conn, bytes, len, free, bytes);
		else
			al_conn_finish(s->conn);
	}
	session_note(s);
}

static void session_refuse(struct session *s, unsigned number)
{
	whois_dialogue_refuse(s->owner->view, &s->dialogue, number, &s->owner->out);
	session_send(s);
}

enum take { TAKE_LINE, TAKE_NONE, TAKE_LONG };

/* Next line of the input without its LF and CR; at eof the rest counts as one. */
static enum take take_line(struct evbuffer *in, bool eof, char line[static WHOIS_LINE_MAX + 2], size_t *len)
{
	size_t eol_len = 0, length = evbuffer_get_length(in);
	struct evbuffer_ptr eol = evbuffer_search_eol(in, NULL, &eol_len, EVBUFFER_EOL_LF);
	size_t size = eol.pos >= 0 ? (size_t)eol.pos : length;

	if (size > WHOIS_LINE_MAX + 1)
		return TAKE_LONG;
	if (eol.pos < 0 && (!eof || length == 0))
		return TAKE_NONE;
	if (evbuffer_remove(in, line, size) != (int)size)
		return TAKE_NONE;
	(void)evbuffer_drain(in, eol_len);
	*len = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
	return TAKE_LINE;
}

/* One line. False: no more for now. */
static bool session_step(struct session *s, struct evbuffer *in, bool eof)
{
	char line[WHOIS_LINE_MAX + 2];
	size_t len = 0;

	switch (take_line(in, eof, line, &len)) {
	case TAKE_NONE:
		if (eof)
			al_conn_finish(s->conn);
		return false;
	case TAKE_LONG:
		session_refuse(s, 107);
		break;
	case TAKE_LINE:
		if (s->owner->unsent > WHOIS_UNSENT_MAX) {
			session_refuse(s, 306);
			break;
		}
		whois_dialogue_line(s->owner->view, &s->dialogue, al_slice_of(line, len), &s->owner->out);
		session_send(s);
		break;
	}
	if (s->dialogue.closing)
		al_conn_finish(s->conn);
	return !s->dialogue.closing;
}

static uint64_t session_idle_ms(const struct session *s)
{
	return s->dialogue.idle_s > 0 ? s->dialogue.idle_s * UINT64_C(1000) : s->owner->idle_ms;
}

static void session_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct session *s = user;
	uint64_t idle_ms = session_idle_ms(s);
	int i;

	s->active_ms = al_now_ms();
	for (i = 0; i < BURST; i++) {
		if (evbuffer_get_length(in) > 0 && al_conn_pending(conn) > UNSENT_HIGH) {
			al_conn_pause(conn, true);
			return;
		}
		if (!session_step(s, in, eof))
			break;
	}
	if (session_idle_ms(s) < idle_ms)
		al_timer_set(s->idle, session_idle_ms(s));
	if (i == BURST)
		al_conn_poke(conn);
}

static void session_drained(struct al_conn *conn, void *user)
{
	struct session *s = user;

	s->active_ms = al_now_ms();
	session_note(s);
	al_conn_pause(conn, false);
}

/* Armed once and moved on: it compares stamps when it fires. */
static void session_idle(void *arg)
{
	struct session *s = arg;
	uint64_t limit = session_idle_ms(s), now = al_now_ms(), waited;

	if (al_conn_pending(s->conn) < s->unsent) {
		session_note(s);
		s->active_ms = now;
	}
	waited = now - s->active_ms;
	if (waited < limit) {
		al_timer_set(s->idle, limit - waited);
	} else if (s->unsent > 0) {
		al_conn_drop(s->conn);
	} else {
		/* In silence: a word that nobody asked for would be taken for the answer to a query on its way. */
		al_conn_finish(s->conn);
	}
}

static enum al_err session_open(struct al_conn *conn, void *arg, void **user)
{
	struct whois_sessions *owner = arg;
	struct session *s = calloc(1, sizeof(*s));
	enum al_err err;

	if (s == NULL)
		return AL_ENOMEM;
	err = al_timer_new(owner->loop, session_idle, s, &s->idle);
	if (err != AL_OK) {
		free(s);
		return err;
	}
	s->owner = owner;
	s->conn = conn;
	s->active_ms = al_now_ms();
	al_timer_set(s->idle, owner->idle_ms);
	*user = s;
	return AL_OK;
}

static void session_closed(struct al_conn *conn, void *user)
{
	struct session *s = user;

	(void)conn;
	s->owner->unsent -= s->unsent;
	al_timer_free(s->idle);
	free(s);
}

/* More than IN_MAX waits although lines are taken: only a flood without line ends. */
static void session_overflow(struct al_conn *conn, void *user)
{
	(void)conn;
	session_refuse(user, 107);
}

enum al_err whois_sessions_new(struct al_loop *loop, const struct whois_sessions_conf *conf,
			       const struct whois_view *view, struct whois_sessions **out)
{
	static const struct al_conn_ops ops = {
		.open = session_open,
		.data = session_data,
		.drained = session_drained,
		.closed = session_closed,
		.overflow = session_overflow,
	};
	struct al_listener_conf listener = {
		.name = "whois",
		.max_conns = conf->max_conns,
		.max_per_source = conf->max_per_source,
		.in_max = IN_MAX,
		.out_max = WHOIS_ANSWER_MAX + UNSENT_HIGH + COPY_MAX,
		.idle_ms = WHOIS_IDLE_MAX_S * UINT64_C(1000),
		.refusal = WHOIS_REFUSAL,
	};
	struct whois_sessions *sessions = calloc(1, sizeof(*sessions));
	enum al_err err;

	if (sessions == NULL)
		return AL_ENOMEM;
	if (listener.idle_ms < conf->idle_ms)
		listener.idle_ms = conf->idle_ms;
	listener.idle_ms += 10000; /* ours comes first */
	sessions->loop = loop;
	sessions->view = view;
	sessions->idle_ms = conf->idle_ms;
	al_buf_init(&sessions->out, WHOIS_ANSWER_MAX);
	err = al_listener_new(loop, &listener, &ops, sessions, &sessions->listener);
	if (err != AL_OK) {
		free(sessions);
		return err;
	}
	*out = sessions;
	return AL_OK;
}

void whois_sessions_free(struct whois_sessions *sessions)
{
	if (sessions == NULL)
		return;
	al_listener_free(sessions->listener);
	al_buf_release(&sessions->out);
	free(sessions);
}

struct al_listener *whois_sessions_listener(struct whois_sessions *sessions)
{
	return sessions->listener;
}
