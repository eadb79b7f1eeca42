/* SPDX-License-Identifier: MIT */
/*
 * session.c -- one connection of the whois port, on its loop's thread.
 *
 * A piece of work takes lines out of the input, hands them to dialogue.c and
 * writes what comes back, one write an answer; or it goes on with an answer
 * that is made in pieces. Whose piece is next is said by turns.c; who waits for
 * its turn is not read from. Idle time is kept here and not by the listener,
 * since "!t" moves it.
 */
#include "session.h"

#include <event2/buffer.h>
#include <stddef.h>
#include <stdlib.h>

#include <utlist.h>

#include "answer.h"
#include "dialogue.h"
#include "turns.h"

#define IN_MAX 65536u
#define UNSENT_HIGH (256u << 10) /* a connection with more waits before its next line */
#define PIECE_LINES 64           /* lines in one piece of work */
#define SWEEP_MS 250u            /* half of how late the end of idle time may be seen */
#define COPY_MAX 16384u          /* smaller answers are copied, larger ones handed over */
#define COUNTED_LEAST 4096u      /* fewer bytes of a connection are not worth a word between threads */

struct whois_sessions {
	struct al_listener *listener;
	struct whois_share *share;
	bool alone;        /* the share is ours */
	bool elsewhere;    /* see whois_sessions_conf */
	_Atomic bool rest; /* somebody waits for the log to grow */
	struct whois_turns *turns;
	const struct whois_view *view;
	struct session *all;
	struct al_timer *sweep; /* looks for who is idle */
	bool sweeping;          /* it is armed */
	uint64_t idle_ms;
	struct al_buf out; /* scratch for the answer at hand */
};

struct session {
	struct whois_sessions *owner;
	struct al_conn *conn;
	bool active;        /* a byte in or progress out since the last sweep */
	uint64_t active_ms; /* the sweep that saw the last one */
	size_t unsent;      /* when it was last looked at */
	size_t counted;     /* of it, in owner->share */
	struct evbuffer *in;
	bool eof;
	bool expanding; /* counted in owner->share */
	struct whois_turn turn;
	struct whois_dialogue dialogue;
	struct whois_job job;
	struct session *prev, *next; /* of all */
};

static void session_note(struct session *s)
{
	size_t counted;

	s->unsent = al_conn_pending(s->conn) + whois_job_bytes(&s->job);
	counted = s->unsent >= COUNTED_LEAST ? s->unsent : 0;
	if (counted == s->counted)
		return;
	/* Modulo: less is as good as more. */
	(void)atomic_fetch_add_explicit(&s->owner->share->unsent, counted - s->counted, memory_order_relaxed);
	s->counted = counted;
}

/* Sends what stands in owner->out. */
static void session_send(struct session *s)
{
	struct al_buf *out = &s->owner->out;
	size_t len;
	char *bytes;

	if (out->len == 0 && out->err == AL_OK) {
		session_note(s);
		return;
	}
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
static bool session_line(struct session *s)
{
	char line[WHOIS_LINE_MAX + 2];
	size_t len = 0;

	switch (take_line(s->in, s->eof, line, &len)) {
	case TAKE_NONE:
		if (s->eof)
			al_conn_finish(s->conn);
		return false;
	case TAKE_LONG:
		session_refuse(s, 107);
		break;
	case TAKE_LINE:
		if (atomic_load_explicit(&s->owner->share->unsent, memory_order_relaxed) > WHOIS_UNSENT_MAX) {
			session_refuse(s, 306);
			break;
		}
		whois_dialogue_line(s->owner->view, &s->dialogue, al_slice_of(line, len), &s->job, &s->owner->out);
		break;
	}
	return true;
}

/* May the job at hand go on? Sets are expanded for a few connections at a time. */
static bool session_may_expand(struct session *s)
{
	if (s->job.kind != WHOIS_JOB_SET || s->expanding)
		return true;
	s->expanding = whois_share_expand(s->owner->share);
	return s->expanding;
}

static void session_expanded(struct session *s)
{
	if (s->expanding)
		whois_share_expanded(s->owner->share);
	s->expanding = false;
}

/* A piece of the job at hand. True: it is done. */
static bool session_job(struct session *s)
{
	bool done;

	if (!session_may_expand(s))
		return false;
	done = whois_job_run(&s->job, &s->owner->out);
	if (done)
		session_expanded(s);
	session_send(s);
	return done;
}

static uint64_t session_idle_ms(const struct session *s)
{
	return s->dialogue.idle_s > 0 ? s->dialogue.idle_s * UINT64_C(1000) : s->owner->idle_ms;
}

/* Whatever looks at the view stands between these. */
static void view_read(struct whois_sessions *sessions)
{
	if (sessions->elsewhere)
		whois_share_read(sessions->share);
}

static void view_unread(struct whois_sessions *sessions)
{
	if (sessions->elsewhere)
		whois_share_unread(sessions->share);
}

/* True: there is more, and it may be done now. */
static bool session_work(struct session *s)
{
	size_t lines = 0, sent = 0;
	bool more = true;

	while (more && lines < PIECE_LINES && sent < WHOIS_PIECE_BYTES) {
		if (al_conn_pending(s->conn) > UNSENT_HIGH)
			break;
		if (s->job.kind == WHOIS_JOB_NONE) {
			more = session_line(s);
			lines++;
		}
		if (!more)
			break;
		sent += s->owner->out.len;
		if (!session_job(s))
			break;
		if (s->dialogue.closing) {
			al_conn_finish(s->conn);
			more = false;
		}
	}
	if (whois_job_rests(&s->job)) {
		atomic_store(&s->owner->rest, true);
		more = false;
	}
	al_conn_pause(s->conn, more);
	al_conn_owe(s->conn, more);
	return more && al_conn_pending(s->conn) <= UNSENT_HIGH;
}

static bool session_piece(struct whois_turn *turn)
{
	struct session *s = (struct session *)((char *)turn - offsetof(struct session, turn));
	struct whois_sessions *owner = s->owner;
	bool more;

	view_read(owner);
	more = session_work(s);
	view_unread(owner);
	return more;
}

static void session_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct session *s = user;

	s->active = true;
	s->in = in;
	s->eof = eof;
	whois_turn_take(&s->turn);
	/* Whose turn is yet to come has not had his lines taken: more of them are no flood. */
	if (s->turn.waiting && evbuffer_get_length(in) == IN_MAX)
		al_conn_pause(conn, true);
}

static void session_drained(struct al_conn *conn, void *user)
{
	struct session *s = user;

	(void)conn;
	s->active = true;
	session_note(s);
	if (s->in != NULL)
		whois_turn_take(&s->turn);
}

/* May end the session. */
static void session_sweep(struct session *s, uint64_t now)
{
	if (al_conn_pending(s->conn) < s->unsent) {
		session_note(s);
		s->active = true;
	}
	/* Or it is we who take our time, or the log that rests. */
	if (s->active || s->turn.waiting || (s->job.live && s->unsent == 0))
		s->active_ms = now;
	s->active = false;
	if (now - s->active_ms < session_idle_ms(s))
		return;
	if (s->unsent > 0)
		al_conn_drop(s->conn);
	else /* In silence: a word that nobody asked for would be taken for the answer to a query on its way. */
		al_conn_finish(s->conn);
}

/* One timer for all: most connections are gone before it fires, and would have armed one of their own in vain. */
static void sessions_sweep(void *arg)
{
	struct whois_sessions *sessions = arg;
	struct session *s, *next;
	uint64_t now = al_now_ms();

	DL_FOREACH_SAFE(sessions->all, s, next)
	session_sweep(s, now);
	sessions->sweeping = sessions->all != NULL;
	if (sessions->sweeping)
		al_timer_set(sessions->sweep, SWEEP_MS);
}

static enum al_err session_open(struct al_conn *conn, void *arg, void **user)
{
	struct whois_sessions *owner = arg;
	struct session *s = calloc(1, sizeof(*s));
	struct al_prefix addr;
	enum al_err err;

	if (s == NULL)
		return AL_ENOMEM;
	(void)al_conn_addr(conn, &addr);
	err = whois_turn_join(owner->turns, &addr, &s->turn);
	if (err != AL_OK) {
		free(s);
		return err;
	}
	whois_job_init(&s->job);
	DL_APPEND(owner->all, s);
	s->owner = owner;
	s->conn = conn;
	s->active_ms = al_now_ms();
	if (!owner->sweeping)
		al_timer_set(owner->sweep, SWEEP_MS);
	owner->sweeping = true;
	*user = s;
	return AL_OK;
}

static void session_closed(struct al_conn *conn, void *user)
{
	struct session *s = user;

	(void)conn;
	DL_DELETE(s->owner->all, s);
	(void)atomic_fetch_sub_explicit(&s->owner->share->unsent, s->counted, memory_order_relaxed);
	session_expanded(s);
	whois_job_release(&s->job);
	whois_turn_leave(&s->turn);
	free(s);
}

/* More than IN_MAX waits, and no line of it is taken: a mirror's session that goes on talking. */
static void session_overflow(struct al_conn *conn, void *user)
{
	struct session *s = user;

	(void)conn;
	view_read(s->owner);
	session_refuse(s, 107);
	view_unread(s->owner);
}

/* The listener's: ours comes first. */
static uint64_t last_idle_ms(const struct whois_sessions_conf *conf)
{
	uint64_t most = WHOIS_IDLE_MAX_S * UINT64_C(1000);

	return (conf->idle_ms > most ? conf->idle_ms : most) + 10000;
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
		.idle_ms = last_idle_ms(conf),
		.refusal = WHOIS_REFUSAL,
		.no_linger = true, /* RFC 3912 2: closed as soon as the answer is out */
		.shares = conf->shares,
	};
	struct whois_sessions *sessions = calloc(1, sizeof(*sessions));
	enum al_err err;

	if (sessions == NULL)
		return AL_ENOMEM;
	sessions->view = view;
	sessions->idle_ms = conf->idle_ms;
	sessions->share = conf->share;
	sessions->alone = conf->share == NULL;
	sessions->elsewhere = conf->elsewhere;
	al_buf_init(&sessions->out, WHOIS_ANSWER_MAX);
	err = sessions->alone ? whois_share_new(&sessions->share) : AL_OK;
	if (err == AL_OK)
		err = whois_turns_new(loop, session_piece, &sessions->turns);
	if (err == AL_OK)
		err = al_timer_new(loop, sessions_sweep, sessions, &sessions->sweep);
	if (err == AL_OK)
		err = al_listener_new(loop, &listener, &ops, sessions, &sessions->listener);
	if (err == AL_OK)
		*out = sessions;
	else
		whois_sessions_free(sessions);
	return err;
}

void whois_sessions_limit(struct whois_sessions *sessions, const struct whois_sessions_conf *conf)
{
	const struct al_listener_limits limits = { conf->max_conns, conf->max_per_source, last_idle_ms(conf), 0 };

	sessions->idle_ms = conf->idle_ms;
	al_listener_limit(sessions->listener, &limits);
}

void whois_sessions_free(struct whois_sessions *sessions)
{
	if (sessions == NULL)
		return;
	al_listener_free(sessions->listener);
	al_timer_free(sessions->sweep);
	whois_turns_free(sessions->turns);
	al_buf_release(&sessions->out);
	if (sessions->alone)
		whois_share_free(sessions->share);
	free(sessions);
}

bool whois_sessions_rest(struct whois_sessions *sessions)
{
	return atomic_exchange(&sessions->rest, false);
}

void whois_sessions_grown(struct whois_sessions *sessions)
{
	struct session *s;

	DL_FOREACH(sessions->all, s)
	if (s->job.kind == WHOIS_JOB_NRTM && s->job.live && al_conn_pending(s->conn) <= UNSENT_HIGH)
		whois_turn_take(&s->turn);
}

struct al_listener *whois_sessions_listener(struct whois_sessions *sessions)
{
	return sessions->listener;
}
