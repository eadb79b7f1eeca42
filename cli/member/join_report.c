/* SPDX-License-Identifier: MIT */
/*
 * join_report.c -- what a newcomer is told.
 */
#include "join_report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/object.h"
#include "answer.h"
#include "answer_json.h"
#include "command.h"
#include "home.h"
#include "json.h"
#include "settings.h"

static struct al_slice key_of(struct al_slice answer, const char *cls)
{
	struct answer_object object;

	while (answer_next(&answer, &object))
		if (al_slice_is(object.cls, cls))
			return object.key;
	return AL_S("");
}

/* ---- done ---- */

bool join_settings(const struct join_report *r)
{
	char whois[SETTING_MAX], key[PATH_MAX];
	const struct settings settings = {
		.server = client_server(r->client),
		.whois = network_endpoint(r->network, client_server(r->client), "whois", whois, sizeof(whois)) == AL_OK
				 ? whois
				 : NULL,
		.key = realpath(r->key, key) != NULL ? key : r->key, /* from whatever folder it is used */
	};

	if (settings_save(&settings) == AL_OK)
		return true;
	fprintf(stderr, "alamo: the configuration is left as it is: the registry has to be named, --server %s\n",
		client_server(r->client));
	return false;
}

static void next_print(const struct join_report *r, const char *server, const char *key)
{
	struct al_slice asn = key_of(r->answer, "aut-num"), net = key_of(r->answer, "inet6num");
	char whois[SETTING_MAX], host[SETTING_MAX], port[16], rest[256], path[PATH_MAX];
	uint64_t index;

	printf("\nNext:\n"
	       "  alamo whois %.*s%s\n"
	       "      what everybody sees\n",
	       AL_FMT(asn), server);
	if (network_endpoint(r->network, client_server(r->client), "whois", whois, sizeof(whois)) == AL_OK &&
	    settings_split(whois, NULL, host, port) == AL_OK)
		printf("  whois -h %s -p %s %.*s\n"
		       "      the same without alamo, from any machine\n",
		       host, port, AL_FMT(asn));
	printf("  alamo show inet6num %.*s%s >prefix.txt\n"
	       "      to change something: edit that file, then\n"
	       "  alamo submit prefix.txt%s%s\n"
	       "  alamo verify%s\n"
	       "      checks the whole log\n",
	       AL_FMT(net), server, key, server, server);
	if (answer_index(r->answer, &index) == AL_OK &&
	    snprintf(rest, sizeof(rest), "%.63s/receipts/%llu.tlog-proof", r->network->name,
		     (unsigned long long)index) > 0 &&
	    home_path(HOME_DATA, rest, path) == AL_OK)
		printf("  alamo receipt verify %s\n"
		       "      proves, without asking anybody, that you are in it\n",
		       path);
	puts("  alamo help node\n"
	     "      your router: `alamo node init`, then links by `alamo peer`, names for what is behind it by `alamo "
	     "host`");
}

void join_welcome(const struct join_report *r)
{
	struct al_slice mntner = key_of(r->answer, "mntner"), asn = key_of(r->answer, "aut-num");
	struct al_slice net = key_of(r->answer, "inet6num"), net4 = key_of(r->answer, "inetnum");
	struct al_slice domain = key_of(r->answer, "domain");
	char server[SETTING_MAX + 16] = "", key[SETTING_MAX + 16] = "";
	uint64_t index;

	printf("Welcome to %s.\n\n  maintainer  %.*s\n  AS number   %.*s\n  prefix      %.*s\n"
	       "  route       %.*s from %.*s\n",
	       r->network->name, AL_FMT(mntner), AL_FMT(asn), AL_FMT(net), AL_FMT(net), AL_FMT(asn));
	if (net4.len > 0)
		printf("  IPv4        %.*s\n  route       %.*s from %.*s\n", AL_FMT(net4), AL_FMT(net4), AL_FMT(asn));
	if (domain.len > 0)
		printf("  name        %.*s\n", AL_FMT(domain));
	if (answer_index(r->answer, &index) == AL_OK)
		printf("  log entry   %llu\n", (unsigned long long)index);
	if (!r->settled) {
		snprintf(server, sizeof(server), " --server %s", client_server(r->client));
		snprintf(key, sizeof(key), " --key %s", r->key);
	}
	next_print(r, server, key);
}

/* ---- refused ---- */

enum holder { NOBODY, SELF, OTHER };

/* Whose is NAME-MNT? */
static enum holder holder_of(const struct join_report *r)
{
	struct al_buf answer;
	struct al_slice rest, value;
	struct al_sshkey ours, theirs;
	enum holder holder = NOBODY;
	char line[256];

	snprintf(line, sizeof(line), "show mntner %s-MNT", r->name);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	if (client_ask(r->client, line, &answer) == AL_OK && !answer_is_error(al_buf_view(&answer), &value)) {
		holder = OTHER;
		rest = al_buf_view(&answer);
		while (al_sshkey_parse(r->auth, &ours) == AL_OK && al_attr_find(&rest, "auth", &value))
			if (al_sshkey_parse(value, &theirs) == AL_OK && al_sshkey_eq(&ours, &theirs))
				holder = SELF;
	}
	al_buf_release(&answer);
	return holder;
}

/* Is an object of this class refused, and the clause among those that refuse? *key: which, as "FAILED: [CLASS] KEY" says. */
static bool refused_by(const struct join_report *r, const char *cls, const char *clause, char *key, size_t cap)
{
	struct al_slice rest = r->answer, line, head, action;
	bool found = false, failed = false;
	char start[40];

	(void)snprintf(start, sizeof(start), "FAILED: [%s] ", cls);
	while (al_slice_line(&rest, &line)) {
		head = al_slice_trim(line);
		(void)al_slice_word(&head, "", &action); /* Create, or Modify of what is there */
		head = al_slice_trim(head);
		found = found || (al_slice_starts(line, "***Error:") && al_slice_ends(line, clause));
		if (!failed && al_slice_starts(head, start))
			failed = al_slice_copy(al_slice_from(head, strlen(start)), key, cap) == AL_OK;
	}
	return found && failed;
}

/* Of the domain that was asked for: somebody's, was somebody's, or nobody's to have. */
static void domain_plain(const struct join_report *r, char *out, size_t cap)
{
	struct al_buf answer;
	struct al_slice text, mntner, rest;
	char name[AL_NAME_MAX + 1], line[AL_NAME_MAX + 16];

	if (refused_by(r, "domain", "(POLICY-NAME-RESERVED)", name, sizeof(name)))
		snprintf(out, cap, "%s is reserved by the registry. Join by another --domain", name);
	else if (refused_by(r, "domain", "(POLICY-NAME-TAKEN)", name, sizeof(name)))
		snprintf(out, cap, "%s was somebody's, and is kept for its last holder. Join by another --domain",
			 name);
	if (out[0] != '\0' || !refused_by(r, "domain", "(REQUEST-PREV)", name, sizeof(name)))
		return;
	snprintf(line, sizeof(line), "show domain %s", name);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	if (client_ask(r->client, line, &answer) == AL_OK && !answer_is_error(al_buf_view(&answer), &text)) {
		rest = al_buf_view(&answer);
		if (al_attr_find(&rest, "mnt-by", &mntner))
			snprintf(out, cap, "%s is taken: it belongs to %.*s. Join by another --domain", name,
				 AL_FMT(al_slice_head(mntner, 80)));
	}
	al_buf_release(&answer);
}

/* Empty: there is no plain reason. */
static void reason_plain(const struct join_report *r, char *out, size_t cap)
{
	char key[AL_SSH_FINGERPRINT_LEN] = "", asn[64];
	struct al_sshkey ours;

	out[0] = '\0';
	if (al_sshkey_parse(r->auth, &ours) == AL_OK)
		al_sshkey_fingerprint(&ours, key);
	switch (holder_of(r)) {
	case NOBODY:
		if (r->domain != NULL)
			domain_plain(r, out, cap);
		if (out[0] == '\0' && refused_by(r, "aut-num", "(POLICY-VOUCH)", asn, sizeof(asn)))
			snprintf(out, cap,
				 "a member has to vouch for you: join by an invitation of one (alamo invite --vouch), "
				 "or with "
				 "--vouched-by");
		break;
	case SELF:
		snprintf(out, cap, "%s is yours already: %s-MNT has your key %s. Nothing was done", r->name, r->name,
			 key);
		break;
	case OTHER:
		snprintf(out, cap, "%s is taken: %s-MNT belongs to another key. Join by another --name", r->name,
			 r->name);
		break;
	}
}

void join_refused(const struct join_report *r)
{
	char plain[512];

	reason_plain(r, plain, sizeof(plain));
	if (plain[0] != '\0')
		command_fail(CLI_REFUSED, "%s", plain);
	else
		command_print_remote(r->answer);
}

void join_json(const struct join_report *r)
{
	json_t *root = json_object(), *objects = json_object(), *errors = answer_errors(r->answer);
	struct al_slice rest = r->answer;
	struct answer_object object;
	uint64_t index;
	char cls[32], plain[512];

	while (answer_next(&rest, &object))
		if (al_slice_copy(object.cls, cls, sizeof(cls)) == AL_OK)
			json_object_set_new(objects, cls, json_slice(object.key));
	if (!answer_accepted(r->answer)) {
		reason_plain(r, plain, sizeof(plain));
		if (plain[0] != '\0')
			json_array_insert_new(errors, 0, json_string(plain));
	}
	json_object_set_new(root, "network", json_string(r->network->name));
	json_object_set_new(root, "accepted", json_boolean(answer_accepted(r->answer)));
	json_object_set_new(root, "index",
			    answer_index(r->answer, &index) == AL_OK ? json_integer((json_int_t)index) : json_null());
	json_object_set_new(root, "errors", errors);
	json_object_set_new(root, "objects", objects);
	json_object_set_new(root, "answer", json_slice(r->answer));
	(void)json_out(root);
}
