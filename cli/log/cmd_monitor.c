/* SPDX-License-Identifier: MIT */
/*
 * cmd_monitor.c -- `alamo monitor`: tell a maintainer what happens to its
 * objects, and whether it was the one who signed.
 *
 * Whose signature counts is read from the log as it was before the entry; a
 * stolen key that changed the maintainer would count from then on, so keys
 * given with --key count instead, for good.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/rpsl/state.h"
#include "log_read.h"
#include "monitor_asked.h"
#include "monitor_event.h"
#include "monitor_keys.h"
#include "monitor_told.h"
#include "nearest.h"

#define TICK_S 5
#define ASK_TICKS 12 /* a minute: so often the registry is asked for what waits */
#define AGAIN (-1)   /* in place of an exit code: the log is read again */

struct options {
	struct log_read_options where;
	const char *mnt;
	struct option_list keys;
	struct option_number since;
	struct monitor_ways ways;
	struct option_list requests;
	bool once;
};

/* Events between two checkpoints. */
struct events {
	struct monitor_event *list;
	size_t count, cap;
};

struct monitor {
	struct log_read read;
	struct al_state *state;
	char mnt[256]; /* canonical */
	char log[AL_ORIGIN_MAX + 1];
	uint64_t first;            /* --since */
	uint64_t since;            /* entries from this one on are printed */
	uint64_t told_since;       /* and those told of */
	struct monitor_keys given; /* --key */
	/* of the entry in hand */
	struct monitor_keys own, signers;
	uint64_t index, time;
	bool signed_by_us;
	uint64_t touched, foreign; /* entries told of, and those among them that are not ours */
	bool printed;              /* the entry's line is */
	struct al_tree *tree;
	struct events events; /* that wait for a proof; the last one is of the entry in hand when `open` */
	bool open;
	struct monitor_told told;
	struct monitor_asked asked;
	unsigned ticks;
	bool known;   /* the maintainer, or something that it maintains, is or was there */
	bool present; /* the log was read as far as it went */
};

/* ---- one entry ---- */

static bool is_ours(const struct monitor *m, const struct al_object *object)
{
	if (object == NULL)
		return false;
	if (object->cls == AL_MNTNER && al_slice_is(al_object_key(object), m->mnt))
		return true;
	return al_object_has(object, "mnt-by", al_slice_str(m->mnt));
}

static void who_print(const struct monitor *m)
{
	char print[AL_SSH_FINGERPRINT_LEN];

	for (size_t i = 0; i < m->signers.count; i++) {
		al_sshkey_fingerprint(&m->signers.list[i], print);
		printf("%s%s", i > 0 ? ", " : "", print);
	}
}

static void entry_tell(struct monitor *m)
{
	char when[AL_TIME_STRLEN];

	m->printed = true;
	m->touched++;
	if (!m->signed_by_us)
		m->foreign++;
	al_time_format(m->time, when);
	printf("entry %llu %s %s %s, signed by ", (unsigned long long)m->index, when,
	       m->signed_by_us ? "signed by" : "NOT SIGNED BY", m->mnt);
	who_print(m);
	putchar('\n');
}

/* False: no memory, which is said. */
static bool event_begin(struct monitor *m)
{
	struct events *events = &m->events;
	struct monitor_event *list = events->list;

	if (events->count == events->cap) {
		events->cap = events->cap > 0 ? 2 * events->cap : 16;
		list = realloc(list, events->cap * sizeof(*list));
		if (list == NULL) {
			events->cap = events->count;
			log_read_finish(&m->read, command_fail(CLI_REFUSED, "out of memory"));
			return false;
		}
		events->list = list;
	}
	monitor_event_begin(&list[events->count++], &m->told.watch, m->index, m->time, m->signed_by_us);
	for (size_t i = 0; i < m->signers.count; i++)
		monitor_event_signer(&list[events->count - 1], &m->signers.list[i]);
	m->open = true;
	return true;
}

static void change_tell(struct monitor *m, const struct al_object *before, const struct al_object *now)
{
	if (m->index >= m->told_since && (m->open || event_begin(m)))
		monitor_event_add(&m->events.list[m->events.count - 1], before, now);
}

static void change_print(struct monitor *m, const struct al_object *before, const struct al_object *now)
{
	if (m->index < m->since)
		return;
	if (!m->printed)
		entry_tell(m);
	printf("  %s [%s] ",
	       now->deleted     ? "Delete"
	       : before == NULL ? "Create"
				: "Modify",
	       al_class_name((enum al_class)now->cls));
	command_print_remote(al_object_key(now));
	putchar('\n');
}

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct monitor *m = arg;
	const struct al_object *before = old != NULL && !old->deleted ? old : NULL;

	if (!is_ours(m, before) && !is_ours(m, now))
		return;
	m->known = true;
	if (m->index < m->since && m->index < m->told_since)
		return;
	/* A maintainer that did not exist speaks by the keys that it brings. */
	if (m->own.count == 0 && m->given.count == 0 && now->cls == AL_MNTNER) {
		monitor_keys_read(&m->own, m->state, m->mnt);
		m->signed_by_us = monitor_keys_meet(&m->own, &m->signers);
	}
	change_print(m, before, now);
	change_tell(m, before, now);
	if (!command_output_ok())
		log_read_finish(&m->read, CLI_REFUSED);
}

/* Its place in the tree, for the proof. */
static enum al_err entry_end(struct monitor *m, struct al_slice bytes)
{
	const struct al_hash leaf = al_leaf_hash(bytes);

	(void)fflush(stdout); /* before what the program says */
	if (m->open)
		monitor_event_end(&m->events.list[m->events.count - 1], bytes);
	m->open = false;
	return monitor_told_any(&m->told) ? al_tree_push(m->tree, &leaf) : AL_OK;
}

static void events_drop(struct monitor *m)
{
	for (size_t i = 0; i < m->events.count; i++)
		monitor_event_release(&m->events.list[i]);
	m->events.count = 0;
}

/* One more checkpoint: what it covers is told, with proof. */
static void head_tell(void *arg)
{
	struct monitor *m = arg;
	bool ok = true;

	for (size_t i = 0; ok && i < m->events.count; i++)
		ok = monitor_event_prove(&m->events.list[i], m->tree, m->read.head.size,
					 al_buf_view(&m->read.head_note)) == AL_OK &&
		     monitor_told_put(&m->told, &m->events.list[i]);
	events_drop(m);
	if (!ok)
		log_read_finish(&m->read, command_fail(CLI_REFUSED, "out of memory"));
	else if (m->present)
		(void)monitor_told_present(&m->told, m->time); /* again with the next head */
}

/* Of requests that wait. An exit code; said. */
static int asked_look(struct monitor *m)
{
	if (!monitor_asked_look(&m->asked, &m->told, m->time))
		return command_fail(CLI_REFUSED, "out of memory");
	return CLI_DONE;
}

static void tick(void *arg)
{
	struct monitor *m = arg;

	if (monitor_told_behind(&m->told))
		log_read_finish(&m->read, AGAIN);
	else if (m->ticks++ % ASK_TICKS == 0 && asked_look(m) != CLI_DONE)
		log_read_finish(&m->read, CLI_REFUSED);
	else
		(void)monitor_told_present(&m->told, m->time);
}

static enum al_err entry_watch(void *arg, uint64_t index, struct al_slice bytes)
{
	struct monitor *m = arg;
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err == AL_OK) {
		monitor_keys_read(&m->own, m->state, m->mnt);
		monitor_keys_sign(&m->signers, &entry, m->read.ns);
		m->index = index;
		m->time = entry.time;
		m->printed = false;
		m->signed_by_us = monitor_keys_meet(m->given.count > 0 ? &m->given : &m->own, &m->signers);
		err = al_state_apply(m->state, bytes);
		if (err == AL_OK)
			err = entry_end(m, bytes);
	}
	if (err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
	return err;
}

/* ---- the command ---- */

static int mnt_read(struct monitor *m, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= sizeof(m->mnt))
		return command_fail(CLI_USAGE, "no maintainer can be called that");
	for (size_t i = 0; i <= len; i++)
		m->mnt[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
	return CLI_DONE;
}

struct likely {
	struct nearest nearest;
	char name[256]; /* of the best so far */
};

static bool likely_visit(const struct al_object *object, void *arg)
{
	struct likely *likely = arg;
	char name[256];

	if (al_slice_copy(al_object_key(object), name, sizeof(name)) != AL_OK)
		return true;
	likely->nearest.best = likely->nearest.best != NULL ? likely->name : NULL;
	nearest_offer(&likely->nearest, name);
	if (likely->nearest.best == name)
		snprintf(likely->name, sizeof(likely->name), "%s", name);
	return true;
}

/* Silence about a name that nobody has would be a false calm. */
static int unknown_say(const struct monitor *m)
{
	struct likely likely = { .nearest = { .typed = m->mnt } };

	al_state_each(m->state, AL_MNTNER, likely_visit, &likely);
	if (likely.nearest.best != NULL)
		return command_fail(CLI_REFUSED, "the log knows no maintainer %s: is it %s?", m->mnt, likely.name);
	return command_fail(CLI_REFUSED, "the log knows no maintainer %s", m->mnt);
}

/* What was told stands in the log, or this is another history. */
static int length_check(const struct monitor *m)
{
	uint64_t next = monitor_told_remembered(&m->told);

	if (next == UINT64_MAX || next <= m->first || next <= m->read.head.size)
		return CLI_DONE;
	return command_fail(CLI_UNVERIFIED, "the log ends at size %llu, but entry %llu was told of before",
			    (unsigned long long)m->read.head.size, (unsigned long long)next - 1);
}

/* One may watch for a maintainer that is yet to come, but should know that it is not there. */
static void present_say(void *arg)
{
	struct monitor *m = arg;

	m->present = true;
	(void)monitor_told_present(&m->told, m->time);
	if (!m->known && m->asked.hashes->count == 0)
		(void)unknown_say(m);
	if (length_check(m) != CLI_DONE)
		log_read_finish(&m->read, CLI_UNVERIFIED);
}

/* The log once, from its first entry to its end, or for as long as we follow it. An exit code, or AGAIN. */
static int log_watch(struct monitor *m, const struct options *options)
{
	int code = CLI_DONE;

	m->told_since = monitor_told_next(&m->told);
	if (al_state_new(&m->state) != AL_OK || al_tree_new(&m->tree) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE) {
		al_state_observe(m->state, on_change, m);
		m->read.follow = !options->once;
		m->read.present = present_say;
		m->read.newer = head_tell;
		m->read.tick = tick;
		m->read.tick_s = TICK_S;
		code = log_read_run(&m->read, entry_watch, m);
	}
	if (code == CLI_DONE)
		code = asked_look(m);
	/* Who waits for the hostmaster may be nobody yet. */
	if (code == CLI_DONE)
		code = m->known || options->requests.count > 0 ? length_check(m) : unknown_say(m);
	if (code == CLI_DONE && !monitor_told_present(&m->told, m->time))
		code = CLI_REFUSED;
	events_drop(m);
	al_state_free(m->state);
	al_tree_free(m->tree);
	m->state = NULL;
	m->tree = NULL;
	return code;
}

static int watch(struct monitor *m, const struct options *options, const struct log_read_options *where)
{
	const struct monitor_watch names = { .log = m->log, .mnt = m->mnt };
	struct log_read_options again = *where;
	struct al_vkey key;
	int code = log_read_begin(&m->read, where);

	(void)snprintf(m->log, sizeof(m->log), "%s", m->read.key.name);
	if (code == CLI_DONE)
		code = monitor_told_open(&m->told, &options->ways, &names, m->first, options->once);
	m->since = m->first;
	/* Who remembers what he was told need not read it again either. */
	if (code == CLI_DONE && options->ways.state != NULL && monitor_told_remembered(&m->told) != UINT64_MAX)
		m->since = monitor_told_remembered(&m->told);
	if (code == CLI_DONE)
		code = log_watch(m, options);
	while (code == AGAIN) {
		m->since = m->index + 1;
		key = m->read.key;
		again.known = &key;
		log_read_release(&m->read);
		code = log_read_begin(&m->read, &again);
		monitor_told_again(&m->told);
		if (code == CLI_DONE)
			code = log_watch(m, options);
	}
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct log_read_options where = options->where;
	struct monitor m = { .first = options->since.value, .told.lock = -1 };
	uint64_t failed;
	int code = mnt_read(&m, options->mnt);

	m.asked = (struct monitor_asked){ .hashes = &options->requests, .server = options->where.server };
	if (code == CLI_DONE)
		code = monitor_asked_check(&options->requests);
	where.dir = words->count > 0 ? words->word[0] : NULL;
	for (size_t i = 0; code == CLI_DONE && i < options->keys.count; i++)
		code = monitor_keys_file(&m.given, options->keys.values[i]);
	if (code == CLI_DONE)
		code = watch(&m, options, &where);
	if (code == CLI_DONE)
		printf("%llu entries, %llu of them not signed by %s\n", (unsigned long long)m.touched,
		       (unsigned long long)m.foreign, m.mnt);
	failed = monitor_told_close(&m.told);
	if (code == CLI_DONE)
		code = m.foreign > 0 ? CLI_UNVERIFIED : failed > 0 ? CLI_REFUSED : CLI_DONE;
	free(m.events.list);
	log_read_release(&m.read);
	return code;
}

static const struct command_form forms[] = { { NULL, "[DIR]", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "mnt",
	  .arg = "NAME",
	  .needed = true,
	  OPTION_AT(struct options, mnt),
	  .meaning = "the maintainer, as FISHER-MNT" },
	{ .name = "key",
	  .letter = 'k',
	  .arg = "OWN.pub",
	  .most = MONITOR_KEYS_MAX,
	  OPTION_AT(struct options, keys),
	  .meaning = "a key of yours; these count instead of what the log says at the time" },
	{ .name = "since",
	  .arg = "N",
	  OPTION_AT(struct options, since),
	  .meaning = "tells of entries from this one on" },
	{ .name = "exec",
	  .arg = "COMMAND",
	  OPTION_AT(struct options, ways.exec),
	  .meaning = "runs it for each entry told of, with the event on its standard input (JSON)" },
	{ .name = "webhook",
	  .arg = "URL",
	  OPTION_AT(struct options, ways.webhook),
	  .meaning = "sends the same there by HTTP POST, each until it is answered by 2xx; needs --state" },
	{ .name = "mail",
	  .arg = "ADDRESS",
	  OPTION_AT(struct options, ways.mail),
	  .meaning = "sends a mail for each by sendmail(8), or the program that $SENDMAIL names; needs --state" },
	{ .name = "atom",
	  .arg = "FILE",
	  OPTION_AT(struct options, ways.atom),
	  .meaning = "writes the newest 50 there as an Atom feed" },
	{ .name = "request",
	  .arg = "HASH",
	  .most = OUTLET_ASKED_MAX,
	  OPTION_AT(struct options, requests),
	  .meaning = "tells also what the hostmaster decided about it, by the hash that its sender was told" },
	{ .name = "state",
	  .arg = "DIR",
	  OPTION_AT(struct options, ways.state),
	  .meaning = "remembers there who was told of what, and goes on there" },
	{ .name = "once",
	  OPTION_AT(struct options, once),
	  .meaning = "ends at the present head; exit code 4 if something was not signed by the maintainer" },
	{ .name = "log-key", .arg = "VKEY|FILE", OPTION_AT(struct options, where.key), .meaning = "the log's key" },
	LOG_READ_ROWS_NO_KEY(struct options, where),
};

const struct command command_monitor = {
	.name = "monitor",
	.group = GROUP_LOG,
	.help = "what happens to a maintainer's objects, and who signed it",
	.notes = "DIR is an authority's folder; without it the log is that of the registry at the server.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
