/* SPDX-License-Identifier: MIT */
/*
 * pin.h -- which registry is which: remembered at the first contact, compared ever after.
 *
 * HOME_CONFIG/networks/NAME holds "name =", "source =", "vkey =" and a
 * "server =" line for each address that this network was reached at. networks/.NAME.keys is the keys note, once the
 * log has had another key.
 */
#ifndef CLI_PIN_H
#define CLI_PIN_H

#include "network.h"

#define PIN_SERVERS_MAX 32

struct pin {
	char name[NETWORK_FIELD_MAX]; /* with it, the namespace of signatures: "registry@NAME" */
	char source[NETWORK_FIELD_MAX];
	char vkey[NETWORK_FIELD_MAX];
	char servers[PIN_SERVERS_MAX][NETWORK_FIELD_MAX];
	size_t server_count;
};

/* A network's name that can be a file's: letters, digits, '-', '.' and '_', at most 63, no dot first. */
bool pin_name_ok(const char *name);
/* AL_EINVAL: not such a file. */
AL_MUST_USE enum al_err pin_parse(struct al_slice text, struct pin *out);
void pin_format(const struct pin *pin, struct al_buf *out);
/* AL_ENOTFOUND: that network is not known here. Other failures are said. */
AL_MUST_USE enum al_err pin_load(const char *name, struct pin *out);

/* The pinned key of the log that is called `name`; AL_ENOTFOUND: no network here has it. */
AL_MUST_USE enum al_err pin_of_log(const char *name, struct al_vkey *key);

/* Of failures is said what. */
AL_MUST_USE enum al_err pin_save(const struct pin *pin);

/* What the log's key was before, if that is known of this network. */
void pin_past(const char *name, struct al_vkey *key);
/*
 * A registry whose log has another key than the pinned one: if that one says so (question "keys"), the pin follows, and
 * so does `wanted` (may be NULL), which a person typed. Else pin_check() has the contradiction. AL_ECLOSED and the like.
 */
AL_MUST_USE enum al_err pin_follow(struct client *client, struct network *network, struct al_vkey *wanted);

/*
 * Who follows the log of the network `name` has verified that `to` came after `from`, by this note (al_log_key_next()): the
 * pin of `from` goes on to it, which is said. What fails is said too; the pin is as it was then.
 */
void pin_next(const char *name, const struct al_vkey *from, const struct al_vkey *to, struct al_slice note);

/*
 * Is this the registry that it was? A network seen for the first time is pinned, and its key shown; `wanted` (a
 * verifier key, may be NULL) is what the person expects it to be. AL_EVERIFY: a contradiction, said with both values
 * and the mend.
 */
AL_MUST_USE enum al_err pin_check(const char *server, const struct network *network, const struct al_vkey *wanted);

#endif
