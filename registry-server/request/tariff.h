/* SPDX-License-Identifier: MIT */
/*
 * tariff.h -- what a request costs, and who pays.
 *
 * Work is what is paid for: objects, bytes, signatures, and the steps that the
 * rules took (decision->work, which is no clock: the same everywhere). Paid by the
 * source address and its network when the request comes; by the keys that signed
 * before it is judged; by their maintainers before anything is stored. Dry runs and
 * refused requests cost what others do. What a request turned out to cost beyond
 * its entrance is owed: the next one waits for it.
 */
#ifndef REGISTRY_TARIFF_H
#define REGISTRY_TARIFF_H

#include "alamo/rpsl/state.h"
#include "budget.h"
#include "decision.h"

/* Borrowed; NULL: no limit. */
struct tariff {
	struct budget *sources;     /* an IPv4 address, an IPv6 /64 */
	struct budget *networks;    /* an IPv4 /24, an IPv6 /48 */
	struct budget *keys;        /* that signed */
	struct budget *maintainers; /* in whose name something was asked */
};

struct payer {
	struct budget_key source, network;
};
struct payer tariff_payer(const char *peer); /* as al_conn_peer() gives it */

#define TARIFF_WORDS 200 /* bytes of a refusal */

/* From source and network, or from neither. False: `words` says when to come again. */
bool tariff_enter(const struct tariff *tariff, const struct payer *payer, unsigned cost, uint64_t now_ms,
		  char words[static TARIFF_WORDS]);
/* What an answer of that many bytes costs those who asked, beyond the question. */
void tariff_answered(const struct tariff *tariff, const struct payer *payer, size_t bytes, uint64_t now_ms);
/* `cost`, BUDGET_REQUEST as entrance, of every key, or of none. */
bool tariff_keys(const struct tariff *tariff, const struct decision *d, unsigned cost, uint64_t now_ms,
		 char words[static TARIFF_WORDS]);
/*
 * Judged: the rest of the price for `payer` (NULL: none) and, with `signers`, for the keys; all of it for the
 * maintainers that signed. False: one of these owes for earlier ones; nothing is to be stored.
 */
bool tariff_judged(const struct tariff *tariff, const struct payer *payer, bool signers, struct decision *d,
		   const struct al_state *state, uint64_t now_ms, char words[static TARIFF_WORDS]);
/* The source has shown to be the hostmaster's: all that it paid comes back. */
void tariff_refund(const struct tariff *tariff, const struct payer *payer);

/*
 * Who asked, in words: "source=192.0.2.1 network=192.0.2.0/24 key=SHA256:... mntner=ANN-MNT", appended. Without `payer`
 * no source.
 */
void tariff_who(const struct payer *payer, struct decision *d, const struct al_state *state, struct al_buf *out);

/* In hundredths of a request; at least BUDGET_REQUEST. */
unsigned tariff_price(const struct decision *d);

#endif
