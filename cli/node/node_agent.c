/* SPDX-License-Identifier: MIT */
/*
 * node_agent.c -- see node_agent.h.
 *
 * After a change the sessions are watched that were up before and whose tunnel is the same as before. If one of them stays
 * away, the files go back to what they were, and nothing of the log is tried again until it says something new. Whether services
 * answer is followed all the same, by what was rendered before.
 */
#include "node_agent.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alamo/tlog/note_file.h"
#include "audit.h"
#include "command.h"
#include "log/log_ahead.h"
#include "node_apply.h"
#include "node_sessions.h"

#define SETTLE_MS 300  /* changes that come together are one */
#define TICK_MS 2000   /* how often sessions are looked at while they are watched */
#define WATCH_MS 45000 /* for how long they may be away */
#define RESOLVE_MS 60000
#define AWAY_S 5 /* between two tries to reach the registry */
/* How long after an entry of the log its origins may be new to the cache's routers (rpkid's notify-seconds, and some). */
#define ORIGINS_MS 10000

struct agent {
	const char *root;
	struct node_conf conf;
	struct log_read read;
	struct audit *audit;
	struct node_trust trust;
	struct al_timer *settle, *tick;
	bool present, found;
	uint64_t held;          /* size of the log whose rendering lost sessions; 0: none */
	uint64_t until;         /* watching until then, al_now_ms(); 0: not */
	uint64_t resolved;      /* al_now_ms() of the last look at endpoints */
	uint64_t entries_until; /* origins of new entries may come until then, al_now_ms() */
	struct node_origins_seen seen;
	struct node_rendering *now;
	struct node_rendering *last; /* the one before it, while watching; NULL: there was none */
	struct render *before;       /* the files as they were, while watching */
	bool watched[NODE_PEERS_MAX];
	struct al_buf protocols;
};

static bool is_live(const struct agent *a)
{
	return strcmp(a->root, "/") == 0;
}

static void before_drop(struct agent *a)
{
	if (a->before != NULL)
		render_release(a->before);
	free(a->before);
	a->before = NULL;
	node_rendering_free(a->last);
	a->last = NULL;
	a->until = 0;
}

/* ---- sessions ---- */

/* Which sessions are to be there afterwards. */
static void watch_begin(struct agent *a, const struct node_changes *changes)
{
	char tunnel[16];
	size_t count = 0;

	for (size_t i = 0; i < a->now->view.peer_count; i++) {
		render_interface(&a->now->view.peers[i], tunnel);
		a->watched[i] = !node_changes_has(changes, tunnel) &&
				node_session_up(a->conf.router, al_buf_view(&a->protocols), &a->now->view.peers[i]);
		count += a->watched[i];
	}
	if (count == 0)
		before_drop(a);
	else
		a->until = al_now_ms() + WATCH_MS;
}

static void roll_back(struct agent *a, const struct node_peer *lost)
{
	struct node_rendering *old = calloc(1, sizeof(*old));
	struct node_changes *changes = calloc(1, sizeof(*changes));

	command_fail(CLI_REFUSED,
		     "the session with %s did not come back: the files of before are put back, until the log changes",
		     lost->name);
	a->held = al_state_size(audit_state(a->audit));
	if (old != NULL && changes != NULL) {
		old->view = a->now->view;
		old->render = *a->before;
		old->render.whole = a->now->render.whole;
		old->render.router = a->now->render.router;
		a->before->count = 0;
		(void)node_files_apply(a->root, old, changes);
	}
	node_rendering_free(old);
	free(changes);
	node_rendering_free(a->now);
	a->now = a->last;
	a->last = NULL;
	before_drop(a);
}

static void watch(struct agent *a)
{
	const struct node_peer *lost = NULL;

	if (node_sessions_ask(a->conf.router, &a->protocols) == AL_OK)
		for (size_t i = 0; i < a->now->view.peer_count && lost == NULL; i++)
			if (a->watched[i] &&
			    !node_session_up(a->conf.router, al_buf_view(&a->protocols), &a->now->view.peers[i]))
				lost = &a->now->view.peers[i];
	if (lost == NULL)
		before_drop(a);
	else if (al_now_ms() > a->until)
		roll_back(a, lost);
}

/* ---- endpoints ---- */

/* A name may have another address by now; WireGuard itself asks once. */
static void endpoint_resolve(const struct node_peer *peer)
{
	char tunnel[16], endpoint[NODE_TEXT_MAX + 16];
	const char *const argv[] = { "wg", "set", tunnel, "peer", peer->wg_key, "endpoint", endpoint, NULL };
	bool name = false;

	for (const char *c = peer->endpoint; *c != '\0' && strchr(peer->endpoint, ':') == NULL; c++)
		name = name || (*c != '.' && (*c < '0' || *c > '9'));
	render_interface(peer, tunnel);
	snprintf(endpoint, sizeof(endpoint), "%s:%u", peer->endpoint, peer->peer_port);
	if (name && if_nametoindex(tunnel) != 0)
		(void)node_step(argv);
}

static void endpoints_resolve(struct agent *a)
{
	a->resolved = al_now_ms();
	if (node_sessions_ask(a->conf.router, &a->protocols) != AL_OK)
		return;
	for (size_t i = 0; i < a->now->view.peer_count; i++)
		if (!node_session_up(a->conf.router, al_buf_view(&a->protocols), &a->now->view.peers[i]))
			endpoint_resolve(&a->now->view.peers[i]);
}

/* ---- the log ---- */

static void change_count(void *arg, enum place_change change, const char *path)
{
	size_t *count = arg;

	(void)path;
	*count += change != PLACE_SAME;
}

/* The files that are in place, to go back to, and what they were rendered from. */
static void before_keep(struct agent *a, struct node_rendering *last)
{
	const struct place place = { .root = a->root, .set = "node" };

	before_drop(a);
	a->last = last;
	if (!is_live(a) || node_sessions_ask(a->conf.router, &a->protocols) != AL_OK)
		return;
	a->before = calloc(1, sizeof(*a->before));
	if (a->before != NULL && (place_read(&place, a->before) != AL_OK || a->before->count == 0))
		before_drop(a);
}

static void rendering_apply(struct agent *a, struct node_rendering *last)
{
	struct node_changes *changes = calloc(1, sizeof(*changes));

	before_keep(a, last);
	if (changes != NULL)
		(void)node_files_apply(a->root, a->now, changes);
	fflush(stdout);
	if (a->before != NULL && changes != NULL)
		watch_begin(a, changes);
	else
		before_drop(a);
	free(changes);
}

/* The log's newest word is held: what worked goes on, and follows its services. */
static void held_apply(struct agent *a)
{
	struct node_changes *changes = calloc(1, sizeof(*changes));

	if (changes != NULL && a->now != NULL && node_rendering_again(a->now) == CLI_DONE)
		(void)node_files_apply(a->root, a->now, changes);
	fflush(stdout);
	free(changes);
}

static void on_settled(void *arg)
{
	struct agent *a = arg;
	const struct place place = { .root = a->root, .set = "node" };
	struct node_rendering *next = NULL, *last;
	size_t count = 0;

	if (a->until != 0) {
		al_timer_set(a->settle, TICK_MS);
		return;
	}
	if (al_state_size(audit_state(a->audit)) < a->read.target) {
		command_fail(CLI_UNVERIFIED,
			     "the log there is of size %llu, and %llu is signed too: nothing is taken from it yet",
			     (unsigned long long)al_state_size(audit_state(a->audit)),
			     (unsigned long long)a->read.target);
		return;
	}
	if (al_state_size(audit_state(a->audit)) == a->held) {
		held_apply(a);
		return;
	}
	if (node_rendering_of(&a->conf, audit_state(a->audit), &a->trust, &next) != CLI_DONE) {
		node_rendering_free(next);
		return;
	}
	last = a->now;
	a->now = next;
	if (place_compare(&place, &next->render, change_count, &count) == AL_OK && count > 0)
		rendering_apply(a, last);
	else
		node_rendering_free(last);
	if (a->read.pin != NULL && al_note_save(a->read.pin, al_buf_view(&a->read.head_note), true) != AL_OK)
		command_fail(CLI_REFUSED, "%s cannot be written", a->read.pin);
}

/* Does each anycast service answer as it did when the files were rendered? */
static bool services_same(struct agent *a)
{
	bool before[NODE_SERVICES_MAX] = { false };

	for (size_t i = 0; i < a->now->view.service_count; i++)
		before[i] = a->now->view.services[i].answers;
	node_services_look(&a->now->view);
	for (size_t i = 0; i < a->now->view.service_count; i++)
		if (a->now->view.services[i].answers != before[i])
			return false;
	return true;
}

/* See node_sessions.h. */
static void origins_look(struct agent *a)
{
	if (is_live(a))
		node_origins_follow(a->conf.router, &a->protocols, al_now_ms() < a->entries_until, &a->seen);
}

static void on_tick(void *arg)
{
	struct agent *a = arg;

	origins_look(a);
	if (a->until != 0)
		watch(a);
	else if (a->now != NULL && is_live(a) && !services_same(a))
		al_timer_set(a->settle, 0);
	else if (a->now != NULL && is_live(a) && al_now_ms() - a->resolved > RESOLVE_MS)
		endpoints_resolve(a);
	al_timer_set(a->tick, TICK_MS);
}

static void on_present(void *arg)
{
	struct agent *a = arg;

	a->present = true;
	if (al_timer_new(a->read.loop, on_settled, a, &a->settle) != AL_OK ||
	    al_timer_new(a->read.loop, on_tick, a, &a->tick) != AL_OK) {
		log_read_finish(&a->read, command_fail(CLI_REFUSED, "out of memory"));
		return;
	}
	printf("node %s follows the log\n", a->conf.name);
	fflush(stdout);
	a->resolved = al_now_ms();
	al_timer_set(a->settle, 0);
	al_timer_set(a->tick, TICK_MS);
}

static void on_newer(void *arg)
{
	struct agent *a = arg;

	a->entries_until = al_now_ms() + ORIGINS_MS;
	if (a->present && a->settle != NULL)
		al_timer_set(a->settle, SETTLE_MS);
}

static void on_finding(void *arg, const struct audit_finding *finding)
{
	struct agent *a = arg;

	node_finding_tell(&a->found, finding);
}

static void on_signers(void *arg, uint64_t index, const struct al_sshkey *keys, size_t count)
{
	struct agent *a = arg;

	node_trust_take(&a->trust, index, keys, count);
}

/* The first finding ends it, before anything of that head is looked at. */
static enum al_err entry_take(void *arg, uint64_t index, struct al_slice bytes)
{
	struct agent *a = arg;
	enum al_err err = log_ahead_audited(&a->read, a->audit, bytes);

	(void)index;
	return err == AL_OK && a->found ? AL_EVERIFY : err;
}

static int log_follow(struct agent *a, const struct log_read_options *where)
{
	struct audit_opts opts = { .finding = on_finding, .signers = on_signers, .arg = a };
	int code = log_read_begin(&a->read, where);

	opts.ns = al_slice_str(a->read.ns);
	if (code == CLI_DONE && audit_new(&opts, &a->audit) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE) {
		a->read.follow = true;
		a->read.present = on_present;
		a->read.newer = on_newer;
		log_ahead_audit(&a->read);
		code = log_read_run(&a->read, entry_take, a);
	}
	al_timer_free(a->settle);
	al_timer_free(a->tick);
	a->settle = a->tick = NULL;
	a->present = false;
	audit_free(a->audit);
	a->audit = NULL;
	log_read_release(&a->read);
	return code;
}

/* A registry that cannot be reached is waited for: what is in place stays. */
static int agent_run(struct agent *a, const struct log_read_options *where)
{
	const struct timespec away = { .tv_sec = AWAY_S };
	int code;

	for (;;) {
		if (node_conf_trust(&a->conf, &a->trust) != AL_OK)
			return CLI_USAGE;
		code = log_follow(a, where);
		node_trust_release(&a->trust);
		if (code != CLI_OFFLINE)
			return code;
		(void)nanosleep(&away, NULL);
	}
}

int node_agent(const char *root, const struct log_read_options *where)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct log_read_options log = *where;
	char pin[PATH_MAX];
	int code = CLI_REFUSED;

	if (a == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	a->root = root;
	al_buf_init(&a->protocols, NODE_SESSIONS_TEXT_MAX);
	if (node_conf_load(root, &a->conf) == AL_OK && node_path(root, NODE_PIN_PATH, true, pin) == AL_OK) {
		log.pin = pin;
		if (log.server == NULL && a->conf.server[0] != '\0')
			log.server = a->conf.server;
		code = agent_run(a, &log);
	}
	before_drop(a);
	node_rendering_free(a->now);
	al_buf_release(&a->protocols);
	free(a);
	return code;
}
