/* SPDX-License-Identifier: MIT */
/*
 * log_read.c -- the common part of `alamo verify` and `alamo audit`: where the
 * log is, by which key, and how far it goes.
 *
 * al_follow checks the tree and the checkpoints against the pinned key. Reading
 * ends at the head that the registry (or the directory) named at the start, and
 * not before everything is here that the stream's server had then.
 */
#include "log_read.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alamo/net/conf.h"
#include "alamo/tlog/evidence.h"
#include "alamo/tlog/keys.h"
#include "alamo/rpsl/entry.h"
#include "alamo/follow/follow.h"
#include "alamo/base/log.h"
#include "alamo/tlog/note_file.h"
#include "audit.h"
#include "member/client.h"
#include "command.h"
#include "file.h"
#include "log_ahead.h"
#include "member/network.h"
#include "member/pin.h"
#include "settings.h"

#define CONNECT_MS 5000 /* no connection for so long: give up */
#define DROPS_MAX 3     /* connections lost without progress */

#define EVIDENCE "alamo-evidence"

static void read_end(struct log_read *r, int code)
{
	/* A head has no date for its first minute, or somebody took it away: then its entries are as new as that. */
	if (code == CLI_DONE && r->age != NULL)
		(void)al_age_hear(r->age, r->newest_s);
	r->code = code;
	al_loop_stop(r->loop);
}

/* ---- the stream ---- */

/* A log that says no other namespace: that of the registry which it founds. */
static enum al_err namespace_take(struct log_read *r, const struct al_entry *entry)
{
	if (r->ns[0] != '\0' || !al_slice_is(entry->kind, "request"))
		return AL_OK;
	return audit_namespace(entry->body, r->ns) == AL_ENOMEM ? AL_ENOMEM : AL_OK;
}

static enum al_err entry_check(void *arg, uint64_t index, struct al_slice bytes)
{
	struct log_read *r = arg;
	struct al_entry entry = { .index = 0 };
	bool decodes = al_entry_decode(bytes, &entry) == AL_OK;
	enum al_err err;

	al_timer_set(r->timer, r->patience_ms);
	if (decodes && entry.time > r->newest_s)
		r->newest_s = entry.time;
	err = decodes ? namespace_take(r, &entry) : AL_OK;
	if (err == AL_OK)
		err = r->queue != NULL ? log_ahead_put(r->queue, index, bytes) : r->entry(r->arg, index, bytes);
	/* Who works ahead reads the namespace. */
	if (err == AL_OK && r->queue != NULL && r->ns[0] == '\0')
		err = log_ahead_settle(r->queue);
	if (err != AL_OK)
		read_end(r, CLI_UNVERIFIED);
	progress_step(&r->progress, index + 1, r->tip > r->target ? r->tip : r->target);
	return err;
}

/* Signed, but nothing of it is here: good enough to say how much there is to do. */
static void tip_heard(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct log_read *r = arg;

	(void)note;
	r->tip = cp->size;
}

static void head_check(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct log_read *r = arg;

	if (r->queue != NULL && log_ahead_settle(r->queue) != AL_OK) {
		read_end(r, CLI_UNVERIFIED);
		return;
	}
	r->head = *cp;
	al_age_grow(r->age, cp->size);
	al_buf_reset(&r->head_note);
	al_buf_slice(&r->head_note, note);
	r->headed = true;
	r->drops = 0;
	if (r->newer != NULL)
		r->newer(r->arg);
	if (r->follow)
		al_timer_clear(r->timer);
	else if (r->target > 0 && cp->size >= r->target)
		read_end(r, CLI_DONE);
	else
		al_timer_set(r->timer, r->patience_ms);
}

static void date_heard(void *arg, uint64_t date, const struct al_checkpoint *cp, struct al_slice note)
{
	struct log_read *r = arg;

	(void)cp;
	(void)note;
	if (date > r->newest_s)
		r->newest_s = date;
	(void)al_age_hear(r->age, date);
}

static void tick_over(void *arg)
{
	struct log_read *r = arg;

	r->tick(r->arg);
	al_timer_set(r->ticker, r->tick_s * 1000ull);
}

/* The whole log is read: is it as long as somebody said? */
static void present_reached(void *arg)
{
	struct log_read *r = arg;

	if (r->follow)
		(void)al_age_hear(r->age, r->newest_s);
	if (r->follow && r->present != NULL) {
		r->present(r->arg);
		r->present = NULL;
	}
	if (r->follow && !r->ticking && r->tick != NULL) {
		r->ticking = true;
		tick_over(r);
	}
	if (r->follow || !r->headed)
		return;
	if (r->head.size < r->target)
		read_end(r, command_fail(CLI_UNVERIFIED, "the log at %s ends at size %llu, but size %llu is signed too",
					 r->address, (unsigned long long)r->head.size, (unsigned long long)r->target));
	else
		read_end(r, CLI_DONE);
}

/* al_follow has verified that; a pin goes on with it, so that the next start is no rotation behind. */
static void key_changed(void *arg, const struct al_vkey *key, struct al_slice note)
{
	struct log_read *r = arg;
	const struct al_vkey before = r->key;

	r->key = *key;
	if (al_log_key_later(&before, key) == &before)
		return;
	if (r->network[0] != '\0')
		pin_next(r->network, &before, key, note);
	else
		fprintf(stderr, "alamo: the log %s has another key now, as the one before has signed\n", key->name);
}

static void fork_seen(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct log_read *r = arg;

	char text[AL_EVIDENCE_TEXT_MAX];

	/* The text says whether they could be kept; they are shown in any case. */
	if (al_evidence_keep(r->evidence, AL_EVIDENCE_FORK, ours, theirs, text) == AL_OK)
		command_fail(CLI_UNVERIFIED, "%s", text);
	else
		command_fail(CLI_UNVERIFIED, "%s\n%.*s\n%.*s", text, AL_FMT(ours), AL_FMT(theirs));
	read_end(r, CLI_UNVERIFIED);
}

static void link_changed(void *arg, bool up)
{
	struct log_read *r = arg;

	if (up) {
		if (!r->linked && !r->follow)
			al_timer_set(r->timer, r->patience_ms);
		r->linked = true;
	} else if (r->linked && !r->follow && ++r->drops >= DROPS_MAX) {
		read_end(r, command_fail(CLI_UNVERIFIED, "the stream at %s ends without a head that verifies",
					 r->address));
	}
}

static void time_over(void *arg)
{
	struct log_read *r = arg;

	if (!r->linked)
		read_end(r, command_fail(CLI_OFFLINE, "no connection to the log stream at %s", r->address));
	else
		read_end(r, command_fail(CLI_UNVERIFIED, "the stream at %s gives no head that verifies", r->address));
}

/* All that runs while the log is read. */
static enum al_err run_open(struct log_read *r, struct al_follow **follow)
{
	static const struct al_follow_ops ops = {
		.entry = entry_check,
		.head = head_check,
		.fork = fork_seen,
		.link = link_changed,
		.present = present_reached,
		.dated = date_heard,
		.tip = tip_heard,
	};
	/* Who reads to the end and is done has asked for the key before; what is typed counts as it is. */
	struct al_follow_ops used = ops;
	struct al_follow_conf conf = {
		.address = r->address,
		.key = r->key,
		.known = { al_buf_view(&r->target_note), al_buf_view(&r->pin_note) },
	};
	enum al_err err = al_loop_new(&r->loop);

	used.keys = r->follow ? key_changed : NULL;
	if (err == AL_OK)
		err = al_timer_new(r->loop, time_over, r, &r->timer);
	if (err == AL_OK)
		err = al_timer_new(r->loop, tick_over, r, &r->ticker);
	if (err == AL_OK)
		err = al_age_new(r->loop, r->stale_s, NULL, NULL, &r->age);
	if (err == AL_OK && r->ahead != NULL)
		err = log_ahead_new(r, &r->queue);
	return err == AL_OK ? al_follow_new(r->loop, &conf, &used, r, follow) : err;
}

/* AL_ESYS has been logged. */
static int run_failed(const struct log_read *r, enum al_err err)
{
	if (err != AL_ENOMEM && err != AL_ESYS)
		return command_fail(CLI_USAGE, "%s is no address of a log stream", r->address);
	return command_fail(CLI_REFUSED, "the log cannot be read: %s", al_err_name(err));
}

int log_read_run(struct log_read *r, log_read_fn entry, void *arg)
{
	struct al_follow *follow = NULL;
	enum al_err err;

	r->entry = entry;
	r->arg = arg;
	r->code = CLI_UNVERIFIED;
	err = run_open(r, &follow);
	if (err == AL_OK) {
		al_timer_set(r->timer, CONNECT_MS);
		if (!r->follow && r->what != NULL)
			progress_begin(&r->progress, r->what, "entries", 0);
		al_loop_run(r->loop);
		progress_end(&r->progress);
	} else {
		r->code = run_failed(r, err);
	}
	al_follow_free(follow);
	log_ahead_free(r->queue);
	r->queue = NULL;
	al_age_free(r->age);
	al_timer_free(r->timer);
	al_timer_free(r->ticker);
	if (r->loop != NULL)
		al_loop_free(r->loop);
	if (r->code == CLI_DONE && r->pin != NULL && r->head_note.len > 0 &&
	    al_note_save(r->pin, al_buf_view(&r->head_note), true) != AL_OK)
		r->code = command_fail(CLI_REFUSED, "%s cannot be written", r->pin);
	return r->code;
}

void log_read_finish(struct log_read *read, int code)
{
	read_end(read, code);
}

/* ---- what to read ---- */

static int dir_take(struct log_read *r, const struct log_read_options *options)
{
	struct al_conf *conf = NULL;
	char path[PATH_MAX], why[256] = "path too long";
	int code = CLI_DONE;

	if (file_join(options->dir, "alamo.conf", path, sizeof(path)) != AL_OK ||
	    al_conf_load(path, &conf, why, sizeof(why)) != AL_OK)
		return command_fail(CLI_USAGE, "%s", why);
	snprintf(r->ns, sizeof(r->ns), "registry@%s", al_conf_str(conf, "network", "name"));
	if (options->key == NULL)
		code = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path)) == AL_OK
			       ? log_read_key(path, &r->key)
			       : CLI_USAGE;
	if (code == CLI_DONE && options->stream == NULL &&
	    al_conf_path(conf, al_conf_str(conf, "log", "socket"), r->address, sizeof(r->address)) != AL_OK)
		code = CLI_USAGE;
	if (code == CLI_DONE && al_conf_path(conf, "run/checkpoint", path, sizeof(path)) == AL_OK &&
	    file_read(path, &r->target_note) != AL_OK)
		al_buf_reset(&r->target_note);
	if (code == CLI_DONE && options->evidence == NULL &&
	    al_conf_path(conf, "run/evidence", r->evidence, sizeof(r->evidence)) != AL_OK)
		code = CLI_USAGE;
	al_conf_free(conf);
	return code;
}

/* Each of a host's addresses, as al_follow takes a list: not every server listens on all of them. */
static int address_list(const struct addrinfo *list, char out[static PATH_MAX])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	size_t len = 0, count = 0;

	out[0] = '\0';
	for (const struct addrinfo *at = list; at != NULL && count < AL_FOLLOW_ADDRESSES; at = at->ai_next, count++) {
		bool six = at->ai_family == AF_INET6;
		int code = getnameinfo(at->ai_addr, at->ai_addrlen, host, sizeof(host), port, sizeof(port),
				       NI_NUMERICHOST | NI_NUMERICSERV);

		if (code != 0)
			return code;
		len += (size_t)snprintf(out + len, PATH_MAX - len, "%s%s%s%s:%s", count > 0 ? "," : "", six ? "[" : "",
					host, six ? "]" : "", port);
		if (len >= PATH_MAX)
			return EAI_OVERFLOW;
	}
	return 0;
}

int log_read_address(const char *address, const char *port, char out[static PATH_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char host[SETTING_MAX], service[16];
	int code;

	if (strchr(address, '/') != NULL)
		return al_slice_copy(al_slice_str(address), out, PATH_MAX) == AL_OK ? CLI_DONE : CLI_USAGE;
	if (settings_split(address, port, host, service) != AL_OK)
		return command_fail(CLI_USAGE, "the stream's address must be HOST:PORT or a path");
	if (port != NULL)
		snprintf(service, sizeof(service), "%s", port);
	code = getaddrinfo(host, service, &hints, &list);
	if (code != 0)
		return command_fail(CLI_OFFLINE, "%s: %s", host, gai_strerror(code));
	code = address_list(list, out);
	freeaddrinfo(list);
	return code == 0 ? CLI_DONE : command_fail(CLI_USAGE, "%s: %s", host, gai_strerror(code));
}

static int server_take(struct log_read *r, const struct log_read_options *options)
{
	struct client *client = NULL;
	struct network network;
	char stream[NETWORK_FIELD_MAX];
	const struct registry registry = { .server = options->server };
	enum al_err err;
	int code = CLI_DONE;

	/* Whoever names the key has no need of what is pinned. */
	if (options->key == NULL) {
		err = network_open(&registry, &client, &network);
	} else {
		err = client_open(options->server, &client);
		if (err == AL_OK)
			err = network_ask(client, &network);
	}
	if (err == AL_OK)
		err = client_ask(client, "head", &r->target_note);
	if (err != AL_OK) {
		code = command_exit(err);
	} else {
		snprintf(r->ns, sizeof(r->ns), "%s", network.ns);
		if (options->key == NULL) {
			r->key = network.key;
			snprintf(r->network, sizeof(r->network), "%.*s", (int)sizeof(r->network) - 1, network.name);
		}
		if (options->stream == NULL)
			code = network_endpoint(&network, client_server(client), "stream", stream, sizeof(stream)) ==
					       AL_OK
				       ? log_read_address(stream, NULL, r->address)
				       : log_read_address(client_server(client), "4344", r->address);
	}
	client_close(client);
	return code;
}

/* The present head, when somebody named it: the log goes as far as that. */
static int target_take(struct log_read *r, struct al_slice note, const char *whose)
{
	struct al_checkpoint target;

	if (note.len == 0)
		return CLI_DONE;
	if (al_checkpoint_open(note, &r->key, &target) != AL_OK)
		return command_fail(CLI_UNVERIFIED, "%s is not signed by %s", whose, r->key.name);
	r->target = target.size > r->target ? target.size : r->target;
	return CLI_DONE;
}

/* No file yet: pinned for the first time when the log has been read. */
static int pin_take(struct log_read *r)
{
	enum al_err err = r->pin != NULL ? al_note_load(r->pin, &r->pin_note) : AL_ENOTFOUND;

	if (err != AL_OK && err != AL_ENOTFOUND)
		return command_fail(CLI_REFUSED, "%s cannot be read", r->pin);
	return target_take(r, al_buf_view(&r->pin_note), r->pin);
}

/* What is typed; or where an earlier reading went on to from there. */
static int key_take(struct log_read *r, const struct log_read_options *options)
{
	int code = log_read_key(options->key, &r->key);

	if (code == CLI_DONE && options->known != NULL && al_log_key_later(options->known, &r->key) == options->known)
		r->key = *options->known;
	return code;
}

int log_read_begin(struct log_read *r, const struct log_read_options *options)
{
	bool alone = options->stream != NULL && options->key != NULL && options->server == NULL;
	int code = CLI_DONE;

	*r = (struct log_read){ .code = CLI_UNVERIFIED, .pin = options->pin };
	al_buf_init(&r->target_note, CLIENT_ANSWER_MAX);
	al_buf_init(&r->pin_note, AL_NOTE_MAX);
	al_buf_init(&r->head_note, AL_NOTE_MAX);
	al_log_init("alamo", AL_LOG_WARN);
	r->stale_s = options->stale.given ? options->stale.value : AL_STALE_S;
	if (settings_patience(&r->patience_ms) != AL_OK)
		code = CLI_USAGE;
	snprintf(r->evidence, sizeof(r->evidence), "%s", options->evidence != NULL ? options->evidence : EVIDENCE);
	if (code == CLI_DONE && options->stream != NULL)
		code = log_read_address(options->stream, NULL, r->address);
	if (code == CLI_DONE && options->key != NULL)
		code = key_take(r, options);
	if (code == CLI_DONE && options->dir != NULL)
		code = dir_take(r, options);
	else if (code == CLI_DONE && !alone)
		code = server_take(r, options);
	if (code == CLI_DONE && options->network != NULL)
		snprintf(r->ns, sizeof(r->ns), "registry@%s", options->network);
	if (code == CLI_DONE)
		code = target_take(r, al_buf_view(&r->target_note), "the present head");
	return code == CLI_DONE ? pin_take(r) : code;
}

void log_read_release(struct log_read *r)
{
	al_buf_release(&r->target_note);
	al_buf_release(&r->pin_note);
	al_buf_release(&r->head_note);
}
