/*
 * cmd_join.c -- `alamo join`: one signed request, and a member has a
 * maintainer, an AS number, a prefix, a route and, if wanted, a name.
 */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "answer_json.h"
#include "file.h"
#include "json.h"
#include "join.h"
#include "settings.h"
#include "sign.h"
#include "submit.h"

#define LEN_DEFAULT 48

struct options {
	const char *name, *domain;
	struct option_list hosts;
	struct option_number len;
	const char *key; /* NULL: settings */
	struct registry registry;
	bool dry_run;
	bool json;
};

/* The key's file is there, or is made when a person at a terminal says so. */
static int key_ensure(const char *key)
{
	char answer[16], *slash;
	char dir[SETTING_MAX];

	if (access(key, F_OK) == 0)
		return CLI_DONE;
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return command_fail(CLI_USAGE,
				    "there is no key %s: `ssh-keygen -t ed25519` makes one, --key names another", key);
	fprintf(stderr, "There is no SSH key %s. Make one, without passphrase? [y/N] ", key);
	if (fgets(answer, sizeof(answer), stdin) == NULL || (answer[0] != 'y' && answer[0] != 'Y'))
		return CLI_USAGE;
	snprintf(dir, sizeof(dir), "%s", key);
	slash = strrchr(dir, '/');
	if (slash != NULL && slash != dir) {
		*slash = '\0';
		(void)mkdir(dir, 0700);
	}
	return sign_generate(key, "alamo") == AL_OK ? CLI_DONE : CLI_USAGE;
}

static void json_print(const struct network *network, struct al_slice answer)
{
	json_t *root = json_object(), *objects = json_object();
	struct al_slice rest = answer;
	struct answer_object object;
	uint64_t index;

	while (answer_next(&rest, &object)) {
		char cls[32];

		if (al_slice_copy(object.cls, cls, sizeof(cls)) == AL_OK)
			json_object_set_new(objects, cls, json_slice(object.key));
	}
	json_object_set_new(root, "network", json_slice(al_slice_str(network->name)));
	json_object_set_new(root, "accepted", json_boolean(answer_accepted(answer)));
	if (answer_index(answer, &index) == AL_OK)
		json_object_set_new(root, "index", json_integer((json_int_t)index));
	else
		json_object_set_new(root, "index", json_null());
	json_object_set_new(root, "errors", answer_errors(answer));
	json_object_set_new(root, "objects", objects);
	json_object_set_new(root, "answer", json_slice(answer));
	(void)json_out(root);
}

static struct al_slice key_of(struct al_slice answer, const char *cls)
{
	struct answer_object object;

	while (answer_next(&answer, &object))
		if (al_slice_is(object.cls, cls))
			return object.key;
	return AL_S("");
}

static void person_print(const struct network *network, struct al_slice answer)
{
	struct al_slice mntner = key_of(answer, "mntner"), asn = key_of(answer, "aut-num");
	struct al_slice net = key_of(answer, "inet6num"), domain = key_of(answer, "domain");
	uint64_t index;

	printf("Welcome to %s.\n\n  maintainer  %.*s\n  AS number   %.*s\n  prefix      %.*s\n"
	       "  route       %.*s from %.*s\n",
	       network->name, AL_FMT(mntner), AL_FMT(asn), AL_FMT(net), AL_FMT(net), AL_FMT(asn));
	if (domain.len > 0)
		printf("  name        %.*s\n", AL_FMT(domain));
	if (answer_index(answer, &index) == AL_OK)
		printf("  log entry   %llu\n", (unsigned long long)index);
	printf("\nNext:\n"
	       "  what everybody sees:   alamo whois %.*s\n"
	       "  to change something:   alamo show inet6num %.*s >FILE, edit it, alamo submit FILE\n"
	       "  to check the log:      alamo verify\n",
	       AL_FMT(asn), AL_FMT(net));
}

static int join_report(const struct options *options, const struct network *network, struct al_slice answer)
{
	bool accepted = answer_accepted(answer);

	if (options->json)
		json_print(network, answer);
	else if (!accepted || options->dry_run)
		command_print_remote(answer);
	else
		person_print(network, answer);
	fflush(stdout);
	return accepted ? CLI_DONE : CLI_REFUSED;
}

static int join_send(const struct options *options, struct client *client, const struct network *network,
		     const char *key, struct al_slice auth)
{
	struct submit submit = {
		.client = client, .network = network, .keys = { key }, .key_count = 1, .dry_run = options->dry_run
	};
	struct draft draft;
	struct al_buf objects, answer;
	const char *why = "";
	struct join join = { .name = options->name,
			     .domain = options->domain,
			     .hosts = options->hosts.values,
			     .host_count = options->hosts.count,
			     .len = options->len.given ? (unsigned)options->len.value : LEN_DEFAULT };
	enum al_err err;
	int code;

	al_buf_init(&objects, 65536);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	/* All of it is new: a maintainer of that name makes the registry refuse, instead of giving a second prefix. */
	al_buf_str(&objects, "request:        join\nprev:           none\n\n");
	err = join_objects(&join, al_slice_str(network->source), al_slice_str(network->tld), auth, &objects, &why);
	if (err == AL_OK)
		err = draft_parse(al_buf_view(&objects), &draft);
	if (err != AL_OK) {
		code = command_fail(CLI_USAGE, "%s", why);
	} else {
		err = submit_send(&submit, &draft, &answer);
		draft_release(&draft);
		if (err == AL_OK)
			code = join_report(options, network, al_buf_view(&answer));
		else
			code = command_exit(err);
		if (err != AL_OK && options->json)
			answer_json_failed(err);
	}
	al_buf_release(&objects);
	al_buf_release(&answer);
	return code;
}

static int join_run(const struct options *options)
{
	struct client *client = NULL;
	struct network network;
	struct al_buf auth;
	char key[SETTING_MAX];
	enum al_err err;
	int code = settings_key(options->key, key) == AL_OK ? key_ensure(key) : CLI_USAGE;

	if (code != CLI_DONE)
		return code;
	al_buf_init(&auth, 4096);
	err = sign_public(key, &auth);
	code = err == AL_OK ? CLI_DONE : CLI_USAGE;
	if (err == AL_OK) {
		err = network_open(&options->registry, &client, &network);
		code = err == AL_OK ? join_send(options, client, &network, key, al_buf_view(&auth)) : command_exit(err);
	}
	client_close(client);
	al_buf_release(&auth);
	return code;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	(void)words;
	if (options->hosts.count > 0 && options->domain == NULL)
		return command_fail(CLI_USAGE, "--host: there is no --domain that it could be a name in");
	return join_run(options);
}

static const struct command_form forms[] = { { NULL, "", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "name",
	  .arg = "NAME",
	  .needed = true,
	  OPTION_AT(struct options, name),
	  .meaning = "begins the names of the objects: NAME-MNT, NAME-AS, NAME-NET" },
	OPTION_KEY(struct options, key, NULL,
		   "the SSH key that signs, and becomes the maintainer's: ssh-ed25519 or sk-ssh-ed25519"),
	{ .name = "domain",
	  .arg = "NAME",
	  OPTION_AT(struct options, domain),
	  .meaning = "a domain as well; a name without a dot is put below the top-level domain" },
	{ .name = "host",
	  .arg = "NAME=ADDRESS",
	  .most = JOIN_HOSTS_MAX,
	  OPTION_AT(struct options, hosts),
	  .meaning = "an address record in that domain; one that begins with :: is taken from the new prefix" },
	{ .name = "len",
	  .arg = "N",
	  .least = 1,
	  .most = 128,
	  OPTION_AT(struct options, len),
	  .meaning = "length of the prefix",
	  .fallback = "48" },
	{ .name = "dry-run",
	  .letter = 'n',
	  OPTION_AT(struct options, dry_run),
	  .meaning = "has the registry decide and answer without changing anything" },
	OPTION_JSON(struct options, json),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_join = {
	.name = "join",
	.group = GROUP_MEMBER,
	.help = "become a member: maintainer, AS number, prefix, route, name",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
