/* SPDX-License-Identifier: MIT */
/*
 * session.c -- one connection of the request port.
 *
 * framing.c says where questions and requests begin and end. Who sends a
 * request with a tool that keeps the connection open gets the answer after a
 * short silence behind its last block. Requests of one connection may overlap
 * in the ledger; their answers go out in order.
 */
#include "session.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "framing.h"
#include "reply.h"

#define ANSWERS_MAX 64 /* answers one connection may wait for */
#define SILENCE_MS 300 /* behind a signature block */

struct session;

struct answer {
	struct session *session; /* NULL: the connection is gone */
	struct answer *next;
	struct al_buf text;
	bool ready;
};

struct session {
	struct al_conn *conn;
	const struct session_ctx *ctx;
	struct payer source;
	struct framing framing;
	struct answer *first, *last;
	size_t answers;
	struct al_timer *silence;
	bool eof;
	bool finished; /* takes no more input */
	bool stepping; /* inside session_step(): answers do not call it again */
};

static void session_step(struct session *s, struct evbuffer *in);

/* ---- answers, in order ---- */

static void answers_flush(struct session *s)
{
	while (s->first != NULL && s->first->ready) {
		struct answer *a = s->first;

		al_conn_write(s->conn, a->text.ptr, a->text.len);
		s->first = a->next;
		if (s->first == NULL)
			s->last = NULL;
		s->answers--;
		al_buf_release(&a->text);
		free(a);
	}
	al_conn_owe(s->conn, s->first != NULL);
	if (s->finished && s->first == NULL)
		al_conn_finish(s->conn);
}

static struct answer *answer_new(struct session *s)
{
	struct answer *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->session = s;
	al_buf_init(&a->text, REPLY_MAX);
	if (s->last != NULL)
		s->last->next = a;
	else
		s->first = a;
	s->last = a;
	s->answers++;
	return a;
}

static void on_answer(void *arg, struct al_slice text)
{
	struct answer *a = arg;
	struct session *s = a->session;
	bool finished;

	if (s == NULL) {
		free(a);
		return;
	}
	al_buf_slice(&a->text, text);
	tariff_answered(&s->ctx->tariff, &s->source, text.len, al_now_ms());
	a->ready = true;
	if (s->stepping)
		return;
	finished = s->finished;
	answers_flush(s); /* the last answer of a finished session may end it: do not touch it then */
	if (!finished && s->answers < ANSWERS_MAX) {
		al_conn_pause(s->conn, false);
		al_conn_poke(s->conn);
	}
}

/* ---- budget ---- */

/* False: it cannot, and the answer says so. The connection stays. */
static bool source_pays(struct session *s, struct answer *a, unsigned cost)
{
	char words[TARIFF_WORDS];

	if (tariff_enter(&s->ctx->tariff, &s->source, cost, al_now_ms(), words))
		return true;
	reply_error(&a->text, "%s", words);
	a->ready = true;
	return false;
}

/* ---- requests ---- */

static void request(struct session *s)
{
	struct answer *a = answer_new(s);

	al_conn_asking(s->conn, false);
	if (a == NULL) {
		s->finished = true;
		return;
	}
	if (source_pays(s, a, BUDGET_REQUEST))
		pipeline_submit(s->ctx->question.pipeline, al_buf_view(&s->framing.request), &s->source, on_answer, a);
}

/* The requests before it are decided: the question sees what they changed. */
static void on_question(void *arg)
{
	struct answer *a = arg;
	struct al_buf line = a->text;

	al_buf_init(&a->text, REPLY_MAX);
	if (a->session != NULL)
		question_answer(&a->session->ctx->question, al_buf_view(&line), on_answer, a);
	else
		free(a);
	al_buf_release(&line);
}

static void question(struct session *s, struct al_slice line)
{
	struct answer *a = answer_new(s);

	if (a == NULL) {
		s->finished = true;
		return;
	}
	if (!source_pays(s, a, BUDGET_QUESTION))
		return;
	al_buf_slice(&a->text, line);
	pipeline_after(s->ctx->question.pipeline, on_question, a);
}

static void complain(struct session *s, const char *text)
{
	struct answer *a = answer_new(s);

	s->finished = true;
	if (a == NULL)
		return;
	reply_error(&a->text, "%s", text);
	a->ready = true;
}

/* ---- input ---- */

static void input_take(struct session *s, enum framing_event event)
{
	switch (event) {
	case FRAMING_QUESTION:
		question(s, s->framing.question);
		return;
	case FRAMING_REQUEST:
		request(s);
		return;
	case FRAMING_BAD:
		complain(s, s->framing.why);
		return;
	case FRAMING_END:
		s->finished = true;
		return;
	case FRAMING_MORE:
		return;
	}
}

static void session_step(struct session *s, struct evbuffer *in)
{
	size_t len = evbuffer_get_length(in);
	struct al_slice rest = al_slice_of(evbuffer_pullup(in, -1), len);
	enum framing_event event = FRAMING_REQUEST;

	s->stepping = true;
	while (!s->finished && s->answers < ANSWERS_MAX && event != FRAMING_MORE) {
		event = framing_next(&s->framing, &rest, s->eof);
		input_take(s, event);
	}
	al_conn_asking(s->conn, s->framing.state == FRAMING_TEXT || s->framing.state == FRAMING_BEHIND);
	(void)evbuffer_drain(in, s->finished ? len : len - rest.len);
	s->stepping = false;
}

static void on_silence(void *arg)
{
	struct session *s = arg;

	if (s->framing.state != FRAMING_BEHIND)
		return;
	s->stepping = true;
	framing_cut(&s->framing);
	request(s);
	s->stepping = false;
	answers_flush(s);
}

/* A block has ended and nothing follows for now: wait for more, but not for ever. */
static void silence_watch(struct session *s)
{
	if (s->framing.state != FRAMING_BEHIND) {
		if (s->silence != NULL)
			al_timer_clear(s->silence);
		return;
	}
	if (s->silence == NULL && al_timer_new(s->ctx->loop, on_silence, s, &s->silence) != AL_OK)
		return;
	al_timer_set(s->silence, SILENCE_MS);
}

static void on_data(struct al_conn *conn, struct evbuffer *in, bool eof, void *user)
{
	struct session *s = user;

	bool full, finished;

	s->eof = s->eof || eof;
	session_step(s, in);
	silence_watch(s);
	full = s->answers >= ANSWERS_MAX;
	finished = s->finished;
	answers_flush(s);
	if (finished || !full)
		return;
	/* Some input was left: on_answer() goes on when the ledger has answered, or there is room already. */
	if (s->answers >= ANSWERS_MAX)
		al_conn_pause(conn, true);
	else
		al_conn_poke(conn);
}

static enum al_err on_open(struct al_conn *conn, void *arg, void **user)
{
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return AL_ENOMEM;
	s->conn = conn;
	s->ctx = arg;
	s->source = tariff_payer(al_conn_peer(conn));
	framing_init(&s->framing);
	*user = s;
	return AL_OK;
}

static void on_closed(struct al_conn *conn, void *user)
{
	struct session *s = user;
	struct answer *a, *next;

	(void)conn;
	for (a = s->first; a != NULL; a = next) {
		next = a->next;
		al_buf_release(&a->text);
		if (a->ready)
			free(a);
		else
			a->session = NULL; /* the pipeline still holds it; on_answer() frees it */
	}
	al_timer_free(s->silence);
	framing_release(&s->framing);
	free(s);
}

static void last_words(struct al_conn *conn, const char *text)
{
	struct al_buf out;

	al_buf_init(&out, 512);
	reply_error(&out, "%s", text);
	al_conn_write(conn, out.ptr, out.len);
	al_buf_release(&out);
}

static void on_overflow(struct al_conn *conn, void *user)
{
	(void)user;
	last_words(conn, "too much input is waiting (REQUEST-FORM)");
}

static void on_idle(struct al_conn *conn, void *user)
{
	const struct session *s = user;

	if (s->framing.state == FRAMING_TEXT || s->framing.state == FRAMING_BEHIND)
		last_words(conn, "the rest of the request did not come in time");
}

const struct al_conn_ops session_ops = {
	.open = on_open,
	.data = on_data,
	.closed = on_closed,
	.overflow = on_overflow,
	.idle = on_idle,
};
