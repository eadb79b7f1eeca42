/*
 * session.c -- framing of the request port.
 *
 * A line is a question unless it begins "request:". A request runs to the end
 * of input, or to an empty line or a new "request:" behind its last signature
 * block. Who sends a request with a tool that keeps the connection open gets
 * the answer after a short silence behind that block. Requests of one
 * connection may overlap in the ledger; their answers go out in order.
 */
#include "session.h"

#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "reply.h"

#define ANSWERS_MAX 64 /* answers one connection may wait for */
#define SILENCE_MS 300 /* behind a signature block */

enum session_state {
	SESSION_IDLE,     /* between requests */
	SESSION_TEXT,     /* in a request, before or inside a block */
	SESSION_BEHIND,   /* behind a signature block: more, or the end */
	SESSION_FINISHED, /* takes no more input */
};

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
	enum session_state state;
	struct al_buf request;
	struct answer *first, *last;
	size_t answers;
	struct al_timer *silence;
	bool eof;
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
	if (s->state == SESSION_FINISHED && s->first == NULL)
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
	finished = s->state == SESSION_FINISHED;
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

static void request_begin(struct session *s)
{
	al_buf_reset(&s->request);
	s->state = SESSION_TEXT;
	al_conn_asking(s->conn, true);
}

static void request_end(struct session *s)
{
	struct answer *a = answer_new(s);

	s->state = SESSION_IDLE;
	al_conn_asking(s->conn, false);
	if (a == NULL) {
		s->state = SESSION_FINISHED;
		return;
	}
	if (source_pays(s, a, BUDGET_REQUEST))
		pipeline_submit(s->ctx->question.pipeline, al_buf_view(&s->request), &s->source, on_answer, a);
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
		s->state = SESSION_FINISHED;
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

	s->state = SESSION_FINISHED;
	if (a == NULL)
		return;
	reply_error(&a->text, "%s", text);
	a->ready = true;
}

static bool starts_request(struct al_slice line)
{
	return al_slice_casestarts(line, "request:");
}

static bool ends_block(struct al_slice line)
{
	return al_slice_is(line, "-----END SSH SIGNATURE-----") ||
	       (al_slice_starts(line, "-----END CONTACT ") && al_slice_ends(line, "-----"));
}

static void request_line(struct session *s, struct al_slice line)
{
	al_buf_slice(&s->request, line);
	al_buf_u8(&s->request, '\n');
	s->state = ends_block(line) ? SESSION_BEHIND : SESSION_TEXT;
	if (s->request.err != AL_OK)
		complain(s, "the request is too large (REQUEST-FORM)");
}

/* One whole line, its LF (and CR) cut off. */
static void session_line(struct session *s, struct al_slice line)
{
	if (s->state == SESSION_BEHIND && (line.len == 0 || starts_request(line)))
		request_end(s);
	if (s->state == SESSION_TEXT || s->state == SESSION_BEHIND) {
		request_line(s, line);
	} else if (s->state == SESSION_IDLE && starts_request(line)) {
		request_begin(s);
		request_line(s, line);
	} else if (s->state == SESSION_IDLE && line.len > 0) {
		question(s, line);
	}
}

/* ---- input ---- */

static void input_end(struct session *s, struct al_slice tail)
{
	if (tail.len > 0)
		session_line(s, tail);
	if (s->state == SESSION_TEXT || s->state == SESSION_BEHIND)
		request_end(s);
	s->state = SESSION_FINISHED;
}

static void session_step(struct session *s, struct evbuffer *in)
{
	size_t len = evbuffer_get_length(in);
	struct al_slice all = al_slice_of(evbuffer_pullup(in, -1), len), rest = all, line;

	s->stepping = true;
	while (s->state != SESSION_FINISHED && s->answers < ANSWERS_MAX && rest.len > 0 &&
	       memchr(rest.ptr, '\n', rest.len) != NULL && al_slice_line(&rest, &line))
		session_line(s, line);
	if (s->state != SESSION_FINISHED && rest.len > AL_REQUEST_LINE_MAX && memchr(rest.ptr, '\n', rest.len) == NULL)
		complain(s, "a line is longer than 8192 bytes (REQUEST-FORM)");
	if (s->eof && s->state != SESSION_FINISHED && s->answers < ANSWERS_MAX) {
		input_end(s, rest);
		rest.len = 0;
	}
	(void)evbuffer_drain(in, s->state == SESSION_FINISHED ? len : len - rest.len);
	s->stepping = false;
}

static void on_silence(void *arg)
{
	struct session *s = arg;

	if (s->state != SESSION_BEHIND)
		return;
	s->stepping = true;
	request_end(s);
	s->stepping = false;
	answers_flush(s);
}

/* A block has ended and nothing follows for now: wait for more, but not for ever. */
static void silence_watch(struct session *s)
{
	if (s->state != SESSION_BEHIND) {
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
	finished = s->state == SESSION_FINISHED;
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
	/* With room for contact blocks; what counts for the rest is judged when the request is decoded. */
	al_buf_init(&s->request, AL_REQUEST_MAX + AL_REQUEST_CONTACTS_MAX * AL_CONTACT_MAX);
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
	al_buf_release(&s->request);
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

	if (s->state == SESSION_TEXT || s->state == SESSION_BEHIND)
		last_words(conn, "the rest of the request did not come in time");
}

const struct al_conn_ops session_ops = {
	.open = on_open,
	.data = on_data,
	.closed = on_closed,
	.overflow = on_overflow,
	.idle = on_idle,
};
