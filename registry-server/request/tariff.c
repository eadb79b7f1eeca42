/* SPDX-License-Identifier: MIT */
/*
 * tariff.c -- prices, and the order in which budgets are asked.
 */
#include "tariff.h"

#include <inttypes.h>
#include <stdio.h>

#include "alamo/net/metrics.h"
#include "policy.h"

/* A request as members send them is in the entrance; more is paid by the piece. */
#define FREE_OBJECTS 8u
#define FREE_BYTES 4096u
#define FREE_SIGNATURES 2u
#define FREE_WORK 2000u
#define OBJECT 10u    /* hundredths for each more */
#define SIGNATURE 20u /* likewise */
#define BYTES_A_HUNDREDTH 32u
#define WORK_A_HUNDREDTH 100u
#define ANSWER_A_HUNDREDTH 4096u /* bytes */
#define MAINTAINERS_MAX 16u      /* that are asked for one request */

static uint64_t beyond(uint64_t have, uint64_t free)
{
	return have > free ? have - free : 0;
}

unsigned tariff_price(const struct decision *d)
{
	const struct al_request *r = &d->request;
	uint64_t price = BUDGET_REQUEST;

	price += beyond(r->object_count, FREE_OBJECTS) * OBJECT;
	price += beyond(r->signature_count, FREE_SIGNATURES) * SIGNATURE;
	price += beyond(r->bytes.len + r->attached.len, FREE_BYTES) / BYTES_A_HUNDREDTH;
	price += beyond(d->work, FREE_WORK) / WORK_A_HUNDREDTH;
	return price < BUDGET_COST_MAX ? (unsigned)price : BUDGET_COST_MAX;
}

struct payer tariff_payer(const char *peer)
{
	return (struct payer){ budget_of_peer(peer), budget_of_network(peer) };
}

#define UNPAID(whose)                                                                     \
	{                                                                                 \
		.name = "alamo_registry_unpaid_total{budget=\"" whose "\"}",              \
		.help = "Requests and questions turned away because a budget was used up" \
	}

enum purse { SOURCE, NETWORK, KEY, MAINTAINER };
static struct al_metric unpaid[] = { [SOURCE] = UNPAID("source"),
				     [NETWORK] = UNPAID("network"),
				     [KEY] = UNPAID("key"),
				     [MAINTAINER] = UNPAID("maintainer") };

static bool say_wait(char words[static TARIFF_WORDS], enum purse purse, struct al_slice whose, uint64_t wait_s)
{
	for (size_t i = 0; i < AL_COUNT(unpaid); i++)
		al_metric_add(&unpaid[i]);
	al_metric_inc(&unpaid[purse], 1);
	(void)snprintf(words, TARIFF_WORDS, "budget of %.*s used up: try again in %" PRIu64 " s", AL_FMT(whose),
		       wait_s);
	return false;
}

bool tariff_enter(const struct tariff *t, const struct payer *payer, unsigned cost, uint64_t now_ms,
		  char words[static TARIFF_WORDS])
{
	uint64_t wait_s;

	if (t->sources != NULL && !budget_take(t->sources, &payer->source, cost, now_ms, &wait_s))
		return say_wait(words, SOURCE, AL_S("your address"), wait_s);
	if (t->networks == NULL || budget_take(t->networks, &payer->network, cost, now_ms, &wait_s))
		return true;
	if (t->sources != NULL)
		budget_give(t->sources, &payer->source, cost);
	return say_wait(words, NETWORK, AL_S("your network"), wait_s);
}

static void charge(const struct tariff *t, const struct payer *payer, unsigned cost, uint64_t now_ms)
{
	if (cost == 0)
		return;
	if (t->sources != NULL)
		budget_owe(t->sources, &payer->source, cost, now_ms);
	if (t->networks != NULL)
		budget_owe(t->networks, &payer->network, cost, now_ms);
}

void tariff_answered(const struct tariff *t, const struct payer *payer, size_t bytes, uint64_t now_ms)
{
	charge(t, payer, (unsigned)(bytes / ANSWER_A_HUNDREDTH), now_ms);
}

bool tariff_keys(const struct tariff *t, const struct decision *d, unsigned cost, uint64_t now_ms,
		 char words[static TARIFF_WORDS])
{
	char whose[AL_SSH_FINGERPRINT_LEN + 8], fingerprint[AL_SSH_FINGERPRINT_LEN];
	struct budget_key keys[AL_REQUEST_SIGNATURES_MAX];
	uint64_t wait_s;
	size_t poor;

	if (t->keys == NULL)
		return true;
	for (size_t i = 0; i < d->key_count; i++)
		keys[i] = budget_of_sshkey(&d->keys[i]);
	poor = budget_take_all(t->keys, keys, d->key_count, cost, now_ms, &wait_s);
	if (poor == d->key_count)
		return true;
	al_sshkey_fingerprint(&d->keys[poor], fingerprint);
	(void)snprintf(whose, sizeof(whose), "key %s", fingerprint);
	return say_wait(words, KEY, al_slice_str(whose), wait_s);
}

struct names {
	struct al_slice name[MAINTAINERS_MAX];
	size_t count;
};

static bool name_known(const struct names *names, struct al_slice name)
{
	for (size_t i = 0; i < names->count; i++)
		if (al_slice_eq(names->name[i], name))
			return true;
	return false;
}

/* Maintainers of the request's objects for whom somebody has signed: nobody pays for what others ask in his name. */
static void names_of(struct decision *d, const struct al_state *state, struct names *names)
{
	const struct policy policy = { .state = state, .view = { .state = state }, .d = d };
	struct al_slice rest, value, name;

	for (size_t i = 0; d->objects != NULL && i < d->request.object_count; i++) {
		rest = d->objects[i] != NULL ? al_object_text(d->objects[i]) : al_slice_of(NULL, 0);
		while (al_attr_find(&rest, "mnt-by", &value))
			while (al_slice_word(&value, ",", &name))
				if (names->count < MAINTAINERS_MAX && !name_known(names, name) &&
				    auth_mntner(&policy, name))
					names->name[names->count++] = name;
	}
}

/* The maintainers pay all of it at once, having paid no entrance. */
static bool maintainers_pay(const struct tariff *t, struct decision *d, const struct al_state *state, unsigned price,
			    uint64_t now_ms, char words[static TARIFF_WORDS])
{
	struct budget_key keys[MAINTAINERS_MAX];
	struct names names = { .count = 0 };
	uint64_t wait_s;
	size_t poor;

	names_of(d, state, &names);
	for (size_t i = 0; i < names.count; i++)
		keys[i] = budget_of_name(names.name[i]);
	poor = budget_take_all(t->maintainers, keys, names.count, BUDGET_REQUEST, now_ms, &wait_s);
	for (size_t i = 0; i < names.count; i++)
		budget_owe(t->maintainers, &keys[i], price - BUDGET_REQUEST, now_ms);
	if (poor == names.count)
		return true;
	return say_wait(words, MAINTAINER, names.name[poor], wait_s);
}

bool tariff_judged(const struct tariff *t, const struct payer *payer, bool signers, struct decision *d,
		   const struct al_state *state, uint64_t now_ms, char words[static TARIFF_WORDS])
{
	unsigned price = tariff_price(d);

	if (payer != NULL)
		charge(t, payer, price - BUDGET_REQUEST, now_ms);
	if (!signers)
		return true;
	for (size_t i = 0; t->keys != NULL && i < d->key_count; i++) {
		struct budget_key key = budget_of_sshkey(&d->keys[i]);

		budget_owe(t->keys, &key, price - BUDGET_REQUEST, now_ms);
	}
	return t->maintainers == NULL || maintainers_pay(t, d, state, price, now_ms, words);
}

void tariff_refund(const struct tariff *t, const struct payer *payer)
{
	if (t->sources != NULL)
		budget_fill(t->sources, &payer->source);
	if (t->networks != NULL)
		budget_fill(t->networks, &payer->network);
}

/* The address or prefix of a budget key, "local" for a unix socket. */
static void put_place(const char *word, const struct budget_key *key, unsigned len, struct al_buf *out)
{
	struct al_prefix prefix = { .bits = key->bytes[0], .len = (uint8_t)len };
	char text[AL_PREFIX_STRLEN] = "local";

	for (size_t i = 0; i < sizeof(prefix.addr); i++)
		prefix.addr[i] = key->bytes[1 + i];
	if (prefix.bits != 0 && len == prefix.bits)
		al_addr_format(&prefix, text);
	else if (prefix.bits != 0)
		al_prefix_format(&prefix, text);
	al_buf_printf(out, "%s=%s ", word, text);
}

void tariff_who(const struct payer *payer, struct decision *d, const struct al_state *state, struct al_buf *out)
{
	struct names names = { .count = 0 };
	char fingerprint[AL_SSH_FINGERPRINT_LEN];

	if (payer != NULL) {
		bool v4 = payer->source.bytes[0] == 32;

		put_place("source", &payer->source, v4 ? 32 : 64, out);
		put_place("network", &payer->network, v4 ? 24 : 48, out);
	}
	for (size_t i = 0; i < d->key_count; i++) {
		al_sshkey_fingerprint(&d->keys[i], fingerprint);
		al_buf_printf(out, "key=%s ", fingerprint);
	}
	names_of(d, state, &names);
	for (size_t i = 0; i < names.count; i++)
		al_buf_printf(out, "mntner=%.*s ", AL_FMT(names.name[i]));
}
