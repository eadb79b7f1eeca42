/* SPDX-License-Identifier: MIT */
/*
 * cmd_vouch.c -- `alamo vouch`: a member speaks for a newcomer, whose request he has read.
 */
#include "command.h"

#include <stdio.h>

#include "alamo/rpsl/object.h"
#include "answer.h"
#include "consent.h"
#include "offer.h"
#include "settings.h"
#include "vouch.h"

struct options {
	struct registry registry;
	const char *key;
	bool yes;
};

/* What a newcomer has; the name of his maintainer stands alone in every mnt-by. */
static bool object_is_his(struct al_slice object, struct al_slice mntner)
{
	static const unsigned his = 1u << AL_MNTNER | 1u << AL_AUT_NUM | 1u << AL_INETNUM | 1u << AL_INET6NUM |
				    1u << AL_ROUTE | 1u << AL_ROUTE6 | 1u << AL_DOMAIN | 1u << AL_PERSON |
				    1u << AL_ROLE;
	struct al_buf value;
	struct al_raw_attr attr;
	enum al_class cls;
	unsigned line = 0;
	enum al_err err;
	bool good = al_object_class(object, &cls) == AL_OK && (his >> cls & 1) != 0, named = false;

	al_buf_init(&value, 65536);
	while (good && al_raw_next(&object, &line, &attr, &err)) {
		good = err == AL_OK && !al_slice_caseis(attr.name, "delete");
		if (!al_slice_caseis(attr.name, "mnt-by"))
			continue;
		named = true;
		al_raw_value(&attr, &value);
		good = good && al_slice_caseeq(al_slice_trim(al_buf_view(&value)), mntner);
	}
	al_buf_release(&value);
	return good && named;
}

/* The maintainer of the request that says who vouches; *name: the newcomer's, inside of `draft`. */
static bool newcomer(const struct draft *draft, struct al_slice *name)
{
	struct al_slice rest, value;
	enum al_class cls;

	for (size_t i = 0; i < draft->count; i++) {
		if (al_object_class(draft->objects[i], &cls) != AL_OK || cls != AL_MNTNER)
			continue;
		rest = draft->objects[i];
		if (!al_attr_find(&rest, "mntner", name) || !al_attr_find(&rest, "vouched-by", &value))
			return false;
		return true;
	}
	return false;
}

bool vouch_is_join(const struct draft *draft, const char **why)
{
	struct al_slice header = draft->header, value, name;

	*why = "it is not signed by the newcomer, or has contact texts";
	if (draft->signatures.len == 0 || draft->contacts.len > 0)
		return false;
	*why = "it is about what is there already: everything of a newcomer has prev: none";
	if (!al_attr_find(&header, "prev", &value) || !al_slice_is(al_slice_trim(value), "none"))
		return false;
	*why = "it has no new maintainer with vouched-by:";
	if (!newcomer(draft, &name))
		return false;
	*why = "it has objects that are not the newcomer's alone";
	for (size_t i = 0; i < draft->count; i++)
		if (!object_is_his(draft->objects[i], name))
			return false;
	return true;
}

static int signed_send(const struct options *options, const struct draft *draft)
{
	struct network network;
	struct submit submit = { .network = &network, .key_count = 1 };
	struct al_buf answer;
	char key[SETTING_MAX];
	enum al_err err;
	int code;

	if (settings_key(options->key, key) != AL_OK)
		return CLI_USAGE;
	submit.keys[0] = key;
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	err = network_open(&options->registry, &submit.client, &network);
	if (err == AL_OK)
		err = submit_send(&submit, draft, &answer);
	if (err == AL_OK)
		command_print_remote(al_buf_view(&answer));
	code = err != AL_OK ? command_exit(err) : answer_accepted(al_buf_view(&answer)) ? CLI_DONE : CLI_REFUSED;
	client_close(submit.client);
	al_buf_release(&answer);
	return code;
}

static int offer_sign(const struct options *options, struct al_slice offer)
{
	const char *why = "";
	struct draft draft;
	int code = CLI_DONE;

	if (draft_parse(offer, &draft) != AL_OK)
		return command_fail(CLI_USAGE, "that is no offer");
	if (!vouch_is_join(&draft, &why))
		code = command_fail(CLI_UNVERIFIED, "the offer is more than somebody's joining: %s. It is not signed",
				    why);
	else if (!consent_visible(draft.text))
		code = CLI_UNVERIFIED;
	else if (options->yes)
		command_print(draft.text);
	else
		code = consent_ask(draft.text, "Do you vouch for this newcomer?", "read it, and say --yes") ? CLI_DONE
													    : CLI_USAGE;
	if (code == CLI_DONE)
		code = signed_send(options, &draft);
	draft_release(&draft);
	return code;
}

static int run(const struct words *words, const void *arg)
{
	struct al_buf offer;
	int code;

	al_buf_init(&offer, OFFER_MAX);
	if (offer_read(words->word[0], VOUCH_MARK, &offer))
		code = offer_sign(arg, al_buf_view(&offer));
	else
		code = command_fail(CLI_USAGE, "that is no offer, or not the whole of it: it begins with " VOUCH_MARK);
	al_buf_release(&offer);
	return code;
}

static const struct command_form forms[] = { { NULL, "OFFER", NULL, run } };

static const struct option_row rows[] = {
	OPTION_KEY(struct options, key, NULL, "the SSH key of the maintainer that vouches"),
	{ .name = "yes",
	  .letter = 'y',
	  OPTION_AT(struct options, yes),
	  .meaning = "the offer was read: shows it, and does not ask" },
	REGISTRY_ROWS(struct options, registry),
};

const struct command command_vouch = {
	.name = "vouch",
	.group = GROUP_MEMBER,
	.help = "speak for a newcomer, whose request you have read",
	.notes = "OFFER is a word that `alamo join` made for you. What it holds counts with the tree of those you "
		 "vouched for "
		 "(alamo tree).",
	COMMAND_FORMS(forms),
	COMMAND_OPTIONS(rows, struct options),
};
