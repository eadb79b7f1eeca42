/* SPDX-License-Identifier: MIT */
/*
 * test_follow.c -- the stream's client against a server that follows a script:
 * good, cut, lying, forked and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "../guard.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../support/keys_note.h"
#include "../clock.h"
#include "../said.h"
#include "alamo/follow/follow.h"
#include "alamo/tlog/witness.h"

#define LOG_SIZE 20
#define CONNECTIONS_MAX 12

/* A signed history. */
struct history {
	char text[LOG_SIZE][32];
	struct al_hash root[LOG_SIZE + 1];
};

struct step {
	uint64_t want; /* SIZE that the client must ask for */
	void (*answer)(struct al_buf *out);
	bool stay; /* else closed after the answer */
};

struct fixture {
	struct al_loop *loop;
	struct al_timer *guard;
	struct al_follow *follow;
	struct evconnlistener *listener;
	char dir[64];
	char address[96];
	char list[256];             /* what is followed, when it is not the address alone */
	struct al_buf known;        /* a note from elsewhere, or empty */
	const struct al_edge *edge; /* what is here already, and its note; NULL: nothing */
	struct al_buf resume;
	const struct step *steps;
	size_t step_count;
	size_t connections; /* that came */
	struct bufferevent *bev[CONNECTIONS_MAX];
	bool answered[CONNECTIONS_MAX];
	/* what the follower said */
	uint64_t entries;
	uint64_t head;
	size_t heads;
	size_t forks;
	int links; /* ups minus downs */
	unsigned presents;
	uint64_t present; /* size at the first of them */
	uint64_t tip;
	uint64_t date;
	unsigned dates;
	struct al_buf ours, theirs;
	uint64_t stop_at_head; /* the loop stops there */
	uint64_t refuse_at;    /* index that the user refuses */
	bool timed_out;
	bool follows_keys;  /* it does not without being asked to */
	struct al_vkey now; /* by which heads are to verify */
	unsigned rotations;
};

static struct al_skey key, other_key, next_key; /* of one name */
static struct history real, forked;

static void history_make(struct history *h, uint64_t differ_from)
{
	struct al_edge edge;

	al_edge_init(&edge);
	h->root[0] = al_edge_root(&edge);
	for (uint64_t i = 0; i < LOG_SIZE; i++) {
		struct al_hash leaf;

		(void)snprintf(h->text[i], sizeof(h->text[i]), "%s %u", i >= differ_from ? "forged" : "entry",
			       (unsigned)i);
		leaf = al_leaf_hash(al_slice_str(h->text[i]));
		al_edge_push(&edge, &leaf);
		h->root[i + 1] = al_edge_root(&edge);
	}
}

/* ---- what the script sends ---- */

static void put_entries(struct al_buf *out, const struct history *h, uint64_t first, uint64_t end)
{
	struct al_slice entries[LOG_SIZE];

	for (uint64_t i = first; i < end; i++)
		entries[i - first] = al_slice_str(h->text[i]);
	(void)al_frame_put_entries(out, first, entries, (size_t)(end - first));
}

static void note_of(struct al_buf *out, const struct history *h, uint64_t size, const struct al_skey *signer)
{
	struct al_checkpoint cp = { .size = size, .root = h->root[size] };
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(signer->pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), signer, out);
	al_buf_release(&text);
}

static void put_note(struct al_buf *out, enum al_frame_kind kind, const struct history *h, uint64_t size,
		     const struct al_skey *signer)
{
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	note_of(&note, h, size, signer);
	al_frame_put(out, kind, al_buf_view(&note));
	al_buf_release(&note);
}

/* A note of the log with a date, by the log's key or, with another one's, by nobody's. */
static void put_dated(struct al_buf *out, enum al_frame_kind kind, uint64_t size, uint64_t date,
		      const struct al_skey *dater)
{
	struct al_checkpoint cp = { .size = size, .root = real.root[size] };
	struct al_skey dating;
	struct al_buf text, note;

	al_buf_init(&text, AL_NOTE_MAX);
	al_buf_init(&note, AL_NOTE_MAX);
	al_skey_dating(dater, &dating);
	al_checkpoint_format(al_slice_str(key.pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), &key, &note);
	al_cosign(al_buf_view(&text), &dating, date, &note);
	al_frame_put(out, kind, al_buf_view(&note));
	al_buf_release(&text);
	al_buf_release(&note);
}

static void put_head_by(struct al_buf *out, const struct history *h, uint64_t size, const struct al_skey *signer)
{
	put_note(out, AL_FRAME_HEAD, h, size, signer);
}

static void put_tip(struct al_buf *out, const struct history *h, uint64_t size)
{
	put_note(out, AL_FRAME_TIP, h, size, &key);
}

static void put_head(struct al_buf *out, const struct history *h, uint64_t size)
{
	put_head_by(out, h, size, &key);
}

static void first_five(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
}

static void five_to_eight(struct al_buf *out)
{
	put_entries(out, &real, 5, 8);
	put_head(out, &real, 8);
}

/* ---- server ---- */

static void server_readable(struct bufferevent *bev, void *arg)
{
	struct fixture *f = arg;
	const struct step *step;
	struct al_buf out;
	char *line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF);
	char want[64];

	if (line == NULL)
		return;
	assert_true(f->connections <= f->step_count);
	step = &f->steps[f->connections - 1];
	(void)snprintf(want, sizeof(want), "follow %llu", (unsigned long long)step->want);
	assert_string_equal(line, want);
	free(line);
	al_buf_init(&out, 32u << 20);
	step->answer(&out);
	assert_int_equal(out.err, AL_OK);
	f->answered[f->connections - 1] = true;
	(void)bufferevent_write(bev, out.ptr, out.len);
	al_buf_release(&out);
}

static void server_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	(void)arg;
}

/* All is written: close, if the script says so. */
static void server_written(struct bufferevent *bev, void *arg)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < f->connections; i++)
		if (f->bev[i] == bev && f->answered[i] && !f->steps[i].stay) {
			f->bev[i] = NULL;
			bufferevent_free(bev);
			return;
		}
}

static void server_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len,
			  void *arg)
{
	struct fixture *f = arg;
	struct bufferevent *bev = bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);

	(void)addr;
	(void)len;
	assert_non_null(bev);
	assert_true(f->connections < CONNECTIONS_MAX);
	f->bev[f->connections++] = bev;
	bufferevent_setcb(bev, server_readable, server_written, server_event, f);
	(void)bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void listen_at(struct fixture *f, struct sockaddr *addr, int len)
{
	f->listener = evconnlistener_new_bind(al_loop_base(f->loop), server_accept, f,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16, addr, len);
	assert_non_null(f->listener);
}

static void listen_local(struct fixture *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)snprintf(f->address, sizeof(f->address), "%s/log.sock", f->dir);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->address);
	listen_at(f, (struct sockaddr *)&addr, sizeof(addr));
}

static void listen_tcp(struct fixture *f)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	listen_at(f, (struct sockaddr *)&addr, sizeof(addr));
	assert_int_equal(getsockname(evconnlistener_get_fd(f->listener), (struct sockaddr *)&addr, &len), 0);
	(void)snprintf(f->address, sizeof(f->address), "127.0.0.1:%u", ntohs(addr.sin_port));
}

/* ---- follower ---- */

static void on_tip(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_int_equal(al_checkpoint_open(note, &f->now, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	f->tip = cp->size;
}

static void on_dated(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_int_equal(al_checkpoint_open(note, &f->now, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	assert_true(date > f->date);
	f->date = date;
	f->dates++;
}

static void on_present(void *arg)
{
	struct fixture *f = arg;

	if (f->presents++ == 0)
		f->present = f->head;
}

static enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
{
	struct fixture *f = arg;

	assert_int_equal(index, f->entries);
	if (index < LOG_SIZE)
		assert_true(al_slice_is(bytes, real.text[index]));
	if (index == f->refuse_at) {
		al_loop_stop(f->loop);
		return AL_EDENIED;
	}
	f->entries++;
	return AL_OK;
}

static void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_int_equal(cp->size, f->entries);
	assert_int_equal(al_checkpoint_open(note, &f->now, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	f->head = cp->size;
	f->heads++;
	if (cp->size == f->stop_at_head)
		al_loop_stop(f->loop);
}

static void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct fixture *f = arg;

	f->forks++;
	al_buf_slice(&f->ours, ours);
	al_buf_slice(&f->theirs, theirs);
	al_loop_stop(f->loop);
}

static void on_link(void *arg, bool up)
{
	struct fixture *f = arg;

	f->links += up ? 1 : -1;
	assert_true(f->links == 0 || f->links == 1);
}

static void on_keys(void *arg, const struct al_vkey *now, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_vkey said;

	assert_int_equal(al_log_key_parse(note, &said), AL_OK);
	assert_memory_equal(said.pk, now->pk, sizeof(said.pk));
	f->now = *now;
	f->rotations++;
}

static const struct al_follow_ops ops = { .entry = on_entry,
					  .head = on_head,
					  .fork = on_fork,
					  .link = on_link,
					  .tip = on_tip,
					  .present = on_present,
					  .dated = on_dated };

static void on_guard(void *arg)
{
	struct fixture *f = arg;

	f->timed_out = true;
	al_loop_stop(f->loop);
}

/* Follow a server with this script until the head is at `stop_at` (or something else stops it). */
static void play(struct fixture *f, const struct step *steps, size_t count, uint64_t stop_at)
{
	struct al_follow_conf conf = { .key = f->now, .edge = f->edge, .resume = al_buf_view(&f->resume) };
	struct al_follow_ops used = ops;

	used.keys = f->follows_keys ? on_keys : NULL;
	conf.known[AL_FOLLOW_KNOWN - 1] = al_buf_view(&f->known);
	if (f->listener == NULL)
		listen_local(f);
	f->steps = steps;
	f->step_count = count;
	f->stop_at_head = stop_at;
	conf.address = f->list[0] != '\0' ? f->list : f->address;
	assert_int_equal(al_follow_new(f->loop, &conf, &used, f, &f->follow), AL_OK);
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	al_timer_clear(f->guard);
	assert_false(f->timed_out);
	assert_int_equal(f->connections, count);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (f == NULL || al_loop_new(&f->loop) != AL_OK || al_timer_new(f->loop, on_guard, f, &f->guard) != AL_OK)
		return -1;
	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test_follow.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	al_buf_init(&f->ours, AL_NOTE_MAX);
	al_buf_init(&f->theirs, AL_NOTE_MAX);
	al_buf_init(&f->known, AL_NOTE_MAX);
	al_buf_init(&f->resume, AL_NOTE_MAX);
	f->refuse_at = UINT64_MAX;
	f->now = key.pub;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	al_follow_free(f->follow);
	for (size_t i = 0; i < f->connections; i++)
		if (f->bev[i] != NULL)
			bufferevent_free(f->bev[i]);
	if (f->listener != NULL)
		evconnlistener_free(f->listener);
	al_timer_free(f->guard);
	al_loop_free(f->loop);
	al_buf_release(&f->ours);
	al_buf_release(&f->theirs);
	al_buf_release(&f->known);
	al_buf_release(&f->resume);
	(void)unlink(f->address);
	(void)rmdir(f->dir);
	free(f);
	return 0;
}

/* ---- tests ---- */

static void all_in_order(struct al_buf *out)
{
	al_frame_put(out, AL_FRAME_PING, al_slice_of(NULL, 0));
	put_entries(out, &real, 0, 3);
	put_entries(out, &real, 3, 5);
	put_head(out, &real, 5);
	al_frame_put(out, (enum al_frame_kind)'Z', AL_S("of a newer server"));
	put_head(out, &real, 5);
	five_to_eight(out);
	put_entries(out, &real, 8, LOG_SIZE);
	put_head(out, &real, LOG_SIZE);
}

static void good_stream(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->entries, LOG_SIZE);
	assert_int_equal(f->heads, 3); /* the repeated one is no news */
	assert_int_equal(f->links, 1);
}

static void good_stream_over_tcp(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	listen_tcp(f);
	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->entries, LOG_SIZE);
}

static void empty_log_head(struct al_buf *out)
{
	put_head(out, &real, 0);
}

static void empty_log(void **state)
{
	static const struct step steps[] = { { 0, empty_log_head, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 0);
	assert_int_equal(f->heads, 1);
}

static void cut_answer(struct al_buf *out)
{
	size_t whole;

	first_five(out);
	whole = out->len;
	five_to_eight(out);
	out->len = whole + (out->len - whole) / 2;
}

static void cut_in_the_middle(void **state)
{
	static const struct step steps[] = { { 0, cut_answer, false }, { 5, five_to_eight, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->heads, 2);
}

/* Of several servers the next one is tried, and gone on with from where the last one ended. */
static void several_addresses(void **state)
{
	static const struct step steps[] = { { 0, cut_answer, false }, { 5, five_to_eight, true } };
	struct fixture *f = *state;

	listen_local(f);
	(void)snprintf(f->list, sizeof(f->list), "%s/nobody.sock, %s,127.0.0.1:1", f->dir, f->address);
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->links, 1);
}

static void bad_signature_answer(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	put_head_by(out, &real, 5, &other_key);
}

static void bad_signature(void **state)
{
	static const struct step steps[] = { { 0, bad_signature_answer, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void wrong_root_answer(struct al_buf *out)
{
	put_entries(out, &forked, 0, 5);
	put_head(out, &real, 5);
}

static void wrong_root(void **state)
{
	static const struct step steps[] = { { 0, wrong_root_answer, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void forked_head_five(struct al_buf *out)
{
	put_head(out, &forked, 5);
}

/* The signed notes that contradict each other, and that the follower stays away. */
static void assert_forked(struct fixture *f, uint64_t our_size, uint64_t their_size)
{
	struct al_checkpoint ours, theirs;

	assert_int_equal(f->forks, 1);
	assert_int_equal(f->links, 0);
	assert_int_equal(al_checkpoint_open(al_buf_view(&f->ours), &key.pub, &ours), AL_OK);
	assert_int_equal(al_checkpoint_open(al_buf_view(&f->theirs), &key.pub, &theirs), AL_OK);
	assert_int_equal(ours.size, our_size);
	assert_int_equal(theirs.size, their_size);
	al_timer_set(f->guard, 200);
	al_loop_run(f->loop);
	assert_true(f->timed_out);
	assert_int_equal(f->connections, f->step_count);
}

static void fork_at_equal_size(void **state)
{
	static const struct step steps[] = { { 0, first_five, false }, { 5, forked_head_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 5);
}

static void forked_five_to_eight(struct al_buf *out)
{
	put_entries(out, &forked, 5, 8);
	put_head(out, &forked, 8);
}

static void forked_all(struct al_buf *out)
{
	put_entries(out, &forked, 0, 3);
	put_head(out, &forked, 3);
	put_entries(out, &forked, 3, 8);
	put_head(out, &forked, 8);
}

/* The log was rewritten below our size and has grown past it: shown by reading it from 0. */
static void fork_that_has_grown(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, forked_five_to_eight, true },
		{ 0, forked_all, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 8);
}

static void lie_five_to_eight(struct al_buf *out)
{
	put_entries(out, &forked, 5, 8);
	put_head(out, &real, 8);
}

static void real_all(struct al_buf *out)
{
	put_entries(out, &real, 0, 8);
	put_head(out, &real, 8);
}

/* Somebody between us and the registry changed entries: no fork, and it goes on. */
static void a_liar_between(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, lie_five_to_eight, true },
		{ 0, real_all, true },
		{ 5, five_to_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
}

static void beyond(struct al_buf *out)
{
	al_frame_put(out, AL_FRAME_ERROR, AL_S("size 5 is beyond the log (3)"));
}

static void head_three(struct al_buf *out)
{
	put_head(out, &real, 3);
}

/* A mirror that lags is no fork. */
static void smaller_server(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, beyond, false },
		{ 5, head_three, true },
		{ 5, five_to_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
}

/* The past, in three heads, of a log that goes as far as ten; then one more. */
static void tip_and_three_heads(struct al_buf *out)
{
	put_tip(out, &real, 10);
	first_five(out);
	five_to_eight(out);
	put_entries(out, &real, 8, 10);
	put_head(out, &real, 10);
	put_entries(out, &real, 10, 11);
	put_head(out, &real, 11);
}

static void present_begins_at_the_tip(void **state)
{
	static const struct step steps[] = { { 0, tip_and_three_heads, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 11);
	assert_int_equal(f->tip, 10);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 10);
}

static void tip_and_five(struct al_buf *out)
{
	put_tip(out, &real, 8);
	first_five(out);
}

static void tip_and_the_rest(struct al_buf *out)
{
	put_tip(out, &real, 9);
	five_to_eight(out);
	put_entries(out, &real, 8, 9);
	put_head(out, &real, 9);
}

/* A line that breaks in the past is no way into the present. */
static void cut_before_the_tip(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, false }, { 5, tip_and_the_rest, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 9);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 9);
}

/* Thirty seconds without a frame: it is left, and asked again. */
static void a_server_that_is_silent(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, true }, { 5, tip_and_the_rest, true } };
	struct fixture *f = *state;
	struct said said;

	play(f, steps, 1, 5);
	f->step_count = AL_COUNT(steps);
	f->stop_at_head = 9;
	clock_ahead_s += 28;
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
	assert_int_equal(f->links, 1);
	said_begin(&said);
	clock_ahead_s += 3;
	for (int i = 0; i < 5; i++)
		assert_true(event_base_loop(al_loop_base(f->loop), EVLOOP_NONBLOCK) >= 0);
	assert_non_null(strstr(said_end(&said), "event=follow-silent"));
	assert_int_equal(f->links, 0);
	al_timer_set(f->guard, GUARD_MS);
	al_loop_run(f->loop);
	assert_false(f->timed_out);
	assert_int_equal(f->connections, 2);
	assert_int_equal(f->entries, 9);
}

static void tip_of_five(struct al_buf *out)
{
	put_tip(out, &real, 5);
	put_head(out, &real, 5);
	five_to_eight(out);
}

/* Who has everything is told so by the tip alone. */
static void up_to_date_already(void **state)
{
	static const struct step steps[] = { { 0, tip_and_five, false }, { 5, tip_of_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 5);
}

static void head_five(struct al_buf *out)
{
	put_head(out, &real, 5);
	five_to_eight(out);
}

static void eight_and_more(struct al_buf *out)
{
	five_to_eight(out);
}

static void head_eight(struct al_buf *out)
{
	put_head(out, &real, 8);
	put_entries(out, &real, 8, 9);
	put_head(out, &real, 9);
}

/* A server without T frames is asked again until it answers with the head: then there is no more. */
static void an_old_server(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, true },
		{ 5, eight_and_more, true },
		{ 8, head_eight, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 9);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 8);
	assert_int_equal(f->links, 1);
}

static void an_old_server_that_is_quiet(void **state)
{
	static const struct step steps[] = { { 0, first_five, true }, { 5, head_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->presents, 1);
	assert_int_equal(f->present, 5);
}

static void dated_heads(struct al_buf *out)
{
	put_dated(out, AL_FRAME_TIP, 5, 1000, &key);
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
	put_dated(out, AL_FRAME_HEAD, 5, 1060, &key);
	put_dated(out, AL_FRAME_HEAD, 5, 1060, &key);       /* again */
	put_dated(out, AL_FRAME_HEAD, 5, 1050, &key);       /* older */
	put_dated(out, AL_FRAME_HEAD, 5, 9999, &other_key); /* not the log's */
	put_head(out, &real, 5);
	put_entries(out, &real, 5, 8);
	put_dated(out, AL_FRAME_HEAD, 8, 1120, &key);
}

/* Each date once, in order, whatever frame it comes in; the same size again is no fork and no new head. */
static void dates_are_told(void **state)
{
	static const struct step steps[] = { { 0, dated_heads, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->heads, 2);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->dates, 3);
	assert_int_equal(f->date, 1120);
}

static void kept_back(struct al_buf *out)
{
	put_dated(out, AL_FRAME_TIP, 8, 2000, &key);
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
}

/* A date of entries that somebody keeps from us makes nothing younger. */
static void dates_of_what_is_not_here(void **state)
{
	static const struct step steps[] = { { 0, kept_back, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 5);
	assert_int_equal(f->dates, 0);
}

static void unknown_kind_first(struct al_buf *out)
{
	al_frame_put(out, (enum al_frame_kind)'Z', AL_S("of a newer server"));
	put_tip(out, &real, 5);
	first_five(out);
}

static void unknown_kinds_are_passed_over(void **state)
{
	static const struct step steps[] = { { 0, unknown_kind_first, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 5);
	assert_int_equal(f->presents, 1);
}

/* ---- what is known from elsewhere, or from before ---- */

static void forked_after_two(struct al_buf *out)
{
	put_entries(out, &forked, 0, 2);
	put_head(out, &forked, 2);
	put_entries(out, &forked, 2, 8);
	put_head(out, &forked, 8);
}

/* Its heads of two and eight are of one log, but not of the one whose head of eight somebody else has seen. */
static void a_log_without_what_is_known(void **state)
{
	static const struct step steps[] = { { 0, forked_after_two, true } };
	struct fixture *f = *state;

	note_of(&f->known, &real, 8, &key);
	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 2);
	assert_true(al_slice_eq(al_buf_view(&f->ours), al_buf_view(&f->known)));
	assert_forked(f, 8, 8);
}

static void five_and_another_tip(struct al_buf *out)
{
	first_five(out);
	put_tip(out, &forked, 5);
}

/* A tip alone shows it, when it is of the size that is here. */
static void a_tip_against_what_is_here(void **state)
{
	static const struct step steps[] = { { 0, five_and_another_tip, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	assert_int_equal(f->entries, 5);
	assert_forked(f, 5, 5);
}

static void a_log_with_what_is_known(void **state)
{
	static const struct step steps[] = { { 0, all_in_order, true } };
	struct fixture *f = *state;

	note_of(&f->known, &real, 8, &key);
	play(f, steps, AL_COUNT(steps), LOG_SIZE);
	assert_int_equal(f->forks, 0);
	assert_int_equal(f->entries, LOG_SIZE);
}

static void what_is_here_is_not_asked_for(void **state)
{
	static const struct step steps[] = { { 5, five_to_eight, true } };
	struct fixture *f = *state;
	struct al_edge edge;

	al_edge_init(&edge);
	for (uint64_t i = 0; i < 5; i++) {
		struct al_hash leaf = al_leaf_hash(al_slice_str(real.text[i]));

		al_edge_push(&edge, &leaf);
	}
	f->edge = &edge;
	f->entries = 5;
	note_of(&f->resume, &real, 5, &key);
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->entries, 8);
	assert_int_equal(f->forks, 0);
}

/* What is said to be here or known is signed by the log's key, or it is no beginning. */
static void nothing_begins_with_a_stranger_s_note(void **state)
{
	struct fixture *f = *state;
	struct al_follow_conf conf = { .key = key.pub, .address = "127.0.0.1:1" };
	struct al_edge edge;

	note_of(&f->known, &real, 8, &other_key);
	conf.known[0] = al_buf_view(&f->known);
	assert_int_not_equal(al_follow_new(f->loop, &conf, &ops, f, &f->follow), AL_OK);
	al_edge_init(&edge);
	for (uint64_t i = 0; i < 5; i++) {
		struct al_hash leaf = al_leaf_hash(al_slice_str(forked.text[i]));

		al_edge_push(&edge, &leaf);
	}
	conf = (struct al_follow_conf){ .key = key.pub, .address = "127.0.0.1:1", .edge = &edge };
	note_of(&f->resume, &real, 5, &key);
	conf.resume = al_buf_view(&f->resume); /* of other entries */
	assert_int_not_equal(al_follow_new(f->loop, &conf, &ops, f, &f->follow), AL_OK);
	assert_null(f->follow);
}

static void tip_by_a_stranger(struct al_buf *out)
{
	put_note(out, AL_FRAME_TIP, &real, 5, &other_key);
	first_five(out);
}

static void tip_of_the_fork(struct al_buf *out)
{
	put_tip(out, &forked, 8);
	first_five(out);
	five_to_eight(out);
}

static void tips_are_verified(void **state)
{
	static const struct step steps[] = { { 0, tip_by_a_stranger, true }, { 0, tip_of_the_fork, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), UINT64_MAX);
	/* Both are signed: the tip, and the head of eight that contradicts it. */
	assert_int_equal(f->forks, 1);
	assert_int_equal(f->presents, 0);
	assert_int_equal(f->entries, 5);
}

static void oversize_frame(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	al_buf_u32(out, AL_FRAME_MAX + 1);
	al_buf_u8(out, AL_FRAME_HEAD);
}

static void empty_frame(struct al_buf *out)
{
	al_buf_u32(out, 0);
}

static void gap(struct al_buf *out)
{
	put_entries(out, &real, 3, 5);
	put_head(out, &real, 5);
}

static void torn_entries(struct al_buf *out)
{
	struct al_buf frame;

	al_buf_init(&frame, 4096);
	put_entries(&frame, &real, 0, 5);
	/* Body without its last byte. */
	al_frame_put(out, AL_FRAME_ENTRIES, al_slice_of(frame.ptr + 5, frame.len - 6));
	put_head(out, &real, 5);
	al_buf_release(&frame);
}

static void head_without_entries(struct al_buf *out)
{
	put_head(out, &real, 5);
}

static void head_of_less_than_sent(struct al_buf *out)
{
	put_entries(out, &real, 0, 8);
	put_head(out, &real, 5);
}

/* Nothing of these two reaches the user, and each is followed by a new attempt. */
static void broken_frames(void **state)
{
	static const struct step steps[] = {
		{ 0, oversize_frame, true },
		{ 0, empty_frame, true },
		{ 0, torn_entries, true },
		{ 0, first_five, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void broken_order(void **state)
{
	static const struct step steps[] = {
		{ 0, gap, true },
		{ 0, head_without_entries, true },
		{ 0, head_of_less_than_sent, true },
		{ 0, first_five, true },
	};
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
	assert_int_equal(f->forks, 0);
}

static void endless(struct al_buf *out)
{
	static char large[60000];
	struct al_slice entries[64];
	uint64_t first = 0;

	for (size_t i = 0; i < AL_COUNT(entries); i++)
		entries[i] = al_slice_of(large, sizeof(large));
	while (out->len < 18u << 20)
		first += al_frame_put_entries(out, first, entries, AL_COUNT(entries));
}

static void unverified_bytes_are_bounded(void **state)
{
	static const struct step steps[] = { { 0, endless, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->heads, 1);
}

static void the_user_refuses(void **state)
{
	static const struct step steps[] = { { 0, first_five, true } };
	struct fixture *f = *state;

	f->refuse_at = 3;
	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->entries, 3);
	assert_int_equal(f->heads, 0);
	assert_int_equal(f->links, 0);
	al_timer_set(f->guard, 200);
	al_loop_run(f->loop);
	assert_int_equal(f->connections, 1);
}

static void bad_addresses(void **state)
{
	static const char *const bad[] = {
		"",        "localhost:4344",  "127.0.0.1:",   "127.0.0.1:0",  "[::1]", "::1",
		"[::1]:0", "127.0.0.1:99999", "127.0.0.1:1,", ",127.0.0.1:1", " , a",  "a,a,a,a,a,a,a,a,a"
	};
	static const char *const good[] = { "127.0.0.1:1", "[::1]:1", "[::1]:256", "127.0.0.1:65535",
					    "log.sock",    "./a:b",   " a , b ",   "a,a,a,a,a,a,a,a" };
	struct fixture *f = *state;
	struct al_follow_conf conf = { .key = key.pub };
	struct al_follow *follow;

	for (size_t i = 0; i < AL_COUNT(bad); i++) {
		conf.address = bad[i];
		assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_EINVAL);
	}
	for (size_t i = 0; i < AL_COUNT(good); i++) {
		conf.address = good[i];
		assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_OK);
		al_follow_free(follow);
	}
}

/* A socket's path has a byte less than its address, for the NUL. */
static void longest_path(void **state)
{
	char path[109];
	struct fixture *f = *state;
	struct al_follow_conf conf = { .address = path, .key = key.pub };
	struct al_follow *follow;

	memset(path, 'a', sizeof(path));
	path[108] = '\0';
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_EINVAL);
	path[107] = '\0';
	assert_int_equal(al_follow_new(f->loop, &conf, &ops, f, &follow), AL_OK);
	al_follow_free(follow);
}

/* ---- a log that goes on under another key ---- */

static void put_keys(struct al_buf *out, uint64_t until, const struct al_skey *to, const struct al_skey *by)
{
	const struct al_checkpoint last = { until, real.root[until] };
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &key.pub, &last, &to->pub, by);
	al_frame_put(out, AL_FRAME_KEYS, al_buf_view(&note));
	al_buf_release(&note);
}

/* After five entries, which are of the first key. */
static void rotated_to_eight(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
	put_keys(out, 5, &next_key, &key); /* again, as a mirror may say it */
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &next_key);
}

static void all_of_both(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
	first_five(out);
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &next_key);
}

static void goes_on_under_another_key(void **state)
{
	static const struct step steps[] = { { 0, first_five, false }, { 5, rotated_to_eight, true } };
	struct fixture *f = *state;

	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
	assert_memory_equal(f->now.pk, next_key.pub.pk, sizeof(f->now.pk));
	assert_int_equal(f->presents, 1); /* K is no first word: where the present begins is what T says */
}

static void begins_under_the_key_before(void **state)
{
	static const struct step steps[] = { { 0, all_of_both, true } };
	struct fixture *f = *state;

	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
}

static void all_of_both_twice(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &key);
	all_of_both(out);
}

/* Who begins with both keys is told the note, signed as it is, once. */
static void knows_both_keys(void **state)
{
	static const struct step steps[] = { { 0, all_of_both_twice, true } };
	const struct al_checkpoint last = { 5, real.root[5] };
	struct fixture *f = *state;
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	keys_note_put(&note, &key.pub, &last, &next_key.pub, &other_key);
	assert_int_equal(al_log_key_parse(al_buf_view(&note), &f->now), AL_OK);
	al_buf_release(&note);
	f->follows_keys = true;
	play(f, steps, AL_COUNT(steps), 8);
	assert_int_equal(f->rotations, 1);
}

/* Its user has the key elsewhere, and is not asked. */
static void keys_are_not_followed(void **state)
{
	static const struct step steps[] = { { 0, all_of_both, true }, { 0, first_five, true } };
	struct fixture *f = *state;

	play(f, steps, AL_COUNT(steps), 5);
	assert_int_equal(f->rotations, 0);
}

static void forged_by_a_stranger(struct al_buf *out)
{
	for (unsigned i = 0; i < 50; i++) { /* however good it is otherwise */
		put_keys(out, 5, &other_key, &other_key);
		al_frame_put(out, AL_FRAME_PING, al_slice_of(NULL, 0));
	}
	put_entries(out, &real, 5, 8);
	put_head_by(out, &real, 8, &other_key);
}

/* By the key that it names: everybody can make such a one. */
static void forged_by_itself(struct al_buf *out)
{
	put_keys(out, 5, &next_key, &next_key);
	put_note(out, AL_FRAME_TIP, &real, 8, &next_key);
}

/* The key has signed size 5, of which that note would make nothing. */
static void against_what_is_here(struct al_buf *out)
{
	put_keys(out, 4, &next_key, &key);
	al_frame_put(out, AL_FRAME_KEYS, AL_S("nonsense\n"));
	al_frame_put(out, AL_FRAME_KEYS, AL_S("registry.test/keys\n\n"));
	five_to_eight(out);
}

/* Nothing is believed and nothing is lost: it asks again, after a pause, and says it once. */
static void forged_keys_change_nothing(void **state)
{
	static const struct step steps[] = {
		{ 0, first_five, false },
		{ 5, forged_by_a_stranger, true },
		{ 5, forged_by_itself, true },
		{ 5, against_what_is_here, true },
	};
	struct fixture *f = *state;
	struct said said;
	const char *text, *first;

	f->follows_keys = true;
	said_begin(&said);
	play(f, steps, AL_COUNT(steps), 8);
	text = said_end(&said);
	first = strstr(text, "follow-keys-refused");
	assert_non_null(first);
	assert_null(strstr(first + 1, "follow-keys-refused"));
	assert_int_equal(f->rotations, 0);
	assert_int_equal(f->forks, 0);
	assert_memory_equal(f->now.pk, key.pub.pk, sizeof(f->now.pk));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_stream),
		TEST(good_stream_over_tcp),
		TEST(empty_log),
		TEST(cut_in_the_middle),
		TEST(a_server_that_is_silent),
		TEST(several_addresses),
		TEST(bad_signature),
		TEST(wrong_root),
		TEST(fork_at_equal_size),
		TEST(fork_that_has_grown),
		TEST(a_liar_between),
		TEST(smaller_server),
		TEST(present_begins_at_the_tip),
		TEST(cut_before_the_tip),
		TEST(up_to_date_already),
		TEST(an_old_server),
		TEST(an_old_server_that_is_quiet),
		TEST(a_log_without_what_is_known),
		TEST(a_tip_against_what_is_here),
		TEST(a_log_with_what_is_known),
		TEST(what_is_here_is_not_asked_for),
		TEST(nothing_begins_with_a_stranger_s_note),
		TEST(tips_are_verified),
		TEST(dates_are_told),
		TEST(dates_of_what_is_not_here),
		TEST(unknown_kinds_are_passed_over),
		TEST(broken_frames),
		TEST(broken_order),
		TEST(unverified_bytes_are_bounded),
		TEST(the_user_refuses),
		TEST(goes_on_under_another_key),
		TEST(begins_under_the_key_before),
		TEST(knows_both_keys),
		TEST(keys_are_not_followed),
		TEST(forged_keys_change_nothing),
		TEST(bad_addresses),
		TEST(longest_path),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	if (sodium_init() < 0 || al_skey_generate(AL_S("registry.test/ledger"), &key) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &other_key) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &next_key) != AL_OK)
		return 1;
	history_make(&real, LOG_SIZE);
	history_make(&forked, 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
