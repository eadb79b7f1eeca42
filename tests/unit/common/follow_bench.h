/* SPDX-License-Identifier: MIT */
/*
 * follow_bench.h -- the stream's client against a server that follows a script, and what the scripts have in common.
 * For tests only.
 */
#ifndef TESTS_FOLLOW_BENCH_H
#define TESTS_FOLLOW_BENCH_H

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

static inline void history_make(struct history *h, uint64_t differ_from)
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

static inline void put_entries(struct al_buf *out, const struct history *h, uint64_t first, uint64_t end)
{
	struct al_slice entries[LOG_SIZE];

	for (uint64_t i = first; i < end; i++)
		entries[i - first] = al_slice_str(h->text[i]);
	(void)al_frame_put_entries(out, first, entries, (size_t)(end - first));
}

static inline void note_of(struct al_buf *out, const struct history *h, uint64_t size, const struct al_skey *signer)
{
	struct al_checkpoint cp = { .size = size, .root = h->root[size] };
	struct al_buf text;

	al_buf_init(&text, AL_NOTE_MAX);
	al_checkpoint_format(al_slice_str(signer->pub.name), &cp, &text);
	al_note_sign(al_buf_view(&text), signer, out);
	al_buf_release(&text);
}

static inline void put_note(struct al_buf *out, enum al_frame_kind kind, const struct history *h, uint64_t size,
			    const struct al_skey *signer)
{
	struct al_buf note;

	al_buf_init(&note, AL_NOTE_MAX);
	note_of(&note, h, size, signer);
	al_frame_put(out, kind, al_buf_view(&note));
	al_buf_release(&note);
}

/* A note of the log with a date, by the log's key or, with another one's, by nobody's. */
static inline void put_dated(struct al_buf *out, enum al_frame_kind kind, uint64_t size, uint64_t date,
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

static inline void put_head_by(struct al_buf *out, const struct history *h, uint64_t size, const struct al_skey *signer)
{
	put_note(out, AL_FRAME_HEAD, h, size, signer);
}

static inline void put_tip(struct al_buf *out, const struct history *h, uint64_t size)
{
	put_note(out, AL_FRAME_TIP, h, size, &key);
}

static inline void put_head(struct al_buf *out, const struct history *h, uint64_t size)
{
	put_head_by(out, h, size, &key);
}

static inline void first_five(struct al_buf *out)
{
	put_entries(out, &real, 0, 5);
	put_head(out, &real, 5);
}

static inline void five_to_eight(struct al_buf *out)
{
	put_entries(out, &real, 5, 8);
	put_head(out, &real, 8);
}

/* ---- server ---- */

static inline void server_readable(struct bufferevent *bev, void *arg)
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

static inline void server_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	(void)arg;
}

/* All is written: close, if the script says so. */
static inline void server_written(struct bufferevent *bev, void *arg)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < f->connections; i++)
		if (f->bev[i] == bev && f->answered[i] && !f->steps[i].stay) {
			f->bev[i] = NULL;
			bufferevent_free(bev);
			return;
		}
}

static inline void server_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len,
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

static inline void listen_at(struct fixture *f, struct sockaddr *addr, int len)
{
	f->listener = evconnlistener_new_bind(al_loop_base(f->loop), server_accept, f,
					      LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16, addr, len);
	assert_non_null(f->listener);
}

static inline void listen_local(struct fixture *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	(void)snprintf(f->address, sizeof(f->address), "%s/log.sock", f->dir);
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", f->address);
	listen_at(f, (struct sockaddr *)&addr, sizeof(addr));
}

static inline void listen_tcp(struct fixture *f)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);

	listen_at(f, (struct sockaddr *)&addr, sizeof(addr));
	assert_int_equal(getsockname(evconnlistener_get_fd(f->listener), (struct sockaddr *)&addr, &len), 0);
	(void)snprintf(f->address, sizeof(f->address), "127.0.0.1:%u", ntohs(addr.sin_port));
}

/* ---- follower ---- */

static inline void on_tip(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_int_equal(al_checkpoint_open(note, &f->now, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	f->tip = cp->size;
}

static inline void on_dated(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct fixture *f = arg;
	struct al_checkpoint check;

	assert_int_equal(al_checkpoint_open(note, &f->now, &check), AL_OK);
	assert_int_equal(check.size, cp->size);
	assert_true(date > f->date);
	f->date = date;
	f->dates++;
}

static inline void on_present(void *arg)
{
	struct fixture *f = arg;

	if (f->presents++ == 0)
		f->present = f->head;
}

static inline enum al_err on_entry(void *arg, uint64_t index, struct al_slice bytes)
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

static inline void on_head(void *arg, const struct al_checkpoint *cp, struct al_slice note)
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

static inline void on_fork(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct fixture *f = arg;

	f->forks++;
	al_buf_slice(&f->ours, ours);
	al_buf_slice(&f->theirs, theirs);
	al_loop_stop(f->loop);
}

static inline void on_link(void *arg, bool up)
{
	struct fixture *f = arg;

	f->links += up ? 1 : -1;
	assert_true(f->links == 0 || f->links == 1);
}

static inline void on_keys(void *arg, const struct al_vkey *now, struct al_slice note)
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

static inline void on_guard(void *arg)
{
	struct fixture *f = arg;

	f->timed_out = true;
	al_loop_stop(f->loop);
}

/* Follow a server with this script until the head is at `stop_at` (or something else stops it). */
static inline void play(struct fixture *f, const struct step *steps, size_t count, uint64_t stop_at)
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

static inline int setup(void **state)
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

static inline int teardown(void **state)
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

/* ---- what several files play ---- */

static inline void all_in_order(struct al_buf *out)
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

/* The signed notes that contradict each other, and that the follower stays away. */
static inline void assert_forked(struct fixture *f, uint64_t our_size, uint64_t their_size)
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

/* Once, before the tests; false: it cannot be. */
static inline bool bench_begin(void)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as al_service_main() does */
	if (sodium_init() < 0 || al_skey_generate(AL_S("registry.test/ledger"), &key) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &other_key) != AL_OK ||
	    al_skey_generate(AL_S("registry.test/ledger"), &next_key) != AL_OK)
		return false;
	history_make(&real, LOG_SIZE);
	history_make(&forked, 2);
	return true;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
