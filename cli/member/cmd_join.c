/* SPDX-License-Identifier: MIT */
/*
 * cmd_join.c -- `alamo join`: one signed request, and a member has a
 * maintainer, an AS number, a prefix, a route and, if wanted, a name.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "answer_json.h"
#include "ask.h"
#include "invite.h"
#include "join.h"
#include "offer.h"
#include "vouch.h"
#include "join_key.h"
#include "join_report.h"
#include "settings.h"
#include "sign.h"
#include "submit.h"

#define LEN_DEFAULT 48
#define LEN4_DEFAULT 27

struct options {
	const char *name, *domain, *vouched_by;
	struct option_list hosts;
	struct option_number len, len4;
	const char *key; /* NULL: settings */
	struct registry registry;
	bool no_ipv4, new_key, dry_run, json;
};

struct joining {
	const struct options *options;
	struct invite invite; /* server empty: none */
	struct join join;
	char name[JOIN_NAME_MAX + 1];
	char domain[NETWORK_FIELD_MAX];
	char key[SETTING_MAX];
	struct al_buf auth; /* public part of the key */
	struct client *client;
	struct network network;
};

/* ---- what lengths there are ---- */

/* Asks what block of each length would be given: free[N] tells. Exit code. */
static int lengths_ask(struct client *client, unsigned most, const char *family, bool free[static 129])
{
	struct al_buf questions, answers;
	struct al_slice rest, one, text;
	enum al_err err;

	al_buf_init(&questions, 4096);
	al_buf_init(&answers, CLIENT_ANSWER_MAX);
	for (unsigned len = 1; len <= most; len++)
		al_buf_printf(&questions, "free %u%s\n", len, family);
	err = client_questions(client, al_buf_view(&questions), &answers);
	rest = al_buf_view(&answers);
	for (unsigned len = 1; err == AL_OK && len <= most; len++)
		free[len] = client_next(&rest, &one) && !answer_is_error(one, &text);
	al_buf_release(&questions);
	al_buf_release(&answers);
	return command_exit(err);
}

/* `wanted` if it can be had; without one, the usual one or the smallest block that there is. 0: none. Exit code. */
static int length_choose(struct joining *j, const char *option, const struct option_number *wanted, bool v4,
			 unsigned *out)
{
	bool free[129] = { false };
	unsigned most = v4 ? 32 : 64, usual = v4 ? LEN4_DEFAULT : LEN_DEFAULT, first = 0, last = 0;
	int code = lengths_ask(j->client, most, v4 ? " 4" : "", free);

	*out = 0;
	if (code != CLI_DONE)
		return code;
	for (unsigned len = 1; len <= most; len++) {
		if (!free[len])
			continue;
		first = first == 0 ? len : first;
		last = len;
	}
	if (wanted->given && (wanted->value > most || !free[wanted->value])) {
		if (last == 0)
			return command_fail(CLI_REFUSED, "%s: the network hands out no %s blocks", option,
					    v4 ? "IPv4" : "IPv6");
		return command_fail(CLI_USAGE, "%s: %u to %u", option, first, last);
	}
	*out = wanted->given ? (unsigned)wanted->value : free[usual] ? usual : last;
	return CLI_DONE;
}

static int lengths_choose(struct joining *j)
{
	int code = length_choose(j, "--len", &j->options->len, false, &j->join.len);

	if (code == CLI_DONE && j->join.len == 0)
		j->join.len = LEN_DEFAULT; /* the registry says why there is none */
	if (code == CLI_DONE && !j->options->no_ipv4)
		code = length_choose(j, "--len4", &j->options->len4, true, &j->join.len4);
	return code;
}

/* ---- the request ---- */

static int answer_report(const struct joining *j, struct al_slice answer)
{
	struct join_report report = {
		.client = j->client,
		.network = &j->network,
		.name = j->name,
		.domain = j->join.domain,
		.key = j->key,
		.auth = al_buf_view(&j->auth),
		.answer = answer,
	};
	bool accepted = answer_accepted(answer);
	uint64_t index;

	/* All of it is new, so without an entry in the log nothing has come to be. */
	if (accepted && !j->options->dry_run && answer_index(answer, &index) != AL_OK) {
		if (j->options->json)
			answer_json_failed(CLI_UNVERIFIED);
		return command_fail(CLI_UNVERIFIED,
				    "the registry at %s says that all of it was there before: it was not",
				    client_server(j->client));
	}
	if (accepted && !j->options->dry_run)
		report.settled = join_settings(&report);
	if (j->options->json)
		join_json(&report);
	else if (accepted && j->options->dry_run)
		command_print_remote(answer);
	else if (accepted)
		join_welcome(&report);
	else
		join_refused(&report);
	(void)command_output_ok();
	return accepted ? CLI_DONE : CLI_REFUSED;
}

static int draft_send(const struct joining *j, const struct draft *draft)
{
	const struct submit submit = { .client = j->client,
				       .network = &j->network,
				       .keys = { j->key },
				       .key_count = 1,
				       .dry_run = j->options->dry_run };
	struct al_buf answer;
	enum al_err err;
	int code;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = submit_send(&submit, draft, &answer);
	code = err == AL_OK ? answer_report(j, al_buf_view(&answer)) : command_exit(err);
	if (err != AL_OK && j->options->json)
		answer_json_failed(code);
	al_buf_release(&answer);
	return code;
}

/* The voucher signs too: the request goes to him as one word. */
static int draft_offer(const struct joining *j, struct al_slice objects)
{
	const struct submit submit = {
		.client = j->client, .network = &j->network, .keys = { j->key }, .key_count = 1
	};
	struct al_buf word;
	enum al_err err;

	al_buf_init(&word, OFFER_MAX);
	err = offer_make(&submit, objects, VOUCH_MARK, &word);
	if (err == AL_OK)
		printf("Nothing was sent yet. %s says yes with:\n\nalamo vouch %.*s\n\n"
		       "Then, here: alamo show mntner %s-MNT\n",
		       j->join.vouched_by, AL_FMT(al_buf_view(&word)), j->name);
	al_buf_release(&word);
	return err == AL_OK ? CLI_DONE : CLI_USAGE;
}

static int objects_send(const struct joining *j)
{
	struct draft draft;
	struct al_buf objects;
	const char *why = "";
	enum al_err err;
	int code;

	al_buf_init(&objects, 65536);
	/* All of it is new: a maintainer of that name makes the registry refuse, instead of giving a second prefix. */
	al_buf_str(&objects, "request:        join\nprev:           none\n\n");
	err = join_objects(&j->join, al_slice_str(j->network.source), al_slice_str(j->network.tld),
			   al_buf_view(&j->auth), &objects, &why);
	if (err == AL_OK && j->join.vouched_by == NULL)
		err = draft_parse(al_buf_view(&objects), &draft);
	if (err != AL_OK) {
		code = command_fail(CLI_USAGE, "join: %s", why);
	} else if (j->join.vouched_by != NULL) {
		code = draft_offer(j, al_buf_view(&objects));
	} else {
		code = draft_send(j, &draft);
		draft_release(&draft);
	}
	al_buf_release(&objects);
	return code;
}

/* ---- who, where, by which key ---- */

static int name_take(struct joining *j, const char *typed)
{
	if (join_name(typed, j->name) != AL_OK)
		return command_fail(CLI_USAGE,
				    "--name: 1 to %d letters, digits and '-', with a letter first, not \"%s\"",
				    JOIN_NAME_MAX, typed);
	j->join.name = j->name;
	return CLI_DONE;
}

/* What was not given as an option, from the person at the terminal. */
static int person_ask(struct joining *j)
{
	char typed[NETWORK_FIELD_MAX];

	if (j->options->name != NULL)
		return name_take(j, j->options->name);
	if (!ask_possible())
		return command_fail(CLI_USAGE, "join: --name NAME is missing (alamo join --help)");
	fprintf(stderr, "You are about to join \"%s\" at %s.\n", j->network.name, client_server(j->client));
	do {
		if (!ask_line("Your name there, as in FISHER-MNT, FISHER-AS", NULL, typed, sizeof(typed)))
			return CLI_USAGE;
	} while (name_take(j, typed) != CLI_DONE);
	if (j->options->domain == NULL && j->network.tld[0] != '\0' &&
	    ask_line("A domain name, or no", "no", typed, sizeof(typed)) && strcmp(typed, "no") != 0) {
		snprintf(j->domain, sizeof(j->domain), "%s", typed);
		j->join.domain = j->domain;
	}
	return CLI_DONE;
}

/* The registry: --server and --pin, else the invitation's. */
static int registry_open(struct joining *j)
{
	struct registry registry = j->options->registry;
	char server[SETTING_MAX], typed[SETTING_MAX];
	enum al_err err;

	if (registry.server == NULL && j->invite.server[0] != '\0')
		registry.server = j->invite.server;
	if (registry.pin == NULL && j->invite.vkey[0] != '\0')
		registry.pin = j->invite.vkey;
	if (registry.server == NULL && j->options->name == NULL && ask_possible()) {
		if (settings_server(NULL, server) != AL_OK ||
		    !ask_line("The registry's address", server, typed, sizeof(typed)))
			return CLI_USAGE;
		registry.server = typed;
	}
	err = network_open(&registry, &j->client, &j->network);
	return command_exit(err);
}

static int join_run(struct joining *j)
{
	int code = registry_open(j);

	if (code == CLI_DONE)
		code = person_ask(j);
	if (code == CLI_DONE)
		code = join_key(j->options->key, j->options->new_key, j->key);
	if (code == CLI_DONE && sign_public(j->key, &j->auth) != AL_OK)
		code = CLI_USAGE;
	if (code == CLI_DONE)
		code = lengths_choose(j);
	if (code == CLI_DONE)
		return objects_send(j);
	if (j->options->json)
		answer_json_failed(code);
	return code;
}

/* The option, else the invitation's. */
static int voucher_take(struct joining *j)
{
	if (j->options->vouched_by != NULL &&
	    invite_mntner(al_slice_str(j->options->vouched_by), j->invite.vouch) != AL_OK)
		return command_fail(CLI_USAGE, "--vouched-by: \"%s\" is no maintainer's name, as FISHER-MNT",
				    j->options->vouched_by);
	if (j->invite.vouch[0] != '\0')
		j->join.vouched_by = j->invite.vouch;
	if (j->join.vouched_by != NULL && (j->options->json || j->options->dry_run))
		return command_fail(CLI_USAGE, "with a voucher nothing is sent from here: without %s",
				    j->options->json ? "--json" : "--dry-run");
	return CLI_DONE;
}

static int run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	struct joining *j = calloc(1, sizeof(*j));
	int code = CLI_DONE;

	if (j == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	j->options = options;
	j->join.domain = options->domain;
	j->join.hosts = options->hosts.values;
	j->join.host_count = options->hosts.count;
	al_buf_init(&j->auth, 4096);
	if (options->hosts.count > 0 && options->domain == NULL)
		code = command_fail(CLI_USAGE, "--host: there is no --domain that it could be a name in");
	else if (words->count > 0 && invite_parse(words->word[0], &j->invite) != AL_OK)
		code = command_fail(CLI_USAGE, "\"%s\" is no invitation, or one that was mistyped%s", words->word[0],
				    invite_is(words->word[0]) ? "" : ": a name is given with --name");
	else
		code = voucher_take(j);
	if (code == CLI_DONE)
		code = join_run(j);
	client_close(j->client);
	al_buf_release(&j->auth);
	free(j);
	return code;
}

static const struct command_form forms[] = { { NULL, "[INVITATION]", NULL, run } };

static const struct option_row rows[] = {
	{ .name = "name",
	  .arg = "NAME",
	  OPTION_AT(struct options, name),
	  .meaning = "begins the names of the objects: NAME-MNT, NAME-AS, NAME-NET; without it, it is asked for" },
	OPTION_KEY(struct options, key, NULL,
		   "the SSH key that signs, and becomes the maintainer's: ssh-ed25519 or sk-ssh-ed25519"),
	{ .name = "new-key",
	  OPTION_AT(struct options, new_key),
	  .meaning = "makes that key if it is not there and ~/.ssh has no other that will do" },
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
	  .most = 64,
	  OPTION_AT(struct options, len),
	  .meaning = "length of the IPv6 prefix",
	  .fallback = "48, or what the network hands out" },
	{ .name = "len4",
	  .arg = "N",
	  .least = 1,
	  .most = 32,
	  OPTION_AT(struct options, len4),
	  .meaning = "length of the IPv4 prefix, in a network that has some",
	  .fallback = "27, or what the network hands out" },
	{ .name = "no-ipv4", OPTION_AT(struct options, no_ipv4), .meaning = "no IPv4 prefix, even if there are some" },
	{ .name = "vouched-by",
	  .arg = "MNTNER",
	  OPTION_AT(struct options, vouched_by),
	  .meaning = "the member who vouches for you: the request is made and signed, and sent by `alamo vouch`",
	  .fallback = "whom the invitation names" },
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
	.notes = "INVITATION is a word from `alamo invite`. At a terminal, what is missing is asked for.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
