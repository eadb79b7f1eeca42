/* SPDX-License-Identifier: MIT */
/*
 * cmd_domain.c -- `alamo domain cds`: the DS records that a delegated zone asks for, put into its domain object; and the
 * table with `check` (domain_check.c).
 */
#include "command.h"

#include <stdio.h>

#include "cds_ask.h"
#include "domain_check.h"
#include "file.h"
#include "home.h"
#include "node/node_member.h"

#define ASK_MS 10000u /* for one server's answers */
#define ASKED_MAX 64u /* addresses */

struct options {
	struct registry registry;
	const char *root, *key;
	bool dry_run, json;
};

struct taking {
	const struct options *options;
	char name[AL_NAME_MAX + 1];
	struct node_member member;
	const struct al_object *domain;
	struct cds cds;
	size_t asked;
};

/* ---- the domain ---- */

static int domain_find(struct taking *t)
{
	struct al_slice rest, value;

	t->domain = al_state_get(t->member.state, AL_DOMAIN, al_slice_str(t->name));
	if (t->domain == NULL)
		return command_fail(CLI_REFUSED, "there is no domain %s", t->name);
	if (node_owner_of(&t->member.owner, t->domain).len == 0)
		return command_fail(CLI_REFUSED, "%s is not maintained by your key", t->name);
	if (al_object_attr(t->domain, "nserver").len == 0)
		return command_fail(CLI_REFUSED, "%s has no name servers of its own: the network signs its records",
				    t->name);
	if (cds_init(&t->cds, t->name) != AL_OK)
		return command_fail(CLI_REFUSED, "out of memory");
	rest = al_object_text(t->domain);
	while (al_attr_find(&rest, "ds-rdata", &value))
		if (cds_present(&t->cds, value) != AL_OK)
			return command_fail(CLI_REFUSED, "%s: ds-rdata: %.*s is not understood", t->name,
					    AL_FMT(value));
	return CLI_DONE;
}

/* ---- its servers ---- */

/* At one address, or at a name that this machine resolves. CLI_OFFLINE, said: nobody answers there. */
static int address_ask(struct taking *t, struct al_slice server, struct al_slice host)
{
	ldns_pkt *answers[CDS_SETS] = { NULL };
	const char *why = "there are too many of them";
	char text[AL_NAME_MAX + 1];
	enum al_err err = AL_ELIMIT;

	if (t->asked++ < ASKED_MAX && al_slice_copy(host, text, sizeof(text)) == AL_OK)
		err = cds_ask(text, t->cds.name, ASK_MS, answers, &why);
	if (err == AL_OK) {
		why = cds_take(&t->cds, answers);
		err = why == NULL ? AL_OK : AL_EVERIFY;
		for (size_t i = 0; i < CDS_SETS; i++)
			ldns_pkt_free(answers[i]);
	}
	if (err == AL_OK)
		return CLI_DONE;
	return command_fail(err == AL_ECLOSED ? CLI_OFFLINE : CLI_UNVERIFIED, "%.*s, asked at %.*s: %s", AL_FMT(server),
			    AL_FMT(host), why);
}

/*
 * Every address that the object gives of the server, or its name. One that cannot be reached from here is said; one answer is
 * needed, and all that come are looked at.
 */
static int server_ask(struct taking *t, struct al_slice server)
{
	struct al_slice rest = al_object_text(t->domain), value, name;
	bool answered = false, addressed = false;
	int code;

	while (al_attr_find(&rest, "nserver", &value)) {
		if (!al_slice_word(&value, "", &name) || !al_slice_eq(name, server) || al_slice_trim(value).len == 0)
			continue;
		addressed = true;
		code = address_ask(t, server, al_slice_trim(value));
		if (code == CLI_UNVERIFIED)
			return code;
		answered = answered || code == CLI_DONE;
	}
	if (!addressed)
		return address_ask(t, server, server);
	return answered ? CLI_DONE : CLI_OFFLINE;
}

static bool is_first(const struct taking *t, struct al_slice server)
{
	struct al_slice rest = al_object_text(t->domain), value, name;

	while (al_attr_find(&rest, "nserver", &value))
		if (al_slice_word(&value, "", &name) && al_slice_eq(name, server))
			return name.ptr == server.ptr;
	return false;
}

static int servers_ask(struct taking *t)
{
	struct al_slice rest = al_object_text(t->domain), value, server;
	int code = CLI_DONE;

	while (code == CLI_DONE && al_attr_find(&rest, "nserver", &value))
		if (al_slice_word(&value, "", &server) && is_first(t, server))
			code = server_ask(t, server);
	return code == CLI_DONE ? code : command_fail(code, "%s: nothing is changed", t->name);
}

/* ---- what was taken up before ---- */

#define REST_MAX (AL_NAME_MAX + 80)

static void memory_name(const struct taking *t, char out[static REST_MAX])
{
	snprintf(out, REST_MAX, "%.63s/cds/%s", t->member.network.name, t->name);
}

/* When the change was signed that was taken up last on this machine; 0: none was. */
static uint64_t memory_read(const struct taking *t)
{
	char rest[REST_MAX], path[PATH_MAX];
	struct al_buf bytes;
	uint64_t signed_s = 0;

	memory_name(t, rest);
	al_buf_init(&bytes, 64);
	if (home_path(HOME_STATE, rest, path) != AL_OK || file_read(path, &bytes) != AL_OK ||
	    al_slice_u64(al_slice_trim(al_buf_view(&bytes)), UINT32_MAX, &signed_s) != AL_OK)
		signed_s = 0;
	al_buf_release(&bytes);
	return signed_s;
}

/* The change is made, whether this can be kept or not: so that is said, and no failure. */
static void memory_write(const struct taking *t)
{
	char rest[REST_MAX], path[PATH_MAX], text[24];
	int len = snprintf(text, sizeof(text), "%lld\n", (long long)t->cds.signed_s);

	memory_name(t, rest);
	if (home_make(HOME_STATE, rest, path) != AL_OK ||
	    file_write(path, al_slice_of(text, (size_t)len), 0600) != AL_OK)
		(void)command_fail(CLI_REFUSED,
				   "when it was signed cannot be kept: an older change would be taken up again");
}

/* ---- what becomes of it ---- */

/* The object with the DS set that is wanted, at the version that the log has. */
static void object_put(const struct taking *t, struct al_buf *out)
{
	struct al_slice rest = al_object_text(t->domain);
	struct al_attr attr;
	bool put = false;

	al_buf_printf(out, "%% prev: %llu\n\n", (unsigned long long)t->domain->index);
	while (al_attr_next(&rest, &attr)) {
		if (al_slice_is(attr.name, "ds-rdata"))
			continue;
		if (al_slice_is(attr.name, "mnt-by") && !put) {
			cds_put(t->cds.wanted, "ds-rdata:", out);
			put = true;
		}
		al_buf_printf(out, "%.*s: %.*s\n", AL_FMT(attr.name), AL_FMT(attr.value));
	}
}

static int change_send(struct taking *t)
{
	struct submit submit = node_member_submit(&t->member);
	struct al_buf text;
	int code;

	al_buf_init(&text, 65536);
	cds_put(t->cds.present, "- ds-rdata:", &text);
	cds_put(t->cds.wanted, "+ ds-rdata:", &text);
	command_print(al_buf_view(&text));
	al_buf_reset(&text);
	object_put(t, &text);
	submit.dry_run = t->options->dry_run;
	code = text.err == AL_OK ? node_submit(&submit, al_buf_view(&text))
				 : command_fail(CLI_REFUSED, "the request is too large");
	al_buf_release(&text);
	if (code == CLI_DONE && !submit.dry_run)
		memory_write(t);
	if (code == CLI_DONE)
		printf("%s: %s\n", t->name, submit.dry_run ? "the registry would take it" : "the registry has it");
	return code;
}

/* The first DS set has nobody who could vouch for it but the member. */
static int first_refuse(const struct taking *t)
{
	struct al_buf text;

	al_buf_init(&text, 65536);
	cds_put(t->cds.wanted, "ds-rdata:", &text);
	command_print(al_buf_view(&text));
	al_buf_release(&text);
	return command_fail(
		CLI_UNVERIFIED,
		"%s has no ds-rdata: that could vouch for these, which its name servers ask for: compare them "
		"with your keys, and send the object with them by `alamo submit`",
		t->name);
}

static int take(struct taking *t)
{
	int code = domain_find(t);

	if (code == CLI_DONE)
		code = servers_ask(t);
	if (code != CLI_DONE)
		return code;
	if (!cds_is_new(&t->cds)) {
		printf("%s: %s\n", t->name,
		       t->cds.silent ? "its name servers ask for nothing" : "its DS set is the one that they ask for");
		return CLI_DONE;
	}
	if (ldns_rr_list_rr_count(t->cds.present) == 0)
		return first_refuse(t);
	/* RFC 7344 section 6.2: who can send old answers of the zone does not bring old keys back. */
	if ((uint64_t)t->cds.signed_s < memory_read(t))
		return command_fail(CLI_UNVERIFIED,
				    "%s: what its name servers ask for was signed before what was taken up last",
				    t->name);
	return change_send(t);
}

static int cds_run(const struct words *words, const void *options)
{
	struct taking *t = calloc(1, sizeof(*t));
	int code;

	if (t == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	t->options = options;
	if (al_name_canon(al_slice_str(words->word[0]), t->name) != AL_OK || t->name[0] == '\0') {
		code = command_fail(CLI_USAGE, "\"%s\" is no name", words->word[0]);
	} else {
		code = node_member_open(t->options->root != NULL ? t->options->root : "/", t->options->key,
					&t->options->registry, false, &t->member);
		if (code == CLI_DONE)
			code = take(t);
		node_member_release(&t->member);
	}
	cds_release(&t->cds);
	free(t);
	return code;
}

static int check_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;
	char name[AL_NAME_MAX + 1];

	if (al_name_canon(al_slice_str(words->word[0]), name) != AL_OK || name[0] == '\0')
		return command_fail(CLI_USAGE, "\"%s\" is no name", words->word[0]);
	return domain_check(&options->registry, name, options->json);
}

static const struct command_form forms[] = {
	{ "check", "NAME", "asks its name servers whether they serve it, and says how to mend what is wrong",
	  check_run },
	{ "cds", "NAME", "takes up the DS records that its name servers ask for (CDS, CDNSKEY)", cds_run },
};

static const struct option_row rows[] = {
	{ .name = "dry-run",
	  .letter = 'n',
	  .verbs = "cds",
	  OPTION_AT(struct options, dry_run),
	  .meaning = "has the registry decide and answer without changing anything" },
	{ .name = "root",
	  .arg = "DIR",
	  .verbs = "cds",
	  OPTION_AT(struct options, root),
	  .meaning = "the node's files are below DIR, and nothing is run",
	  .fallback = "/" },
	{ .name = "json",
	  .letter = 'j',
	  .verbs = "check",
	  OPTION_AT(struct options, json),
	  .meaning = "prints the result as JSON" },
	OPTION_KEY(struct options, key, "cds", "the SSH key of the maintainer"),
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_domain = {
	.name = "domain",
	.group = GROUP_MEMBER,
	.help = "look after a domain with name servers of its own",
	.notes = "check: the exit code is a Nagios plugin's: 0 good, 1 worth a look, 2 bad, 3 not known.\n"
		 "cds: all name servers have to ask for the same, by sets that a key of the present DS set signs (RFC "
		 "7344). "
		 "Exit code 0: nothing is to do, or it is done.",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
