/* SPDX-License-Identifier: MIT */
/*
 * follow.c -- one connection to the log stream, kept up and kept honest.
 *
 * Runs on its loop's thread. Bytes become frames (frame.c), frames become
 * verified entries (chain.c); this file owns the socket and the timers.
 *
 *   waiting --timer--> connecting --connected--> following
 *      ^------- lost, or anything wrong ------------'      fork, or refused by the user --> stopped
 *
 * Where the present begins is what the server says first: a T frame with its newest signed note. A server older
 * than this frame is asked once more whenever it has nothing left to give: who asks with all that there is gets
 * the head at once, before any entry.
 */
#include "alamo/follow/follow.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/base/wire.h"
#include "chain.h"
#include "follow_place.h"

#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 2000
#define SILENCE_MS 30000 /* the server pings every 10 s */
#define LENGTH_LEN 4     /* of a frame */
#define INPUT_MAX (2u * AL_FRAME_MAX)

enum trouble { UNREACHABLE, LOST, SILENT, REFUSED, BEHIND, BAD_FRAME, BAD_ENTRIES, BAD_HEAD, MISMATCH, NO_MEMORY };

static const char *const trouble_events[] = {
	[UNREACHABLE] = "follow-unreachable", [LOST] = "follow-lost",         [SILENT] = "follow-silent",
	[REFUSED] = "follow-refused",         [BEHIND] = "follow-behind",     [BAD_FRAME] = "follow-bad-frame",
	[BAD_ENTRIES] = "follow-bad-entries", [BAD_HEAD] = "follow-bad-head", [MISMATCH] = "follow-mismatch",
	[NO_MEMORY] = "follow-no-memory",
};

struct al_follow {
	struct al_loop *loop;
	struct al_follow_ops ops;
	void *arg;
	struct follow_place places[AL_FOLLOW_ADDRESSES];
	size_t place_count, place; /* `place`: of this connection, or the next one */
	struct chain chain;
	struct al_hash leaf;     /* of the entry that is being given */
	struct bufferevent *bev; /* NULL: waiting or stopped */
	struct al_timer *retry;
	struct al_timer *silence;
	uint64_t delay_ms; /* before the next attempt */
	bool up;
	bool stopped;
	/* Of this connection: */
	bool spoken;   /* a frame came */
	bool tells;    /* the first one was a T */
	bool given;    /* entries came, and their head */
	bool present;  /* said so */
	bool ever;     /* said so on any connection */
	uint64_t date; /* told */
	unsigned told; /* bit (1 << trouble): in the log since all was well */
	bool keyed;    /* the user knows the keys note */
	bool unkeyed;  /* a note was refused, which is in the log */
};

static void follow_connect(void *arg);

/* ---- state changes ---- */

/* Each trouble once until all is well again: retrying every two seconds must not fill the log. */
static void complain(struct al_follow *f, enum trouble trouble, struct al_slice detail)
{
	char quoted[AL_LOG_QUOTE_LEN];

	if ((f->told >> trouble & 1u) != 0)
		return;
	f->told |= 1u << trouble;
	al_log(AL_LOG_WARN, trouble_events[trouble], "size=%" PRIu64 " detail=%s", f->chain.edge.size,
	       al_log_quote(detail, quoted));
}

static void hang_up(struct al_follow *f)
{
	bool was_up = f->up;

	if (f->bev != NULL)
		bufferevent_free(f->bev);
	f->bev = NULL;
	f->up = false;
	al_timer_clear(f->silence);
	if (was_up && f->ops.link != NULL)
		f->ops.link(f->arg, false);
}

static void lost(struct al_follow *f)
{
	hang_up(f);
	if (f->stopped)
		return;
	al_timer_set(f->retry, f->delay_ms);
	f->place = (f->place + 1) % f->place_count;
	if (f->place == 0) /* all were tried */
		f->delay_ms = f->delay_ms * 2 < RETRY_MOST_MS ? f->delay_ms * 2 : RETRY_MOST_MS;
}

static void stop(struct al_follow *f)
{
	f->stopped = true;
	al_timer_clear(f->retry);
	hang_up(f);
}

/* The server does what it should. */
static void all_well(struct al_follow *f)
{
	f->delay_ms = RETRY_FIRST_MS;
	f->told = 0;
}

static void report_fork(struct al_follow *f, const struct al_checkpoint *cp, struct al_slice theirs)
{
	al_log(AL_LOG_ERROR, "follow-fork", "err=%s size=%" PRIu64 " their-size=%" PRIu64, al_err_name(AL_EFORK),
	       f->chain.edge.size, cp->size);
	stop(f);
	if (f->ops.fork != NULL)
		f->ops.fork(f->arg, chain_ours(&f->chain), theirs);
}

/* ---- where the present begins ---- */

static void say_present(struct al_follow *f)
{
	if (f->bev == NULL || f->present)
		return;
	f->present = f->ever = true;
	if (f->ops.present != NULL)
		f->ops.present(f->arg);
}

/* A date of what is not here yet is none: somebody may let the heads through and keep their entries. */
static void look_for_date(struct al_follow *f, const struct al_checkpoint *cp, struct al_slice note)
{
	if (f->bev == NULL || f->chain.date <= f->date || f->chain.date_size > f->chain.edge.size)
		return;
	f->date = f->chain.date;
	if (f->ops.dated != NULL)
		f->ops.dated(f->arg, f->date, cp, note);
}

static void look_for_tip(struct al_follow *f)
{
	if (f->tells && chain_at_tip(&f->chain))
		say_present(f);
}

static void on_tip(struct al_follow *f, struct al_slice note)
{
	struct al_checkpoint cp;

	switch (chain_tip(&f->chain, note, &cp)) {
	case CHAIN_SAME:
		if (f->ops.tip != NULL)
			f->ops.tip(f->arg, &cp, note);
		look_for_date(f, &cp, note);
		look_for_tip(f);
		return;
	case CHAIN_FORK:
		report_fork(f, &cp, note);
		return;
	case CHAIN_NOMEM:
		complain(f, NO_MEMORY, AL_S("tip"));
		break;
	default:
		complain(f, BAD_HEAD, note);
		break;
	}
	lost(f);
}

/*
 * Which key comes after ours, ours alone can say. A note that it has not signed is passed over: heads by a key that
 * is not ours are refused for themselves. It is said once, however good the server is otherwise, or how often it comes.
 */
static void on_keys(struct al_follow *f, struct al_slice note)
{
	enum al_err err = f->ops.keys != NULL ? chain_keys(&f->chain, note) : AL_ESTALE;

	if (err == AL_ESTALE || (err == AL_EEXIST && f->keyed))
		return;
	if (err == AL_OK || err == AL_EEXIST) {
		f->keyed = true;
		f->unkeyed = false;
		if (err == AL_OK)
			al_log(AL_LOG_INFO, "follow-key",
			       "size=%" PRIu64 "; the log goes on under another key, as the one before has signed",
			       f->chain.edge.size);
		f->ops.keys(f->arg, &f->chain.key, note);
	} else if (!f->unkeyed) {
		f->unkeyed = true;
		al_log(AL_LOG_WARN, "follow-keys-refused",
		       "size=%" PRIu64 " err=%s; the server's keys note is not signed by the log's key that is known "
		       "here: if the log has had two others since, have its keys/log.pub and start again with that",
		       f->chain.edge.size, al_err_name(err));
	}
}

/* A server without T frames that seems to have no more: the answer to the same question says whether it has. */
static void ask_again(struct al_follow *f)
{
	bufferevent_free(f->bev);
	f->bev = NULL;
	al_timer_clear(f->silence);
	al_timer_set(f->retry, RETRY_FIRST_MS);
}

/* ---- frames ---- */

static void hand_over(struct al_follow *f, const struct al_checkpoint *cp)
{
	struct al_slice rest = al_buf_view(&f->chain.pending), entry;
	uint64_t first = cp->size - f->chain.pending_count, index = first;
	enum al_err err = AL_OK;

	if (f->ops.begin != NULL)
		f->ops.begin(f->arg);
	for (; err == AL_OK && chain_next(&rest, &entry); index++) {
		f->leaf = chain_leaf(&f->chain, index - first);
		err = f->ops.entry(f->arg, index, entry);
	}
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "follow-stopped", "index=%" PRIu64 " err=%s", index - 1, al_err_name(err));
		stop(f);
	} else {
		chain_drop(&f->chain);
		all_well(f);
		f->given = true;
		f->ops.head(f->arg, cp, al_buf_view(&f->chain.note));
	}
	if (f->ops.end != NULL)
		f->ops.end(f->arg);
}

static void on_head(struct al_follow *f, struct al_slice note, bool first)
{
	struct al_checkpoint cp;

	switch (chain_head(&f->chain, note, &cp)) {
	case CHAIN_NEW:
		hand_over(f, &cp);
		break;
	case CHAIN_SAME:
		if (f->chain.rechecking)
			return;
		all_well(f);
		break;
	case CHAIN_FORK:
		report_fork(f, &cp, note);
		return;
	case CHAIN_MISMATCH:
		complain(f, MISMATCH, AL_S("entries do not give the signed root"));
		chain_recheck(&f->chain, !f->chain.rechecking && f->chain.edge.size > 0);
		lost(f);
		return;
	case CHAIN_SOUND:
		chain_recheck(&f->chain, false);
		lost(f);
		return;
	case CHAIN_BEHIND:
		complain(f, BEHIND, AL_S("the server's log is smaller"));
		lost(f);
		return;
	case CHAIN_BAD:
		complain(f, BAD_HEAD, note);
		lost(f);
		return;
	case CHAIN_NOMEM:
		complain(f, NO_MEMORY, AL_S("head"));
		lost(f);
		return;
	}
	look_for_date(f, &cp, al_buf_view(&f->chain.note));
	/* Who has everything gets the head at once (formats.md): so it was in servers without T, too. */
	if (first)
		say_present(f);
	else
		look_for_tip(f);
}

static const uint8_t known_kinds[] = { AL_FRAME_ENTRIES, AL_FRAME_HEAD, AL_FRAME_PING, AL_FRAME_TIP, AL_FRAME_ERROR };

static void on_frame(struct al_follow *f, const struct al_frame *frame)
{
	bool first = !f->spoken;
	enum al_err err;

	/* Nothing about where the present begins, either. */
	if (frame->kind == AL_FRAME_KEYS) {
		on_keys(f, frame->body);
		return;
	}
	/* Of a newer server: passed over, and not the first word that says where the present begins. */
	if (memchr(known_kinds, frame->kind, sizeof(known_kinds)) == NULL)
		return;
	f->spoken = true;
	f->tells = f->tells || (first && frame->kind == AL_FRAME_TIP);
	switch (frame->kind) {
	case AL_FRAME_TIP:
		on_tip(f, frame->body);
		return;
	case AL_FRAME_ENTRIES:
		err = chain_entries(&f->chain, frame->body);
		if (err != AL_OK) {
			complain(f, BAD_ENTRIES, al_slice_str(al_err_name(err)));
			lost(f);
		}
		return;
	case AL_FRAME_HEAD:
		on_head(f, frame->body, first);
		return;
	case AL_FRAME_PING:
		/* A server that has no more to say while we re-check has less than we have. */
		if (f->chain.rechecking) {
			chain_recheck(&f->chain, false);
			lost(f);
		} else {
			all_well(f);
		}
		return;
	case AL_FRAME_ERROR:
		complain(f, REFUSED, frame->body);
		lost(f);
		return;
	default:
		return;
	}
}

/* Bytes of the first frame in `in`, 0 when it is not all there. */
static size_t frame_ready(struct evbuffer *in)
{
	uint8_t head[LENGTH_LEN];
	size_t len;

	if (evbuffer_copyout(in, head, sizeof(head)) != (ev_ssize_t)sizeof(head))
		return 0;
	len = (size_t)al_get_u32(head) + sizeof(head);
	/* A length out of bounds goes on as it is: al_frame_next() refuses it. */
	if (len == sizeof(head) || len > AL_FRAME_MAX + sizeof(head))
		return sizeof(head);
	return evbuffer_get_length(in) >= len ? len : 0;
}

static void readable(struct bufferevent *bev, void *arg)
{
	struct al_follow *f = arg;
	struct evbuffer *in = bufferevent_get_input(bev);
	struct al_frame frame;
	struct al_slice bytes;
	size_t len;

	al_timer_set(f->silence, SILENCE_MS);
	while (f->bev == bev && (len = frame_ready(in)) > 0) {
		bytes = al_slice_of(evbuffer_pullup(in, (ev_ssize_t)len), len);
		if (bytes.ptr == NULL || al_frame_next(&bytes, &frame) != AL_OK) {
			complain(f, BAD_FRAME, al_slice_of(NULL, 0));
			lost(f);
			return;
		}
		on_frame(f, &frame);
		if (f->bev == bev)
			(void)evbuffer_drain(in, len);
	}
	if (f->bev == bev && f->given && !f->tells && !f->ever && evbuffer_get_length(in) == 0)
		ask_again(f);
}

/* ---- connection ---- */

static void happened(struct bufferevent *bev, short what, void *arg)
{
	struct al_follow *f = arg;

	if ((what & BEV_EVENT_CONNECTED) == 0) {
		complain(f, f->up ? LOST : UNREACHABLE,
			 (what & BEV_EVENT_ERROR) != 0 ? al_slice_str(strerror(errno)) : AL_S("closed"));
		lost(f);
		return;
	}
	(void)evbuffer_add_printf(bufferevent_get_output(bev), "follow %" PRIu64 "\n", chain_wanted(&f->chain));
	al_timer_set(f->silence, SILENCE_MS);
	if (f->up)
		return; /* asked again: nobody was told that it was down */
	f->up = true;
	if (f->ops.link != NULL)
		f->ops.link(f->arg, true);
}

static void silent(void *arg)
{
	struct al_follow *f = arg;

	complain(f, SILENT, al_slice_of(NULL, 0));
	lost(f);
}

static void follow_connect(void *arg)
{
	struct al_follow *f = arg;
	struct bufferevent *bev = bufferevent_socket_new(al_loop_base(f->loop), -1, BEV_OPT_CLOSE_ON_FREE);
	const struct follow_place *at = &f->places[f->place];

	chain_begin(&f->chain);
	if (bev == NULL) {
		lost(f);
		return;
	}
	f->bev = bev;
	f->spoken = f->tells = f->given = f->present = false;
	bufferevent_setcb(bev, readable, NULL, happened, f);
	bufferevent_setwatermark(bev, EV_READ, 0, INPUT_MAX);
	al_timer_set(f->silence, SILENCE_MS);
	/* A refusal comes through happened(), through the result, or through both. */
	if (bufferevent_enable(bev, EV_READ | EV_WRITE) != 0 ||
	    bufferevent_socket_connect(bev, &at->addr.any, at->len) != 0) {
		if (f->bev != bev)
			return;
		complain(f, UNREACHABLE, al_slice_str(strerror(errno)));
		lost(f);
	}
}

enum al_err al_follow_new(struct al_loop *loop, const struct al_follow_conf *conf, const struct al_follow_ops *ops,
			  void *arg, struct al_follow **out)
{
	struct al_follow *f = calloc(1, sizeof(*f));
	enum al_err err;

	if (f == NULL)
		return AL_ENOMEM;
	f->loop = loop;
	f->ops = *ops;
	f->arg = arg;
	f->delay_ms = RETRY_FIRST_MS;
	chain_init(&f->chain, &conf->key);
	err = follow_places_parse(conf->address, f->places, &f->place_count);
	if (err == AL_OK && conf->edge != NULL && conf->edge->size > 0)
		err = chain_resume(&f->chain, conf->edge, conf->resume);
	for (size_t i = 0; i < AL_FOLLOW_KNOWN; i++)
		if (err == AL_OK && conf->known[i].len > 0)
			err = chain_know(&f->chain, i, conf->known[i]);
	if (err == AL_OK)
		err = al_timer_new(loop, follow_connect, f, &f->retry);
	if (err == AL_OK)
		err = al_timer_new(loop, silent, f, &f->silence);
	if (err != AL_OK) {
		al_follow_free(f);
		return err;
	}
	/* Not now: the first callback must not come before the caller has *out. */
	al_timer_set(f->retry, 0);
	*out = f;
	return AL_OK;
}

struct al_hash al_follow_leaf(const struct al_follow *follow)
{
	return follow->leaf;
}

void al_follow_free(struct al_follow *follow)
{
	if (follow == NULL)
		return;
	if (follow->bev != NULL)
		bufferevent_free(follow->bev);
	al_timer_free(follow->retry);
	al_timer_free(follow->silence);
	chain_release(&follow->chain);
	free(follow);
}
