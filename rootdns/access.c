/* SPDX-License-Identifier: MIT */
/*
 * access.c -- see access.h.
 */
#include "access.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "alamo/net/conf.h"

#define RULES_MAX 256

enum rule_kind { RULE_ANY, RULE_PREFIX, RULE_KEY };

struct rule {
	enum rule_kind kind;
	struct al_prefix prefix;
	const struct tsig_key *key; /* borrowed */
};

struct access {
	size_t count;
	struct rule rules[RULES_MAX];
};

static const char *key_rule(struct al_slice name, const struct tsig_keys *keys, struct rule *out)
{
	struct dname wire;

	if (al_slice_ends(name, "."))
		name = al_slice_head(name, name.len - 1);
	if (dname_of_text(name, &wire) != AL_OK || (out->key = tsig_key_find(keys, &wire)) == NULL)
		return "tsig-keys has no key of this name";
	out->kind = RULE_KEY;
	return NULL;
}

static const char *prefix_rule(struct al_slice text, struct rule *out)
{
	out->kind = RULE_PREFIX;
	if (al_prefix_parse(text, &out->prefix) == AL_OK || al_addr_parse(text, &out->prefix) == AL_OK)
		return NULL;
	return "not any, none, a prefix, an address or key:NAME";
}

static const char *rule_take(struct access *access, struct al_slice text, const struct tsig_keys *keys)
{
	struct rule rule = { .kind = RULE_ANY };
	const char *why = NULL;

	if (al_slice_is(text, "none"))
		return NULL;
	if (access->count == RULES_MAX)
		return "too many";
	if (al_slice_starts(text, "key:"))
		why = key_rule(al_slice_from(text, 4), keys, &rule);
	else if (!al_slice_is(text, "any"))
		why = prefix_rule(text, &rule);
	if (why == NULL)
		access->rules[access->count++] = rule;
	return why;
}

enum al_err access_new(struct al_slice list, const struct tsig_keys *keys, struct access **out)
{
	struct access *access = calloc(1, sizeof(*access));
	struct al_slice text;

	if (access == NULL)
		return AL_ENOMEM;
	while (al_conf_next(&list, &text)) {
		const char *why = rule_take(access, text, keys);

		if (why == NULL)
			continue;
		al_log(AL_LOG_ERROR, "allow-transfer", "value=\"%.*s\" why=\"%s\"", AL_FMT(text), why);
		access_free(access);
		return AL_EINVAL;
	}
	*out = access;
	return AL_OK;
}

void access_free(struct access *access)
{
	free(access);
}

static bool prefix_holds(const struct al_prefix *prefix, const struct client *client)
{
	struct al_prefix addr = { .bits = (uint8_t)(client->addr_len * 8), .len = (uint8_t)(client->addr_len * 8) };

	memcpy(addr.addr, client->addr, client->addr_len);
	return client->addr_len > 0 && al_prefix_covers(prefix, &addr);
}

bool access_allows(const struct access *access, const struct client *client, const struct tsig *tsig)
{
	for (size_t i = 0; i < access->count; i++) {
		const struct rule *rule = &access->rules[i];

		if (rule->kind == RULE_ANY || (rule->kind == RULE_PREFIX && prefix_holds(&rule->prefix, client)) ||
		    (rule->kind == RULE_KEY && tsig != NULL && tsig->key == rule->key))
			return true;
	}
	return false;
}
