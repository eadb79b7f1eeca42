/* SPDX-License-Identifier: MIT */
/*
 * witness.c -- the policy: which witnesses there are and whose cosignatures
 * make a checkpoint public (c2sp.org/tlog-policy).
 *
 * Witnesses and groups share one table of parties in the order of their
 * lines. A party may only name earlier ones and each is named at most once, so
 * the table is a forest, and one pass in its order evaluates it.
 */
#include "alamo/tlog/witness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGS_MAX 32
#define PARTIES_MAX (2 * AL_WITNESSES_MAX)
#define LINES_MAX 4096
#define NOBODY PARTIES_MAX

/* A witness or a group. */
struct party {
	char name[AL_WITNESS_NAME_MAX];
	bool group;
	size_t witness; /* of a witness: its place among them */
	size_t need;    /* of a group: how many members */
	size_t owner;   /* the group that has it as a member; NOBODY: none */
};

struct al_policy {
	struct al_vkey logs[LOGS_MAX];
	size_t log_count;
	struct al_witness witnesses[AL_WITNESSES_MAX];
	size_t witness_count;
	struct party parties[PARTIES_MAX];
	size_t party_count;
	bool has_quorum;
	size_t quorum; /* NOBODY: none is needed */
};

struct reader {
	struct al_policy *policy;
	unsigned line;
	char *message;
	size_t message_cap;
};

static enum al_err wrong(const struct reader *r, const char *fmt, ...) AL_PRINTF(2, 3);

static enum al_err wrong(const struct reader *r, const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)snprintf(r->message, r->message_cap, "line %u: %s", r->line, text);
	return AL_EINVAL;
}

/* ---- lines ---- */

static size_t party_find(const struct al_policy *policy, struct al_slice name)
{
	for (size_t i = 0; i < policy->party_count; i++)
		if (al_slice_is(name, policy->parties[i].name))
			return i;
	return NOBODY;
}

static enum al_err party_add(struct reader *r, struct al_slice name, const struct party *party)
{
	struct al_policy *policy = r->policy;
	struct party *next = &policy->parties[policy->party_count];

	if (name.len == 0 || al_slice_is(name, "none") || party_find(policy, name) != NOBODY)
		return wrong(r, "the name is missing, taken or \"none\"");
	if (policy->party_count == PARTIES_MAX)
		return wrong(r, "more than %d witnesses and groups", PARTIES_MAX);
	*next = *party;
	next->owner = NOBODY;
	if (al_slice_copy(name, next->name, sizeof(next->name)) != AL_OK)
		return wrong(r, "a name of more than %d bytes", AL_WITNESS_NAME_MAX - 1);
	policy->party_count++;
	return AL_OK;
}

static enum al_err log_line(struct reader *r, struct al_slice rest)
{
	struct al_policy *policy = r->policy;
	struct al_slice word, url;
	struct al_vkey key;

	if (!al_slice_word(&rest, "", &word) || al_vkey_parse(word, &key) != AL_OK)
		return wrong(r, "no verifier key of a log");
	if (al_slice_word(&rest, "", &url) && al_slice_trim(rest).len > 0)
		return wrong(r, "more than a key and a URL");
	for (size_t i = 0; i < policy->log_count; i++)
		if (memcmp(policy->logs[i].pk, key.pk, sizeof(key.pk)) == 0)
			return wrong(r, "this log is listed twice");
	if (policy->log_count == LOGS_MAX)
		return wrong(r, "more than %d logs", LOGS_MAX);
	policy->logs[policy->log_count++] = key;
	return AL_OK;
}

static enum al_err witness_line(struct reader *r, struct al_slice rest)
{
	struct al_policy *policy = r->policy;
	struct party party = { .witness = policy->witness_count };
	struct al_slice name, word, url = AL_S("");
	struct al_witness one = { .url = "" };
	struct al_vkey log;
	enum al_err err;

	if (!al_slice_word(&rest, "", &name) || !al_slice_word(&rest, "", &word))
		return wrong(r, "no name and verifier key of a witness");
	err = al_witness_vkey_parse(word, &one.key);
	/* ML-DSA and what comes after it: others may make the quorum. A log's key is a slip. */
	one.unknown = err == AL_EUNSUPPORTED && al_vkey_parse(word, &log) == AL_EUNSUPPORTED;
	if (err != AL_OK && !one.unknown)
		return wrong(r, "no name and verifier key of a witness (type 04)");
	if (al_slice_word(&rest, "", &url) && al_slice_trim(rest).len > 0)
		return wrong(r, "more than a name, a key and a URL");
	for (size_t i = 0; i < policy->witness_count; i++)
		if (!one.unknown && memcmp(policy->witnesses[i].key.pk, one.key.pk, sizeof(one.key.pk)) == 0)
			return wrong(r, "this witness's key is listed twice");
	if (policy->witness_count == AL_WITNESSES_MAX)
		return wrong(r, "more than %d witnesses", AL_WITNESSES_MAX);
	if (al_slice_copy(url, one.url, sizeof(one.url)) != AL_OK)
		return wrong(r, "a URL of more than %d bytes", AL_WITNESS_URL_MAX - 1);
	err = party_add(r, name, &party);
	if (err == AL_OK)
		err = al_slice_copy(name, one.name, sizeof(one.name));
	if (err != AL_OK)
		return err;
	policy->witnesses[policy->witness_count++] = one;
	return AL_OK;
}

static enum al_err group_line(struct reader *r, struct al_slice rest)
{
	struct al_policy *policy = r->policy;
	size_t own = policy->party_count, members = 0;
	struct al_slice name, need, word;
	uint64_t number = 0;
	enum al_err err;

	if (!al_slice_word(&rest, "", &name) || !al_slice_word(&rest, "", &need))
		return wrong(r, "no name and number of a group");
	for (; al_slice_word(&rest, "", &word); members++) {
		size_t member = party_find(policy, word);

		if (member == NOBODY || policy->parties[member].owner != NOBODY)
			return wrong(r, "a member is not defined above, or is in a group already");
		policy->parties[member].owner = own;
	}
	if (al_slice_is(need, "any"))
		number = 1;
	else if (al_slice_is(need, "all"))
		number = members;
	else if (al_slice_u64(need, members, &number) != AL_OK)
		number = 0;
	if (members == 0 || number == 0)
		return wrong(r, "a group needs members, and one to all of them");
	err = party_add(r, name, &(struct party){ .group = true, .need = (size_t)number });
	return err;
}

static enum al_err quorum_line(struct reader *r, struct al_slice rest)
{
	struct al_slice name;

	if (r->policy->has_quorum)
		return wrong(r, "a second quorum");
	if (!al_slice_word(&rest, "", &name) || al_slice_trim(rest).len > 0)
		return wrong(r, "a quorum is one name");
	r->policy->quorum = party_find(r->policy, name);
	if (r->policy->quorum == NOBODY && !al_slice_is(name, "none"))
		return wrong(r, "the quorum is not defined above");
	r->policy->has_quorum = true;
	return AL_OK;
}

static enum al_err line_read(struct reader *r, struct al_slice line)
{
	struct al_slice word;

	for (size_t i = 0; i < line.len; i++)
		if (((unsigned char)line.ptr[i] < 0x20 && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
			return wrong(r, "a control character");
	line = al_slice_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return AL_OK;
	(void)al_slice_word(&line, "", &word);
	if (al_slice_is(word, "log"))
		return log_line(r, line);
	if (al_slice_is(word, "witness"))
		return witness_line(r, line);
	if (al_slice_is(word, "group"))
		return group_line(r, line);
	if (al_slice_is(word, "quorum"))
		return quorum_line(r, line);
	return wrong(r, "not log, witness, group or quorum");
}

enum al_err al_policy_parse(struct al_slice text, struct al_policy **out, char *message, size_t message_cap)
{
	struct al_policy *policy = calloc(1, sizeof(*policy));
	struct reader r = { .policy = policy, .message = message, .message_cap = message_cap };
	enum al_err err = AL_OK;
	struct al_slice line;

	if (policy == NULL) {
		(void)snprintf(message, message_cap, "out of memory");
		return AL_ENOMEM;
	}
	while (err == AL_OK && text.len > 0) {
		(void)al_slice_cut(&text, '\n', &line);
		err = ++r.line > LINES_MAX ? wrong(&r, "too long") : line_read(&r, line);
	}
	if (err == AL_OK && !policy->has_quorum)
		err = wrong(&r, "no quorum line");
	if (err != AL_OK) {
		free(policy);
		return err;
	}
	*out = policy;
	return AL_OK;
}

void al_policy_free(struct al_policy *policy)
{
	free(policy);
}

/* ---- questions ---- */

size_t al_policy_witnesses(const struct al_policy *policy)
{
	return policy->witness_count;
}

const struct al_witness *al_policy_witness(const struct al_policy *policy, size_t i)
{
	return &policy->witnesses[i];
}

const struct al_vkey *al_policy_log(const struct al_policy *policy, size_t i)
{
	return i < policy->log_count ? &policy->logs[i] : NULL;
}

bool al_policy_quorum(const struct al_policy *policy, uint32_t mask)
{
	size_t have[PARTIES_MAX + 1] = { 0 };

	if (policy->quorum == NOBODY)
		return true;
	for (size_t i = 0; i < policy->party_count; i++) {
		const struct party *party = &policy->parties[i];
		bool met = party->group ? have[i] >= party->need : (mask >> party->witness & 1u) != 0;

		if (met && i == policy->quorum)
			return true;
		if (met)
			have[party->owner]++;
	}
	return false;
}

enum al_err al_policy_check(const struct al_policy *policy, const struct al_vkey *log, struct al_slice note,
			    struct al_checkpoint *cp, uint32_t *mask)
{
	enum al_err err = AL_EVERIFY;
	uint32_t seen = 0;
	uint64_t time;

	if (policy->log_count == 0 && log != NULL)
		err = al_checkpoint_open(note, log, cp);
	for (size_t i = 0; err != AL_OK && i < policy->log_count; i++)
		err = al_checkpoint_open(note, &policy->logs[i], cp);
	if (err != AL_OK)
		return err;
	for (size_t i = 0; i < policy->witness_count; i++)
		if (!policy->witnesses[i].unknown && al_cosigned(note, &policy->witnesses[i].key, &time) == AL_OK)
			seen |= 1u << i;
	if (mask != NULL)
		*mask = seen;
	return al_policy_quorum(policy, seen) ? AL_OK : AL_EDENIED;
}
