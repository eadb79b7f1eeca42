/*
 * cmd_verify.c -- `alamo verify`: read the whole log and check it.
 *
 * al_follow checks the tree and the checkpoints against the pinned key; here
 * every entry is decoded, every signature of every request verified and the
 * state folded. Ends at the head that the registry (or the directory) named
 * at the start, or, without one, when the stream is silent.
 */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alamo/conf.h"
#include "alamo/follow.h"
#include "alamo/log.h"
#include "alamo/object.h"
#include "alamo/sshsig.h"
#include "alamo/state.h"
#include "file.h"
#include "network.h"
#include "settings.h"

#define USAGE "[DIR] [--stream HOST:PORT|PATH] [--key VKEY|FILE] [--network NAME] [--server HOST:PORT]"
#define SILENCE_MS 700           /* no further entry after a head: that was all */
#define CONNECT_MS 5000          /* no connection for so long: give up */
#define PATIENCE_MS 15000        /* connected, and neither entry nor verified head for so long: give up */
#define DROPS_MAX 3              /* connections lost without progress */

struct verify {
	/* what to check */
	char address[PATH_MAX];
	struct al_vkey key;
	char ns[AL_SSH_NAMESPACE_MAX];       /* empty: from the registry object */
	struct al_buf target_note;           /* empty: none known */
	uint64_t target;
	/* how far */
	struct al_loop *loop;
	struct al_timer *timer;
	struct al_state *state;
	struct al_checkpoint head;
	uint64_t requests, signatures, unknown;
	unsigned drops;
	bool linked;
	bool headed;
	int code;
};

static void verify_end(struct verify *v, int code)
{
	v->code = code;
	al_loop_stop(v->loop);
}

/* ---- entries ---- */

/* The namespace of a log that says no other: "registry@" and the registry's name in lower case. */
static void ns_derive(struct verify *v)
{
	const struct al_object *registry = al_state_registry(v->state);
	struct al_slice key = registry != NULL ? al_object_key(registry) : AL_S("");
	char name[64] = "";

	if (al_slice_copy(key, name, sizeof(name)) != AL_OK)
		return;
	for (char *c = name; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	snprintf(v->ns, sizeof(v->ns), "registry@%s", name);
}

static enum al_err signatures_check(struct verify *v, const struct al_request *request, uint64_t index)
{
	struct al_sshkey key;

	if (request->signature_count == 0) {
		command_fail(CLI_UNVERIFIED, "entry %llu has no signature", (unsigned long long)index);
		return AL_EVERIFY;
	}
	for (size_t i = 0; i < request->signature_count; i++) {
		enum al_err err = al_sshsig_verify(request->signature[i], al_slice_str(v->ns), request->text, &key);

		if (err != AL_OK) {
			command_fail(CLI_UNVERIFIED, "entry %llu: signature %zu is not good (%s)",
				     (unsigned long long)index, i + 1, al_err_name(err));
			return AL_EVERIFY;
		}
		v->signatures++;
	}
	return AL_OK;
}

static enum al_err request_check(struct verify *v, const struct al_entry *entry)
{
	struct al_request request;
	enum al_err err;

	al_request_init(&request);
	err = al_request_parse(entry->body, &request, NULL);
	if (err == AL_OK)
		err = signatures_check(v, &request, entry->index);
	else
		command_fail(CLI_UNVERIFIED, "entry %llu holds no request", (unsigned long long)entry->index);
	v->requests++;
	al_request_release(&request);
	return err;
}

static enum al_err entry_check(void *arg, uint64_t index, struct al_slice bytes)
{
	struct verify *v = arg;
	struct al_entry entry;
	enum al_err err = al_entry_decode(bytes, &entry);

	al_timer_set(v->timer, PATIENCE_MS);
	if (err == AL_OK)
		err = al_state_apply(v->state, bytes);
	if (err != AL_OK) {
		command_fail(CLI_UNVERIFIED, "entry %llu does not apply: %s", (unsigned long long)index,
			     al_err_name(err));
	} else if (!al_slice_is(entry.kind, "request")) {
		v->unknown++;
	} else {
		if (v->ns[0] == '\0')
			ns_derive(v);
		err = request_check(v, &entry);
	}
	if (err != AL_OK)
		verify_end(v, CLI_UNVERIFIED);
	return err;
}

/* ---- the stream ---- */

static void head_check(void *arg, const struct al_checkpoint *cp, struct al_slice note)
{
	struct verify *v = arg;

	(void)note;
	v->head = *cp;
	v->headed = true;
	v->drops = 0;
	if (v->target > 0 && cp->size >= v->target)
		verify_end(v, CLI_DONE);
	else
		al_timer_set(v->timer, v->target > 0 ? PATIENCE_MS : SILENCE_MS);
}

static void fork_seen(void *arg, struct al_slice ours, struct al_slice theirs)
{
	struct verify *v = arg;

	command_fail(CLI_UNVERIFIED, "the log contradicts itself; both heads are signed:\n%.*s\n%.*s", AL_FMT(ours),
		     AL_FMT(theirs));
	verify_end(v, CLI_UNVERIFIED);
}

static void link_changed(void *arg, bool up)
{
	struct verify *v = arg;

	if (up) {
		if (!v->linked)
			al_timer_set(v->timer, PATIENCE_MS);
		v->linked = true;
	} else if (v->linked && ++v->drops >= DROPS_MAX) {
		verify_end(v, command_fail(CLI_UNVERIFIED, "the stream at %s ends without a head that verifies",
					   v->address));
	}
}

static void time_over(void *arg)
{
	struct verify *v = arg;

	if (v->headed && v->target == 0)
		verify_end(v, CLI_DONE);
	else if (!v->linked)
		verify_end(v, command_fail(CLI_OFFLINE, "no connection to the log stream at %s", v->address));
	else
		verify_end(v, command_fail(CLI_UNVERIFIED, "the stream at %s gives no head that verifies", v->address));
}

static void report_print(const struct verify *v)
{
	struct al_buf root;

	al_buf_init(&root, 256);
	al_buf_base64(&root, v->head.root.b, AL_HASH_LEN);
	printf("log         %s\nsize        %llu\nroot        %.*s\nrequests    %llu\nsignatures  %llu\n", v->key.name,
	       (unsigned long long)v->head.size, AL_FMT(al_buf_view(&root)), (unsigned long long)v->requests,
	       (unsigned long long)v->signatures);
	if (v->unknown > 0)
		printf("unknown     %llu entries of a kind this version does not know\n",
		       (unsigned long long)v->unknown);
	for (size_t cls = 0; cls < AL_CLASS_COUNT; cls++)
		if (al_state_count(v->state, (enum al_class)cls) > 0)
			printf("%-11s %zu\n", al_class_name((enum al_class)cls),
			       al_state_count(v->state, (enum al_class)cls));
	puts("verified: every entry, the tree, the checkpoint, every signature");
	al_buf_release(&root);
}

static int verify_run(struct verify *v)
{
	static const struct al_follow_ops ops = { entry_check, head_check, fork_seen, link_changed };
	struct al_follow_conf conf = { .address = v->address, .key = v->key };
	struct al_follow *follow = NULL;
	enum al_err err = al_loop_new(&v->loop);

	if (err == AL_OK)
		err = al_timer_new(v->loop, time_over, v, &v->timer);
	if (err == AL_OK)
		err = al_state_new(&v->state);
	if (err == AL_OK)
		err = al_follow_new(v->loop, &conf, &ops, v, &follow);
	if (err == AL_OK) {
		al_timer_set(v->timer, CONNECT_MS);
		al_loop_run(v->loop);
		if (v->code == CLI_DONE)
			report_print(v);
	} else {
		v->code = command_fail(CLI_USAGE, "%s is no address of a log stream", v->address);
	}
	al_follow_free(follow);
	al_state_free(v->state);
	al_timer_free(v->timer);
	if (v->loop != NULL)
		al_loop_free(v->loop);
	return v->code;
}

/* ---- what to check ---- */

struct options {
	const char *dir, *stream, *key, *network, *server;
};

/* A verifier key as text, or the file that has one. */
static int key_take(struct verify *v, const char *typed)
{
	struct al_buf text;
	int code = CLI_DONE;

	if (al_vkey_parse(al_slice_str(typed), &v->key) == AL_OK)
		return CLI_DONE;
	al_buf_init(&text, 4096);
	if (file_read(typed, &text) != AL_OK)
		code = command_fail(CLI_USAGE, "%s is neither a verifier key nor a file with one", typed);
	else if (al_vkey_parse(al_slice_trim(al_buf_view(&text)), &v->key) != AL_OK)
		code = command_fail(CLI_USAGE, "%s holds no verifier key", typed);
	al_buf_release(&text);
	return code;
}

static int dir_take(struct verify *v, const struct options *options)
{
	struct al_conf *conf = NULL;
	char path[PATH_MAX], why[256] = "path too long";
	int code = CLI_DONE;

	if (file_join(options->dir, "alamo.conf", path, sizeof(path)) != AL_OK ||
	    al_conf_load(path, &conf, why, sizeof(why)) != AL_OK)
		return command_fail(CLI_USAGE, "%s", why);
	snprintf(v->ns, sizeof(v->ns), "registry@%s", al_conf_str(conf, "network", "name"));
	if (options->key == NULL)
		code = al_conf_path(conf, al_conf_str(conf, "log", "key"), path, sizeof(path)) == AL_OK
			       ? key_take(v, path)
			       : CLI_USAGE;
	if (code == CLI_DONE && options->stream == NULL &&
	    al_conf_path(conf, al_conf_str(conf, "log", "socket"), v->address, sizeof(v->address)) != AL_OK)
		code = CLI_USAGE;
	if (code == CLI_DONE && al_conf_path(conf, "run/checkpoint", path, sizeof(path)) == AL_OK &&
	    file_read(path, &v->target_note) != AL_OK)
		al_buf_reset(&v->target_note);
	al_conf_free(conf);
	return code;
}

/* "HOST:PORT" with a name in it as numbers, which is what the follower takes. */
static int address_take(struct verify *v, const char *address, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char host[SETTING_MAX], service[16], number[64];
	int code;

	if (strchr(address, '/') != NULL)
		return al_slice_copy(al_slice_str(address), v->address, sizeof(v->address)) == AL_OK ? CLI_DONE
												     : CLI_USAGE;
	if (settings_split(address, port, host, service) != AL_OK)
		return command_fail(CLI_USAGE, "the stream's address must be HOST:PORT or a path");
	if (port != NULL)
		snprintf(service, sizeof(service), "%s", port);
	code = getaddrinfo(host, service, &hints, &list);
	if (code != 0)
		return command_fail(CLI_OFFLINE, "%s: %s", host, gai_strerror(code));
	code = getnameinfo(list->ai_addr, list->ai_addrlen, number, sizeof(number), NULL, 0, NI_NUMERICHOST);
	if (code == 0)
		snprintf(v->address, sizeof(v->address), list->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", number,
			 service);
	freeaddrinfo(list);
	return code == 0 ? CLI_DONE : command_fail(CLI_USAGE, "%s: %s", host, gai_strerror(code));
}

static int server_take(struct verify *v, const struct options *options)
{
	struct client *client = NULL;
	struct network network;
	enum al_err err = client_open(options->server, &client);
	int code = CLI_DONE;

	if (err != AL_OK)
		return err == AL_ECLOSED ? CLI_OFFLINE : CLI_USAGE;
	err = network_ask(client, &network);
	if (err == AL_OK)
		err = client_ask(client, "head", &v->target_note);
	if (err != AL_OK) {
		code = err == AL_ECLOSED ? CLI_OFFLINE : CLI_REFUSED;
	} else {
		snprintf(v->ns, sizeof(v->ns), "%s", network.ns);
		if (options->key == NULL) {
			code = key_take(v, network.vkey);
			fprintf(stderr, "alamo: no --key: trusting what the registry says, %s\n", network.vkey);
		}
		if (code == CLI_DONE && options->stream == NULL)
			code = address_take(v, client_server(client), "4344");
	}
	client_close(client);
	return code;
}

static int options_read(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "stream", required_argument, NULL, 's' },  { "key", required_argument, NULL, 'k' },
		{ "network", required_argument, NULL, 'n' }, { "server", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 's')
			options->stream = optarg;
		else if (option == 'k')
			options->key = optarg;
		else if (option == 'n')
			options->network = optarg;
		else if (option == 'r')
			options->server = optarg;
		else
			return command_usage("verify", USAGE);
	}
	if (argc - optind > 1)
		return command_usage("verify", USAGE);
	options->dir = optind < argc ? argv[optind] : NULL;
	return CLI_DONE;
}

static int verify_prepare(struct verify *v, const struct options *options)
{
	bool alone = options->stream != NULL && options->key != NULL && options->server == NULL;
	struct al_checkpoint target;
	int code = CLI_DONE;

	if (options->stream != NULL)
		code = address_take(v, options->stream, NULL);
	if (code == CLI_DONE && options->key != NULL)
		code = key_take(v, options->key);
	if (code == CLI_DONE && options->dir != NULL)
		code = dir_take(v, options);
	else if (code == CLI_DONE && !alone)
		code = server_take(v, options);
	if (code == CLI_DONE && options->network != NULL)
		snprintf(v->ns, sizeof(v->ns), "registry@%s", options->network);
	if (code == CLI_DONE && v->target_note.len > 0) {
		if (al_checkpoint_open(al_buf_view(&v->target_note), &v->key, &target) != AL_OK)
			return command_fail(CLI_UNVERIFIED, "the present head is not signed by %s", v->key.name);
		v->target = target.size;
	}
	return code;
}

int cmd_verify(int argc, char **argv)
{
	struct options options = { 0 };
	struct verify v = { .code = CLI_UNVERIFIED };
	int code = options_read(argc, argv, &options);

	if (code != CLI_DONE)
		return code;
	al_log_init("alamo", AL_LOG_WARN);
	al_buf_init(&v.target_note, CLIENT_ANSWER_MAX);
	code = verify_prepare(&v, &options);
	if (code == CLI_DONE)
		code = verify_run(&v);
	al_buf_release(&v.target_note);
	return code;
}
