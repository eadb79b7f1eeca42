/*
 * cmd_monitor.c -- `alamo monitor`: tell a maintainer what happens to its
 * objects, and whether it was the one who signed.
 *
 * Whose signature counts is read from the log as it was before the entry; a
 * stolen key that changed the maintainer would count from then on, so keys
 * given with --key count instead, for good.
 */
#include "command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "alamo/rpsl/state.h"
#include "file.h"
#include "log_read.h"

#define USAGE "--mnt NAME [--key OWN.pub]... [--since N] [--once] [DIR] [--stream HOST:PORT|PATH] [--log-key VKEY|FILE]"
#define KEYS_MAX 64

struct keys {
	struct al_sshkey list[KEYS_MAX];
	size_t count;
};

struct monitor {
	struct log_read read;
	struct al_state *state;
	char mnt[256]; /* canonical */
	uint64_t since;
	bool once;
	struct keys given; /* --key */
	/* of the entry in hand */
	struct keys own, signers;
	uint64_t index, time;
	bool signed_by_us;
	uint64_t touched, foreign; /* entries told of, and those among them that are not ours */
	bool told;
};

static void key_add(struct keys *keys, const struct al_sshkey *key)
{
	if (keys->count < KEYS_MAX)
		keys->list[keys->count++] = *key;
}

static bool keys_meet(const struct keys *a, const struct keys *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (al_sshkey_eq(&a->list[i], &b->list[k]))
				return true;
	return false;
}

/* ---- one entry ---- */

/* The maintainer's keys as the log has them now. */
static void own_read(struct monitor *m)
{
	const struct al_object *mnt = al_state_get(m->state, AL_MNTNER, al_slice_str(m->mnt));
	struct al_slice rest, value;
	struct al_sshkey key;

	m->own.count = 0;
	if (mnt == NULL)
		return;
	rest = al_object_text(mnt);
	while (al_attr_find(&rest, "auth", &value))
		if (al_sshkey_parse(value, &key) == AL_OK)
			key_add(&m->own, &key);
}

static void signers_read(struct monitor *m, const struct al_entry *entry)
{
	struct al_request request;
	struct al_sshkey key;

	m->signers.count = 0;
	if (!al_slice_is(entry->kind, "request"))
		return;
	al_request_init(&request);
	if (al_request_parse(entry->body, &request, NULL) == AL_OK)
		for (size_t i = 0; i < request.signature_count; i++)
			if (al_sshsig_verify(request.signature[i], al_slice_str(m->read.ns), request.text, &key) ==
			    AL_OK)
				key_add(&m->signers, &key);
	al_request_release(&request);
}

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
	char when[32] = "";
	time_t at = (time_t)m->time;
	struct tm tm;

	m->told = true;
	m->touched++;
	if (!m->signed_by_us)
		m->foreign++;
	if (gmtime_r(&at, &tm) != NULL)
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("entry %llu %s %s %s, signed by ", (unsigned long long)m->index, when,
	       m->signed_by_us ? "signed by" : "NOT SIGNED BY", m->mnt);
	who_print(m);
	putchar('\n');
}

static void on_change(void *arg, const struct al_object *old, const struct al_object *now)
{
	struct monitor *m = arg;
	const struct al_object *before = old != NULL && !old->deleted ? old : NULL;

	if (m->index < m->since || (!is_ours(m, before) && !is_ours(m, now)))
		return;
	/* A maintainer that did not exist speaks by the keys that it brings. */
	if (m->own.count == 0 && m->given.count == 0 && now->cls == AL_MNTNER) {
		own_read(m);
		m->signed_by_us = keys_meet(&m->own, &m->signers);
	}
	if (!m->told)
		entry_tell(m);
	printf("  %s [%s] ",
	       now->deleted     ? "Delete"
	       : before == NULL ? "Create"
				: "Modify",
	       al_class_name((enum al_class)now->cls));
	command_print_remote(al_object_key(now));
	putchar('\n');
	fflush(stdout);
}

static enum al_err entry_watch(void *arg, uint64_t index, struct al_slice bytes)
{
	struct monitor *m = arg;
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	if (err == AL_OK) {
		own_read(m);
		signers_read(m, &entry);
		m->index = index;
		m->time = entry.time;
		m->told = false;
		m->signed_by_us = keys_meet(m->given.count > 0 ? &m->given : &m->own, &m->signers);
		err = al_state_apply(m->state, bytes);
	}
	if (err != AL_OK)
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
	return err;
}

/* ---- options ---- */

static int own_key_read(struct monitor *m, const char *path)
{
	struct al_sshkey key;
	struct al_buf text;
	int code = CLI_DONE;

	al_buf_init(&text, 16384);
	if (file_read(path, &text) != AL_OK || al_sshkey_parse(al_slice_trim(al_buf_view(&text)), &key) != AL_OK)
		code = command_fail(CLI_USAGE, "%s holds no public SSH key", path);
	else
		key_add(&m->given, &key);
	al_buf_release(&text);
	return code;
}

static int mnt_read(struct monitor *m, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= sizeof(m->mnt))
		return command_fail(CLI_USAGE, "no maintainer can be called that");
	for (size_t i = 0; i <= len; i++)
		m->mnt[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
	return CLI_DONE;
}

static int options_read(int argc, char **argv, struct monitor *m, struct log_read_options *where)
{
	static const struct option longs[] = {
		{ "mnt", required_argument, NULL, 'm' },
		{ "key", required_argument, NULL, 'k' },
		{ "since", required_argument, NULL, 'i' },
		{ "once", no_argument, NULL, 'o' },
		{ "stream", required_argument, NULL, 's' },
		{ "log-key", required_argument, NULL, 'l' },
		{ "network", required_argument, NULL, 'n' },
		{ "server", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code = CLI_DONE;

	while (code == CLI_DONE && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'm')
			code = mnt_read(m, optarg);
		else if (option == 'k')
			code = own_key_read(m, optarg);
		else if (option == 'o')
			m->once = true;
		else if (option == 's')
			where->stream = optarg;
		else if (option == 'l')
			where->key = optarg;
		else if (option == 'n')
			where->network = optarg;
		else if (option == 'r')
			where->server = optarg;
		else if (option != 'i' || al_slice_u64(al_slice_str(optarg), UINT64_MAX, &m->since) != AL_OK)
			code = command_usage("monitor", USAGE);
	}
	if (code == CLI_DONE && (argc - optind > 1 || m->mnt[0] == '\0'))
		code = command_usage("monitor", USAGE);
	where->dir = optind < argc ? argv[optind] : NULL;
	return code;
}

int cmd_monitor(int argc, char **argv)
{
	struct log_read_options where = { 0 };
	struct monitor m = { .once = false };
	int code = options_read(argc, argv, &m, &where);

	if (code != CLI_DONE)
		return code;
	code = log_read_begin(&m.read, &where);
	if (code == CLI_DONE && al_state_new(&m.state) != AL_OK)
		code = command_fail(CLI_REFUSED, "out of memory");
	if (code == CLI_DONE) {
		al_state_observe(m.state, on_change, &m);
		m.read.follow = !m.once;
		code = log_read_run(&m.read, entry_watch, &m);
	}
	if (code == CLI_DONE) {
		printf("%llu entries, %llu of them not signed by %s\n", (unsigned long long)m.touched,
		       (unsigned long long)m.foreign, m.mnt);
		if (m.foreign > 0)
			code = CLI_UNVERIFIED;
	}
	al_state_free(m.state);
	log_read_release(&m.read);
	return code;
}
