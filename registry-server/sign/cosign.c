/* SPDX-License-Identifier: MIT */
/*
 * cosign.c -- rounds: one checkpoint, to every witness, until a quorum has
 * cosigned it. The next round takes the newest checkpoint there is then.
 *
 * Everything on the loop. A witness that is behind is sent the proof from its
 * own size; one that is ahead of us knows a log that we have lost: that is
 * said, and nothing is published.
 */
#include "cosign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/net/metrics.h"
#include "alamo/tlog/note_file.h"
#include "alamo/tlog/witness.h"
#include "cosign_peer.h"

#define ROUND_MS 1000 /* between two rounds */
#define AGAIN_MS 5000 /* before the same checkpoint is shown again */
#define POLICY_MAX 65536
#define BODY_MAX 16384

struct peer {
	struct cosign *cosign;
	size_t number;            /* in the policy, and in masks */
	struct cosign_peer *link; /* NULL: no URL */
	uint64_t size;            /* what it has cosigned, as far as we know */
	bool busy;
	bool corrected;           /* it told us its size in this round */
	bool told;                /* we told it the log's keys in this round */
	bool telling;             /* which is what it has to answer */
	enum cosign_outcome last; /* what was said in the log about it */
};

struct cosign {
	struct al_loop *loop;
	struct al_timer *timer;
	struct al_policy *policy;
	struct al_tree *tree;
	char path[4096];
	struct peer peers[AL_WITNESSES_MAX];
	size_t peer_count;
	struct al_checkpoint head; /* newest */
	struct al_buf head_note;
	struct al_checkpoint round; /* being shown */
	struct al_buf round_note;
	struct al_buf lines; /* its cosignatures so far */
	uint32_t mask;
	uint64_t round_ms;
	struct al_buf published; /* cosigned by a quorum; empty: none yet */
	struct al_buf keys;      /* the log's keys note; empty: it has had one key */
};

static struct al_metric cosigned_size = {
	.name = "alamo_registry_cosigned_size",
	.help = "Entries of the newest checkpoint that a quorum of witnesses has cosigned.",
	.gauge = true,
};

static void round_go(struct cosign *c);

/* ---- answers ---- */

static void publish(struct cosign *c)
{
	al_buf_reset(&c->published);
	al_buf_slice(&c->published, al_buf_view(&c->round_note));
	al_buf_slice(&c->published, al_buf_view(&c->lines));
	al_metric_set(&cosigned_size, c->round.size);
	if (al_note_save(c->path, al_buf_view(&c->published), false) != AL_OK)
		al_log(AL_LOG_WARN, "cosign-file", "path=%s errno=%d", c->path, errno);
}

/* Is this line alone a good cosignature of the round's checkpoint? */
static bool line_good(const struct cosign *c, struct al_slice line, const struct al_vkey *key)
{
	struct al_buf note;
	uint64_t time;
	bool good;

	al_buf_init(&note, AL_NOTE_MAX);
	al_buf_slice(&note, al_buf_view(&c->round_note));
	al_buf_slice(&note, line);
	al_buf_str(&note, "\n");
	good = note.err == AL_OK && al_cosigned(al_buf_view(&note), key, &time) == AL_OK;
	al_buf_release(&note);
	return good;
}

static void lines_take(struct cosign *c, struct peer *peer, struct al_slice body)
{
	const struct al_witness *witness = al_policy_witness(c->policy, peer->number);
	struct al_slice line;

	peer->size = c->round.size;
	while (body.len > 0) {
		(void)al_slice_cut(&body, '\n', &line);
		if (!line_good(c, line, &witness->key))
			continue;
		/* A note is bounded; whoever does not fit does not count. */
		if (c->round_note.len + c->lines.len + line.len + 1 > AL_NOTE_MAX)
			break;
		al_buf_slice(&c->lines, line);
		al_buf_str(&c->lines, "\n");
		c->mask |= 1u << peer->number;
		break;
	}
	if ((c->mask >> peer->number & 1u) == 0)
		al_log(AL_LOG_WARN, "cosign-unusable", "witness=%s size=%" PRIu64, witness->name, c->round.size);
	else if (al_policy_quorum(c->policy, c->mask))
		publish(c);
}

static void trouble_say(const struct cosign *c, struct peer *peer, const struct cosign_answer *answer)
{
	const char *name = al_policy_witness(c->policy, peer->number)->name;
	char quoted[AL_LOG_QUOTE_LEN];

	/* Once until it changes. */
	if (peer->last == answer->outcome)
		return;
	if (answer->outcome == COSIGN_CONFLICT && answer->size > c->round.size)
		al_log(AL_LOG_ERROR, "cosign-ahead",
		       "witness=%s witness-size=%" PRIu64 " size=%" PRIu64
		       " a longer log was signed by this key: is this ledger an older copy?",
		       name, answer->size, c->round.size);
	else if (answer->outcome == COSIGN_AWAY)
		al_log(AL_LOG_WARN, "cosign-away", "witness=%s", name);
	else
		al_log(AL_LOG_ERROR, "cosign-refused", "witness=%s status=%d size=%" PRIu64 " answer=%s", name,
		       answer->status, c->round.size, al_log_quote(answer->body, quoted));
}

static void peer_ask(struct cosign *c, struct peer *peer);

/* One that knows the log by a key of before refuses what the present one signs, until the note has come to it. */
static bool keys_tell(const struct cosign *c, struct peer *peer, const struct cosign_answer *answer)
{
	if (answer->status != 403 || peer->told || c->keys.len == 0)
		return false;
	peer->told = peer->telling = true;
	peer->busy = cosign_peer_tell(peer->link, al_buf_view(&c->keys)) == AL_OK;
	return peer->busy;
}

static void keys_refused_say(struct peer *peer, const struct cosign_answer *answer)
{
	if (peer->last != COSIGN_REFUSED)
		al_log(AL_LOG_ERROR, "cosign-keys",
		       "witness=%s status=%d; it knows the log by an older key and does not take the keys note: it has "
		       "to be given keys/log.pub, and be started again",
		       al_policy_witness(peer->cosign->policy, peer->number)->name, answer->status);
	peer->last = COSIGN_REFUSED;
}

/* True: a question is on its way again. */
static bool keys_told(struct cosign *c, struct peer *peer, const struct cosign_answer *answer)
{
	peer->telling = false;
	if (answer->outcome == COSIGN_AWAY) {
		trouble_say(c, peer, answer);
		peer->last = answer->outcome;
	} else if (answer->status != 200) {
		keys_refused_say(peer, answer);
	} else {
		peer_ask(c, peer);
	}
	return peer->busy;
}

static void on_answer(void *arg, const struct cosign_answer *answer)
{
	struct peer *peer = arg;
	struct cosign *c = peer->cosign;

	peer->busy = false;
	if (peer->telling) {
		if (!keys_told(c, peer, answer))
			round_go(c);
		return;
	}
	if (keys_tell(c, peer, answer))
		return;
	if (answer->outcome == COSIGN_LINES) {
		lines_take(c, peer, answer->body);
	} else if (answer->outcome == COSIGN_CONFLICT && !peer->corrected && answer->size <= c->round.size &&
		   answer->size != peer->size) {
		peer->corrected = true;
		peer->size = answer->size;
		peer_ask(c, peer);
		if (peer->busy)
			return;
	} else {
		trouble_say(c, peer, answer);
	}
	peer->last = answer->outcome;
	round_go(c);
}

/* ---- questions ---- */

static void body_put(const struct cosign *c, uint64_t old, struct al_buf *body)
{
	struct al_hash proof[AL_PROOF_MAX];
	size_t count = old > 0 && old < c->round.size ? al_tree_consistency(c->tree, old, c->round.size, proof) : 0;

	al_buf_printf(body, "old %" PRIu64 "\n", old);
	for (size_t i = 0; i < count; i++) {
		al_buf_base64(body, proof[i].b, sizeof(proof[i].b));
		al_buf_str(body, "\n");
	}
	al_buf_str(body, "\n");
	al_buf_slice(body, al_buf_view(&c->round_note));
}

static void peer_ask(struct cosign *c, struct peer *peer)
{
	struct al_buf body;

	al_buf_init(&body, BODY_MAX);
	body_put(c, peer->size, &body);
	peer->busy = body.err == AL_OK && cosign_peer_ask(peer->link, al_buf_view(&body)) == AL_OK;
	al_buf_release(&body);
}

static void round_begin(struct cosign *c)
{
	/* Whose answer to the last round is outstanding would answer for this one. */
	for (size_t i = 0; i < c->peer_count; i++)
		if (c->peers[i].busy)
			return;
	if (c->round.size != c->head.size) {
		c->round = c->head;
		c->mask = 0;
		al_buf_reset(&c->lines);
		al_buf_reset(&c->round_note);
		al_buf_slice(&c->round_note, al_buf_view(&c->head_note));
	}
	c->round_ms = al_now_ms();
	for (size_t i = 0; i < c->peer_count; i++) {
		struct peer *peer = &c->peers[i];

		peer->corrected = peer->told = false;
		if (peer->link != NULL && (c->mask >> peer->number & 1u) == 0)
			peer_ask(c, peer);
	}
	/* Whoever could not be asked at all is asked again like one that does not answer. */
	al_timer_set(c->timer, AGAIN_MS);
}

static bool all_have(const struct cosign *c)
{
	for (size_t i = 0; i < c->peer_count; i++)
		if (c->peers[i].link != NULL && (c->mask >> c->peers[i].number & 1u) == 0)
			return false;
	return true;
}

/* Begin, or see to it that it will be begun, whatever is due. */
static void round_go(struct cosign *c)
{
	uint64_t since = al_now_ms() - c->round_ms;
	uint64_t pause = c->head.size != c->round.size ? ROUND_MS : AGAIN_MS;

	if (c->head.size == 0 || (c->head.size == c->round.size && all_have(c)))
		return;
	if (since < pause)
		al_timer_set(c->timer, pause - since);
	else
		round_begin(c);
}

static void on_timer(void *arg)
{
	round_go(arg);
}

void cosign_commit(struct cosign *c, const struct ledger_batch *batch)
{
	enum al_err err = AL_OK;

	if (c == NULL || batch->first + batch->count <= al_tree_size(c->tree))
		return;
	for (size_t i = 0; err == AL_OK && i < batch->count; i++) {
		struct al_hash leaf = al_leaf_hash(batch->entries[i]);

		err = al_tree_push(c->tree, &leaf);
	}
	/* Without the tree there are no proofs; the next start has it again. */
	if (err != AL_OK || al_tree_size(c->tree) != batch->checkpoint.size) {
		al_log(AL_LOG_ERROR, "cosign-stopped", "size=%" PRIu64 " err=%s", al_tree_size(c->tree),
		       al_err_name(err));
		c->head.size = 0;
		return;
	}
	c->head = batch->checkpoint;
	al_buf_reset(&c->head_note);
	al_buf_slice(&c->head_note, batch->note);
	round_go(c);
}

void cosign_dated(struct cosign *c, uint64_t size, struct al_slice note)
{
	if (c == NULL || size != c->head.size)
		return;
	al_buf_reset(&c->head_note);
	al_buf_slice(&c->head_note, note);
	if (c->round.size != size || note.len + c->lines.len > AL_NOTE_MAX)
		return;
	al_buf_reset(&c->round_note);
	al_buf_slice(&c->round_note, note);
	if (al_policy_quorum(c->policy, c->mask))
		publish(c);
}

/* ---- HTTP ---- */

static void http_cosigned(void *arg, struct al_slice rest, struct al_slice query, struct al_http_answer *answer)
{
	const struct cosign *c = arg;

	(void)rest;
	(void)query;
	if (c->published.len == 0)
		answer->status = 404;
	al_buf_slice(&answer->body, al_buf_view(&c->published));
}

enum al_err cosign_routes(struct cosign *c, struct al_http *http)
{
	return c != NULL ? al_http_route(http, "/checkpoint.cosigned", http_cosigned, c) : AL_OK;
}

/* ---- life ---- */

static enum al_err policy_read(struct cosign *c, const struct al_conf *conf, const char *file)
{
	char path[4096], why[256] = "cannot be read", *text = malloc(POLICY_MAX);
	enum al_err err = text != NULL ? al_conf_path(conf, file, path, sizeof(path)) : AL_ENOMEM;
	FILE *in = err == AL_OK ? fopen(path, "re") : NULL;

	if (in != NULL) {
		err = al_policy_parse(al_slice_of(text, fread(text, 1, POLICY_MAX, in)), &c->policy, why, sizeof(why));
		(void)fclose(in);
	} else if (err == AL_OK) {
		err = AL_ENOTFOUND;
	}
	free(text);
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "cosign-policy", "file=%s reason=\"%s\"", file, why);
	return err;
}

static enum al_err peers_open(struct cosign *c)
{
	enum al_err err = AL_OK;

	for (size_t i = 0; err == AL_OK && i < al_policy_witnesses(c->policy); i++) {
		const struct al_witness *witness = al_policy_witness(c->policy, i);
		struct peer *peer = &c->peers[i];

		*peer = (struct peer){ .cosign = c, .number = i, .last = COSIGN_LINES };
		c->peer_count = i + 1;
		if (witness->url[0] == '\0' || witness->unknown)
			continue;
		err = cosign_peer_new(c->loop, witness, on_answer, peer, &peer->link);
		if (err != AL_OK)
			al_log(AL_LOG_ERROR, "cosign-witness", "witness=%s url=%s is not http://ADDRESS:PORT/PREFIX",
			       witness->name, witness->url);
	}
	return err;
}

static enum al_err leaf_add(void *arg, uint64_t index, struct al_slice entry)
{
	struct cosign *c = arg;
	struct al_hash leaf = al_leaf_hash(entry);

	(void)index;
	return al_tree_push(c->tree, &leaf);
}

/* What the last run published, if it still counts. */
static void published_read(struct cosign *c, const struct al_vkey *key)
{
	struct al_checkpoint cp;
	struct al_hash root;

	if (al_note_load(c->path, &c->published) == AL_OK &&
	    al_policy_check(c->policy, key, al_buf_view(&c->published), &cp, NULL) == AL_OK &&
	    cp.size <= al_tree_size(c->tree)) {
		root = al_tree_root(c->tree, cp.size);
		if (al_hash_eq(&root, &cp.root))
			return;
	}
	al_buf_reset(&c->published);
}

static enum al_err cosign_open(struct cosign *c, const struct al_conf *conf, struct ledger *ledger,
			       const struct al_vkey *key, struct al_slice keys_note)
{
	enum al_err err = policy_read(c, conf, al_conf_str(conf, "registry", "witnesses"));

	if (err == AL_OK)
		err = al_conf_path(conf, "run/checkpoint.cosigned", c->path, sizeof(c->path));
	if (err == AL_OK)
		err = peers_open(c);
	if (err == AL_OK)
		err = al_tree_new(&c->tree);
	if (err == AL_OK)
		err = ledger_load(ledger, leaf_add, c);
	if (err == AL_OK)
		err = al_timer_new(c->loop, on_timer, c, &c->timer);
	if (err != AL_OK)
		return err;
	al_buf_slice(&c->keys, keys_note);
	published_read(c, key);
	c->head = ledger_head(ledger, &c->head_note);
	al_timer_set(c->timer, 0);
	return c->keys.err != AL_OK ? c->keys.err : c->head_note.err;
}

enum al_err cosign_new(struct al_loop *loop, const struct al_conf *conf, struct ledger *ledger,
		       const struct al_vkey *key, struct al_slice keys_note, struct cosign **out)
{
	struct cosign *c;
	enum al_err err;

	*out = NULL;
	if (al_conf_str(conf, "registry", "witnesses")[0] == '\0')
		return AL_OK;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return AL_ENOMEM;
	c->loop = loop;
	al_buf_init(&c->head_note, AL_NOTE_MAX);
	al_buf_init(&c->round_note, AL_NOTE_MAX);
	al_buf_init(&c->lines, AL_NOTE_MAX);
	al_buf_init(&c->published, AL_NOTE_MAX);
	al_buf_init(&c->keys, AL_NOTE_MAX);
	al_metric_add(&cosigned_size);
	err = cosign_open(c, conf, ledger, key, keys_note);
	if (err != AL_OK) {
		cosign_free(c);
		return err;
	}
	*out = c;
	return AL_OK;
}

void cosign_free(struct cosign *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->peer_count; i++)
		cosign_peer_free(c->peers[i].link);
	al_timer_free(c->timer);
	al_policy_free(c->policy);
	al_tree_free(c->tree);
	al_buf_release(&c->head_note);
	al_buf_release(&c->round_note);
	al_buf_release(&c->lines);
	al_buf_release(&c->published);
	al_buf_release(&c->keys);
	free(c);
}
